"""What one part of a ComfyUI recipe says about another: the API graph, the editor's nodes and its links.

The graph names each node's class, values and links; the editor's workflow says the same again,
with numbers for links, and then lists the links once more. What is known is guessed.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from promptcodec.layers.recipe.tree_model import Place
from promptcodec.layers.recipe.tree_symbols import Literal, Value

_MOST = 3  # guesses for one value
_FEW = 32  # links of one output, values of one node: more are not looked at
_NODE, _INPUT = "nodes{}", "inputs{}"


class ComfyGuide:
    """Guess values of workflows and graphs."""

    def __init__(self) -> None:
        self._graph: dict[str, dict[str, Value]] = {}  # API nodes by id
        self._targets: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        self._out: dict[tuple[str, str], list[str]] = defaultdict(list)  # links by node and output
        self._in: dict[tuple[str, str], str] = {}  # link by node and input's name
        self._origin: dict[str, tuple[str, str, str]] = {}  # of a link: symbols of node, output, type
        self._target: dict[str, tuple[str, str]] = {}  # of a link: symbols of node and input
        self._links: list[int] = []  # all links' numbers, sorted
        self._cursor = 0

    def guesses(self, places: Sequence[Place]) -> Iterator[tuple[str, str]]:
        """Give guesses for the value that comes next, each with the name of its rule."""
        if not places:
            return
        rule, symbols = self._known(places)
        for index, symbol in enumerate(symbols[:_MOST]):
            yield f"{rule} {index}", symbol

    def _known(self, places: Sequence[Place]) -> tuple[str, list[str]]:
        place = places[-1]
        at = place.at
        if place.name == "links[]" and isinstance(at, int):
            return f"row {at}", self._row(places, at)
        if place.name == "links" and _is_node(places, 3):
            if not isinstance(place.value, list):
                return "out", []
            ends = self._targets.get((_id(places[-4]), str(places[-3].at)), [])[:_FEW]
            links = [self._in[end] for end in ends if end in self._in]
            return "out", [f"#{link}" for link in links if link not in place.value[-_FEW:]]
        if place.name == "widgets_values" and _is_node(places, 1) and isinstance(at, int):
            node = self._graph.get(_id(places[-2]))
            self._cursor = self._cursor if at else 0
            values = _plain(node)
            return "widget", _forms(values[self._cursor : self._cursor + 1])
        return self._named(places)

    def _named(self, places: Sequence[Place]) -> tuple[str, list[str]]:
        place = places[-1]
        if place.at == "type" and _is_node(places, 0):
            node = self._graph.get(_id(place))
            return "type", [f'"{node["class_type"]}'] if node else []
        if place.at == "Node name for S&R" and _is_node(places, 1):
            return "name", [f'"{_text(places[-2].value.get("type"))}']
        if place.name == _INPUT and place.at == "link" and _is_node(places, 2):
            return "in", self._into(_id(places[-3]), _name(place))
        return "", []

    def _into(self, node: str, name: str) -> list[str]:
        api = self._graph.get(node)
        link = api["inputs"].get(name) if api else None
        if api and not _is_link(link):
            return ["null"]
        return [f"#{number}" for number in self._out.get((link[0], str(link[1])), [])[:_MOST]] if link else []

    def _row(self, places: Sequence[Place], at: int) -> list[str]:
        place = places[-1]
        if at == 0:
            row = places[-2].value[-1:] if len(places) > 1 and isinstance(places[-2].value, list) else []
            first = row[0][:1] if row and isinstance(row[0], list) else []
            before = int(first[0]) if first and _is_small(first[0]) else -1
            next_ = bisect_right(self._links, before)
            return [f"#{self._links[next_]}"] if next_ < len(self._links) else []
        link = _text(place.value[0])
        origin, target = self._origin.get(link), self._target.get(link)
        if at in (1, 2, 5) and origin:
            return [origin[(at - 1) % 3 if at < 5 else 2]]
        return [target[at - 3]] if at in (3, 4) and target else []

    def saw(self, places: Sequence[Place], value: Value) -> None:
        """Learn a complete value."""
        if not places:
            return
        place = places[-1]
        if isinstance(value, Literal):
            self._saw_number(places, value)
        elif isinstance(value, dict) and isinstance(place.at, str) and "class_type" in value:
            self._saw_api(place.at, value)
        if place.name == "widgets_values" and isinstance(place.at, int) and _is_node(places, 1):
            node = self._graph.get(_id(places[-2]))
            values = _plain(node)
            self._cursor += values[self._cursor : self._cursor + 1] != [] and _same(
                values[self._cursor], value
            )

    def _saw_api(self, node: str, value: dict[str, Value]) -> None:
        if isinstance(value.get("inputs"), dict) and isinstance(value["class_type"], str):
            self._graph[node] = value
            for name, link in value["inputs"].items():
                if _is_link(link):
                    self._targets[link[0], str(link[1])].append((node, name))

    def _saw_number(self, places: Sequence[Place], value: Literal) -> None:
        place = places[-1]
        if place.name == "links" and _is_node(places, 3) and _is_small(value):
            node, output = places[-4], places[-2]
            self._out[_id(node), str(places[-3].at)].append(value)
            kind = output.value.get("type") if isinstance(output.value, dict) else None
            self._origin[value] = (
                f"#{_id(node)}",
                f"#{places[-3].at}",
                f'"{kind}' if isinstance(kind, str) else "null",
            )
            self._add(value)
        elif place.name == _INPUT and place.at == "link" and _is_node(places, 2) and _is_small(value):
            self._in[_id(places[-3]), _name(place)] = value
            self._target[value] = (f"#{_id(places[-3])}", f"#{places[-2].at}")
            self._add(value)

    def _add(self, link: str) -> None:
        number = int(link)
        place = bisect_right(self._links, number)
        if not place or self._links[place - 1] != number:
            insort(self._links, number)


def _plain(node: dict[str, Value] | None) -> list[Value]:
    """Give what stands in a graph node's inputs and is no link."""
    first = islice(node["inputs"].values(), 2 * _FEW) if node else ()
    return [value for value in first if not isinstance(value, list)]


def _is_node(places: Sequence[Place], around: int) -> bool:
    """Say whether the place so many around the innermost is an editor's node."""
    return len(places) > around and places[-1 - around].name == _NODE and _is_object(places[-1 - around])


def _is_object(place: Place) -> bool:
    return isinstance(place.value, dict)


def _id(place: Place) -> str:
    return _text(place.value.get("id"))


def _name(place: Place) -> str:
    return _text(place.value.get("name") if _is_object(place) else None)


def _text(value: Value) -> str:
    """Give a value as text: lists and objects are none."""
    return str(value) if isinstance(value, str | bool) else "None"


def _is_small(value: Any) -> bool:
    return isinstance(value, Literal) and value.isdecimal() and value.isascii() and len(value) < 10


def _is_link(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], Literal)
    )


def _same(first: Value, second: Value) -> bool:
    return bool(set(_forms([first])) & set(_forms([second])))


def _forms(values: Sequence[Value]) -> list[str]:
    """Give the symbols a value may have in the other place: numbers are written with a point, or not."""
    symbols = []
    for value in values:
        if isinstance(value, Literal):
            plain = value.removesuffix(".0")
            symbols += [f"#{value}", f"#{plain}" if plain != value else f"#{value}.0"]
        elif isinstance(value, str):
            symbols.append('"' + value)
        elif isinstance(value, bool):
            symbols.append("true" if value else "false")
    return symbols
