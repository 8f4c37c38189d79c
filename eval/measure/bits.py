"""Ours and others side by side: bytes of texts, of tiny pictures, of edge maps.

- texts: every line of a file by every coder. The baseline's dictionary is trained on the lines our tables
  are trained on.
- tiny: pictures of 512 pixels' long side, coded at every budget. Payloads without part type and
  length, sizes known to both sides, rivals without headers and the best of all settings, scales and
  qualities (see ``rivals``), upsampled by one filter; PSNR over RGB. Rows "+ sharpening" have had our
  generator's sharpening done to them.
- edges: Canny maps, one and the same for every coder; F1 within one pixel. Rows ", of our map" are of
  lossless coders given the map that ours decodes to, which has as many errors as ours.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from eval import images, rivals
from eval.rivals import bilevel, search
from promptcodec.vision.load import load_image

SIDE = 512
BUDGETS = (24, 32, 64, 96, 128, 192, 256, 512)
EDGE_SIDES = (64, 128, 256)
PARTS = {
    "tiny": ("codec", "budget", "bytes_mean", "psnr_mean", "n"),
    "edges": ("codec", "size", "bytes_mean", "f1_mean", "n"),
}
SHARPENED = " + sharpening"
PLAIN = ", not restored"
OUR_MAP = ", of our map"
Row = tuple[str, int, int, float]


def load(path: Path) -> Image.Image:
    """Give a picture with a long side of SIDE."""
    return images.scaled(load_image(path), SIDE)


def enhance(picture: Image.Image) -> Image.Image:
    """Do what our generator does to a texture layer."""
    from promptcodec.generators.sharpen import sharpen  # noqa: PLC0415 - not without scikit-image
    from promptcodec.vision.colour import to_oklab, to_srgb  # noqa: PLC0415

    sharp = to_srgb(sharpen(to_oklab(np.asarray(picture, np.uint8))))
    return Image.fromarray(np.clip(sharp.round(), 0, 255).astype(np.uint8))


def tiny(path: Path, budgets: Sequence[int], only: Sequence[str], method: str) -> list[Row]:
    """Give codec, budget, bytes and PSNR of everything one picture can be."""
    from promptcodec.layers import texture  # noqa: PLC0415 - heavy
    from promptcodec.layers.parts import part_bytes  # noqa: PLC0415
    from promptcodec.layers.texture import dct  # noqa: PLC0415

    image = load(path)
    rows: list[Row] = []
    for budget in sorted(budgets):
        data = texture.encode(image, budget, stored=True)
        count = part_bytes("texture", data)
        assert count <= budget, "over the budget"
        decoded = texture.decode(data, image.size)
        rows.append(("ours", budget, count, search.psnr(image, decoded)))
        rows.append((f"ours{SHARPENED}", budget, count, search.psnr(image, enhance(decoded))))
        data = dct.encode(image, budget, restored=False)
        decoded = dct.draw(data, image.size).picture
        rows.append((f"ours{PLAIN}", budget, len(data), search.psnr(image, decoded)))
    for _, rival in rivals.pictures(tuple(only)):
        if isinstance(rival, rivals.Unavailable):
            continue
        for budget, plain, sharp in search.best(rival, image, budgets, method, enhance):
            rows.append((rival.name, budget, plain.bytes, plain.psnr))
            rows.append((rival.name + SHARPENED, budget, sharp.bytes, sharp.psnr))
    return rows


def edges(path: Path, sides: Sequence[int] = EDGE_SIDES) -> list[Row]:
    """Give coder, size, bytes and F1 of one picture's edge maps."""
    from promptcodec.layers import structure  # noqa: PLC0415 - heavy
    from promptcodec.layers.structure.encoder import contours  # noqa: PLC0415 - heavy

    picture = load_image(path)
    rows: list[Row] = []
    for side in sides:
        truth = contours.edges(contours.shrink(picture, side))
        data = structure.encode_map(truth)
        drawn = structure.decode_map(data, truth.shape)
        rows.append(("ours", side, len(data), contours.f1(truth, drawn)))
        for name, coder in bilevel.coders():
            if isinstance(coder, rivals.Unavailable):
                continue
            # Also what ours makes of the map: straighter lines, which others code in fewer bytes too.
            for label, given in ((name, truth), (name + OUR_MAP, drawn)):
                payload = coder.encode(given)
                back = coder.decode(payload, truth.shape)
                assert np.array_equal(back, given), f"{name} is not lossless"
                rows.append((label, side, len(payload), contours.f1(truth, back)))
    return rows


