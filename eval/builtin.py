"""How good the pictures of the built-in generator are, beside others' of as many bytes.

    python -m eval.builtin --images DIR [--limit N] [--budgets ...] [--strengths ...] [--sheet FILE]
        [--held-out] [--jobs N] --json

Pictures have a long side of SIDE. Ours are drawn from a texture layer of the budget, part type and
length not counted; rivals have no headers, and the best of all settings, scales and qualities by PSNR (see
``rivals``). ``bicubic`` is our texture layer at a long side of THUMBNAIL, enlarged. A row is a codec, a
budget and a metric:

- of each picture, then averaged: psnr, ms_ssim_luma, ssimulacra2, sharpness and vgg, as in ``eval.metrics``,
  and vgg_lpips (see ``eval.metrics.vgg``);
- of all together: frechet (patch statistics, see the same), top1 (pictures that the original is nearest to,
  among all originals, by VGG's embedding);
- ``... to bicubic`` and ``... to rival``: the difference to the row of bicubic, and of the rival with the
  least vgg at that budget; of vgg and frechet in percent.

Intervals are 95 %, by a bootstrap over the pictures that draws the same ones for both sides of a difference.
Rivals and scores are kept in build/eval-builtin, under a hash of the pixels and of what measured them.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from eval import bits, metrics, rivals, sheet
from eval.metrics import vgg
from eval.missing import Unavailable
from eval.rivals import scaling, search
from promptcodec import codec
from promptcodec.bitstream import Part, Stream, write
from promptcodec.files import IMAGE_SUFFIXES
from promptcodec.generators.builtin import variants
from promptcodec.layers import texture
from promptcodec.layers.registry import PART_IDS
from promptcodec.settings import STRENGTH
from training.generator import held_out

SIDE = bits.SIDE
THUMBNAIL = 128
BUDGETS = (100, 200, 400, 800)
CACHE = bits.ROOT / "build" / "eval-builtin"
PAIRS = ("psnr", "ms_ssim_luma", "ssimulacra2", "sharpness")
PER_PICTURE = (*PAIRS, "vgg", "vgg_lpips")
RELATIVE = ("vgg", "vgg_lpips", "frechet")
DRAWS, FRECHET_DRAWS, SEED = 1000, 100, 1
# Raised when a measure changes; vgg.py's text counts by itself.
MEASURES = 2
Scores = dict[str, Any]


def ours(image: Image.Image, budget: int, strengths: Sequence[float]) -> dict[str, tuple[int, Image.Image]]:
    """Give our codecs' bytes and pictures."""
    payload = texture.encode(image, budget)
    stream = write(Stream(*image.size, (Part(PART_IDS["texture"], payload),)))
    small = texture.decode(payload, scaling.small_size(image.size, THUMBNAIL, 1, 1))
    found = {"bicubic": small.resize(image.size, Image.Resampling.BICUBIC)}
    for variant in variants():
        for strength in strengths if variant != "classical" else (STRENGTH,):
            name = f"builtin:{variant}" + ("" if strength == STRENGTH else f" {strength:g}")
            found[name] = codec.decode(stream, generator=f"builtin:{variant}", strength=strength).image
    return {name: (len(payload), picture) for name, picture in found.items()}


def theirs(
    image: Image.Image, budgets: Sequence[int], only: Sequence[str]
) -> dict[tuple[str, int], tuple[int, Image.Image]]:
    """Give the rivals' bytes and pictures by name and budget; of each module the one with least headers."""
    found = {}
    best = {module: name for module, name, _ in rivals.PICTURES if not only or module in only}
    for (module, name, _), (_, rival) in zip(rivals.PICTURES, rivals.pictures(), strict=True):
        if best.get(module) != name or isinstance(rival, rivals.Unavailable):
            continue
        key = digest(image.tobytes(), rival.name.encode(), repr(sorted(budgets)).encode())
        folder = CACHE / "rivals" / key
        if not (folder / "done").exists():
            folder.mkdir(parents=True, exist_ok=True)
            for budget, plain, _ in search.best(rival, image, budgets, "lanczos", lambda picture: picture):
                plain.picture.save(folder / f"{budget}-{plain.bytes}.png")
            (folder / "done").touch()
        for file in folder.glob("*.png"):
            budget, size = map(int, file.stem.split("-"))
            with Image.open(file) as picture:
                found[rival.name, budget] = size, picture.convert("RGB")
    return found


