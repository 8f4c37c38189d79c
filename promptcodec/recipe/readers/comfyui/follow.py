"""Links followed back to one value: through packing nodes, switches and what only passes on."""

from __future__ import annotations

import re
from typing import Any

from promptcodec.recipe.readers.comfyui import arithmetic
from promptcodec.recipe.readers.comfyui.graph import Graph, Link, Node
from promptcodec.recipe.readers.comfyui.names import is_pipe, output_name

_MOST_DEEP = 40  # nodes between a value and what uses it
_MOST_LINKS = 200
_PICTURES = ("image", "images", "pixels", "samples", "latent")
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
    "value", "Value", "int", "float", "string", "number", "Number", "Int", "Float", "String", "text", "input",
    "a", "int_value", "float_value",
)  # fmt: skip
Memo = dict[tuple[Link, tuple[str, ...]], Any]


def scalar(graph: Graph, value: Any, names: tuple[str, ...], memo: Memo | None = None, deep: int = 0) -> Any:
    """Give the plain value that a value is or links to, None where the graph does not say it.

    Args:
        graph: the graph.
        value: a plain value or a Link.
        names: what an input is called that holds it, the likeliest first.
        memo: what links have been followed for, with what was there.
        deep: how many links were followed.
    """
    if not isinstance(value, Link):
        return value if isinstance(value, (int, float, str)) else None
    memo = {} if memo is None else memo
    if (value, names) in memo or value.node not in graph or deep == _MOST_DEEP or len(memo) == _MOST_LINKS:
        return memo.get((value, names))
    memo[value, names] = None  # until it is known: a circle leads nowhere
    node = graph[value.node]
    if arithmetic.is_counting(node.inputs, node.kind):
        got = arithmetic.counted(node.inputs, lambda part: scalar(graph, part, _VALUES, memo, deep + 1))
        memo[value, names] = got
        return got
    held = (name for name in (output_name(node, value.slot), *names) if name in node.inputs)
    name = next((name for name in held if not isinstance(node.inputs[name], (list, dict))), None)
    if name is not None:
        got = scalar(graph, node.inputs[name], names, memo, deep + 1)
    else:
        got = _passed(graph, node, names, memo, deep)
    memo[value, names] = got
    return got


def _passed(graph: Graph, node: Node, names: tuple[str, ...], memo: Memo, deep: int) -> Any:
    """Give the value that a node passes on from a switch, a pipe, or its only input."""
    chosen = choices(graph, node, memo, deep)
    if chosen is None:
        onward: list[Any] = [link for name, link in node.links() if is_pipe(name)]
    else:
        onward = [node.inputs[name] for name in chosen]
    for link in onward:
        if (got := scalar(graph, link, names, memo, deep + 1)) is not None:
            return got
    if onward or chosen is not None:
        return None
    plain = {name: value for name, value in node.plain().items() if isinstance(value, (int, float, str))}
    links = list(node.links())
    if not links:
        key = next((key for key in _VALUES if key in plain), None)
        return plain[key] if key else next(iter(plain.values()), None) if len(plain) == 1 else None
    if len(links) == 1 and not plain and links[0][0] not in _PICTURES:
        return scalar(graph, links[0][1], names, memo, deep + 1)
    return None  # a node that counts or joins


def choices(graph: Graph, node: Node, memo: Memo | None = None, deep: int = 0) -> list[str] | None:
    """Give the inputs a switch may pass on, in the order it tries them; None where the node is no switch."""
    memo = {} if memo is None else memo
    for yes, no in _BRANCHES:
        if yes in node.inputs or no in node.inputs:
            decider = next((node.inputs[name] for name in _DECIDERS if name in node.inputs), None)
            decided = scalar(graph, decider, _DECIDERS, memo, deep + 1)
            name = yes if decided else no
            return [name] if isinstance(decided, int) and name in node.inputs else []
    switch = "switch" in node.kind.lower()
    held = node.plain() if switch else {}
    texts = (name for name, value in held.items() if isinstance(value, str) and name not in _CHOOSERS)
    names = [*(name for name, _ in node.links()), *texts]
    placed = {name: match for name in names if (match := _PLACED.fullmatch(name))}
    chooser = next((name for name in _CHOOSERS if name in node.inputs and name not in placed), None)
    if not placed or not (switch or chooser in ("select", "index")):
        return None
    if chooser is None:
        return sorted(placed, key=lambda name: int(placed[name][2]))
    number = scalar(graph, node.inputs[chooser], (chooser,), memo, deep + 1)
    if isinstance(number, str) and number.isdecimal():
        number = int(number)
    return [name for name, match in placed.items() if int(match[2]) == number]
