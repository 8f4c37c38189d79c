"""A prompt as phrases that matter more or less, before any server's syntax."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from promptcodec.description.hidden import visible

ENDS = (".", "!", "?", ":")
_ENDS = tuple(
    map(re.compile, (r"[,.;:](?=\s)|[\u3001\u3002\uff0c\uff1a\uff1b]", r"\s", r"(?<=[^\x00-\u2fff])(?=\w)"))
)
# A word or two of a sentence that has only begun.
_FRAGMENT = re.compile(r"(?<=\w)[.;:]\s\S+(?:\s\S+)?$")
_CONTROLS = {"Cc", "Cs", "Zl", "Zp"}


@dataclass(frozen=True, slots=True)
class Phrase:
    """Some words of a prompt.

    Attributes:
        text: the words, as foreign as the stream they come from.
        weight: how much they matter, .5 .. 1.5; 1 is as much as any.
    """

    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Prompt:
    """What to draw.

    Attributes:
        phrases: in the order they are read.
        negative: what to keep out, ``""`` for nothing.
    """

    phrases: tuple[Phrase, ...]
    negative: str = ""

    def plain(self) -> str:
        """Give the words alone: phrases joined by commas, sentences by spaces."""
        return join([phrase.text for phrase in self.phrases])


def join(texts: list[str]) -> str:
    """Put phrases one after the other, a comma after each that does not end a sentence."""
    parts = [text if text.endswith(ENDS) else f"{text}," for text in texts[:-1]]
    return " ".join([*parts, *texts[-1:]])


def cut(text: str, fits: Callable[[str], bool]) -> str:
    """Cut a text where a clause ends, or, where none is short enough, where a word ends.

    In scripts without spaces that is after any letter.
    """
    if fits(text):
        return text
    for end in _ENDS:
        for match in reversed(list(end.finditer(text))):
            if fits(text[: match.start()]):
                return _FRAGMENT.sub("", text[: match.start()])
    return ""


def one_line(text: str) -> str:
    """Put a text on one line, without control characters and characters that nobody sees."""
    text = visible(text)
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(char) in _CONTROLS else char for char in text)
    return " ".join(text.split())
