"""The nodes and links of InvokeAI's graphs and workflows.

What ran: ``{"nodes": {id: {"type", field: value}}, "edges": [{"source": {"node_id", "field"}, ...}]}``.
The editor's: a list of nodes with values in ``data.inputs``, and edges with handles. Either comes from a
file: any node may be missing, of another shape, or linked in circles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

_MOST_NODES = 2000
_MOST_EDGES = 8000
_MOST_VISITS = 500

End = tuple[str, str]  # a node and a field of it


class Graph:
    """Nodes by id, and where each of their inputs comes from."""

    def __init__(self, nodes: Mapping[str, dict[str, Any]], edges: list[tuple[End, End]]) -> None:
        self.nodes = nodes
        self._links: defaultdict[str, dict[str, list[End]]] = defaultdict(dict)
        for source, target in edges:
            if source[0] in nodes and target[0] in nodes:
                self._links[target[0]].setdefault(target[1], []).append(source)

    def kind(self, node: str) -> str:
        """Name the kind of a node."""
        return str(self.nodes[node].get("type"))

    def sources(self, node: str, fields: tuple[str, ...]) -> list[str]:
        """List the nodes linked to the first of these inputs that has a link."""
        links = self._links.get(node, {})
        return next(([source for source, _ in links[field]] for field in fields if field in links), [])

    def into(self, node: str) -> list[str]:
        """List the nodes linked to any input."""
        return [source for ends in self._links.get(node, {}).values() for source, _ in ends]

    def value(self, node: str, field: str) -> Any:
        """Give an input's value: what its link brings through nodes that only hold one, or its own."""
        for _ in range(_MOST_VISITS):
            ends = self._links.get(node, {}).get(field)
            if not ends:
                break
            node, field = ends[0]
            if field not in self.nodes[node]:
                field = "value"
        return self.nodes[node].get(field)

    def behind(self, start: str) -> Iterator[str]:
        """Walk all links back, breadth first, each node once."""
        todo, seen = [start], {start}
        for node in todo:
            yield node
            new = [source for source in self.into(node) if source not in seen]
            if len(todo) < _MOST_VISITS:
                seen.update(new)
                todo += dict.fromkeys(new)


def graph_of(value: Mapping[str, Any]) -> Graph:
    """Make a graph of either form; another shape gives an empty one."""
    listed = value.get("nodes")
    if isinstance(listed, dict):
        pairs = [(str(key), item) for key, item in listed.items() if isinstance(item, dict)]
    else:
        items = listed if isinstance(listed, list) else []
        pairs = [(str(item.get("id")), _fields(item)) for item in items if isinstance(item, dict)]
    edges = value.get("edges")
    ends = [_ends(edge) for edge in (edges if isinstance(edges, list) else [])[:_MOST_EDGES]]
    return Graph(dict(pairs[:_MOST_NODES]), [pair for pair in ends if pair])


def _fields(item: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields of a node of the editor's."""
    data = item.get("data")
    data = data if isinstance(data, dict) else {}
    inputs = data.get("inputs")
    entries = inputs.items() if isinstance(inputs, dict) else ()
    values = {str(name): entry.get("value") for name, entry in entries if isinstance(entry, dict)}
    return {**values, "type": data.get("type")}


def _ends(edge: Any) -> tuple[End, End] | None:
    if not isinstance(edge, dict):
        return None
    source, target = edge.get("source"), edge.get("destination", edge.get("target"))
    if isinstance(source, dict) and isinstance(target, dict):
        return _end(source.get("node_id"), source.get("field")), _end(
            target.get("node_id"), target.get("field")
        )
    return _end(source, edge.get("sourceHandle")), _end(target, edge.get("targetHandle"))


def _end(node: Any, field: Any) -> End:
    return str(node), str(field)
