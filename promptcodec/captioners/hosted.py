"""Captioning by a hosted model: the prompt, and the answer's validation."""

from __future__ import annotations

import functools
import io
import json
from typing import Any

from PIL import Image

from promptcodec import prompts
from promptcodec.api import shut_down, tokens
from promptcodec.api.client import Connection, UnusableAnswerError
from promptcodec.api.converse import ask_json
from promptcodec.api.dialects import Ask
from promptcodec.api.examine import examine
from promptcodec.api.profile import Profile
from promptcodec.captioners import Estimate
from promptcodec.captioners.normalise import normalise
from promptcodec.captioners.prompt_variant import prompt_variant
from promptcodec.description import PALETTE, SCHEMA, Description, from_json, to_json
from promptcodec.description.model import check_grid
from promptcodec.errors import CaptionerError, DescriptionError, RefusedError
from promptcodec.readiness import Readiness

CHARACTERS_PER_CELL = 45
"""Free text asked for where nobody says how much: about what a caption of this grid has."""
CHARACTERS_PER_NOUN = 17
"""The same where cells have their nouns alone."""
TOKENS_PER_CELL = 90
TOKENS_BESIDES = 700
QUALITY = 85


class HostedCaptioner:
    """Describe pictures with a model behind an OpenAI-compatible address."""

    def __init__(self, name: str, profile: Profile) -> None:
        self.name = name
        self._profile = profile
        shut_down.announce(profile)
        self._last: tuple[Image.Image, bytes, str] | None = None

    @functools.cached_property
    def connection(self) -> Connection:
        """Open it when it is first needed: an estimate needs no key."""
        return Connection(self._profile)

    def prepare(self) -> None:
        """Refuse what would be refused when it is asked.

        Raises:
            MissingError: the client or the key is not there.
            UsageError: the model was shut down; a cap on cost is to hold, and a price is unknown.
        """
        self.connection.prepare()

    def examine(self) -> list[Readiness]:
        """Look whether the model could be asked; costs nothing."""
        return [examine(self.name, self._profile)]

    def describe(
        self,
        image: Image.Image,
        *,
        rows: int,
        cols: int,
        prompt: str = "",
        characters: int | None = None,
        colours: bool = True,
    ) -> Description:
        """Describe a picture on a grid.

        Args:
            image: RGB.
            rows: rows of the grid, 1..8.
            cols: columns of the grid, 1..8.
            prompt: what the file says it was made from; told to the model as data.
            characters: of free text, asked for; None for as many as the grid carries well.
            colours: ask for the colours of cells; else for their nouns.

        Raises:
            CaptionerError: the model refused, or gave nothing usable twice.
            ApiError, SpendingError, MissingError: it could not be asked.
        """
        check_grid(rows, cols)
        return self._put(self._ask(image, (rows, cols), prompt, characters, colours=colours), rows, cols)

    def shorten(self, description: Description, characters: int) -> Description:
        """Ask to say a description in fewer characters; raises as ``describe``."""
        rows, cols = description.rows, description.cols
        text = prompts.fence(json.dumps(to_json(description), ensure_ascii=False))
        instructions = prompts.render("tighten", characters=characters)
        ask = Ask(instructions, text, None, "description", _schema(rows, cols), self._most(rows, cols))
        return self._put(ask, rows, cols)

    def estimate(
        self,
        image: Image.Image,
        *,
        rows: int,
        cols: int,
        prompt: str = "",
        characters: int | None = None,
        colours: bool = True,
    ) -> Estimate:
        """Say what ``describe`` will come to; ask nobody."""
        usage = tokens.estimate(
            self._ask(image, (rows, cols), prompt, characters, colours=colours), self._profile
        )
        cost = self._profile.cost(usage)
        # An answer that does not fit is asked for once more.
        return Estimate((1, 2), usage.input_tokens, usage.output_tokens, cost, tokens.count("")[1])

    def _ask(
        self, image: Image.Image, grid: tuple[int, int], prompt: str, characters: int | None, *, colours: bool
    ) -> Ask:
        rows, cols = grid
        jpeg, suited = self._prepare(image)
        if colours:
            each_cell = prompts.render("cells-with-colours", palette=", ".join(PALETTE))
        else:
            each_cell = prompts.render("cells-beside-a-map")
        per_cell = CHARACTERS_PER_CELL if colours else CHARACTERS_PER_NOUN
        instructions = prompts.render(
            f"raster-scan-{suited}",
            rows=rows,
            cols=cols,
            cells=rows * cols,
            characters=per_cell * rows * cols if characters is None else characters,
            each_cell=each_cell,
        )
        given = f"The file says it was made from this prompt:\n{prompts.fence(prompt)}" if prompt else ""
        text = f"{given}\nDescribe this picture on a grid of {rows} rows and {cols} columns.".strip()
        return Ask(instructions, text, jpeg, "description", _schema(rows, cols), self._most(rows, cols))

    def _put(self, ask: Ask, rows: int, cols: int) -> Description:
        def parse(value: Any) -> Description:
            description = from_json(normalise(value))
            if (description.rows, description.cols) != (rows, cols):
                raise DescriptionError(
                    f"the grid is {description.rows}x{description.cols}, not {rows}x{cols}"
                )
            return description

        try:
            return ask_json(self.connection, self.name, ask, parse)
        except (RefusedError, UnusableAnswerError) as error:
            hint = "another model, or --captioner local, may do it"
            raise CaptionerError(str(error), hint=hint) from None

    def _most(self, rows: int, cols: int) -> int:
        return min(self._profile.max_output, TOKENS_BESIDES + TOKENS_PER_CELL * rows * cols)

    def _prepare(self, image: Image.Image) -> tuple[bytes, str]:
        """Compress a picture for sending and choose its prompt, once for all questions about it."""
        if self._last is None or self._last[0] is not image:
            small = image.copy()
            small.thumbnail((self._profile.image_side, self._profile.image_side))
            file = io.BytesIO()
            small.save(file, "JPEG", quality=QUALITY)
            self._last = (image, file.getvalue(), prompt_variant(image))
        return self._last[1:]


@functools.cache
def _schema(rows: int, cols: int) -> dict[str, Any]:
    """Give the schema of a description of one grid."""
    sides = {name: {"type": "integer", "enum": [n]} for name, n in (("rows", rows), ("cols", cols))}
    return {**SCHEMA, "properties": {**SCHEMA["properties"], **sides}}
