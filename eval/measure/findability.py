"""Are pictures found by their words? The mean reciprocal rank of queries among descriptions.

Ranking is BM25 as SQLite's FTS5 has it, over the stems of English words (its tokenizer ``porter unicode61``).
Any word of a query may match. What is searched is what an archive searches: see
``promptcodec.archive.indexing.words``.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TypeVar

import numpy as np

from promptcodec.archive.indexing.words import GRAMMAR, TOKENIZER, words_of

__all__ = ["GRAMMAR", "figures", "ranks", "stems", "words_of"]

T = TypeVar("T")


def ranks(documents: Mapping[str, str], queries: Sequence[tuple[str, str]]) -> list[float]:
    """Rank the documents that queries look for.

    Args:
        documents: words by name.
        queries: name of the document that is looked for, and the query.

    Returns:
        The rank of each, from 1. Documents of one score share the mean of their ranks; those that no word
        of the query matches share the ranks behind the others.
    """
    names = list(documents)
    with closing(sqlite3.connect(":memory:")) as base:
        base.execute(f"CREATE VIRTUAL TABLE document USING fts5(words, tokenize='{TOKENIZER}')")
        base.executemany("INSERT INTO document (rowid, words) VALUES (?, ?)", enumerate(documents.values()))
        return [_rank(base, names.index(name), query, len(names)) for name, query in queries]


def _rank(base: sqlite3.Connection, wanted: int, query: str, count: int) -> float:
    words = re.findall(r"\w+", query)
    matched = " OR ".join(f'"{word}"' for word in words)
    # FTS5 gives better matches lower scores.
    scores = dict(
        base.execute("SELECT rowid, bm25(document) FROM document WHERE document MATCH ?", [matched])
    )
    return place({document: -score for document, score in scores.items()}, wanted, count)


def place(scores: Mapping[T, float], wanted: T, count: int) -> float:
    """Give the rank of a document, from 1, as ``ranks`` counts it.

    Args:
        scores: of the documents that match; the best has the highest.
        wanted: the document.
        count: of all documents.
    """
    if wanted not in scores:
        return len(scores) + (count - len(scores) + 1) / 2
    own = scores[wanted]
    before = sum(score > own for score in scores.values())
    equal = sum(score == own for score in scores.values())
    return before + (equal + 1) / 2


def figures(places: Sequence[float]) -> dict[str, float]:
    """Give the mean reciprocal rank, and the shares of ranks that are 1 and that are at most 10."""
    rank = np.array(places)
    return {
        "mrr": float((1 / rank).mean()),
        "recall_1": float((rank <= 1).mean()),
        "recall_10": float((rank <= 10).mean()),
    }


def stems(text: str) -> set[str]:
    """Give the stems of the words of a text, but for words of grammar such as "the" and "with"."""
    kept = " ".join(word for word in re.findall(r"\w+", text.lower()) if word not in GRAMMAR)
    with closing(sqlite3.connect(":memory:")) as base:
        base.execute(f"CREATE VIRTUAL TABLE document USING fts5(words, tokenize='{TOKENIZER}')")
        base.execute("CREATE VIRTUAL TABLE stem USING fts5vocab(document, row)")
        base.execute("INSERT INTO document (words) VALUES (?)", [kept])
        return {term for (term,) in base.execute("SELECT term FROM stem")}
