"""Ours and others side by side: bytes of texts, of tiny pictures, of edge maps.

    python -m eval.bits --texts FILE --images DIR [--limit N] --json
    python -m eval.bits --write-texts DIR

- texts: every line of FILE by every coder. The baseline's dictionary is trained on the lines our
  tables are trained on (--data, --kind).
- tiny: pictures of 512 pixels' long side, coded at every budget. Payloads without part type and
  length, sizes known to both sides, rivals without headers and the best of all settings, scales and
  qualities (see ``rivals``), upsampled by one filter; PSNR over RGB. Rows "+ sharpening" have had our
  generator's sharpening done to them.
- edges: Canny maps, one and the same for every coder; F1 within one pixel. Rows ", of our map" are of
  lossless coders given the map that ours decodes to, which has as many errors as ours.

A budget that a rival meets for some pictures only has their number in ``n``: its mean is then over
those. What is not installed is named on standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from eval import rivals
from eval.rivals import bilevel, scaling, search
from promptcodec.files import IMAGE_SUFFIXES
from promptcodec.vision.load import load_image

ROOT = Path(__file__).parent.parent
DATA = "../shared/data"  # relative to the checkout
SIDE = 512
BUDGETS = (24, 32, 64, 96, 128, 192, 256, 512)
EDGE_SIDES = (64, 128, 256)
SHARPENED = " + sharpening"
PLAIN = ", not restored"
OUR_MAP = ", of our map"
Row = tuple[str, int, int, float]


def load(path: Path) -> Image.Image:
    """Give a picture with a long side of SIDE."""
    picture = load_image(path)
    scale = SIDE / max(picture.size)
    width, height = (max(1, round(length * scale)) for length in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def enhance(picture: Image.Image) -> Image.Image:
    """Do what our generator does to a colour map."""
    from promptcodec.generators.sharpen import sharpen  # noqa: PLC0415 - not without scikit-image
    from promptcodec.vision.colour import to_oklab, to_srgb  # noqa: PLC0415

    sharp = to_srgb(sharpen(to_oklab(np.asarray(picture, np.uint8))))
    return Image.fromarray(np.clip(sharp.round(), 0, 255).astype(np.uint8))


def tiny(path: Path, budgets: Sequence[int], only: Sequence[str], method: str) -> list[Row]:
    """Give codec, budget, bytes and PSNR of everything one picture can be."""
    from promptcodec.layers import texture  # noqa: PLC0415 - heavy

    image = load(path)
    found: list[Row] = []
    for budget in sorted(budgets):
        data = texture.encode(image, budget)
        assert len(data) <= budget, "over the budget"
        decoded = texture.decode(data, image.size)
        found.append(("ours", budget, len(data), search.psnr(image, decoded)))
        found.append((f"ours{SHARPENED}", budget, len(data), search.psnr(image, enhance(decoded))))
        data = texture.encode(image, budget, restored=False)
        decoded = texture.decode(data, image.size)
        found.append((f"ours{PLAIN}", budget, len(data), search.psnr(image, decoded)))
    for _, rival in rivals.pictures(tuple(only)):
        if isinstance(rival, rivals.Unavailable):
            continue
        for budget, plain, sharp in search.best(rival, image, budgets, method, enhance):
            found.append((rival.name, budget, plain.bytes, plain.psnr))
            found.append((rival.name + SHARPENED, budget, sharp.bytes, sharp.psnr))
    return found


def edges(path: Path, sides: Sequence[int] = EDGE_SIDES) -> list[Row]:
    """Give coder, size, bytes and F1 of one picture's edge maps."""
    from promptcodec.layers import structure  # noqa: PLC0415 - heavy
    from promptcodec.layers.structure.encoder import contours  # noqa: PLC0415 - heavy

    picture = load_image(path)
    found: list[Row] = []
    for side in sides:
        truth = contours.edges(contours.shrink(picture, side))
        data = structure.encode_map(truth)
        drawn = structure.decode_map(data, truth.shape)
        found.append(("ours", side, len(data), contours.f1(truth, drawn)))
        for name, coder in bilevel.coders():
            if isinstance(coder, rivals.Unavailable):
                continue
            # Also what ours makes of the map: straighter lines, which others code in fewer bytes too.
            for label, given in ((name, truth), (name + OUR_MAP, drawn)):
                payload = coder.encode(given)
                back = coder.decode(payload, truth.shape)
                assert np.array_equal(back, given), f"{name} is not lossless"
                found.append((label, side, len(payload), contours.f1(truth, back)))
    return found


def means(rows: Iterable[Row]) -> Iterator[tuple[str, int, float, float, int]]:
    """Give codec, budget, both means and how many, in the order codecs appear."""
    gathered: dict[tuple[str, int], list[tuple[int, float]]] = defaultdict(list)
    order: dict[str, None] = {}
    for codec, budget, size, score in rows:
        gathered[codec, budget].append((size, score))
        order[codec] = None
    for codec in order:
        for key, values in sorted(gathered.items()):
            if key[0] == codec:
                sizes, scores = zip(*values, strict=True)
                yield codec, key[1], float(np.mean(sizes)), float(np.mean(scores)), len(values)


