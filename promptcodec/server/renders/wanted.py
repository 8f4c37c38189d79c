"""What picture of a stream somebody wants: the parameters of a request, checked, and the key they come to."""

from __future__ import annotations

import functools
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from starlette.datastructures import QueryParams

from promptcodec import __version__, bitstream, models, plugins
from promptcodec.errors import PromptcodecError
from promptcodec.layers.registry import check_layers
from promptcodec.server import parameters
from promptcodec.server.problems import Problem
from promptcodec.server.renders.drawn import MEDIA_TYPES
from promptcodec.server.settings import ServeSettings
from promptcodec.settings import GENERATOR, MAX_SEED, STRENGTH

PARAMETERS = ("generator", "layers", "size", "seed", "strength", "format")
TILE = "tile"
"""The format of small pictures of a gallery: JPEG, without a word on how it was made."""
_SIZE = re.compile(r"(\d{1,5})?(?:(x)(\d{1,5})?)?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What picture of a stream somebody wants.

    Attributes:
        generator: as the server was started with.
        layers: to draw from, in stream order; None for all.
        width, height: in pixels; where one is None it follows from the other; both None for the stream's.
        side: the longest side in pixels, instead of both.
        most: the longest side that a picture without a size may have.
        seed: None for the stream's.
        strength: 0..1.
        format: ``png``, ``jpeg``, ``webp`` or ``tile``.
    """

    generator: str = GENERATOR
    layers: tuple[str, ...] | None = None
    width: int | None = None
    height: int | None = None
    side: int | None = None
    most: int = 4096
    seed: int | None = None
    strength: float = STRENGTH
    format: str = "png"

    def size_of(self, width: int, height: int) -> tuple[int, int]:
        """Give the width and height to draw, of a stream of this size."""
        if self.width and self.height:
            return self.width, self.height
        if self.side or not (self.width or self.height):
            longest = max(width, height)
            scale = (self.side or min(longest, self.most)) / longest
        else:
            scale = self.width / width if self.width else (self.height or 0) / height
        scale = min(scale, self.most / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))


def wanted_of(query: QueryParams, settings: ServeSettings) -> Wanted:
    """Read the parameters of a request.

    Args:
        query: names and values, untrusted.
        settings: names the generators and the longest side.

    Raises:
        Problem: 400, one is unknown, or is not what it can be.
    """
    parameters.check(query, PARAMETERS)
    generator = parameters.one_of(query, "generator", settings.generators)
    form = parameters.one_of(query, "format", tuple(MEDIA_TYPES))
    layers = None
    if "layers" in query:
        try:
            layers = check_layers(query["layers"].split(","))
        except PromptcodecError as error:
            raise Problem(400, str(error)) from None
    return Wanted(
        generator,
        layers,
        **_size(query.get("size"), settings.render_side),
        most=settings.render_side,
        seed=parameters.whole(query, "seed", 0, MAX_SEED),
        strength=_strength(query.get("strength")),
        format=form,
    )


def _size(text: str | None, most: int) -> dict[str, int | None]:
    if text is None:
        return {}
    match = _SIZE.fullmatch(text)
    width, x, height = match.groups() if match else (None, None, None)
    sides = [int(side) for side in (width, height) if side is not None]
    if not sides or not text.isascii():
        raise parameters.wrong(
            "size", text, "WIDTHxHEIGHT, WIDTHx, xHEIGHT, or a number for the longest side"
        )
    if min(sides) < 1 or max(sides) > most:
        raise parameters.wrong("size", text, f"of sides from 1 to {most}")
    if x is None:
        return {"side": sides[0]}
    return {"width": int(width) if width else None, "height": int(height) if height else None}


def _strength(text: str | None) -> float:
    if text is None:
        return STRENGTH
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise parameters.wrong("strength", text, "a number from 0 to 1")
    return round(value, 4) + 0.0


def key_of(stream: bytes, wanted: Wanted) -> str:
    """Give the name of a picture: it changes with whatever could change the picture.

    Args:
        stream: without magic and checksum.
        wanted: what is drawn of it.

    Returns:
        64 hexadecimal digits.

    Raises:
        BitstreamError: the stream cannot be read.
    """
    outline = bitstream.read(stream, bare=True)
    width, height = wanted.size_of(outline.width, outline.height)
    text = json.dumps([wanted.layers, wanted.seed, wanted.strength, width, height, wanted.format])
    digest: Any = _begun(wanted.generator).copy()
    digest.update(text.encode() + b"\0" + stream)
    key: str = digest.hexdigest()
    return key


@functools.cache
def _begun(generator: str) -> Any:
    """Give the hash of what is the same for all pictures of a generator."""
    tables = {table.name: table.sha256 for table in models.examine()}
    try:
        resolved: Any = plugins.resolve("generators", generator)
    except PromptcodecError:
        resolved = None  # a configuration that cannot be read: drawing will say so
    words = json.dumps([__version__, tables, generator, resolved], sort_keys=True)
    return hashlib.sha256(words.encode() + b"\0")


def plain(wanted: Wanted) -> dict[str, Any]:
    """Give JSON values of what is wanted."""
    return asdict(wanted)


def again(values: Mapping[str, Any], settings: ServeSettings) -> Wanted | None:
    """Make what is wanted of JSON values; None where this server does not draw it."""
    layers = values["layers"]
    wanted = Wanted(**{**values, "layers": None if layers is None else tuple(layers)})
    return wanted if wanted.generator in settings.generators else None
