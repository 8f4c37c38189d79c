"""Codecs that cheat, crash and hang, for the tests of the laboratory; each is what its name says."""

from __future__ import annotations

import io
import os
import tempfile
import time
from pathlib import Path

from PIL import Image

from eval.missing import NotReached

_remembered = {}


class Honest:
    """WebP files; the setting is their quality."""

    variants = ("",)
    version = "1"

    def __init__(self, entry, mode):
        self.entry = entry

    def encode(self, item, image, setting):
        if setting == "never":
            raise NotReached("never")
        out = io.BytesIO()
        image.save(out, "WEBP", quality=int(setting))
        return out.getvalue()

    def decode(self, data, size, variant):
        return Image.open(io.BytesIO(data)).convert("RGB")


class Remembers(Honest):
    """Gives three bytes and keeps the picture in memory."""

    def encode(self, item, image, setting):
        _remembered[b"key"] = image.copy()
        return b"key"

    def decode(self, data, size, variant):
        return _remembered[data]


class Claims(Honest):
    """Gives bytes that say they are fewer."""

    def encode(self, item, image, setting):
        class Short(bytes):
            def __len__(self):
                return 1

        return Short(super().encode(item, image, setting))


class Sidecar(Honest):
    """Gives three bytes and leaves the rest in a file of its own, where the folder is not swept."""

    def encode(self, item, image, setting):
        image.save(self._file())
        return b"key"

    def decode(self, data, size, variant):
        return Image.open(self._file()).convert("RGB")

    def _file(self):
        return Path(self.entry["hide"]) / "sidecar.png"


class Temporary(Sidecar):
    """Leaves the rest beside what it was told to write, and among temporary files."""

    def _file(self):
        return Path(tempfile.gettempdir()) / "sidecar.png"


class Draws(Honest):
    """Decodes to the same picture whatever the size."""

    def decode(self, data, size, variant):
        return Image.new("RGB", (8, 8))


class Dies(Honest):
    """Kills its process."""

    def decode(self, data, size, variant):
        os._exit(9)


class Hangs(Honest):
    """Never answers."""

    def decode(self, data, size, variant):
        time.sleep(600)


class Slow(Honest):
    """Takes its time, so that it can be killed; says in a file that it was asked."""

    def encode(self, item, image, setting):
        with Path(self.entry["asked"]).open("a") as file:
            file.write(f"{item.image} {setting}\n")
        time.sleep(0.2)
        return super().encode(item, image, setting)
