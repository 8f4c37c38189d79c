"""The semantic layer: a description as coded text."""

from __future__ import annotations

from collections.abc import Sequence

from promptcodec import entropy
from promptcodec.description import Description, format_text, parse_text


def encode(description: Description, *, coder: str = "auto", dictionary: bytes | None = None) -> bytes:
    """Code a description; ``coder`` and ``dictionary`` as for ``entropy.encode_text``."""
    return entropy.encode_text(format_text(description), coder, dictionary=dictionary)


def decode(data: bytes, *, dictionaries: Sequence[bytes] = ()) -> Description:
    """Give the description back.

    Raises:
        EntropyError, MissingDictionary, DescriptionError: the part cannot be read.
    """
    return parse_text(entropy.decode_text(data, dictionaries=dictionaries))
