"""Ask a multimodal model whether a decoded picture shows what the stream says, statement by statement.

Runs only where a profile ``[checks.statements]`` names a model. Among the statements is one that
is false of any picture: a model that affirms it is taking orders from the text, or guessing, and
none of its verdicts counts.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image

from promptcodec import prompts
from promptcodec.api import profile as profiles
from promptcodec.api.client import Connection, UnusableAnswerError
from promptcodec.api.converse import ask_json
from promptcodec.api.dialects import Ask
from promptcodec.checks.report import Field
from promptcodec.description import Description
from promptcodec.description.coarsen import coarsen, explicit
from promptcodec.errors import DescriptionError, RefusedError
from promptcodec.generators import Conditions

MOST_PLACES = 3
"""Rows and columns of the grid that statements about places are made on."""
CLOSENESS = {"yes": 1.0, "no": 0.0, "unsure": None}
CONTROL = "The whole picture is one even area of pure magenta with nothing else in it."
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "verdicts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "number": {"type": "integer"},
                    "holds": {"type": "string", "enum": list(CLOSENESS)},
                },
                "required": ["number", "holds"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["verdicts"],
    "additionalProperties": False,
}
_TOKENS_EACH = 25
_MOST_SIDE = 768


class StatementsCheck:
    """Asks about every statement once, all in one question."""

    name = "statements"

    def __init__(self, profile: profiles.Profile | None) -> None:
        self._profile = profile

    def compare(self, conditions: Conditions, image: Image.Image) -> list[Field]:
        """Compare an RGB picture with the semantic layer; nothing to do without a model or without words.

        A model that refuses, or answers nothing usable, leaves its fields not run.
        """
        if self._profile is None or conditions.description is None:
            return []
        stated = statements(conditions.description)
        control = len(stated) // 2  # in the middle, where a model that answers by habit answers "yes"
        texts = [text for _, text in stated]
        texts.insert(control, CONTROL)
        try:
            verdicts = self._ask(texts, image)
        except (RefusedError, UnusableAnswerError):
            verdicts = [None] * len(texts)
        if verdicts.pop(control) != "no":
            verdicts = [None] * len(stated)
        return [
            Field(text, aim, "yes", verdict, CLOSENESS[verdict] if verdict else None)
            for (aim, text), verdict in zip(stated, verdicts, strict=True)
        ]

    def _ask(self, texts: list[str], image: Image.Image) -> list[str | None]:
        assert self._profile is not None
        small = image.copy()
        small.thumbnail((_MOST_SIDE, _MOST_SIDE))
        file = io.BytesIO()
        small.save(file, "JPEG", quality=90)
        numbered = "\n".join(f"{number}: {text}" for number, text in enumerate(texts, 1))
        most = 200 + _TOKENS_EACH * len(texts)
        ask = Ask(
            prompts.render("verify"), prompts.fence(numbered), file.getvalue(), "verdicts", _SCHEMA, most
        )

        def parse(value: Any) -> list[str | None]:
            try:
                by_number = {item["number"]: item["holds"] for item in value["verdicts"]}
                verdicts = [by_number[number] for number in range(1, len(texts) + 1)]
            except (KeyError, TypeError):
                raise DescriptionError(f"there is not one verdict for each of 1 to {len(texts)}") from None
            if not set(verdicts) <= set(CLOSENESS):
                raise DescriptionError(f"a verdict is not one of {', '.join(CLOSENESS)}")
            return verdicts

        return ask_json(Connection(self._profile), self._profile.dialect or "chat", ask, parse)


def statements(description: Description) -> list[tuple[str, str]]:
    """Turn a description into statements, each with the aim it serves."""
    stated = [("style", f"It is made as, or looks like: {description.medium}.")]
    if description.summary:
        stated.append(("semantics", f"It shows: {description.summary}"))
    if description.light:
        stated.append(("photometry", f"The light is: {description.light}."))
    for thing in description.objects:
        what = " ".join((*thing.attributes, thing.name))
        stated.append(("semantics", f"There is: {what}."))
        middle = (thing.box.left + thing.box.right - 1) / 2 / description.cols
        side = "left" if middle < 0.4 else "right" if middle > 0.6 else "middle"
        stated.append(
            ("geometry", f"{thing.name} is in the {side} third of the picture, or reaches into it.")
        )
    stated += [("integrity", f'The words "{item.text}" can be read in it.') for item in description.lettering]
    few = explicit(
        coarsen(description, min(description.rows, MOST_PLACES), min(description.cols, MOST_PLACES))
    )
    for index, cell in enumerate(few.cells):
        row, col = divmod(index, few.cols)
        if cell.colours:
            place = f"Of {few.rows}x{few.cols} equal parts, row {row + 1} column {col + 1}"
            stated.append(("photometry", f"{place} is mostly {' and '.join(cell.colours)}."))
    return stated


def create(profile: Mapping[str, str]) -> StatementsCheck:
    """Make the check: without a profile in the configuration it asks nobody.

    Raises:
        UsageError: an entry of the profile is wrong.
    """
    return StatementsCheck(profiles.read("checks", "statements", profile) if profile else None)
