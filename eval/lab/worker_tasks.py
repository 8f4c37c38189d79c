"""What a worker does of a measurement; each leaves its result in a file.

``encode`` and ``decode`` never run in the same process: what a codec remembers is of no use to its decoder.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from eval import codecs, metrics
from eval.codecs import Codec
from eval.datasets import Item

_KEPT_QUALITY = 85


@functools.lru_cache(maxsize=64)
def _codec(entry: str, mode: str) -> Codec:
    return codecs.create(json.loads(entry), mode)


@functools.lru_cache(maxsize=2)
def _original(item: Item) -> Image.Image:
    return item.load()


@functools.lru_cache(maxsize=2)
def _stored(item: Item) -> Image.Image:
    """Give the original to a codec: not the object that metrics compare with."""
    return _original(item).copy()


@functools.cache
def _metric(name: str) -> Callable[..., Any]:
    return metrics.load(metrics.find(name))


_on_original: dict[tuple[Item, str], Any] = {}


def probe_codec(entry: str, mode: str) -> tuple[tuple[str, ...], str]:
    """Give the decoders and the version of a codec."""
    codec = _codec(entry, mode)
    return tuple(codec.variants), codec.version


def probe_metric(name: str) -> None:
    """Load a metric."""
    _metric(name)


def encode(entry: str, mode: str, item: Item, setting: str, out: Path) -> dict[str, Any]:
    """Code a picture into ``out``; give seconds, peak memory and the picture's size."""
    image = _stored(item)
    codec = _codec(entry, mode)
    _forget_peak()
    start = time.perf_counter()
    data = codec.encode(item, image, setting)
    seconds = time.perf_counter() - start
    out.write_bytes(data)
    return {"enc_s": seconds, "enc_peak_mb": _peak(), "width": image.width, "height": image.height}


def decode(
    entry: str, mode: str, data: Path, size: tuple[int, int], variant: str, out: Path
) -> dict[str, Any]:
    """Decode the bytes of a file, all this process is given; leave pixels or text in ``out``."""
    os.chdir(data.parent)  # a folder with nothing else in it
    codec = _codec(entry, mode)
    stream = data.read_bytes()
    _forget_peak()
    start = time.perf_counter()
    result = codec.decode(stream, size, variant)
    seconds = time.perf_counter() - start
    if isinstance(result, str):
        out.write_bytes(result.encode("utf-8", "surrogatepass"))
        return {"dec_s": seconds, "dec_peak_mb": _peak(), "text": True}
    if result.size != size:
        raise ValueError(f"decoded at {result.width}x{result.height}, not {size[0]}x{size[1]}")
    with out.open("wb") as file:
        np.save(file, np.asarray(result.convert("RGB")))
    return {"dec_s": seconds, "dec_peak_mb": _peak(), "text": False}


def measure(
    names: Sequence[str],
    item: Item,
    data: Path,
    decoded: Path,
    source: str,
    keep: Mapping[str, Path],
) -> tuple[dict[str, float], dict[str, str]]:
    """Run metrics on what was decoded.

    Args:
        names: of metrics that can run.
        item: the original.
        data: the coded bytes.
        decoded: the decoder's pixels, or its text where ``source`` says so.
        source: the setting that a text came from; empty for pictures.
        keep: files to leave the decoded picture (``picture``), the original (``original``) or the
            features of both (``features``) in.

    Returns:
        Values by column, and for metrics that failed what they said.
    """
    original = _original(item)
    drawn = None if source else Image.fromarray(np.load(decoded))
    values: dict[str, float] = {}
    failed: dict[str, str] = {}
    for name in names:
        metric = metrics.find(name)
        try:
            by_column = _value(metric, item, original, drawn, data, decoded, source)
        except Exception as error:  # noqa: BLE001 - one metric's failure is not another's
            failed[name] = f"{type(error).__name__}: {error}"
            continue
        for column, value in by_column.items():
            if np.isfinite(value):
                values[column] = float(value)
    if drawn is not None:
        _leave(keep, original, drawn, names)
    return values, failed


def _value(
    metric: metrics.Metric,
    item: Item,
    original: Image.Image,
    drawn: Image.Image | None,
    data: Path,
    decoded: Path,
    source: str,
) -> Mapping[str, float]:
    run = _metric(metric.name)
    if metric.kind == "original":
        if (item, metric.name) not in _on_original:
            _on_original[item, metric.name] = run(original)
        value = _on_original[item, metric.name]
    elif metric.kind == "stream":
        value = run(data.read_bytes())
    elif metric.kind == "text" and source:
        from eval.codecs.text import text_of  # noqa: PLC0415 - needs what training needs

        text = decoded.read_bytes().decode("utf-8", "surrogatepass")
        value = run(text_of(item, original, source), text, data.stat().st_size)
    elif drawn is None or metric.kind in {"run", "set", "text"}:
        return {}
    elif metric.kind == "pair":
        value = run(original, drawn)
    elif metric.kind == "caption":
        value = run(drawn, item.prompt) if item.prompt else {}
    else:
        value = run(drawn)
    return value if isinstance(value, Mapping) else {metric.name: value}


def _leave(keep: Mapping[str, Path], original: Image.Image, drawn: Image.Image, names: Sequence[str]) -> None:
    if "picture" in keep:
        drawn.save(keep["picture"], "WEBP", quality=_KEPT_QUALITY, method=4)
        original.save(keep["original"], "WEBP", quality=_KEPT_QUALITY, method=4)
    sets = [name for name in names if metrics.find(name).kind == "set"]
    if sets and "features" in keep:
        features = _metric(sets[0])
        pair = {"original": features(original), "decoded": features(drawn)}
        with keep["features"].open("wb") as file:
            np.savez(file, **pair)


def _forget_peak() -> None:
    """Start the kernel's count of peak memory anew, where it lets us."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> float:
    """Give the peak resident memory in MB since then; not a number where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return float("nan")
    peak = next((line for line in lines if line.startswith("VmHWM:")), None)
    return float("nan") if peak is None else int(peak.split()[1]) / 1024