def digest(*parts: bytes) -> str:
    """Name some bytes."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:24]


def remembered(make: Callable[[], Scores], *parts: bytes) -> Scores:
    """Give scores, measured once."""
    file = CACHE / "scores" / f"{digest(Path(vgg.__file__).read_bytes(), bytes([MEASURES]), *parts)}.npz"
    if not file.exists():
        packed = io.BytesIO()
        np.savez(packed, **make())
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(f".{digest(packed.getvalue())}")
        temporary.write_bytes(packed.getvalue())
        temporary.rename(file)
    with np.load(file, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def seen(found: Sequence[np.ndarray]) -> Scores:
    """Give what statistics over many pictures need of one's features."""
    count, total, products = vgg.moments(vgg.patches(found))
    return {"count": count, "sum": total, "products": products, "embedding": vgg.embedding(found)}


def score(
    image: Image.Image, truth: Callable[[], list[np.ndarray]], drawn: Image.Image, data: Path
) -> Scores:
    """Compare one picture with its original, whose features ``truth`` gives."""
    features = vgg.features(drawn)
    return {
        **{name: metrics.load(metrics.find(name))(image, drawn) for name in PAIRS},
        **vgg.distances(truth(), features, data),
        **seen(features),
    }


def measure(path: Path, options: argparse.Namespace) -> dict[tuple[str, int], Scores]:
    """Give the scores of one picture by codec and budget; its own under ("original", 0)."""
    image = bits.load(path)
    pixels = image.tobytes()
    drawn = {
        (name, budget): found
        for budget in options.budgets
        for name, found in ours(image, budget, options.strengths).items()
    }
    if "none" not in options.rivals:
        drawn |= theirs(image, options.budgets, options.rivals)
    truth = cache(lambda: vgg.features(image))
    scores = {("original", 0): remembered(lambda: seen(truth()), pixels)}
    for key, (size, picture) in drawn.items():
        measured = remembered(partial(score, image, truth, picture, options.data), pixels, picture.tobytes())
        scores[key] = measured | {"bytes": size}
    if options.sheet:
        folder = CACHE / "sheet"
        sheet.strip(image, {key: picture for key, (_, picture) in drawn.items()}, folder / f"{path.stem}.png")
    return scores


def listed(folder: Path, *, held: bool) -> list[Path]:
    """Give a folder's pictures; if wanted, only those that the decoder has not been trained on."""
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    return [path for path in found if not held or held_out(path.stem)]


def gain(scores: dict[tuple[str, int], Scores], budgets: Sequence[int]) -> float:
    """Give by how much less one picture's vgg is with the best of ours than with bicubic, 0 none, 1 all."""
    best = f"builtin:{variants()[0]}"
    return float(
        np.mean([1 - scores[best, size]["vgg"] / scores["bicubic", size]["vgg"] for size in budgets])
    )


class Group:
    """One codec at one budget: the scores of the pictures it could code."""

    def __init__(
        self, codec_name: str, budget: int, scores: dict[int, Scores], originals: list[Scores]
    ) -> None:
        self.codec, self.budget, self.scores, self.originals = codec_name, budget, scores, originals
        self.places = sorted(scores)
        # A difference asks for the same draws again, and this is the slowest of the measures.
        self.frechet = cache(self._frechet)

    def _frechet(self, places: tuple[int, ...]) -> float:
        pair = [self.scores[place] for place in places], [self.originals[place] for place in places]
        first, second = (
            tuple(sum(each[key] for each in side) for key in ("count", "sum", "products")) for side in pair
        )
        return vgg.frechet(first, second)

    def value(self, metric: str, places: Sequence[int]) -> float:
        """Give a metric over some of the pictures, each as often as it is named."""
        if metric == "frechet":
            return self.frechet(tuple(map(int, places)))
        chosen = [self.scores[place] for place in places]
        if metric == "top1":
            known = np.stack([each["embedding"] for each in self.originals])
            nearest = [int((known @ each["embedding"]).argmax()) for each in chosen]
            return float(np.mean([one == place for one, place in zip(nearest, places, strict=True)]))
        return float(np.mean([each[metric] for each in chosen]))


def rows(group: Group, against: dict[str, Group]) -> list[dict[str, Any]]:
    """Give a group's rows: each metric, and each difference to the groups of ``against``."""
    names = [
        name
        for name in (*PER_PICTURE, "frechet", "top1")
        if name in group.scores[group.places[0]] or name in {"frechet", "top1"}
    ]
    found = []
    for metric in names:
        found.append(_row(group, metric, lambda places, metric=metric: group.value(metric, places)))
        for label, other in against.items():
            if other.codec == group.codec or not set(group.places) <= set(other.places):
                continue

            def apart(places: Sequence[int], metric: str = metric, other: Group = other) -> float:
                one, two = group.value(metric, places), other.value(metric, places)
                return 100 * (one / two - 1) if metric in RELATIVE else one - two

            found.append(_row(group, f"{metric} to {label}", apart))
    return found


