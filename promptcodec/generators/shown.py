"""Texts of strangers in messages: escaped, and cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

LONGEST, MOST = 80, 30


def shown(text: str, longest: int = LONGEST) -> str:
    """Write a text in one line of characters that show themselves."""
    plain = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text[: longest + 1])
    return plain if len(plain) <= longest else f"{plain[:longest]}..."


def listed(texts: Iterable[str], most: int = MOST) -> str:
    """Write texts with commas between, each once, with how often it came; of very many the first."""
    counts = Counter(map(shown, texts))
    several = [text if count == 1 else f"{text} ({count})" for text, count in counts.items()]
    more = f" and {len(several) - most} more" if len(several) > most else ""
    return ", ".join(several[:most]) + more
