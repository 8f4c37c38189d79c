"""Hold a picture that was made again from a stream's recipe against the stream, and the recipes together.

The same recipe gives other pixels on another device, version or sampler's implementation. So what is asked
is whether the picture means the same, and what of what was recorded was otherwise this time. None of it
moves the score: that is calibrated on what pictures show, however they were made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from PIL import Image

from promptcodec.checks import again, layers, recaption
from promptcodec.checks.report import AGAIN, Field
from promptcodec.generators import Conditions
from promptcodec.recipe import Recipe
from promptcodec.recipe.changed import meant

_ASKED = ("version", "model hash")
"""What decides pixels beside the words, and is named even where neither says it."""
_PLATFORM = (*_ASKED, "tool", "device", "sampler", "scheduler")
"""What is named even where only the new picture says it."""
_PROPORTIONS = 0.02
"""By how much the ratio of sides may differ for another size of the same picture."""


def create(_profile: Mapping[str, str]) -> RegenerationCheck:
    """Make the check; it takes no profile."""
    return RegenerationCheck()


class RegenerationCheck:
    """Runs only where a picture was made again from the recipe."""

    name = "regeneration"

    def compare(self, conditions: Conditions, image: Image.Image) -> list[Field]:
        """Compare size, embedding and colours of an RGB picture, then its recipe with the stream's."""
        if conditions.recipe is None or conditions.again is None:
            return []
        return [
            _size(conditions.size, image.size),
            *_meaning(conditions, image),
            *_recorded(conditions.recipe, conditions.again),
        ]


def same(recipe: Recipe | None, other: Recipe | None) -> bool:
    """Say whether two recipes ask for the same picture: the same prompt from the same seed."""
    if recipe is None or other is None:
        return False
    first, second = (_asked(each, other.platform.tool) for each in (recipe, other))
    return first == second and first != (None, None)


def _asked(recipe: Recipe, tool: str) -> tuple[Any, Any]:
    values = meant(recipe, tool)
    return values["prompt"], values["seed"]


def _size(wanted: tuple[int, int], size: tuple[int, int]) -> Field:
    """Agree fully on the same size, half on another one of the same proportions."""
    expected, got = (f"{width}x{height}" for width, height in (wanted, size))
    ratio = (wanted[0] / wanted[1]) / (size[0] / size[1])
    near = 0.5 if abs(ratio - 1) <= _PROPORTIONS else 0.0
    return Field(again.SIZE, AGAIN, expected, got, 1.0 if wanted == size else near)


def _meaning(conditions: Conditions, image: Image.Image) -> Iterator[Field]:
    """Take from the checks of layers and words what says that it is the same picture."""
    if conditions.signature is not None:
        content = layers.compare_signatures(conditions.signature, image)
        yield _named(again.EMBEDDING, "signature content", content)
    if conditions.texture is not None:
        colours = layers.compare_colours("map", conditions.texture, image)
        yield _named(again.COLOURS, "map CIEDE2000", colours)
    elif conditions.description is not None:
        colours = recaption.compare_colours(conditions.description, image)
        if colours:
            yield _named(again.COLOURS, "cells CIEDE2000", colours)


def _named(name: str, wanted: str, fields: list[Field]) -> Field:
    return replace(next(field for field in fields if field.name == wanted), name=name, aim=AGAIN)


def _recorded(recipe: Recipe, used: Recipe) -> Iterator[Field]:
    """Compare what two recipes say, by names that tools share."""
    tool = used.platform.tool or recipe.platform.tool
    before, after = (_values(each, tool) for each in (recipe, used))
    for name, expected in before.items():
        got = after[name]
        if expected is None and name not in (_ASKED if got is None else _PLATFORM):
            continue
        known = None not in (expected, got)
        agree = float(_equal(name, expected, got)) if known else None
        yield Field(again.RECORDED + name, AGAIN, expected, got, agree)


def _values(recipe: Recipe, tool: str) -> dict[str, Any]:
    platform = recipe.platform
    values = {
        "tool": platform.tool or None,
        "version": platform.version,
        "device": platform.device,
        "model hash": recipe.model.hash,
    } | meant(recipe, tool)
    return {name: " and ".join(map(str, v)) if isinstance(v, tuple) else v for name, v in values.items()}


def _equal(name: str, expected: Any, got: Any) -> bool:
    """Compare two values; tools cut hashes at different lengths."""
    if name != "model hash":
        return bool(expected == got)
    first, second = expected.lower(), got.lower()
    return bool(first.startswith(second) or second.startswith(first))
