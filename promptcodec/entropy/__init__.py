"""Entropy coding: text and symbols to bits, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from promptcodec.entropy.dictionary import Dictionary
    from promptcodec.entropy.text import (
        CODERS,
        LIMIT,
        coder_name,
        decode_text,
        dictionary_id,
        encode_text,
    )

__all__ = ["CODERS", "LIMIT", "Dictionary", "coder_name", "decode_text", "dictionary_id", "encode_text"]


def __getattr__(name: str) -> Any:
    """Import the text coders on first use: the container wants the varints alone, and a light start."""
    if name in __all__:
        from promptcodec.entropy import text  # noqa: PLC0415

        return getattr(text, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
