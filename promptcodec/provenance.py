"""What we did, written into the picture we made: under our own key, and as IPTC source type.

The chunks generation tools write themselves are never written here: a picture must not
look as if a tool had made it that did not.
"""

from __future__ import annotations

import io
import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from PIL import Image, PngImagePlugin

from promptcodec import __version__
from promptcodec.errors import UsageError

if TYPE_CHECKING:
    from promptcodec.decoding import DecodeReport

FORMATS = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".avif": "AVIF",
    ".tif": "TIFF", ".tiff": "TIFF",
}  # fmt: skip
# The built-in renderer is a pure algorithm; see cv.iptc.org/newscodes/digitalsourcetype.
_SOURCE_TYPES = {"builtin:classical": "algorithmicMedia"}
_DEFAULT_SOURCE_TYPE = "trainedAlgorithmicMedia"
_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:iptc="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmlns:promptcodec="https://promptcodec.invalid/ns/1/">'
    "<iptc:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/{source}</iptc:DigitalSourceType>"
    "<promptcodec:decoded>{record}</promptcodec:decoded></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def picture_format(name: str) -> str:
    """Give Pillow's name of the format that a file of this name has; PNG where it has no ending.

    Raises:
        UsageError: the ending is not one of FORMATS.
    """
    suffix = Path(name).suffix.lower() or ".png"
    if suffix not in FORMATS:
        raise UsageError(f"a picture cannot be written as {suffix}; use one of {', '.join(FORMATS)}")
    return FORMATS[suffix]


def record(report: DecodeReport) -> dict[str, Any]:
    """Give what is kept of how a picture came about: generator, layers, seed, checks."""
    kept: dict[str, Any] = {
        "generator": report.generator,
        "layers": list(report.layers),
        "seed": report.seed,
        **report.provenance,
    }
    if report.check is not None:
        kept["check"] = {"score": report.check.score, "verdict": report.check.verdict}
    return kept


def save(image: Image.Image, name: str, record: dict[str, Any]) -> bytes:
    """Make the bytes of a picture file that says how it was made.

    Args:
        image: mode RGB.
        name: the file's name; its ending chooses the format (PNG where it has none).
        record: generator, layers, seed and checks, as JSON values.

    Raises:
        UsageError: the ending is not one of FORMATS, or the format cannot hold the picture.
    """
    kind = picture_format(name)
    text = json.dumps({"promptcodec": __version__, **record}, ensure_ascii=True)
    source = _SOURCE_TYPES.get(str(record["generator"]), _DEFAULT_SOURCE_TYPE)
    xmp = _XMP.format(source=source, record=escape(text))
    options: dict[str, Any] = {"xmp": xmp.encode()}
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_text("promptcodec", text)
        info.add_itxt("XML:com.adobe.xmp", xmp)
        # Of drawn pictures runs of bytes alone make files as small, in a quarter of the time.
        options = {"pnginfo": info, "compress_type": zlib.Z_RLE}
    elif kind == "TIFF":
        options = {"tiffinfo": {700: xmp.encode()}}
    elif kind in {"JPEG", "WEBP"}:
        options["quality"] = 95
    file = io.BytesIO()
    try:
        image.save(file, kind, **options)
    except (OSError, ValueError, RuntimeError, KeyError):
        width, height = image.size
        raise UsageError(f"a picture of {width}x{height} cannot be written as {kind}; use .png") from None
    return file.getvalue()
