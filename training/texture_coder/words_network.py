"""Words beside a trained texture coder: gated cross-attention from places of its grid to tokens.

Sources: X. Duan, S. Ma, H. Liu and C. Jia, "PKU-AIGI-500K: a neural compression benchmark and model for
AI-generated images", 2024, whose Cross-Attention Transformer Codec (CATC) conditions a learned codec on the
prompt; J.-B. Alayrac and others, "Flamingo: a visual language model for few-shot learning", 2022, for
cross-attention that is added to frozen layers behind a tanh gate that starts at 0.

The coder's own weights stay as they are. ``Synthesis`` adds to the drawing: levels decode without words.
``Entropy`` adds to means and scales of levels: they would not. Both come in a plain form too, with as many
weights and no words: what that gains is no gain of words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from training.texture_coder.network import GROUPS, HIDDEN, SCALE, WIDTHS, Coder
from training.texture_coder.texts import KINDS

VECTOR, INNER, HEADS, MIX = 24, 32, 4, 24
SHADES, SHADE, CELLS = 6, 4.0, 4
"""Of a mean error; pixel levels of each; cells across and down: of what ``hints`` gives."""
AFTER = 1
"""Layer of ``Coder.draw`` behind which words are added: the first of the two deep blocks."""


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
    for row, (own_word, own_kind, own_box) in enumerate(given):
        word[row, : len(own_word)], kind[row, : len(own_kind)], box[row, : len(own_box)] = (
            own_word,
            own_kind,
            own_box,
        )
    there = (box[:, :, 2] > box[:, :, 0]) & (box[:, :, 3] > box[:, :, 1])
    return Tokens(*map(torch.from_numpy, (word, kind, box, there)))


def hints(error: torch.Tensor) -> Tokens:
    """Give the mean errors of cells as words, one of SHADES**3 each: a text that knows what is not drawn.

    Args:
        error: ``(n, 3, h, w)``, a picture less what is drawn of it, in units of SCALE.
    """
    mean = functional.adaptive_avg_pool2d(error, CELLS) * SCALE
    parts = (mean / SHADE + SHADES / 2).floor().long().clamp(0, SHADES - 1).flatten(2)
    word = (parts * torch.tensor([SHADES**2, SHADES, 1])[:, None]).sum(1)
    row, column = torch.meshgrid(torch.arange(CELLS), torch.arange(CELLS), indexing="ij")
    box = torch.stack([row, column, row + 1, column + 1], 2).flatten(0, 1) / CELLS
    kind = torch.full_like(word, KINDS.index("cell"))
    return Tokens(word, kind, box.expand(len(word), -1, -1), torch.ones_like(word, dtype=torch.bool))


def covered(box: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """Give which share of each place of a grid boxes cover: ``(n, rows * columns, t)``."""

    def along(first: torch.Tensor, last: torch.Tensor, count: int) -> torch.Tensor:
        at = torch.arange(count, device=box.device)[:, None]
        low = torch.maximum(first[:, None] * count, at)
        return (torch.minimum(last[:, None] * count, at + 1) - low).clamp_min(0)

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
            self.word.weight *= 0.5
            self.kind.weight *= 0.5

    def forward(self, given: Tokens) -> torch.Tensor:
        """Give vectors ``(n, t, VECTOR)``."""
        area = (given.box[:, :, 2:] - given.box[:, :, :2]).prod(2, keepdim=True)
        return self.word(given.word) + self.kind(given.kind) + self.place(torch.cat([given.box, area], 2))


class Attention(nn.Module):
    """Cross-attention from places to tokens, and to a token that says nothing.

    A head's logits have a part of their own for how much of a place a token's box covers: half of the heads
    start with looking at what is here.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(width, INNER, 1)
        self.key = nn.Linear(VECTOR, INNER)
        self.value = nn.Linear(VECTOR, INNER)
        self.nothing = nn.Parameter(torch.zeros(2, INNER))
        self.here = nn.Parameter(torch.tensor([4.0, 4.0] + [0.0] * (HEADS - 2)))

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
        logits = (logits.float() + self.here[:, None, None] * here).masked_fill(~there, -torch.inf)
        read = (logits.softmax(3).to(value.dtype) @ value).transpose(2, 3).flatten(1, 2)
        return read.unflatten(2, (rows, columns))


class Branch(nn.Module):
    """What is added to a layer's output: two convolutions of its state and of what is read, behind a gate."""

    def __init__(self, width: int, out: int, hidden: int, kernel: int, *, reads: bool) -> None:
        super().__init__()
        self.attention = Attention(width) if reads else None
        self.first = nn.Conv2d(width + INNER * reads, hidden, kernel, padding=kernel // 2)
        self.second = nn.Conv2d(hidden, out, 1)
        self.gate = nn.Parameter(torch.zeros(1))

    def forward(
        self, state: torch.Tensor, vectors: torch.Tensor | None, given: Tokens | None
    ) -> torch.Tensor:
        """Give what is added."""
        if self.attention is not None:
            state = torch.cat([state, self.attention(state, vectors, given).to(state.dtype)], 1)
        return torch.tanh(self.gate) * self.second(torch.relu(self.first(state)))


class Synthesis(nn.Module):
    """Words for the drawing, at its deep level; ``count`` is 0 for weights without words."""

    def __init__(self, count: int, hidden: int = MIX) -> None:
        super().__init__()
        self.words = Words(count) if count else None
        self.branch = Branch(WIDTHS[0], WIDTHS[0], hidden, 3, reads=count > 0)

    @contextmanager
    def beside(self, coder: Coder, given: Tokens | None = None) -> Iterator[None]:
        """Let a coder draw with these words."""
        vectors = None if self.words is None else self.words(given)
        handle = coder.draw[AFTER].register_forward_hook(
            lambda _, __, out: out + self.branch(out, vectors, given)
        )
        try:
            yield
        finally:
            handle.remove()


class Entropy(nn.Module):
    """Words for means and scales of levels, one branch a group; ``count`` as in ``Synthesis``."""

    def __init__(self, count: int, hidden: int = MIX) -> None:
        super().__init__()
        self.words = Words(count) if count else None
        self.branches = nn.ModuleList(Branch(HIDDEN, 2 * own, hidden, 1, reads=count > 0) for own in GROUPS)

    @contextmanager
    def beside(self, coder: Coder, given: Tokens | None = None) -> Iterator[None]:
        """Let a coder expect levels with these words."""
        vectors = None if self.words is None else self.words(given)

        def added(branch: Branch) -> Callable[..., torch.Tensor]:
            return lambda _, states, out: out + branch(states[0], vectors, given)

        handles = [
            context.out.register_forward_hook(added(branch))
            for context, branch in zip(coder.contexts, self.branches, strict=True)
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def weights(module: nn.Module) -> int:
    """Count weights."""
    return sum(each.numel() for each in module.parameters())


def plain(kind: type[Synthesis | Entropy], count: int) -> Synthesis | Entropy:
    """Give the form without words that has as many weights as that with ``count`` words."""
    wanted = weights(kind(count))
    return min((kind(0, hidden) for hidden in range(8, 160)), key=lambda each: abs(weights(each) - wanted))