def means(rows: Iterable[Row]) -> Iterator[tuple[str, int, float, float, int]]:
    """Give codec, budget, both means and how many, in the order codecs appear."""
    groups: dict[tuple[str, int], list[tuple[int, float]]] = defaultdict(list)
    order: dict[str, None] = {}
    for codec, budget, size, score in rows:
        groups[codec, budget].append((size, score))
        order[codec] = None
    for codec in order:
        for key, values in sorted(groups.items()):
            if key[0] == codec:
                sizes, scores = zip(*values, strict=True)
                yield codec, key[1], float(np.mean(sizes)), float(np.mean(scores)), len(values)


def measure_pictures(
    paths: Sequence[Path],
    parts: Sequence[str],
    budgets: Sequence[int],
    only: Sequence[str],
    method: str,
    jobs: int,
) -> dict[str, list[dict[str, Any]]]:
    """Measure the ``parts`` that are wanted, of PARTS, over pictures; say on standard error how far it is."""
    works = {"tiny": partial(tiny, budgets=budgets, only=only, method=method), "edges": edges}
    result: dict[str, list[dict[str, Any]]] = {part: [] for part in PARTS}
    with ProcessPoolExecutor(jobs) as pool:
        for part in filter(parts.__contains__, PARTS):
            rows = _counted(part, pool.map(works[part], paths), len(paths))
            result[part] = [dict(zip(PARTS[part], row, strict=True)) for row in means(rows)]
    return result


def _counted(part: str, pictures: Iterable[list[Row]], count: int) -> Iterator[Row]:
    for number, rows in enumerate(pictures, 1):
        print(f"{part}: {number} of {count} pictures", file=sys.stderr, flush=True)
        yield from rows


def missing(only: Sequence[str]) -> Iterator[str]:
    """Name what cannot run, and why."""
    for name, rival in [*rivals.pictures(tuple(only)), *bilevel.coders()]:
        if isinstance(rival, rivals.Unavailable):
            yield f"{name}: not run: {rival}"


def measure_texts(
    file: Path, limit: int | None, data: Path, kind: str, jobs: int
) -> tuple[list[dict[str, Any]], str]:
    """Measure the text coders on the lines of a file.

    Args:
        file: one escaped text a line.
        limit: lines.
        data: training data of the baseline.
        kind: what it is trained on.
        jobs: processes.

    Returns:
        Their rows, and why the baseline is not among them; empty where it is.
    """
    from eval.rivals import texts  # noqa: PLC0415 - needs what training needs

    trained, reason = None, ""
    try:
        trained = texts.baseline(texts.training(data, kind, jobs)[0])
    except FileNotFoundError as error:
        reason = f"{texts.BASELINE}: not run: no training texts at {error.filename}"
    return list(texts.rows(texts.read(file)[:limit], trained)), reason


def write_texts(folder: Path, data: Path, kind: str, jobs: int) -> None:
    """Write the held-out lines of every group, which no shipped table has seen, into a folder."""
    from eval.rivals import texts  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    for name, held in texts.training(data, kind, jobs)[1].items():
        lines = "".join(f"{texts.escape(text)}\n" for text in held)
        (folder / f"{name}.txt").write_bytes(lines.encode())
