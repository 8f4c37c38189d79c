"""The streams, by topic; each is wrong in one way, which its line says."""

from __future__ import annotations

from collections.abc import Iterator

import brotli

from tests.invalid.besides import besides
from tests.invalid.parts import (
    ABOUT,
    CRITICAL,
    HEAD,
    LAST,
    OTHER_TEXTURE,
    PIXELS,
    RECIPE,
    SEMANTIC,
    SIGNATURE,
    STRUCTURE,
    TEXTURE,
    Invalid,
    frozen,
    grid,
    lines,
    other_number,
    pose,
    ppm_2,
    sealed,
    stream,
    varint,
)
from tests.reference.coder import encode

WORDS = b"\0photo 1x1\nr1c1 sky blue: sea"
NOBODY = [1, 0, *[0] * 5, *[0, 1] * 17]
"""Answers of a pose: one person alone, as a list, of stature 0, all of whose joints stand nowhere."""


def container() -> Iterator[Invalid]:
    """Streams whose container is wrong."""
    good = stream((SEMANTIC, WORDS))
    two = stream((SEMANTIC, WORDS), (ABOUT, b"\0seed: 7"))
    between = len(HEAD) + 2 + len(WORDS)

    def sized(width: bytes, height: bytes) -> bytes:
        return stream((SEMANTIC, WORDS), head=HEAD[:3] + width + height)

    yield Invalid("empty", b"", "no bytes at all")
    yield Invalid("magic", b"\xabQ" + good[2:], "the second byte of the magic is 51")
    yield Invalid("version-0", sealed(b"\xabP0" + good[3:-2]), "version 0 was a draft")
    yield Invalid("version-2", sealed(b"\xabP2" + good[3:-2]), "version 2 is not known", newer=True)
    yield Invalid("version-a", sealed(b"\xabPA" + good[3:-2]), "the version is no digit")
    yield Invalid("checksum", good[:-1] + bytes([good[-1] ^ 1]), "one bit of the checksum is wrong")
    yield Invalid("changed", good[:-5] + b"P" + good[-4:], "one byte of the payload is not what was summed")
    yield Invalid("cut-head", good[:5], "cut inside the picture size")
    yield Invalid("cut-part", good[:20], "cut inside the last part")
    yield Invalid(
        "cut-between", two[:between], "cut between two parts, which only a reader that is asked to takes"
    )
    yield Invalid("width-0", sized(b"\0", varint(480)), "the width is 0")
    yield Invalid("width-65536", sized(varint(65536), b"\1"), "the width is 65536")
    yield Invalid("pixels-2-26", sized(varint(8193), varint(8192)), "the picture has more than 2^26 pixels")
    yield Invalid("varint-long", sized(b"\x80\x85\0", varint(480)), "a varint ends in a zero byte")
    yield Invalid("varint-large", sized(b"\xff\xff\xff\xff\x1f", varint(480)), "a varint of 2^33 - 1")
    yield Invalid("varint-6", sized(b"\x80\x80\x80\x80\x80\1", varint(480)), "a varint of six bytes")
    yield Invalid("no-part", sealed(HEAD), "there is no part")
    yield Invalid("no-last", sealed(HEAD + bytes([SEMANTIC, len(WORDS)]) + WORDS), "no part is the last")
    yield Invalid("type-twice", stream((SEMANTIC, WORDS), (SEMANTIC, WORDS)), "two parts of type 1")
    yield Invalid(
        "type-40-twice", stream((40, b"a"), (SEMANTIC, WORDS), (40, b"b")), "two parts of one unknown type"
    )
    yield Invalid(
        "texture-twice",
        stream((TEXTURE, frozen("texture-24")), (OTHER_TEXTURE, b"\xc8?")),
        "parts of type 2 and of type 8",
    )
    yield Invalid(
        "texture-twice-apart",
        stream((OTHER_TEXTURE, b"\xc8?"), (SEMANTIC, WORDS), (TEXTURE, frozen("texture-24"))),
        "a part of type 8, and later one of type 2",
    )
    yield Invalid(
        "length",
        sealed(HEAD + bytes([SEMANTIC, 100]) + WORDS + bytes([ABOUT | LAST])),
        "a part is longer than the file",
    )
    yield Invalid(
        "critical",
        stream((SEMANTIC, WORDS), (40 | CRITICAL, b"?")),
        "a critical part of an unknown type",
        newer=True,
    )
    for kind, name in enumerate(
        ("semantic", "texture", "structure", "recipe", "signature", "pixels", "about"), 1
    ):
        yield Invalid(f"{name}-empty", stream((kind, b"")), f"a {name} part of no bytes")
    yield Invalid("texture-8-empty", stream((OTHER_TEXTURE, b"")), "a part of type 8 of no bytes")
    yield Invalid(
        "texture-8-coder-0",
        stream((OTHER_TEXTURE, b"\0" + frozen("texture-24"))),
        "coder 0 in a part of type 8, not in one of type 2",
    )
    yield Invalid(
        "texture-8-coder",
        stream((SEMANTIC, WORDS), (OTHER_TEXTURE | CRITICAL, b"\xc8?")),
        "texture coder 200 is not known, and a critical part of a known type is like any other",
        newer=True,
    )


