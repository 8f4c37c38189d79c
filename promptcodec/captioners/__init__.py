"""Captioners: from an image to its description. They count characters, never bytes."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from PIL import Image

from promptcodec.api.spending import NOTHING, Estimate
from promptcodec.description import Description

__all__ = [
    "NOTHING",
    "Captioner",
    "Estimate",
    "PaidCaptioner",
    "PricedCaptioner",
    "ReadingCaptioner",
    "ShorteningCaptioner",
]


class Captioner(Protocol):
    """One method; heavy imports happen inside it."""

    name: str

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
        """Describe an RGB picture on a grid of ``rows`` x ``cols`` cells (1..8 each).

        ``prompt`` is the one the file carries, in plain words: a caption where the picture agrees.
        ``characters`` of free text are wanted at most, as far as the captioner can aim at that; None
        leaves it to the captioner. ``colours`` says whether cells need their colours: where a colour map
        stands beside the words they do not, and their nouns are all that is wanted.

        Raises:
            CaptionerError: no usable description came back.
        """
        ...


@runtime_checkable
class ShorteningCaptioner(Captioner, Protocol):
    """A captioner that can say less of the same: asking it anew on every grid would cost money."""

    def shorten(self, description: Description, characters: int) -> Description:
        """Say a description in at most about so many characters of free text, on the same grid.

        Raises:
            CaptionerError: no usable description came back.
        """
        ...


@runtime_checkable
class ReadingCaptioner(Captioner, Protocol):
    """A captioner that reads lettering where it has something to read with."""

    def unread(self, image: Image.Image) -> bool:
        """Say whether a picture holds lettering that it could not read."""
        ...


@runtime_checkable
class PricedCaptioner(Protocol):
    """A captioner that can say beforehand what it will cost."""

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
        """Say what one ``describe`` will come to; ask nobody."""
        ...


@runtime_checkable
class PaidCaptioner(Protocol):
    """A captioner that asks a paid service."""

    def prepare(self) -> None:
        """Refuse, before anything else is paid for, what would be refused when it is asked.

        Raises:
            MissingError, UsageError: it could not be asked.
        """
        ...
