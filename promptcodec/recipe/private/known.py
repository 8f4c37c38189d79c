"""Values that were secrets somewhere, hidden wherever else they stand."""

from __future__ import annotations

from collections import defaultdict

from promptcodec.recipe.private.hits import cover

_LEAST, _MOST = 6, 64


class Known:
    """Secrets, looked up by how they begin: the time to hide them does not grow with their number."""

    def __init__(self) -> None:
        """Begin with none."""
        self._by_start: defaultdict[str, set[str]] = defaultdict(set)

    def __bool__(self) -> bool:
        """Say whether any is known."""
        return bool(self._by_start)

    def add(self, secret: str) -> None:
        """Add one; what is too short to be told from words is none."""
        if len(secret) >= _LEAST:
            self._by_start[secret[:_LEAST]].add(secret)

    def hidden(self, text: str) -> str:
        """Give a text with asterisks for every secret in it, of those that begin at one place the longest."""
        if not self._by_start:
            return text
        pieces, done, at = [], 0, 0
        while at <= len(text) - _LEAST:
            alike = self._by_start.get(text[at : at + _LEAST])
            secret = self._longest(alike, text, at) if alike else ""
            if secret:
                pieces += [text[done:at], cover(secret)]
                done = at = at + len(secret)
            else:
                at += 1
        return "".join((*pieces, text[done:]))

    @staticmethod
    def _longest(secrets: set[str], text: str, at: int) -> str:
        """Look up by lengths, not by secrets: many may begin alike."""
        lengths = {min(len(secret), _MOST) for secret in secrets} if len(secrets) > _MOST else None
        if lengths is None:
            return max((secret for secret in secrets if text.startswith(secret, at)), key=len, default="")
        return max(
            (text[at : at + size] for size in lengths if text[at : at + size] in secrets), key=len, default=""
        )
