"""What the cells of a description show: nouns by their number in a shipped list, other words as they come.

How likely a cell is to say something depends on what the left and the upper cell say, on the objects
whose boxes cover it, and on the words of the whole description; everything is an integer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

from promptcodec import models
from promptcodec.description import Box

TABLE = "nouns-1"
SILENT = ""
NEXT = "\n"
"""What stands for the next of the phrases that the list does not have; no text is a line feed."""

LEFT, ABOVE, BOTH, COVERED, MENTIONED, USED = range(6)
"""What raises a text's frequency, by its place among the weights of the table."""


@cache
def nouns() -> dict[str, int]:
    """Give the nouns in their order, with their frequencies."""
    return {line.split(" ", 1)[1]: int(line.split(" ", 1)[0]) for line in _lines()[1:]}


@cache
def weights() -> tuple[int, ...]:
    """Give the frequencies of SILENT and NEXT, then what each of LEFT to USED adds."""
    return tuple(int(number) for number in _lines()[0].split())


def _lines() -> list[str]:
    return models.load(TABLE).decode().splitlines()


class CellTexts:
    """The frequencies of what cells say, in one description, while its cells follow in raster order."""

    def __init__(self, texts: Sequence[str], objects: Iterable[tuple[str, Box]], cols: int) -> None:
        """Start.

        Args:
            texts: what the description says beside its objects.
            objects: their names and boxes.
            cols: columns of the grid.
        """
        names = [(name, box) for name, box in objects]
        first, second, *self._more = weights()
        self._cols = cols
        self.known = {SILENT: first, NEXT: second} | nouns()
        for name, _ in names:
            self.known.setdefault(name, 1)
        # A line feed is in no text: what is found in all of them is found in one.
        self._words = _fold("\n".join((*texts, *(name for name, _ in names))))
        self._boxes = [(_fold(name), box) for name, box in names]
        for text in [*self.known][2:]:
            self._note(text)
        self._cells: list[str] = []

    def frequencies(self) -> dict[str, int]:
        """Give the frequency of each text that the next cell may say, in their order."""
        index = len(self._cells)
        row, col = divmod(index, self._cols)
        left = self._cells[-1] if col else None
        above = self._cells[index - self._cols] if row else None
        given = dict(self.known)
        for text, kind in ((left, LEFT), (above, ABOVE), (left if left == above else None, BOTH)):
            if text is not None:
                given[text] += self._more[kind]
        words = " ".join(
            name
            for name, box in self._boxes
            if box.top <= row + 1 <= box.bottom and box.left <= col + 1 <= box.right
        )
        if words:
            for text in [*given][2:]:
                if _says(words, text):
                    given[text] += self._more[COVERED]
        return given

    def learn(self, text: str) -> None:
        """Take note of what a cell says."""
        if text not in self.known:
            self.known[text] = 1
            self._note(text)
        self.known[text] += self._more[USED]
        self._cells.append(text)

    def _note(self, text: str) -> None:
        if _says(self._words, text):
            self.known[text] += self._more[MENTIONED]


def _fold(text: str) -> str:
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z]){re.escape(text)}s?(?![a-z])")


def _says(words: str, text: str) -> bool:
    """Say whether words, folded, have a text in them, whole; it may have an s behind it."""
    folded = _fold(text)
    return folded in words and _pattern(folded).search(words) is not None
