"""The range coder, adaptive bits, varints and tables."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any, Sequence

TOP, ZEROS = 1 << 56, 24
RATE = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 22, 24)


class FormatError(ValueError):
    """The stream is refused."""


class NewerError(FormatError):
    """It is refused for an id that a later text may give a meaning."""


class MissingError(FormatError):
    """It needs a user's dictionary that is not here."""


def known(condition: Any, what: str) -> None:
    """Refuse the stream as newer unless the condition holds."""
    if not condition:
        raise NewerError(what)


def need(condition: Any, what: str) -> None:
    """Refuse the stream unless the condition holds."""
    if not condition:
        raise FormatError(what)


class Tables:
    """The folder of table files."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    @cache
    def content(self, name: str) -> bytes:
        """The content of a table, without its version byte; the manifest says which file it is, and its SHA-256."""
        table = json.loads((self.folder / "manifest.json").read_text("utf-8"))["tables"][name]
        data = (self.folder / table["file"]).read_bytes()
        need(hashlib.sha256(data).hexdigest() == table["sha256"] and data[0] == table["version"] == 1, f"the table {name}")
        return data[1:]


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A varint and the place behind it."""
    value = 0
    for i, byte in enumerate(data[at:at + 5]):
        value |= (byte & 127) << 7 * i
        if byte < 128:
            need((byte or not i) and value < 1 << 32, "varint not in shortest form or too large")
            return value, at + i + 1
    raise FormatError("varint")


class Decoder:
    """Reads symbols; remembers their intervals to check the bytes at the end."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place, self.range, self.code = data, 7, TOP - 1, int.from_bytes(data[:7].ljust(7, b"\0"), "big")
        self.log: list[tuple[int, int, int]] = []
        need(self.code < TOP - 1, "code of 2^56 - 1")

    def _take(self, start: int, size: int, total: int) -> None:
        self.log.append((start, size, total))
        low, self.range = interval(self.range, start, size, total)
        self.code -= low
        while self.range < 1 << 48:
            self.code = self.code << 8 | (self.data[self.place] if self.place < len(self.data) else 0)
            self.range, self.place = self.range << 8, self.place + 1
        need(self.place <= len(self.data) + ZEROS, "range coder out of data")

    def span(self, bounds: Sequence[int]) -> int:
        """Index i owns bounds[i] .. bounds[i + 1] - 1 of the last bound."""
        goal = min(self.code // (self.range // bounds[-1]), bounds[-1] - 1)
        i = max(k for k in range(len(bounds) - 1) if bounds[k] <= goal)
        self._take(bounds[i], bounds[i + 1] - bounds[i], bounds[-1])
        return i

    def symbol(self, shares: Sequence[int]) -> int:
        """Index i owns shares[i] of their sum."""
        bounds = [0]
        for share in shares:
            bounds.append(bounds[-1] + share)
        return self.span(bounds)

    def equal(self, total: int) -> int:
        """One of so many equal symbols."""
        goal = min(self.code // (self.range // total), total - 1)
        self._take(goal, 1, total)
        return goal

    def bit(self, p: int) -> int:
        """1 with a chance of p / 65536."""
        value = int(self.code < (self.range >> 16) * p)
        self._take(-1, value, p)
        return value

    def adaptive(self, model: list[int]) -> int:
        """A bit of a model [chance, count], which moves."""
        return adapt(model, self.bit(model[0]))

    def close(self) -> None:
        """Refuse bytes other than those an encoder writes."""
        need(self.data == encode(self.log), "not the bytes of an encoder")


def adapt(model: list[int], value: int) -> int:
    """Move an adaptive bit behind a bit."""
    goal = 65472 if value else 64
    move = abs(goal - model[0]) // RATE[model[1]]
    model[:] = model[0] + (move if goal > model[0] else -move), min(model[1] + 1, 15)
    return value


def interval(width: int, start: int, size: int, total: int) -> tuple[int, int]:
    """What to add to low, and the new range; start -1 is a bit `size` of chance `total`."""
    if start < 0:
        split = (width >> 16) * total
        return (0, split) if size else (split, width - split)
    step = width // total
    return step * start, width - step * start if start + size == total else step * size


def encode(log: list[tuple[int, int, int]]) -> bytes:
    """The bytes an encoder writes for these intervals."""
    low, width, count = 0, TOP - 1, 7
    for item in log:
        more, width = interval(width, *item)
        low += more
        while width < 1 << 48:
            low, width, count = low << 8, width << 8, count + 1
    value = next(v for v in (low + width - 1 >> 8 * k << 8 * k for k in range(7, -1, -1)) if v >= low)
    data = value.to_bytes(count, "big").rstrip(b"\0")
    return data + bytes(max(count - len(data) - ZEROS, 0))
