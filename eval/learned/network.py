"""The codec's networks: analysis, synthesis, hyperprior, and the recurrent model of the slices.

What is as published, and what is not, stands in docs/measurements/learned.md.

Source: X. Duan, S. Ma, H. Liu, C. Jia, "PKU-AIGI-500K: a neural compression benchmark and model for
AI-generated images", IEEE JETCAS 2024; hyperprior, J. Balle and others, "Variational image compression with a
scale hyperprior", 2018; slices, rounding and the correction of what was rounded, D. Minnen, S. Singh,
"Channel-wise autoregressive entropy models for learned image compression", 2020; sizes of the heads, J. Liu,
H. Sun, J. Katto, "Learned image compression with mixed transformer-CNN architectures", 2023; one model for
several rates, Z. Cui and others, "Asymmetric gained deep image compression with continuous rate adaptation",
2021.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from eval.learned.blocks import Attention, Block, Doubling, Recurrent, Residual, Words, conv, double
from eval.learned.stream import LAMBDAS, RATES
from eval.learned.text import TextEncoder, TextShape

# Sides of a picture are padded to a multiple of this: 2 to the number of halvings.
GRAIN = 64
SMALLEST_SCALE = 0.11
# Logistic curves in the sum that is the prior of a hyper latent.
CURVES = 3
# Hyper latents are in -HYPER_LARGEST..HYPER_LARGEST.
HYPER_LARGEST = 31


@dataclass(frozen=True)
class Shape:
    """Sizes of a codec.

    Attributes:
        widths: channels of the analysis at a half, a quarter and an eighth of the side.
        heads: channels of a head of attention there.
        latent, hyper: channels of the latents and of the hyper latents.
        slices: of the latents' channels.
        inner: channels inside the hyper transforms.
        attention: channels of the entropy model's attention; ``units`` blocks in each of its branches.
        hidden: channels inside what gives means, and scales; ``correction``, inside what corrects a slice.
        text: sizes of the text encoder.
    """

    widths: tuple[int, int, int]
    heads: tuple[int, int, int]
    latent: int
    hyper: int
    slices: int
    inner: int
    attention: int
    units: int
    hidden: tuple[int, ...]
    correction: tuple[int, ...]
    text: TextShape

    @property
    def slice(self) -> int:
        """Give the channels of a slice."""
        return self.latent // self.slices


SIZES = {
    "small": Shape(
        (24, 40, 48), (24, 20, 24), 80, 32, 5, 32, 32, 1, (48,), (48,), TextShape(48, 1, 4, 2048)
    ),
    "base": Shape(
        (256, 256, 256), (8, 16, 32), 320, 192, 5, 256, 192, 3, (224, 128), (512, 352, 192),
        TextShape(512, 6, 8, 16384),
    ),
}  # fmt: skip


class Coded(NamedTuple):
    """What training sees of a batch.

    Attributes:
        pictures: as decoded.
        bits: of each picture.
    """

    pictures: Tensor
    bits: Tensor


class State(NamedTuple):
    """What the entropy model remembers of the slices so far, for means and for scales."""

    mean: Tensor
    scale: Tensor


class _Analysis(nn.Module):
    def __init__(self, shape: Shape, words: int) -> None:
        super().__init__()
        sizes = list(zip((3, *shape.widths), shape.widths, shape.heads, strict=False))
        self.halvings = nn.ModuleList(Residual(before, width, 2) for before, width, _ in sizes)
        self.blocks = nn.ModuleList(Block(width, head, words) for _, width, head in sizes)
        self.last = conv(shape.widths[-1], shape.latent, 2)

    def forward(self, values: Tensor, words: Words) -> Tensor:
        for halve, block in zip(self.halvings, self.blocks, strict=True):
            values = block(halve(values), words)
        return self.last(values)


class _Synthesis(nn.Module):
    def __init__(self, shape: Shape, words: int) -> None:
        super().__init__()
        widths, heads = shape.widths[::-1], shape.heads[::-1]
        sizes = list(zip((shape.latent, *widths), widths, heads, strict=False))
        self.doublings = nn.ModuleList(Doubling(before, width) for before, width, _ in sizes)
        self.blocks = nn.ModuleList(Block(width, head, words) for _, width, head in sizes)
        self.last = double(widths[-1], 3)

    def forward(self, values: Tensor, words: Words) -> Tensor:
        for doubling, block in zip(self.doublings, self.blocks, strict=True):
            values = block(doubling(values), words)
        return self.last(values)


class _HyperAnalysis(nn.Module):
    def __init__(self, shape: Shape, words: int) -> None:
        super().__init__()
        self.first = Residual(shape.latent, shape.inner, 2)
        self.block = Block(shape.inner, 32, words)
        self.last = conv(shape.inner, shape.hyper, 2)

    def forward(self, latents: Tensor, words: Words) -> Tensor:
        return self.last(self.block(self.first(latents), words))


class _Path(nn.Module):
    """One of two alike: to the means, and to the scales."""

    def __init__(self, shape: Shape, words: int) -> None:
        super().__init__()
        self.first = Doubling(shape.hyper, shape.inner)
        self.block = Block(shape.inner, 32, words)
        self.last = double(shape.inner, shape.latent)
        self.unit = Recurrent(shape.latent, shape.slice)
        self.attention = Attention(shape.latent, shape.attention, shape.units, words)
        self.out = _stack((shape.latent, *shape.hidden, shape.slice))

    def start(self, hyper: Tensor, words: Words) -> Tensor:
        return self.last(self.block(self.first(hyper), words))

    def parameters_of(self, state: Tensor, words: Words) -> Tensor:
        return self.out(self.attention(state, words))


class Codec(nn.Module):
    """All networks, with a gain of each channel at each rate.

    Args:
        shape: sizes.
        text: maps a list of texts to ``Words`` and has a ``width``; an encoder of its own where not given.
    """

    def __init__(self, shape: Shape, text: nn.Module | None = None) -> None:
        super().__init__()
        self.shape = shape
        self.text = text or TextEncoder(shape.text)
        width = int(self.text.width)
        self.analysis = _Analysis(shape, width)
        self.synthesis = _Synthesis(shape, width)
        self.hyper_analysis = _HyperAnalysis(shape, width)
        self.means, self.scales = _Path(shape, width), _Path(shape, width)
        self.correction = _stack((2 * shape.latent + shape.slice, *shape.correction, shape.slice))
        # Steps go with the root of what an error costs.
        steps = torch.tensor([math.log(each / LAMBDAS[-1]) / 2 for each in LAMBDAS])[:, None]
        self.gain = nn.Parameter(steps.repeat(1, shape.latent))
        self.ungain = nn.Parameter(-steps.repeat(1, shape.latent))
        self.prior = nn.Parameter(_prior().repeat(RATES, shape.hyper, 1, 1))

    def analyse(self, pictures: Tensor, words: Words, rates: Tensor) -> tuple[Tensor, Tensor]:
        """Give latents, with their gain, and hyper latents.

        Args:
            pictures: RGB 0..1, pictures x 3 x rows x columns; GRAIN divides the sides.
            words: of each.
            rates: index into LAMBDAS of each.
        """
        latents = self.analysis(pictures - 0.5, words).float() * _each(self.gain[rates]).exp()
        return latents, self.hyper_analysis(latents, words).float()

    def synthesise(self, latents: Tensor, words: Words, rates: Tensor) -> Tensor:
        """Give pictures, 0..1 but not clipped."""
        return self.synthesis(latents * _each(self.ungain[rates]).exp(), words).float() + 0.5

    def start(self, hyper: Tensor, words: Words) -> State:
        """Give the state before the first slice, from whole hyper latents."""
        return State(self.means.start(hyper, words), self.scales.start(hyper, words))

    def expect(self, state: State, words: Words) -> tuple[Tensor, Tensor]:
        """Give means and scales of the next slice."""
        scale = self.scales.parameters_of(state.scale, words).float()
        return self.means.parameters_of(state.mean, words).float(), SMALLEST_SCALE + functional.softplus(
            scale
        )

    def correct(self, state: State, rounded: Tensor) -> Tensor:
        """Give a slice, corrected by at most half a step, from its whole numbers with their means."""
        seen = torch.cat((state.mean, state.scale, rounded), 1)
        return rounded + 0.5 * torch.tanh(self.correction(seen).float())

    def remember(self, state: State, slice_: Tensor) -> State:
        """Give the state behind a slice."""
        return State(self.means.unit(state.mean, slice_), self.scales.unit(state.scale, slice_))

    def forward(self, pictures: Tensor, texts: Sequence[str], rates: Tensor) -> Coded:
        """Code as training does: bits of latents with noise, pictures from rounded ones."""
        words = self.text(texts)
        latents, hyper = self.analyse(pictures, words, rates)
        bits = _sum(hyper_bits(_noisy(hyper), self.prior[rates]))
        state = self.start(_rounded(hyper), words)
        slices: list[Tensor] = []
        for slice_ in latents.chunk(self.shape.slices, 1):
            if slices:
                state = self.remember(state, slices[-1])
            mean, scale = self.expect(state, words)
            bits = bits + _sum(latent_bits(_noisy(slice_ - mean), scale))
            slices.append(self.correct(state, _rounded(slice_ - mean) + mean))
        return Coded(self.synthesise(torch.cat(slices, 1), words, rates), bits)


def latent_bits(levels: Tensor, scale: Tensor) -> Tensor:
    """Give the bits of levels, whole or with noise, under a normal distribution around 0."""
    size = levels.abs()
    near, far = (torch.special.log_ndtr((edge - size) / scale) for edge in (0.5, -0.5))
    return -(near + torch.log(-torch.expm1(far - near))) / math.log(2)


def hyper_bits(levels: Tensor, prior: Tensor) -> Tensor:
    """Give the bits of hyper latents under a sum of logistic curves for each channel.

    Args:
        levels: pictures x channels x rows x columns.
        prior: pictures x channels x 3 x CURVES: weight, place and width, as logarithms but the place.
    """
    weight, place, width = (each[:, :, None, None] for each in prior.float().unbind(2))
    narrow = torch.exp(-width)
    off = levels[..., None] - place
    above = functional.logsigmoid((off + 0.5) * narrow)
    below = functional.logsigmoid((0.5 - off) * narrow)
    each = above + below + torch.log(-torch.expm1(-narrow))
    return -torch.logsumexp(functional.log_softmax(weight, -1) + each, -1) / math.log(2)


def save(codec: Codec, others: Sequence[str]) -> dict[str, Any]:
    """Give what a file keeps of a codec: shape, weights, and ``others``, prompts of training pictures."""
    return {"shape": asdict(codec.shape), "weights": codec.state_dict(), "others": list(others)}


def restore(kept: dict[str, Any]) -> Codec:
    """Make the codec of what ``save`` gave."""
    sizes = {name: tuple(each) if isinstance(each, list) else each for name, each in kept["shape"].items()}
    codec = Codec(Shape(**{**sizes, "text": TextShape(**sizes["text"])}))
    codec.load_state_dict(kept["weights"])
    return codec.eval()


def _stack(sizes: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [conv(before, after), nn.GELU()]
    return nn.Sequential(*layers[:-1])


def _prior() -> Tensor:
    return torch.tensor([[0.0] * CURVES, [-2.0, 0.0, 2.0], [0.5] * CURVES])


def _each(values: Tensor) -> Tensor:
    return values[:, :, None, None]


def _sum(bits: Tensor) -> Tensor:
    return bits.flatten(1).sum(1)


def _noisy(values: Tensor) -> Tensor:
    return values + torch.rand_like(values) - 0.5


def _rounded(values: Tensor) -> Tensor:
    """Round, as if that had no influence on slopes."""
    return values + (values.round() - values).detach()
