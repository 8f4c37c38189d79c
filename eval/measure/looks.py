"""Is a picture that was changed a little found again by its look, and noticed as a near-duplicate?"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from eval.measure.findability import figures
from promptcodec.archive.indexing import looks
from promptcodec.archive.indexing.looks import Look, Looks
from promptcodec.archive.searching import duplicates, similar
from promptcodec.layers import signature
from promptcodec.vision.load import load_picture


def _jpeg(quality: int) -> Callable[[Image.Image], Image.Image]:
    def change(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return Image.open(io.BytesIO(file.getvalue())).convert("RGB")

    return change


def _shrunk(part: float) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.resize(
        (max(1, round(image.width * part)), max(1, round(image.height * part))), Image.Resampling.LANCZOS
    )


def _cropped(part: float, *, corner: bool = False) -> Callable[[Image.Image], Image.Image]:
    """Keep a part of width and height: the middle, or the top left corner."""

    def change(image: Image.Image) -> Image.Image:
        width, height = round(image.width * part), round(image.height * part)
        left, top = (0, 0) if corner else ((image.width - width) // 2, (image.height - height) // 2)
        return image.crop((left, top, left + width, top + height))

    return change


VARIATIONS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "same": lambda image: image,
    "JPEG, quality 30": _jpeg(30),
    "JPEG, quality 10": _jpeg(10),
    "half the size": _shrunk(0.5),
    "a quarter of the size": _shrunk(0.25),
    "15 % brighter": lambda image: image.point(lambda value: min(255, round(value * 1.15))),
    "middle 97 %": _cropped(0.97),
    "middle 95 %": _cropped(0.95),
    "middle 90 %": _cropped(0.9),
    "middle 80 %": _cropped(0.8),
    "corner of 80 %": _cropped(0.8, corner=True),
    "mirrored": ImageOps.mirror,
}
"""What is made of a picture before it is searched with; sizes are of the sides."""


def rows(pictures: Sequence[Path], streams: Sequence[bytes], every: int = 5) -> Iterator[dict[str, Any]]:
    """Search with variations of pictures among all of them, and look for near-duplicates.

    Args:
        pictures: files; N of them.
        streams: the bare stream of each, whose colours are searched.
        every: each how-many-th picture is varied.

    Yields:
        For each variation and each of ``signature`` and ``colours``, which are searched by: ``queries``,
        ``mrr``, ``recall_1`` and ``recall_10``. For signatures also ``paired``, the share of varied pictures
        that are noticed as near-duplicates of their originals, and ``others``, the originals that are taken
        for another original.
    """
    images = [load_picture(picture).image for picture in pictures[::every]]
    own = [signature.encode_framed(load_picture(picture).image) for picture in pictures]
    stored = [looks.measure(stream, mark) for stream, mark in zip(streams, own, strict=True)]
    for name, change in VARIATIONS.items():
        changed = [looks.look_of(change(image)) for image in images]
        for by in ("signature", "colours"):
            kept, queries = (
                some if by == "signature" else [replace(look, signature=None) for look in some]
                for some in (stored, changed)
            )
            places = ranks((looks.gather(kept),), queries, range(0, len(kept), every))
            # Of colours a varied picture would need a stream of its own.
            noticed = _noticed(kept, queries, every) if by == "signature" else {}
            yield {"variation": name, "by": by, "queries": len(queries), **figures(places), **noticed}


def ranks(stored: Looks, queries: Sequence[Look], wanted: Sequence[int]) -> list[int]:
    """Give the rank of the document that each query is for, from 1."""
    scores = [similar.score(query, stored) for query in queries]
    return [1 + int((score > score[own]).sum()) for score, own in zip(scores, wanted, strict=True)]


def _noticed(kept: Sequence[Look], changed: Sequence[Look], every: int) -> dict[str, float]:
    groups = duplicates.near((looks.gather([*kept, *changed]),))
    group_of = {document: number for number, group in enumerate(groups) for document in group}
    paired = [
        group_of.get(every * place, -1) == group_of.get(len(kept) + place) for place in range(len(changed))
    ]
    of_originals = (sum(document < len(kept) for document in group) for group in groups)
    return {"paired": float(np.mean(paired)), "others": sum(max(count - 1, 0) for count in of_originals)}
