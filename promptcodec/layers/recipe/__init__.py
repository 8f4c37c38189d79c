"""The recipe layer: what a generation tool said, as its fields or as its metadata byte for byte.

    part := form length symbols texts

``form`` is 0 for the fields, 1 for verbatim; ``length`` a varint, the bytes of ``symbols``, which
the tree coder wrote; ``texts`` the plain texts, line by line, as coded text.
"""

from __future__ import annotations

import functools
import json
import zlib
from collections.abc import Sequence
from typing import Any

from promptcodec import entropy, models
from promptcodec.entropy.varint import read_varint, write_varint
from promptcodec.errors import BitstreamError, UsageError
from promptcodec.layers.recipe import text as recipe_text
from promptcodec.layers.recipe import tree, tree_model
from promptcodec.layers.recipe.guide import ComfyGuide
from promptcodec.recipe import Recipe, from_chunks
from promptcodec.recipe.carriers import MAX_BYTES
from promptcodec.recipe.model import fields_of, from_fields

FORMS = ("fields", "verbatim")
LIMIT = 1 << 19  # bytes of texts in a part: metadata in Latin-1 may double
PPM_LIMIT = 1 << 13  # above, the token PPM would take longer than a second on hostile data
_PRIMER = "recipe-1"


@functools.cache
def primed() -> tree_model.Statistics:
    """Give what the coder knows before a recipe: the shipped values, walked once."""
    values = json.loads(
        zlib.decompress(models.load(_PRIMER)), parse_int=tree_model.Literal, parse_float=tree_model.Literal
    )
    return tree.prime(values, ComfyGuide)


def encode(
    recipe: Recipe, *, form: str = "verbatim", coder: str = "auto", dictionary: bytes | None = None
) -> bytes:
    """Code a recipe.

    Args:
        recipe: with chunks, for ``verbatim``.
        form: one of FORMS.
        coder: for the texts, as for ``entropy.encode_text``.
        dictionary: the same.

    Raises:
        UsageError: it is too large to be stored.
    """
    if form == "fields":
        coded = tree.encode(recipe_text.literal(fields_of(recipe)), primed(), ComfyGuide())
    else:
        coded = tree.encode(recipe_text.to_values(recipe.chunks), primed(), ComfyGuide())
        if coded is None or not _is_text(coded[1]):
            coded = tree.encode(recipe_text.to_plain(recipe.chunks), primed(), ComfyGuide())
    if coded is None:
        raise UsageError("the recipe is too large to be stored", hint="leave it out with --recipe off")
    symbols, texts = coded
    # Half a surrogate pair is no character: JSON can spell one, UTF-8 cannot.
    joined = "\n".join(texts).encode(errors="replace").decode()
    said = _encode_text(joined, coder, dictionary) if texts else b""
    return bytes([FORMS.index(form)]) + write_varint(len(symbols)) + symbols + said


def _is_text(texts: Sequence[str]) -> bool:
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return True


def fit(recipe: Recipe, most: int | None, *, coder: str = "auto", dictionary: bytes | None = None) -> bytes:
    """Code a recipe verbatim where that takes at most ``most`` bytes, else its fields, however long."""
    payload = encode(recipe, coder=coder, dictionary=dictionary)
    if most is None or len(payload) <= most:
        return payload
    return encode(recipe, form="fields", coder=coder, dictionary=dictionary)


def form_name(data: bytes) -> str:
    """Name the form of a recipe part without decoding it."""
    return FORMS[data[0]] if data and data[0] < len(FORMS) else "unknown"


def to_json(recipe: Recipe) -> dict[str, Any]:
    """Give the JSON object that ``promptcodec inspect`` shows: the fields, and the chunks as texts."""
    chunks = [
        {"carrier": chunk.carrier, "key": key, "text": text}
        for chunk in recipe.chunks
        for key, text in chunk.texts().items()
    ]
    return {"fields": fields_of(recipe), "chunks": chunks}


def _encode_text(text: str, coder: str, dictionary: bytes | None) -> bytes:
    if coder in ("auto", "ppm") and len(text.encode()) > PPM_LIMIT:
        tried = (entropy.encode_text(text, name, dictionary=dictionary) for name in ("zstd", "brotli"))
        return min((said for said in tried if entropy.coder_name(said) != "ppm"), key=len)
    return entropy.encode_text(text, coder, dictionary=dictionary)


def decode(data: bytes, *, dictionaries: Sequence[bytes] = ()) -> Recipe:
    """Give the recipe back.

    Raises:
        BitstreamError, MissingDictionary: the part cannot be read.
    """
    if not data or data[0] >= len(FORMS):
        raise BitstreamError("the recipe part has a form this version does not know")
    length, at = read_varint(data, 1, "the recipe part")
    if at + length > len(data):
        raise BitstreamError("the recipe part is cut")
    coded = data[at + length :]
    limit = PPM_LIMIT if entropy.coder_name(coded) == "ppm" else LIMIT
    texts = entropy.decode_text(coded, dictionaries=dictionaries, limit=limit).split("\n")
    value = tree.decode(data[at : at + length], texts if coded else [], primed(), ComfyGuide())
    if data[0] == FORMS.index("fields"):
        try:
            return from_fields(recipe_text.unliteral(value))
        except (ValueError, RecursionError):
            raise BitstreamError("the recipe part does not hold a recipe's fields") from None
    chunks = recipe_text.from_values(value)
    if sum(len(chunk.data) for chunk in chunks) > 2 * MAX_BYTES:
        raise BitstreamError(f"the recipe part holds more than {2 * MAX_BYTES} bytes of metadata")
    recipe = from_chunks(chunks)
    if recipe is None:
        raise BitstreamError("the recipe part holds metadata in which no recipe is found")
    return recipe
