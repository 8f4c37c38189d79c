"""Objects and lettering in words, as a person names them: "a white lighthouse with a black top"."""

from __future__ import annotations

import re

from promptcodec.description import Lettering, SceneObject
from promptcodec.description.basic import names_in

_WORD = re.compile(r"[^\W\d_]+")
_AFTER = re.compile(
    r"(?:in|on|at|of|with|from|by|behind|before|beside|under|over|above|below|near|seen|worn|held|to|facing)\b"
    r"|\w+ing ",
    re.IGNORECASE,
)
"""Attributes that come after the name: "in a red hat", "lying on grass"."""
_LIGHTS = re.compile(
    r"light|lit\b|sun|shad|glow|dusk|dawn|night|day|noon|moon|lamp|flash|dark|haz|fog|glare", re.IGNORECASE
)
# First words that are no names, so a small letter does inside a sentence.
_NO_NAME = re.compile(
    r"(?:An?|The|One|Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten|Several|Some|Many|Mostly|Close|Front|Flat|View"
    r"|Portrait|Wide|Large|Small|Old|Pale|Dark) "
)


def inside(sentence: str) -> str:
    """Give a sentence as it stands inside a prompt: no full stop, nor a capital where that is no name."""
    text = sentence.rstrip(". ")
    return text[:1].lower() + text[1:] if _NO_NAME.match(text) else text


def thing_words(thing: SceneObject) -> str:
    """Say an object with its attributes: "red wooden barn", "house with red roof and white walls"."""
    before: list[str] = []
    having: list[str] = []
    after: list[str] = []
    for attribute in thing.attributes:
        if _AFTER.match(attribute):
            after.append(attribute)
        elif _is_colour(attribute) and before and _is_colour(before[-1]):
            before[-1] += f" and {attribute}"
        elif _is_colour(attribute) or (" " not in attribute and not _is_plural(attribute)):
            before.append(attribute)
        else:
            having.append(attribute)
    words = " ".join((*before, thing.name))
    if having:
        words += " with " + listed(having)
    return " ".join((words, *after))


def lettering_words(item: Lettering) -> str:
    """Say letters: `neon lettering "OPEN"`."""
    quoted = item.text.replace('"', "'")
    return f'{item.manner} lettering "{quoted}"'.strip()


def light_words(light: str) -> str:
    """Say light as a phrase that stands alone: "even, low contrast" is "even light, low contrast"."""
    parts = light.split(", ")
    alone = next((at for at, part in enumerate(parts) if " " in part), len(parts))
    if alone and not _LIGHTS.search(" ".join(parts[:alone])):
        parts[alone - 1] += " light" if light else ""
    return ", ".join(parts)


def mood_words(mood: str) -> str:
    """Say a mood as a phrase that stands alone: "calm" is "calm mood"."""
    return f"{mood} mood" if mood and len(mood.split()) < 3 and "mood" not in mood.lower() else mood


def listed(words: list[str]) -> str:
    """Join words as a sentence does: "a, b and c"."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def stems(text: str) -> frozenset[str]:
    """Give the words of a text in a form that the singular and the plural share, good for comparing alone."""
    return frozenset(map(_stem, (word for word in _WORD.findall(text.lower()) if len(word) > 2)))


def _stem(word: str) -> str:
    """Cut what "leaf" and "leaves", "bush" and "bushes", "berry" and "berries" do not share."""
    short = word.removesuffix("s").removesuffix("e")
    return short[:-1] + {"v": "f", "y": "i"}.get(short[-1:], short[-1:])


def _is_colour(attribute: str) -> bool:
    rest = attribute.lower()
    for word in (*names_in(rest), *rest.replace(",", " ").split()):
        if names_in(word) or word in {"and", "light", "dark", "pale", "bright", "deep"}:
            rest = rest.replace(word, "", 1)
    return not rest.strip(" -")


def _is_plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith(("ss", "us", "less"))
