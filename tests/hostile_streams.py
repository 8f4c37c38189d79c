"""Streams that no encoder writes, for the tests of readers: lying, or far larger than they look."""

from __future__ import annotations

import binascii
import functools
import io

import brotli
from PIL import Image, PngImagePlugin

from promptcodec import bitstream, encode
from promptcodec.bitstream import Part, Stream
from promptcodec.description import parse_text
from promptcodec.entropy import encode_text
from promptcodec.entropy.varint import write_varint
from promptcodec.layers.recipe import tree
from promptcodec.layers.recipe.guide import ComfyGuide
from promptcodec.layers.recipe.primer import primed
from promptcodec.layers.registry import NAMES, PART_IDS

BROTLI = b"\1"


def sealed(body):
    """Give a stream the checksum it should have: what somebody who means harm would do."""
    return body + binascii.crc_hqx(body, 0xFFFF).to_bytes(2, "big")


def with_part(kind, payload, size=(16, 12)):
    return bitstream.write(Stream(*size, (Part(PART_IDS[kind], payload),)))


def every_layer():
    """Make a stream with all layers, in words that no captioner changes."""
    info = PngImagePlugin.PngInfo()
    info.add_itxt("parameters", "a cat\nSteps: 20, Sampler: Euler a")
    file = io.BytesIO()
    Image.linear_gradient("L").resize((16, 12)).convert("RGB").save(file, "PNG", pnginfo=info)
    description = parse_text(
        "photo 1x2\nsummary: A cat.\nr1c1 red with blue, rough rising\nr1c2 as left, lighter: cat\n"
        "object r1c2:r1c2 cat, old\nlettering r1c1:r1c2 neon: OPEN"
    )
    return encode(file.getvalue(), layers=NAMES, description=description, seed=5, budget=900)


STREAM = every_layer()


def avif(side):
    file = io.BytesIO()
    Image.new("RGB", (side, side), (90, 50, 20)).save(file, "AVIF", quality=5, speed=10)
    return bytearray(file.getvalue())


def lying_avif(real, claimed):
    data = avif(real)
    at = data.index(b"ispe") + 8
    data[at : at + 8] = claimed.to_bytes(4, "big") * 2
    return bytes(data)


def lying_webp():
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "WEBP")
    data = bytearray(file.getvalue())
    data[26:30] = (8191).to_bytes(2, "little") * 2
    return bytes(data)


CODED = encode_text("photo 1x1\nr1c1 red with blue, busy vertical")


def recipe_bomb():
    """A recipe of as many values as the coder allows, in as few bytes: the same one again and again."""
    rows = [["tEXt", "parameters", {"utf-8": {"json": ["9" * 20] * (1 << 14)}}]]
    symbols, texts = tree.encode(rows, primed(), ComfyGuide())
    return b"\1" + write_varint(len(symbols)) + symbols + (encode_text("\n".join(texts)) if texts else b"")


_HEAVY = {
    "words": lambda: with_part("semantic", CODED, (8192, 8192)),
    "map": lambda: with_part("texture", bytes(6), (8192, 8192)),
    "contours": lambda: with_part("structure", b"\0\0\x80", (8192, 8192)),
    "wide": lambda: with_part("semantic", CODED, (65535, 1024)),
    "AVIF, real 3000": lambda: with_part("pixels", b"\1" + lying_avif(3000, 8)),
    "AVIF, claimed 8000": lambda: with_part("pixels", b"\1" + lying_avif(8, 8000)),
    "AVIF, claimed 65000": lambda: with_part("pixels", b"\1" + lying_avif(8, 65000)),
    "WebP, claimed 8191": lambda: with_part("pixels", b"\0" + lying_webp()),
    "recipe": lambda: with_part("recipe", recipe_bomb()),
    "recipe text": lambda: with_part(
        "recipe", b"\1\0" + BROTLI + brotli.compress(b"[]," * 5592404, quality=5)
    ),
    "newlines": lambda: with_part("semantic", BROTLI + brotli.compress(b"\n" * (1 << 24), quality=5)),
}
HEAVY = tuple(_HEAVY)


@functools.cache
def heavy(name):
    """Make one; some take a while."""
    return _HEAVY[name]()
