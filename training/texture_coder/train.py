"""Train the learned texture coder.

    python -m training.texture_coder.train PACKED -o RUN --minutes 70

It goes on from RUN/state.pt where there is one, and keeps that every few minutes.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from pathlib import Path

import numpy as np
import torch

from training.texture_coder.network import CELL, FINEST, PRICE, SCALE, Coder

PLACES = 1536
"""Grid places of a batch."""
SHARES = (0.5, 0.6, 0.9, 1.2, 1.2, 1.1, 1.1, 1.0, 1.0, 0.8)
"""How often a size class is drawn."""
QUALITIES = ((26, 44), (26, 44), (22, 44), (18, 44), (14, 43), *[(12, 42)] * 5)
"""Lowest and highest quality, by size class."""
RATE, LEAST_RATE, WARM = 7e-4, 5e-6, 200
LINE_RATE = 0.25
"""Rate of the linear transforms, as a share: they start near where they end."""
HEAD_BITS = 16
"""Bits of a part that are not levels."""
WILD = 20.0
"""Slopes longer than this are left out."""
MEAN = 0.999
KEEP = 120.0
"""Seconds between two states that are kept."""
SHOW = 100
BLOCKS = 40000
"""Blocks whose principal components the training starts from."""

Packed = dict[str, np.ndarray]


class Batches:
    """Canvases by chance, of one grid at a time."""

    def __init__(self, packed: Packed, rng: np.random.Generator) -> None:
        self.packed, self.rng, self.names = packed, rng, sorted(packed)
        sizes = np.array([int(name[0]) for name in self.names])
        counts = np.array([len(packed[name]) for name in self.names], float)
        weights = counts * np.array(SHARES)[sizes] / np.bincount(sizes, counts)[sizes]
        self.weights = weights / weights.sum()

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Give pixels in units of SCALE, and qualities."""
        rng = self.rng
        name = self.names[int(rng.choice(len(self.names), p=self.weights))]
        size, rows, columns = map(int, name.split("_"))
        members = self.packed[name]
        count = max(2, PLACES // (rows * columns))
        pixels = members[rng.integers(0, len(members), count)]
        flip = rng.random(count) < 0.5
        pixels[flip] = pixels[flip, :, ::-1]
        quality = torch.from_numpy(rng.uniform(*QUALITIES[size], count).astype(np.float32))
        given = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().float()
        return (given - 127.5) / SCALE, quality


def blocks(packed: Packed) -> torch.Tensor:
    """Give blocks of canvases ``(n, 3 * CELL**2)`` in units of SCALE, by colour, row and column."""
    parts = []
    for name, members in packed.items():
        size, rows, columns = map(int, name.split("_"))
        if 2 <= size <= 5:
            apart = members[:200].reshape(-1, rows, CELL, columns, CELL, 3)
            parts.append(apart.transpose(0, 1, 3, 5, 2, 4).reshape(-1, 3 * CELL**2))
    result = np.concatenate(parts)
    result = result[:: max(1, len(result) // BLOCKS)]
    return torch.from_numpy((result.astype(np.float32) - 127.5) / SCALE)


class Run:
    """What is trained, and how far it is.

    Attributes:
        number: steps that were made.
        spent: seconds that they took.
    """

    def __init__(self, path: Path, packed: Packed) -> None:
        self.path, self.number, self.spent = path, 0, 0.0
        self.coder = Coder().to(memory_format=torch.channels_last)
        self.mean = copy.deepcopy(self.coder)
        line = [*self.coder.line_in.parameters(), *self.coder.line_out.parameters()]
        others = [each for each in self.coder.parameters() if all(each is not own for own in line)]
        self.optimiser = torch.optim.Adam([{"params": others}, {"params": line}], RATE)
        if path.exists():
            kept = torch.load(path, weights_only=True)
            for name in ("coder", "mean", "optimiser"):
                getattr(self, name).load_state_dict(kept[name])
            self.number, self.spent = kept["number"], kept["spent"]
        else:
            self.coder.start(blocks(packed))
            self.mean.load_state_dict(self.coder.state_dict())

    def save(self) -> None:
        """Keep what is needed to go on."""
        states = {name: getattr(self, name).state_dict() for name in ("coder", "mean", "optimiser")}
        new = self.path.with_suffix(".new")
        torch.save({**states, "number": self.number, "spent": self.spent}, new)
        new.replace(self.path)

    def step(self, pixels: torch.Tensor, quality: torch.Tensor, part: float) -> list[float]:
        """Learn of a batch.

        Args:
            pixels: in units of SCALE.
            quality: of each.
            part: how much of the time is over, 0..1.

        Returns:
            loss, length of the slope, bytes and PSNR.
        """
        rate = RATE * min(1, (self.number + 1) / WARM) * (0.5 + 0.5 * math.cos(math.pi * part)) + LEAST_RATE
        for group, share in zip(self.optimiser.param_groups, (1, LINE_RATE), strict=True):
            group["lr"] = rate * share
        bits, error, _ = self.coder(pixels, quality)
        price = PRICE * (FINEST * torch.exp2(quality / 8)) ** 2
        loss = torch.log2(error + price * (bits.sum(1) + HEAD_BITS)).mean()
        self.optimiser.zero_grad()
        loss.backward()
        norm = float(torch.nn.utils.clip_grad_norm_(self.coder.parameters(), 1.0))
        if norm < WILD:  # nor where it is no number
            self.optimiser.step()
        keep = min(MEAN, (self.number + 1) / (self.number + 11))
        with torch.no_grad():
            for ours, new in zip(self.mean.parameters(), self.coder.parameters(), strict=True):
                ours.lerp_(new, 1 - keep)
        self.number += 1
        psnr = 10 * math.log10(255**2 / (error.mean().item() / pixels[0].numel()))
        return [loss.item(), norm, bits.sum(1).mean().item() / 8, psnr]


def main() -> None:
    """Train."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("packed", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=70)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    packed = dict(np.load(options.packed / "train.npz"))
    run = Run(options.output / "state.pt", packed)
    rng = np.random.default_rng((options.seed, run.number))
    batches = Batches(packed, rng)
    run.coder.train()
    began, last, figures = time.monotonic() - run.spent, time.monotonic(), []
    while run.spent < 60 * options.minutes:
        figures.append(run.step(*batches.draw(), run.spent / (60 * options.minutes)))
        now = time.monotonic()
        run.spent = now - began
        if run.number % SHOW == 0:
            values = zip(("loss", "norm", "bytes", "dB"), np.mean(figures, 0), strict=True)
            text = " ".join(f"{name} {value:.4g}" for name, value in values)
            print(f"{run.number} {run.spent:.0f}s {text}", flush=True)
            figures.clear()
        if now - last > KEEP:
            last = now
            run.save()
    run.save()


if __name__ == "__main__":
    main()
