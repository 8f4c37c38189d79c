"""What tools count differently: two kinds of guidance, the strength and size of a second pass."""

from __future__ import annotations

from typing import Any, NamedTuple

from promptcodec.recipe.model import Number, Recipe, Settings
from promptcodec.recipe.values import first, number

_DISTILLED = ("distilled_guidance", "Distilled CFG Scale", "fluxguidancescale")


class Guidance(NamedTuple):
    """How strongly the prompt steers.

    Attributes:
        plain: classifier-free guidance, 1 where there was none, None where the recipe does not say.
        distilled: what models such as Flux take as an input, None for others.
    """

    plain: Number | None
    distilled: Number | None


def guidance_of(recipe: Recipe) -> Guidance:
    """Tell both kinds of guidance apart; ``settings.guidance`` is the distilled one where no other is."""
    plain, distilled = recipe.settings.guidance, number(first(recipe.extra, _DISTILLED))
    return Guidance(1 if distilled is not None and plain in (None, distilled) else plain, distilled)


def without_guidance(extra: dict[str, Any]) -> dict[str, Any]:
    """Give what else a recipe says."""
    return {key: value for key, value in extra.items() if key not in _DISTILLED}


def second_strength(settings: Settings) -> Number | None:
    """Give the second pass's strength: A1111 has one number, which is that of the second pass."""
    strength = number(settings.hires.get("denoise"))
    return settings.denoise if strength is None and settings.denoise != 1 else strength


def second_size(settings: Settings) -> tuple[int, int] | None:
    """Give width and height after the second pass, where they are known."""
    hires, width, height = settings.hires, settings.width, settings.height
    wide, high, scale = (number(hires.get(key)) for key in ("width", "height", "scale"))
    if wide and high:
        return int(wide), int(high)
    if scale and width and height:
        return round(width * scale), round(height * scale)
    return None
