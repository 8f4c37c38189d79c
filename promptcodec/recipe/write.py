"""Write a recipe in a tool's form: parameters text, ComfyUI graph, InvokeAI metadata, diffusers arguments.

Only texts are made here. They are never put into a picture: a picture must not look as if a tool
had made it that did not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from promptcodec.recipe.changed import changed
from promptcodec.recipe.model import Recipe
from promptcodec.recipe.read import from_texts
from promptcodec.recipe.writers import a1111, comfyui, objects

WRITERS: dict[str, Callable[[Recipe], str]] = {
    "a1111": a1111.write,
    "comfyui": comfyui.write,
    "invokeai": objects.invokeai,
    "diffusers": objects.diffusers,
}
# Under which key the readers know a form.
_READ_AS = {
    "a1111": "parameters", "comfyui": "prompt", "invokeai": "invokeai_metadata", "diffusers": "parameters",
}  # fmt: skip


class Export(NamedTuple):
    """A text for a tool, and what it does not say as the recipe does: one line each."""

    text: str
    notices: tuple[str, ...]


def export(recipe: Recipe, tool: str) -> Export:
    """Write a recipe for one of ``WRITERS``; the text is read back, and what differs is named."""
    text = WRITERS[tool](recipe)
    if tool == "comfyui" and comfyui.own_graph(recipe):
        return Export(text, ())
    again = from_texts({_READ_AS[tool]: text})
    return Export(text, changed(recipe, again, tool))
