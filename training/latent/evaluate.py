"""Does a picture that a pipeline draws from words alone show what its own words say?

    python -m training.latent.evaluate --data DIR --pipeline FOLDER [--limit N] [--sheet FILE] [--judge]

The pictures of DIR/eval (Kodak, and AI pictures) are coded as words alone by the local captioner, in BUDGET
bytes, and drawn by the pipeline and by the built-in generators. Of each drawing:

* own: the Kodak pictures whose drawing is nearest to its own original among the Kodak pictures, by the mean
  CIEDE2000 over a grid of GRID x GRID mean colours, and that distance;
* rank: how many of all originals are nearer to the drawing than its own, by the cosine of the tagger's
  embedding; by chance half of the others. With a 95 % interval, bootstrapped over the pictures;
* against rival: by how many places it is behind the classical renderer, picture by picture, and the interval.

At strength 1, its own drawing, the pipeline also draws with the words of the next picture but the colours of
this one, and the other way round. --judge adds the measures of ``python -m eval builtin`` over the Kodak
pictures; it needs what that needs.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from eval.images import listed, scaled
from promptcodec import encode, plugins
from promptcodec.checks.measure import reduce
from promptcodec.description import Description, resolve
from promptcodec.generators import Conditions
from promptcodec.generators.diffusion import grid
from promptcodec.reading import open_stream, read_layers
from promptcodec.vision import network
from promptcodec.vision.colour import ciede2000
from promptcodec.vision.load import load_image
from training.latent import held_out
from training.latent import pictures as of_training
from training.texts import DATA

BUDGET, GRID, SIDE = 200, 4, 512
SETS = ("kodak", "aigi")
DRAWS, SEED = 2000, 1
STRENGTHS = (1.0, 0.5)
RIVALS = ("builtin:classical", "builtin")
Draw = Callable[[Conditions], Image.Image]


def conditions_of(image: Image.Image) -> Conditions:
    """Give what a stream of words alone says of a picture."""
    stream = open_stream(encode(image, layers=("semantic",), budget=BUDGET, captioner="local"))
    return read_layers(stream, ("semantic",), image.size).conditions


def swapped(words: Description, colours: Description) -> Description:
    """Give the colours of one description with the words of another, its cells laid over the grid."""
    other = resolve(words)

    def text(index: int) -> str:
        row, col = divmod(index, colours.cols)
        return other[row * words.rows // colours.rows * words.cols + col * words.cols // colours.cols].text

    cells = [replace(cell, text=text(number)) for number, cell in enumerate(colours.cells)]
    boxes = [
        replace(
            thing,
            box=replace(
                thing.box,
                top=(thing.box.top - 1) * colours.rows // words.rows + 1,
                bottom=max(-(-thing.box.bottom * colours.rows // words.rows), 1),
                left=(thing.box.left - 1) * colours.cols // words.cols + 1,
                right=max(-(-thing.box.right * colours.cols // words.cols), 1),
            ),
        )
        for thing in words.objects
    ]
    return replace(
        words, rows=colours.rows, cols=colours.cols, cells=tuple(cells), objects=tuple(boxes), lettering=()
    )


def ranks(drawn: list[Image.Image], originals: np.ndarray) -> np.ndarray:
    """Give how many originals are nearer to each drawing than its own."""
    near = network.look(drawn)[1] @ originals.T
    return (near > np.diagonal(near)[:, None]).sum(1)


def interval(values: np.ndarray) -> tuple[float, float]:
    """Give the 95 % interval of a mean."""
    rng = np.random.default_rng(SEED)
    means = values[rng.integers(0, len(values), (DRAWS, len(values)))].mean(1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def row(
    name: str,
    drawn: list[Image.Image],
    pictures: list[Image.Image],
    kodak: int,
    looks: np.ndarray,
    rival: np.ndarray,
) -> dict[str, Any]:
    """Give one line of figures; ``rival`` are the ranks of another's drawings, picture by picture."""
    grids = np.array([reduce(each, GRID, GRID) for each in pictures[:kodak]])
    apart = np.array(
        [
            ciede2000(np.broadcast_to(reduce(each, GRID, GRID), grids.shape), grids).mean(axis=(1, 2))
            for each in drawn[:kodak]
        ]
    )
    places = ranks(drawn, looks).astype(float)
    low, high = interval(places)
    nearer_low, nearer_high = interval(places - rival)
    return {
        "drawn_by": name,
        "own": int((apart.argmin(1) == np.arange(kodak)).sum()),
        "of": kodak,
        "ciede2000": round(float(np.diagonal(apart).mean()), 2),
        "rank": round(float(places.mean()), 1),
        "rank_low": round(low, 1),
        "rank_high": round(high, 1),
        "rank_kodak": round(float(places[:kodak].mean()), 1),
        "against_rival": [
            round(float((places - rival).mean()), 1),
            round(nearer_low, 1),
            round(nearer_high, 1),
        ],
        "among": len(pictures),
    }


