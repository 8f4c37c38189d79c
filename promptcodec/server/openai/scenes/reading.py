"""From the words of a prompt to what they name: a sky, bands of land, things."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from promptcodec.description.basic import names_in, palette_name
from promptcodec.server.openai.scenes.lexicon import LONGEST, Entry, lexicon, singular

_MOST_WORDS = 400
_WORD = re.compile(r"[a-z]+|[,.]")
_MEDIA = (
    "oil painting",
    "watercolour",
    "watercolor",
    "pencil drawing",
    "illustration",
    "cartoon",
    "3d render",
)
_GREY = re.compile(r"\b(black[ -]and[ -]white|monochrome|gr[ae]yscale)\b")
_BACKDROP = re.compile(r"([a-z]+(?: [a-z]+)?) (?:sky|skies|background|backdrop|wall)\b")
_NUMBERS = {"two": 2, "pair": 2, "three": 3, "four": 4, "five": 5, "several": 4, "many": 5}
_OVER = {"over", "above", "flying", "floating", "hovering", "jumping"}
_LINKS = {
    *_OVER, "on", "in", "at", "by", "near", "beside", "under", "below", "with", "behind", "against", "of",
    "before", "among", "through", "along", "across", "inside", "into", "from", "next", "to", "during", "and",
    ",", ".",
}  # fmt: skip
_PLACES = {"left": (0.25, 1.0), "right": (0.75, 1.0), "distance": (None, 0.6), "foreground": (None, 1.3)}
_UNKNOWN: Entry = {"shape": "blob", "colour": "brown", "size": 0.42, "count": 1}


@dataclass(slots=True)
class Mention:
    """A thing as a prompt names it.

    Attributes:
        name: in words.
        entry: of the lexicon; ``None`` of a noun that it does not have.
        colour: that the prompt gives it, or ``""``.
        count: how many, 0 where the prompt leaves it open.
        x: of its middle in parts of the width, None where the prompt leaves it open.
        scale: of its size.
        link: the word between it and what comes next.
    """

    name: str = ""
    entry: Entry = field(default_factory=lambda: _UNKNOWN)
    colour: str = ""
    count: int = 0
    x: float | None = None
    scale: float = 1.0
    link: str = ""

    @property
    def at(self) -> str:
        """Give where it is: what its shape says, or ``raised`` over what comes next."""
        at: str = self.entry.get("at", "ground")
        return "raised" if self.link in _OVER and at in {"ground", "water"} else at

    def stands_on(self, other: Mention) -> bool:
        """Say whether what comes next carries it."""
        return self.link in {"on", "in", "inside"} and "holds" in other.entry and "holds" not in self.entry

    def holds(self, other: Mention) -> bool:
        """Say whether it carries what comes next."""
        return self.link in {"of", "with"} and "holds" in self.entry and "holds" not in other.entry


@dataclass(slots=True)
class Named:
    """What the words of a prompt name.

    Attributes:
        sky: of the lexicon's, or ``""``.
        bands: entries of the lexicon, by band.
        things: in order.
        colours: all that the words name.
        backdrop: the colour of the sky or the wall, or ``""``.
        medium: photo, oil painting, ...
        grey: it is in black and white.
        coming: what was read of the next thing.
    """

    sky: str
    bands: dict[str, Entry]
    things: list[Mention]
    colours: list[str]
    backdrop: str
    medium: str
    grey: bool
    coming: Mention = field(default_factory=Mention)


def parse(prompt: str) -> Named:
    """Read any words."""
    text = prompt.lower()
    behind = _BACKDROP.search(text)
    named = Named(
        "",
        {},
        [],
        names_in(text),
        next(iter(names_in(behind[1])[-1:]), "") if behind else "",
        next((name for name in _MEDIA if name in text), "photo"),
        bool(_GREY.search(text)),
    )
    for term, plural in _terms([*_WORD.findall(text)[:_MOST_WORDS], "."]):
        _take(term, named, plural=plural)
    return named


def _terms(words: list[str]) -> Iterator[tuple[str, bool]]:
    """Give entries of the lexicon, colours and other words in order, each with whether it is a plural."""
    at = 0
    while at < len(words):
        for length in range(min(LONGEST, len(words) - at), 0, -1):
            part = words[at : at + length]
            term = " ".join([*part[:-1], singular(part[-1])])
            if length == 1 or lexicon().has(term) or palette_name(term):
                yield term, term != " ".join(part)
                at += length
                break


def _take(term: str, named: Named, *, plural: bool) -> None:
    """Take one term: what the lexicon has, else what says more of it."""
    words = lexicon()
    if term in words.light:
        named.sky = named.sky or words.light[term]
    elif entry := words.bands.get(term):
        own = {"colours": [named.coming.colour]} if named.coming.colour else {}
        named.bands.setdefault(entry["band"], {**entry, **own})
        named.sky = named.sky or entry.get("sky", "")
        named.coming = Mention()
    elif entry := words.things.get(term):
        _take_thing(term, entry, named, plural=plural)
    elif term in _LINKS:
        _link(term, named)
    elif term in _PLACES and named.things:
        named.things[-1].x, named.things[-1].scale = _PLACES[term]
    elif term in _NUMBERS:
        named.coming.count = _NUMBERS[term]
    elif colour := palette_name(term):
        named.coming.colour = colour
    elif term not in words.empty and len(term) > 2:
        named.coming.name = term


def _take_thing(term: str, entry: Entry, named: Named, *, plural: bool) -> None:
    things, coming = named.things, named.coming
    # A cup of coffee is one thing.
    if not (things and things[-1].link == "of" and things[-1].entry["shape"] == entry["shape"]):
        count = coming.count or (3 if plural and entry["count"] == 1 else entry["count"])
        things.append(Mention(term, entry, coming.colour, count))
    named.coming = Mention()


def _link(word: str, named: Named) -> None:
    """Take a word that says where the thing before it is; a first noun that no list knows is one."""
    if named.coming.name and not named.things and not named.bands:
        named.coming.count = named.coming.count or 1
        named.things.append(named.coming)
        named.coming = Mention()
    named.coming.name = ""
    if named.things:
        named.things[-1].link = word
