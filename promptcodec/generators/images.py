"""The generator ``images``: a hosted or compatible image API, from words or words and tiny pictures."""

from __future__ import annotations

import base64
import binascii
import functools
import io
import math
from collections.abc import Mapping
from typing import Any

from PIL import Image

from promptcodec.api import profile as profiles
from promptcodec.api.client import Connection, UnusableAnswerError
from promptcodec.api.profile import Profile, Usage
from promptcodec.errors import GeneratorError, ImageError, RefusedError, UsageError
from promptcodec.generators import Conditions
from promptcodec.generators.wording import hosted, prompt_text
from promptcodec.vision.load import load_image

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

    @functools.cached_property
    def _connection(self) -> Connection:
        """Open it when it is first needed: an estimate needs no key."""
        return Connection(self._profile)

    @property
    def provenance(self) -> dict[str, str]:
        """Its model, and where it was asked."""
        return {"model": self._profile.model, "host": self._connection.host, "seed_used": "no"}

    def generate(self, conditions: Conditions) -> Image.Image:
        """Draw an RGB picture of ``conditions.size``: at a legal size, then resized.

        Raises:
            GeneratorError: the model refused, or gave no picture of the right shape twice.
            ApiError, SpendingError, MissingError: it could not be asked.
        """
        size = legal_size(conditions.size, self._profile.sizes)
        endpoint, request = self._request(conditions, size)
        estimate = self.estimate(conditions)
        try:
            try:
                picture = self._draw(endpoint, request, size, estimate, conditions.seed)
            except UnusableAnswerError:
                picture = self._draw(endpoint, request, size, estimate, conditions.seed)
        except (RefusedError, UnusableAnswerError) as error:
            raise GeneratorError(f"{error}; edit the description, or draw with another generator") from None
        return picture.resize(conditions.size, Image.Resampling.LANCZOS)

    def estimate(self, conditions: Conditions) -> float:
        """Give the dollars one picture will come to, nan where prices are unknown."""
        size = legal_size(conditions.size, self._profile.sizes)
        _, request = self._request(conditions, size)
        asked = Usage(len(request["prompt"]) // 4)
        sent = len(request.get("image", ())) * self._profile.image_tokens * size[0] * size[1] / 32**2
        reference = Usage(round(sent), 0, round(sent))
        return (
            self._profile.cost(asked)
            + (self._profile.cost(reference) if sent else 0)
            + self._profile.image_price
        )

    def _request(self, conditions: Conditions, size: tuple[int, int]) -> tuple[str, dict[str, Any]]:
        references = _references(conditions, size) if self._profile.references == "yes" else []
        words, recipe = conditions.description, conditions.recipe
        if words is None and not references and not (recipe and prompt_text(recipe)):
            only = ": its recipe has no prompt" if recipe else ""
            raise UsageError(
                f"the stream holds neither words nor pictures that an image model could draw from{only}"
            )
        prompt = hosted(words, size, [what for _, what, _ in references], conditions.correction, recipe)
        request: dict[str, Any] = {
            "model": self._profile.model,
            "prompt": prompt,
            "size": f"{size[0]}x{size[1]}",
            "n": 1,
        }
        if self._profile.quality:
            request["quality"] = self._profile.quality
        if references:
            request["image"] = [(f"{name}.png", data, "image/png") for name, _, data in references]
        return ("edit" if references else "generate"), request

    def _draw(
        self, endpoint: str, request: dict[str, Any], size: tuple[int, int], estimate: float, seed: int
    ) -> Image.Image:
        def read(answer: dict[str, Any]) -> Image.Image:
            try:
                data = base64.b64decode(answer["data"][0]["b64_json"], validate=True)
                picture = load_image(data)
            except (LookupError, TypeError, binascii.Error, ImageError):
                raise UnusableAnswerError(f"{self._profile.model} gave no picture that can be read") from None
            ratio = (picture.width * size[1]) / (picture.height * size[0])
            if not 1 / CLOSE_RATIO <= ratio <= CLOSE_RATIO:
                raise UnusableAnswerError(
                    f"{self._profile.model} drew {picture.width}x{picture.height} where {size[0]}x{size[1]} "
                    "was asked for; name the sizes it draws, sizes=1024x1024,1536x1024"
                )
            return picture

        return self._connection.exchange(endpoint, request, read, _usage, estimate=estimate, salt=seed)


def _usage(answer: dict[str, Any]) -> Usage:
    usage = answer.get("usage") or {}
    details = usage.get("input_tokens_details") or {}
    return Usage(
        int(usage.get("input_tokens", 0)),
        int(usage.get("output_tokens", 0)),
        int(details.get("image_tokens", 0)),
    )


def _references(conditions: Conditions, size: tuple[int, int]) -> list[tuple[str, str, bytes]]:
    """Give name, meaning and PNG of each picture the stream carries, at the size asked for."""
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
