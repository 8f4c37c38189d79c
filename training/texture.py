"""Make the table ``texture-1``: train the model of the texture layer.

    python -m training.texture --data DIR

reads the allow-listed pictures of DIR/train and takes some minutes on two cores. Every seventh picture
is held out for the figures printed at the end.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections import defaultdict
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from PIL import Image

from promptcodec import models
from promptcodec.layers.texture import dct
from promptcodec.layers.texture.dct import model, network
from promptcodec.layers.texture.dct.encoder import quantise
from promptcodec.layers.texture.dct.encoder.analysis import analyse, shape_of
from promptcodec.layers.texture.dct.encoder.search import PRICE
from promptcodec.layers.texture.dct.frequencies import RADII, SHAPES, extent, log8
from training import tables
from training.network import fit, whole_numbers
from training.pictures import allowed

SEED = 20
HELD_OUT = 7
# Quantiser steps trained on, and how many pictures of every ten each sees: coarse steps give few
# symbols a picture, and matter as much as fine ones.
PLAN = {
    46: 10,
    44: 10,
    42: 10,
    40: 10,
    38: 9,
    36: 8,
    34: 7,
    32: 6,
    30: 5,
    28: 4,
    26: 3,
    24: 2,
    22: 1,
    20: 1,
    18: 1,
    14: 0.5,
    10: 0.3,
    6: 0.2,
}
CHUNK = 48
ROUNDS = (800, 1500, 4000)
SHARES = (0.2, 0.4, 1.0)
KEPT = 0.5
# Sides of a part of a picture, in its sides.
CUT = (0.5, 0.95)


def load(path: Path, cut: np.random.Generator | None = None) -> tuple[int, np.ndarray]:
    """Give shape and amplitudes of a picture, or of a part of it cut at random."""
    with Image.open(path) as file:
        image = file.convert("RGB")
    if cut is not None:
        width, height = (max(16, round(side * cut.uniform(*CUT))) for side in image.size)
        left, top = cut.integers(0, image.width - width + 1), cut.integers(0, image.height - height + 1)
        image = image.crop((int(left), int(top), int(left) + width, int(top) + height))
    shape = shape_of(image.size)
    return shape, analyse(image, *extent(shape)).astype(np.int32)


def first_guess() -> model.Tables:
    """Give tables to quantise with before anything is known."""
    nets = []
    for count in model.FEATURES:
        sizes = (count, *model.HIDDEN, 3)
        weights = [np.zeros(pair, np.int32) for pair in itertools.pairwise(sizes)]
        biases = [np.zeros(size, np.int32) for size in sizes[1:]]
        biases[2] = np.array([-600, -300, -200]) * 8
        nets.append(network.Net(tuple(weights), tuple(biases)))
    parts = flat_parts()
    return model.unpack(network.pack(parts, [net_arrays(net) for net in nets]))


def net_arrays(net: network.Net) -> list[np.ndarray]:
    """Give weights and biases in the order of the table."""
    return [array for pair in zip(net.weights, net.biases, strict=True) for array in pair]


def flat_parts() -> dict[str, np.ndarray]:
    """Give the parts of a table that knows nothing."""
    logit = np.arange(0, model.LOGIT_LIMIT // 16 + 2) * 16 / model.LOGIT_ONE
    return {
        "chances": np.rint(65536 / (1 + np.exp(-logit))),
        "means": np.full((model.PLANES, model.MEAN_CELLS), 65536 // model.MEAN_CELLS),
        "shapes": np.ones(SHAPES),
        "steps": np.ones((model.LENGTHS, model.STEPS)),
        "radii0": np.ones((model.STEP_CLASSES, len(RADII))),
        "radii1": np.ones((len(RADII),) * 2),
        "radii2": np.ones((len(RADII),) * 2),
        "escapes": np.full((model.ESCAPE_CLASSES, model.ESCAPE_BITS), 20000),
        "shifts": np.zeros((model.PLANES, 3)),
    }


def collect(pictures: list, known: model.Tables, number: int, rng: np.random.Generator) -> dict:
    """Quantise pictures with what is known, and gather what the next tables learn from."""
    groups = defaultdict(list)
    for shape, amplitudes in pictures:
        groups[shape].append(amplitudes)
    jobs = []
    for shape, members in groups.items():
        for step, tenths in PLAN.items():
            count = max(1, round(len(members) * tenths / 10 * SHARES[number]))
            some = [members[i] for i in rng.permutation(len(members))[:count]]
            for at in range(0, count, CHUNK):
                stack = np.stack(some[at : at + CHUNK], 1)
                jobs.append((shape, step, stack, known, int(rng.integers(1 << 30)), number > 0))
    rng.shuffle(jobs)
    result = defaultdict(list)
    with Pool() as pool:
        # In order: the same command then gives the same table.
        for part in pool.imap(gather, jobs):
            for key, value in part.items():
                result[key].append(value)
    return {key: np.concatenate(value) for key, value in result.items()}


def gather(job: tuple) -> dict:
    """Quantise one chunk of pictures with one step."""
    shape, step, stack, known, seed, refined = job
    rng = np.random.default_rng(seed)
    result = defaultdict(list)
    for planes in stack.transpose(1, 0, 2, 3):
        task = quantise.prepare(planes, shape, step, known)
        price = round(PRICE * model.STEP[step] ** 2 * rng.uniform(0.75, 1.35))
        choice = quantise.choose(task, price)
        if refined:
            choice = quantise.choose(task, price, quantise.influence(task, choice.levels))
        result["heads"].append([[step, *choice.radii, shape, choice.bits / quantise.ONE_BIT]])
        result["means"].append(planes[None, :, 0, 0])
        for plane, (start, end, seen) in seen_by(task, choice.levels):
            inside = task.area.radius[start:end] <= quantise.SQUARES[choice.radii[plane]]
            inside &= rng.random(inside.shape) < KEPT
            best = np.abs(choice.levels[plane, start:end])
            wanted = np.abs(task.targets[plane, start:end]) * 64 // model.STEP[step]
            for name, column in (("seen", seen), ("best", best), ("wanted", wanted)):
                result[f"{name}{plane}"].append(column[inside].astype(np.int16))
    return {name: np.concatenate(columns) for name, columns in result.items()}


def seen_by(task: quantise.Task, levels: np.ndarray) -> Iterator[tuple[int, tuple[int, int, np.ndarray]]]:
    """Give what the model sees of each half diagonal: its plane, start, end and features."""
    field = network.Field(task.area)
    for plane, reach in enumerate(task.reach):
        for start, end in task.area.halves:
            if start >= reach:
                break
            seen = network.features(field, task.area, plane, start, end, np.array([task.step], np.int32))
            yield plane, (start, end, seen[0])
            network.learn(field, task.area, plane, start, end, levels[None, plane, start:end])


def counts(
    rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int], blur: float, most: int = 240
) -> np.ndarray:
    """Count pairs, spread each a little along both axes, and scale rows to at most ``most``, at least 1."""
    table = np.zeros(shape)
    np.add.at(table, (rows.astype(int), columns.astype(int)), 1)
    reach = [np.exp(-0.5 * ((np.arange(n)[:, None] - np.arange(n)) / blur) ** 2) for n in shape]
    smooth = table + 0.3 * reach[0] @ table @ reach[1] + 1e-6
    smooth += 0.002 * smooth.sum(1, keepdims=True)
    return np.maximum(1, np.rint(smooth / smooth.max(1, keepdims=True) * most))


def header(samples: dict, known: dict) -> dict:
    """Make the tables of the header's symbols from the samples."""
    heads = samples["heads"]
    step, radii, bits = heads[:, 0], heads[:, 1:4], heads[:, 5]
    size = len(RADII)
    lengths = np.array([log8(max(1, int(b / 8) + 2)) // 4 for b in bits])
    parts = dict(known)
    parts["radii0"] = counts(step // 4, radii[:, 0], (model.STEP_CLASSES, size), 1.0)
    parts["radii1"] = counts(radii[:, 0], radii[:, 1], (size, size), 1.0)
    parts["radii2"] = counts(radii[:, 1], radii[:, 2], (size, size), 1.0)
    parts["steps"] = counts(lengths, step, (model.LENGTHS, model.STEPS), 2.0)
    means = np.clip(
        (samples["means"] + model.MEAN_CELLS * model.MEAN_CELL // 2) // model.MEAN_CELL,
        0,
        model.MEAN_CELLS - 1,
    )
    rows = []
    for plane in range(model.PLANES):
        table = counts(np.zeros(len(means)), means[:, plane], (1, model.MEAN_CELLS), 1.0, 1000)[0]
        table = np.maximum(1, np.floor(table / table.sum() * 65000))
        table[table.argmax()] += 65536 - table.sum()
        rows.append(table)
    parts["means"] = np.array(rows)
    return parts


def learn(samples: dict, parts: dict, nets: list, steps: int, rng: np.random.Generator) -> dict:
    """Train the networks further, in place, and give the other parts of the table."""
    parts = header(samples, parts)
    for plane in range(model.PLANES):
        seen, best, wanted = (samples[f"{name}{plane}"] for name in ("seen", "best", "wanted"))
        for index, mask in enumerate((best == 1, best == 2, best > 2)):
            if mask.sum() > 50:
                shift = np.mean(64 * np.minimum(best[mask], 100).astype(int) - wanted[mask])
                parts["shifts"][plane, index] = np.clip(np.rint(shift), -32, 32)
        nets[plane], bits = fit(seen, best, steps, nets[plane], rng)
        print(f"  plane {plane}: {len(best)} levels, {bits:.4f} bits each, shifts {parts['shifts'][plane]}")
    parts["escapes"] = escapes([(samples[f"seen{p}"], samples[f"best{p}"]) for p in range(model.PLANES)])
    return parts


def main() -> None:
    """Train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with train/")
    parser.add_argument("--limit", type=int, default=1000, help="pictures to train on")
    options = parser.parse_args()
    began = time.time()
    rng = np.random.default_rng(SEED)
    paths = allowed(options.data)
    held_out = paths[::HELD_OUT]
    paths = [path for index, path in enumerate(paths) if index % HELD_OUT]
    paths = [paths[i] for i in sorted(rng.permutation(len(paths))[: options.limit])]
    with Pool() as pool:
        pictures = pool.map(load, paths, chunksize=20)
    known, parts = first_guess(), flat_parts()
    parts["shapes"] = np.bincount([shape for shape, _ in pictures], minlength=SHAPES)
    # Upright pictures are as likely as broad ones; squares are common among generated ones.
    both = parts["shapes"] + parts["shapes"][::-1]
    parts["shapes"] = np.maximum(4, np.rint(np.sqrt(both / both.max()) * 240))
    nets: list = [None] * model.PLANES
    for number, steps in enumerate(ROUNDS):
        samples = collect(pictures, known, number, rng)
        print(f"round {number}, {time.time() - began:.0f} s", flush=True)
        parts = learn(samples, parts, nets, steps, rng)
        packed = network.pack(parts, [whole_numbers(net) for net in nets])
        known = model.unpack(packed)
    source = "python -m training.texture --data DIR"
    tables.write("texture-1", "texture-1.bin", packed, source=source)
    print(f"{len(packed)} bytes, {time.time() - began:.0f} s")
    model.tables.cache_clear()
    models.load.cache_clear()
    for budget in (24, 64, 128, 256):
        with Pool() as pool:
            errors = pool.starmap(measure, [(path, budget) for path in held_out[:: len(held_out) // 40]])
        print(f"held out, {budget} bytes: {np.mean(errors):.2f} dB")


def measure(path: Path, budget: int) -> float:
    """Give the PSNR in RGB of a picture at a budget."""
    with Image.open(path) as file:
        image = file.convert("RGB")
    decoded = dct.draw(dct.encode(image, budget), image.size).picture
    error = np.mean((np.asarray(image, float) - np.asarray(decoded, float)) ** 2)
    return float(10 * np.log10(255**2 / error))


def escapes(samples: list) -> np.ndarray:
    """Count how often the exponent of a large level goes on, by class of neighbours."""
    again = np.ones((model.ESCAPE_CLASSES, model.ESCAPE_BITS))
    total = np.full_like(again, 3)
    for seen, best in samples:
        large = best > 2
        classes = network.escape_class(seen[large].astype(np.int32))
        exponent = np.floor(np.log2(best[large] - 2)).astype(int)
        for bit in range(model.ESCAPE_BITS):
            np.add.at(total[:, bit], classes[exponent >= bit], 1)
            np.add.at(again[:, bit], classes[exponent > bit], 1)
    return np.clip(np.rint(again / total * 65536), 2000, 60000)


if __name__ == "__main__":
    main()
