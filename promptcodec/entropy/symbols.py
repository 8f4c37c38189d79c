"""Symbols with fixed chances: one walk over a stream writes it, reads it or weighs it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from promptcodec.entropy.rangecoder import BIT_ONE, Decoder, Encoder

HALF = BIT_ONE // 2


class Coder(Protocol):
    """What writes or reads symbols: the value given is ignored when reading."""

    def bit(self, one: int, value: int) -> int:
        """Code a bit whose chance of being 1 is ``one`` in BIT_ONE."""
        ...

    def symbol(self, shares: Sequence[int], value: int) -> int:
        """Code an index into ``shares``, whole numbers from 1 that its chance is proportional to."""
        ...

    def span(self, bounds: Sequence[int], value: int) -> int:
        """Code i where symbol i owns ``bounds[i] .. bounds[i + 1] - 1``; bounds start at 0."""
        ...


class Writer:
    """Write symbols."""

    def __init__(self) -> None:
        self._encoder = Encoder()

    def bit(self, one: int, value: int) -> int:
        """Write a bit."""
        self._encoder.encode_bit(value, one)
        return value

    def symbol(self, shares: Sequence[int], value: int) -> int:
        """Write an index into shares."""
        self._encoder.encode(sum(shares[:value]), shares[value], sum(shares))
        return value

    def span(self, bounds: Sequence[int], value: int) -> int:
        """Write an index between bounds."""
        self._encoder.encode(bounds[value], bounds[value + 1] - bounds[value], bounds[-1])
        return value

    def finish(self) -> bytes:
        """Give the bytes."""
        return self._encoder.finish()


class Reader:
    """Read symbols."""

    def __init__(self, data: bytes) -> None:
        self.decoder = Decoder(data)

    def bit(self, one: int, value: int = 0) -> int:
        """Read a bit."""
        return self.decoder.decode_bit(one)

    def symbol(self, shares: Sequence[int], value: int = 0) -> int:
        """Read an index into shares."""
        total = sum(shares)
        target = self.decoder.target(total)
        start = index = 0
        while start + shares[index] <= target:
            start += shares[index]
            index += 1
        self.decoder.take(start, shares[index], total)
        return index

    def span(self, bounds: Sequence[int], value: int = 0) -> int:
        """Read an index between bounds."""
        target = self.decoder.target(bounds[-1])
        index = 0
        while bounds[index + 1] <= target:
            index += 1
        self.decoder.take(bounds[index], bounds[index + 1] - bounds[index], bounds[-1])
        return index


class Scale:
    """Weigh symbols: what they would cost, in bits."""

    def __init__(self) -> None:
        self.bits = 0.0

    def bit(self, one: int, value: int) -> int:
        """Weigh a bit."""
        self.bits -= math.log2((one if value else BIT_ONE - one) / BIT_ONE)
        return value

    def symbol(self, shares: Sequence[int], value: int) -> int:
        """Weigh an index into shares."""
        self.bits -= math.log2(shares[value] / sum(shares))
        return value

    def span(self, bounds: Sequence[int], value: int) -> int:
        """Weigh an index between bounds."""
        self.bits -= math.log2((bounds[value + 1] - bounds[value]) / bounds[-1])
        return value
