"""How many tokens a text has, at most, without the tokenizer."""

from __future__ import annotations

import re

WHOLE_WORD = 4
_PIECES = re.compile(r"[a-z]+|[0-9]|[^\sa-z0-9]")


def clip_tokens(text: str) -> int:
    """Count tokens of CLIP's vocabulary from above: a short word is one, a longer one a third of its letters.

    English takes fewer, names and other languages come near it.

    Letters outside ASCII are counted as a token a byte, signs as one each.
    """
    return sum(map(_tokens, _PIECES.findall(text.lower())))


def _tokens(piece: str) -> int:
    if not piece.isascii():
        return len(piece.encode())
    return 1 if len(piece) <= WHOLE_WORD else -(-len(piece) // 3)
