"""The local captioner: what can be measured and told in a picture, in words; no network, no chance."""

from __future__ import annotations

from collections.abc import Mapping

from PIL import Image

from promptcodec.captioners.prompt import agrees
from promptcodec.captioners.raster import measure_fills, write_cells
from promptcodec.captioners.sentence import sentence
from promptcodec.captioners.sight import Sight, see, things
from promptcodec.description import Description, clean
from promptcodec.description.model import check_grid
from promptcodec.vision.stuff import stuff

WITHOUT_STUFF = ("flat graphic", "text page", "screenshot", "pixel art")
"""Media in which a blue area is no sky."""


class LocalCaptioner:
    """Describe a picture by measuring it; the same picture gives the same words."""

    name = "local"

    def __init__(self) -> None:
        self._last: tuple[Image.Image, Sight] | None = None

    def describe(self, image: Image.Image, *, rows: int, cols: int, prompt: str = "") -> Description:
        """Describe a picture on a grid.

        Args:
            image: RGB, any size from 1x1.
            rows: rows of the grid, 1..8.
            cols: columns of the grid, 1..8.
            prompt: the file's own prompt; it becomes the summary unless the picture contradicts it.

        Returns:
            Colours, textures, continuations and sure stuff per cell; objects, medium, light, mood and
            a summary of what is shown or of the palette. No lettering.

        Raises:
            DescriptionError: the grid is outside 1..8.
            MissingError: onnxruntime or a shipped table is not there.
        """
        check_grid(rows, cols)
        sight = self._see(image)
        fills = measure_fills(image, rows, cols)
        named = [""] * (rows * cols) if sight.medium in WITHOUT_STUFF else stuff(image, rows, cols)
        return Description(
            sight.medium,
            rows,
            cols,
            write_cells(image, fills, named, rows, cols),
            _summary(sight, clean(prompt)) or sentence(sight.subject, fills, rows, cols),
            sight.light,
            sight.mood,
            things(sight, rows, cols),
        )

    def _see(self, image: Image.Image) -> Sight:
        """Look once at a picture that is described on several grids."""
        if self._last is None or self._last[0] is not image:
            self._last = (image, see(image))
        return self._last[1]


def _summary(sight: Sight, prompt: str) -> str:
    """Give the file's own prompt where the picture does not contradict it, else ``""``."""
    seen = " ".join((sight.subject, *(tag.name for tag in sight.tags)))
    return prompt if agrees(prompt, seen) else ""


def create(profile: Mapping[str, str]) -> LocalCaptioner:  # noqa: ARG001 - it has no settings
    """Make the captioner; its profile is ignored."""
    return LocalCaptioner()
