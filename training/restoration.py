"""Make the table ``restoration-1``: train the network that restores a decoded texture layer.

    pip install torch
    python -m training.restoration --data DIR

quantises the allow-listed pictures of DIR/train, and a part of each, with the shipped ``texture-1``, twice
each, and takes about half an hour of one core. Every seventh picture is held out for the figures printed.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from promptcodec import models
from promptcodec.layers.texture.dct import model, restoration
from promptcodec.layers.texture.dct.content import Content, dequantise
from promptcodec.layers.texture.dct.encoder import quantise
from promptcodec.layers.texture.dct.encoder.search import PRICE
from promptcodec.layers.texture.dct.frequencies import RADII
from training import tables
from training.pictures import allowed
from training.texture import HELD_OUT, load

SEED = 3
# Quantiser steps trained on, and how often each picture is quantised with one of them.
FINEST, COARSEST, TIMES = 7, 32, 2
# Parts cut at random from each picture: they are pictures too, and twice as many do not look alike.
PARTS = 1
BATCH = 16
STEPS = 4800
RATE = 2e-3


class Network(torch.nn.Module):
    """The network of ``layers.texture.dct.restoration``, for pictures of one shape and several steps."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList(
            torch.nn.Conv2d(inputs, outputs, 3, padding=1) for inputs, outputs in restoration.LAYERS
        )
        with torch.no_grad():
            for layer in self.layers[2:-1:2]:
                layer.weight *= 0.2
            self.layers[-1].weight.zero_()
            self.layers[-1].bias.zero_()

    def forward(self, pictures: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
        """Give what to add to pictures ``(many, PLANES, rows, columns)``."""
        folded = torch.nn.functional.pixel_unshuffle(pictures, 2)
        many, _, rows, columns = folded.shape
        index = (steps[:, None, None, None] - restoration.MIDDLE) / 8
        size = torch.exp2(index)
        own = (
            index,
            torch.linspace(-1, 1, rows)[:, None],
            torch.linspace(-1, 1, columns).abs(),
            torch.ones(()),
            size,
        )
        seen = torch.cat([folded, *(each.expand(many, 1, rows, columns) for each in own)], 1)
        state = torch.relu(self.layers[0](seen.contiguous(memory_format=torch.channels_last)))
        for first, second in zip(self.layers[1:-1:2], self.layers[2:-1:2], strict=True):
            state = state + second(torch.relu(first(state)))
        return torch.nn.functional.pixel_shuffle(self.layers[-1](torch.relu(state)).float() * size, 2)

    def packed(self) -> bytes:
        """Give the table's content."""
        return restoration.pack(
            [
                (
                    layer.weight.detach().permute(2, 3, 1, 0).reshape(-1, layer.out_channels).numpy(),
                    layer.bias.detach().numpy(),
                )
                for layer in self.layers
            ]
        )


def quantised(pictures: list, rng: np.random.Generator) -> dict:
    """Give decoded and true amplitudes and steps, by shape."""
    groups = defaultdict(list)
    for index, (shape, _) in enumerate(pictures):
        groups[shape].append(index)
    samples = defaultdict(list)
    for shape, members in groups.items():
        for index in members * TIMES:
            step = int(rng.integers(FINEST, COARSEST + 1))
            samples[shape].append(decoded(pictures[index][1], shape, step, rng))
    return samples


def decoded(planes: np.ndarray, shape: int, step: int, rng: np.random.Generator) -> tuple:
    """Quantise ``(PLANES, down, across)`` amplitudes; give what is decoded, the truth, the step."""
    price = round(PRICE * model.STEP[step] ** 2 * rng.uniform(0.75, 1.35))
    task = quantise.prepare(planes, shape, step, model.tables())
    choice = quantise.choose(task, price)
    choice = quantise.choose(task, price, quantise.influence(task, choice.levels))
    means = tuple(round(int(plane[0, 0]) / model.STEP[step]) for plane in planes)
    last = len(RADII) - 1
    content = Content(shape, step, False, (last,) * model.PLANES, means, tuple(choice.levels))
    return dequantise(content).astype(np.int16), planes.astype(np.int16), step


def batches(samples: dict, rng: np.random.Generator) -> Iterator[tuple[torch.Tensor, ...]]:
    """Give pictures, true pictures and steps, mirrored at random, without end."""
    shapes = sorted(samples)
    weights = np.array([len(samples[shape]) for shape in shapes]) / sum(map(len, samples.values()))
    while True:
        shape = int(rng.choice(shapes, p=weights))
        some = [samples[shape][index] for index in rng.integers(0, len(samples[shape]), BATCH)]
        mirror = np.ones(some[0][0].shape[-1], np.float32)
        mirror[1::2] = rng.choice((-1, 1))
        first, second = (
            torch.from_numpy(restoration.sample(np.stack([each[k] for each in some]) * mirror, shape))
            for k in (0, 1)
        )
        yield first, second, torch.tensor([each[2] for each in some])


def fit(network: Network, samples: dict, rng: np.random.Generator) -> Network:
    """Train on the error left as a share of what there was; give the running mean of the weights."""
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=1e-4)
    mean, left = copy.deepcopy(network), 0.0
    for number, (pictures, truth, step) in zip(range(STEPS), batches(samples, rng), strict=False):
        rate = RATE * min(1, number / 100) * (0.5 + 0.5 * math.cos(math.pi * number / STEPS)) + 1e-6
        optimiser.param_groups[0]["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16):
            added = network(pictures, step)
        before = ((pictures - truth) ** 2).mean((1, 2, 3))
        after = ((pictures + added - truth) ** 2).mean((1, 2, 3))
        loss = (after / (before + 2e-3)).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1)
        optimiser.step()
        with torch.no_grad():
            for kept, new in zip(mean.parameters(), network.parameters(), strict=True):
                kept.lerp_(new, 1 - min(0.998, (number + 1) / (number + 21)))
        left += loss.item() / 100
        if number % 100 == 99:
            print(f"  {number + 1}: {left:.4f} of the error is left", flush=True)
            left = 0.0
    return mean


