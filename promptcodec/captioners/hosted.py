"""Captioning by a hosted model: the prompt, the answer's validation, the fit into a byte budget."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image

from promptcodec import prompts, rate
from promptcodec.api import tokens
from promptcodec.api.client import Connection, UnusableAnswerError
from promptcodec.api.converse import ask_json
from promptcodec.api.dialects import Ask
from promptcodec.api.profile import Profile
from promptcodec.captioners.normalise import normalise
from promptcodec.captioners.prompt_variant import prompt_variant
from promptcodec.description import PALETTE, SCHEMA, Description, from_json, to_json
from promptcodec.description.coarsen import coarsen
from promptcodec.description.model import check_grid
from promptcodec.errors import CaptionerError, DescriptionError, RefusedError

CHARACTERS_PER_CELL = 45
"""Free text asked for where there is no budget: about what a caption of this grid has."""
CHARACTERS_PER_BYTE = 4
"""Free text asked for under a budget; the token PPM takes about 5 characters into a byte."""
TIGHTENINGS = 2
"""How often the model is asked to say it shorter before words are cut here."""
STEP = 40
"""Character budgets come in these steps, so that like budgets ask the same question."""
TOKENS_PER_CELL = 90
TOKENS_BESIDES = 700
QUALITY = 85


@dataclass(frozen=True, slots=True)
class Estimate:
    """What captioning one picture will come to.

    Attributes:
        requests: calls, the likely and the most.
        input_tokens, output_tokens: of the likely calls.
        cost: dollars of the likely calls, nan where prices are unknown.
        exact: False where tokens were counted by length, for want of a vocabulary.
    """

    requests: tuple[int, int]
    input_tokens: int
    output_tokens: int
    cost: float
    exact: bool


class HostedCaptioner:
    """Describe pictures with a model behind an OpenAI-compatible address."""

    def __init__(self, name: str, profile: Profile) -> None:
        self.name = name
        self._profile = profile
        self._last: tuple[Image.Image, bytes, str] | None = None

    @functools.cached_property
    def _connection(self) -> Connection:
        """Open it when it is first needed: an estimate needs no key."""
        return Connection(self._profile)

    def describe(self, image: Image.Image, *, rows: int, cols: int, prompt: str = "") -> Description:
        """Describe a picture on a grid, with as many words as the grid carries well.

        Args:
            image: RGB.
            rows: rows of the grid, 1..8.
            cols: columns of the grid, 1..8.
            prompt: what the file says it was made from; told to the model as data.

        Raises:
            CaptionerError: the model refused, or gave nothing usable twice.
            ApiError, SpendingError, MissingError: it could not be asked.
        """
        return self._describe(image, rows, cols, prompt, CHARACTERS_PER_CELL * rows * cols)

    def fit(
        self, image: Image.Image, code: Callable[[Description], bytes], room: int, *, prompt: str = ""
    ) -> bytes:
        """Code a description that fits into a byte budget, measured by the real coder.

        The model is asked once for as many characters as the bytes are likely to hold, then to
        say it shorter; what is still too long is cut here, on coarser grids.

        Args:
            image: RGB.
            code: codes a description.
            room: bytes.
            prompt: as in ``describe``.

        Raises:
            CaptionerError, ApiError, SpendingError, MissingError: as ``describe``.
        """
        rows, cols = self._grid(image, room)
        characters = _step(room * CHARACTERS_PER_BYTE)
        said = self._describe(image, rows, cols, prompt, characters)
        data = code(said)
        for _ in range(TIGHTENINGS):
            if len(data) <= room or characters == STEP:
                break
            characters = _step(min(characters, _characters(said)) * room / len(data) * 0.9)
            shorter = self._tighten(said, characters)
            coded = code(shorter)
            if len(coded) < len(data):
                said, data = shorter, coded
        if len(data) <= room:
            return data
        return rate.fit_description(lambda r, c: coarsen(said, r, c), image.size, code, room)

    def estimate(self, image: Image.Image, room: int | None) -> Estimate:
        """Say what ``describe`` (no room) or ``fit`` will come to; asks nobody."""
        rows, cols = rate.grid(rate.DEFAULT_CELLS, image.size) if room is None else self._grid(image, room)
        characters = CHARACTERS_PER_CELL * rows * cols if room is None else _step(room * CHARACTERS_PER_BYTE)
        ask = self._ask(image, rows, cols, "", characters)
        usage = tokens.estimate(ask, self._profile, exact=True)
        most = 2 if room is None else 2 + 2 * TIGHTENINGS
        return Estimate(
            (1, most),
            usage.input_tokens,
            usage.output_tokens,
            self._profile.cost(usage),
            tokens.count("")[1],
        )

    def _grid(self, image: Image.Image, room: int) -> tuple[int, int]:
        """Choose the grid for a budget: a cell with its colours takes about 3 bytes, its words as many."""
        cells = next((cells for cells in rate.CELLS if cells * 6 <= room), 1)
        return rate.grid(min(cells, rate.DEFAULT_CELLS), image.size)

    def _describe(
        self, image: Image.Image, rows: int, cols: int, prompt: str, characters: int
    ) -> Description:
        check_grid(rows, cols)
        return self._put(self._ask(image, rows, cols, prompt, characters), rows, cols)

    def _ask(self, image: Image.Image, rows: int, cols: int, prompt: str, characters: int) -> Ask:
        jpeg, suited = self._prepare(image)
        instructions = prompts.render(
            f"raster-scan-{suited}",
            rows=rows,
            cols=cols,
            cells=rows * cols,
            characters=characters,
            palette=", ".join(PALETTE),
        )
        given = f"The file says it was made from this prompt:\n{prompts.fence(prompt)}" if prompt else ""
        text = f"{given}\nDescribe this picture on a grid of {rows} rows and {cols} columns.".strip()
        return Ask(instructions, text, jpeg, "description", _schema(rows, cols), self._most(rows, cols))

    def _tighten(self, said: Description, characters: int) -> Description:
        text = prompts.fence(json.dumps(to_json(said), ensure_ascii=False))
        instructions = prompts.render("tighten", characters=characters)
        schema = _schema(said.rows, said.cols)
        ask = Ask(instructions, text, None, "description", schema, self._most(said.rows, said.cols))
        return self._put(ask, said.rows, said.cols)

    def _put(self, ask: Ask, rows: int, cols: int) -> Description:
        def parse(value: Any) -> Description:
            said = from_json(normalise(value))
            if (said.rows, said.cols) != (rows, cols):
                raise DescriptionError(f"the grid is {said.rows}x{said.cols}, not {rows}x{cols}")
            return said

        try:
            return ask_json(self._connection, self.name, ask, parse)
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


def _step(characters: float) -> int:
    return max(STEP, int(characters / STEP) * STEP)


def _characters(said: Description) -> int:
    """Count the free text of a description."""
    words = [said.medium, said.summary, said.light, said.mood, *(cell.text for cell in said.cells)]
    words += [text for thing in said.objects for text in (thing.name, *thing.attributes)]
    words += [text for item in said.lettering for text in (item.text, item.manner)]
    return sum(map(len, words))


@functools.cache
def _schema(rows: int, cols: int) -> dict[str, Any]:
    """Give the schema of a description of one grid."""
    sides = {name: {"type": "integer", "enum": [n]} for name, n in (("rows", rows), ("cols", cols))}
    return {**SCHEMA, "properties": {**SCHEMA["properties"], **sides}}
