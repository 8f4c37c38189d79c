"""Put into words what making a picture again from its recipe came to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from promptcodec.checks.scales import AGREES

if TYPE_CHECKING:
    from promptcodec.checks.report import Field

SIZE, EMBEDDING, COLOURS = "again: size", "again: embedding", "again: colours"
RECORDED = "recorded "
"""What names of fields of the recipe start with."""
_LONG = ("prompt", "negative")


def summary(fields: Sequence[Field], *, passed: bool, alone: bool) -> str:
    """Say whether it means the same and what was otherwise than recorded; pixels are never promised.

    Args:
        fields: those of the check of re-generation; none gives ``""``.
        passed: the verdict on the picture.
        alone: the stream holds nothing but the recipe.
    """
    if not fields:
        return ""
    agree = all(field.closeness is None or field.closeness >= AGREES for field in _measured(fields))
    means = "means the same" if passed and agree else "but does not mean the same"
    if alone:
        means = "nothing else in the stream says what it should show"
    of_recipes = recorded(fields)
    apart = [_otherwise(field) for field in of_recipes if field.closeness == 0]
    unknown = [_name(field) for field in of_recipes if field.closeness is None]
    if len(unknown) == len(of_recipes):  # a picture that we had made, then
        parts = [f"made from that recipe, {means}", "the picture itself does not say how it was made"]
    else:  # what a file says of itself may have been copied into it
        parts = [f"says that it was made from that recipe, {means}"]
        parts.append(
            f"otherwise than recorded: {', '.join(apart)}" if apart else "all that both record is the same"
        )
        if unknown:
            parts.append(f"not recorded by both: {', '.join(unknown)}")
    return "; ".join([*parts, "pixels may differ all the same"])


def recorded(fields: Sequence[Field]) -> list[Field]:
    """Give those that compare what the two recipes say."""
    return [field for field in fields if field.name.startswith(RECORDED)]


def _measured(fields: Sequence[Field]) -> list[Field]:
    return [field for field in fields if field.name in (SIZE, EMBEDDING, COLOURS)]


def _name(field: Field) -> str:
    return field.name.removeprefix(RECORDED)


def _otherwise(field: Field) -> str:
    name = _name(field)
    return name if name in _LONG else f"{name} {field.got} for {field.expected}"
