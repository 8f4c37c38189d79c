"""What a search may ask of a record: its words by field, names and numbers.

What cannot be read of a record says nothing: a picture is found by the rest of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from promptcodec.archive.indexing import people, words
from promptcodec.archive.record import Record
from promptcodec.description import Description
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import PromptcodecError
from promptcodec.layers import recipe as recipe_layer
from promptcodec.layers import semantic
from promptcodec.layers.about import original_size
from promptcodec.layers.parts import payloads_of
from promptcodec.reading import open_stream
from promptcodec.recipe.model import Number, Recipe
from promptcodec.recipe.prompt import prompt_of

SPOKEN = (*words.FIELDS, "tag", "prompt")
"""Fields of words, which are searched by their stems."""

NAMES = ("model", "lora", "tool", "sampler", "scheduler", "name")
"""Fields of names, which are searched by how they begin."""

NUMBERS = ("people", "width", "height", "steps", "cfg", "seed", "time")
"""Fields of numbers; ``time`` is in milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a record says.

    Attributes:
        description: None where there is none that can be read.
        tags: the owner's.
        prompt: of the recipe, in plain words.
        names: texts by field, each of NAMES.
        numbers: by field, those of NUMBERS that are known.
        size: of the original picture in pixels, None where that is unknown.
        recipe: None where there is none that can be read.
    """

    description: Description | None
    tags: tuple[str, ...]
    prompt: str
    names: dict[str, tuple[str, ...]]
    numbers: dict[str, Number]
    size: tuple[int, int] | None = None
    recipe: Recipe | None = None

    def columns(self) -> tuple[str, ...]:
        """Give the words by field, in the order of SPOKEN."""
        own = words.columns_of(self.description) if self.description else ("",) * len(words.FIELDS)
        return (*own, "\n".join(self.tags), self.prompt)


def facts_of(record: Record, dictionaries: Sequence[Dictionary] = ()) -> Facts:
    """Read a record.

    Args:
        record: its stream is untrusted.
        dictionaries: the users' dictionaries at hand.
    """
    description, recipe, size = None, None, None
    with suppress(PromptcodecError):
        stream = open_stream(record.stream, bare=True)
        payloads = payloads_of(stream)
        size = stream.width, stream.height
        with suppress(PromptcodecError):
            if "about" in payloads:
                size = original_size(payloads["about"]) or size
        with suppress(PromptcodecError):
            if "semantic" in payloads:
                description = semantic.decode(payloads["semantic"], dictionaries=dictionaries)
        with suppress(PromptcodecError):
            if "recipe" in payloads:
                recipe = recipe_layer.decode(payloads["recipe"], dictionaries=dictionaries)
    return gathered(record, description, recipe, size)


def gathered(
    record: Record, description: Description | None, recipe: Recipe | None, size: tuple[int, int] | None
) -> Facts:
    """Gather what a record says.

    Args:
        record: its stream is not read.
        description: None where there is none.
        recipe: likewise.
        size: of the original picture in pixels, None where that is unknown.
    """
    numbers: dict[str, Number] = {"time": record.places[0].time}
    if size:
        numbers["width"], numbers["height"] = size
    if description:
        numbers["people"] = people.count(thing.name for thing in description.objects)
    names = {"name": tuple(place.path for place in record.places)}
    if recipe:
        names |= _names(recipe)
        numbers |= _numbers(recipe)
    prompt = prompt_of(recipe) if recipe else ""
    return Facts(description, record.tags, prompt, names, numbers, size, recipe)


def _names(recipe: Recipe) -> dict[str, tuple[str, ...]]:
    model, settings = recipe.model, recipe.settings
    names = {
        "model": (model.name,),
        "lora": tuple(addon.name for addon in model.loras),
        "tool": (recipe.platform.tool,),
        "sampler": (settings.sampler,),
        "scheduler": (settings.scheduler,),
    }
    return {field: tuple(name for name in given if name) for field, given in names.items()}


def _numbers(recipe: Recipe) -> dict[str, Number]:
    settings = recipe.settings
    numbers = {"steps": settings.steps, "cfg": settings.guidance, "seed": settings.seed}
    return {field: number for field, number in numbers.items() if number is not None}


def squeezed(name: str) -> str:
    """Give letters and digits of a name alone, as it may be typed: ``DPM++ 2M`` and ``dpmpp_2m`` are one."""
    return "".join(_parts(name))


def beginnings(name: str) -> str:
    """Give what a name is searched by: from each of its words on, all of it squeezed."""
    parts = _parts(name)
    return " ".join("".join(parts[start:]) for start in range(len(parts)))


def _parts(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", name.lower().replace("++", "pp"))