def measure(options: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    """Run all that was asked for."""
    result: dict[str, list[dict[str, Any]]] = {"texts": [], "tiny": [], "edges": []}
    if options.texts:
        result["texts"] = measure_texts(options)
    if not options.images:
        return result
    paths = [path for path in sorted(options.images.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES]
    paths = paths[: options.limit]
    say_missing(options)
    work = partial(tiny, budgets=options.budgets, only=options.rivals, method=options.filter)
    with ProcessPoolExecutor(options.jobs) as pool:
        if "tiny" in options.parts:
            rows = list(gathered("tiny", pool.map(work, paths), len(paths)))
            keys = ("codec", "budget", "bytes_mean", "psnr_mean", "n")
            result["tiny"] = [dict(zip(keys, row, strict=True)) for row in means(rows)]
        if "edges" in options.parts:
            rows = list(gathered("edges", pool.map(edges, paths), len(paths)))
            keys = ("codec", "size", "bytes_mean", "f1_mean", "n")
            result["edges"] = [dict(zip(keys, row, strict=True)) for row in means(rows)]
    return result


def gathered(part: str, pictures: Iterable[list[Row]], count: int) -> Iterator[Row]:
    """Give the rows of all pictures; say on standard error how far it is."""
    for number, rows in enumerate(pictures, 1):
        print(f"{part}: {number} of {count} pictures", file=sys.stderr, flush=True)
        yield from rows


def measure_texts(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure the text coders; without training texts, all but the baseline."""
    from eval.rivals import texts  # noqa: PLC0415 - needs what training needs

    trained = None
    try:
        trained = texts.baseline(texts.training(options.data, options.kind, options.jobs)[0])
    except FileNotFoundError as error:
        print(f"{texts.BASELINE}: not run: no training texts at {error.filename}", file=sys.stderr)
    return list(texts.rows(texts.read(options.texts)[: options.limit], trained))


def say_missing(options: argparse.Namespace) -> None:
    """Name what cannot run."""
    found = [*rivals.pictures(tuple(options.rivals)), *bilevel.coders()]
    for name, rival in found:
        if isinstance(rival, rivals.Unavailable):
            print(f"{name}: not run: {rival}", file=sys.stderr)


def write_texts(options: argparse.Namespace) -> None:
    """Write the held-out lines of every group, which no shipped table has seen, into a folder."""
    from eval.rivals import texts  # noqa: PLC0415

    options.write_texts.mkdir(parents=True, exist_ok=True)
    for name, held in texts.training(options.data, options.kind, options.jobs)[1].items():
        lines = "".join(f"{texts.escape(text)}\n" for text in held)
        (options.write_texts / f"{name}.txt").write_bytes(lines.encode())


def print_tables(result: dict[str, list[dict[str, Any]]]) -> None:
    """Print Markdown."""
    if result["texts"]:
        print("| coder | items | bytes | enc/s | dec/s |\n|---|---|---|---|---|")
        for row in result["texts"]:
            speeds = f"{row['enc_per_s']:.0f} | {row['dec_per_s']:.0f}"
            print(f"| {row['coder']} | {row['items']} | {row['bytes_mean']:.1f} | {speeds} |")
    for part, key, score, digits in (("tiny", "budget", "psnr_mean", 2), ("edges", "size", "f1_mean", 3)):
        rows = result[part]
        columns = sorted({row[key] for row in rows})
        most = max((row["n"] for row in rows), default=0)
        if columns:
            print(f"\n| {part}, {most} pictures | {' | '.join(map(str, columns))} |")
            print("|---" * (len(columns) + 1) + "|")
        for codec in dict.fromkeys(row["codec"] for row in rows):
            here = {row[key]: row for row in rows if row["codec"] == codec}
            cells = []
            for column in columns:
                row = here.get(column)
                size = "" if row is None or part == "tiny" else f"{row['bytes_mean']:.1f} B, "
                few = "" if row is None or row["n"] == most else f" ({row['n']})"
                cells.append("-" if row is None else f"{size}{row[score]:.{digits}f}{few}")
            print(f"| {codec} | {' | '.join(cells)} |")


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--texts", type=Path, help="one escaped text a line; .zst too")
    parser.add_argument("--images", type=Path, help="a folder of pictures")
    parser.add_argument("--limit", type=int, help="texts, and pictures")
    parser.add_argument("--json", action="store_true", help="one object instead of tables")
    parser.add_argument("--data", type=Path, default=ROOT / DATA, help="training data of the baseline")
    parser.add_argument("--kind", choices=("text", "local"), default="text", help="what it is trained on")
    parser.add_argument("--parts", nargs="+", choices=("tiny", "edges"), default=["tiny", "edges"])
    parser.add_argument("--budgets", nargs="+", type=int, default=list(BUDGETS), metavar="BYTES")
    modules = sorted({module for module, *_ in rivals.PICTURES})
    parser.add_argument("--rivals", nargs="+", choices=modules, default=[], help="of the tiny pictures")
    parser.add_argument("--filter", choices=tuple(scaling.FILTERS), default="lanczos")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--write-texts", type=Path, metavar="DIR", help="write held-out texts, and end")
    options = parser.parse_args()
    if options.write_texts:
        write_texts(options)
        return
    if not options.texts and not options.images:
        parser.error("give --texts, --images, or both")
    result = measure(options)
    if options.json:
        print(json.dumps(result))
    else:
        print_tables(result)


if __name__ == "__main__":
    main()
