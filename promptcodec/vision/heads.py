"""Small networks of one hidden layer over what the large one sees; ``training/eyes`` makes their tables."""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass

import numpy as np

from promptcodec import models
from promptcodec.vision.colour import Floats

PLAIN = ("least", "low", "mean", "scale", "first_bias", "second_bias")
"""Arrays of a table that are stored as they are."""

LIMIT = 6.0
"""Inputs are clipped to so many standard deviations."""


@dataclass(frozen=True, slots=True)
class Head:
    """``k`` words over ``n`` inputs by ``h`` hidden units.

    Attributes:
        words: what is told apart.
        least: ``(k,)`` probability from which each is said; above 1 for never.
        low: ``(k,)`` the same where something else speaks for it, such as the cell beside.
        mean, scale: ``(n,)`` of the inputs.
        first, first_bias: ``(h, n)`` and ``(h,)``.
        second, second_bias: ``(k, h)`` and ``(k,)``.
    """

    words: tuple[str, ...]
    least: Floats
    low: Floats
    mean: Floats
    scale: Floats
    first: Floats
    first_bias: Floats
    second: Floats
    second_bias: Floats

    def logits(self, inputs: Floats) -> Floats:
        """Give ``(m, k)`` for ``(m, n)``."""
        scaled = np.clip((inputs - self.mean) * self.scale, -LIMIT, LIMIT)
        hidden = np.maximum(scaled @ self.first.T + self.first_bias, 0)
        return np.asarray(hidden @ self.second.T + self.second_bias, np.float32)

    def shares(self, inputs: Floats) -> Floats:
        """Give probabilities ``(m, k)`` of words of which one holds; rounded, so that no last bit decides."""
        logits = self.logits(inputs)
        powers = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(np.round(powers / powers.sum(1, keepdims=True), 3), np.float32)

    def chances(self, inputs: Floats) -> Floats:
        """Give probabilities ``(m, k)`` of words of which any may hold, rounded."""
        return np.asarray(np.round(1 / (1 + np.exp(-np.clip(self.logits(inputs), -30, 30))), 3), np.float32)


def read(table: bytes) -> Head:
    """Read a head as ``training.eyes.fit.pack`` writes it: arrays of numpy, weights in int8 with scales."""
    with np.load(io.BytesIO(table), allow_pickle=False) as arrays:
        first, second = (
            arrays[name].astype(np.float32) * arrays[name + "_step"][:, None] for name in ("first", "second")
        )
        least, low, mean, scale, first_bias, second_bias = (arrays[name].astype(np.float32) for name in PLAIN)
        words = tuple(arrays["words"].tobytes().decode().split("\n"))
    return Head(words, least, low, mean, scale, first, first_bias, second, second_bias)


@functools.cache
def shipped(table: str) -> Head:
    """Load a shipped head.

    Raises:
        MissingError: the table is absent, or is not the file that was shipped.
    """
    return read(models.load(table))
