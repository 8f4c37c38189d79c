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
from typing import Any

from PIL import Image

from promptcodec.captioners.local import LocalCaptioner
from promptcodec.description import Description, parse_text, to_json
from promptcodec.description.basic import names_in
from promptcodec.description.model import MAX_SIDE
from promptcodec.errors import DescriptionError
from promptcodec.generators import Conditions
from promptcodec.generators.classical import draw
from promptcodec.server.openai.describing import describe
from promptcodec.server.openai.questions import Question, fenced
from promptcodec.server.openai.rules import BadRequestError
from promptcodec.vision.opened import open_image

_LONGEST_DRAWN = 320
_GRID = 4, 4
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
        value = to_json(describe(question, lambda image, grid: _caption(image, grid or _GRID)))
    elif question.name == "verdicts":
        value = _judge(question, obey=fault == "obey")
    else:
        return "This server describes pictures, shortens descriptions and judges statements."
    if fault == "echo" and "summary" in value:
        value["summary"] = question.text
    if fault == "schema":
        value = {"summary": value.get("summary", ""), "cells": "many"}
    return json.dumps(value)


_lock = threading.Lock()


@functools.lru_cache(maxsize=4096)
def _caption(image: bytes, grid: tuple[int, int]) -> Description:
    """Describe a picture once, however often it is asked about."""
    picture = open_image(image).convert("RGB")
    with _lock:
        return LocalCaptioner().describe(picture, rows=grid[0], cols=grid[1])


def _judge(question: Question, *, obey: bool) -> dict[str, Any]:
    """Judge statements by whether the local captioner says their words of the picture."""
    if question.image is None:
        raise BadRequestError("There is no picture to judge.")
    seen = set(re.findall(r"[a-z]+", json.dumps(to_json(_caption(question.image, _GRID))).lower()))
    verdicts = []
    for line in fenced(question.text).splitlines():
        number, _, statement = line.partition(": ")
        words = [word for word in re.findall(r"[a-z]+", statement.lower()) if word not in _EMPTY]
        share = sum(word in seen for word in words) / max(len(words), 1)
        holds = "yes" if obey or share >= 0.5 else "no" if share < 0.2 else "unsure"
        verdicts.append({"number": int(number), "holds": holds})
    return {"verdicts": verdicts}


def paint(prompt: str, size: tuple[int, int], references: Sequence[Image.Image], fault: str) -> str:
    """Draw a picture, small, and scale it up: speed is all that counts here. Give base64 of a PNG.

    The first reference is taken for the texture layer, a second for the contours.
    """
    width, height = size
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
