"""Where a file holds ComfyUI's graph: in texts of their own, in EXIF tags, or a whole comment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from promptcodec.recipe.readers.comfyui.graph import Node, is_graph, parse
from promptcodec.recipe.readers.comfyui.workflow import is_workflow, unfold
from promptcodec.recipe.values import load_object


class Carried(NamedTuple):
    """What a file carries: the API graph as it is, and an editor's workflow; each may be absent."""

    api: dict[str, Any] | None
    workflow: dict[str, Any] | None


def find(texts: Mapping[str, str]) -> Carried:
    """Find the API graph and the workflow among a file's texts."""
    api = workflow = None
    for label, value in _objects(texts):
        if label != "workflow" and api is None and is_graph(value):
            api = value
        elif workflow is None and is_workflow(value):
            workflow = value
    return Carried(api, workflow)


def find_graph(texts: Mapping[str, str]) -> dict[str, Any] | None:
    """Give the API graph, or what can be made of an editor's workflow."""
    api, workflow = find(texts)
    return api or (unfold(workflow).api or None if workflow else None)


def graph_of(api: Mapping[str, Any] | None, workflow: Mapping[str, Any] | None) -> dict[str, Node]:
    """Make the graph that ran; the workflow adds what an API graph does not say: names of outputs."""
    if not workflow:
        return parse(api or {}, {}, {})
    unfolded = unfold(workflow)
    return parse(api or unfolded.api, unfolded.outputs, unfolded.shown)


def _objects(texts: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every JSON object that may be a graph, with what labels it."""
    for key in sorted(texts, key=lambda key: key not in ("prompt", "workflow")):
        value = texts[key]
        label, _, rest = value.partition(":")
        if label.lower() in ("prompt", "workflow"):
            key, value = label.lower(), rest.strip()  # noqa: PLW2901 - the label was the key
        parsed = load_object(value)
        if parsed is None:
            continue
        yield key, parsed
        for inner in ("prompt", "workflow"):
            held = parsed.get(inner)
            held = load_object(held) if isinstance(held, str) else held
            if isinstance(held, dict):
                yield inner, held
