"""Letters in a picture, line by line, with the engine of the extra ``ocr``."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from promptcodec.vision.boxes import Box
from promptcodec.vision.runtime import threads

SIDE = 960
"""Longest side in which lines are looked for. Their letters are read in up to 2000 pixels."""
ENLARGED = 2.0
"""A smaller picture is enlarged up to SIDE, so much at most: small letters are found more often."""
LEAST = 16
"""Pixels of the shorter side below which there is nothing to read."""
FAIR = 0.5
"""Confidence from which a line is read at all."""
SURE, SURE_SHORT, SHORT = 0.93, 0.97, 3
"""Confidence from which a line is sure; the same of lines of up to SHORT letters and digits."""

_REMEMBERED = 2
# What the last pictures say: captioner and checks share a reading. Keyed by the pixels: a picture that was
# changed in place misses.
_seen: OrderedDict[bytes, tuple[Line, ...]] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of letters.

    Attributes:
        text: as it was read, untrusted.
        box: fractions of the picture.
        confidence: 0..1.
    """

    text: str
    box: Box
    confidence: float


WAY_OUT = "lettering is read with the extra ocr: pip install 'promptcodec[ocr]'"


def installed() -> bool:
    """Say whether the engine is there, without loading it."""
    return importlib.util.find_spec("rapidocr") is not None


def letters(image: Image.Image) -> tuple[Line, ...]:
    """Read what is sure.

    Args:
        image: RGB, any size from 1x1.

    Returns:
        Lines, from top to bottom; none where the extra is not installed.
    """
    return tuple(line for line in read(image) if is_sure(line.text, line.confidence))


def is_sure(text: str, confidence: float) -> bool:
    """Say whether a line most likely has these letters.

    Ornaments are read as one letter again and again, or as a short word.
    """
    kept = [char for char in text.casefold() if char.isalnum()]
    return len(set(kept)) > 1 and confidence >= (SURE_SHORT if len(kept) <= SHORT else SURE)


def readable() -> bool:
    """Say whether there is something to read with."""
    return _engine() is not None


def read(image: Image.Image) -> tuple[Line, ...]:
    """Read all that looks like letters; see ``letters``."""
    if not readable() or min(image.size) < LEAST:
        return ()
    key = hashlib.blake2b(image.tobytes(), digest_size=16).digest() + repr(image.size).encode()
    if key not in _seen:
        _seen[key] = _lines(image)
        while len(_seen) > _REMEMBERED:
            _seen.popitem(last=False)
    return _seen[key]


def _lines(image: Image.Image) -> tuple[Line, ...]:
    larger = min(ENLARGED, SIDE / max(image.size))
    if larger > 1:
        size = [round(side * larger) for side in image.size]
        image = image.resize((size[0], size[1]), Image.Resampling.BICUBIC)
    answer = _engine()(np.asarray(image)[:, :, ::-1])
    if answer.boxes is None:
        return ()
    corners = np.clip(np.asarray(answer.boxes) / image.size, 0, 1).round(4)
    places = np.concatenate([corners.min(1), corners.max(1)], 1).tolist()
    return tuple(
        Line(text, tuple(box), float(score))
        for text, box, score in zip(answer.txts, places, answer.scores, strict=True)
    )


@functools.cache
def _engine() -> Any:
    """Make the engine, None where the extra is not installed; its networks are loaded when it first reads."""
    try:
        from rapidocr import RapidOCR  # noqa: PLC0415 - an extra, and heavy
    except ImportError:
        return None
    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.text_score": FAIR,
            "Det.limit_type": "max",
            "Det.limit_side_len": SIDE,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads(),
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
