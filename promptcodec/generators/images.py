"""The generator ``images``: a hosted or compatible image API, from words or words and tiny pictures."""

from __future__ import annotations

import functools
import io
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PIL import Image

from promptcodec.api import profile as profiles
from promptcodec.api import shut_down
from promptcodec.api.client import Connection, Live, UnusableAnswerError
from promptcodec.api.examine import examine
from promptcodec.api.profile import Profile, Usage
from promptcodec.api.usage import usage_in
from promptcodec.errors import GeneratorError, RefusedError, UsageError
from promptcodec.generators import Conditions, image_answers
from promptcodec.generators.image_answers import ElsewhereError
from promptcodec.generators.image_requests import (
    Reference,
    build,
    dialect,
    partial_images,
    partial_tokens,
    sizes,
    streamed,
)
from promptcodec.generators.image_sight import Sight
from promptcodec.generators.watching import UNWATCHED, Watch
from promptcodec.generators.wording import hosted, prompt_text
from promptcodec.readiness import Readiness

# What current models draw: sides divisible by 16, a ratio up to 3:1, 0.66 to 8.3 megapixels.
STEP = 16
MOST_RATIO = 3.0
LEAST_PIXELS, MOST_PIXELS, MOST_SIDE = 655_360, 8_294_400, 3840
CLOSE_RATIO = 1.1
"""By how much the shape of what comes back may differ from what was asked for."""
_TEXTURE = (
    "a low-resolution reference, the true picture scaled down to a few pixels and up again: keep its colours "
    "and its layout, not its blur"
)
_PIXELS = "a coded reference of the picture: keep its content, layout and colours, not its coding artefacts"
_CONTOURS = (
    "an edge map, white contours on black at their true places: follow its outlines, draw no lines of it"
)
_SKELETONS = (
    "skeletons of people, white limbs on black at their true places: give people these poses, draw no lines "
    "of it"
)


