"""ComfyUI's graph: nodes by name, with their values, their links and, where a file says them, their outputs.

An API graph is ``{id: {"class_type", "inputs": {name: value or [id, output slot]}}}``. It comes from a
file: any node may be missing, of another shape, or linked in circles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple

MOST_VISITS = 1000  # a graph may have circles and thousands of nodes
MOST_LINKS = 64  # of one node
_ENDS = ("images", "image", "video", "audio", "samples", "frames", "pixels")


class Link(NamedTuple):
    """An output of another node."""

    node: str
    slot: int


class Output(NamedTuple):
    """What a node says of one of its outputs; type names are ComfyUI's (``CONDITIONING``, ``*``)."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a graph.

    Attributes:
        kind: its class.
        inputs: by name, a value or a Link.
        outputs: by slot, where the file has an editor's workflow; else none.
        shown: the text that the node showed when it ran, as display nodes keep it.
        taken_as: what inputs are called that its outputs lead to, but for those of what saves.
    """

    kind: str
    inputs: Mapping[str, Any]
    outputs: tuple[Output, ...] = ()
    shown: str | None = None
    taken_as: frozenset[str] = frozenset()

    def links(self) -> Iterator[tuple[str, Link]]:
        """Give its linked inputs by name, at most MOST_LINKS of them."""
        linked = ((name, value) for name, value in self.inputs.items() if isinstance(value, Link))
        return islice(linked, MOST_LINKS)

    def plain(self) -> dict[str, Any]:
        """Give its inputs that are values."""
        return {name: value for name, value in self.inputs.items() if not isinstance(value, Link)}


Graph = Mapping[str, Node]


def is_graph(value: Any) -> bool:
    """Say whether a JSON value looks like an API graph: some node has a class and inputs."""
    return isinstance(value, dict) and any(
        isinstance(node, dict) and "class_type" in node and isinstance(node.get("inputs"), dict)
        for node in value.values()
    )


def parse(
    api: Mapping[str, Any], outputs: Mapping[str, tuple[Output, ...]], shown: Mapping[str, str]
) -> dict[str, Node]:
    """Make the graph of an API graph; what is no node of it is left out."""
    graph: dict[str, Node] = {}
    for name, raw in api.items():
        if isinstance(raw, dict) and isinstance(raw.get("inputs"), dict):
            kind = str(raw.get("class_type"))
            inputs = {str(key): _value(api, value) for key, value in raw["inputs"].items()}
            graph[str(name)] = Node(kind, inputs, outputs.get(name, ()), shown.get(name))
    taken: dict[str, set[str]] = {}
    for node in graph.values():
        for key, link in () if is_end(node) or "save" in node.kind.lower() else node.links():
            taken.setdefault(link.node, set()).add(key)
    return {
        name: replace(node, taken_as=frozenset(taken[name])) if name in taken else node
        for name, node in graph.items()
    }


def is_end(node: Node) -> bool:
    """Say whether a node writes a file."""
    names = node.inputs.keys()
    writes = bool(names & {"filename_prefix", "filename", "output_path"}) or "save" in node.kind.lower()
    return writes and any(name in names for name in _ENDS)


def _value(api: Mapping[str, Any], value: Any) -> Any:
    """Give a Link for what links to a node, the value of an editor's wrapping, or the value itself."""
    if isinstance(value, dict):
        return value.get("__value__", value.get("content", value))
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], int):
        node = str(value[0])
        if isinstance(value[0], str) or (isinstance(value[0], int) and node in api):
            return Link(node, value[1])
    return value
