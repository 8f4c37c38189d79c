"""The tools whose recipes are read: one module each, and this table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from promptcodec.recipe.model import Recipe
from promptcodec.recipe.readers import (
    a1111,
    civitai_graph,
    comfyui,
    draw_things,
    easy_diffusion,
    fooocus,
    huggingface_space,
    invokeai,
    iptc_fields,
    midjourney,
    mochi_diffusion,
    novelai,
    stability_matrix,
    swarmui,
    tensorart,
)


@dataclass(frozen=True, slots=True)
class Reader:
    """A tool's form of metadata.

    Attributes:
        read: takes a file's texts by their keys, gives the recipe, None where they are not of this form.
        keys: texts by these keys should be of this form: where no reader takes one, the user should know.
    """

    read: Callable[[Mapping[str, str]], Recipe | None]
    keys: tuple[str, ...] = ()


# The special before the general: sites and front ends write A1111's text or ComfyUI's graph as well.
READERS = (
    Reader(
        invokeai.read, ("invokeai_metadata", "invokeai_graph", "invokeai_workflow", "sd-metadata", "Dream")
    ),
    Reader(novelai.read),
    Reader(swarmui.read),
    Reader(stability_matrix.read),
    Reader(tensorart.read, ("generation_data",)),
    Reader(draw_things.read),
    Reader(fooocus.read),
    Reader(easy_diffusion.read),
    Reader(huggingface_space.read),
    Reader(civitai_graph.read),
    Reader(comfyui.read, ("prompt", "workflow")),
    Reader(a1111.read, ("parameters",)),
    Reader(mochi_diffusion.read),
    Reader(midjourney.read),
    Reader(iptc_fields.read, ("AIPromptInformation",)),
)