def texts() -> Iterator[Invalid]:
    """Coded texts, in a semantic part where nothing else is said."""
    long = brotli.compress(b"photo 1x1\nr1c1 red: " + b"a" * (1 << 20))
    rows: list[tuple[str, bytes, str]] = [
        ("bits", b"\x40" + WORDS[1:], "bits 6 and 7 of a raw text are not 0"),
        ("no-text", b"\0", "a head byte and no text"),
        ("not-utf-8", WORDS + b"\xff", "a byte FF in a text"),
        ("surrogate", WORDS + b"\xed\xa0\x80", "half a surrogate pair in a text"),
        ("overlong", WORDS + b"\xc1\xa1", "UTF-8 that is not the shortest"),
        ("brotli-junk", frozen("text-brotli") + b"\0", "a byte behind a brotli stream"),
        ("brotli-cut", frozen("text-brotli")[:-1], "a brotli stream without its last byte"),
        ("brotli-empty", b"\1" + brotli.compress(b""), "a brotli stream that gives no text"),
        ("brotli-long", b"\1" + long, "a description of more than 2^20 bytes"),
        ("zstd-type-1", b"\x42" + frozen("text-zstd")[1:], "a zstd block of type 1"),
        ("zstd-type-3", b"\xc2" + frozen("text-zstd")[1:], "a zstd block of type 3"),
        ("zstd-cut", frozen("text-zstd")[:-1], "a zstd block without its last byte"),
        ("dictionary-cut", b"\x83\xab\xcd\xef", "three bytes of a dictionary's hash"),
        ("ppm-junk", frozen("text-ppm") + b"\x55", "a byte behind a token walk"),
        ("ppm-zero", frozen("text-ppm") + b"\0", "a zero byte behind a token walk"),
        ("ppm-cut", frozen("text-ppm")[:-3], "a token walk without its last bytes"),
        (
            "ppm-labels",
            b"\4" + bytes.fromhex("2783a7edabcbb06a7f36430bb9"),
            "a byte FC and no label left for it",
        ),
        (
            "ppm-no-grid",
            b"\4" + bytes.fromhex("fc9db6fc893337c16f28aa0acdf53a0f5e50d2a8b748"),
            "a byte FC, no grid before",
        ),
        (
            "ppm-no-space",
            b"\4" + bytes.fromhex("ff0efd77eab49ffce9c746ceb4b09fc63429b490"),
            "no space at the start",
        ),
        (
            "ppm-marker",
            b"\4" + bytes.fromhex("fc9db6fc893337c16f28aa0ad0455b2251d92aff4d15245f18"),
            "FF before a figure",
        ),
        (
            "ppm-long",
            b"\4" + bytes.fromhex("7d1acc33994ee9"),
            "a text of more than 2^14 bytes by the token walk",
        ),
    ]
    yield from (
        Invalid(f"text-{name}", stream((SEMANTIC, payload)), reason) for name, payload, reason in rows
    )
    ppm = encode(ppm_2(b" photo 1x1\nr1c1 red"))
    rows = [
        ("bits", b"\x46" + ppm, "bits 6 and 7 of a text by coder 6 are not 0"),
        ("junk", b"\6" + ppm + b"\x55", "a byte behind a token walk"),
        ("no-space", b"\6" + encode(ppm_2(b"photo 1x1\nr1c1 red")), "no space at the start"),
        ("not-utf-8", b"\6" + encode(ppm_2(b" photo 1x1\nr1c1 red: \x80")), "a byte 80 in a text"),
    ]
    yield from (
        Invalid(f"text-ppm-2-{name}", stream((SEMANTIC, payload)), reason) for name, payload, reason in rows
    )
    for coder in (7, 61):
        payload = bytes([coder | 0x80]) + b"?"
        yield Invalid(
            f"text-coder-{coder}", stream((SEMANTIC, payload)), f"text coder {coder} is not known", newer=True
        )
    for coder in (62, 63):
        yield Invalid(
            f"text-coder-{coder}",
            stream((ABOUT, bytes([coder]) + b"?")),
            f"{coder} heads a coded text only in a newer reader",
            newer=True,
        )


