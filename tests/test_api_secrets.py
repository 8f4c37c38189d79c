"""A key is covered in every form a server may quote it in; words that are no key stay."""

from __future__ import annotations

import base64
import html
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.hosted  # noqa: F401 - skips without the extras
from promptcodec import encode, inspect
from promptcodec.api import answers
from promptcodec.api.secrets import Cover
from promptcodec.errors import PromptcodecError
from promptcodec.rate.grids import DEFAULT_CELLS, grid
from tests.raw_server import http, raw_server

KEY = "sk-planted+4f1c/9a7be2d05533QzWx"
escaped = "".join(f"\\u{ord(char):04x}" for char in KEY)
percent = "".join(f"%{ord(char):02X}" for char in KEY)
FORMS = {
    "as it is": KEY,
    "JSON-escaped": escaped,
    "JSON-escaped twice": escaped.replace("\\", "\\\\"),
    "partly escaped": escaped[:60] + KEY[10:],
    "slashes escaped": KEY.replace("/", "\\/"),
    "hexadecimal escapes": "".join(f"\\x{ord(char):02x}" for char in KEY),
    "percent-encoded": percent,
    "quoted for a URL": urllib.parse.quote(KEY, safe=""),
    "percent-encoded twice": percent.replace("%", "%25"),
    "HTML, decimal": "".join(f"&#{ord(char)};" for char in KEY),
    "HTML, hexadecimal": "".join(f"&#x{ord(char):x};" for char in KEY),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(KEY.encode()).decode(),
    "base64 of the header": base64.b64encode(f"Bearer {KEY}".encode()).decode(),
    "base64 in a line": base64.b64encode(f"{{'key': '{KEY}'}}".encode()).decode(),
    "base64 over lines": base64.encodebytes(b"-" * 40 + KEY.encode()).decode(),
    "base64, escaped": base64.b64encode(KEY.encode()).decode().replace("/", "\\/"),
    "hexadecimal": KEY.encode().hex(),
    "over two lines": f"{KEY[:9]}\n   {KEY[9:]}",
    "line feeds as JSON writes them": f"{KEY[:9]}\\n{KEY[9:]}",
    "letter by letter": " ".join(KEY),
    "zero widths": "\u200b".join(KEY),
    "its first half": KEY[:16],
    "its second half": KEY[16:],
}  # fmt: skip


def pieces(key, size=8):
    return [key[at : at + size] for at in range(len(key) - size + 1)]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_covered_and_its_neighbours_stay(form):
    covered = Cover(KEY).text(f"before {FORMS[form]} after")
    assert covered.startswith("before ")
    assert covered.endswith(" after")
    assert "[key]" in covered
    meaning = urllib.parse.unquote(urllib.parse.unquote(html.unescape(covered)))
    for reading in (covered, meaning, "".join(meaning.split())):
        assert not [piece for piece in pieces(KEY) if piece in reading]
        assert not [piece for piece in pieces(base64.b64encode(KEY.encode()).decode()) if piece in reading]


def test_a_covered_text_of_json_is_json_still():
    inner = json.dumps({"summary": f"Bearer {KEY}", "light": "soft\nlight"}).replace(KEY, escaped)
    covered = Cover(KEY).value({"choices": [{"message": {"content": inner}}], KEY: [KEY, 1, None]})
    assert json.loads(covered["choices"][0]["message"]["content"]) == {
        "summary": "Bearer [key]",
        "light": "soft\nlight",
    }
    assert covered["[key]"] == ["[key]", 1, None]


@given(st.text())
def test_a_text_without_the_key_stays_as_it_is(text):
    assert Cover(KEY).text(text) == text
    assert Cover("").text(text) == Cover("none").text(text) == text


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_key_within_any_text_is_covered(before, after):
    covered = Cover(KEY).text(before + KEY + after)
    assert "[key]" in covered
    assert KEY not in covered


def test_a_picture_is_passed_quickly_and_the_key_in_it_covered():
    picture = base64.b64encode(bytes(800_000)).decode()
    assert Cover(KEY).text(picture) is picture
    assert KEY not in Cover(KEY).text(picture + KEY)


def answer(summary):
    rows, cols = grid(DEFAULT_CELLS, (32, 32))
    cell = dict.fromkeys(("continues", "tone", "arrangement", "texture", "orientation"), "")
    description = {
        "medium": "photo",
        "summary": summary,
        "style": {"light": "", "mood": ""},
        "rows": rows,
        "cols": cols,
        "cells": [{**cell, "colours": ["red"], "text": "a wall"}] * (rows * cols),
        "objects": [],
        "lettering": [],
    }
    message = {"role": "assistant", "content": json.dumps(description)}
    return {"choices": [{"message": message, "finish_reason": "stop"}], "usage": {}, KEY: KEY}


@pytest.mark.usefixtures("kept_apart")
@pytest.mark.parametrize("form", ["as it is", "JSON-escaped", "base64", "over two lines", "its first half"])
def test_a_key_that_a_server_quotes_reaches_neither_stream_nor_store_nor_message(scene, monkeypatch, form):
    monkeypatch.setenv("MY_KEY", KEY)
    small = scene.resize((32, 32))
    quoted = FORMS[form]
    good = json.dumps(answer("QUOTED")).replace("QUOTED", quoted.replace("\n", "\\\\n"))
    refused = json.dumps({"error": {"message": "QUOTED"}}).replace("QUOTED", quoted.replace("\n", "\\n"))
    with raw_server(http(good.encode()), http(refused.encode(), "400 Bad")) as server:
        spec = f"chat:{server.url}?model=m&api_key_env=MY_KEY&retries=0"
        stream = encode(small, captioner=spec, layers=("semantic",))
        again = encode(small, captioner=spec, layers=("semantic",))  # the stored answer
        with pytest.raises(PromptcodecError, match="key]") as refusal:
            encode(small.rotate(90), captioner=spec, layers=("semantic",))
    assert again == stream
    assert "key" in json.dumps(inspect(stream))
    kept = [path.read_text("latin-1") for path in answers.folder().rglob("*") if path.is_file()]
    assert len(kept) > 1
    for text in (*kept, json.dumps(inspect(stream)), str(refusal.value), stream.decode("latin-1")):
        assert not [piece for piece in pieces(KEY) if piece in text]
        assert not [piece for piece in pieces(FORMS["base64"]) if piece in text]
        assert escaped[:72] not in text
