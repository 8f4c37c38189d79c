"""Words beside a trained texture coder: gated cross-attention from places of its grid to tokens.

Sources: X. Duan, S. Ma, H. Liu and C. Jia, "PKU-AIGI-500K: a neural compression benchmark and model for
AI-generated images", 2024, whose Cross-Attention Transformer Codec (CATC) conditions a learned codec on the
prompt; J.-B. Alayrac and others, "Flamingo: a visual language model for few-shot learning", 2022, for
cross-attention beside frozen layers behind a tanh gate, after which nothing is changed at first.

The coder's own weights stay as they are. What words add to the synthesis are latents: levels decode without
words. What they add to means and scales of levels decides bits: levels would not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from training.texture_coder.network import CELL, GROUPS, HIDDEN, LATENTS, WIDTHS, Coder, cost, step_of
from training.texture_coder.texts import KINDS

VECTOR, INNER, HEADS, MIX = 24, 32, 4, 24
FASTER = 5
"""How much faster vectors of words learn than other weights: each is in few batches."""
HERE = 5.0
"""What half of the heads add to the logit of a token whose box is here, at first."""
SHADES, SHADE, CELLS = 6, 1 / 24, 8
"""Of a mean error; steps of each; cells across and down: of what ``hints`` gives."""
SYNTHESIS = ((WIDTHS[0], LATENTS),)
ENTROPY = tuple((HIDDEN, 2 * own) for own in GROUPS)
"""Channels that are seen and added, by what is added to."""


class Tokens(NamedTuple):
    """Words of a batch, filled up to the longest text.

    Attributes:
        word, kind: ``(n, t)`` numbers.
        box: ``(n, t, 4)`` top, left, bottom, right in sides of the canvas.
        there: ``(n, t)`` whether there is a word.
    """

    word: torch.Tensor
    kind: torch.Tensor
    box: torch.Tensor
    there: torch.Tensor


def tokens(given: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Tokens:
    """Fill up words, kinds and boxes of texts; words without area are none."""
    length = max(1, *(len(word) for word, _, _ in given))
    word, kind = np.zeros((2, len(given), length), np.int64)
    box = np.zeros((len(given), length, 4), np.float32)
    for row, own in enumerate(given):
        for array, part in zip((word, kind, box), own, strict=True):
            array[row, : len(part)] = part
    there = (box[:, :, 2] > box[:, :, 0]) & (box[:, :, 3] > box[:, :, 1])
    return Tokens(*map(torch.from_numpy, (word, kind, box, there)))


def hints(error: torch.Tensor, quality: torch.Tensor) -> Tokens:
    """Give the mean errors of cells as words, one of SHADES**3 each: a text that knows what is not drawn.

    Args:
        error: ``(n, 3, h, w)``, a picture less what is drawn of it, in units of SCALE.
        quality: ``(n,)``.
    """
    mean = functional.adaptive_avg_pool2d(error, CELLS) / step_of(quality)
    parts = (mean / SHADE + SHADES / 2).floor().long().clamp(0, SHADES - 1).flatten(2)
    word = (parts * torch.tensor([SHADES**2, SHADES, 1])[:, None]).sum(1)
    row, column = torch.meshgrid(torch.arange(CELLS), torch.arange(CELLS), indexing="ij")
    box = torch.stack([row, column, row + 1, column + 1], 2).flatten(0, 1) / CELLS
    kind = torch.full_like(word, KINDS.index("cell"))
    return Tokens(word, kind, box.expand(len(word), -1, -1), torch.ones_like(word, dtype=torch.bool))


def covered(box: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """Give what places of a grid share with boxes ``(n, rows * columns, t)``: 1 where one is in the other."""

    def along(first: torch.Tensor, last: torch.Tensor, count: int) -> torch.Tensor:
        at = torch.arange(count)[:, None]
        first, last = first[:, None] * count, last[:, None] * count
        shared = (torch.minimum(last, at + 1) - torch.maximum(first, at)).clamp_min(0)
        return shared / (last - first).clamp(1e-6, 1)

    down = along(box[:, :, 0], box[:, :, 2], rows)
    across = along(box[:, :, 1], box[:, :, 3], columns)
    return (down[:, :, None] * across[:, None]).flatten(1, 2)


class Words(nn.Module):
    """Vectors of tokens: of their word, kind and place."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.word = nn.Embedding(count, VECTOR)
        self.kind = nn.Embedding(len(KINDS), VECTOR)
        self.place = nn.Linear(5, VECTOR)
        with torch.no_grad():
            self.word.weight /= FASTER

    def forward(self, given: Tokens) -> torch.Tensor:
        """Give vectors ``(n, t, VECTOR)``."""
        area = (given.box[:, :, 2:] - given.box[:, :, :2]).prod(2, keepdim=True)
        return (
            FASTER * self.word(given.word)
            + self.kind(given.kind)
            + self.place(torch.cat([given.box, area], 2))
        )