class Images:
    """Draw with an image model; pictures have no seed there, so each candidate is a call of its own."""

    name = "images"

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        shut_down.announce(profile)

    @functools.cached_property
    def _connection(self) -> Connection:
        """Open it when it is first needed: an estimate needs no key."""
        return Connection(self._profile)

    @property
    def provenance(self) -> dict[str, str]:
        """Its model, and where it was asked."""
        return {"model": self._profile.model, "host": self._connection.host, "seed_used": "no"}

    def examine(self) -> list[Readiness]:
        """Look whether the model could be asked; costs nothing."""
        return [examine(self.name, self._profile)]

    def generate(self, conditions: Conditions, watch: Watch = UNWATCHED) -> Image.Image:
        """Draw an RGB picture of ``conditions.size``: at a legal size, then resized.

        Previews are the interim pictures that the model streams, at the size that it draws.

        Raises:
            GeneratorError: the model refused, or gave no picture of the right shape twice.
            ApiError, SpendingError, MissingError: it could not be asked.
        """
        asked = functools.partial(self._draw, conditions, watch)
        try:
            try:
                picture = asked(self._profile)
            except ElsewhereError:
                wants_picture = "" if dialect(self._profile) != "images" else "b64_json"
                picture = asked(replace(self._profile, response_format=wants_picture))
            except UnusableAnswerError:
                picture = asked(self._profile)
        except (RefusedError, UnusableAnswerError) as error:
            raise GeneratorError(f"{error}; edit the description, or draw with another generator") from None
        return picture.resize(conditions.size, Image.Resampling.LANCZOS)

    def estimate(self, conditions: Conditions, watch: Watch = UNWATCHED) -> float:
        """Give the dollars one picture will come to, nan where prices are unknown."""
        size = self._size(conditions)
        prompt, references = self._words(conditions, size)
        asked = Usage(len(prompt) // 4, partial_tokens(self._profile) if watch.previews else 0)
        sent = len(references) * self._profile.image_tokens * size[0] * size[1] / 32**2
        reference = Usage(round(sent), 0, round(sent))
        return (
            self._profile.cost(asked)
            + (self._profile.cost(reference) if sent else 0)
            + self._profile.image_price
        )

    def _size(self, conditions: Conditions) -> tuple[int, int]:
        return legal_size(conditions.size, sizes(self._profile))

    def _words(self, conditions: Conditions, size: tuple[int, int]) -> tuple[str, list[Reference]]:
        """Give the prompt, and the pictures that go along."""
        references = _references(conditions, size) if self._profile.references == "yes" else []
        words, recipe = conditions.description, conditions.recipe
        if words is None and not references and not (recipe and prompt_text(recipe)):
            only = ": its recipe has no prompt" if recipe else ""
            raise UsageError(
                f"the stream holds neither words nor pictures that an image model could draw from{only}"
            )
        means = [what for _, what, _ in references]
        return hosted(words, size, means, conditions.correction, recipe), references

    def _draw(self, conditions: Conditions, watch: Watch, profile: Profile) -> Image.Image:
        size = self._size(conditions)
        endpoint, request = build(profile, size, *self._words(conditions, size))
        followed = streamed(profile, request) if watch.previews else request
        sight = Sight(watch, partial_images(profile) if watch.previews else 0)

        def read(answer: dict[str, Any]) -> Image.Image:
            picture = image_answers.read(answer, profile)
            ratio = (picture.width * size[1]) / (picture.height * size[0])
            if not 1 / CLOSE_RATIO <= ratio <= CLOSE_RATIO:
                raise UnusableAnswerError(
                    f"{profile.model} drew {picture.width}x{picture.height} where {size[0]}x{size[1]} "
                    "was asked for; name the sizes it draws, sizes=1024x1024,1536x1024"
                )
            return picture

        sight.tell()
        picture = self._connection.exchange(
            endpoint,
            request,
            read,
            usage_in,
            estimate=self.estimate(conditions, watch),
            salt=conditions.seed,
            live=Live(followed, sight.heed),
        )
        sight.end()
        return picture


def _references(conditions: Conditions, size: tuple[int, int]) -> list[Reference]:
    """Give each picture the stream carries, at the size asked for."""
    drawn = ("skeletons", _SKELETONS) if conditions.skeletons else ("contours", _CONTOURS)
    layers = (
        ("colours", _TEXTURE, conditions.texture),
        ("picture", _PIXELS, conditions.pixels),
        (*drawn, conditions.structure),
    )
    return [(name, what, _png(image, size)) for name, what, image in layers if image is not None]


def _png(image: Image.Image, size: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    image.resize(size, Image.Resampling.BICUBIC).save(file, "PNG", compress_level=6)
    return file.getvalue()


def legal_size(wanted: tuple[int, int], sizes: str = "") -> tuple[int, int]:
    """Choose the size to ask for: the nearest in shape of those a model draws, else the smallest legal one.

    Args:
        wanted: width and height in pixels.
        sizes: ``1024x1024,1536x1024``; empty is any legal size.

    Raises:
        UsageError: ``sizes`` is no such list.
    """
    shape = math.log(wanted[0] / wanted[1])
    if sizes:
        try:
            pairs = [tuple(max(int(side), 0) for side in size.split("x")) for size in sizes.split(",")]
            return min(((w, h) for w, h in pairs), key=lambda pair: abs(math.log(pair[0] / pair[1]) - shape))
        except (ValueError, ZeroDivisionError):
            raise UsageError(f"sizes={sizes!r} is no list of sizes such as 1024x1024,1536x1024") from None
    ratio = math.exp(min(max(shape, -math.log(MOST_RATIO)), math.log(MOST_RATIO)))
    # The smallest that is legal: the streams hold nothing that more pixels could show.
    candidates = [
        (width, height)
        for width in range(STEP, MOST_SIDE + 1, STEP)
        for height in {_step(width / ratio), _step(width / ratio) + STEP}
        if LEAST_PIXELS <= width * height <= 1.25 * LEAST_PIXELS
        and 1 / MOST_RATIO <= width / height <= MOST_RATIO
    ]
    return min(candidates, key=lambda pair: (round(abs(math.log(pair[0] / pair[1] / ratio)), 3), pair))


def _step(side: float) -> int:
    return max(STEP, int(side // STEP) * STEP)


def create(profile: Mapping[str, str]) -> Images:
    """Make the generator; see docs/guide/hosted-models.md for the entries of a profile.

    Raises:
        UsageError: an entry is wrong.
    """
    return Images(profiles.read("generators", "images", profile))
