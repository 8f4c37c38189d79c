"""The picture in a server's answer, or what the server says instead."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urljoin

from PIL import Image

from promptcodec.api import replies
from promptcodec.api.client import UnusableAnswerError
from promptcodec.api.complaints import complaint, is_refusal
from promptcodec.api.fetch import FetchError, fetch
from promptcodec.api.pictures import pictures, without_pictures
from promptcodec.api.profile import Profile
from promptcodec.errors import ApiError, ImageError, RefusedError
from promptcodec.vision.load import load_image

_LISTS = ("data", "images", "artifacts", "output", "choices", "candidates", "predictions")
_REASONS = (
    *("finishReason", "finish_reason", "native_finish_reason", "finish_reasons", "finishReasons"),
    "raiFilteredReason",
)


class ElsewhereError(UnusableAnswerError):
    """The answer names the address of a picture that cannot be had."""


def read(answer: dict[str, Any], profile: Profile) -> Image.Image:
    """Give the RGB picture of an answer, fetched where it is elsewhere.

    Args:
        answer: of any of the APIs that draw. A picture that is fetched is put into its ``data``, so that
            a stored answer holds it: addresses expire.
        profile: who was asked; its address says which addresses may be fetched.

    Raises:
        RefusedError: the model or its filter refused.
        ApiError: the server says what went wrong.
        UnusableAnswerError: there is no picture that can be read.
    """
    if filtered := _filtered(answer):
        raise RefusedError(f"the model refused: {filtered}")
    wrong = ""
    for picture in pictures(answer):
        try:
            if isinstance(picture, bytes):
                return load_image(picture)
            data = fetch(urljoin(profile.url, picture), server=profile.url, timeout=profile.timeout)
            image = load_image(data)
        except ImageError as error:
            wrong = f": {error}"
        except FetchError as error:
            raise ElsewhereError(
                f"{profile.model} gave the address of a picture, url {str(picture)[:200]}, which {error}; "
                "response_format=b64_json asks for the picture itself"
            ) from None
        else:
            answer["data"] = [{"b64_json": base64.b64encode(data).decode()}]
            return image
    words = _trouble(answer)
    if words and is_refusal(words):
        raise RefusedError(f"the model refused: {words}")
    if words:
        raise ApiError(f"{profile.model} answers with an error: {words}")
    if text := without_pictures(replies.read(answer).text):
        wrong = f", but wrote: {text[:200]}"
    raise UnusableAnswerError(f"{profile.model} gave no picture that can be read{wrong}")


def _trouble(answer: dict[str, Any]) -> str:
    """Give the server's words, of the whole answer or of the picture in it."""
    return complaint(answer) or next(
        filter(None, (complaint(replies.first(answer.get(name))) for name in _LISTS)), ""
    )


def _filtered(answer: dict[str, Any]) -> str:
    """Give what a filter says of the picture; one beside it is blurred, or not what was asked for."""
    for item in (answer, *(replies.first(answer.get(name)) for name in _LISTS)):
        for name in _REASONS:
            reasons = item.get(name)
            for reason in reasons if isinstance(reasons, list) else [reasons]:
                if isinstance(reason, str) and (is_refusal(reason) or name == "raiFilteredReason"):
                    return reason[:200]
        results = item.get("content_filter_results")
        kinds = results.items() if isinstance(results, dict) else ()
        if filtered := [kind for kind, what in kinds if isinstance(what, dict) and what.get("filtered")]:
            return f"content filter: {', '.join(filtered)}"
    return ""