def descriptions() -> Iterator[Invalid]:
    """Texts that are no canonical text, and grid symbols."""
    rows = [
        ("no-grid", "photo\nr1c1 red", "the first line names no grid"),
        ("grid-9", "photo 9x1\n" + "\n".join(f"r{row}c1 red" for row in range(1, 10)), "nine rows"),
        ("grid-01", "photo 01x1\nr1c1 red", "a row number of two figures"),
        ("cell-missing", "photo 1x2\nr1c1 red", "the second cell is missing"),
        ("cell-order", "photo 1x2\nr1c2 red\nr1c1 red", "cells out of raster order"),
        ("says-nothing", "photo 1x1\nr1c1 smooth", "a cell with a texture alone says nothing"),
        ("colour", "photo 1x1\nr1c1 Red", "a colour that is not of the palette"),
        ("item-order", "photo 1x1\nr1c1 smooth, red", "a texture before the colour"),
        ("tone", "photo 1x1\nr1c1 lighter, red", "a tone without a continuation"),
        ("left", "photo 1x1\nr1c1 as left", "a cell continues one that is not there"),
        ("no-words", "photo 1x1\nr1c1 red: ", "no words behind a colon"),
        ("style-order", "photo 1x1\nmood: calm\nsummary: A sea.\nr1c1 red", "mood before summary"),
        ("box", "photo 1x1\nr1c1 red\nobject r1c1:r1c2 barn", "a box outside the grid"),
        (
            "box-turned",
            "photo 2x1\nr1c1 red\nr2c1 red\nobject r2c1:r1c1 barn",
            "a box whose bottom is above its top",
        ),
        ("comma", "photo 1x1\nr1c1 red\nobject r1c1:r1c1 barn,old", "an object's name with a comma"),
        (
            "object-late",
            "photo 1x1\nr1c1 red\nlettering r1c1:r1c1: A\nobject r1c1:r1c1 barn",
            "an object behind lettering",
        ),
        ("spaces", "photo 1x1\nr1c1 red: two  spaces", "two spaces in a row"),
        ("control", "photo 1x1\nr1c1 red: a\x07", "a control character"),
        ("direction", "photo 1x1\nr1c1 red: a\u202eb", "a mark of direction"),
        ("no-break", "photo 1x1\nr1c1 red: a\u00a0b", "white space other than U+0020"),
        ("long", "photo 1x1\nr1c1 red: " + "a" * 4001, "a text of 4001 characters"),
        ("line-feeds", "photo 1x1\nr1c1 red\n\n", "two line feeds at the end"),
    ]
    for name, text, reason in rows:
        payload = b"\0" + text.encode() if name != "long" else b"\1" + brotli.compress(text.encode())
        yield Invalid(f"description-{name}", stream((SEMANTIC, payload)), reason)
    # One cell: no continuation, nothing lies, no texture, words.
    symbols = grid([0, 0, 0, 0, 1])

    def semantic(coded: bytes, words: str) -> bytes:
        return stream((SEMANTIC, b"\x3e" + varint(len(coded)) + coded + b"\0" + words.encode()))

    yield Invalid("grid-left", semantic(grid([0, 1]), "photo\nsea"), "a cell continues one that is not there")
    yield Invalid("grid-junk", semantic(symbols + b"\x55", "photo\nsea"), "a byte behind the grid symbols")
    yield Invalid("grid-zero", semantic(symbols + b"\0", "photo\nsea"), "a zero byte behind the grid symbols")
    yield Invalid("grid-words-missing", semantic(symbols, "photo"), "the words of a cell are missing")
    yield Invalid("grid-words-left", semantic(symbols, "photo\nsea\nsea"), "words that no cell has")
    yield Invalid("grid-says-nothing", semantic(grid([0, 0, 0, 0, 0]), "photo"), "a cell that says nothing")
    yield Invalid("grid-cut", stream((SEMANTIC, b"\x3e\x64" + symbols)), "more grid symbols than bytes")


