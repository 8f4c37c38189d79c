"""Which share of the bytes a layer gets: by what it says, by what it shows, or as the literature does.

``balanced``, the default, is by meaning: the words come first, since a picture is searched, read and drawn
by them and pixel measures see none of them. They may take half of a budget, and up to 64 bytes six tenths
of it; words never get fewer bytes of a larger budget. Of what they leave contours, where they are asked for,
have a quarter: pixel measures see little of them either.

``pixels`` reads the table ``allocation-1``, made by ``training/allocation.py``: for each set of layers
and number of bytes the split with the least mean 1 - MS-SSIM under ``builtin``; among splits that are as
good, the one with the most words.

``generative`` is for decoders that draw from words. Its shares come from published bit rates, not from
measurements of our own: CMC-Bench (GPT-4o captions) spends 0.0025 bpp on text, 0.002 on a few pixels and
0.020 on an image; text and sketch together take 0.0163 bpp in PICS (Lei et al. 2023) on Kodak. No source
splits pixels against sketch: they get equal parts.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Mapping

from promptcodec import models
from promptcodec.errors import UsageError
from promptcodec.layers.registry import BY_NAME
from promptcodec.settings import TUNES

# Bytes for the elastic layers, bytes of the file, bits per pixel of the file -> share of each layer.
Shares = Callable[[int, int, float], Mapping[str, float]]
TABLE = "allocation-1"
WORDS, WORDS_SMALL, SMALL = 0.5, 0.6, 64
"""What words may take of a budget; what they may take of one of at most so many bytes."""

CONTOURS = 0.25
"""What contours have of the bytes beside the words."""

MOST = 0.95
"""What words may take of the bytes that layers share: something is always left for the others."""

TEXT_BPP = 0.0025
# Bits per pixel of all layers, without and with a sketch.
_FEW_PIXELS, _IMAGE, _SKETCH = 0.0045, 0.0225, 0.0163


def shares_for(tune: str | Mapping[str, float], names: tuple[str, ...], words: float | None = None) -> Shares:
    """Give the shares of the layers ``names``.

    Args:
        tune: one of TUNES, or the share of each layer whatever the bytes.
        names: elastic layers.
        words: what the semantic layer may take, whatever the tune: bytes, or below 1 a share of the file.

    Raises:
        UsageError: ``tune`` is unknown, or leaves one of the layers out; ``words`` is not above 0.
    """
    if words is not None and not words > 0:
        raise UsageError(f"words cannot take {words} bytes; give a number above 0, or a share such as 0.4")
    split = _split(tune, names)
    if "semantic" not in names or len(names) == 1:
        return split
    if words is None and tune != "balanced":
        return split

    def shares(total: int, limit: int, bpp: float) -> Mapping[str, float]:
        rest = split(total, limit, bpp)
        most = _most(limit) if words is None else words if words >= 1 else words * limit
        first = min(most / total, MOST)
        beside = 1 - rest["semantic"]
        return {
            name: first if name == "semantic" else share * (1 - first) / beside
            for name, share in rest.items()
        }

    return shares


def _most(limit: int) -> float:
    """Give the bytes that words may take of a file; no less of a larger one."""
    return max(WORDS * limit, WORDS_SMALL * min(limit, SMALL))


def _split(tune: str | Mapping[str, float], names: tuple[str, ...]) -> Shares:
    if not isinstance(tune, str):
        missing = [name for name in names if name not in tune]
        if missing:
            raise UsageError(f"no share is given for {', '.join(missing)}")
        return lambda _total, _limit, _bpp: tune
    if tune not in TUNES:
        raise UsageError(f"unknown tune {tune!r}; one of {', '.join(TUNES)}")
    own = {name: share for name in names if (share := BY_NAME[name].share) is not None}
    others = tuple(sorted(set(names) - set(own)))
    split = {"balanced": _balanced, "pixels": _measured, "generative": _generative}[tune]

    def shares(total: int, _limit: int, bpp: float) -> Mapping[str, float]:
        beside = split(others, total, bpp) if others else {}
        if not own:
            return beside
        rest = 1 - sum(own.values()) if others else 0.0
        first = {name: (1 - rest) * share / sum(own.values()) for name, share in own.items()}
        return first | {name: share * rest for name, share in beside.items()}

    return shares


def _balanced(names: tuple[str, ...], room: int, bpp: float) -> dict[str, float]:
    """Share what is beside the words; what they take themselves is put in by ``shares_for``."""
    if {"structure", "texture"} <= set(names):
        rest = 1.0 - (WORDS if "semantic" in names else 0)
        own = {"semantic": WORDS, "structure": rest * CONTOURS, "texture": rest * (1 - CONTOURS)}
        return {name: own[name] for name in names}
    return _measured(names, room, bpp)


def _measured(names: tuple[str, ...], room: int, _bpp: float) -> dict[str, float]:
    if len(names) == 1:
        return {names[0]: 1.0}
    knots, rows = _table()[names]
    at = math.log2(max(room, 1))
    logs = [math.log2(knot) for knot in knots]
    upper = next((index for index, log in enumerate(logs) if log >= at), len(logs) - 1)
    lower = max(upper - 1, 0) if at < logs[upper] else upper
    way = (at - logs[lower]) / (logs[upper] - logs[lower]) if upper != lower and at > logs[lower] else 0.0
    return {
        name: first + (second - first) * way
        for name, first, second in zip(names, rows[lower], rows[upper], strict=True)
    }


@functools.cache
def _table() -> dict[tuple[str, ...], tuple[list[int], list[list[float]]]]:
    table = json.loads(models.load(TABLE))
    return {tuple(entry["layers"]): (table["bytes"], entry["shares"]) for entry in table["sets"]}


def _generative(names: tuple[str, ...], _room: int, bpp: float) -> dict[str, float]:
    if "semantic" not in names:
        return dict.fromkeys(names, 1 / len(names))
    drawn = [name for name in names if name != "semantic"]
    if not drawn:
        return {"semantic": 1.0}
    whole = _SKETCH if drawn == ["structure"] else min(max(bpp, _FEW_PIXELS), _IMAGE)
    words = TEXT_BPP / whole
    return {"semantic": words} | dict.fromkeys(drawn, (1 - words) / len(drawn))
