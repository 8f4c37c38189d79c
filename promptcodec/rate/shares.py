"""Which share of the bytes a layer gets: measured under ``builtin``, or taken from the literature.

``measured`` reads the table ``allocation-1``, made by ``training/allocation.py``: for each set of layers
and number of bytes the split with the least mean 1 - MS-SSIM; among splits that are as good, the one
with the most words, since words can be read, searched and edited too.

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

# Bytes for the elastic layers, bits per pixel they amount to -> share of each layer.
Shares = Callable[[int, float], Mapping[str, float]]
TABLE = "allocation-1"
TEXT_BPP = 0.0025
# Bits per pixel of all layers, without and with a sketch.
_FEW_PIXELS, _IMAGE, _SKETCH = 0.0045, 0.0225, 0.0163


def shares_for(tune: str | Mapping[str, float], names: tuple[str, ...]) -> Shares:
    """Give the shares of the layers ``names``.

    Args:
        tune: one of TUNES, or the share of each layer whatever the bytes.
        names: elastic layers.

    Raises:
        UsageError: ``tune`` is unknown, or leaves one of the layers out.
    """
    if not isinstance(tune, str):
        missing = [name for name in names if name not in tune]
        if missing:
            raise UsageError(f"no share is given for {', '.join(missing)}")
        return lambda _room, _bpp: tune
    if tune not in TUNES:
        raise UsageError(f"unknown tune {tune!r}; one of {', '.join(TUNES)}")
    own = {name: share for name in names if (share := BY_NAME[name].share) is not None}
    others = tuple(sorted(set(names) - set(own)))
    split = _measured if tune == "measured" else _generative

    def shares(room: int, bpp: float) -> Mapping[str, float]:
        beside = split(others, room, bpp) if others else {}
        if not own:
            return beside
        rest = 1 - sum(own.values()) if others else 0.0
        first = {name: (1 - rest) * share / sum(own.values()) for name, share in own.items()}
        return first | {name: share * rest for name, share in beside.items()}

    return shares


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
