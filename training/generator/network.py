"""The trained decoder and the two networks that tell its pictures from real ones.

Decoder: maps at a quarter of the picture, three scales of residual blocks, two steps of pixel shuffling up to
the picture. What holds for the whole picture scales and shifts every block. Nothing looks further than
``reach`` maps' pixels, and nothing is normalised over the picture: tiles with that margin are exact.

Sources: U-Net, Ronneberger 2015; pixel shuffle, Shi 2016; FiLM, Perez 2018; EDSR's blocks, Lim 2017;
places that start alike, Aitken 2017; projected discriminators, Sauer 2021.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from promptcodec.generators import maps


@dataclass(frozen=True)
class Config:
    """The size of a decoder.

    Attributes:
        widths: channels at 1/4, 1/8 and 1/16 of the picture.
        blocks: residual blocks: down at 1/4 and 1/8, at 1/16, up at 1/8 and 1/4.
        half: channels at 1/2.
        batch, crop: pictures and pixels of a training step.
    """

    widths: tuple[int, int, int]
    blocks: tuple[int, int, int, int, int]
    half: int
    batch: int
    crop: int
    rate: float


CONFIGS = {
    "tiny": Config((8, 8, 8), (1, 1, 1, 1, 1), 4, 2, 64, 5e-4),  # for the tests
    "small": Config((48, 80, 128), (1, 2, 3, 1, 2), 24, 8, 128, 5e-4),
    "base": Config((96, 192, 320), (2, 3, 4, 3, 3), 48, 48, 192, 4e-4),
}
_VECTOR = 96


def _around(inputs: int, outputs: int) -> nn.Conv2d:
    """Make a convolution of 3x3; beyond the edges is what is at them, so the network cannot tell an edge."""
    return nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="replicate")


def _spread(layer: nn.Conv2d) -> nn.Conv2d:
    """Let the four places that a value becomes start alike: an untrained network has no lattice."""
    with torch.no_grad():
        assert layer.bias is not None
        for each in (layer.weight, layer.bias):
            each.copy_(each[::4].repeat_interleave(4, 0))
    return layer


class Block(nn.Module):
    """Two convolutions around a modulation, added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _around(width, width)
        self.second = _around(width, width)
        self.modulate = nn.Linear(_VECTOR, 2 * width)
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)
        with torch.no_grad():
            self.second.weight.mul_(0.2)

    def forward(self, x: torch.Tensor, whole: torch.Tensor) -> torch.Tensor:
        """Add what the block finds."""
        scale, shift = self.modulate(whole)[..., None, None].chunk(2, 1)
        inner = functional.relu(self.first(x) * (1 + scale) + shift)
        out: torch.Tensor = x + self.second(inner)
        return out


def enlarged(picture: torch.Tensor, factor: int) -> torch.Tensor:
    """Enlarge a picture bilinearly."""
    return functional.interpolate(picture, scale_factor=float(factor), mode="bilinear", align_corners=False)


class Decoder(nn.Module):
    """From ``(n, DEPTH, h, w)`` maps and ``(n, VECTOR)`` to ``(n, 3, 4 h, 4 w)`` sRGB from -1 to 1."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        quarter, eighth, deep = config.widths
        stages = zip((quarter, eighth, deep, eighth, quarter), config.blocks, strict=True)
        self.stages = nn.ModuleList(
            nn.ModuleList(Block(width) for _ in range(count)) for width, count in stages
        )
        self.whole = nn.Sequential(
            nn.Linear(maps.VECTOR, _VECTOR), nn.ReLU(), nn.Linear(_VECTOR, _VECTOR), nn.ReLU()
        )
        self.enter = _around(maps.DEPTH, quarter)
        self.down = nn.ModuleList([nn.Conv2d(quarter, eighth, 2, 2), nn.Conv2d(eighth, deep, 2, 2)])
        self.up = nn.ModuleList(
            [_spread(nn.Conv2d(deep, eighth * 4, 1)), _spread(nn.Conv2d(eighth, quarter * 4, 1))]
        )
        self.widen = _spread(_around(quarter, config.half * 4))
        self.refine = _around(config.half, config.half)
        self.leave = _spread(_around(config.half, 12))
        with torch.no_grad():
            self.leave.weight.mul_(0.1)
            self.leave.bias.zero_()

    def forward(self, given: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
        """Draw."""
        whole = self.whole(vector)
        x = self.enter(given)
        kept = []
        for number, stage in enumerate(self.stages):
            if number in {1, 2}:
                kept.append(x)
                x = self.down[number - 1](x)
            elif number > 2:
                x = functional.pixel_shuffle(self.up[number - 3](x), 2) + kept.pop()
            for block in stage:
                x = block(x, whole)
        x = functional.relu(functional.pixel_shuffle(self.widen(x), 2))
        x = functional.relu(self.refine(x)) + x
        drawn = functional.pixel_shuffle(self.leave(x), 2)
        return enlarged(given[:, :3], maps.FACTOR) + drawn


def reach(config: Config) -> int:
    """Give how many pixels of the maps away anything matters, rounded up to 4."""
    steps = (1, 2, 4, 2, 1)
    blocks = sum(2 * count * step for count, step in zip(config.blocks, steps, strict=True))
    # Entering 1, leaving 1 + 2 at half size; halving and doubling shift by less than a pixel of each scale.
    return -(-(blocks + 3 + 6) // 4) * 4


class PixelJudge(nn.Module):
    """Looks at pixels, beside the colours the decoder was given; a score for each 8x8."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        sizes = (6 * 16, width, 2 * width)
        self.enter = spectral_norm(nn.Conv2d(sizes[0], sizes[1], 3, padding=1))
        self.middle = spectral_norm(nn.Conv2d(sizes[1], sizes[2], 4, 2, 1))
        self.inner = spectral_norm(nn.Conv2d(sizes[2], sizes[2], 3, padding=1))
        self.leave = spectral_norm(nn.Conv2d(sizes[2], 1, 1))

    def forward(self, picture: torch.Tensor, below: torch.Tensor) -> torch.Tensor:
        """Score a picture, below being its texture layer, enlarged."""
        x = functional.pixel_unshuffle(torch.cat([picture, picture - below], 1), 4)
        for layer in (self.enter, self.middle, self.inner):
            x = functional.leaky_relu(layer(x), 0.2)
        score: torch.Tensor = self.leave(x)
        return score


class FeatureJudge(nn.Module):
    """Looks at features of a fixed network, each scale by itself."""

    def __init__(self, widths: tuple[int, ...], inner: int = 48) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                spectral_norm(nn.Conv2d(width, inner, 1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(inner, inner, 3, padding=1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(inner, 1, 1)),
            )
            for width in widths
        )

    def forward(self, features: list[torch.Tensor]) -> list[torch.Tensor]:
        """Score each scale."""
        return [head(each) for head, each in zip(self.heads, features, strict=True)]
