"""Read a tree: what ``tree_writer`` writes, method for method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from promptcodec.entropy.bitio import HALF, BitReader
from promptcodec.errors import EntropyError
from promptcodec.layers.recipe.tree_model import (
    ADAPTIVE_BITS,
    DIGITS,
    LENGTH_BITS,
    MOST_VALUES,
    TEXTS_ORDER,
    Guide,
    Place,
    Statistics,
    Walk,
    count,
)
from promptcodec.layers.recipe.tree_symbols import (
    LONGEST_HEX,
    NUMBER_FORMS,
    SHORTEST_HEX,
    TEXT_FORMS,
    TYPES,
    UUID_DIGITS,
    Value,
    keys_of,
    object_symbol,
    scalar_of,
)

_LONGEST_NUMBER = 90  # bits


class TreeReader:
    """Read values."""

    def __init__(self, data: bytes, texts: Sequence[str], statistics: Statistics, guide: Guide) -> None:
        self._texts = texts
        self._next = 0
        self._bits = BitReader(data)
        self._statistics = statistics
        self._walk = Walk(statistics, guide)

    def close(self) -> None:
        """Make sure that symbols and texts end here.

        Raises:
            EntropyError: they do not.
        """
        self._bits.close()
        if self._next < len(self._texts):
            raise EntropyError("there is more than the value in the coded tree")

    def value(self) -> Value:
        """Read a value.

        Raises:
            EntropyError: nothing a writer writes.
        """
        place = self._walk.begin()
        symbol = self._symbol(place)
        self._walk.take(place, symbol)
        value: Value
        if symbol[0] == "[":
            value = self._list(place, int(symbol[1:]))
        elif symbol[0] == "{":
            value = self._object(place, keys_of(symbol))
        else:
            value = scalar_of(symbol)
        self._walk.end(value)
        return value

    def _list(self, place: Place, length: int) -> Value:
        inside = self._walk.enter_list(place)
        for index in range(length):
            inside.at = index
            inside.value.append(self.value())
        self._walk.leave()
        return inside.value

    def _object(self, place: Place, keys: list[str]) -> Value:
        inside = self._walk.enter_object(place)
        for key in keys:
            inside.at = key
            inside.value[key] = self.value()
        self._walk.leave()
        return inside.value

    def _symbol(self, place: Place) -> str:
        """Read a symbol: as a guess, in a context of its place, or spelled."""
        for right, guess in self._walk.guesses():
            if self._bits.adaptive(right):
                return guess
        contexts = self._walk.contexts(place)
        excluded: set[str] = set()
        for order, counts in enumerate(contexts):
            symbol = self._known(order, counts, excluded)
            if symbol is not None:
                contexts = contexts[: order + 1]
                break
        else:
            symbol = self._spelled(place)
        for counts in contexts:
            count(counts, symbol)
        return symbol

    def _known(self, order: int, counts: dict[str, int], excluded: set[str]) -> str | None:
        """Read whether a context knows the symbol, and which of its symbols it is."""
        candidates = self._walk.candidates(counts, excluded)
        if not candidates:
            return None
        shares = [counts[candidate] for candidate in candidates]
        if not self._bits.adaptive(self._walk.escape(order, shares)):
            excluded.update(candidates)
            return None
        return candidates[self._bits.symbol(shares) if len(candidates) > 1 else 0]

    def _spelled(self, place: Place) -> str:
        kind = self._choice(("type", place.key), TYPES)
        if kind == "number":
            return "#" + self._number(place.key)
        if kind == "text":
            return self._text(place.key)
        if kind == "list":
            return f"[{self._magnitude(('length', place.key))}"
        return self._keys(place) if kind == "object" else kind

    def _keys(self, place: Place) -> str:
        number = self._magnitude(("keys", place.name))
        if number > MOST_VALUES:
            raise EntropyError("an object has too many keys")
        inside = self._walk.enter_keys(place)
        for _ in range(number):
            self._walk.begin()
            symbol = self._symbol(inside)
            if symbol[0] != '"' or len(symbol) < 2 or "\0" in symbol:
                raise EntropyError("a coded object has no keys")
            self._walk.take_key(inside, symbol)
        self._walk.leave()
        keys: list[str] = inside.value
        if len(set(keys)) < number:
            raise EntropyError("a coded object has a key twice")
        return object_symbol(keys)

    def _number(self, key: str) -> str:
        form = self._choice(("number", key), NUMBER_FORMS)
        if form == "integer":
            return self._integer(key)
        return self._decimal(key) if form == "decimal" else self._line()

    def _text(self, key: str) -> str:
        pool = self._statistics.context("texts")
        symbol = self._known(TEXTS_ORDER, pool, set())
        if symbol is None:
            symbol = '"' + self._new_text(key)
        count(pool, symbol)
        return symbol

    def _new_text(self, key: str) -> str:
        form = self._choice(("text", key), TEXT_FORMS)
        if form in ("hex", "HEX"):
            digits = self._digits(16, SHORTEST_HEX + self._magnitude(("hex", key)))
            return digits if form == "hex" else digits.upper()
        if form == "uuid":
            digits = self._digits(16, UUID_DIGITS)
            return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        if form == "integer":
            return self._integer(key)
        if form == "decimal":
            return self._decimal(key)
        if form == "size":
            width = self._magnitude(("size", key))
            return f"{width}x{self._magnitude(('size', key))}"
        # However many lines are asked for, it stops where the texts end.
        return "\n".join(self._line() for _ in range(1 + self._magnitude(("lines", key))))

    def _line(self) -> str:
        if self._next == len(self._texts):
            raise EntropyError("the coded tree asks for more texts than there are")
        self._next += 1
        return self._texts[self._next - 1]

    def _integer(self, key: str) -> str:
        minus = self._bits.adaptive(self._statistics.bit(("integer", key, "minus")))
        return f"{'-' if minus else ''}{self._magnitude(('integer', key))}"

    def _decimal(self, key: str) -> str:
        minus = self._bits.adaptive(self._statistics.bit(("decimal", key, "minus")))
        whole = self._magnitude(("decimal", key))
        length = 1 + self._magnitude(("decimal", key, "digits"))
        return f"{'-' if minus else ''}{whole}.{self._digits(10, length)}"

    def _digits(self, base: int, length: int) -> str:
        if length > LONGEST_HEX:
            raise EntropyError("a coded text has too many digits")
        digits = ""
        for start in range(0, length, DIGITS):
            size = min(DIGITS, length - start)
            digits += f"{self._bits.uniform(base**size):0{size}{'x' if base == 16 else 'd'}}"
        return digits

    def _magnitude(self, key: tuple[Any, ...]) -> int:
        """Read a whole number from 0: its length in bits, the two below the highest adaptively, the rest."""
        length = self._bits.tree(self._statistics.tree(*key, "bits"), LENGTH_BITS)
        if not 1 <= length <= _LONGEST_NUMBER:
            raise EntropyError("a coded number is out of bounds")
        adaptive = min(length - 1, ADAPTIVE_BITS)
        rest = length - 1 - adaptive
        value = 1 << adaptive | self._bits.tree(self._statistics.tree(*key, length), adaptive)
        for _ in range(rest):
            value = value << 1 | self._bits.bit(HALF)
        return value - 1

    def _choice(self, key: tuple[Any, ...], names: tuple[str, ...]) -> str:
        index = self._bits.tree(self._statistics.tree(*key), 3)
        if index >= len(names):
            raise EntropyError("the coded tree holds a value of no kind")
        return names[index]
