"""An editor's workflow made an API graph, as the editor does when it queues one.

Subgraphs and the older group nodes are unfolded: inner nodes are named ``outer:inner``. Nodes that only the
editor knows go: reroutes, primitives, setters and getters, broadcasts, and what is muted or bypassed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from promptcodec.recipe.readers.comfyui import broadcast, groups
from promptcodec.recipe.readers.comfyui.graph import Output
from promptcodec.recipe.readers.comfyui.widgets import widgets_of
from promptcodec.recipe.values import load_object

_MOST_NODES = 2000
_MOST_STEPS = 100
_DEEPEST = 5
_MUTED, _BYPASSED = 2, 4
_WIDGET_TYPES = ("INT", "FLOAT", "STRING", "BOOLEAN", "COMBO")
_COMMENTED = ("CLIPTextEncode", "TextEncode", "GLIGENTextBox")  # whose texts the editor takes comments out of
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|//[^\n]*", re.DOTALL)
_INSIDE, _OUTSIDE = "-10", "-20"  # a subgraph's own inputs and outputs, as nodes


@dataclass(slots=True)
class Unfolded:
    """An API graph, what its nodes' outputs are called, and the texts that display nodes show."""

    api: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, tuple[Output, ...]] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Level:
    """The nodes of a workflow, of a subgraph or of a group.

    Attributes:
        nodes, links: by id; a link is the node and the slot it comes from.
        ends: what leaves the level: of each output slot the link.
        prefix: of the nodes' names.
        given: what the level's inputs are, by slot: ``[node, slot]`` or a value.
        setters: nodes that give what they take a name, by this name, with their level.
        inner: what the outputs of unfolded nodes are, by id and slot.
        depth: how many levels there are above.
    """

    nodes: dict[str, Mapping[str, Any]]
    links: dict[Any, tuple[str, int]]
    ends: dict[int, Any]
    prefix: str
    given: Mapping[int, Any]
    setters: dict[str, tuple[_Level, Mapping[str, Any]]]
    depth: int
    inner: dict[str, dict[int, Any]] = field(default_factory=dict)


def is_workflow(value: Any) -> bool:
    """Say whether a JSON value looks like an editor's workflow; InvokeAI's has edges, no links."""
    return isinstance(value, dict) and all(isinstance(value.get(key), list) for key in ("nodes", "links"))


def unfold(workflow: Mapping[str, Any]) -> Unfolded:
    """Make the API graph of a workflow; one of another shape gives an empty one."""
    done = Unfolded()
    _Unfolding(workflow, done).level(_level(workflow, "", {}, {}, 0), workflow)
    return done


