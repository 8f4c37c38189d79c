"""Ask a multimodal model whether a decoded picture shows what the stream says, statement by statement.

Runs only where a profile ``[checks.statements]`` names a model. Among the statements is one that
is false of any picture: a model that affirms it is taking orders from the text, or guessing, and
none of its verdicts counts.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from promptcodec import prompts
from promptcodec.api import profile as profiles
from promptcodec.api import tokens
from promptcodec.api.client import Connection
from promptcodec.api.converse import ask_json
from promptcodec.api.dialects import Ask
from promptcodec.api.examine import examine
from promptcodec.api.spending import NOTHING, Estimate
from promptcodec.checks.report import Field
from promptcodec.description import Description
from promptcodec.description.coarsen import coarsen, explicit
from promptcodec.errors import DescriptionError, PromptcodecError
from promptcodec.generators import Conditions
from promptcodec.readiness import Readiness

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

    @functools.cached_property
    def _connection(self) -> Connection:
        """Open it when it is first needed: an estimate needs no key."""
        assert self._profile is not None
        return Connection(self._profile)

    def examine(self) -> list[Readiness]:
        """Look whether the model could be asked; costs nothing."""
        if self._profile is None:
            why = 'it asks nobody: name a model, url = "..." and model = "..." under [checks.statements]'
            return [Readiness(self.name, ok=False, why=why)]
        return [examine(self.name, self._profile)]

    def prepare(self, conditions: Conditions) -> None:
        """Refuse what would be refused once a picture is drawn.

        Raises:
            MissingError: the client or the key is not there.
            UsageError: the model was shut down; a cap on cost is to hold, and a price is unknown.
        """
        if self._profile is not None and conditions.description is not None:
            self._connection.prepare()

    def estimate(self, conditions: Conditions) -> Estimate:
        """Say what ``compare`` will come to; ask nobody."""
        if self._profile is None or conditions.description is None:
            return NOTHING
        question = _question(
            _with_control(statements(conditions.description)), Image.new("RGB", conditions.size)
        )
        usage = tokens.estimate(question, self._profile)
        cost = self._profile.cost(usage)
        # An answer that does not fit is asked for once more.
        return Estimate((1, 2), usage.input_tokens, usage.output_tokens, cost, exact=False)

    def compare(self, conditions: Conditions, image: Image.Image) -> list[Field]:
        """Compare an RGB picture with the semantic layer; nothing to do without a model or without words.

        A model that cannot be asked, refuses, or answers nothing usable, leaves its fields not run.
        """
        if self._profile is None or conditions.description is None:
            return []
        stated = statements(conditions.description)
        texts = _with_control(stated)
        verdicts: list[str | None]
        why = ""
        try:
            verdicts = self._ask(texts, image)
        except PromptcodecError as error:
            verdicts, why = [None] * len(texts), "; ".join(filter(None, (str(error), error.hint)))
        if verdicts.pop(_control(stated)) != "no":
            verdicts = [None] * len(stated)
            why = why or f"{self._profile.model} affirms, or does not deny, what is false of any picture"
        return [
            Field(text, aim, "yes", verdict, CLOSENESS[verdict] if verdict else None, why)
            for (aim, text), verdict in zip(stated, verdicts, strict=True)
        ]

    def _ask(self, texts: list[str], image: Image.Image) -> list[str | None]:
        assert self._profile is not None

        def parse(value: Any) -> list[str | None]:
            try:
                by_number = {item["number"]: item["holds"] for item in value["verdicts"]}
                verdicts = [by_number[number] for number in range(1, len(texts) + 1)]
            except (KeyError, TypeError):
                raise DescriptionError(f"there is not one verdict for each of 1 to {len(texts)}") from None
            if not set(verdicts) <= set(CLOSENESS):
                raise DescriptionError(f"a verdict is not one of {', '.join(CLOSENESS)}")
            return verdicts

        return ask_json(self._connection, self._profile.dialect or "chat", _question(texts, image), parse)


def _question(texts: list[str], image: Image.Image) -> Ask:
    small = image.copy()
    small.thumbnail((_MOST_SIDE, _MOST_SIDE))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=90)
    numbered = "\n".join(f"{number}: {text}" for number, text in enumerate(texts, 1))
    most = 200 + _TOKENS_EACH * len(texts)
    return Ask(prompts.render("verify"), prompts.fence(numbered), file.getvalue(), "verdicts", _SCHEMA, most)


def _control(stated: Sequence[Any]) -> int:
    """Say where the false statement stands: in the middle, where who answers by habit answers "yes"."""
    return len(stated) // 2


def _with_control(stated: Sequence[tuple[str, str]]) -> list[str]:
    texts = [text for _, text in stated]
    texts.insert(_control(stated), CONTROL)
    return texts


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
