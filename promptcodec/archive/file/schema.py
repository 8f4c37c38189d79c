"""The tables of an archive, version by version: each step makes the version before it the next."""

from __future__ import annotations

APPLICATION = 0x50584131  # "PXA1"
PAGE_BYTES = 4096
LEAST_LOCAL = (PAGE_BYTES - 12) * 32 // 255 - 23
"""What SQLite keeps of a long blob in the leaf of its tree at least.

Source: "Database File Format", section "Cell Payload Overflow Pages".
"""
OVERFLOW = PAGE_BYTES - 4
"""What it keeps in each page in which such a blob goes on, behind the number of the next."""

STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE page (key INTEGER PRIMARY KEY, data BLOB NOT NULL)",
        "CREATE TABLE journal (number INTEGER PRIMARY KEY, key INTEGER NOT NULL, data BLOB NOT NULL)",
        "CREATE INDEX journal_key ON journal (key)",
        "CREATE TABLE root (number INTEGER PRIMARY KEY, data BLOB NOT NULL)",
        "CREATE TABLE dictionary (number INTEGER PRIMARY KEY, data BLOB NOT NULL)",
        "CREATE TABLE spare (number INTEGER PRIMARY KEY, data BLOB NOT NULL)",
        "CREATE TABLE meta (name TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID",
    ),
    (
        """CREATE TABLE failure (
            root INTEGER NOT NULL, path BLOB NOT NULL, time INTEGER NOT NULL, kind TEXT NOT NULL,
            message TEXT NOT NULL, PRIMARY KEY (root, path)
        ) WITHOUT ROWID""",
    ),
)
VERSION = len(STEPS)
FAILURES_SINCE = 2


def statements(version: int) -> list[str]:
    """Give the statements that the schema of a version consists of, sorted."""
    return sorted(statement for step in STEPS[:version] for statement in step)
