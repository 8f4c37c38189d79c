"""The learned texture coder in torch: analysis, levels, context model, synthesis.

Sources: J. Balle, V. Laparra and E. P. Simoncelli, "End-to-end optimized image compression", 2017, for
nonlinear transforms trained for rate and distortion; D. Minnen, J. Balle and G. Toderici, "Joint
autoregressive and hierarchical priors for learned image compression", 2018, and D. Minnen and S. Singh,
"Channel-wise autoregressive entropy models for learned image compression", 2020, for the context model, and
for rounding what is drawn while noise is priced. One model serves all rates: all channels have one step,
which the networks are told.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from promptcodec.layers.texture.learned.grids import CELL
from promptcodec.layers.texture.learned.model import BESIDE, GROUPS, HIDDEN, LATENTS, PLACE

FINEST = 8.0
"""Pixel levels of a quantiser step at quality 0; it doubles with every eight qualities."""
SCALE = 64.0
"""Pixel levels that count as 1."""
PRICE = 0.16
"""Squared steps that a bit is worth."""
NEAR_PRICE = 0.08
"""The same where levels are chosen: finer steps at a lower price are better than the other way round."""
SLOPE, KEPT, FURTHEST = 0.8, 0.3, 2.0
"""How far an aim goes down the slope of the error, what is kept of the last aim, and the farthest it goes."""
WIDTHS = (96, 48, 24)
"""Channels of the synthesis, by size of its places."""


class Block(nn.Module):
    """A residual block of two 3x3 convolutions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        with torch.no_grad():
            self.second.weight *= 0.2

    def forward(self, state: torch.Tensor) -> torch.Tensor:
        """Add what the block gives."""
        return state + self.second(torch.relu(self.first(state)))


