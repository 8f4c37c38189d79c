"""Entropy coding: text and symbols to bits, and back."""

from promptcodec.entropy.dictionary import AnyDictionary, Dictionary
from promptcodec.entropy.text import (
    CODERS,
    LIMIT,
    coder_name,
    decode_text,
    dictionary_id,
    encode_text,
)

__all__ = [
    "CODERS",
    "LIMIT",
    "AnyDictionary",
    "Dictionary",
    "coder_name",
    "decode_text",
    "dictionary_id",
    "encode_text",
]
