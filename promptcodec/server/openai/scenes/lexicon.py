"""The words that are known, and what they become: ``scenes.toml``."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

LONGEST = 3
"""Words of an entry."""

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What words become.

    Attributes:
        empty: words that name nothing.
        skies: ``colours``, and ``dim`` for what is below them, by name.
        light: the name of a sky by word.
        bands: ``band``, ``edge``, ``colours``, ``beside``, ``sky`` by word.
        things: ``shape``, ``colour``, ``size``, ``count`` and what their shapes say by word.
        shapes: ``pieces``, ``wide`` by name.
    """

    empty: frozenset[str]
    skies: dict[str, Entry]
    light: dict[str, str]
    bands: dict[str, Entry]
    things: dict[str, Entry]
    shapes: dict[str, Entry]

    def has(self, term: str) -> bool:
        """Say whether a term is the word of something."""
        return any(term in table for table in (self.light, self.bands, self.things))


@functools.cache
def lexicon() -> Lexicon:
    """Give what words become."""
    table = tomllib.loads((files(__package__) / "scenes.toml").read_text("utf-8"))
    skies, shapes = table["skies"], table["shapes"]
    light = {word: sky for sky, each in skies.items() for word in each["words"].split(", ")}
    bands = {
        word: {**each, "name": word} for words, each in table["bands"].items() for word in words.split(", ")
    }
    things = {
        word: {**each, "shape": shape, "colour": colour, "size": size, "count": count[0] if count else 1}
        for shape, each in shapes.items()
        for words, (colour, size, *count) in each.get("things", {}).items()
        for word in words.split(", ")
    }
    return Lexicon(frozenset(table["empty"]), skies, light, bands, things, shapes)


def singular(word: str) -> str:
    """Give the form of a word that the lexicon has, else the word."""
    forms = [word, *(word.removesuffix(end) + more for end, more in (("s", ""), ("es", ""), ("ies", "y")))]
    return next((form for form in forms if lexicon().has(form)), word)
