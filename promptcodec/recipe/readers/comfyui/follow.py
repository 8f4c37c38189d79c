"""Links followed back to one value: through packing nodes, switches and what only passes on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from promptcodec.recipe.readers.comfyui.graph import Graph, Link, Node
from promptcodec.recipe.readers.comfyui.names import is_pipe, output_name

_MOST_DEEP = 60  # nodes between a value and what uses it
_PLACED = re.compile(r"(.*?)_?0*(\d{1,4})")
_CHOOSERS = ("select", "index", "Input", "input", "selected", "selection", "which", "switch", "switch_index")
_DECIDERS = ("switch", "boolean", "cond", "condition", "boolean_value", "bool", "value")
_BRANCHES = (
    ("on_true", "on_false"),
    ("tt_value", "ff_value"),
    ("if_true", "if_false"),
    ("true_value", "false_value"),
    ("input_true", "input_false"),
)
_VALUES = (
    "value",
    "Value",
    "int",
    "float",
    "string",
    "number",
    "Int",
    "Float",
    "String",
    "text",
    "input",
    "a",
)


def scalar(graph: Graph, value: Any, names: Iterable[str], deep: int = 0) -> Any:
    """Give the plain value that a value is or links to, None where the graph does not say it.

    Args:
        graph: the graph.
        value: a plain value or a Link.
        names: what an input is called that holds it, the likeliest first.
        deep: how many links were followed.
    """
    if not isinstance(value, Link):
        return value if isinstance(value, (int, float, str)) else None
    node = graph.get(value.node)
    if node is None or deep == _MOST_DEEP:
        return None
    for name in (output_name(node, value.slot), *names):
        if name in node.inputs and not isinstance(node.inputs[name], (list, dict)):
            return scalar(graph, node.inputs[name], names, deep + 1)
    chosen = choices(graph, node, deep)
    if chosen is None:
        onward: list[Any] = [link for name, link in node.links() if is_pipe(name)]
    else:
        onward = [node.inputs[name] for name in chosen]
    if not onward and chosen is None:
        return _only(graph, node, names, deep)
    values = (scalar(graph, link, names, deep + 1) for link in onward)
    return next((got for got in values if got is not None), None)


def _only(graph: Graph, node: Node, names: Iterable[str], deep: int) -> Any:
    """Give the value of a node that holds one, or passes one on; a node that counts or joins does neither."""
    plain = {name: value for name, value in node.plain().items() if isinstance(value, (int, float, str))}
    links = list(node.links())
    if not links:
        name = next((name for name in _VALUES if name in plain), None)
        if name is not None or len(plain) == 1:
            return plain[name] if name else next(iter(plain.values()))
    if (
        len(links) == 1
        and not plain
        and links[0][0] not in ("image", "images", "pixels", "samples", "latent")
    ):
        return scalar(graph, links[0][1], names, deep + 1)
    return None


def choices(graph: Graph, node: Node, deep: int = 0) -> list[str] | None:
    """Give the inputs a switch may pass on, in the order it tries them; None where the node is no switch."""
    for yes, no in _BRANCHES:
        if yes in node.inputs or no in node.inputs:
            decider = next((node.inputs[name] for name in _DECIDERS if name in node.inputs), None)
            decided = scalar(graph, decider, _DECIDERS, deep + 1)
            name = yes if decided else no
            return [name] if isinstance(decided, (bool, int)) and name in node.inputs else []
    placed = {name: match for name, _ in node.links() if (match := _PLACED.fullmatch(name))}
    chooser = next((name for name in _CHOOSERS if name in node.inputs and name not in placed), None)
    switch = "switch" in node.kind.lower()
    if not placed or not (switch or chooser in ("select", "index")):
        return None
    if chooser is None:
        return sorted(placed, key=lambda name: int(placed[name][2])) if switch else None
    number = scalar(graph, node.inputs[chooser], (chooser,), deep + 1)
    if isinstance(number, str) and number.isdecimal():
        number = int(number)
    return [name for name, match in placed.items() if int(match[2]) == number]