class Attention(nn.Module):
    """Cross-attention from places to tokens, and to a token that says nothing.

    A head's logits have a part of their own for tokens whose box is here: half of the heads begin with it.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(width, INNER, 1)
        self.key = nn.Linear(VECTOR, INNER)
        self.value = nn.Linear(VECTOR, INNER)
        self.nothing = nn.Parameter(torch.zeros(2, INNER))
        self.here = nn.Parameter(torch.tensor([HERE, 0.0] * (HEADS // 2)))

    def forward(self, state: torch.Tensor, vectors: torch.Tensor, given: Tokens) -> torch.Tensor:
        """Give what places read: ``(n, INNER, rows, columns)``."""
        many, _, rows, columns = state.shape
        query = self.query(state).flatten(2).transpose(1, 2)
        key, value = (
            torch.cat([own.expand(many, 1, -1), layer(vectors)], 1)
            for own, layer in zip(self.nothing, (self.key, self.value), strict=True)
        )
        query, key, value = (each.unflatten(2, (HEADS, -1)).transpose(1, 2) for each in (query, key, value))
        logits = query @ key.transpose(2, 3) / (INNER // HEADS) ** 0.5
        here = functional.pad(covered(given.box, rows, columns), (1, 0))[:, None]
        there = functional.pad(given.there, (1, 0), value=True)[:, None, None]
        logits = (logits + self.here[:, None, None] * here).masked_fill(~there, -torch.inf)
        read = (logits.softmax(3) @ value).transpose(2, 3).flatten(1, 2)
        return read.unflatten(2, (rows, columns))


class Branch(nn.Module):
    """What is added somewhere: of what is read, and of two convolutions of it and of what is seen, by a gate.

    The gate begins open and what is behind it at 0: with a shut gate, nothing else would learn. What is read
    goes straight to the last convolution too: through the first alone, it is learnt too slowly.
    """

    def __init__(self, width: int, out: int, hidden: int, *, reads: bool) -> None:
        super().__init__()
        self.attention = Attention(width) if reads else None
        self.first = nn.Conv2d(width + INNER * reads, hidden, 3 if out == LATENTS else 1, padding="same")
        self.second = nn.Conv2d(hidden + INNER * reads, out, 1)
        self.gate = nn.Parameter(torch.ones(1))
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(
        self, state: torch.Tensor, vectors: torch.Tensor | None, given: Tokens | None
    ) -> torch.Tensor:
        """Give what is added."""
        read = [] if self.attention is None else [self.attention(state, vectors, given)]
        mixed = torch.relu(self.first(torch.cat([state, *read], 1)))
        return torch.tanh(self.gate) * self.second(torch.cat([mixed, *read], 1))


class Addition(nn.Module):
    """Words for SYNTHESIS or ENTROPY; ``count`` is that of words, 0 for weights without words."""

    def __init__(self, widths: Sequence[tuple[int, int]], count: int, hidden: int = MIX) -> None:
        super().__init__()
        self.words = Words(count) if count else None
        self.branches = nn.ModuleList(Branch(*each, hidden, reads=count > 0) for each in widths)

    def forward(self, states: Sequence[torch.Tensor], given: Tokens) -> list[torch.Tensor]:
        """Give what is added, for one canvas and many texts too."""
        if self.words is None:
            return [branch(state, None, None) for branch, state in zip(self.branches, states, strict=True)]
        vectors, many = self.words(given), len(given.word)
        return [
            branch(state.expand(many, -1, -1, -1), vectors, given)
            for branch, state in zip(self.branches, states, strict=True)
        ]


def weights(module: nn.Module) -> int:
    """Count weights."""
    return sum(each.numel() for each in module.parameters())


def plain(widths: Sequence[tuple[int, int]], count: int) -> Addition:
    """Give the form without words that has as many weights as that with ``count`` words."""
    wanted = weights(Addition(widths, count))
    forms = (Addition(widths, 0, hidden) for hidden in range(8, 160))
    return min(forms, key=lambda each: abs(weights(each) - wanted))


class Seen(NamedTuple):
    """What a coder makes of levels alone.

    Attributes:
        drawn: in units of SCALE.
        mean, scale: of levels, as ``Coder.expect`` gives them.
        states: what additions see: the deep places of the drawing, then the last states of contexts.
    """

    drawn: torch.Tensor
    mean: torch.Tensor
    scale: torch.Tensor
    states: list[torch.Tensor]


@torch.no_grad()
def see(coder: Coder, levels: torch.Tensor, quality: torch.Tensor) -> Seen:
    """Let a coder draw and expect levels."""
    states: list[torch.Tensor] = []
    layers = coder.draw[3], *(context.out for context in coder.contexts)
    handles = [
        layer.register_forward_pre_hook(lambda _, given: states.append(given[0].float())) for layer in layers
    ]
    drawn, (mean, scale) = coder.synthesise(levels, quality), coder.expect(levels, quality)
    for handle in handles:
        handle.remove()
    return Seen(drawn, mean, scale, states)


def draw(coder: Coder, seen: Seen, quality: torch.Tensor, added: Addition, given: Tokens) -> torch.Tensor:
    """Give pixels in units of SCALE, with words: what they add are parts of a step of latents."""
    (latents,) = added(seen.states[:1], given)
    more = functional.conv2d(latents * step_of(quality), coder.line(), padding=1)
    return seen.drawn + functional.pixel_shuffle(more, CELL)


def spend(levels: torch.Tensor, seen: Seen, added: Addition, given: Tokens) -> torch.Tensor:
    """Give the bits ``(n,)`` of levels, expected with words."""
    more = [each.chunk(2, 1) for each in added(seen.states[1:], given)]
    means, scales = (torch.cat(each, 1) for each in zip(*more, strict=True))
    return cost(levels, seen.mean + means, (seen.scale + scales).clamp(-6, 7)).sum((1, 2, 3))
