"""What may have been meant by a word that no picture has: one that is spelt much like it."""

from __future__ import annotations

import difflib
import re
import sqlite3
from collections.abc import Sequence
from contextlib import suppress

from promptcodec.archive.indexing.facts import facts_of
from promptcodec.archive.store import Archive
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import BitstreamError

_LIKE, _LIKE_STEM = 0.75, 0.65
"""How like words and their stems have to be to what was typed; endings are missing of stems."""

_STEMS = 5
_LETTERS = 4
"""A shorter word is like too many others."""


def alike(archive: Archive, base: sqlite3.Connection, word: str, dictionaries: Sequence[Dictionary]) -> str:
    """Give a word of an archive that starts as ``word`` does and is spelt much like it; ``""`` for none.

    The index has stems alone, so the word itself is read from a picture that has it.
    """
    if len(word) < _LETTERS:
        return ""
    base.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.stem USING fts5vocab(main, said, row)")
    base.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.stand USING fts5vocab(main, said, instance)")
    span = word[0], chr(ord(word[0]) + 1)
    stems = [stem for (stem,) in base.execute("SELECT term FROM stem WHERE term >= ? AND term < ?", span)]
    words: set[str] = set()
    for stem in difflib.get_close_matches(word, stems, _STEMS, _LIKE_STEM):
        statement = "SELECT id FROM stand JOIN doc USING (doc) WHERE term = ? LIMIT 1"
        for (id_,) in base.execute(statement, (stem,)).fetchall():
            with suppress(BitstreamError):
                if record := archive.get(id_):
                    text = "\n".join(facts_of(record, dictionaries).columns())
                    words.update(re.findall(r"[^\W_]+", text.lower()))
    return "".join(difflib.get_close_matches(word, sorted(words), 1, _LIKE))
