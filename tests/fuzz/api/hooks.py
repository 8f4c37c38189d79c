"""What schemathesis cannot make of the document: pictures, streams, ids that are there."""

from __future__ import annotations

import base64
import os
import zlib

import schemathesis
from hypothesis import strategies as st

import promptcodec
from tests import serving
from tests.api_document import validator

CHAT = validator({"$ref": "#/components/schemas/ChatRequest"})
IDS = os.environ["PROMPTCODEC_FUZZ_IDS"].split(",")
PICTURE = serving.picture((90, 40, 160), 1, size=(48, 32), text=serving.RECIPE)
STREAM = promptcodec.encode(PICTURE, budget=300, effort=1, redact=True)
URL = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"
MESSAGES = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": URL}}]}]


def cut_or_changed(data: bytes) -> st.SearchStrategy[bytes]:
    """Give files like one: as it is, cut, or with a byte that is another one."""
    places = st.integers(0, len(data) - 1)
    cut = places.map(lambda end: data[: end + 1])
    changed = st.tuples(places, st.binary(min_size=1, max_size=1)).map(
        lambda change: data[: change[0]] + change[1] + data[change[0] + 1 :]
    )
    whole = st.just(data)
    return st.one_of(whole, whole, whole, cut, changed, st.binary(min_size=1, max_size=64))


def known(id_: str) -> str:
    """Give an id that is there in place of three of four others."""
    number = zlib.crc32(id_.encode("utf-8", "replace"))
    return IDS[number % len(IDS)] if number % 4 else id_


for kind in ("image/jpeg", "image/png", "image/webp", "image/avif", "image/gif", "image/tiff"):
    schemathesis.openapi.media_type(kind, cut_or_changed(PICTURE))
schemathesis.openapi.media_type("image/vnd.promptcodec", cut_or_changed(STREAM))
both = st.one_of(cut_or_changed(PICTURE), cut_or_changed(STREAM))
schemathesis.openapi.media_type("application/octet-stream", both)


@schemathesis.hook
def map_path_parameters(_context, parameters):
    """Name a picture that is there for most of the ids that are of the right form."""
    id_ = (parameters or {}).get("id")
    return {**parameters, "id": known(id_)} if isinstance(id_, str) and len(id_) == 32 else parameters


@schemathesis.hook
def map_body(context, body):
    """Put files into forms and pictures into chats, and name models that are there, three times of four.

    Only in place of what is right: what is wrong on purpose stays so.
    """
    path = context.operation.path
    chat = path == "/v1/chat/completions"
    if not isinstance(body, dict) or zlib.crc32(repr(body).encode("utf-8", "replace")) % 4 == 0:
        return body
    if chat and not CHAT.is_valid(body):
        return body
    there = {"file": STREAM if path == "/decode" else PICTURE, "image": PICTURE}
    if path.startswith("/v1/"):
        there["model"] = "local" if chat else "builtin"
    right = {name: value for name, value in there.items() if isinstance(body.get(name), str | bytes)}
    return {**body, **right, **({"messages": MESSAGES} if chat else {})}


@schemathesis.hook
def map_query(_context, query):
    """Likewise."""
    values = {name: (query or {}).get(name) for name in ("like", "ids")}
    some = {
        name: known(value) for name, value in values.items() if isinstance(value, str) and len(value) >= 32
    }
    return {**query, **some} if some else query
