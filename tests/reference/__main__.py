"""python -m reference SAMPLE.pxt [--tables DIR] [--dictionary FILE] [--bare] [--partial]"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from . import beside, learned, recipe, semantic, structure, texture
from .coder import FormatError, Tables, known, need
from .container import Part, Stream, read_stream
from .text import decode_text


def pixels(data: bytes) -> None:
    """Refuse what is no whole picture file of a known coder; its pixels are not read here."""
    need(data, "an empty pixels part")
    known(data[0] < 2, "picture coder")
    file, at = data[1:], 0
    if data[0] == 0:
        need(file[:4] == b"RIFF" and file[8:16] == b"WEBPVP8 " and file[23:26] == b"\x9d\x01\x2a", "no lossy WebP")
        need(int.from_bytes(file[4:8], "little") + 8 == len(file), "the length of a WebP")
        wide, high = (int.from_bytes(file[i:i + 2], "little") & 0x3FFF for i in (26, 28))
        need(wide * high <= 1 << 26, "too many pixels")
        return
    need(file[4:12] == b"ftypavif", "no AVIF")
    while at < len(file):
        size = int.from_bytes(file[at:at + 4], "big")
        need(size >= 8, "a box of an AVIF")
        at += size
    need(at == len(file), "the length of an AVIF")


def content(part: Part, tables: Tables) -> texture.ColourMap | learned.Levels:
    """The content of a texture part."""
    if part.type == 2:
        return texture.decode(part.payload, tables)
    need(part.payload and part.payload[0], "a texture part without another coder")
    known(part.payload[0] == 1, "texture coder")
    return learned.decode(part.payload[1:], tables)


def colour_map(stream: Stream, tables: Tables) -> texture.ColourMap | learned.Levels | None:
    """The content of the stream's texture part, if it has one that is not refused."""
    try:
        return next((content(part, tables) for part in stream.parts if part.type in (2, 8)), None)
    except FormatError:
        return None


def value(part: Part, stream: Stream, tables: Tables, dictionary: str | None) -> Any:
    """What a part says, as JSON."""
    data = part.payload
    if part.type == 1 and data and data[0] & 63 == 63:
        return beside.decode(data, tables, dictionary, colour_map(stream, tables))
    if part.type == 1:
        return semantic.decode(data, tables, dictionary)
    if part.type in (2, 8):
        return vars(content(part, tables))
    if part.type == 3:
        return structure.decode(data, stream.width, stream.height, tables)
    if part.type == 4:
        return recipe.decode(data, tables, dictionary)
    if part.type == 6:
        pixels(data)
        return {"coder": data[0], "sha256": hashlib.sha256(data[1:]).hexdigest()}
    if part.type == 7:
        need(data and data[0] & 63 not in (3, 5), "about with a user's dictionary")
        pairs = [re.fullmatch("([a-z]+): (.+)", s) for s in decode_text(data, tables, None, 1 << 16).split("\n")]
        result = {pair[1]: pair[2] for pair in pairs if pair}
        seed = result.get("seed", "0")
        need(None not in pairs and len(result) == len(pairs) and re.fullmatch("[0-9]{1,10}", seed) and int(seed) < 1 << 32, "about")
        return result
    need(part.type != 5 or len(data) == 27, "signature")
    return data.hex()


def main() -> None:
    """Print a stream as JSON."""
    parser = argparse.ArgumentParser("reference")
    parser.add_argument("file")
    parser.add_argument("--tables", default=str(Path(__file__).parent.parent / "tables"))
    parser.add_argument("--dictionary")
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--partial", action="store_true")
    args = parser.parse_args()
    stream = read_stream(Path(args.file).read_bytes(), args.bare, args.partial)
    parts = [{"type": part.type, "critical": part.critical,
              "value": value(part, stream, Tables(args.tables), args.dictionary)} for part in stream.parts]
    print(json.dumps({**stream._asdict(), "parts": parts}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
