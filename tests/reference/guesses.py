"""Places of a recipe's values, and guesses from what was said so far."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any


class Number(str):
    """A number as it is spelled."""


def symbol_of(value: Any) -> str:
    """The symbol of a value."""
    if isinstance(value, str):
        return ("#" if isinstance(value, Number) else '"') + value
    if isinstance(value, (list, dict)):
        return f"[{len(value)}" if isinstance(value, list) else "{" + "\0".join(value)
    return {None: "null", True: "true", False: "false"}[value]


def text_of(value: Any) -> str:
    """A value as text."""
    return str(value) if isinstance(value, (str, bool, int)) else "None"


def is_small(value: Any) -> bool:
    """Whether a value is a small number."""
    return isinstance(value, Number) and bool(re.fullmatch("[0-9]{1,9}", value))


def link_of(value: Any) -> tuple[str, str] | None:
    """The two items of a link, as text."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], Number):
        return str(value[0]), str(value[1])
    return None


def forms(values: list[Any]) -> list[str]:
    """The symbols these values may take."""
    found = []
    for value in values:
        if isinstance(value, Number):
            found += ["#" + value, "#" + (value[:-2] if value.endswith(".0") else value + ".0")]
        elif isinstance(value, (str, bool)):
            found.append(symbol_of(value))
    return found


def agree(one: list[Any], other: Any) -> bool:
    """Whether two values share a form."""
    return not set(forms(one)).isdisjoint(forms([other]))


@dataclass
class Place:
    """A container that is being walked."""

    name: str
    label: str
    outer: str
    value: Any
    at: str | int = 0
    last: str = ""

    @property
    def w(self) -> str:
        """The key, or in a list the name."""
        return self.at if isinstance(self.at, str) else self.name

    @property
    def node(self) -> bool:
        """Whether it is a drawn node."""
        return isinstance(self.value, dict) and self.name == "nodes{}"

    def inside(self, value: Any) -> Place:
        """The place of a container in this one."""
        name = self.at if isinstance(self.at, str) else self.name + ("[]" if isinstance(value, list) else "{}")
        return Place(name, self.label if isinstance(value, list) else "", self.label or self.outer, value)

    def get(self, key: str) -> Any:
        """What its object has said so far."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    @property
    def id(self) -> str:
        """The id of its object, as text."""
        return text_of(self.get("id"))


OUTSIDE = Place("", "", "", None)


class Guesses:
    """What one value has said so far, and what follows from it."""

    def __init__(self) -> None:
        self.graph: dict[str, Any] = {}
        self.targets, self.links = defaultdict(list), defaultdict(list)
        self.into: dict[tuple[str, str], str] = {}
        self.ends: dict[tuple[str, str], list[str]] = {}
        self.known: set[int] = set()
        self.cursor = 0

    def plain(self, node: str) -> list[Any]:
        """The plain input at the cursor, if there is one."""
        inputs = list(self.graph[node]["inputs"].values())[:64] if node in self.graph else []
        return [x for x in inputs if not isinstance(x, list)][self.cursor:self.cursor + 1]

    def learn(self, value: Any, places: list[Place]) -> None:
        """A value is complete; places are from the innermost out, without the root."""
        p, p1, p2, p3, *_ = places + [OUTSIDE] * 3
        if is_small(value):
            n = str(value)
            if p.name == "links" and p3.node:
                self.links[p3.id, str(p2.at)].append(n)
                kind = p1.get("type")
                self.ends["origin", n] = ["#" + p3.id, f"#{p2.at}", '"' + kind if isinstance(kind, str) else "null"]
                self.known.add(int(value))
            elif p.name == "inputs{}" and p.at == "link" and p2.node:
                self.into[p2.id, text_of(p.get("name"))] = n
                self.ends["target", n] = ["#" + p2.id, f"#{p1.at}"]
                self.known.add(int(value))
        if isinstance(value, dict) and "class_type" in value and isinstance(p.at, str):
            if isinstance(value.get("inputs"), dict) and isinstance(value["class_type"], str):
                self.graph[p.at] = value
                for name, item in value["inputs"].items():
                    if link := link_of(item):
                        self.targets[link].append((p.at, name))
        if isinstance(p.value, list) and p.name == "widgets_values" and p1.node:
            self.cursor += agree(self.plain(p1.id), value)

    def next(self, places: list[Place]) -> list[tuple[str, str]]:
        """Rules and guesses for what comes next."""
        rule, found = self.row(*(places + [OUTSIDE] * 3)[:4])
        return [(f"{rule} {i}", symbol) for i, symbol in enumerate(found[:3])]

    def row(self, p: Place, p1: Place, p2: Place, p3: Place) -> tuple[str, list[str]]:
        """The first row of the table that fits."""
        if p.name == "links[]" and isinstance(p.at, int):
            if not p.at:
                rows = p1.value[-1] if isinstance(p1.value, list) and p1.value else None
                above = int(rows[0]) if isinstance(rows, list) and rows and is_small(rows[0]) else -1
                return "row 0", [f"#{n}" for n in sorted(n for n in self.known if n > above)[:1]]
            side, i = {1: ("origin", 0), 2: ("origin", 1), 3: ("target", 0), 4: ("target", 1)}.get(p.at, ("origin", 2))
            return f"row {p.at}", self.ends.get((side, text_of(p.value[0])), [])[i:i + 1] if p.at < 6 else []
        if p.name == "links" and p3.node:
            gone = [text_of(x) for x in p.value[-32:]] if isinstance(p.value, list) else self.into.values()
            ends = [self.into.get(end) for end in self.targets.get((p3.id, str(p2.at)), [])[:32]]
            return "out", ["#" + n for n in ends if n is not None and n not in gone]
        if isinstance(p.value, list) and p.name == "widgets_values" and p1.node:
            self.cursor = self.cursor if p.at else 0
            return "widget", forms(self.plain(p1.id))
        if p.node and p.at == "type":
            return "type", ['"' + self.graph[p.id]["class_type"]] if p.id in self.graph else []
        if p.at == "Node name for S&R" and p1.node:
            return "name", ['"' + text_of(p1.get("type"))]
        if p.name == "inputs{}" and p.at == "link" and p2.node and p2.id in self.graph:
            link = link_of(self.graph[p2.id]["inputs"].get(text_of(p.get("name"))))
            return "in", ["#" + n for n in self.links.get(link, [])] if link else ["null"]
        return "", []
