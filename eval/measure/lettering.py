"""How well the lines of letters in pictures are read, and what of them a description keeps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from promptcodec.description import Lettering

ALIKE = 0.5
"""Likeness from which what is read is a line that is there, with wrong letters."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Counts of lines.

    Attributes:
        right: read letter by letter; case, spaces and punctuation aside.
        wrong: read with wrong letters, or in part.
        false: read where nothing like it can be read.
        missed: there, and not read right or wrong.
    """

    right: int = 0
    wrong: int = 0
    false: int = 0
    missed: int = 0

    def __add__(self, other: Reading) -> Reading:
        return Reading(
            self.right + other.right,
            self.wrong + other.wrong,
            self.false + other.false,
            self.missed + other.missed,
        )


def compare(read: Iterable[str], there: Iterable[str]) -> Reading:
    """Compare lines that were read with those that are there; each of these counts once."""
    left = [letters_of(line) for line in there]
    rest = []
    right = 0
    for line in map(letters_of, read):
        if line in left:
            left.remove(line)
            right += 1
        else:
            rest.append(line)
    wrong = 0
    for line in rest:
        like = max(left, key=lambda other: _likeness(line, other), default="")
        if _likeness(line, like) >= ALIKE:
            left.remove(like)
            wrong += 1
    return Reading(right, wrong, len(rest) - wrong, len(left))


def letters_of(line: str) -> str:
    """Give the letters and digits of a line."""
    return re.sub(r"[\W_]", "", line.casefold())


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() if other else 0.0


def words_of(lines: Iterable[str]) -> frozenset[str]:
    """Give the words of lines, each once."""
    return frozenset(word for line in lines for word in re.findall(r"\w+", line.casefold()))


def kept(words: frozenset[str], stored: Sequence[Lettering]) -> int:
    """Count the words that are stored."""
    return len(words & words_of(item.text for item in stored))
