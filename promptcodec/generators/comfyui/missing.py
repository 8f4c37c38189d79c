"""What a graph needs and a server lacks: nodes, inputs, files; all of it in one message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptcodec.errors import MissingError, UsageError
from promptcodec.generators.comfyui.catalogue import Catalogue, Input, inputs, is_paid
from promptcodec.generators.servers.controls import stem
from promptcodec.generators.shown import MOST, listed, shown


def check(graph: Mapping[str, Any], catalogue: Catalogue, hashes: Mapping[str, str], host: str) -> None:
    """Raise where a graph cannot run on a server.

    Args:
        graph: in API format.
        catalogue: the server's nodes.
        hashes: of model files, by their names without folder and ending.
        host: the server, for the message.

    Raises:
        MissingError: nodes, required inputs or values are missing: it names every one.
        UsageError: a node asks a service that costs money.
    """
    kinds = [str(node["class_type"]) for node in graph.values()]
    paid = [kind for kind in kinds if kind in catalogue and is_paid(catalogue[kind])]
    if paid:
        raise UsageError(f"the graph asks paid services, which is never done for a graph: {listed(paid)}")
    lacks = []
    unknown = [kind for kind in kinds if kind not in catalogue]
    if unknown:
        lacks.append(f"the nodes {listed(unknown)} (install what brings them, as by ComfyUI-Manager)")
    for name in _reached(graph, catalogue):
        node = graph[name]
        if node["class_type"] in catalogue:
            lacks += _lacks(name, node, inputs(catalogue[node["class_type"]]), hashes)
    if lacks:
        more = f"; and {len(lacks) - MOST} more" if len(lacks) > MOST else ""
        raise MissingError(f"the ComfyUI server {host} lacks {'; '.join(lacks[:MOST])}{more}")


def _lacks(
    name: str, node: Mapping[str, Any], taken: Mapping[str, Input], hashes: Mapping[str, str]
) -> Iterator[str]:
    """Name what one node needs and does not have."""
    given, kind = node["inputs"], shown(node["class_type"])
    for key, one in taken.items():
        # Inputs that grow or depend on others stand in a graph as ``name.part``.
        if key not in given:
            if one.required and not one.kind.startswith("COMFY_"):
                yield f"a value for {shown(key)} of {kind} ({shown(name)}), which a newer version asks for"
            continue
        value = given[key]
        if one.options is None or not isinstance(value, str) or value in one.options:
            continue
        if one.uploaded and ("/" in value or value.endswith("]")):
            continue  # a subfolder's files are not listed
        digest = hashes.get(stem(value))
        known = f", hash {shown(digest)}" if digest else ""
        near = [option for option in one.options if stem(str(option)) == stem(value)]
        there = f"; there is {shown(str(near[0]))}" if near else ""
        yield f"{shown(key)} {shown(value)!r} of {kind}{known}{there}"


def _reached(graph: Mapping[str, Any], catalogue: Catalogue) -> list[str]:
    """Give the nodes that run: output nodes and all they need."""
    pending = [
        name for name, node in graph.items() if catalogue.get(node["class_type"], {}).get("output_node")
    ]
    reached: dict[str, None] = {}
    while pending:
        name = pending.pop()
        if name in reached or name not in graph:
            continue
        reached[name] = None
        values = graph[name]["inputs"].values()
        pending += [
            link[0] for link in values if isinstance(link, list) and link and isinstance(link[0], str)
        ]
    return [name for name in graph if name in reached]
