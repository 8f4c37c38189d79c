"""What people would type: the searches of ``eval/archive_queries.txt`` by their kind."""

from __future__ import annotations

from pathlib import Path

FILE = Path(__file__).parent.parent / "archive_queries.txt"
KINDS = ("words", "word", "colour", "sheet")


def queries(kind: str) -> list[str]:
    """Give the searches of a kind."""
    rows = (line.split("\t") for line in FILE.read_text("utf-8").splitlines() if not line.startswith("#"))
    return [query for name, query in rows if name == kind]
