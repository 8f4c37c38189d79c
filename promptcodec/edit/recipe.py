"""A recipe with other values: what its settings may be, and its prompt with other words."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from promptcodec.edit.take_out import take_out
from promptcodec.edit.words import swap
from promptcodec.errors import UsageError
from promptcodec.recipe import Recipe
from promptcodec.recipe.prompt import outside_networks
from promptcodec.recipe.values import number

MARK = "promptcodec"
"""The key under which ``extra`` says what was edited: the rest of a recipe tells of the original."""
_MOST_SEED = 2**64 - 1
_MOST_SIDE = 2**16 - 1


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError("it is not UTF-8 text") from None
    return value


def _within(least: float, most: float, *, whole: bool) -> Callable[[str], int | float]:
    """Make what reads a number of a range."""
    kind = "a whole number" if whole else "a number"

    def read(value: str) -> int | float:
        parsed = number(value)
        if parsed is None or (whole and not isinstance(parsed, int)) or not least <= parsed <= most:
            limits = f" from {least} to {most}" if math.isfinite(most) else ""
            raise UsageError(f"it is to be {kind}{limits}, not {value[:40]!r}")
        return parsed

    return read


SETTINGS: Mapping[str, Callable[[str], Any]] = {
    "prompt": _text,
    "negative": _text,
    "sampler": _text,
    "scheduler": _text,
    "steps": _within(1, 10_000, whole=True),
    "guidance": _within(-math.inf, math.inf, whole=False),
    "seed": _within(0, _MOST_SEED, whole=True),
    "width": _within(1, _MOST_SIDE, whole=True),
    "height": _within(1, _MOST_SIDE, whole=True),
    "denoise": _within(0, 1, whole=False),
    "model": _text,
    "vae": _text,
}
"""By name, what reads a value; ``model`` and ``vae`` are names."""


def parse(assignment: str) -> tuple[str, str]:
    """Split ``NAME=VALUE``.

    Raises:
        UsageError: it is no such pair, or no setting is called so.
    """
    name, sign, value = assignment.partition("=")
    name = name.strip().lower()
    if not sign:
        raise UsageError(f"{assignment[:40]!r} sets nothing: write NAME=VALUE, as in seed=7")
    if name not in SETTINGS:
        raise UsageError(f"a recipe has no setting {name[:40]!r} to change; it has {', '.join(SETTINGS)}")
    return name, value


def assign(recipe: Recipe, name: str, value: str) -> Recipe:
    """Give a recipe another value of one of SETTINGS; an empty one takes it out.

    A model of another name has another hash, so the hash goes. What ``extra`` repeats of a prompt follows.

    Raises:
        UsageError: the value is none of this setting.
    """
    try:
        parsed = SETTINGS[name](value) if value.strip() else None
    except UsageError as error:
        raise UsageError(f"{name} cannot be set so: {error}") from None
    if name == "model":
        after = replace(recipe, model=replace(recipe.model, name=parsed, hash=None))
        return recipe if parsed == recipe.model.name else _marked(after, name)
    if name == "vae":
        after = replace(recipe, model=replace(recipe.model, vae=parsed))
        return recipe if parsed == recipe.model.vae else _marked(after, name)
    former = getattr(recipe.settings, name)
    if parsed == former:
        return recipe
    changed: dict[str, Any] = {name: parsed}
    after = replace(recipe, settings=replace(recipe.settings, **changed))
    if isinstance(former, str):
        after = replace(after, extra=_following(recipe.extra, former, parsed or ""))
    return _marked(after, name)


def _following(value: Any, former: str, text: str) -> Any:
    """Put a text where a JSON value repeats the former one."""
    if isinstance(value, dict):
        return {key: _following(item, former, text) for key, item in value.items()}
    if isinstance(value, list):
        return [_following(item, former, text) for item in value]
    return text if value == former else value


def _marked(recipe: Recipe, name: str) -> Recipe:
    """Note under MARK that a setting was edited."""
    before = str(recipe.extra.get(MARK, "")).removeprefix("edited ")
    names = dict.fromkeys((*filter(None, before.split(", ")), name))
    return replace(recipe, extra={**recipe.extra, MARK: f"edited {', '.join(names)}"})


def replaced(recipe: Recipe, old: str, new: str) -> Recipe:
    """Replace whole words of the prompt; calls of networks, such as ``<lora:ink:0.6>``, stay.

    Raises:
        UsageError: the prompt nowhere says ``old``.
    """
    if not old.strip():
        raise UsageError("a replacement needs words to look for before those to put in their place")
    former = recipe.settings.prompt or ""
    prompt = outside_networks(former, lambda text: _other(text, old.strip(), new))
    if prompt == former:
        raise UsageError(
            f"the recipe's prompt nowhere says {old[:40]!r}", hint="promptcodec inspect shows what it says"
        )
    return assign(recipe, "prompt", prompt)


def _other(text: str, old: str, new: str) -> str:
    return swap(text, old, new) if new.strip() else take_out(text, old)


def repeats(recipe: Recipe, former: str) -> bool:
    """Say whether what else the tool wrote still holds a former prompt."""
    return bool(former.strip()) and json.dumps(former)[1:-1] in json.dumps(recipe.extra)