class Context(nn.Module):
    """Mean and scale of a group's levels from the groups before it and from its own known neighbours."""

    def __init__(self, before: int, own: int) -> None:
        super().__init__()
        self.own = own
        self.place = nn.Conv2d(PLACE, HIDDEN, 1)
        self.before = nn.Conv2d(2 * before, HIDDEN, 3, padding=1, bias=False) if before else None
        self.beside = nn.Conv2d(2 * own * len(BESIDE), HIDDEN, 1, bias=False)
        self.direct = nn.Conv2d(own * len(BESIDE), own, 1, bias=False)
        self.second = nn.Conv2d(HIDDEN, HIDDEN, 1)
        self.out = nn.Conv2d(HIDDEN, 2 * own, 1)
        with torch.no_grad():
            self.direct.weight.zero_()
            self.out.weight *= 0.1

    def forward(
        self, known: torch.Tensor, levels: torch.Tensor, place: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Give means in levels and binary logarithms of scales."""
        beside = shifted(levels)
        state = self.place(place) + self.beside(features(beside))
        if self.before is not None:
            state = state + self.before(features(known))
        state = torch.relu(self.second(torch.relu(state)))
        mean, scale = self.out(state).split(self.own, 1)
        return mean + self.direct(beside), (scale - 1).clamp(-6, 7)


def shifted(levels: torch.Tensor) -> torch.Tensor:
    """Give the known neighbours of every place, as channels; zero outside."""
    rows, columns = levels.shape[2:]
    padded = functional.pad(levels, (2, 2, 2, 0))
    return torch.cat([padded[:, :, 2 + r : 2 + r + rows, 2 + c : 2 + c + columns] for r, c in BESIDE], 1)


def features(levels: torch.Tensor) -> torch.Tensor:
    """Give logarithms of levels with signs, and without: in eighths, rounded down, as the coder has them."""
    size = torch.log2(1 + levels.abs())
    size = size + (torch.floor(8 * size + 1e-4) / 8 - size).detach()
    return torch.cat([size * levels.sign(), size], 1)


class Coder(nn.Module):
    """Everything that is trained."""

    def __init__(self) -> None:
        super().__init__()
        self.refined = False
        self.line_in = nn.Conv2d(3 * CELL**2, LATENTS, 3, padding=1)
        self.line_out = nn.Conv2d(LATENTS, 3 * CELL**2, 3, padding=1)
        self.see = nn.ModuleList(
            [
                nn.Conv2d(12 + 2, 32, 3, padding=1),
                Block(32),
                nn.Conv2d(128, 64, 3, padding=1),
                Block(64),
                nn.Conv2d(256, 96, 3, padding=1),
                Block(96),
                nn.Conv2d(96, LATENTS, 3, padding=1),
            ]
        )
        deep, middle, fine = WIDTHS
        self.draw = nn.ModuleList(
            [
                nn.Conv2d(LATENTS + 3, deep, 3, padding=1),
                Block(deep),
                Block(deep),
                nn.Conv2d(deep, 4 * middle, 3, padding=1),
                Block(middle),
                Block(middle),
                nn.Conv2d(middle, 4 * fine, 3, padding=1),
                Block(fine),
                nn.Conv2d(fine, 12, 3, padding=1),
            ]
        )
        before = [sum(GROUPS[:k]) for k in range(len(GROUPS))]
        self.contexts = nn.ModuleList(Context(b, own) for b, own in zip(before, GROUPS, strict=True))
        with torch.no_grad():
            for last in (self.see[-1], self.draw[-1]):
                last.weight *= 0.02
                last.bias.zero_()

    def start(self, blocks: torch.Tensor) -> None:
        """Begin with the principal components of blocks ``(n, 192)``, in units of SCALE."""
        _, _, components = torch.linalg.svd(blocks - blocks.mean(0), full_matrices=False)
        with torch.no_grad():
            first = components[:LATENTS]
            for line, weight in ((self.line_in, first), (self.line_out, first.T)):
                line.weight.zero_()
                line.bias.zero_()
                line.weight[:, :, 1, 1] = weight

    def analyse(self, pixels: torch.Tensor, quality: torch.Tensor) -> torch.Tensor:
        """Give latents in units of SCALE."""
        line = self.line_in(functional.pixel_unshuffle(pixels, CELL))
        with torch.autocast("cpu", torch.bfloat16, enabled=self.training):
            state = torch.cat(
                [functional.pixel_unshuffle(pixels, 2), self.side(pixels[:, :, ::2, ::2], quality)], 1
            )
            state = state.contiguous(memory_format=torch.channels_last)
            for k, layer in enumerate(self.see):
                if k in (2, 4):
                    state = functional.pixel_unshuffle(state, 2)
                state = layer(state)
                if k in (0, 2, 4):
                    state = torch.relu(state)
        return line + state.float()

    def line(self) -> torch.Tensor:
        """Give the linear synthesis, each latent's share of length 1: a step is as fine in all."""
        weight = self.line_out.weight
        return weight / weight.square().sum((0, 2, 3), keepdim=True).sqrt()

    @staticmethod
    def side(like: torch.Tensor, quality: torch.Tensor) -> torch.Tensor:
        """Give planes that say the quality, and where the picture is."""
        many, _, rows, columns = like.shape
        plane = ((quality - 18) / 18)[:, None, None, None].expand(many, 1, rows, columns)
        return torch.cat([plane, torch.ones_like(plane)], 1)

    def synthesise(self, levels: torch.Tensor, quality: torch.Tensor) -> torch.Tensor:
        """Give pixels in units of SCALE."""
        step = step_of(quality)
        latents = levels * step
        line = functional.pixel_shuffle(
            functional.conv2d(latents, self.line(), self.line_out.bias, padding=1), CELL
        )
        with torch.autocast("cpu", torch.bfloat16, enabled=self.training):
            side = self.side(latents, quality)
            state = torch.cat([latents, side, step.expand_as(side[:, :1])], 1)
            state = state.contiguous(memory_format=torch.channels_last)
            for k, layer in enumerate(self.draw):
                state = layer(state)
                if k in (3, 6):
                    state = functional.pixel_shuffle(state, 2)
                if k in (0, 3, 6):
                    state = torch.relu(state)
            state = functional.pixel_shuffle(state, 2)
        return line + state.float()

    def places(self, levels: torch.Tensor, quality: torch.Tensor) -> torch.Tensor:
        """Give what contexts know of every place, the quality and the grid."""
        many, _, rows, columns = levels.shape
        v = torch.linspace(-1, 1, rows)[:, None].expand(many, 1, rows, columns)
        u = torch.linspace(-1, 1, columns).abs().expand(many, 1, rows, columns)
        area = torch.full_like(v, (math.log2(rows * columns) - 5) / 3)
        return torch.cat([self.side(levels, quality), v, v * v, u, area], 1)

    def expect(self, levels: torch.Tensor, quality: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Give means and binary logarithms of scales of all levels."""
        place = self.places(levels, quality)
        means, scales, at = [], [], 0
        for context in self.contexts:
            own = levels[:, at : at + context.own]
            mean, scale = context(levels[:, :at], own, place)
            means.append(mean)
            scales.append(scale)
            at += context.own
        return torch.cat(means, 1), torch.cat(scales, 1)

    def forward(
        self, pixels: torch.Tensor, quality: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Give bits by channel ``(n, LATENTS)``, squared error in pixel levels ``(n,)``, levels."""
        latents = self.analyse(pixels, quality)
        wanted = latents / step_of(quality)
        if self.refined:  # as an encoder chooses them; of the analysis nothing is learned
            levels = self.choose(wanted, quality)
            levels = self.choose(self.aim(wanted, levels, pixels, quality), quality)
            priced = levels
        else:  # rounded ones are drawn, and what noise instead of rounding gives is priced
            levels = wanted + (wanted.round() - wanted).detach()
            priced = wanted + torch.rand_like(wanted) - 0.5
        mean, scale = self.expect(levels, quality)
        bits = cost(priced, mean, scale).sum((2, 3))
        error = ((self.synthesise(levels, quality) - pixels) * SCALE).square().sum((1, 2, 3))
        return bits, error, levels

    def aim(
        self, wanted: torch.Tensor, levels: torch.Tensor, pixels: torch.Tensor, quality: torch.Tensor
    ) -> torch.Tensor:
        """Give what to quantise next: from levels down the slope of the error.

        Source: J. Campos and others, "Content adaptive optimization for neural image compression", 2019.
        """
        with torch.enable_grad():
            given = levels.detach().requires_grad_()
            error = (self.synthesise(given, quality) - pixels).square().sum() / 2
            (slope,) = torch.autograd.grad(error, given)
        way = (SLOPE * slope / step_of(quality).square()).clamp(-FURTHEST, FURTHEST)
        return KEPT * wanted.detach() + (1 - KEPT) * (levels - way)

    @torch.no_grad()
    def choose(self, wanted: torch.Tensor, quality: torch.Tensor, price: float = NEAR_PRICE) -> torch.Tensor:
        """Round, or go one level nearer to what is expected where that is worth its error."""
        first = torch.where(wanted.abs() < 0.6, 0, wanted.round())
        mean, scale = self.expect(first, quality)
        nearest = wanted.round()
        nearer = nearest - (nearest - mean).sign() * ((nearest - mean).abs() > 0.5)
        saved = cost(nearest, mean, scale) - cost(nearer, mean, scale)
        more = (nearer - wanted).square() - (nearest - wanted).square()
        return torch.where(more < price * saved, nearer, nearest)


def step_of(quality: torch.Tensor) -> torch.Tensor:
    """Give the steps ``(n, 1, 1, 1)`` of qualities ``(n,)``, in units of SCALE: the same in all channels."""
    return torch.exp2(quality / 8)[:, None, None, None] * (FINEST / SCALE)


def cost(levels: torch.Tensor, mean: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Give the bits of levels under logistic distributions."""
    rate = torch.exp2(-scale)
    apart = -(levels - mean).abs()
    chance = torch.sigmoid((apart + 0.5) * rate) - torch.sigmoid((apart - 0.5) * rate)
    return -torch.log2(chance.clamp_min(1e-6))
