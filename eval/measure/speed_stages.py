"""CPU seconds by stage: functions at the seams of the package are timed while it works."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

Seams = tuple[tuple[str, str, str], ...]
"""Where a function is, its name, its stage."""

ENCODE: Seams = (
    ("promptcodec.encoding", "load_picture", "load"),
    ("promptcodec.captioners.local.LocalCaptioner", "describe", "captioner"),
    ("promptcodec.layers.semantic.layer", "encode_part", "words"),
    ("promptcodec.layers.texture.layer", "encode_part", "texture"),
    ("promptcodec.layers.structure.layer", "encode_part", "structure"),
)
"""What is in none of them shares the budget and writes."""
DECODE: Seams = (
    ("promptcodec.layers.semantic.layer", "decode_part", "words"),
    ("promptcodec.layers.texture.layer", "decode_part", "texture"),
    ("promptcodec.layers.structure.layer", "decode_part", "structure"),
    ("promptcodec.generators.builtin.Learned", "generate", "draw"),
    ("promptcodec.provenance", "save", "save"),
)
REST = {ENCODE: "write", DECODE: "read"}
"""The stage that all is of what no other is."""


def stages_of(seams: Seams) -> tuple[str, ...]:
    """Name the stages in the order of their columns."""
    return (*(stage for _, _, stage in seams), REST[seams])


@contextmanager
def staged(seams: Seams) -> Iterator[dict[str, float]]:
    """Give CPU seconds by stage, filled in at the end; a stage within another counts for itself alone."""
    spent: dict[str, float] = defaultdict(float)
    inner = [0.0]  # what stages within the running ones took
    restore: list[tuple[Any, str, Any]] = []
    for place, name, stage in seams:
        owner = _owner(place)
        real = getattr(owner, name)
        restore.append((owner, name, real))
        setattr(owner, name, _timed(real, stage, spent, inner))
    start = time.process_time()
    try:
        yield spent
    finally:
        spent[REST[seams]] = time.process_time() - start - inner[0]
        for owner, name, real in restore:
            setattr(owner, name, real)


def _owner(place: str) -> Any:
    """Give a module, or a class of one."""
    module, _, name = place.rpartition(".")
    return getattr(import_module(module), name) if name[0].isupper() else import_module(place)


def _timed(
    real: Callable[..., Any], stage: str, spent: dict[str, float], inner: list[float]
) -> Callable[..., Any]:
    @functools.wraps(real)
    def timed(*args: Any, **named: Any) -> Any:
        inner.append(0.0)
        start = time.process_time()
        try:
            return real(*args, **named)
        finally:
            took = time.process_time() - start
            spent[stage] += took - inner.pop()
            inner[-1] += took

    return timed


def total(spent: dict[str, float], but: Sequence[str] = ()) -> float:
    """Add up the stages, some left out."""
    return sum(seconds for stage, seconds in spent.items() if stage not in but)
