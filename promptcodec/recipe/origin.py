"""Whether a picture says that it was generated, without saying how: C2PA and IPTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from promptcodec.recipe.carriers import Carried

_SOURCE = re.compile(rb"digitalsourcetype/([A-Za-z]{1,40})")


@dataclass(frozen=True, slots=True)
class Origin:
    """What is said about a picture's origin.

    Attributes:
        c2pa: there is a C2PA manifest. Its signature is not checked.
        source: IPTC's digital source type, such as ``trainedAlgorithmicMedia``, from XMP or the manifest.
    """

    c2pa: bool = False
    source: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Give it as a JSON object."""
        return {"c2pa": self.c2pa, "source": self.source}


def origin_of(carried: Carried) -> Origin:
    """Find the marks; generative source types win where several are named."""
    places = [carried.c2pa, *(chunk.data for chunk in carried.chunks if chunk.carrier == "xmp")]
    named = [match.decode() for place in places for match in _SOURCE.findall(place)]
    generated = [name for name in named if "lgorithmic" in name]
    return Origin(b"c2pa" in carried.c2pa, next(iter(generated or named), None))
