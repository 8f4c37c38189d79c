"""What comes of a picture while a server draws it, told to who watches."""

from __future__ import annotations

import contextlib
from typing import Any

from PIL import Image

from promptcodec.api import pictures
from promptcodec.api.streams import Reader
from promptcodec.errors import ImageError
from promptcodec.generators.watching import Progress, Watch
from promptcodec.vision.load import load_image

_FIELDS = ("b64_json", "partial_image_b64")


class Sight:
    """Reads the interim pictures of one answer as it comes."""

    def __init__(self, watch: Watch, interim: int) -> None:
        """Begin.

        Args:
            watch: is told.
            interim: pictures that the server was asked for before the last one; it may send fewer.
        """
        self._watch = watch
        self._total = interim + 1
        self._done = 0
        self._reader = Reader()

    def heed(self, piece: bytes) -> None:
        """Take a piece of the answer, or nothing: it is waited for."""
        if not piece:
            self.tell()
        elif self._total > 1:
            for event in self._reader.feed(piece):
                if pictures.is_partial(event):
                    self._show(event)

    def tell(self) -> None:
        """Say how far the picture is."""
        self._watch.report(Progress("drawing", self._done, self._total))

    def end(self) -> None:
        """Say that it is there."""
        self._watch.report(Progress("drawing", self._total, self._total))

    def _show(self, event: dict[str, Any]) -> None:
        preview = _picture(event)
        if preview is not None:
            self._done = min(self._done + 1, self._total - 1)
            self._watch.report(Progress("drawing", self._done, self._total, preview))


def _picture(event: dict[str, Any]) -> Image.Image | None:
    """Give the picture of an event, None where it cannot be read: the one that counts comes later."""
    coded = next((event[name] for name in _FIELDS if isinstance(event.get(name), str)), "")
    with contextlib.suppress(ValueError, ImageError):
        return load_image(pictures.decode(coded))
    return None
