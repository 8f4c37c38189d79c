"""Adaptive binary models: a chance in 16 bits that learns fast at first and slowly later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from promptcodec.entropy.rangecoder import BIT_ONE, Decoder, Encoder

_LEAST = 64
"""No bit may cost more than ten bits: a surprise must stay affordable in a stream of 50 bytes."""

RATES = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 22, 24)
"""Divisor of the step by how often a model was used; the last one stays."""


class Model:
    """One adaptive bit.

    Attributes:
        one: the chance of a 1, in parts of BIT_ONE.
        seen: how often it was used, as far as RATES goes; a trained prior starts above 0.
    """

    __slots__ = ("one", "seen")

    def __init__(self, one: int = BIT_ONE // 2, seen: int = 0) -> None:
        self.one = one
        self.seen = seen

    def learn(self, bit: int) -> None:
        """Move towards ``bit``."""
        goal = BIT_ONE - _LEAST if bit else _LEAST
        step = goal - self.one
        # Rounds towards zero on both sides, so that encoder and decoder never depend on the sign rule.
        self.one += abs(step) // RATES[self.seen] * (1 if step > 0 else -1)
        self.seen = min(self.seen + 1, len(RATES) - 1)


class Coder(Protocol):
    """What writes or reads bits: the same code walks a stream in both directions."""

    def bit(self, model: Model, value: int) -> int:
        """Code ``value`` (ignored when reading) with ``model``, teach the model, give the bit."""
        ...


class Writer:
    """Write bits with adaptive models."""

    def __init__(self) -> None:
        self.encoder = Encoder()

    def bit(self, model: Model, value: int) -> int:
        """Write a bit."""
        self.encoder.encode_bit(value, model.one)
        model.learn(value)
        return value

    def finish(self) -> bytes:
        """Give the bytes."""
        return self.encoder.finish()


class Reader:
    """Read bits with adaptive models; the ``value`` given is ignored."""

    def __init__(self, data: bytes) -> None:
        self.decoder = Decoder(data)

    def bit(self, model: Model, value: int = 0) -> int:
        """Read a bit."""
        got = self.decoder.decode_bit(model.one)
        model.learn(got)
        return got


def tree(coder: Coder, models: Sequence[Model], bits: int, value: int = 0) -> int:
    """Code an integer below ``2**bits`` by a binary tree of ``2**bits`` models, high bit first."""
    node = 1
    for shift in range(bits - 1, -1, -1):
        node = node << 1 | coder.bit(models[node], value >> shift & 1)
    return node - (1 << bits)
