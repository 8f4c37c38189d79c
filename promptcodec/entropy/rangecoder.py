"""A range coder on integers: encoder and decoder are mirror images, and nothing here is a float.

The state is 56 bits wide and renormalised by bytes, so a symbol's total may be as large as
2**32 without the interval vanishing (a carry-less 32-bit coder can loop for ever from 2**16 on).
Carries are propagated into the bytes already written. The end costs nothing: of all numbers in
the last interval the one with most zero bytes at its end is written, those zero bytes are left
out, and the decoder reads zeros behind the end of its data. It reads no more than ZEROS of them, so
that no data of a few bytes stand for symbols without end.

Source: G. N. N. Martin, "Range encoding", 1979; Moffat, Neal and Witten, "Arithmetic coding
revisited", 1998.
"""

from __future__ import annotations

from promptcodec.errors import EntropyError
from promptcodec.native import core

STATE_BITS = 56
_TOP = 1 << STATE_BITS
_BOTTOM = 1 << (STATE_BITS - 8)
_MASK = _TOP - 1
MAX_TOTAL = 1 << 32
ZEROS = 24
"""Zero bytes left out at most. An honest stream has more of them once in 2**192."""
BIT_ONE = 1 << 16
"""Probabilities of binary symbols are in parts of this."""


class Encoder:
    """Collect symbols; ``finish`` gives the bytes."""

    def __init__(self) -> None:
        self._low = 0
        self._range = _TOP - 1
        self._out = bytearray()

    def encode(self, start: int, size: int, total: int) -> None:
        """Code the symbol that owns ``start .. start + size - 1`` of ``total``.

        Args:
            start: 0 <= start < total.
            size: 1 <= size <= total - start.
            total: at most MAX_TOTAL.
        """
        step = self._range // total
        offset = step * start
        self._low += offset
        # The last symbol also owns what the division left over.
        self._range = self._range - offset if start + size == total else step * size
        self._normalise()

    def encode_bit(self, bit: int, one: int) -> None:
        """Code a bit whose chance of being 1 is ``one`` in BIT_ONE, 0 < one < BIT_ONE."""
        split = (self._range >> 16) * one
        if bit:
            self._range = split
        else:
            self._low += split
            self._range -= split
        self._normalise()

    def _normalise(self) -> None:
        if self._low > _MASK:
            self._carry()
        while self._range < _BOTTOM:
            self._out.append(self._low >> (STATE_BITS - 8))
            self._low = (self._low << 8) & _MASK
            self._range <<= 8

    def _carry(self) -> None:
        self._low &= _MASK
        at = len(self._out) - 1
        while self._out[at] == 0xFF:
            self._out[at] = 0
            at -= 1
        self._out[at] += 1

    def finish(self) -> bytes:
        """Give the shortest bytes that decode to the symbols."""
        self._low = _shortest(self._low, self._range)
        if self._low > _MASK:
            self._carry()
        whole = bytes(self._out) + self._low.to_bytes(STATE_BITS // 8, "big")
        return whole.rstrip(b"\0").ljust(len(whole) - ZEROS, b"\0")


class Decoder:
    """Give the symbols of an encoder's bytes back, asked for with the same models in the same order.

    Work is bounded by the number of symbols asked for: callers limit that.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = STATE_BITS // 8
        self._range = _TOP - 1
        self._code = int.from_bytes(data[: self._at].ljust(self._at, b"\0"), "big")
        if self._code >= self._range:
            raise EntropyError("the coded symbols start with an impossible value")

    def target(self, total: int) -> int:
        """Give a number below ``total`` that lies inside the next symbol's share; ``take`` must follow."""
        return min(self._code // (self._range // total), total - 1)

    def take(self, start: int, size: int, total: int) -> None:
        """Remove the symbol that owns ``start .. start + size - 1`` of ``total``."""
        step = self._range // total
        offset = step * start
        self._code -= offset
        self._range = self._range - offset if start + size == total else step * size
        self._normalise()

    def decode_bit(self, one: int) -> int:
        """Give a bit whose chance of being 1 is ``one`` in BIT_ONE."""
        split = (self._range >> 16) * one
        if self._code < split:
            self._range = split
            self._normalise()
            return 1
        self._code -= split
        self._range -= split
        self._normalise()
        return 0

    def _normalise(self) -> None:
        while self._range < _BOTTOM:
            byte = 0
            if self._at < len(self._data):
                byte = self._data[self._at]
            elif self._at >= len(self._data) + ZEROS:
                raise EntropyError("the coded symbols go on far behind the end of their data")
            self._code = (self._code << 8) | byte
            self._range <<= 8
            self._at += 1

    def close(self) -> None:
        """Make sure that the data are the very bytes the encoder writes for the symbols taken.

        Raises:
            EntropyError: they are not, so they were altered, cut or go on behind the last symbol.
        """
        last = self._data[self._at - STATE_BITS // 8 : self._at].ljust(STATE_BITS // 8, b"\0")
        value = int.from_bytes(last, "big")
        zeros = self._data.endswith(b"\0") and len(self._data) > self._at - ZEROS
        if len(self._data) > self._at or zeros or value != _shortest(value - self._code, self._range):
            raise EntropyError("the coded symbols do not end as an encoder ends them")


def _shortest(low: int, size: int) -> int:
    """Give the number in ``low .. low + size - 1`` that ends in most zero bytes, the greatest of them."""
    high = low + size - 1
    return next(value for bits in range(STATE_BITS, -1, -8) if (value := high >> bits << bits) >= low)


if core:
    Encoder, Decoder = core.Encoder, core.Decoder  # type: ignore[assignment, misc]
