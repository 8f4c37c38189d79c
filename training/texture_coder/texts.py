"""Words with their places, as the texture coder can be given them: of descriptions, and of prompts.

What is taken of a description is what a stream stores beside a colour map: nouns, textures, things,
lettering, the summary; no colours of cells.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from promptcodec.description import Box, Description
from promptcodec.layers.derived import strip

KINDS = ("picture", "cell", "thing", "lettering", "prompt")
SOURCES = ("local", "written", "prompt")
FEWEST = 4
"""Training pictures that a word must be used of to have a vector; rarer words are left out."""
MOST = 1000
_WORD = re.compile(r"[^\W\d_]{3,}")
WHOLE = (0.0, 0.0, 1.0, 1.0)
"""Top, left, bottom, right of a picture."""

Place = tuple[float, float, float, float]


class Word(NamedTuple):
    """A word, which of KINDS it is, and where: top, left, bottom, right in sides of the picture."""

    text: str
    kind: int
    box: Place


def words_of(description: Description) -> list[Word]:
    """Give the words of a description; one that cells beside each other share stands once for a row."""
    bare = strip(description)
    rows, cols = bare.rows, bare.cols

    def place(box: Box) -> Place:
        return (box.top - 1) / rows, (box.left - 1) / cols, box.bottom / rows, box.right / cols

    general = f"{bare.medium} {bare.summary} {bare.light} {bare.mood}"
    words = [Word(text, 0, WHOLE) for text in split(general)]
    for row in range(rows):
        runs: dict[str, int] = {}
        for col in range(cols + 1):
            cell = bare.cells[row * cols + col] if col < cols else None
            here = set(split(f"{cell.text} {cell.texture} {cell.orientation}")) if cell else set()
            ended = sorted(set(runs) - here)
            words += [Word(t, 1, place(Box(row + 1, runs.pop(t) + 1, row + 1, col))) for t in ended]
            for text in here:
                runs.setdefault(text, col)
    for thing in bare.objects:
        words += [Word(t, 2, place(thing.box)) for t in split(" ".join((thing.name, *thing.attributes)))]
    for item in bare.lettering:
        words += [Word(text, 3, place(item.box)) for text in (*split(item.manner), "lettering")]
    return words


def words_of_prompt(prompt: str, most: int = 48) -> list[Word]:
    """Give the first words of a prompt, each once; they are of the whole picture."""
    return [Word(text, KINDS.index("prompt"), WHOLE) for text in list(dict.fromkeys(split(prompt)))[:most]]


def split(text: str) -> list[str]:
    """Give words of three letters and more, small."""
    return _WORD.findall(text.lower())


def vocabulary(pictures: Iterable[Iterable[Word]]) -> list[str]:
    """Give the words that FEWEST pictures and more have, the most frequent first, MOST of them at most."""
    counts = Counter(text for words in pictures for text in {word.text for word in words})
    return [text for text, count in counts.most_common(MOST) if count >= FEWEST]


@dataclass(frozen=True)
class Texts:
    """What ``pack_texts`` packs.

    Attributes:
        words: the vocabulary.
        files: of pictures, relative to the data folder.
        sets: ``train``, ``held``, ``kodak`` or ``aigi`` by picture.
        kinds: ``ai`` or ``photo`` by picture.
        word, kind, box: of all words: number in the vocabulary, number in KINDS, place.
        ranges: ``(pictures, len(SOURCES), 2)``, where words of a text begin and end; -1 where it has none.
        canvases: by bucket of the packed canvases ``(n, 5)``: picture, and box that was cut out.
    """

    words: list[str]
    files: list[str]
    sets: list[str]
    kinds: list[str]
    word: np.ndarray
    kind: np.ndarray
    box: np.ndarray
    ranges: np.ndarray
    canvases: dict[str, np.ndarray]

    def of(self, picture: int, sources: Iterable[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give words, kinds and boxes of a picture's texts, one behind the other."""
        spans = [self.ranges[picture, SOURCES.index(source)] for source in sources]
        chosen = np.concatenate([np.arange(*span) for span in spans if span[0] >= 0] or [np.arange(0)])
        return self.word[chosen], self.kind[chosen], self.box[chosen]

    def has(self, picture: int, source: str) -> bool:
        """Tell whether a picture has a text of a source."""
        return bool(self.ranges[picture, SOURCES.index(source), 0] >= 0)


def collect(
    words: Sequence[str],
    pictures: Sequence[tuple[str, str, str, Mapping[str, Sequence[Word]]]],
    canvases: dict[str, np.ndarray],
) -> Texts:
    """Number the words of pictures, given as file, set, kind and words by source; unknown words go."""
    numbers = {word: number for number, word in enumerate(words)}
    kept: list[Word] = []
    ranges = np.full((len(pictures), len(SOURCES), 2), -1, np.int32)
    for picture, (_, _, _, sources) in enumerate(pictures):
        for source, given in sources.items():
            begin = len(kept)
            kept += [word for word in given if word.text in numbers]
            ranges[picture, SOURCES.index(source)] = begin, len(kept)
    return Texts(
        list(words),
        *(list(each) for each in list(zip(*pictures, strict=True))[:3]),
        np.array([numbers[word.text] for word in kept], np.int16),
        np.array([word.kind for word in kept], np.int8),
        np.array([word.box for word in kept], np.float32).reshape(-1, 4),
        ranges,
        canvases,
    )


def save(path: Path, texts: Texts) -> None:
    """Write texts as arrays."""
    arrays = {key: np.array(value) for key, value in vars(texts).items() if key != "canvases"}
    np.savez_compressed(path, **arrays, **{f"canvas_{key}": value for key, value in texts.canvases.items()})


def load(path: Path) -> Texts:
    """Read what ``save`` wrote."""
    with np.load(path) as file:
        arrays = {key: file[key] for key in file.files}
    canvases = {
        key.removeprefix("canvas_"): arrays.pop(key) for key in list(arrays) if key.startswith("canvas_")
    }
    listed = {key: arrays.pop(key).tolist() for key in ("words", "files", "sets", "kinds")}
    return Texts(**listed, **arrays, canvases=canvases)


def within(box: np.ndarray, cut: np.ndarray) -> np.ndarray:
    """Give places ``(n, 4)`` as they are in a part of the picture; those outside have no area."""
    height, width = cut[2] - cut[0], cut[3] - cut[1]
    moved = (box - np.array([cut[0], cut[1], cut[0], cut[1]])) / np.array([height, width, height, width])
    return np.clip(moved, 0, 1).astype(np.float32)