def pictures() -> Iterator[Invalid]:
    """Texture, structure, signature, pixels."""
    texture, map_ = frozen("texture-24"), frozen("lines-40")
    webp, avif = frozen("pixels-webp"), frozen("pixels-avif")
    # Joint 5 is not labelled, yet not nowhere: 128 to the left of and above (128, 128) it stands at 0, 0.
    back = [*[0] * 8, 1, *[0] * 7, 0]
    at_origin = [1, 0, *[0] * 5, 0, 0, *back, *back, *[0, 1] * 16]
    crowd = [0, 0, *[0] * 11, 1, *[0] * 10]
    rows: list[tuple[str, int, bytes, str]] = [
        ("texture-4097", TEXTURE, b"\x55" * 4097, "more than 4096 bytes"),
        ("texture-junk", TEXTURE, texture + b"\x55", "a byte behind the data"),
        ("texture-zero", TEXTURE, frozen("texture-200") + b"\0", "a zero byte that no length class asks for"),
        ("texture-class", TEXTURE, frozen("texture-padded")[:-1], "a zero byte too few for the length class"),
        (
            "structure-number",
            STRUCTURE,
            b"\x80" + other_number(pose(NOBODY)),
            "a longer number of the last interval",
        ),
        ("structure-zero", STRUCTURE, b"\x80" + encode(pose(NOBODY)) + b"\0", "a zero byte behind the data"),
        ("structure-junk", STRUCTURE, map_ + b"\x55", "a byte behind the data"),
        (
            "structure-zeros-missing",
            STRUCTURE,
            frozen("lines-zeros")[:-1],
            "a zero byte left out that must stay",
        ),
        (
            "structure-kind",
            STRUCTURE,
            bytes([map_[0] ^ 0x40]) + map_[1:],
            "lines where the first byte says a bitmap",
        ),
        (
            "structure-paths",
            STRUCTURE,
            b"\x1f" + encode(lines([0, 0, 1, 1, *[1] * 4, *[1] * 14])),
            "more paths than nodes",
        ),
        ("structure-no-data", STRUCTURE, b"\x1f", "no data: 32767 paths"),
        ("pose-byte", STRUCTURE, b"\x81" + encode(pose(NOBODY)), "the byte of a pose is not 80"),
        (
            "pose-origin",
            STRUCTURE,
            b"\x80" + encode(pose(at_origin)),
            "a joint without a label has a place at 0, 0",
        ),
        ("pose-crowd", STRUCTURE, b"\x80" + encode(pose(crowd)), "1024 people"),
        ("signature-26", SIGNATURE, b"\0" * 26, "26 bytes"),
        ("signature-28", SIGNATURE, b"\0" * 28, "28 bytes"),
        ("webp-extended", PIXELS, webp[:13] + b"VP8X" + webp[17:], "a WebP in the extended form"),
        ("webp-lossless", PIXELS, webp[:13] + b"VP8L" + webp[17:], "a lossless WebP"),
        ("webp-junk", PIXELS, webp + b"\0\0", "bytes behind a WebP"),
        (
            "webp-large",
            PIXELS,
            webp[:27] + b"\xff\x3f\xff\x3f" + webp[31:],
            "a WebP of more than 2^26 pixels",
        ),
        ("avif-cut", PIXELS, avif[:-1], "an AVIF without its last byte"),
        ("avif-junk", PIXELS, avif + b"\0", "a byte behind an AVIF"),
        ("avif-sequence", PIXELS, avif[:9] + b"avis" + avif[13:], "an AVIF of the brand avis"),
    ]
    for name, kind, payload, reason in rows:
        yield Invalid(name, stream((kind, payload)), reason)
    yield Invalid("structure-3", stream((STRUCTURE, b"\xc0?")), "structure kind 3 is not known", newer=True)
    yield Invalid("pixels-2", stream((PIXELS, b"\2?")), "picture coder 2 is not known", newer=True)


