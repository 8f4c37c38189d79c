"""The closed table of texture coders: their ids are part of the format.

A texture payload is the id of its coder, one byte, and what that coder wrote. How a stream stores it is the
business of ``layers.parts``. Adding a coder is a row here and a package of its own beside ``dct``. A coder
is imported when it is first needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias, cast

from promptcodec.errors import BitstreamError, NewerError

if TYPE_CHECKING:
    from PIL import Image

    from promptcodec.layers.texture.transform import Floats

Colour: TypeAlias = tuple[int, int, int]
"""sRGB in 0..255, or Oklab in 1/65536."""

SAMPLES = 4
"""Samples of a cell down and across."""

DCT, LEARNED = 0, 1
PACKAGES = {DCT: "dct", LEARNED: "learned"}
"""Packages beside this file, by id. An id is never given to anything else."""


class Coefficients(NamedTuple):
    """What is known of the picture's frequencies.

    Attributes:
        amplitudes: ``(PLANES, down, across)`` in 1/UNIT of a pixel level, see ``texture.transform``.
        margins: how far a picture's may be from these, of the same form; infinite where nothing is known.
    """

    amplitudes: Floats
    margins: Floats


class Drawing(NamedTuple):
    """What a generator is told by a texture layer.

    Attributes:
        coefficients: what is known of the picture's frequencies.
        picture: RGB.
    """

    coefficients: Coefficients
    picture: Image.Image


class TextureCoder(Protocol):
    """A coder's functions. ``data`` is a payload behind the coder's byte, untrusted, perhaps of no bytes.

    All that read raise BitstreamError where the data are damaged.
    """

    NAME: str
    """What ``inspect`` calls the coder."""

    def encode(self, image: Image.Image, budget: int, *, effort: int) -> bytes:
        """Code as much of an RGB image as fits into ``budget`` bytes.

        Raises:
            BudgetError: it does not fit.
        """
        ...

    def check(self, data: bytes) -> None:
        """Read all that can be wrong; draw nothing."""
        ...

    def coefficients(self, data: bytes) -> Coefficients:
        """Give what is known of the picture's frequencies."""
        ...

    def draw(self, data: bytes, size: tuple[int, int]) -> Drawing:
        """Give the coefficients, and the picture as RGB of exactly ``size``."""
        ...

    def samples(self, data: bytes, rows: int, cols: int) -> Sequence[Sequence[Colour]]:
        """Draw coarsely, by whole numbers alone: the words' colours are derived from this.

        Args:
            data: see above.
            rows: cells down, 1..8.
            cols: cells across, 1..8.

        Returns:
            ``rows * SAMPLES`` lines of ``cols * SAMPLES`` colours.
        """
        ...


def coder(number: int) -> TextureCoder:
    """Give a coder of the table by its id."""
    return cast("TextureCoder", import_module(f"promptcodec.layers.texture.{PACKAGES[number]}"))


def take(payload: bytes) -> tuple[TextureCoder, bytes]:
    """Give the coder of a payload, and what it wrote.

    Raises:
        BitstreamError: there is no coder's byte.
        NewerError: the coder is not in the table.
    """
    if not payload:
        raise BitstreamError("a texture layer that names no coder, or one with a part type of its own", 0)
    if payload[0] not in PACKAGES:
        raise NewerError(f"a texture layer with coder {payload[0]} needs a newer reader", 0)
    return coder(payload[0]), payload[1:]


def coder_name(payload: bytes) -> str:
    """Name the coder of a payload as ``inspect`` shows it; an unknown one is ``unknown``."""
    return coder(payload[0]).NAME if payload and payload[0] in PACKAGES else "unknown"
