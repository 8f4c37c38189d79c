"""Token counts that servers report: read tolerantly, bounded, never trusted with more."""

from __future__ import annotations

from typing import Any

MOST_TOKENS = 10**8
"""More than any answer can have: what says more is nonsense."""


def tokens_in(usage: Any, key: str) -> int:
    """Read one count of tokens out of what a server reports.

    Args:
        usage: the server's ``usage``; anything may stand there.
        key: the entry, as in ``prompt_tokens``.

    Returns:
        0 to MOST_TOKENS. Whole numbers, floats and numbers in text count, fractions rounded up. 0 where
        there is no count, or nonsense: null, negative, not finite, too large, a list.
    """
    value = usage.get(key) if isinstance(usage, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0
    try:
        # A text of digits beyond any count would take long to read.
        number = float(value[:40]) if isinstance(value, str) else value
    except ValueError:
        return 0
    if not 0 < number <= MOST_TOKENS:  # neither holds of nan
        return 0
    return -int(-number // 1)
