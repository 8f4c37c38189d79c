"""Text coders and their tables: some words are coded in every form."""

from contextlib import suppress

with suppress(Exception):
    from promptcodec.description import parse_text
    from promptcodec.layers import semantic

    semantic.encode(parse_text("photo 1x1\nr1c1 red: brick wall"))
    semantic.encode(parse_text("photo 1x1\nr1c1: brick wall"), with_map=True)
