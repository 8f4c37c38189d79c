"""Nodes that send what they take to every open input of its type: Anything Everywhere and its kin.

Newer versions keep what they have linked in the workflow's ``ue_links``. Of older ones it is worked out:
by the type of what is sent, of prompts also by the name of the input.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_POSITIVE = re.compile(r"(?:_|\b)pos(?:itive|_|\b)|^prompt")
_NEGATIVE = re.compile(r"(?:_|\b)neg(?:ative|_|\b)")
_WORDS = re.compile(r"[\w .*|^$-]*")

Sent = tuple[str, str, Any]  # node, input, value


def links_of(
    workflow: Mapping[str, Any],
    nodes: Mapping[str, Mapping[str, Any]],
    output: Callable[[str, int], Any],
) -> Iterator[Sent]:
    """Give what is sent: the node, its input, and what comes in, as ``output`` names it."""
    extra = workflow.get("extra")
    kept = extra.get("ue_links") if isinstance(extra, dict) else None
    if isinstance(kept, list) and kept:
        yield from _kept(kept, nodes, output)
    else:
        yield from _worked_out(workflow, nodes, output)


def _kept(
    rows: list[Any], nodes: Mapping[str, Mapping[str, Any]], output: Callable[[str, int], Any]
) -> Iterator[Sent]:
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("upstream_slot"), int):
            continue
        name, slot = str(row.get("downstream")), row.get("downstream_slot")
        inputs = _dicts(nodes.get(name, {}).get("inputs"))
        if isinstance(slot, int) and 0 <= slot < len(inputs):
            value = output(str(row.get("upstream")), row["upstream_slot"])
            if value is not None and isinstance(inputs[slot].get("name"), str):
                yield name, inputs[slot]["name"], value


def _worked_out(
    workflow: Mapping[str, Any],
    nodes: Mapping[str, Mapping[str, Any]],
    output: Callable[[str, int], Any],
) -> Iterator[Sent]:
    links = workflow.get("links")
    rows = (
        [row for row in links if isinstance(row, list) and len(row) >= 5] if isinstance(links, list) else []
    )
    origins = {row[0]: (str(row[1]), row[2]) for row in rows if isinstance(row[0], int)}
    for sender in nodes.values():
        kind = str(sender.get("type"))
        if "Everywhere" not in kind or sender.get("mode") in (2, 4):
            continue
        for place, item in enumerate(_dicts(sender.get("inputs"))):
            link = item.get("link")
            origin = origins.get(link) if isinstance(link, int) else None
            if not origin or not isinstance(origin[1], int) or (value := output(*origin)) is None:
                continue
            sent = _type_of(nodes.get(origin[0], {}), origin[1], item)
            for name, node in nodes.items():
                for target in _dicts(node.get("inputs")):
                    label = str(target.get("name"))
                    free = target.get("link") is None and "widget" not in target and node is not sender
                    if free and target.get("type") == sent and _wanted(sender, place, node, label):
                        yield name, label, value


def _type_of(origin: Mapping[str, Any], slot: int, item: Mapping[str, Any]) -> str:
    outputs = _dicts(origin.get("outputs"))
    known = str(outputs[slot].get("type")) if 0 <= slot < len(outputs) else "*"
    return known if known != "*" else str(item.get("type") if item.get("type") != "*" else item.get("name"))


def _wanted(sender: Mapping[str, Any], place: int, node: Mapping[str, Any], label: str) -> bool:
    """Say whether a sender means this input."""
    kind = str(sender.get("type"))
    if kind.startswith("Prompts"):
        return bool((_POSITIVE, _NEGATIVE)[place % 2].search(label))
    if not kind.endswith("?"):
        return True
    title = str(node.get("title") or node.get("type"))
    values = sender.get("widgets_values")
    patterns = values[:2] if isinstance(values, list) else []
    return all(_matches(str(pattern), text) for pattern, text in zip(patterns, (title, label), strict=False))


def _matches(pattern: str, text: str) -> bool:
    """Match words and ``|`` alone: a regular expression out of a file may run for ever."""
    words = [word.strip("^$").replace(".*", "") for word in pattern.split("|")]
    return bool(_WORDS.fullmatch(pattern)) and any(word in text for word in words)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