def judged(name: str, drawn: list[Image.Image], pictures: list[Image.Image], data: Path) -> dict[str, Any]:
    """Give the laboratory's measures: means over pictures, and the distance of all patches."""
    from eval import metrics  # noqa: PLC0415 - needs what the laboratory needs
    from eval.measure.fidelity import PAIRS  # noqa: PLC0415
    from eval.metrics import vgg  # noqa: PLC0415

    scores = []
    features = [[vgg.features(each) for each in side] for side in (drawn, pictures)]
    for image, picture, own, truth in zip(pictures, drawn, *features, strict=True):
        pairs = {key: metrics.load(metrics.find(key))(image, picture) for key in PAIRS}
        scores.append(pairs | vgg.distances(truth, own, data))
    moments = [
        tuple(map(sum, zip(*(vgg.moments(vgg.patches(each)) for each in side), strict=True)))
        for side in features
    ]
    known = np.stack([vgg.embedding(each) for each in features[1]])
    top = [int((known @ vgg.embedding(each)).argmax()) == place for place, each in enumerate(features[0])]
    means = {key: round(float(np.mean([each[key] for each in scores])), 4) for key in scores[0]}
    return {"drawn_by": name, **means, "frechet": round(float(vgg.frechet(*moments)), 2), "top1": sum(top)}


def sheet(pictures: list[Image.Image], drawings: dict[str, list[Image.Image]], file: Path) -> None:
    """Write originals and drawings, a picture a row, two pictures beside each other."""
    columns = [pictures, *drawings.values()]
    tile = 200
    per_row = 2
    height = -(-len(pictures) // per_row)
    page = Image.new("RGB", (per_row * len(columns) * tile, height * tile), "white")
    for number in range(len(pictures)):
        for place, column in enumerate(columns):
            small = scaled(column[number], tile - 4)
            left = ((number % per_row) * len(columns) + place) * tile
            page.paste(small, (left, number // per_row * tile))
    page.save(file, quality=90)


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path(DATA))
    parser.add_argument("--pipeline", type=Path, required=True, help="folder that export wrote")
    parser.add_argument("--limit", type=int, help="pictures of each set")
    parser.add_argument(
        "--held-out", action="store_true", help="training pictures that were kept from it instead"
    )
    parser.add_argument("--steps", type=int, default=grid.STEPS)
    parser.add_argument("--guidance", type=float, default=grid.GUIDANCE)
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="show the Kodak pictures")
    parser.add_argument("--judge", action="store_true", help="add the laboratory's measures")
    parser.add_argument("--no-rivals", action="store_true", help="leave out the built-in generators")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.held_out:
        paths = [[path for path in of_training(options.data) if held_out(path.stem)][: options.limit]]
    else:
        paths = [listed(options.data / "eval" / name, options.limit) for name in SETS]
    pictures = [scaled(load_image(path), SIDE) for each in paths for path in each]
    kodak = len(paths[0])
    given = [conditions_of(picture) for picture in pictures]
    pipeline = grid.load(options.pipeline)
    others = given[1:] + given[:1]
    mixed = [
        (swapped(b.description, a.description), swapped(a.description, b.description))
        for a, b in zip(given, others, strict=True)
    ]
    began = time.time()

    def drawn(descriptions: list[Description], strength: float) -> list[Image.Image]:
        return [
            grid.draw(
                pipeline,
                replace(each, description=words, strength=strength),
                steps=options.steps,
                guidance=options.guidance,
            )
            for each, words in zip(given, descriptions, strict=True)
        ]

    own = [each.description for each in given]
    drawings = {f"strength {strength:g}": drawn(own, strength) for strength in STRENGTHS}
    each_s = (time.time() - began) / len(pictures) / len(STRENGTHS)
    drawings["strength 1, words of another"] = drawn([one for one, _ in mixed], 1)
    drawings["strength 1, colours of another"] = drawn([other for _, other in mixed], 1)
    if not options.no_rivals:
        for name in RIVALS:
            rival = plugins.create("generators", name)
            drawings[name] = [rival.generate(each) for each in given]
    looks = network.look(pictures)[1]
    rival_ranks = ranks(drawings.get(RIVALS[0], drawings["strength 1"]), looks).astype(float)
    for name, each in drawings.items():
        print(json.dumps(row(name, each, pictures, kodak, looks, rival_ranks)), flush=True)
    print(json.dumps({"seconds": round(each_s, 2), "steps": options.steps, "guidance": options.guidance}))
    if options.sheet:
        shown = {
            name: drawings[name][:kodak]
            for name in ("builtin:classical", "strength 1", "strength 0.5")
            if name in drawings
        }
        sheet(pictures[:kodak], shown, options.sheet)
    if options.judge:
        for name, each in drawings.items():
            if "another" not in name:
                print(json.dumps(judged(name, each[:kodak], pictures[:kodak], options.data)), flush=True)


if __name__ == "__main__":
    main()
