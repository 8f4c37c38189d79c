"""The local captioner: what can be measured and told in a picture, in words; no network, no chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image

from promptcodec import models
from promptcodec.captioners.lettering import lettering
from promptcodec.captioners.observation import Observation, covered, observe
from promptcodec.captioners.prompt import agrees
from promptcodec.captioners.raster import measure_fills, write_cells
from promptcodec.captioners.scene import scene
from promptcodec.captioners.sentence import sentence
from promptcodec.description import Description, SceneObject, clean
from promptcodec.description.model import check_grid
from promptcodec.errors import MissingError
from promptcodec.readiness import Readiness
from promptcodec.vision import runtime
from promptcodec.vision.cell_nouns import cell_nouns
from promptcodec.vision.letters import WAY_OUT, Line, installed, letters, readable
from promptcodec.vision.shrunk import shrunk
from promptcodec.vision.texture import luma

WITHOUT_NOUNS = ("text page", "screenshot")
"""Media in which no cell is of what it looks like."""

LENGTHS = ((250, 60), (600, 120))
"""Below so many characters of free text the summary has about so many; else LONGEST."""

LONGEST = 240

SPOKEN = {"vessel": "container"}
"""Nouns of cells that are said in another word."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is kept of the last picture.

    Attributes:
        observation: what one look gave.
        lines: that were read.
        small, luma: what colours and textures of cells are measured in.
    """

    observation: Observation
    lines: tuple[Line, ...]
    small: Image.Image
    luma: Image.Image


class LocalCaptioner:
    """Describe a picture by measuring it; the same picture gives the same words."""

    name = "local"

    def __init__(self) -> None:
        self._last: tuple[Image.Image, _Seen] | None = None

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
            image: RGB, any size from 1x1.
            rows: rows of the grid, 1..8.
            cols: columns of the grid, 1..8.
            prompt: the file's own prompt; it becomes the summary unless the picture contradicts it.
            characters: of free text, about; they set the length of the summary. None for no limit.
            colours: does not matter, they are cheap to measure.

        Returns:
            Colours, textures, continuations and sure nouns per cell; objects, medium, light, mood and
            a summary of what is shown or of the colours, none where these are greys; the lettering that
            is surely read, where the extra ``ocr`` is installed.

        Raises:
            DescriptionError: the grid is outside 1..8.
            MissingError: onnxruntime or a shipped table is not there.
        """
        check_grid(rows, cols)
        seen = self._see(image)
        observation = seen.observation
        fills = measure_fills(seen.small, rows, cols)
        nouns = _nouns(observation, rows, cols)
        length = next(
            (most for limit, most in LENGTHS if characters is not None and characters < limit), LONGEST
        )
        return Description(
            observation.medium,
            rows,
            cols,
            write_cells(seen.luma, fills, nouns, rows, cols),
            _summary(observation, clean(prompt)) or sentence(scene(observation), fills, rows, cols, length),
            observation.light,
            observation.mood,
            _objects(observation, rows, cols),
            lettering(seen.lines, rows, cols, image.width / image.height),
        )

    def examine(self) -> list[Readiness]:
        """Look whether its tables and the library that runs its networks are there."""
        try:
            models.check()
        except MissingError as error:
            return [Readiness(self.name, ok=False, why=str(error))]
        if not runtime.installed():
            return [Readiness(self.name, ok=False, why=f"looking at pictures {runtime.WAY_OUT}")]
        unread = "" if installed() else f"; {WAY_OUT}"
        return [Readiness(self.name, ok=True, why=f"its tables are there{unread}")]

    def unread(self, image: Image.Image) -> bool:
        """Say whether a picture holds lettering and the extra ``ocr``, which reads it, is not installed."""
        return not readable() and self._see(image).observation.holds_text

    def _see(self, image: Image.Image) -> _Seen:
        """Look once at a picture that is described on several grids."""
        if self._last is None or self._last[0] is not image:
            self._last = (image, _Seen(observe(image), letters(image), shrunk(image), luma(image)))
        return self._last[1]


def _nouns(observation: Observation, rows: int, cols: int) -> list[str]:
    """Name what covers the cells of a grid, ``""`` where that is not sure."""
    if observation.medium.removeprefix("black and white ") in WITHOUT_NOUNS or not observation.regions:
        return [""] * (rows * cols)
    own = observation.nouns
    if (len(own), len(own[0])) == (rows, cols):
        nouns = [noun for row in own for noun in row]
    else:
        nouns = cell_nouns(observation.seen, rows, cols)
    return [SPOKEN.get(noun, noun) for noun in nouns]


def _summary(observation: Observation, prompt: str) -> str:
    """Give the file's own prompt where the picture does not contradict it, else ``""``."""
    seen = [name for name, _ in observation.subjects] + [each.name for each in observation.objects]
    return prompt if agrees(prompt, " ".join(seen)) else ""


def _objects(observation: Observation, rows: int, cols: int) -> tuple[SceneObject, ...]:
    """Give what is worth naming as objects on a grid."""
    return tuple(
        SceneObject(SPOKEN.get(each.name, each.name), covered(each.box, rows, cols), ())
        for each in observation.objects
    )


def create(profile: Mapping[str, str]) -> LocalCaptioner:  # noqa: ARG001 - it has no settings
    """Make the captioner; its profile is ignored."""
    return LocalCaptioner()
