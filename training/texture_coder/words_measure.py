"""What words are worth to a trained texture coder: own, none, and those of another picture, at equal bytes.

``words`` calls it. Levels are the same for all: the coder's own, by ideal code lengths and without a search.
PSNR is that of the picture at its own size, its long side 512 at most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from training.texture_coder import texts
from training.texture_coder.evaluate import HEAD, psnr
from training.texture_coder.grids import grid
from training.texture_coder.network import SCALE, Coder, cost
from training.texture_coder.pack import canvas
from training.texture_coder.train import QUALITIES
from training.texture_coder.words_network import Addition, Tokens, draw, hints, see, spend, tokens

BUDGETS = (50, 100, 200, 500, 1000)
SIZES = ((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5, 6), (4, 5, 6))
"""Size classes that are tried, by budget."""
LARGEST = max(map(max, SIZES))
STEP = 2.0
SIDE = 512
SWAPS = 2
LEAST = 3
"""Known words that a text has at least, to be measured."""
FORMS = (
    ("held", "photo", ("local",)),
    ("held", "ai", ("local",)),
    ("held", "ai", ("local", "prompt")),
    ("kodak", "photo", ("local",)),
    ("kodak", "photo", ("written",)),
    ("aigi", "ai", ("local",)),
    ("aigi", "ai", ("prompt",)),
    ("aigi", "ai", ("written", "prompt")),
)
"""Sets, kinds of pictures, and the texts that are given."""
DRAWN, SPENT = "PSNR in dB", "bits saved in percent of the coder's"
COLUMNS = ("own - none", "own - swapped", "own - coder", "weights - coder", "own - weights")

Point = tuple[int, float]
"""Size class and quality."""


def opened(path: Path) -> Image.Image:
    """Open a picture, its long side SIDE at most."""
    with Image.open(path) as file:
        image = file.convert("RGB")
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return image


def pixels(image: Image.Image, size: int) -> torch.Tensor:
    """Give a picture's canvas ``(1, 3, h, w)`` in units of SCALE."""
    rows, columns = grid(image.width / image.height, size)
    return (
        torch.from_numpy(np.array(canvas(image, rows, columns))).permute(2, 0, 1).float()[None] - 127.5
    ) / SCALE


