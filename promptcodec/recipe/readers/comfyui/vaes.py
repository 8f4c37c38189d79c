"""The VAE that made the saved picture of its latent."""

from __future__ import annotations

from collections.abc import Iterator

from promptcodec.recipe.readers.comfyui.follow import choices, scalar
from promptcodec.recipe.readers.comfyui.graph import MOST_VISITS, Graph, Link, Node
from promptcodec.recipe.readers.comfyui.models import NONE
from promptcodec.recipe.readers.comfyui.names import is_pipe
from promptcodec.recipe.readers.comfyui.sampling import is_detailer, is_sampler, takes_picture, upstream

_LINKED = ("vae", "optional_vae", "vae_override", "vae_opt", "opt_vae")
_MOST_DECODERS = 16


def vae_of(graph: Graph, end: str) -> str | None:
    """Name the VAE of the decoder nearest to a picture, None where it is the checkpoint's own.

    A detailer's is taken where nothing else decodes.

    Args:
        graph: the graph.
        end: what saves the picture; a sampler where nothing does.
    """
    if is_sampler(graph[end]):
        users = [name for name, node in graph.items() if _named(node) and takes_picture(node)]
        end = next((name for name in users[:_MOST_DECODERS] if end in upstream(graph, name)), end)
    nearest = reversed(upstream(graph, end))
    for name in sorted(nearest, key=lambda name: is_detailer(graph[name])):
        node = graph[name]
        if link := _named(node):
            return _loaded(graph, [link.node])
        carried = "vae_name" in node.inputs or any(is_pipe(key) for key, _ in node.links())
        if carried and (vae := _loaded(graph, [name])):
            return vae
    return None


def _named(node: Node) -> Link | None:
    links = dict(node.links())
    return next((links[name] for name in _LINKED if name in links), None)


def _loaded(graph: Graph, todo: list[str]) -> str | None:
    """Name what the first loader behind some nodes loads."""
    seen = set(todo)
    for name in todo:
        node = graph.get(name)
        onward = list(_onward(graph, node)) if node else []
        if node and not onward and (vae := _own(graph, node)) is not None:
            return vae if vae.lower() not in NONE else None
        for link in onward:
            if link.node not in seen and len(seen) < MOST_VISITS:
                seen.add(link.node)
                todo.append(link.node)
    return None


def _own(graph: Graph, node: Node) -> str | None:
    """Give the file that a node names; loaders of wrappers call it a model."""
    names = ("vae_name", "vae", "model_name") if "vae" in node.kind.lower() else ("vae_name",)
    values = (scalar(graph, node.inputs[name], (name,)) for name in names if name in node.inputs)
    return next((value for value in values if isinstance(value, str)), None)


def _onward(graph: Graph, node: Node) -> Iterator[Link]:
    """Give the links that a VAE comes through: by name, through a switch, else inside a pipe."""
    named = _named(node)
    chosen = None if named else choices(graph, node)
    if named:
        yield named
    elif chosen is not None:
        yield from (value for name in chosen if isinstance(value := node.inputs[name], Link))
    else:
        yield from (link for name, link in node.links() if is_pipe(name))
