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
SILENT, NEXT, FIRST = range(3)
"""The numbers of no text, of the next of the phrases that the list does not have, and of the first noun."""

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
    """The frequencies of what cells say, in one description, while its cells follow in raster order.

    Attributes:
        texts: what cells may say, by number; behind the nouns names of objects, and phrases so far.
    """

    def __init__(self, texts: Sequence[str], objects: Iterable[tuple[str, Box]], cols: int) -> None:
        """Start.

        Args:
            texts: what the description says beside its objects.
            objects: their names and boxes.
            cols: columns of the grid.
        """
        names = [(name, box) for name, box in objects]
        first, second, *self._more = weights()
        listed = nouns()
        self._cols = cols
        self._listed = tuple(listed)
        self.texts = ["", "\n", *listed]  # no text of a cell is a line feed
        self._numbers = dict(zip(self.texts, range(len(self.texts)), strict=True))
        self._frequencies = [first, second, *listed.values()]
        # A line feed is in no text: what is found in all of them is found in one.
        self._words = _fold("\n".join((*texts, *(name for name, _ in names))))
        self._boxes = [(_fold(name), box) for name, box in names]
        for at in _mentioned(self._words, self._listed):
            self._frequencies[FIRST + at] += self._more[MENTIONED]
        for name, _ in names:
            self._add(name)
        self._cells: list[int] = []

    def number(self, text: str) -> int:
        """Give the number of a text, that of NEXT where it has none yet."""
        return self._numbers.get(text, NEXT)

    def frequencies(self) -> list[int]:
        """Give the frequency of each text that the next cell may say, by number."""
        index = len(self._cells)
        row, col = divmod(index, self._cols)
        left = self._cells[-1] if col else None
        above = self._cells[index - self._cols] if row else None
        given = self._frequencies.copy()
        for number, kind in ((left, LEFT), (above, ABOVE), (left if left == above else None, BOTH)):
            if number is not None:
                given[number] += self._more[kind]
        words = " ".join(
            name
            for name, box in self._boxes
            if box.top <= row + 1 <= box.bottom and box.left <= col + 1 <= box.right
        )
        if words:
            own = FIRST + len(self._listed)
            covered = [FIRST + at for at in _mentioned(words, self._listed)]
            covered += [number for number in range(own, len(given)) if _says(words, self.texts[number])]
            for number in covered:
                given[number] += self._more[COVERED]
        return given

    def learn(self, text: str) -> None:
        """Take note of what a cell says."""
        self._add(text)
        number = self._numbers[text]
        self._frequencies[number] += self._more[USED]
        self._cells.append(number)

    def _add(self, text: str) -> None:
        """Give a text a number, unless it has one."""
        if text not in self._numbers:
            self._numbers[text] = len(self.texts)
            self.texts.append(text)
            self._frequencies.append(1 + (self._more[MENTIONED] if _says(self._words, text) else 0))


_UPPER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def _fold(text: str) -> str:
    return text.translate(_UPPER)


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z]){re.escape(text)}s?(?![a-z])")


@lru_cache(maxsize=4)
def _folded(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_fold, texts))


@lru_cache(maxsize=256)
def _mentioned(words: str, texts: tuple[str, ...]) -> tuple[int, ...]:
    """Give the places of the texts that words, folded, have in them."""
    return tuple(at for at, folded in enumerate(_folded(texts)) if _has(words, folded))


def _says(words: str, text: str) -> bool:
    """Say whether words, folded, have a text in them, whole; it may have an s behind it."""
    return _has(words, _fold(text))


def _has(words: str, folded: str) -> bool:
    return folded in words and _pattern(folded).search(words) is not None
