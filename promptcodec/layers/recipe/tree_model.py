"""What the tree coder is made of: values, places, statistics, and what writes, reads or learns symbols."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from promptcodec.entropy.bits import Model
from promptcodec.entropy.rangecoder import Decoder, Encoder
from promptcodec.errors import EntropyError


class Literal(str):
    """A JSON number as it is written."""

    __slots__ = ()


Value = Any  # None, bool, Literal, str, list, dict


class Coding(Protocol):
    """Writes, reads or only learns; what it is given is ignored when reading."""

    def bit(self, model: Model, value: int) -> int:
        """Code a bit with an adaptive model."""

    def pick(self, shares: Sequence[int], index: int) -> int:
        """Code which of some alternatives it is, by their shares."""

    def uniform(self, total: int, value: int) -> int:
        """Code a number below ``total``, at most 2**32, all alike."""

    def text(self, value: str) -> str:
        """Code a plain text."""


@dataclass(slots=True)
class Place:
    """A container that is being walked, and where in it.

    Attributes:
        name: the key it has in its own container, lists looked through.
        value: what is there so far: a list or a dict.
        label: the last text under a key that names a kind of thing.
        outer: the label of the container around it when this one began.
        at: the key or index of the value that comes next.
        last: the symbol before.
    """

    name: str
    value: Any
    label: str
    outer: str
    at: str | int = 0
    last: str = ""


class Guide(Protocol):
    """Guesses values from what it has seen; must do the same on both sides."""

    def guesses(self, places: Sequence[Place]) -> Iterator[tuple[str, str]]:
        """Give guesses for the value that comes next: a name for the rule, and the symbol."""

    def saw(self, places: Sequence[Place], value: Value) -> None:
        """Learn a value that is complete, where ``places`` say."""


@dataclass(slots=True)
class Statistics:
    """What has been seen: symbols by context, adaptive bits by name; ``base`` is never changed."""

    symbols: dict[Any, dict[str, int]] = field(default_factory=dict)
    bits: dict[Any, Model] = field(default_factory=dict)
    base: Statistics | None = None

    def context(self, key: Any) -> dict[str, int]:
        """Give the counts of a context, a copy of the base's at first."""
        found = self.symbols.get(key)
        if found is None:
            before = self.base.symbols.get(key) if self.base else None
            found = self.symbols[key] = dict(before) if before else {}
        return found

    def bit(self, key: Any) -> Model:
        """Give an adaptive bit, a copy of the base's at first."""
        found = self.bits.get(key)
        if found is None:
            before = self.base.bits.get(key) if self.base else None
            found = self.bits[key] = Model(before.one, before.seen) if before else Model()
        return found


class Learner:
    """Teach models without writing anything."""

    def bit(self, model: Model, value: int) -> int:
        """Code a bit and teach its model."""
        model.learn(value)
        return value

    def pick(self, shares: Sequence[int], index: int) -> int:
        """Code one of some alternatives."""
        return index

    def uniform(self, total: int, value: int) -> int:
        """Code a number below ``total``."""
        return value

    def text(self, value: str) -> str:
        """Code a plain text."""
        return value


class Writer:
    """Write symbols; plain texts are collected."""

    def __init__(self) -> None:
        self.encoder = Encoder()
        self.texts: list[str] = []

    def bit(self, model: Model, value: int) -> int:
        """Code a bit and teach its model."""
        self.encoder.encode_bit(value, model.one)
        model.learn(value)
        return value

    def pick(self, shares: Sequence[int], index: int) -> int:
        """Code one of some alternatives."""
        self.encoder.encode(sum(shares[:index]), shares[index], sum(shares))
        return index

    def uniform(self, total: int, value: int) -> int:
        """Code a number below ``total``."""
        self.encoder.encode(value, 1, total)
        return value

    def text(self, value: str) -> str:
        """Code a plain text."""
        self.texts.append(value)
        return value


class Reader:
    """Read symbols; plain texts are given."""

    def __init__(self, data: bytes, texts: Sequence[str]) -> None:
        self.decoder = Decoder(data)
        self._texts = texts
        self._next = 0

    @property
    def left(self) -> int:
        """Count the texts nothing has asked for."""
        return len(self._texts) - self._next

    def bit(self, model: Model, value: int) -> int:
        """Code a bit and teach its model."""
        got = self.decoder.decode_bit(model.one)
        model.learn(got)
        return got

    def pick(self, shares: Sequence[int], index: int) -> int:
        """Code one of some alternatives."""
        total = sum(shares)
        target = self.decoder.target(total)
        start = 0
        index = 0
        while target >= start + shares[index]:
            start += shares[index]
            index += 1
        self.decoder.take(start, shares[index], total)
        return index

    def uniform(self, total: int, value: int) -> int:
        """Code a number below ``total``."""
        got = self.decoder.target(total)
        self.decoder.take(got, 1, total)
        return got

    def text(self, value: str) -> str:
        """Code a plain text."""
        if not self.left:
            raise EntropyError("the coded tree asks for more texts than there are")
        self._next += 1
        return self._texts[self._next - 1]
