"""The tables of an archive, version by version: each step makes the version before it the next."""

from __future__ import annotations

APPLICATION = 0x50584131  # "PXA1"
PAGE_BYTES = 4096

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
