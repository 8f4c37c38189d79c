"""Limits of a batch, as the real API has them."""

from __future__ import annotations

MOST_LINES, MOST_BYTES = 50_000, 200_000_000
"""Its requests, and the bytes of its file."""
