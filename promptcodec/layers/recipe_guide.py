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

from promptcodec.entropy.tree_model import Literal, Place, Value

_MOST = 3  # guesses for one value
_FEW = 32  # links of one output, values of one node: more are not looked at
_NODE, _INPUT, _API = "nodes{}", "inputs{}", "inputs"


class ComfyGuide:
    """Guess values of workflows and graphs."""

    def __init__(self) -> None:
        self._graph: dict[str, dict[str, Value]] = {}  # API nodes by id
        self._drawn: dict[str, dict[str, Value]] = {}  # the editor's nodes by id
        self._targets: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        self._out: dict[tuple[str, str], list[str]] = defaultdict(list)  # links by node and output
        self._in: dict[tuple[str, str], str] = {}  # link by node and input's name
        self._origin: dict[str, tuple[str, str, str]] = {}  # of a link: symbols of node, output, type
        self._target: dict[str, tuple[str, str]] = {}  # of a link: symbols of node and input
        self._links: list[int] = []  # all links' numbers, sorted
        self._numbers: dict[tuple[str, Any], int] = {}  # the last number by place
        self._cursor = 0

    def guesses(self, places: Sequence[Place]) -> Iterator[tuple[str, str]]:
        """Give guesses for the value that comes next, each with the name of its rule."""
        if not places:
            return
        place = places[-1]
        rule, found = self._known(places)
        for index, symbol in enumerate(found[:_MOST]):
            yield f"{rule} {index}", symbol
        key = (place.name, place.at if isinstance(place.at, str) else "[]")
        if not found and key in self._numbers:
            yield f"next {key[0]} {key[1]}", f"#{self._numbers[key] + 1}"

    def _known(self, places: Sequence[Place]) -> tuple[str, list[str]]:
        place = places[-1]
        at = place.at
        if place.name == "links[]" and isinstance(at, int):
            return f"row {at}", self._row(places, at)
        if place.name == "links" and len(places) > 3 and places[-4].name == _NODE:
            ends = self._targets.get((_id(places[-4]), str(places[-3].at)), [])[:_FEW]
            links = [self._in[end] for end in ends if end in self._in]
            return "out", [f"#{link}" for link in links if link not in place.value[-_FEW:]]
        if place.name == "widgets_values" and places[-2].name == _NODE and isinstance(at, int):
            node = self._graph.get(_id(places[-2]))
            self._cursor = self._cursor if at else 0
            values = _plain(node)
            return "widget", _forms(values[self._cursor : self._cursor + 1])
        if place.name == _API and isinstance(at, str) and len(places) > 1:
            drawn = self._drawn.get(str(places[-2].at), {})
            self._cursor = 0 if not place.value else self._cursor
            widgets = drawn.get("widgets_values")
            ahead = widgets[self._cursor : self._cursor + 2] if isinstance(widgets, list) else []
            return "api", _forms(ahead)
        return self._named(places)

    def _named(self, places: Sequence[Place]) -> tuple[str, list[str]]:
        place = places[-1]
        if place.name == _NODE and place.at == "type":
            node = self._graph.get(_id(place))
            return "type", [f'"{node["class_type"]}'] if node else []
        if place.at == "Node name for S&R" and places[-2].name == _NODE:
            return "name", [f'"{places[-2].value.get("type")}']
        if place.at == "class_type" and len(places) > 1:
            node = self._drawn.get(str(places[-2].at))
            return "class", [f'"{node.get("type")}'] if node else []
        if place.name == _INPUT and place.at == "link" and places[-3].name == _NODE:
            return "in", self._into(_id(places[-3]), str(place.value.get("name")))
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
            rows = places[-2].value
            before = int(rows[-1][0]) if rows and rows[-1] and _is_small(rows[-1][0]) else -1
            next_ = bisect_right(self._links, before)
            return [f"#{self._links[next_]}"] if next_ < len(self._links) else []
        link = str(place.value[0])
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
        elif isinstance(value, dict) and place.name == "nodes":
            self._drawn[str(value.get("id"))] = value
        if place.name == "widgets_values" and isinstance(place.at, int) and places[-2].name == _NODE:
            node = self._graph.get(_id(places[-2]))
            values = _plain(node)
            self._cursor += values[self._cursor : self._cursor + 1] != [] and _same(
                values[self._cursor], value
            )
        elif place.name == _API and len(places) > 1 and not isinstance(value, list):
            drawn = self._drawn.get(str(places[-2].at), {}).get("widgets_values")
            for step in (1, 2):
                ahead = drawn[self._cursor + step - 1 :][:1] if isinstance(drawn, list) else []
                if ahead and _same(ahead[0], value):
                    self._cursor += step
                    break

    def _saw_api(self, node: str, value: dict[str, Value]) -> None:
        if isinstance(value.get("inputs"), dict) and isinstance(value["class_type"], str):
            self._graph[node] = value
            for name, link in value["inputs"].items():
                if _is_link(link):
                    self._targets[link[0], str(link[1])].append((node, name))

    def _saw_number(self, places: Sequence[Place], value: Literal) -> None:
        place = places[-1]
        if _is_small(value):
            self._numbers[place.name, place.at if isinstance(place.at, str) else "[]"] = int(value)
        if place.name == "links" and len(places) > 3 and places[-4].name == _NODE and _is_small(value):
            node, output = places[-4], places[-2]
            self._out[_id(node), str(places[-3].at)].append(value)
            kind = output.value.get("type")
            self._origin[value] = (
                f"#{_id(node)}",
                f"#{places[-3].at}",
                f'"{kind}' if isinstance(kind, str) else "null",
            )
            self._add(value)
        elif place.name == _INPUT and place.at == "link" and places[-3].name == _NODE and _is_small(value):
            self._in[_id(places[-3]), str(place.value.get("name"))] = value
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


def _id(place: Place) -> str:
    return str(place.value.get("id"))


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
    found = []
    for value in values:
        if isinstance(value, Literal):
            plain = value.removesuffix(".0")
            found += [f"#{value}", f"#{plain}" if plain != value else f"#{value}.0"]
        elif isinstance(value, str):
            found.append('"' + value)
        elif isinstance(value, bool):
            found.append("true" if value else "false")
    return found
