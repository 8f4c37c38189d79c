"""What a plugin says of itself before it is used: would it work here and now, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether something would work now.

    Attributes:
        name: how it is named where one is chosen, ``diffusers:sdxl``.
        ok: it would work.
        why: what is missing and the way to get it; where it is ok, what it would use. Never empty.
        licence: of its model, SPDX where there is such a name; ``""`` where nobody knows.
        size: bytes of its model on disk, or to be fetched; 0 where nothing is.
    """

    name: str
    ok: bool
    why: str
    licence: str = ""
    size: int = 0


@runtime_checkable
class Examined(Protocol):
    """What a captioner, generator or check has besides that may be unable to work."""

    def examine(self) -> Sequence[Readiness]:
        """Look whether it would work, within a second and without heavy imports; one row per variant.

        What nothing is known of (an address that was not named) gives ok False and says what to name.
        """
        ...
