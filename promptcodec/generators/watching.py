"""How a generator tells how far it is, shows what it has so far, and is ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a picture is.

    Attributes:
        stage: ``waiting`` in a queue, ``loading`` a model, ``drawing``, ``fetching`` the result.
        done, total: steps, places of a queue or bytes; total is 0 where nobody knows it.
        preview: the picture as it is so far, any size, mode RGB; None where there is none.
        note: what a person should read before it goes on, such as what a recipe runs; often empty.
        candidate, candidates: which of several pictures of one stream it is, from 1, and how many are drawn
            at most. `promptcodec.decoding` fills these in, generators do not.
    """

    stage: str
    done: int = 0
    total: int = 0
    preview: Image.Image | None = None
    note: str = ""
    candidate: int = 1
    candidates: int = 1


def _ignore(progress: Progress) -> None:
    """Watch nothing."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who watches a generator.

    Attributes:
        report: is called in the generator's thread, at each step and about once a second of waiting. What it
            raises, ``CancelledError`` or ``KeyboardInterrupt``, ends the picture.
        previews: pictures that are not finished are wanted; they may cost time or tokens.
    """

    report: Callable[[Progress], None] = _ignore
    previews: bool = False


UNWATCHED = Watch()
