"""JSON values to symbols of a range coder, and back, learning what stands where.

A value is walked depth first. Each is one symbol in the contexts of its place, from the most
special to the most general; a bit says whether a context knows it (an escape, as in PPM, its
chance adaptive by how much the context has seen). What no context knows is spelled: numbers by
their digits, hexadecimal and other typed texts by their values; plain texts are only counted
here and go to a text coder together. A guide may guess a value before the contexts are asked.

The model starts from a primer: values that it has walked before. All of it is integers.

Sources: Cleary and Witten, "Data compression using adaptive coding and partial string matching",
1984; Bloom, "Solving the problems of context modeling" (PPMZ), 1998 (secondary escape estimation).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from promptcodec.entropy.bits import Model
from promptcodec.entropy.rangecoder import BIT_ONE
from promptcodec.errors import EntropyError
from promptcodec.layers.recipe.tree_model import (
    Coding,
    Guide,
    Learner,
    Literal,
    Place,
    Reader,
    Statistics,
    Value,
    Writer,
)

MOST_VALUES = 1 << 15  # in one tree
MOST_WORK = 1 << 20  # symbols looked at in contexts, a value as 32: under half a second
MOST_CHARACTERS = 1 << 20  # in all its texts, repetitions counted
DEEPEST = 40
_HALF = BIT_ONE // 2
_ESCAPES = 6  # orders of contexts, the pool of texts last
_LAST_INDEX = 63
_STEP, _CAP = 3, 4000
_VALUE_WORK = 32

LABELS = ("class_type", "type", "name")
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,25})")
_DECIMAL = re.compile(r"(-?)(0|[1-9]\d{0,17})\.(\d{1,27})")
_HEX = re.compile(r"(?=[0-9a-f]*\d)[0-9a-f]{6,128}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SIZE = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")
_TYPES = ("null", "true", "false", "number", "text", "list", "object")
_TEXTS = ("plain", "hex", "HEX", "uuid", "integer", "decimal", "size")


def prime(values: Sequence[Value], guide: Callable[[], Guide]) -> Statistics:
    """Give the statistics of values walked one after another."""
    made = Statistics()
    for value in values:
        Walker(Learner(), made, guide()).walk(value)
    return made


def encode(value: Value, base: Statistics, guide: Guide) -> tuple[bytes, list[str]] | None:
    """Code a value.

    Returns:
        The symbols' bytes, and the plain texts in order; None where it is beyond the limits.
    """
    writer = Writer()
    try:
        Walker(writer, Statistics(base=base), guide).walk(value)
    except EntropyError:
        return None
    return writer.encoder.finish(), writer.texts


def decode(data: bytes, texts: Sequence[str], base: Statistics, guide: Guide) -> Value:
    """Undo ``encode``.

    Args:
        data: untrusted.
        texts: the lines of the plain texts.
        base: the statistics it was coded with.
        guide: a new one of the kind it was coded with.

    Raises:
        EntropyError: nothing ``encode`` writes.
    """
    reader = Reader(data, texts)
    value = Walker(reader, Statistics(base=base), guide).walk(None)
    reader.decoder.close()
    if reader.left:
        raise EntropyError("there is more than the value in the coded tree")
    return value


class Walker:
    """Walk a value, or build it from what is read."""

    def __init__(self, io: Coding, statistics: Statistics, guide: Guide) -> None:
        self._io = io
        self._seen = statistics
        self._guide = guide
        self._places: list[Place] = []
        self._values = 0
        self._work = 0
        self._characters = 0

    def walk(self, value: Value) -> Value:
        """Code a value; when reading, what is given is ignored.

        Raises:
            EntropyError: beyond the limits, or damaged.
        """
        self._values += 1
        if self._values > MOST_VALUES or len(self._places) > DEEPEST:
            raise EntropyError(f"the tree has more than {MOST_VALUES} values or {DEEPEST} levels")
        place = self._places[-1] if self._places else Place("", [], "", "")
        symbol = self._symbol(place, _symbol_of(value))
        self._characters += len(symbol)
        if self._characters > MOST_CHARACTERS:
            raise EntropyError(f"the tree has more than {MOST_CHARACTERS} characters")
        place.last = symbol
        kind = symbol[0]
        made: Value = _scalar(symbol) if kind not in "[{" else None
        if kind == "[":
            made = self._list(place, value, int(symbol[1:]))
        elif kind == "{":
            made = self._object(place, value, _keys(symbol))
        elif kind == '"' and place.at in LABELS:
            place.label = symbol
        self._guide.saw(self._places, made)
        return made

    def _list(self, place: Place, value: Value, length: int) -> list[Value]:
        name = place.name + "[]" if isinstance(place.at, int) else place.at
        made: list[Value] = []
        inner = Place(name, made, place.label, place.label or place.outer)
        self._places.append(inner)
        for index in range(length):
            inner.at = index
            made.append(self.walk(value[index] if isinstance(value, list) else None))
        self._places.pop()
        return made

    def _object(self, place: Place, value: Value, keys: tuple[str, ...]) -> dict[str, Value]:
        name = place.name + "{}" if isinstance(place.at, int) else place.at
        made: dict[str, Value] = {}
        inner = Place(name, made, "", place.label or place.outer)
        self._places.append(inner)
        for key in keys:
            inner.at = key
            made[key] = self.walk(value[key] if isinstance(value, dict) else None)
        self._places.pop()
        return made

    def _symbol(self, place: Place, given: str) -> str:
        self._work += _VALUE_WORK
        for rule, guess in self._guide.guesses(self._places):
            if self._io.bit(self._seen.bit(("guess", rule)), guess == given):
                return guess
        contexts = [self._seen.context(key) for key in _contexts(place)]
        excluded: set[str] = set()
        found = ""
        used = len(contexts)
        for order, counts in enumerate(contexts):
            found = self._find(order, counts, excluded, given)
            if found:
                used = order
                break
        if not found:
            found = self._spell(place, given)
        for counts in contexts[: used + 1]:
            self._count(counts, found)
        return found

    def _find(self, order: int, counts: dict[str, int], excluded: set[str], given: str) -> str:
        """Say whether a context knows the symbol; give it, or ``""`` and exclude what it knows."""
        self._work += len(counts)
        if self._work > MOST_WORK:
            raise EntropyError("the tree takes more work than any that is written")
        open_ = [symbol for symbol in counts if symbol not in excluded] if excluded else list(counts)
        if not open_:
            return ""
        total = sum(map(counts.__getitem__, open_))
        key = ("escape", order, min(len(open_), 4), min(total.bit_length(), 8))
        if not self._io.bit(self._seen.bit(key), given in counts and given not in excluded):
            excluded.update(open_)
            return ""
        if len(open_) == 1:
            return open_[0]
        index = open_.index(given) if given in counts and given not in excluded else 0
        return open_[self._io.pick([counts[symbol] for symbol in open_], index)]

    @staticmethod
    def _count(counts: dict[str, int], symbol: str) -> None:
        counts[symbol] = counts.get(symbol, 0) + _STEP
        if counts[symbol] > _CAP:
            for other, count in counts.items():
                counts[other] = (count + 1) // 2

    # What no context of the place knows.

    def _spell(self, place: Place, given: str) -> str:
        where = str(place.at) if isinstance(place.at, str) else place.name
        kind = self._choose(("type", where), _TYPES, _type_of(given))
        if kind in ("null", "true", "false"):
            return kind
        if kind == "number":
            return "#" + self._number(where, given[1:])
        if kind == "list":
            return f"[{self._magnitude(('length', where), int(given[1:] or 0) if given[:1] == '[' else 0)}"
        if kind == "object":
            return self._shape(place, given)
        return self._text(where, given)

    def _choose(self, key: Any, names: Sequence[str], name: str) -> str:
        index = names.index(name) if name in names else 0
        node = 1
        for shift in (2, 1, 0):
            node = node << 1 | self._io.bit(self._seen.bit((*key, node)), index >> shift & 1)
        if node - 8 >= len(names):
            raise EntropyError("the coded tree holds a value of no kind")
        return names[node - 8]

    def _text(self, where: str, given: str) -> str:
        pool = self._seen.context("texts")
        found = self._find(_ESCAPES - 1, pool, set(), given)
        if not found:
            found = '"' + self._new_text(where, given[1:])
        self._count(pool, found)
        return found

    def _new_text(self, where: str, said: str) -> str:
        kind = self._choose(("text", where), _TEXTS, _text_kind(said))
        if kind in ("hex", "HEX"):
            length = 6 + self._magnitude(("hex", where), len(said) - 6)
            digits = self._digits(16, said.lower(), length)
            return digits if kind == "hex" else digits.upper()
        if kind == "uuid":
            digits = self._digits(16, said.replace("-", ""), 32)
            return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        if kind == "integer":
            return self._integer(("integer", where), said)
        if kind == "decimal":
            return self._decimal(("decimal", where), said)
        if kind == "size":
            sides = said.split("x") if kind == _text_kind(said) else ("1", "1")
            first = self._magnitude(("size", where), int(sides[0]))
            return f"{first}x{self._magnitude(('size', where), int(sides[1]))}"
        lines = 1 + self._magnitude(("lines", where), said.count("\n"))
        parts = said.split("\n")
        # A reader is given nothing, and stops where the texts end.
        return "\n".join(self._io.text(parts[index] if index < len(parts) else "") for index in range(lines))

    def _number(self, where: str, said: str) -> str:
        kinds = ("integer", "decimal", "other")
        given = "integer" if _INTEGER.fullmatch(said) else "decimal" if _DECIMAL.fullmatch(said) else "other"
        kind = self._choose(("number", where), kinds, given)
        if kind == "integer":
            return self._integer(("integer", where), said)
        return self._decimal(("decimal", where), said) if kind == "decimal" else self._io.text(said)

    def _integer(self, key: Any, said: str) -> str:
        valid = bool(_INTEGER.fullmatch(said))
        minus = self._io.bit(self._seen.bit((*key, "minus")), valid and said[0] == "-")
        size = self._magnitude(key, abs(int(said)) if valid else 0)
        return f"-{size}" if minus else str(size)

    def _decimal(self, key: Any, said: str) -> str:
        match = _DECIMAL.fullmatch(said)
        minus = self._io.bit(self._seen.bit((*key, "minus")), bool(match and match[1]))
        size = self._magnitude(key, int(match[2]) if match else 0)
        length = 1 + self._magnitude((*key, "digits"), len(match[3]) - 1 if match else 0)
        return f"{'-' if minus else ''}{size}.{self._digits(10, match[3] if match else '', length)}"

    def _digits(self, base: int, said: str, length: int) -> str:
        if length > 128:
            raise EntropyError("a coded text has too many digits")
        said = said if len(said) == length else "0" * length
        made = ""
        for start in range(0, length, 7):
            part = said[start : start + 7]
            value = self._io.uniform(base ** len(part), int(part, base))
            made += f"{value:0{len(part)}{'x' if base == 16 else 'd'}}"
        return made

    def _magnitude(self, key: Any, value: int) -> int:
        """Code a whole number from 0: its length in bits, the two below the highest adaptively, the rest."""
        value = max(value + 1, 1)
        node = 1
        length = value.bit_length()
        for shift in range(6, -1, -1):
            node = node << 1 | self._io.bit(self._seen.bit((*key, "bits", node)), length >> shift & 1)
        length = node - 128
        if not 1 <= length <= 90:
            raise EntropyError("a coded number is out of bounds")
        made = 1
        for shift in range(length - 2, -1, -1):
            bit = value >> shift & 1
            near = length - 2 - shift < 2
            model = self._seen.bit((*key, length, made)) if near else Model(_HALF)
            made = made << 1 | self._io.bit(model, bit)
        return made - 1

    def _shape(self, place: Place, given: str) -> str:
        """Code the keys of an object one by one, as texts in contexts of their own."""
        said = _keys(given) if given[:1] == "{" else ()
        count = self._magnitude(("keys", place.name), len(said))
        if count > MOST_VALUES:
            raise EntropyError("an object has too many keys")
        keys: list[str] = []
        inner = Place("key of " + place.name, keys, place.label, place.outer)
        self._places.append(inner)
        for index in range(count):
            inner.at = 0
            self._values += 1
            key = '"' + said[index] if index < len(said) else '"'
            found = self._symbol(inner, key)
            if (
                self._values > MOST_VALUES
                or len(found) < 2
                or found[0] != '"'
                or "\0" in found
                or found[1:] in keys[-64:]
            ):
                raise EntropyError("a coded object has no keys")
            inner.last = found
            keys.append(found[1:])
        self._places.pop()
        if len(set(keys)) < len(keys):
            raise EntropyError("a coded object has a key twice")
        return "{" + "\0".join(keys) if keys else "{"


def _contexts(place: Place) -> tuple[Any, ...]:
    at = place.at if isinstance(place.at, str) else min(place.at, _LAST_INDEX)
    where = at if isinstance(at, str) else "[]"
    return (
        (0, place.outer, place.label, place.name, at, place.last),
        (1, place.outer, place.label, place.name, at),
        (2, place.label, place.name, at),
        (3, place.name, at),
        (4, where if where != "[]" else place.name),
    )


def _symbol_of(value: Value) -> str:
    """Give the symbol of a value: what kind it is, and a scalar or an outline of it."""
    if isinstance(value, Literal):
        return "#" + value
    if isinstance(value, str):
        return '"' + value
    if isinstance(value, list):
        return f"[{len(value)}"
    if isinstance(value, dict):
        if any("\0" in key or not key for key in value):
            raise EntropyError("a key is empty or holds a zero")
        return "{" + "\0".join(value)
    return {None: "null", True: "true", False: "false"}[value]


def _scalar(symbol: str) -> Value:
    if symbol[0] == '"':
        return symbol[1:]
    return Literal(symbol[1:]) if symbol[0] == "#" else {"null": None, "true": True, "false": False}[symbol]


def _keys(symbol: str) -> tuple[str, ...]:
    return tuple(symbol[1:].split("\0")) if len(symbol) > 1 else ()


def _type_of(symbol: str) -> str:
    return {'"': "text", "#": "number", "[": "list", "{": "object"}.get(symbol[0], symbol)


def _text_kind(said: str) -> str:
    """Give the first kind whose spelling gives the text back exactly."""
    for kind, form in (
        ("integer", _INTEGER),
        ("hex", _HEX),
        ("uuid", _UUID),
        ("decimal", _DECIMAL),
        ("size", _SIZE),
    ):
        if form.fullmatch(said):
            return kind
    return "HEX" if said == said.upper() and _HEX.fullmatch(said.lower()) else "plain"
