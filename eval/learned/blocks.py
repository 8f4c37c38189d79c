"""Blocks of the codec: convolutions that halve and double, and cross-attention to the words.

Source: residual blocks and divisive normalisation, Z. Cheng and others, "Learned image compression with
discretized Gaussian mixture likelihoods and attention modules", 2020, and N. Johnston and others,
"Computationally efficient neural image compression", 2019; cross-attention, X. Duan and others,
"PKU-AIGI-500K: a neural compression benchmark and model for AI-generated images", 2024; gates, J.-B. Alayrac
and others, "Flamingo: a visual language model for few-shot learning", 2022.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

# Where gates start. From 0, where they do nothing, Adam would take them there in thousands of steps.
GATE = 0.1


class Words(NamedTuple):
    """The words of some pictures.

    Attributes:
        tokens: a vector for each, pictures x tokens x width.
        there: which tokens are no padding, pictures x tokens.
    """

    tokens: Tensor
    there: Tensor


def conv(inputs: int, outputs: int, stride: int = 1, side: int = 3) -> nn.Conv2d:
    """Make a convolution that keeps the size, or divides it by the stride."""
    return nn.Conv2d(inputs, outputs, side, stride, side // 2)


def double(inputs: int, outputs: int, side: int = 3) -> nn.Sequential:
    """Make what doubles the size: a convolution, and its channels dealt out over four pixels."""
    return nn.Sequential(conv(inputs, 4 * outputs, 1, side), nn.PixelShuffle(2))


class Normalise(nn.Module):
    """Divide each channel by a weighted sum of the magnitudes of all, or multiply by it."""

    def __init__(self, channels: int, *, inverse: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(0.1 * torch.eye(channels)[..., None, None])
        self.bias = nn.Parameter(torch.ones(channels))
        self.inverse = inverse

    def forward(self, inputs: Tensor) -> Tensor:
        """Normalise."""
        sums = functional.conv2d(inputs.abs(), self.weight.abs(), self.bias.abs() + 1e-3)
        return inputs * sums if self.inverse else inputs / sums


class Residual(nn.Module):
    """Two convolutions beside a short way; ``stride`` 2 halves the size."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        last = nn.LeakyReLU() if stride == 1 else Normalise(outputs)
        self.long = nn.Sequential(conv(inputs, outputs, stride), nn.LeakyReLU(), conv(outputs, outputs), last)
        same = inputs == outputs and stride == 1
        # Not 1x1 on RGB: in torch 2.13 on processors its slopes in channels_last and float32 overwrite
        # memory that is not theirs.
        self.short = nn.Identity() if same else conv(inputs, outputs, stride, 3 if inputs == 3 else 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Run it."""
        return self.long(inputs) + self.short(inputs)


class Doubling(nn.Module):
    """The same, doubling the size."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.long = nn.Sequential(
            double(inputs, outputs), nn.LeakyReLU(), conv(outputs, outputs), Normalise(outputs, inverse=True)
        )
        self.short = double(inputs, outputs, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Run it."""
        return self.long(inputs) + self.short(inputs)


class Asking(nn.Module):
    """Cross-attention: places of the picture ask, words answer; then two layers at each place.

    What the words answer is weighted, channel by channel, by what the picture is like as a whole, and comes
    in through a gate: where that is 0 the words change nothing.
    """

    def __init__(self, channels: int, head: int, words: int) -> None:
        super().__init__()
        self.head = head
        self.before = nn.LayerNorm(channels)
        self.question = nn.Linear(channels, channels)
        self.answers = nn.Linear(words, 2 * channels)
        self.mix = nn.Linear(channels, channels)
        self.after = nn.Linear(channels, channels)
        self.gate = nn.Parameter(torch.tensor(GATE))
        self.each = nn.Sequential(
            nn.LayerNorm(channels),
            nn.Linear(channels, 4 * channels),
            nn.GELU(),
            nn.Linear(4 * channels, channels),
        )

    def forward(self, inputs: Tensor, words: Words) -> Tensor:
        """Run it on pictures x channels x rows x columns."""
        places = inputs.permute(0, 2, 3, 1)
        places = places + torch.tanh(self.gate) * self.attend(self.before(places), words)
        return (places + self.each(places)).permute(0, 3, 1, 2)

    def attend(self, places: Tensor, words: Words) -> Tensor:
        """Give what the words answer at each place."""
        count, rows, columns, channels = places.shape
        keys, values = self.answers(words.tokens).chunk(2, -1)
        values = values * torch.sigmoid(self.mix(places.mean((1, 2))))[:, None]

        def heads(vectors: Tensor) -> Tensor:
            return vectors.reshape(count, -1, channels // self.head, self.head).transpose(1, 2)

        answered = functional.scaled_dot_product_attention(
            heads(self.question(places)), heads(keys), heads(values), words.there[:, None, None]
        )
        return self.after(answered.transpose(1, 2).reshape(count, rows, columns, channels))


class Block(nn.Module):
    """A convolution, cross-attention and a residual block, beside a short way."""

    def __init__(self, channels: int, head: int, words: int) -> None:
        super().__init__()
        self.first = conv(channels, channels)
        self.asking = Asking(channels, head, words)
        self.last = Residual(channels, channels)

    def forward(self, inputs: Tensor, words: Words) -> Tensor:
        """Run it."""
        return inputs + self.last(self.asking(self.first(inputs), words))


class Attention(nn.Module):
    """Attention of the entropy model: a part that was weighted by another part, which asked the words."""

    def __init__(self, channels: int, inner: int, units: int, words: int) -> None:
        super().__init__()
        self.first = conv(channels, inner, 1, 1)
        self.asking = Asking(inner, 16, words)
        self.part = nn.Sequential(*(_Bottleneck(inner) for _ in range(units)))
        self.weight = nn.Sequential(*(_Bottleneck(inner) for _ in range(units)), conv(inner, inner, 1, 1))
        self.last = conv(inner, channels, 1, 1)

    def forward(self, inputs: Tensor, words: Words) -> Tensor:
        """Run it."""
        inner = self.first(inputs)
        weight = torch.sigmoid(self.weight(self.asking(inner, words)))
        return self.last(inner + self.part(inner) * weight)


class _Bottleneck(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.long = nn.Sequential(
            conv(channels, half, 1, 1), nn.GELU(), conv(half, half), nn.GELU(), conv(half, channels, 1, 1)
        )

    def forward(self, inputs: Tensor) -> Tensor:
        return functional.gelu(inputs + self.long(inputs))


class Recurrent(nn.Module):
    """A gated recurrent unit of convolutions; K. Cho and others, 2014, N. Ballas and others, 2016."""

    def __init__(self, state: int, inputs: int) -> None:
        super().__init__()
        self.gates = conv(state + inputs, 2 * state)
        self.candidate = conv(state + inputs, state)

    def forward(self, state: Tensor, inputs: Tensor) -> Tensor:
        """Give the next state."""
        update, reset = torch.sigmoid(self.gates(torch.cat((state, inputs), 1))).chunk(2, 1)
        candidate = torch.tanh(self.candidate(torch.cat((reset * state, inputs), 1)))
        return state + update * (candidate - state)
