"""Train the model of the texture layer and write the table ``texture-1``.

    python -m training.texture --data DIR

reads the pictures of DIR/train and takes some minutes on two cores. Every seventh picture is held
out for the figures printed at the end.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections import defaultdict
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from PIL import Image

from promptcodec.entropy import coefficients as model
from promptcodec.entropy.frequencies import RADII, SHAPES, extent, log8, shape_of
from promptcodec.layers import dct, quantise
from training import tables

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
PRICE = 0.11
CHUNK = 48
ROUNDS = (800, 1500, 4000)
SHARES = (0.2, 0.4, 1.0)
KEPT = 0.5


def load(path: Path) -> tuple[int, np.ndarray]:
    """Give shape and amplitudes of a picture."""
    with Image.open(path) as file:
        image = file.convert("RGB")
    shape = shape_of(image.size)
    return shape, dct.analyse(image, *extent(shape)).astype(np.int32)


def first_guess() -> model.Tables:
    """Give tables to quantise with before anything is known."""
    nets = []
    for count in model.FEATURES:
        sizes = (count, *model.HIDDEN, 3)
        weights = [np.zeros(pair, np.int32) for pair in zip(sizes[:-1], sizes[1:], strict=True)]
        biases = [np.zeros(size, np.int32) for size in sizes[1:]]
        biases[2] = np.array([-600, -300, -200]) * 8
        nets.append(model.Net(tuple(weights), tuple(biases)))
    parts = flat_parts()
    return model.unpack(model.pack(parts, [net_arrays(net) for net in nets]))


def net_arrays(net: model.Net) -> list[np.ndarray]:
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


def collect(
    pictures: list, known: model.Tables, share: float, refine: bool, rng: np.random.Generator
) -> dict:
    """Quantise pictures with what is known, and gather what the next tables learn from."""
    groups = defaultdict(list)
    for shape, amplitudes in pictures:
        groups[shape].append(amplitudes)
    jobs = []
    for shape, members in groups.items():
        for step, tenths in PLAN.items():
            some = [
                members[i]
                for i in rng.permutation(len(members))[: max(1, round(len(members) * tenths / 10 * share))]
            ]
            jobs += [
                (shape, step, np.stack(some[at : at + CHUNK], 1), known, int(rng.integers(1 << 30)), refine)
                for at in range(0, len(some), CHUNK)
            ]
    rng.shuffle(jobs)
    result = defaultdict(list)
    with Pool() as pool:
        for part in pool.imap_unordered(gather, jobs):
            for key, value in part.items():
                result[key].append(value)
    return {
        key: np.concatenate(value) if isinstance(value[0], np.ndarray) else value
        for key, value in result.items()
    }


def gather(job: tuple) -> dict:
    """Quantise one chunk of pictures with one step."""
    shape, step, stack, known, seed, refine = job
    rng = np.random.default_rng(seed)
    many = stack.shape[1]
    steps = np.full(many, step, np.int32)
    price = PRICE * (model.STEP[step] / 64) ** 2 * rng.uniform(0.75, 1.35, many)
    task = quantise.prepare(stack, shape, steps, price.astype(np.float32))
    choice = quantise.choose(task, known)
    if refine:
        choice = quantise.choose(task, known, quantise.influence(task, known, choice))
    area = task.area
    radii = quantise.cover(choice.levels, area)
    result = {"heads": np.column_stack([steps, *radii, np.full(many, shape), choice.bits])}
    result["means"] = stack[:, :, 0, 0].T
    limits = np.array(RADII)[radii] ** 2 * 16
    keep = defaultdict(list)
    for plane, parts in enumerate(choice.seen):
        for (start, end), seen in zip(area.halves, parts, strict=False):
            inside = area.radius[start:end] <= limits[plane][:, None]
            inside &= rng.random(inside.shape) < KEPT
            best = np.abs(choice.levels[plane][:, start:end])
            wanted = np.abs(task.targets[plane][:, start:end]) * 64 // model.STEP[step]
            keep[plane].append([part[inside].astype(np.int16) for part in (seen, best, wanted)])
    for plane, found in keep.items():
        for name, column in zip(("seen", "best", "wanted"), zip(*found, strict=True), strict=True):
            result[f"{name}{plane}"] = np.concatenate(column)
    return result


class Adam:
    """Step sizes by running moments; D. P. Kingma and J. Ba, 2015."""

    def __init__(self, arrays: list[np.ndarray]) -> None:
        self.arrays, self.count = arrays, 0
        self.first = [np.zeros_like(a) for a in arrays]
        self.second = [np.zeros_like(a) for a in arrays]

    def step(self, slopes: list[np.ndarray], rate: float) -> None:
        self.count += 1
        for array, slope, first, second in zip(self.arrays, slopes, self.first, self.second, strict=True):
            first += 0.1 * (slope - first)
            second += 0.002 * (slope * slope - second)
            size = first / (1 - 0.9**self.count) / (np.sqrt(second / (1 - 0.998**self.count)) + 1e-8)
            array -= rate * size


def fit(
    seen: np.ndarray, best: np.ndarray, steps: int, start: list | None, rng: np.random.Generator
) -> tuple[list, float]:
    """Fit one network; features count 32 as 1. Gives its arrays and the bits a level at the end."""
    sizes = (seen.shape[1], *model.HIDDEN, 3)
    arrays = start
    if arrays is None:
        arrays = []
        for inputs, outputs in zip(sizes[:-1], sizes[1:], strict=True):
            arrays += [
                rng.normal(0, math.sqrt(1.5 / inputs), (inputs, outputs)).astype(np.float32),
                np.full(outputs, 0.1, np.float32),
            ]
        arrays[4] *= 0.3
    adam, batch, average, losses = Adam(arrays), 4096, None, []
    for index in range(steps):
        rate = 4e-3 * min(1, index / 100) * (0.5 + 0.5 * math.cos(math.pi * index / steps)) + 1e-5
        pick = rng.integers(0, len(seen), batch)
        inputs, size = seen[pick].astype(np.float32) / 32, best[pick]
        one = inputs @ arrays[0] + arrays[1]
        first = np.clip(one, 0, 31)
        two = first @ arrays[2] + arrays[3]
        second = np.clip(two, 0, 31)
        out = second @ arrays[4] + arrays[5]
        goal = np.stack([size > 0, size > 1, size > 2], 1)
        counts = np.stack([np.ones_like(size), size > 0, size > 1], 1).astype(np.float32)
        chance = 1 / (1 + np.exp(-np.clip(out, -10, 10)))
        losses.append(-(counts * np.log2(np.where(goal, chance, 1 - chance))).sum() / batch)
        slope = counts * (chance - goal) / batch
        slopes = [None] * 6
        slopes[4], slopes[5] = second.T @ slope, slope.sum(0)
        back = slope @ arrays[4].T * ((two > 0) & (two < 31))
        slopes[2], slopes[3] = first.T @ back, back.sum(0)
        back = back @ arrays[2].T * ((one > 0) & (one < 31))
        slopes[0], slopes[1] = inputs.T @ back, back.sum(0)
        adam.step(slopes, rate)
        for at in (0, 2, 4):
            np.clip(arrays[at], -1.98, 1.98, out=arrays[at])
    return arrays, float(np.mean(losses[-300:]))


def whole_numbers(arrays: list) -> list[np.ndarray]:
    """Round a network to the integers of the table."""
    result = []
    for index, array in enumerate(arrays):
        # Inputs count 32 as 1, weights 64 as 1.
        result.append(
            np.clip(
                np.rint(array * (2048 if index % 2 else 64)), *((-32768, 32767) if index % 2 else (-127, 127))
            )
        )
    return result


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


def header(found: dict, known: dict) -> dict:
    """Make the tables of the header's symbols from what was found."""
    heads = found["heads"]
    step, radii, shape, bits = heads[:, 0], heads[:, 1:4], heads[:, 4], heads[:, 5]
    size = len(RADII)
    lengths = np.array([log8(max(1, int(b / 8) + 2)) // 4 for b in bits])
    parts = dict(known)
    parts["radii0"] = counts(step // 4, radii[:, 0], (model.STEP_CLASSES, size), 1.0)
    parts["radii1"] = counts(radii[:, 0], radii[:, 1], (size, size), 1.0)
    parts["radii2"] = counts(radii[:, 1], radii[:, 2], (size, size), 1.0)
    parts["steps"] = counts(lengths, step, (model.LENGTHS, model.STEPS), 2.0)
    means = np.clip(
        (found["means"] + model.MEAN_CELLS * model.MEAN_CELL // 2) // model.MEAN_CELL, 0, model.MEAN_CELLS - 1
    )
    rows = []
    for plane in range(model.PLANES):
        table = counts(np.zeros(len(means)), means[:, plane], (1, model.MEAN_CELLS), 1.0, 1000)[0]
        table = np.maximum(1, np.floor(table / table.sum() * 65000))
        table[table.argmax()] += 65536 - table.sum()
        rows.append(table)
    parts["means"] = np.array(rows)
    return parts


def main() -> None:
    """Train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with train/*.webp")
    parser.add_argument("--limit", type=int, default=1500, help="pictures to train on")
    parser.add_argument("--on", action="store_true", help="start from the shipped table, last round only")
    parser.add_argument("--rounds", type=int, default=len(ROUNDS))
    parser.add_argument("--all", action="store_true", help="hold no picture out")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    began = time.time()
    rng = np.random.default_rng(SEED)
    paths = sorted((options.data / "train").glob("*.webp"))
    paths = [path for index, path in enumerate(paths) if options.all or index % HELD_OUT]
    paths = [paths[i] for i in sorted(rng.permutation(len(paths))[: options.limit])]
    with Pool() as pool:
        pictures = pool.map(load, paths, chunksize=20)
    print(f"{len(pictures)} pictures, {time.time() - began:.0f} s", flush=True)
    known, parts = first_guess(), flat_parts()
    parts["shapes"] = np.maximum(
        1, np.rint(np.bincount([12, 14, 10, 16, 8, 12, 14, 12], minlength=SHAPES) * 40 + 2)
    )
    nets: list = [None] * model.PLANES
    numbers = range(options.rounds)
    if options.on:
        known, numbers = model.tables(), numbers[-1:]
        nets = [[array / (2048 if i % 2 else 64) for i, array in enumerate(net_arrays(net))] for net in known.nets]
        nets = [[array.astype(np.float32) for array in net] for net in nets]
    for number in numbers:
        steps = ROUNDS[number]
        found = collect(pictures, known, SHARES[number], number > 0, rng)
        print(
            f"round {number}: {[len(found[f'best{p}']) for p in range(3)]} levels, {time.time() - began:.0f} s",
            flush=True,
        )
        parts = header(found, parts)
        heads = found["heads"]
        for step in PLAN:
            chosen = heads[heads[:, 0] == step]
            print(
                f"  step {step}: {chosen[:, 5].mean() / 8:.1f} bytes, radii {np.array(RADII)[chosen[:, 1:4].astype(int)].mean(0).round(1)}"
            )
        for plane in range(model.PLANES):
            seen, best, wanted = (found[f"{name}{plane}"] for name in ("seen", "best", "wanted"))
            for index, mask in enumerate((best == 1, best == 2, best > 2)):
                shift = np.median if index == 2 else np.mean
                if mask.sum() > 50:
                    parts["shifts"][plane, index] = np.clip(
                        np.rint(shift(64 * best[mask].astype(int) - wanted[mask])), -32, 32
                    )
            print(f"  plane {plane}: {np.bincount(np.minimum(best, 9))}, shifts {parts['shifts'][plane]}")
            nets[plane], bits = fit(seen, best, steps, nets[plane], rng)
            print(
                f"  plane {plane}: {bits:.4f} bits a level, most weight {max(np.abs(a).max() for a in nets[plane]):.2f}, {time.time() - began:.0f} s",
                flush=True,
            )
        parts["escapes"] = escapes([(found[f"seen{p}"], found[f"best{p}"]) for p in range(3)])
        packed = model.pack(parts, [whole_numbers(net) for net in nets])
        known = model.unpack(packed)
        tables.write("texture-1", "texture-1.bin", packed, source="python -m training.texture")
    print(f"{len(packed)} bytes, {time.time() - began:.0f} s")


def escapes(found: list) -> np.ndarray:
    """Count how often the exponent of a large level goes on, by class of neighbours."""
    again = np.ones((model.ESCAPE_CLASSES, model.ESCAPE_BITS))
    total = np.full_like(again, 3)
    for seen, best in found:
        large = best > 2
        classes = model.escape_class(seen[large].astype(np.int32))
        exponent = np.floor(np.log2(best[large] - 2)).astype(int)
        for bit in range(model.ESCAPE_BITS):
            np.add.at(total[:, bit], classes[exponent >= bit], 1)
            np.add.at(again[:, bit], classes[exponent > bit], 1)
    return np.clip(np.rint(again / total * 65536), 2000, 60000)


if __name__ == "__main__":
    main()
