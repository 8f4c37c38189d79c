"""Write a tree: what ``tree_reader`` reads, method for method."""

from __future__ import annotations

from typing import Any

from promptcodec.entropy.bitio import HALF, SymbolWriter
from promptcodec.layers.recipe.tree_model import (
    ADAPTIVE_BITS,
    DIGITS,
    LENGTH_BITS,
    TEXTS_ORDER,
    Guide,
    Place,
    Statistics,
    Walk,
    count,
)
from promptcodec.layers.recipe.tree_symbols import (
    DECIMAL,
    NUMBER_FORMS,
    SHORTEST_HEX,
    TEXT_FORMS,
    TYPES,
    Value,
    keys_of,
    number_form,
    symbol_of,
    text_form,
    type_of,
)


class TreeWriter:
    """Write values.

    Attributes:
        texts: the lines of the plain texts so far; they are not among the symbols.
    """

    def __init__(self, bits: SymbolWriter, statistics: Statistics, guide: Guide) -> None:
        self.texts: list[str] = []
        self._bits = bits
        self._statistics = statistics
        self._walk = Walk(statistics, guide)

    def value(self, value: Value) -> None:
        """Write a value.

        Raises:
            EntropyError: beyond the limits.
        """
        place = self._walk.begin()
        symbol = symbol_of(value)
        self._symbol(place, symbol)
        self._walk.take(place, symbol)
        if isinstance(value, list):
            self._list(place, value)
        elif isinstance(value, dict):
            self._object(place, value)
        self._walk.end(value)

    def _list(self, place: Place, values: list[Value]) -> None:
        inside = self._walk.enter_list(place)
        for index, value in enumerate(values):
            inside.at = index
            self.value(value)
            inside.value.append(value)
        self._walk.leave()

    def _object(self, place: Place, values: dict[str, Value]) -> None:
        inside = self._walk.enter_object(place)
        for key, value in values.items():
            inside.at = key
            self.value(value)
            inside.value[key] = value
        self._walk.leave()

    def _symbol(self, place: Place, symbol: str) -> None:
        """Write a symbol: as a guess, in a context of its place, or spelled."""
        for right, guess in self._walk.guesses():
            self._bits.adaptive(right, guess == symbol)
            if guess == symbol:
                return
        contexts = self._walk.contexts(place)
        excluded: set[str] = set()
        for order, counts in enumerate(contexts):
            if self._known(order, counts, excluded, symbol):
                contexts = contexts[: order + 1]
                break
        else:
            self._spelled(place, symbol)
        for counts in contexts:
            count(counts, symbol)

    def _known(self, order: int, counts: dict[str, int], excluded: set[str], symbol: str) -> bool:
        """Write whether a context knows the symbol, and which of its symbols it is."""
        candidates = self._walk.candidates(counts, excluded)
        if not candidates:
            return False
        shares = [counts[candidate] for candidate in candidates]
        known = symbol in counts and symbol not in excluded
        self._bits.adaptive(self._walk.escape(order, shares), known)
        if not known:
            excluded.update(candidates)
            return False
        if len(candidates) > 1:
            self._bits.symbol(shares, candidates.index(symbol))
        return True

    def _spelled(self, place: Place, symbol: str) -> None:
        kind = type_of(symbol)
        self._choice(("type", place.key), TYPES, kind)
        if kind == "number":
            self._number(place.key, symbol[1:])
        elif kind == "text":
            self._text(place.key, symbol)
        elif kind == "list":
            self._magnitude(("length", place.key), int(symbol[1:]))
        elif kind == "object":
            self._keys(place, keys_of(symbol))

    def _keys(self, place: Place, keys: list[str]) -> None:
        self._magnitude(("keys", place.name), len(keys))
        inside = self._walk.enter_keys(place)
        for key in keys:
            self._walk.begin()
            self._symbol(inside, '"' + key)
            self._walk.take_key(inside, '"' + key)
        self._walk.leave()

    def _number(self, key: str, number: str) -> None:
        form = number_form(number)
        self._choice(("number", key), NUMBER_FORMS, form)
        if form == "integer":
            self._integer(key, number)
        elif form == "decimal":
            self._decimal(key, number)
        else:
            self.texts.append(number)

    def _text(self, key: str, symbol: str) -> None:
        pool = self._statistics.context("texts")
        if not self._known(TEXTS_ORDER, pool, set(), symbol):
            self._new_text(key, symbol[1:])
        count(pool, symbol)

    def _new_text(self, key: str, text: str) -> None:
        form = text_form(text)
        self._choice(("text", key), TEXT_FORMS, form)
        if form in ("hex", "HEX"):
            self._magnitude(("hex", key), len(text) - SHORTEST_HEX)
            self._digits(16, text)
        elif form == "uuid":
            self._digits(16, text.replace("-", ""))
        elif form == "integer":
            self._integer(key, text)
        elif form == "decimal":
            self._decimal(key, text)
        elif form == "size":
            for side in text.split("x"):
                self._magnitude(("size", key), int(side))
        else:
            lines = text.split("\n")
            self._magnitude(("lines", key), len(lines) - 1)
            self.texts += lines

    def _integer(self, key: str, number: str) -> None:
        self._bits.adaptive(self._statistics.bit(("integer", key, "minus")), number[0] == "-")
        self._magnitude(("integer", key), abs(int(number)))

    def _decimal(self, key: str, number: str) -> None:
        match = DECIMAL.fullmatch(number)
        assert match is not None
        self._bits.adaptive(self._statistics.bit(("decimal", key, "minus")), bool(match[1]))
        self._magnitude(("decimal", key), int(match[2]))
        self._magnitude(("decimal", key, "digits"), len(match[3]) - 1)
        self._digits(10, match[3])

    def _digits(self, base: int, digits: str) -> None:
        for start in range(0, len(digits), DIGITS):
            part = digits[start : start + DIGITS]
            self._bits.uniform(base ** len(part), int(part, base))

    def _magnitude(self, key: tuple[Any, ...], value: int) -> None:
        """Write a whole number from 0: its length in bits, the two below the highest adaptively, the rest."""
        value += 1
        length = value.bit_length()
        self._bits.tree(self._statistics.tree(*key, "bits"), LENGTH_BITS, length)
        adaptive = min(length - 1, ADAPTIVE_BITS)
        rest = length - 1 - adaptive
        self._bits.tree(self._statistics.tree(*key, length), adaptive, value >> rest)
        for shift in range(rest - 1, -1, -1):
            self._bits.bit(HALF, value >> shift & 1)

    def _choice(self, key: tuple[Any, ...], names: tuple[str, ...], name: str) -> None:
        self._bits.tree(self._statistics.tree(*key), 3, names.index(name))
