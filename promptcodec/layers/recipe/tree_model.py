"""What writer and reader of a tree share: where they are, what they have seen, and how far they may go.

Whatever counts or learns is here, and both ask for it in the same order: so the reader takes the turns
that the writer took, and refuses what the writer could not have written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from promptcodec.entropy.bitio import AdaptiveBit
from promptcodec.errors import EntropyError
from promptcodec.layers.recipe.tree_symbols import Value

MOST_VALUES = 1 << 15
"""Values and spelled keys in one tree."""

MOST_WORK = 1 << 20
"""Symbols looked at in contexts, a value as VALUE_WORK: under half a second."""

MOST_CHARACTERS = 1 << 20
"""Characters in all symbols of the values, repetitions counted."""

DEEPEST = 40
VALUE_WORK = 32
TEXTS_ORDER = 5
"""The pool of all texts is asked after the contexts of orders 0 to 4."""

LENGTH_BITS, ADAPTIVE_BITS = 7, 2
"""Bits of a number that say its length, and those below its highest one that adapt."""

DIGITS = 7
"""Digits coded in one symbol."""

LABELS = ("class_type", "type", "name")
_LAST_INDEX = 63
_STEP, _CAP = 3, 4000


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

    @property
    def key(self) -> str:
        """The key that the next value stands under, lists looked through."""
        return self.at if isinstance(self.at, str) else self.name

    def context_keys(self) -> tuple[Any, ...]:
        """Name the contexts of the value that comes next, from the most special to the most general."""
        at = min(self.at, _LAST_INDEX) if isinstance(self.at, int) else self.at
        return (
            (0, self.outer, self.label, self.name, at, self.last),
            (1, self.outer, self.label, self.name, at),
            (2, self.label, self.name, at),
            (3, self.name, at),
            (4, self.name if at == "[]" else self.key),
        )


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
    bits: dict[Any, AdaptiveBit] = field(default_factory=dict)
    base: Statistics | None = None

    def context(self, key: Any) -> dict[str, int]:
        """Give the counts of a context, a copy of the base's at first."""
        counts = self.symbols.get(key)
        if counts is None:
            before = self.base.symbols.get(key) if self.base else None
            counts = self.symbols[key] = dict(before) if before else {}
        return counts

    def bit(self, key: Any) -> AdaptiveBit:
        """Give an adaptive bit, a copy of the base's at first."""
        bit = self.bits.get(key)
        if bit is None:
            before = self.base.bits.get(key) if self.base else None
            bit = self.bits[key] = AdaptiveBit(before.one, before.seen) if before else AdaptiveBit()
        return bit

    def tree(self, *key: Any) -> ContextBits:
        """Give the adaptive bits of a binary tree."""
        return ContextBits(self, key)


@dataclass(frozen=True, slots=True)
class ContextBits:
    """Adaptive bits by the node of a binary tree, each made when it is first asked for."""

    statistics: Statistics
    key: tuple[Any, ...]

    def __getitem__(self, node: int) -> AdaptiveBit:
        return self.statistics.bit((*self.key, node))


def count(counts: dict[str, int], symbol: str) -> None:
    """Teach a context a symbol."""
    counts[symbol] = counts.get(symbol, 0) + _STEP
    if counts[symbol] > _CAP:
        for other, times in counts.items():
            counts[other] = (times + 1) // 2


class Walk:
    """A walk through a tree, depth first.

    Attributes:
        statistics: what has been seen.
        places: the containers around the next value, the innermost last.
    """

    def __init__(self, statistics: Statistics, guide: Guide) -> None:
        self.statistics = statistics
        self.places: list[Place] = []
        self._guide = guide
        self._values = 0
        self._work = 0
        self._characters = 0

    def begin(self) -> Place:
        """Come to the next value or key; gives where it stands.

        Raises:
            EntropyError: beyond the limits.
        """
        self._values += 1
        if self._values > MOST_VALUES or len(self.places) > DEEPEST:
            raise EntropyError(f"the tree has more than {MOST_VALUES} values or {DEEPEST} levels")
        return self.places[-1] if self.places else Place("", [], "", "")

    def take(self, place: Place, symbol: str) -> None:
        """Note the symbol of a value; what is inside it comes next.

        Raises:
            EntropyError: beyond the limits.
        """
        self._characters += len(symbol)
        if self._characters > MOST_CHARACTERS:
            raise EntropyError(f"the tree has more than {MOST_CHARACTERS} characters")
        place.last = symbol
        if symbol[0] == '"' and place.at in LABELS:
            place.label = symbol

    def end(self, value: Value) -> None:
        """Note that a value is complete."""
        self._guide.saw(self.places, value)

    @staticmethod
    def take_key(keys: Place, symbol: str) -> None:
        """Note the symbol of a key."""
        keys.last = symbol
        keys.value.append(symbol[1:])

    def enter_list(self, place: Place) -> Place:
        """Go into a list that stands at a place."""
        name = place.name + "[]" if isinstance(place.at, int) else place.at
        return self._enter(Place(name, [], place.label, place.label or place.outer))

    def enter_object(self, place: Place) -> Place:
        """Go into an object."""
        name = place.name + "{}" if isinstance(place.at, int) else place.at
        return self._enter(Place(name, {}, "", place.label or place.outer))

    def enter_keys(self, place: Place) -> Place:
        """Go into the keys of an object, which are texts in contexts of their own."""
        return self._enter(Place("key of " + place.name, [], place.label, place.outer))

    def _enter(self, place: Place) -> Place:
        self.places.append(place)
        return place

    def leave(self) -> None:
        """Go out of the innermost container."""
        self.places.pop()

    def guesses(self) -> Iterator[tuple[AdaptiveBit, str]]:
        """Give guesses for the next symbol, each with the bit that says whether it is right."""
        self._work += VALUE_WORK
        for rule, guess in self._guide.guesses(self.places):
            yield self.statistics.bit(("guess", rule)), guess

    def contexts(self, place: Place) -> list[dict[str, int]]:
        """Give the contexts of the value that comes next, by their order."""
        return [self.statistics.context(key) for key in place.context_keys()]

    def candidates(self, counts: dict[str, int], excluded: set[str]) -> list[str]:
        """Give the symbols of a context that no context before it has excluded.

        Raises:
            EntropyError: beyond the limits.
        """
        self._work += len(counts)
        if self._work > MOST_WORK:
            raise EntropyError("the tree takes more work than any that is written")
        return [symbol for symbol in counts if symbol not in excluded] if excluded else list(counts)

    def escape(self, order: int, shares: Sequence[int]) -> AdaptiveBit:
        """Give the bit that says whether a context knows the symbol; it depends on how much it has seen."""
        return self.statistics.bit(("escape", order, min(len(shares), 4), min(sum(shares).bit_length(), 8)))