def recipes() -> Iterator[Invalid]:
    """Recipes; the symbols in hexadecimal code the value that the reason tells."""

    def recipe(form: int, symbols: str, *plain: str) -> bytes:
        coded = bytes.fromhex(symbols)
        text = b"\0" + "\n".join(plain).encode() if plain else b""
        return stream((RECIPE, bytes([form]) + varint(len(coded)) + coded + text))

    deep = (
        "ae2d96f948b8350b5e35c6b8d71ae35c6b8d71ae35c6b8d71ae35c6b8d71"
        "ae35c6b8d71ae35c6b8d71ae35c6b8d71ae35c6b8d71ae35c6b8d720ac"
    )
    rows = [
        ("no-tool", recipe(0, "ffb222e2a1ff"), "fields without a tool"),
        ("no-object", recipe(0, "e4157c"), "fields that are a list"),
        ("number", recipe(0, "9768bd232e90", "t", "five"), "a number spelled five among fields"),
        ("texts-missing", recipe(0, "9768bb9c12", "t", "one"), "a plain text too few"),
        ("texts-left", recipe(0, "9768bb9c12", "t", "one", "two", "three"), "a plain text too many"),
        ("junk", recipe(0, "9768bb9c1255", "t", "one", "two"), "a byte behind the symbols"),
        ("zero", recipe(0, "9768bb9c1200", "t", "one", "two"), "a zero byte behind the symbols"),
        ("key-twice", recipe(0, "ffaf53", "a"), "an object with a key twice"),
        ("deep", recipe(1, deep), "values inside 41 lists and more"),
        ("carrier", recipe(1, "e0188235a6e592", "tEXT", "a"), "a carrier tEXT"),
        ("key", recipe(1, "db04c1864d6ce96a27", "a"), "a chunk's key that is a number"),
        ("encoding", recipe(1, "bb133ab7ba2bf149", "utf-16", "a"), "a segment in the encoding utf-16"),
        ("two-keys", recipe(1, "bb109056e83c38", "latin-1", "Steps: 20"), "a segment of two keys"),
        ("form-name", recipe(1, "ba73fb73", "json tabs"), "a form of JSON that is not listed"),
        (
            "latin-1",
            recipe(1, "bb134292d8", "latin-1", "Steps: 20, \u4e2d"),
            "a character that Latin-1 has not",
        ),
        ("byte-256", recipe(1, "bac4e73938"), "a byte of 256"),
        ("cut", stream((RECIPE, b"\0\x64\x97\x68")), "more symbols than bytes"),
    ]
    yield from (Invalid(f"recipe-{name}", data, reason) for name, data, reason in rows)
    long = bytes.fromhex("7d1acc33a5641e7c34dac3d3")
    yield Invalid(
        "recipe-ppm-long", stream((RECIPE, b"\0\0\4" + long)), "more than 2^13 bytes by the token walk"
    )
    yield Invalid("recipe-2", stream((RECIPE, b"\2?")), "recipe form 2 is not known", newer=True)
    yield Invalid("recipe-coder-7", stream((RECIPE, b"\0\0\7?")), "text coder 7 is not known", newer=True)


def abouts() -> Iterator[Invalid]:
    """About parts, and streams of several parts."""
    rows = [
        ("no-colon", "seed 7", "a line without a colon and a space"),
        ("capital", "Note: x", "a capital in a key"),
        ("no-value", "note: ", "no value"),
        ("twice", "note: a\nnote: b", "a key twice"),
        ("line-feed", "seed: 7\n", "an empty line at the end"),
        ("seed-sign", "seed: +7", "a seed that is not figures alone"),
        ("seed-large", "seed: 4294967296", "a seed of 2^32"),
        ("seed-long", "seed: 00000000007", "a seed of eleven figures"),
    ]
    for name, text, reason in rows:
        yield Invalid(f"about-{name}", stream((ABOUT, b"\0" + text.encode())), reason)
    long = brotli.compress(b"note: " + b"a" * (1 << 16))
    yield Invalid("about-long", stream((ABOUT, b"\1" + long)), "more than 2^16 bytes")
    mixed = stream((SEMANTIC, b"\7?"), (SIGNATURE, b"\0" * 26))
    yield Invalid("newer-and-damaged", mixed, "one part needs a newer reader, another one is damaged")


def all_streams() -> list[Invalid]:
    """Give them all."""
    topics = (container, texts, descriptions, besides, pictures, recipes, abouts)
    return [one for topic in topics for one in topic()]
