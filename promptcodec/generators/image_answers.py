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

_LISTS = ("data", "images", "artifacts", "output", "choices")


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
    if words := complaint(answer):
        return words
    for name in _LISTS:
        item = replies.first(answer.get(name))
        reason = str(item.get("finishReason") or item.get("native_finish_reason") or "")
        words = complaint(item) or (reason if is_refusal(reason) else "")
        results = item.get("content_filter_results")
        if isinstance(results, dict):
            filtered = [
                kind for kind, what in results.items() if isinstance(what, dict) and what.get("filtered")
            ]
            words = words or (f"content filter: {', '.join(filtered)}" if filtered else "")
        if words:
            return words
    return ""
