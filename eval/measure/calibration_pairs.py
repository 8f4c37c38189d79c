"""Streams held against pictures that match them and pictures that do not.

Every picture's stream, at three settings, is compared with pictures that mean the same (the decoded one, the
original, the same compressed, cropped, shrunk, in another style, and drawn by other renderers) and with
pictures that do not (another one, wrong colours, parts in other places, mirrored, another object in the same
colours and layout).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from eval.images import listed
from eval.measure.perturb import MATCHED, WRONG, other_object, redraw
from promptcodec import decode, encode
from promptcodec.checks import layers, recaption
from promptcodec.decoding import conditions
from promptcodec.vision.load import load_image

# Named as the shipped table checks-1 names them.
SETTINGS: dict[str, dict[str, Any]] = {
    "words, 100 B": {"layers": ("semantic",), "budget": 100},
    "words + map, 200 B": {"layers": ("semantic", "texture"), "budget": 200},
    "words + map + signature, 300 B": {"layers": ("semantic", "texture", "signature"), "budget": 300},
}
LONGEST = 320


def pictures_of(
    image: Image.Image, other: Image.Image, weights: Path | None, rng: np.random.Generator
) -> Iterator[tuple[str, bool, Image.Image]]:
    """Give what is held against a stream whatever its setting: kind, whether it matches, picture.

    Args:
        image: this picture.
        other: another one, of its size.
        weights: the folder of TAESD's weights, None to leave its drawings out.
        rng: of everything random.
    """
    yield "original", True, image
    for name, change in MATCHED.items():
        yield name, True, change(image, rng)
    if weights is not None:
        yield "drawn by TAESD", True, redraw(image, rng, weights)
    yield "other image", False, other
    for name, change in WRONG.items():
        yield name, False, change(image, rng)
    yield "other object", False, other_object(image, other)


def decoded_of(
    drawn: Image.Image, other: Image.Image, rng: np.random.Generator
) -> Iterator[tuple[str, bool, Image.Image]]:
    """Give the same of what `builtin` draws from this stream, and from another's."""
    yield "decoded", True, drawn
    yield "other image, decoded", False, other
    for name, change in WRONG.items():
        yield f"{name}, decoded", False, change(drawn, rng)


def collect(
    folders: Sequence[Path], split: str, offset: int, limit: int | None, weights: Path | None
) -> Iterator[dict[str, Any]]:
    """Give one row of field closenesses per picture, setting and kind."""
    checks = [recaption.create({}), layers.create({})]
    for folder in folders:
        paths = listed(folder)[offset:]
        if limit:
            paths = paths[:: max(len(paths) // limit, 1)][:limit]
        pictures = [load_image(path) for path in paths]
        for picture in pictures:
            picture.thumbnail((LONGEST, LONGEST))
        coded = [
            [
                (stream := encode(picture, **how), decode(stream, generator="builtin:classical").image)
                for how in SETTINGS.values()
            ]
            for picture in pictures
        ]
        for index, path in enumerate(paths):
            next_one = (index + 1) % len(paths)
            image, other = pictures[index], pictures[next_one].resize(pictures[index].size)
            rng = np.random.default_rng(index)
            streams = [conditions(stream) for stream, _ in coded[index]]
            shown = [
                (number, *one)
                for one in pictures_of(image, other, weights, rng)
                for number in range(len(streams))
            ]
            for number, (_, drawn) in enumerate(coded[index]):
                another = coded[next_one][number][1].resize(image.size)
                shown += [(number, *one) for one in decoded_of(drawn, another, rng)]
            for number, kind, matches, picture in shown:
                fields = [field for check in checks for field in check.compare(streams[number], picture)]
                close = {
                    f.name: f.closeness
                    for f in fields
                    if f.closeness is not None and not re.match(r"r\dc\d ", f.name)
                }
                yield {
                    "split": split,
                    "file": path.name,
                    "setting": list(SETTINGS)[number],
                    "kind": kind,
                    "matches": matches,
                    "fields": close,
                }
            print(f"{folder.name} {index + 1}/{len(paths)}", end="\r", file=sys.stderr, flush=True)
