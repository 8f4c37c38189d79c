"""What the loopback server says: the local captioner's words and the built-in generator's pictures."""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import json
import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PIL import Image

from promptcodec.captioners.local import LocalCaptioner
from promptcodec.description import Description, from_json, parse_text, to_json
from promptcodec.description.basic import names_in
from promptcodec.description.model import MAX_SIDE
from promptcodec.errors import DescriptionError
from promptcodec.generators import Conditions
from promptcodec.generators.classical import draw
from promptcodec.testing.loopback.questions import Question, fenced
from promptcodec.testing.loopback.rules import BadRequestError
from promptcodec.vision.opened import open_image

_PIXELS_PER_TOKEN = 1000
_LONGEST_DRAWN = 320
# Words of statements that say nothing of a picture.
_EMPTY = frozenset(
    re.findall(
        r"\w+",
        "a an and area as column else equal even in is it light like looks made mostly nothing of one or "
        "part parts picture row shows the there third whole with words can be read into reaches",
    )
)


def say(question: Question, fault: str) -> str:
    """Give the text that answers a question."""
    if question.name == "description":
        value = _describe(question)
    elif question.name == "verdicts":
        value = _judge(question, obey=fault == "obey")
    else:
        return "This server describes pictures, shortens descriptions and judges statements."
    if fault == "echo" and "summary" in value:
        value["summary"] = question.text
    if fault == "schema":
        value = {"summary": value.get("summary", ""), "cells": "many"}
    return json.dumps(value)


def _describe(question: Question) -> dict[str, Any]:
    if question.image is None:
        return to_json(_shorten(question))
    properties = question.schema["properties"]
    rows, cols = (properties[side].get("enum", [4])[0] for side in ("rows", "cols"))
    return json.loads(_caption(question.image, rows, cols))  # type: ignore[no-any-return]


_lock = threading.Lock()


@functools.lru_cache(maxsize=4096)
def _caption(image: bytes, rows: int, cols: int) -> str:
    """Describe a picture once, however often it is asked about."""
    with _lock:
        description = LocalCaptioner().describe(_open(image), rows=rows, cols=cols)
    return json.dumps(to_json(description))


def _open(image: bytes) -> Image.Image:
    return open_image(image).convert("RGB")


def _shorten(question: Question) -> Description:
    """Say the description between the data marks shorter: fewer words in what is longest."""
    data = fenced(question.text)
    most = re.search(r"at most (\d+) characters", question.text)
    try:
        description = from_json(json.loads(data))
    except (ValueError, DescriptionError):
        raise BadRequestError("There is no description between the data marks.") from None
    room = int(most[1]) if most else 100
    cells = tuple(
        replace(cell, text=cell.text if cell.text and not cell.colours else "") for cell in description.cells
    )
    words = description.summary[: max(room // 2, 20)].rpartition(" ")[0] or description.summary[:20]
    return replace(description, summary=words.strip(), cells=cells, mood="", light="")


def _judge(question: Question, *, obey: bool) -> dict[str, Any]:
    """Judge statements by whether the local captioner says their words of the picture."""
    if question.image is None:
        raise BadRequestError("There is no picture to judge.")
    seen = set(re.findall(r"[a-z]+", _caption(question.image, 4, 4).lower()))
    verdicts = []
    for line in fenced(question.text).splitlines():
        number, _, statement = line.partition(": ")
        words = [word for word in re.findall(r"[a-z]+", statement.lower()) if word not in _EMPTY]
        share = sum(word in seen for word in words) / max(len(words), 1)
        holds = "yes" if obey or share >= 0.5 else "no" if share < 0.2 else "unsure"
        verdicts.append({"number": int(number), "holds": holds})
    return {"verdicts": verdicts}


def paint(prompt: str, size: str, references: Sequence[Image.Image], fault: str) -> str:
    """Draw a picture, small, and scale it up: speed is all that counts here. Give base64 of a PNG.

    The first reference is taken for the texture layer, a second for the contours.
    """
    width, height = (1024, 1024) if size == "auto" else (int(side) for side in size.split("x"))
    if fault == "size":
        width, height = 2 * height, max(height // 2, 16)
    description: Description | None
    try:
        description = parse_text(fenced(prompt))
    except DescriptionError:
        description = None if references else _colours_of(fenced(prompt))
    seed = int.from_bytes(hashlib.sha256(prompt.encode()).digest()[:4], "big")
    shrink = _LONGEST_DRAWN / max(width, height)
    small = (max(round(width * shrink), 1), max(round(height * shrink), 1))
    texture = references[0].resize(small) if references else None
    structure = references[1].convert("L").resize(small) if len(references) > 1 else None
    with _lock:
        picture = draw(Conditions(small, seed, description, texture, structure)).resize((width, height))
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return base64.b64encode(file.getvalue()).decode()


def _colours_of(text: str) -> Description:
    """Describe what a text without a grid speaks of as far as this server draws it: its colours, in rows."""
    names = list(dict.fromkeys(names_in(text)))[:MAX_SIDE] or ["medium grey"]
    rows = "\n".join(f"r{row}c1 {name}" for row, name in enumerate(names, 1))
    return parse_text(f"picture {len(names)}x1\n{rows}")


def picture_tokens(size: str) -> int:
    """Give the output tokens that a picture is counted as."""
    width, height = (1024, 1024) if size == "auto" else (int(side) for side in size.split("x"))
    return width * height // _PIXELS_PER_TOKEN
