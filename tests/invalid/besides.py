"""Streams whose words stand beside a colour map; each is wrong in one way, which its line says."""

from __future__ import annotations

from collections.abc import Iterator

from tests.invalid.parts import (
    SEMANTIC,
    TEXTURE,
    Invalid,
    Log,
    beside,
    frozen,
    other_number,
    stream,
    varint,
    walk,
)
from tests.reference.coder import encode


def besides() -> Iterator[Invalid]:
    """Words beside a colour map."""
    # One cell, which shows nothing or the next phrase; no objects, lettering, summary, light, mood, textures.
    bare, silent, phrase = [0] * 6, 0, 1
    barn, sign = [1, 0, 0, 0, 0], [1, 0, 0, 0, 0]
    nothing = beside([0, *bare, silent], "photo")
    shown = beside([0, *bare, phrase], "photo\na red barn")

    def apart(log: Log, words: str, extra: bytes = b"") -> bytes:
        coded = encode(log) + extra
        return b"\x3f" + varint(len(coded)) + coded + b"\0" + words.encode()

    def read(answers: list[int], words: str) -> bytes:
        return apart(beside(answers, words), words)

    def joined(words: bytes, *cells: int) -> bytes:
        return b"\x7f" + encode(beside([0, *bare, *walk(words), *cells]))

    coded = encode(nothing)
    head = b"\x3f" + varint(len(coded)) + coded
    rows = [
        ("cut", b"\x3f", "no length behind the first byte"),
        ("symbols-cut", b"\x3f\x64" + coded, "more symbols than bytes"),
        ("no-symbols", b"\x3f\0\0photo", "no symbols: objects without end"),
        ("no-data", b"\x7f", "no data: objects without end"),
        ("no-words", head, "no words, so no medium"),
        ("medium", apart(nothing, "photo "), "a space at the end of the medium"),
        ("junk", apart(nothing, "photo", b"\x55"), "a byte behind the symbols"),
        ("zero", apart(nothing, "photo", b"\0"), "a zero byte behind the symbols"),
        (
            "number",
            head[:1] + varint(len(other_number(nothing))) + other_number(nothing) + b"\0photo",
            "a longer number of the last interval",
        ),
        (
            "summary-missing",
            read([0, 0, 0, 1, 0, 0, 0, silent], "photo"),
            "the line of the summary is missing",
        ),
        ("summary-empty", read([0, 0, 0, 1, 0, 0, 0, silent], "photo\n"), "the line of the summary is empty"),
        ("object-missing", read([0, *barn, *bare, silent], "photo"), "the line of an object is missing"),
        ("comma", read([0, *barn, *bare, silent], "photo\nbarn,old"), "an object's name with a comma"),
        (
            "lettering-missing",
            read([0, 0, *sign, *bare[1:], silent], "photo"),
            "the line of lettering is missing",
        ),
        ("no-colon", read([0, 0, *sign, *bare[1:], silent], "photo\npainted"), "lettering without a colon"),
        ("manner", read([0, 0, *sign, *bare[1:], silent], "photo\na:b: HAY"), "a manner with a colon"),
        ("no-text", read([0, 0, *sign, *bare[1:], silent], "photo\npainted: "), "lettering without a text"),
        ("phrase-left", apart(nothing, "photo\na red barn"), "a phrase that no cell shows"),
        ("line-feed", apart(nothing, "photo\n"), "an empty phrase that no cell shows"),
        ("phrase-missing", apart(shown, "photo"), "a phrase is missing"),
        ("phrase-empty", apart(shown, "photo\n"), "an empty phrase"),
        ("phrase-control", apart(shown, "photo\na\x07"), "a control character in a phrase"),
        ("phrase-noun", apart(shown, "photo\nsky"), "a phrase that is a noun of the table"),
        (
            "phrase-name",
            read([0, *barn, *bare, phrase], "photo\na red barn\na red barn"),
            "a phrase that is an object's name",
        ),
        (
            "phrase-twice",
            read([1, *bare, phrase, phrase], "photo\na barn\na barn"),
            "a phrase that was before",
        ),
        ("joined-junk", joined(b" photo", silent) + b"\x55", "a byte behind words among the symbols"),
        ("joined-no-space", joined(b"photo"), "no space at the start of words among the symbols"),
        ("joined-not-utf-8", joined(b" photo\x80"), "a byte 80 in words among the symbols"),
        ("joined-no-medium", joined(b" "), "words of no bytes among the symbols"),
        ("joined-line-feed", joined(b" photo\n", silent), "an empty phrase that no cell shows"),
        ("joined-phrase-left", joined(b" photo\na barn", silent), "a phrase that no cell shows"),
    ]
    for name, payload, reason in rows:
        yield Invalid(f"beside-{name}", stream((SEMANTIC, payload), (TEXTURE, frozen("texture-24"))), reason)
    later = [
        ("form-2", b"\xbf?", "form 2 of words beside a colour map is not known"),
        ("form-3", b"\xff?", "form 3 of words beside a colour map is not known"),
        ("coder-7", head + b"\7?", "text coder 7 is not known"),
        ("coder-63", head + b"\x3f?", "63 heads words only in a newer reader"),
    ]
    for name, payload, reason in later:
        yield Invalid(f"beside-{name}", stream((SEMANTIC, payload)), reason, newer=True)
