"""Streams and pictures where Python is written in cells: the picture, its words, its bytes by layer.

The HTML stands alone: inline styles, no script, nothing loaded, all words escaped. It takes the colours of
the page around it, so it is dark where that is.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from promptcodec import reading
from promptcodec.description import clean, format_text

if TYPE_CHECKING:
    from PIL import Image

    from promptcodec.drawing import Decoded
    from promptcodec.entropy.dictionary import AnyDictionary

SIDE = 512
"""Pixels of the longer side of a picture that is shown, at most: a notebook keeps what it shows."""
_QUALITY = 90
# Seen on white and on black.
_COLOURS = {
    "semantic": "#3b82d6",
    "texture": "#d97b29",
    "structure": "#3f9e57",
    "pixels": "#a463c7",
    "recipe": "#cf4a6c",
    "signature": "#2b9c9c",
}
_OTHER = "#8a8a8a"
_BAR = "display:flex;height:.8em;margin:.8em 0 .3em;outline:1px solid rgba(128,128,128,.4)"
_WORDS = (
    "flex:1 1 18em;min-width:0;max-height:512px;margin:0;overflow:auto;"
    "white-space:pre-wrap;color:inherit;background:none"
)
_NAME = "display:inline-block;margin-right:1.2em"
_SWATCH = "display:inline-block;width:.7em;height:.7em;margin-right:.4em"


@dataclass(frozen=True, slots=True)
class Shown:
    """A stream to look at: its words and bytes as text, its picture too where HTML is shown.

    Attributes:
        data: the whole stream.
        inspected: what ``promptcodec.inspect`` says of it.
        dictionaries: the user dictionaries it may name.
        bare: it is in the form without magic and checksum.
    """

    data: bytes
    inspected: Mapping[str, Any]
    dictionaries: Sequence[AnyDictionary]
    bare: bool

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {length}" for name, length in shares(self.inspected))
        head = "{width}x{height}, {bytes} bytes: ".format(**self.inspected) + sizes
        return f"{head}\n\n{self.words}".rstrip()

    @property
    def words(self) -> str:
        """The words it holds: its description, and the prompt of its recipe."""
        recipe = self.inspected["recipe"]
        prompt = clean(str(recipe["fields"].get("settings", {}).get("prompt", ""))) if recipe else ""
        return "\n\n".join(filter(None, [self.inspected["text"], prompt and f"prompt: {prompt}"]))

    def _repr_html_(self) -> str:
        """Draw it by ``builtin``, no larger than is shown, and give the HTML."""
        from promptcodec.decoding import decode  # noqa: PLC0415 - heavy, and a terminal needs no picture
        from promptcodec.errors import GeneratorError  # noqa: PLC0415

        size = _within(self.inspected["width"], self.inspected["height"])
        try:
            decoded = decode(self.data, size=size, dictionaries=self.dictionaries, bare=self.bare)
            image, below = decoded.image, "drawn by builtin"
        except GeneratorError as error:
            image, below = None, str(error)
        return page(image, below, self.words, self.inspected)


def show(data: bytes, *, dictionaries: Sequence[AnyDictionary] = (), bare: bool = False) -> Shown:
    """Look at a stream: its words, its bytes by layer, and in a notebook its picture.

    ``print`` shows words and bytes. A notebook shows what ``builtin`` draws of it too; what another generator
    draws is shown where ``decode`` gives it.

    Args:
        data: the whole stream, as ``encode`` gives it.
        dictionaries: the user dictionaries the stream may name.
        bare: the stream is in the form without magic and checksum.

    Raises:
        BitstreamError, DescriptionError, MissingDictionary: the stream cannot be read.
    """
    return Shown(data, reading.inspect(data, bare=bare, dictionaries=dictionaries), dictionaries, bare)


def decoded_page(decoded: Decoded) -> str:
    """Give the HTML of a decoded picture."""
    report = decoded.report
    below = [f"drawn by {report.generator} from {', '.join(report.layers)}; seed {report.seed}"]
    if report.check:
        below.append(f"check: {report.check.verdict}, {report.check.score:.2f}")
    below += [f"note: {notice}" for notice in report.warnings]
    words = format_text(decoded.description) if decoded.description else ""
    return page(decoded.image, "\n".join(below), words, decoded.outline)


def page(image: Image.Image | None, below: str, words: str, outline: Mapping[str, Any]) -> str:
    """Give the HTML of a picture, its words, its bytes by layer.

    Args:
        image: RGB; None where there is none.
        below: what stands below it, plain text.
        words: of its stream, plain text.
        outline: of its stream, as ``reading.outline`` gives it; empty where that is not known.
    """
    picture = _picture(image) if image else ""
    lines = "<br>".join(map(escape, below.splitlines()))
    text = f'<pre style="{_WORDS}">{escape(words)}</pre>' if words else ""
    return (
        '<div style="max-width:72em;font-size:.9em;line-height:1.4;color:inherit">'
        '<div style="display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start">'
        f'<div style="max-width:100%">{picture}<div style="opacity:.75">{lines}</div></div>{text}</div>'
        f"{_bar(outline)}</div>"
    )


def shares(outline: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Give the parts of a stream with their bytes, and what is beside them."""
    parts = [(part["type"], part["bytes"]) for part in outline["parts"]]
    return [*parts, ("overhead", outline["overhead_bytes"])]


def _picture(image: Image.Image) -> str:
    file = io.BytesIO()
    shown = image.copy()
    shown.thumbnail((SIDE, SIDE))
    shown.save(file, "JPEG", quality=_QUALITY, subsampling=0)
    data = base64.b64encode(file.getvalue()).decode()
    return (
        f'<img src="data:image/jpeg;base64,{data}" alt="The picture that was drawn" '
        f'width="{shown.width}" style="max-width:100%;height:auto">'
    )


def _bar(outline: Mapping[str, Any]) -> str:
    """Draw a stream's bytes as one bar, each layer as wide as its share, with names and numbers below."""
    if not outline:
        return ""
    pieces, names = "", ""
    for name, length in shares(outline):
        colour, part = _COLOURS.get(name, _OTHER), f"{escape(name)} {length:,}"
        pieces += f'<div title="{part} bytes" style="flex:{length} 0 0;background:{colour}"></div>'
        swatch = f'<span style="{_SWATCH};background:{colour}"></span>'
        names += f'<span style="{_NAME}">{swatch}{part}</span>'
    total = "{bytes:,} bytes, {width}x{height}".format(**outline)
    return f'<div style="{_BAR}">{pieces}</div><div><b style="{_NAME}">{total}</b>{names}</div>'


def _within(width: int, height: int) -> tuple[int, int]:
    """Give the size of a picture that is no larger than is shown."""
    scale = min(1.0, SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