def write(network: Network) -> None:
    """Write the table, for whoever loads it next."""
    tables.write(
        "restoration-1",
        "restoration-1.bin",
        network.packed(),
        source="python -m training.restoration --data DIR",
    )
    models.load.cache_clear()
    restoration.network.cache_clear()
    restoration.forward.cache_clear()


def check(samples: dict) -> None:
    """Print what the written table leaves of the error of held-out pictures, by step."""
    left = defaultdict(list)
    for shape, members in samples.items():
        for planes, truth, step in members:
            errors = [
                ((restoration.sample(each, shape) - restoration.sample(truth, shape)) ** 2).mean()
                for each in (planes, restoration.restore(planes, shape, step))
            ]
            left[step // 4 * 4].append(10 * np.log10((errors[0] + 1e-4) / (errors[1] + 1e-4)))
    print("held out, dB of the low frequencies by step: " + ", ".join(
        f"{step}: {np.mean(gains):+.2f}" for step, gains in sorted(left.items())
    ), flush=True)  # fmt: skip


def main() -> None:
    """Train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with train/")
    options = parser.parse_args()
    began = time.time()
    rng = np.random.default_rng(SEED)
    torch.manual_seed(SEED)
    paths = allowed(options.data)
    held_out = [load(path) for path in paths[:: 4 * HELD_OUT]]
    chosen = [path for index, path in enumerate(paths) if index % HELD_OUT]
    pictures = [load(path) for path in chosen] + [load(path, rng) for path in chosen for _ in range(PARTS)]
    samples = quantised(pictures, rng)
    print(f"{sum(map(len, samples.values()))} pictures quantised, {time.time() - began:.0f} s", flush=True)
    network = fit(Network().to(memory_format=torch.channels_last), samples, rng)
    write(network)
    check(quantised(held_out, rng))
    print(f"{len(network.packed())} bytes, {time.time() - began:.0f} s")


if __name__ == "__main__":
    main()