class _Unfolding:
    """One walk over a workflow: its definitions, and what has come out so far."""

    def __init__(self, workflow: Mapping[str, Any], done: Unfolded) -> None:
        self.done = done
        self.subgraphs = {
            item["id"]: item
            for item in _dicts(_dict(workflow.get("definitions")).get("subgraphs"))
            if isinstance(item.get("id"), str)
        }
        self.groups = _dict(_dict(workflow.get("extra")).get("groupNodes"))

    def level(self, level: _Level, workflow: Mapping[str, Any]) -> None:
        """Add the nodes of a level."""
        for name, node in level.nodes.items():
            if node.get("mode") in (_MUTED, _BYPASSED) or len(self.done.api) >= _MOST_NODES:
                continue
            if self._is_folded(node):
                self._open(level, name, node)
            elif not _is_virtual(node):
                self._add(level, name, node)
        for name, item, value in broadcast.links_of(
            workflow, level.nodes, lambda node, slot: self._output(level, node, slot)
        ):
            inputs = _dict(_dict(self.done.api.get(level.prefix + name)).get("inputs"))
            inputs.setdefault(item, value)

    def _add(self, level: _Level, name: str, node: Mapping[str, Any]) -> None:
        inputs = widgets_of(node)
        for item in _dicts(node.get("inputs")):
            if item.get("link") is not None and isinstance(item.get("name"), str):
                value = self._source(level, item["link"])
                if value is not None:
                    inputs[item["name"]] = value
                elif not self._is_outer(level, item["link"]):  # an unset outer widget leaves the inner one
                    inputs.pop(item["name"], None)
        full = level.prefix + name
        kind = str(node.get("type"))
        if kind.startswith(_COMMENTED):
            inputs = {key: _without_comments(value) for key, value in inputs.items()}
        self.done.api[full] = {"class_type": kind, "inputs": inputs}
        self.done.outputs[full] = tuple(
            Output(str(item.get("name")), str(item.get("type"))) for item in _dicts(node.get("outputs"))
        )
        shown = [text for text in _flat(node.get("widgets_values")) if isinstance(text, str) and text.strip()]
        if shown and any(word in str(node.get("type")).lower() for word in ("show", "display", "preview")):
            self.done.shown[full] = shown[-1]

    def _is_folded(self, node: Mapping[str, Any]) -> bool:
        kind = str(node.get("type"))
        return kind in self.subgraphs or groups.name_of(kind) in self.groups

    def _open(self, level: _Level, name: str, node: Mapping[str, Any]) -> None:
        """Unfold a node that stands for others, once."""
        if name in level.inner:
            return
        level.inner[name] = {}  # what leads back into it in a circle leads nowhere
        if level.depth >= _DEEPEST:
            return
        kind, prefix = str(node.get("type")), f"{level.prefix}{name}:"
        if kind in self.subgraphs:
            definition = self.subgraphs[kind]
            given, values = self._given(level, node, definition)
        else:
            definition, given = groups.to_subgraph(_dict(self.groups.get(groups.name_of(kind) or "")), node)
            given, values = {slot: self._source(level, link) for slot, link in given.items()}, {}
        below = _level(definition, prefix, given, level.setters, level.depth + 1)
        for (inner, widget), value in values.items():
            if inner in below.nodes:
                below.nodes[inner] = _with_widget(below.nodes[inner], widget, value)
        self.level(below, definition)
        level.inner[name] = {slot: self._source(below, link) for slot, link in below.ends.items()}

    def _given(
        self, level: _Level, node: Mapping[str, Any], definition: Mapping[str, Any]
    ) -> tuple[dict[int, Any], dict[tuple[str, str], Any]]:
        """Give a subgraph's inputs by slot, and the values its outside sets on widgets of inner nodes."""
        outer = {str(item.get("name")): item for item in _dicts(node.get("inputs"))}
        slots = {str(item.get("name")): slot for slot, item in enumerate(_dicts(definition.get("inputs")))}
        types = [str(item.get("type")) for item in _dicts(definition.get("inputs"))]
        raw = node.get("widgets_values")
        values = list(raw) if isinstance(raw, list) else []
        proxies = _dict(node.get("properties")).get("proxyWidgets")
        if isinstance(proxies, str):
            proxies = _dict(load_object(f'{{"all": {proxies}}}')).get("all")
        pairs = [
            (str(pair[0]), str(pair[1]))
            for pair in _list(proxies)
            if isinstance(pair, list) and len(pair) > 1
        ]
        given: dict[int, Any] = {}
        inside: dict[tuple[str, str], Any] = {}
        if pairs:
            for (inner, widget), value in zip(pairs, values, strict=False):
                if inner == "-1" and widget in slots:
                    given[slots[widget]] = value
                elif inner != "-1" and value is not None:
                    inside[inner, widget] = value
        elif isinstance(raw, dict):
            given = {slots[name]: value for name, value in raw.items() if name in slots}
        else:
            widgets = [name for name, slot in slots.items() if "widget" in outer.get(name, {})] or [
                name for name, slot in slots.items() if types[slot] in _WIDGET_TYPES
            ]
            given = {slots[name]: value for name, value in zip(widgets, values, strict=False)}
        for place, (name, item) in enumerate(outer.items()):
            if item.get("link") is not None:
                given[slots.get(name, place)] = self._source(level, item["link"])
        return given, inside

    def _is_outer(self, level: _Level, link: Any) -> bool:
        return isinstance(link, (int, str)) and level.links.get(link, ("", 0))[0] == _INSIDE

    def _source(self, level: _Level, link: Any) -> Any:
        """Give what a link brings: ``[node, slot]``, a value, or None where it comes from nowhere."""
        origin = level.links.get(link) if isinstance(link, (int, str)) else None
        return self._output(level, *origin) if origin else None

    def _output(self, level: _Level, name: str, slot: int) -> Any:  # noqa: PLR0911 - one walk
        """Give what an output is, seen through nodes that only the editor knows."""
        for _ in range(_MOST_STEPS):
            if name == _INSIDE:
                return level.given.get(slot)
            node = level.nodes.get(name)
            if node is None or node.get("mode") == _MUTED:
                return None
            kind = str(node.get("type"))
            if node.get("mode") == _BYPASSED:
                link = _bypass(level, node, slot)
            elif kind == "PrimitiveNode":
                return next(iter(_list(node.get("widgets_values"))), None)
            elif _is_getter(kind):
                level, node = level.setters.get(_label(node), (level, {}))
                link = _first_link(node)
            elif _is_reroute(kind) or _is_setter(kind):
                link = _first_link(node)
            elif self._is_folded(node):
                self._open(level, name, node)
                return level.inner[name].get(slot)
            else:
                return [level.prefix + name, slot]
            origin = level.links.get(link) if isinstance(link, (int, str)) else None
            if origin is None:
                return None
            name, slot = origin
        return None


