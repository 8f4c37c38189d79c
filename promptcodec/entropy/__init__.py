"""Entropy coding: text and symbols to bits, and back."""

from promptcodec.entropy.text import (
    CODERS,
    LIMIT,
    coder_name,
    decode_text,
    dictionary_name,
    encode_text,
)

__all__ = ["CODERS", "LIMIT", "coder_name", "decode_text", "dictionary_name", "encode_text"]
