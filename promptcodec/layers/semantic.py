"""The semantic layer: a description as coded text."""

from __future__ import annotations

from collections.abc import Sequence

from promptcodec import entropy
from promptcodec.description import Description, format_text, parse_text
from promptcodec.errors import UsageError

# Bytes of canonical text. 64 cells of 4000 letters fit; reading a million objects would take minutes.
LIMIT = 1 << 20


def encode(description: Description, *, coder: str = "auto", dictionary: bytes | None = None) -> bytes:
    """Code a description; ``coder`` and ``dictionary`` as for ``entropy.encode_text``.

    Raises:
        UsageError: its text is longer than LIMIT, or as for ``entropy.encode_text``.
    """
    text = format_text(description)
    if len(text.encode(errors="replace")) > LIMIT:
        raise UsageError(f"the description is longer than {LIMIT} bytes; shorten it")
    return entropy.encode_text(text, coder, dictionary=dictionary)


def decode(data: bytes, *, dictionaries: Sequence[bytes] = ()) -> Description:
    """Give the description back.

    Raises:
        EntropyError, MissingDictionary, DescriptionError: the part cannot be read.
    """
    return parse_text(entropy.decode_text(data, dictionaries=dictionaries, limit=LIMIT))