def _level(
    workflow: Mapping[str, Any],
    prefix: str,
    given: Mapping[int, Any],
    setters: Mapping[str, tuple[_Level, Mapping[str, Any]]],
    depth: int,
) -> _Level:
    nodes: dict[str, Mapping[str, Any]] = {
        str(node.get("id")): node for node in _dicts(workflow.get("nodes"))
    }
    rows = _rows(workflow)
    links = {row[0]: (str(row[1]), row[2]) for row in rows}
    ends = {row[4]: row[0] for row in rows if str(row[3]) == _OUTSIDE and isinstance(row[4], int)}
    level = _Level(nodes, links, ends, prefix, given, dict(setters), depth)
    for node in nodes.values():
        if _is_setter(str(node.get("type"))):
            level.setters[_label(node)] = (level, node)
    return level


def _is_reroute(kind: str) -> bool:
    return "reroute" in kind.lower()


def _is_setter(kind: str) -> bool:
    return kind in ("SetNode", "easy setNode")


def _is_getter(kind: str) -> bool:
    return kind in ("GetNode", "easy getNode")


def _is_virtual(node: Mapping[str, Any]) -> bool:
    kind = str(node.get("type"))
    named = kind in ("PrimitiveNode", "Note", "MarkdownNote")
    return named or _is_reroute(kind) or _is_setter(kind) or _is_getter(kind)


def _label(node: Mapping[str, Any]) -> str:
    return str(next(iter(_list(node.get("widgets_values"))), ""))


def _first_link(node: Mapping[str, Any]) -> Any:
    return next((item.get("link") for item in _dicts(node.get("inputs"))), None)


def _bypass(level: _Level, node: Mapping[str, Any], slot: int) -> Any:
    """Give the link that a bypassed node passes on: of its input at the same place, or of the same type."""
    outputs, inputs = _dicts(node.get("outputs")), _dicts(node.get("inputs"))
    wanted = outputs[slot].get("type") if slot < len(outputs) else None
    same = [item for item in (*inputs[slot : slot + 1], *inputs) if item.get("type") == wanted]
    linked = (item["link"] for item in same if isinstance(item.get("link"), (int, str)))
    return next((link for link in linked if link in level.links), None)


def _with_widget(node: Mapping[str, Any], widget: str, value: Any) -> Mapping[str, Any]:
    return {**node, "widgets_values": {**widgets_of(node), widget: value}}


def _without_comments(value: Any) -> Any:
    if not isinstance(value, str):
        return value

    def kept(match: re.Match[str]) -> str:
        closed = len(match[0]) >= 4 and match[0].endswith("*/")
        return match[0] if match[0].startswith("/*") and not closed else ""

    return _COMMENT.sub(kept, value)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in _list(value) if isinstance(item, dict)]


def _flat(values: Any) -> list[Any]:
    return [one for value in _list(values) for one in (value if isinstance(value, list) else [value])]


def _rows(workflow: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Give links as (id, origin, its slot, target, its slot), from lists or objects."""
    rows = []
    for link in _list(workflow.get("links")):
        if isinstance(link, list) and len(link) >= 5:
            rows.append(tuple(link[:5]))
        elif isinstance(link, dict):
            names = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
            rows.append(tuple(link.get(name) for name in names))
    return [row for row in rows if isinstance(row[0], (int, str)) and isinstance(row[2], int)]
