"""The editor's older group nodes (``workflow>name``), made subgraphs.

A group's definition has nodes and links by place. What is not linked inside is an input, an output or a
widget of the group, in the order of the nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_LABELS = ("workflow/", "workflow>")


def name_of(kind: str) -> str | None:
    """Give the name of the group that a class stands for, None where it stands for none."""
    return next((kind.removeprefix(label) for label in _LABELS if kind.startswith(label)), None)


def to_subgraph(
    definition: Mapping[str, Any], outer: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[int, Any]]:
    """Make a subgraph of a group node, and give the outer links of its inputs by slot."""
    nodes = [dict(node) for node in _dicts(definition.get("nodes"))]
    links = [
        {
            "id": f"l{place}",
            "origin_id": row[0],
            "origin_slot": row[1],
            "target_id": row[2],
            "target_slot": row[3],
        }
        for place, row in enumerate(_list(definition.get("links")))
        if isinstance(row, list) and len(row) >= 4 and all(isinstance(cell, int) for cell in row[:4])
    ]
    into = {(link["target_id"], link["target_slot"]): link["id"] for link in links}
    names = _names(definition, nodes)
    outer_inputs = _dicts(outer.get("inputs"))
    given: dict[int, Any] = {}
    values = _shared_values(nodes, outer)
    for place, node in enumerate(nodes):
        node["id"] = place
        node["widgets_values"] = values[place]
        node["inputs"] = [dict(item) for item in _dicts(node.get("inputs"))]
        for slot, item in enumerate(node["inputs"]):
            item["link"] = into.get((place, slot))
            match = None if item["link"] else _match(outer_inputs, names(place, item))
            if match is not None:
                item["link"] = f"o{place}.{slot}"
                number = len(given)
                given[number] = match.get("link")
                links.append(
                    {"id": item["link"], "origin_id": -10, "origin_slot": number, "target_id": place}
                )
    return {"nodes": nodes, "links": links + _exits(definition, nodes, links)}, given


def _names(
    definition: Mapping[str, Any], nodes: list[dict[str, Any]]
) -> Callable[[int, Mapping[str, Any]], str]:
    """Give what the group calls an input of an inner node: renamed, or a reroute's after its type."""
    config = definition.get("config")
    rows = [row for row in _list(definition.get("links")) if isinstance(row, list) and len(row) >= 6]
    types = {
        (row[2], row[3]): str(row[5]) for row in rows if isinstance(row[2], int) and isinstance(row[3], int)
    }
    types |= {(row[0], -1): str(row[5]) for row in rows if isinstance(row[0], int)}

    def name(place: int, item: Mapping[str, Any]) -> str:
        own = str(item.get("name") or "")
        if "reroute" in str(nodes[place].get("type")).lower():
            own = types.get((place, -1)) or types.get((place, 0)) or own
        changed = config.get(str(place)) if isinstance(config, dict) else None
        inputs = changed.get("input") if isinstance(changed, dict) else None
        renamed = inputs.get(own) if isinstance(inputs, dict) else None
        return str(renamed.get("name") or own) if isinstance(renamed, dict) else own

    return name


def _match(outer: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    """Take the first input of the group that is called so, or so behind a node's title."""
    for place, item in enumerate(outer):
        label = str(item.get("name"))
        if label == name or label.endswith(f" {name}"):
            return outer.pop(place)
    return None


def _exits(
    definition: Mapping[str, Any], nodes: list[dict[str, Any]], links: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Give the links that leave the group: outputs that nothing inside takes, or that are external."""
    taken = {(link["origin_id"], link["origin_slot"]) for link in links}
    rows = [row for row in _list(definition.get("external")) if isinstance(row, list) and len(row) > 1]
    external = [(row[0].get("index") if isinstance(row[0], dict) else row[0], row[1]) for row in rows]
    out = [
        (place, slot)
        for place, node in enumerate(nodes)
        for slot, _ in enumerate(_dicts(node.get("outputs")))
        if (place, slot) not in taken or (place, slot) in external
    ]
    return [
        {"id": f"x{number}", "origin_id": place, "origin_slot": slot, "target_id": -20, "target_slot": number}
        for number, (place, slot) in enumerate(out)
    ]


def _shared_values(nodes: list[dict[str, Any]], outer: Mapping[str, Any]) -> list[Any]:
    """Give each inner node its share of the group's widget values; none where they do not add up."""
    own = [_list(node.get("widgets_values")) for node in nodes]
    values = outer.get("widgets_values")
    if not isinstance(values, list) or len(values) != sum(map(len, own)):
        return own if not values else [None] * len(nodes)
    shares, start = [], 0
    for share in own:
        shares.append(values[start : start + len(share)])
        start += len(share)
    return shares


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in _list(value) if isinstance(item, dict)]
