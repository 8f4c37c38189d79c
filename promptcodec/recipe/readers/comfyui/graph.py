"""ComfyUI's API graph: where a file holds it, and how its links are followed back.

A graph is ``{id: {"class_type", "inputs": {name: value or [id, output slot]}}}``. It comes from a file:
any node may be missing, of another shape, or linked in circles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from promptcodec.recipe.readers.comfyui.workflow import to_graph
from promptcodec.recipe.values import load_object

Graph = Mapping[str, Any]

MOST_VISITS = 1000  # a graph may have circles and thousands of nodes
_MOST_LINKS = 64  # of one node


def find_graph(texts: Mapping[str, str]) -> dict[str, Any] | None:
    """Give the API graph, or what can be made of an editor's workflow."""
    workflow = load_object(texts.get("workflow"))
    candidates = [load_object(texts.get("prompt"))]
    for name in ("UserComment", "ImageDescription", "Make", "Model"):
        value = texts.get(name, "")
        label, _, rest = value.partition(":")
        if label.lower() == "prompt":
            candidates.append(load_object(rest))
        elif label.lower() == "workflow":
            workflow = workflow or load_object(rest)
        else:
            both = load_object(value) or {}
            if isinstance(both.get("prompt"), dict):
                candidates.append(both["prompt"])
            if isinstance(both.get("workflow"), dict):
                workflow = workflow or both["workflow"]
    candidates.append(to_graph(workflow) if workflow else None)
    return next((graph for graph in candidates if graph and is_graph(graph)), None)


def is_graph(graph: Graph) -> bool:
    """Say whether it looks like a graph: some node has a class and inputs."""
    return any(
        isinstance(node, dict) and "class_type" in node and "inputs" in node for node in graph.values()
    )


def inputs_of(graph: Graph, node: str) -> dict[str, Any]:
    """Give a node's inputs by name, none where it has another shape."""
    inputs = graph[node].get("inputs") if isinstance(graph.get(node), dict) else None
    return inputs if isinstance(inputs, dict) else {}


def class_of(graph: Graph, node: str) -> str:
    """Name the class of a node, ``""`` where it has another shape."""
    return str(graph[node].get("class_type")) if isinstance(graph[node], dict) else ""


def link_of(graph: Graph, value: Any) -> tuple[str, int] | None:
    """Give the node and the output that a value links to, None where it is no link."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], int):
        node = str(value[0])
        if node in graph:
            return node, value[1]
    return None


def walk_back(graph: Graph, starts: list[str]) -> Iterator[tuple[str, str]]:
    """Walk all links back, breadth first; each node once, with the name of the input that led to it."""
    todo = [(node, "") for node in starts[:MOST_VISITS]]
    seen = {node for node, _ in todo}
    for node, by in todo:
        yield node, by
        for name, value in islice(inputs_of(graph, node).items(), _MOST_LINKS):
            link = link_of(graph, value)
            if link and link[0] not in seen and len(todo) < MOST_VISITS:
                seen.add(link[0])
                todo.append((link[0], name))