def quality_of(drawn: torch.Tensor, image: Image.Image) -> np.ndarray:
    """Give the PSNR of each of drawn canvases, at the picture's size."""
    levels = (drawn * SCALE + 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
    sized = (Image.fromarray(each).resize(image.size, Image.Resampling.LANCZOS) for each in levels)
    return np.array([psnr(np.asarray(image), np.asarray(each)) for each in sized])


def points(coder: Coder, image: Image.Image) -> list[Point]:
    """Give size class and quality that are best within about each of BUDGETS, by short floats."""
    coder.train()
    best: list[tuple[float, Point]] = [(0.0, (0, 0.0))] * len(BUDGETS)
    for size in range(LARGEST + 1):
        quality = torch.arange(*QUALITIES[size], STEP)
        bits, _, levels = coder(pixels(image, size).expand(len(quality), -1, -1, -1), quality)
        counts = bits.sum(1).numpy() / 8 + HEAD
        for at, budget in enumerate(BUDGETS):
            fitting = np.flatnonzero(counts <= budget)
            if size in SIZES[at] and len(fitting):
                k = fitting[0]  # the finest
                score = quality_of(coder.synthesise(levels[k : k + 1], quality[k : k + 1]), image)[0]
                best[at] = max(best[at], (score, (size, float(quality[k]))))
    coder.eval()
    return [point for _, point in best]


def worth(
    coder: Coder, added: Sequence[Addition], image: Image.Image, point: Point, given: Tokens
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give PSNR and bits by the coder alone, with weights without words, with each of the texts.

    Args:
        coder: trained.
        added: what ``words`` trains, by its NAMES.
        image: at its size.
        point: size class and quality.
        given: texts, one behind the other.

    Returns:
        PSNR and bits with words, and PSNR with hints.
    """
    quality, wanted = torch.tensor([point[1]]), pixels(image, point[0])
    _, _, levels = coder(wanted, quality)
    seen = see(coder, levels, quality)
    words, weights, by_hints, model_words, model_weights = added

    def drawn(each: Addition, what: Tokens) -> np.ndarray:
        return quality_of(draw(coder, seen, quality, each, what), image)

    plain = quality_of(seen.drawn, image), drawn(weights, given)
    errors = moved(hints(wanted - seen.drawn, quality))
    spent = [spend(levels, seen, each, given) for each in (model_weights, model_words)]
    return (
        np.concatenate([*plain, drawn(words, given)]),
        torch.cat([cost(levels, seen.mean, seen.scale).sum((1, 2, 3)), *spent]).numpy(),
        np.concatenate([*plain, drawn(by_hints, errors)]),
    )


def chosen(packed: texts.Texts, group: str, kind: str, limit: int) -> list[int]:
    """Give pictures of a set, spread over it."""
    members = [n for n in range(len(packed.files)) if (packed.sets[n], packed.kinds[n]) == (group, kind)]
    return members[:: max(1, len(members) // limit)][:limit]


def swapped(packed: texts.Texts, members: Sequence[int], sources: Sequence[str]) -> dict[int, list[Any]]:
    """Give every picture's own words and those of SWAPS others that are not the same."""
    given = {n: packed.of(n, sources) for n in members if all(packed.has(n, source) for source in sources)}
    given = {n: words for n, words in given.items() if len(words[0]) >= LEAST}
    order = np.random.default_rng(3).permutation(list(given)).tolist()
    result = {}
    for at, n in enumerate(order):
        turned = order[at + 1 :] + order[:at]
        others = [m for m in turned if not np.array_equal(given[m][0], given[n][0])]
        result[n] = [given[n], *(given[m] for m in (others * SWAPS)[:SWAPS])]
    return result


def interval(values: np.ndarray) -> tuple[float, float]:
    """Give where 95 % of means of pictures drawn again lie."""
    drawn = np.random.default_rng(2).integers(0, len(values), (2000, len(values)))
    low, high = np.percentile(values[drawn].mean(1), (2.5, 97.5))
    return float(low), float(high)


def line(budget: int, alone: np.ndarray, differences: Mapping[str, np.ndarray]) -> str:
    """Write a row of a table."""
    cells = []
    for column in COLUMNS:
        low, high = interval(differences[column])
        cells.append(f"{differences[column].mean():+.3f} [{low:+.3f}, {high:+.3f}]")
    return f"| {budget} | {alone.mean():.2f} | " + " | ".join(cells) + " |"


def report(title: str, unit: str, values: np.ndarray, *, relative: bool) -> None:
    """Print a table of ``(pictures, budgets, alone + weights + none + own + swapped)``."""
    print(f"\n{title}: {len(values)} pictures, {unit}\n")
    print("| bytes | coder | " + " | ".join(COLUMNS) + " |\n|" + "---|" * (2 + len(COLUMNS)))
    for at, budget in enumerate(BUDGETS):
        alone, weights, none, own = values[:, at, :4].T
        other = values[:, at, 4:].mean(1)
        pairs = ((own, none), (own, other), (own, alone), (weights, alone), (own, weights))
        # Of bits, what is saved.
        differences = {
            column: 100 * (second - first) / alone if relative else first - second
            for column, (first, second) in zip(COLUMNS, pairs, strict=True)
        }
        print(line(budget, alone / 8 if relative else alone, differences), flush=True)


def moved(own: Tokens) -> Tokens:
    """Give no hints, the own ones, and SWAPS times the own ones at other cells."""
    order = torch.arange(own.word.shape[1])
    word = torch.cat([own.word, *(own.word[:, order.roll(5 * k)] for k in range(SWAPS + 1))])
    there = torch.ones_like(word, dtype=torch.bool)
    there[0] = False
    return Tokens(word, own.kind.expand_as(word), own.box.expand(len(word), -1, -1), there)


@torch.no_grad()
def measure(data: Path, coder: Coder, packed: texts.Texts, added: Sequence[Addition], limit: int) -> None:
    """Print what words are worth, by set and text."""
    coder.requires_grad_(False).eval()
    results: dict[tuple[str, ...], list[Any]] = defaultdict(list)
    for group, kind in dict.fromkeys(form[:2] for form in FORMS):
        images = {n: opened(data / packed.files[n]) for n in chosen(packed, group, kind, limit)}
        given = {
            form[2]: swapped(packed, list(images), form[2]) for form in FORMS if form[:2] == (group, kind)
        }
        for n, image in images.items():
            here = [sources for sources, own in given.items() if n in own]
            batch = tokens([packed.of(n, ()), *(words for sources in here for words in given[sources][n])])
            rows = [worth(coder, added, image, point, batch) for point in points(coder, image)]
            for at, sources in enumerate(here):
                columns = [0, 1, 2, *range(3 + at * (1 + SWAPS), 3 + (at + 1) * (1 + SWAPS))]
                name = f"{group}, {kind}, {' and '.join(sources)}"
                results[name, DRAWN].append([scores[columns] for scores, _, _ in rows])
                results[name, SPENT].append([bits[columns] for _, bits, _ in rows])
            results[f"{group}, {kind}, hints", DRAWN].append([scores for _, _, scores in rows])
    for (name, unit), values in sorted(results.items(), key=lambda each: each[0][1]):
        report(name, unit, np.array(values), relative=unit == SPENT)
