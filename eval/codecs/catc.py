"""The learned codec that sees a picture's words, where a checkpoint of it is here; see eval/learned."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from eval.codecs import Plain
from eval.datasets import ROOT, Item
from eval.missing import Unavailable
from promptcodec.errors import UsageError

TEXTS = ("own", "empty", "swapped")
_CODE = Path(__file__).parent.parent / "learned"


class Catc(Plain):
    """``model`` is a checkpoint, from the checkout on; settings are rates ``1`` .. ``5``.

    ``text`` says which words the codec sees: the picture's ``own`` prompt, none (``empty``), or that of
    another picture (``swapped``). They are in the file, and its bytes count. A picture without a prompt has
    the empty one as its own.
    """

    def __init__(self, entry: Mapping[str, Any], mode: str) -> None:
        super().__init__(entry, mode)
        self.text = entry.get("text", "own")
        if self.text not in TEXTS:
            raise Unavailable(f"no text {self.text!r}; there are {', '.join(TEXTS)}")
        from eval.learned import file  # noqa: PLC0415 - heavy

        self.file = file
        path = ROOT / entry.get("model", "out/learned/small/model.pt")
        try:
            self.model = file.load(path)
        except UsageError as error:
            raise Unavailable(str(error)) from error
        code = hashlib.sha256(b"".join(each.read_bytes() for each in sorted(_CODE.glob("*.py"))))
        self.version = f"{self.model.id.hex()} {code.hexdigest()[:12]}"

    def encode(self, item: Item, image: Image.Image, setting: str) -> bytes:
        """Code at a rate."""
        if setting not in map(str, range(1, self.file.RATES + 1)):
            raise ValueError(f"unknown setting {setting!r}: a rate, 1 to {self.file.RATES}")
        text = {"own": item.prompt, "empty": ""}.get(self.text)
        if text is None:
            text = swapped(item.prompt, self.model.others)
        return self.file.encode(self.model, image, text, int(setting) - 1)

    def decode(self, data: bytes, size: tuple[int, int], variant: str) -> Image.Image:
        """Decode; the size is in the file."""
        return self.file.decode(self.model, data)


def swapped(prompt: str, others: Sequence[str]) -> str:
    """Give another picture's prompt, always the same: of those nearest in length.

    Raises:
        Unavailable: the checkpoint has no other.
    """
    left = [other for other in others if other != prompt]
    if not left:
        raise Unavailable("the checkpoint keeps no prompts to swap in")
    return min(left, key=lambda other: (abs(len(other) - len(prompt)), zlib.crc32((prompt + other).encode())))
