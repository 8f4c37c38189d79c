"""A picture made again from its own recipe: the graph that ComfyUI kept in it, checked, shown, then queued.

The graph is a stranger's. It runs only where the caller trusts the recipe, only with nodes the server has,
and never with a path, an address or a paid service in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from promptcodec.errors import Notice, UsageError
from promptcodec.generators.comfyui import missing, paths
from promptcodec.generators.comfyui.catalogue import Catalogue
from promptcodec.generators.servers.controls import stem
from promptcodec.generators.shown import MOST, listed
from promptcodec.recipe import Recipe
from promptcodec.recipe.read import read
from promptcodec.recipe.readers.comfyui.carried import find

Graph = dict[str, dict[str, Any]]
_MOST_NODES, _MOST_CLASSES, _FIRST_CLASSES = 5000, 200, 12
_ORDINARY = re.compile(
    r"CheckpointLoaderSimple|CLIP(?:Loader|TextEncode|SetLastLayer)|DualCLIPLoader|UNETLoader|VAE(?:Loader|Decode"
    r"|Encode)|(?:Preview|Load|Save)Image|ImageScale|Empty(?:SD3)?LatentImage|LatentUpscale(?:By)?|KSampler"
    r"(?:Advanced|Select)?|LoraLoader|ControlNet(?:Loader|Apply(?:Advanced)?)|Conditioning(?:Combine|SetArea)"
    r"|FluxGuidance|BasicScheduler|BasicGuider|RandomNoise|SamplerCustomAdvanced|UpscaleModelLoader"
    r"|ImageUpscaleWithModel"
)
"""Classes of ComfyUI's own that nearly every graph has; they are named after all others."""
_HINT = "--trust-recipe runs it; `promptcodec recipe export FILE --to comfyui` shows it whole"


def graph_of(recipe: Recipe | None) -> Graph | None:
    """Give the API graph that a recipe carries, None where it carries none.

    Of an editor's workflow none is made: it does not say all that ran.
    """
    if recipe is None:
        return None
    texts = {key: text for chunk in recipe.chunks for key, text in chunk.texts().items()}
    api = find(texts).api or {}
    graph = {
        str(name): {key: node[key] for key in ("inputs", "class_type", "_meta") if key in node}
        for name, node in api.items()
        if isinstance(node, dict)
        and isinstance(node.get("class_type"), str)
        and isinstance(node.get("inputs"), dict)
    }
    return graph or None


def classes(graph: Graph, most: int = _MOST_CLASSES) -> str:
    """Name the classes of a graph's nodes, those that deserve a look first."""
    kinds = sorted(node["class_type"] for node in graph.values())
    return listed(sorted(kinds, key=lambda kind: bool(_ORDINARY.fullmatch(kind))), most)


def need_trust(graph: Graph) -> UsageError:
    """Make the error of a graph that nobody has allowed to run: it shows what the graph is made of."""
    return UsageError(f"the stream holds nothing to draw from but {_program(graph)}", hint=_HINT)


def not_run(graph: Graph) -> Notice:
    """Make the notice of a graph that nobody has allowed to run, where there was more to draw from."""
    return Notice(f"drawn from words and layers, not by {_program(graph)}", hint=_HINT)


def no_graph(recipe: Recipe) -> Notice:
    """Make the notice of a trusted recipe that holds no graph."""
    cut = recipe.platform.tool == "comfyui" and not recipe.chunks
    why = (
        "its fields alone were stored, not its graph" if cut else "it carries no ComfyUI graph in API format"
    )
    return Notice(
        f"drawn from words and layers, the recipe is not run again: {why}",
        hint="encode the picture with a larger budget, or with --recipe only" if cut else "",
    )


def _program(graph: Graph) -> str:
    nodes = "1 node" if len(graph) == 1 else f"{len(graph)} nodes"
    return (
        f"its recipe's ComfyUI graph of {nodes}, a program of whoever made the stream: "
        f"{classes(graph, _FIRST_CLASSES)}; it runs only where the recipe is trusted"
    )


def check(graph: Graph, recipe: Recipe, catalogue: Catalogue, host: str) -> None:
    """Raise where a graph must not run, or cannot.

    Raises:
        UsageError: it names paths outside the server's folders, addresses or paid services.
        MissingError: the server lacks nodes, files or values that it needs.
    """
    if len(graph) > _MOST_NODES:
        raise UsageError(f"the recipe's graph has {len(graph)} nodes; at most {_MOST_NODES} are run")
    try:
        json.dumps(graph, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        raise UsageError("the recipe's graph holds halves of characters: it cannot be sent") from None
    except ValueError:
        raise UsageError("the recipe's graph holds what is no number (NaN): it cannot be sent") from None
    bad = paths.refused(graph, catalogue)
    if bad:
        more = f"; and {len(bad) - MOST} more" if len(bad) > MOST else ""
        raise UsageError(
            "the recipe's graph names what no recipe may choose, paths or addresses: "
            f"{'; '.join(bad[:MOST])}{more}"
        )
    missing.check(graph, catalogue, hashes(recipe), host)


def hashes(recipe: Recipe) -> dict[str, str]:
    """Give the hashes of model files that a recipe knows, by their names without folder and ending."""
    model = recipe.model
    pairs = [(model.name, model.hash)]
    pairs += [(addon.name, addon.hash) for addon in (*model.loras, *model.controlnets)]
    return {stem(name): digest for name, digest in pairs if name and digest}


def is_same(graph: Graph, file: bytes) -> bool | None:
    """Say whether a picture file carries this very graph; None where it carries none."""
    own = graph_of(read(file))
    return None if own is None else _core(own) == _core(graph)


def _core(graph: Graph) -> Mapping[str, Any]:
    """Give what makes a graph: titles do not."""
    return {name: (node["class_type"], node["inputs"]) for name, node in graph.items()}