def _row(group: Group, metric: str, value: Callable[[Sequence[int]], float]) -> dict[str, Any]:
    rng = np.random.default_rng(SEED)
    draws = FRECHET_DRAWS if metric.startswith("frechet") else DRAWS
    many = [value(rng.choice(group.places, len(group.places))) for _ in range(draws)]
    low, high = np.quantile(many, (0.025, 0.975))
    sizes = [int(group.scores[place]["bytes"]) for place in group.places]
    return {
        "codec": group.codec,
        "budget": group.budget,
        "bytes_mean": float(np.mean(sizes)),
        "metric": metric,
        "mean": value(group.places),
        "ci_low": float(low),
        "ci_high": float(high),
        "n": len(group.places),
    }


def summarise(scores: list[dict[tuple[str, int], Scores]]) -> list[dict[str, Any]]:
    """Give the rows of all codecs and budgets."""
    originals = [each["original", 0] for each in scores]
    keys = dict.fromkeys(key for each in scores for key in each if key[0] != "original")
    groups = {
        key: Group(*key, {place: each[key] for place, each in enumerate(scores) if key in each}, originals)
        for key in keys
    }
    found = []
    for budget in sorted({budget for _, budget in groups}):
        here = [group for group in groups.values() if group.budget == budget]
        others = [
            g for g in here if not g.codec.startswith(("builtin", "bicubic")) and len(g.places) == len(scores)
        ]
        against = {"bicubic": groups["bicubic", budget]}
        if others:
            against["rival"] = min(others, key=lambda group: group.value("vgg", group.places))
            print(f"{budget} bytes: the best rival is {against['rival'].codec}", file=sys.stderr)
        for group in here:
            found += rows(group, against)
    return found


def print_table(found: list[dict[str, Any]]) -> None:
    """Print Markdown: a table for each budget."""
    for budget in sorted({row["budget"] for row in found}):
        here = [row for row in found if row["budget"] == budget]
        names = [name for name in dict.fromkeys(row["metric"] for row in here) if " to " not in name]
        print(f"\n| {budget} bytes | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")
        for name in dict.fromkeys(row["codec"] for row in here):
            mine = {row["metric"]: row for row in here if row["codec"] == name}
            cells = [f"{mine[metric]['mean']:.4g}" if metric in mine else "-" for metric in names]
            print(f"| {name} ({mine['psnr']['n']}) | {' | '.join(cells)} |")
        for row in here:
            if " to " in row["metric"] and row["codec"].startswith("builtin"):
                bounds = f"{row['ci_low']:+.3g} .. {row['ci_high']:+.3g}"
                print(f"{row['codec']}: {row['metric']} {row['mean']:+.3g} ({bounds})")


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True, nargs="+", help="folders of pictures")
    parser.add_argument("--limit", type=int, help="pictures of each folder")
    parser.add_argument("--json", action="store_true", help="one object instead of tables")
    parser.add_argument("--budgets", nargs="+", type=int, default=list(BUDGETS), metavar="BYTES")
    parser.add_argument("--strengths", nargs="+", type=float, default=[STRENGTH])
    modules = sorted({module for module, *_ in rivals.PICTURES})
    parser.add_argument("--rivals", nargs="+", choices=[*modules, "none"], default=[])
    parser.add_argument(
        "--data", type=Path, default=bits.ROOT / bits.DATA, help="folder with weights/lpips_v0.1"
    )
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="write contact sheets too, worst first")
    parser.add_argument("--held-out", action="store_true", help="only pictures kept from the training")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options = parser.parse_args()
    try:
        vgg.weights()
        for name in PAIRS:
            metrics.load(metrics.find(name))
    except Unavailable as reason:
        raise SystemExit(str(reason)) from None
    paths = [
        path for folder in options.images for path in listed(folder, held=options.held_out)[: options.limit]
    ]
    scores = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for number, found in enumerate(pool.map(partial(measure, options=options), paths), 1):
            print(f"{number} of {len(paths)} pictures", file=sys.stderr, flush=True)
            scores.append(found)
    if options.sheet:
        worst = sorted(range(len(paths)), key=lambda place: gain(scores[place], options.budgets))
        sheet.assemble([CACHE / "sheet" / f"{paths[place].stem}.png" for place in worst], options.sheet)
    found = summarise(scores)
    if options.json:
        print(json.dumps({"rows": found}))
    else:
        print_table(found)


if __name__ == "__main__":
    main()
