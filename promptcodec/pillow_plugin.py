"""Let Pillow open streams: ``import promptcodec.pillow_plugin``, then ``Image.open("photo.pxt")``.

Opening reads the size and the description; the picture is drawn by ``builtin:classical`` when its
pixels are first asked for. Nothing here uses a network.
"""

from __future__ import annotations

from typing import Any

from PIL import Image, ImageFile

from promptcodec import bitstream, decoding, reading
from promptcodec.errors import PromptcodecError

FORMAT, MIME, SUFFIX = "PXT", "image/vnd.promptcodec", ".pxt"


class PxtImageFile(ImageFile.ImageFile):
    """A stream as an image file.

    Attributes:
        info: ``description``, the canonical text, where the stream has one that can be read.
    """

    format = FORMAT
    format_description = "promptcodec bitstream"

    def _open(self) -> None:
        assert self.fp is not None
        self._data = self.fp.read()
        try:
            stream = bitstream.read(self._data)
        except PromptcodecError as error:
            raise SyntaxError(str(error)) from error  # what Pillow takes for "not mine"
        self._size = (stream.width, stream.height)
        self._mode = "RGB"
        try:
            text = reading.inspect(self._data)["text"]
        except PromptcodecError:
            text = None  # coded with a user's dictionary, or damaged: drawing it says which
        if text is not None:
            self.info["description"] = text

    def load(self) -> Any:
        """Draw the picture once.

        Raises:
            OSError: a part cannot be read.
        """
        if self._data:
            try:
                drawn = decoding.decode(self._data, generator="builtin:classical").image
            except PromptcodecError as error:
                raise OSError(str(error)) from error
            self._data = b""
            self.im = drawn.im
        return super().load()


def _is_stream(prefix: bytes) -> bool:
    return prefix.startswith(bitstream.MAGIC)


Image.register_open(FORMAT, PxtImageFile, _is_stream)
Image.register_extension(FORMAT, SUFFIX)
Image.register_mime(FORMAT, MIME)
