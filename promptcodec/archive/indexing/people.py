"""How many people a description speaks of, counted from its objects.

Captioners say people one by one (``woman``), with a number (``two women``) or together (``people``,
``a crowd``). What is said together without a number counts as the least that it means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_ONE = frozenset((
    "person", "human", "man", "woman", "boy", "girl", "child", "baby", "infant", "toddler", "kid",
    "teenager", "adult", "lady", "gentleman", "guy", "figure", "bride", "groom", "mother", "father",
    "parent", "grandmother", "grandfather", "sister", "brother", "son", "daughter", "friend", "passenger",
    "pedestrian", "passerby", "bystander", "spectator", "tourist", "visitor", "customer", "traveller",
    "student", "pupil", "teacher", "soldier", "officer", "policeman", "policewoman", "fireman",
    "firefighter", "knight", "warrior", "archer", "samurai", "ninja", "guard", "sailor", "pilot",
    "driver", "rider", "cyclist", "biker", "jockey", "horseman", "skier", "snowboarder", "skater",
    "surfer", "swimmer", "diver", "runner", "climber", "hiker", "player", "batter", "pitcher", "catcher",
    "goalkeeper", "referee", "athlete", "wrestler", "boxer", "dancer", "ballerina", "singer", "musician",
    "guitarist", "drummer", "violinist", "pianist", "performer", "actor", "actress", "model", "artist",
    "painter", "photographer", "cook", "chef", "waiter", "waitress", "bartender", "baker", "farmer",
    "fisherman", "hunter", "worker", "builder", "engineer", "scientist", "doctor", "nurse", "surgeon",
    "priest", "nun", "monk", "wizard", "witch", "sorcerer", "sorceress", "king", "queen", "prince",
    "princess", "astronaut", "cowboy", "pirate", "clown", "merchant", "shepherd", "vendor",
))  # fmt: skip
_MANY_OF_ONE = {
    "people": 4, "persons": 2, "men": 2, "women": 2, "children": 2, "ladies": 2, "babies": 2, "gentlemen": 2,
    "policemen": 2, "firemen": 2, "fishermen": 2, "horsemen": 2, "passersby": 2, "witches": 2, "humans": 2,
}  # fmt: skip
"""Plurals that take no plain s; ``people`` is what the captioner ``local`` says of more than three."""

_PLURAL = 2
_TOGETHER = {
    "couple": 2, "pair": 2, "duo": 2, "trio": 3, "family": 3, "group": 4, "team": 4, "band": 3, "crew": 3,
    "row": 3, "line": 3, "queue": 4, "choir": 4, "audience": 10, "crowd": 10,
}  # fmt: skip
"""Words for several, of people or of other things."""

_PEOPLE_ALONE = frozenset(("couple", "family", "team", "crew", "queue", "choir", "audience", "crowd"))
"""Those that mean people where nothing else is said."""

_NUMBERS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "dozen": 12, "several": 3, "many": 5,
}  # fmt: skip
_PARTS = frozenset(("face", "portrait"))
"""Somebody of whom no more is named."""

_JOINT = re.compile(
    r" (?:of|in|on|at|with|by|near|behind|holding|wearing|riding|sitting|standing|walking|and) "
)
_DIGITS = 4
"""Longer numbers count nobody."""


def count(names: Iterable[str]) -> int:
    """Count the people among the names of objects."""
    people = parts = 0
    for name in names:
        words = re.split(_JOINT, f" {name.lower()} ".replace("-", " "))
        joints = re.findall(_JOINT, f" {name.lower()} ".replace("-", " "))
        people += _count([each.split() for each in words], joints[:1] == [" of "])
        parts += _last(words[0].split()) in _PARTS
    return max(people, parts)


def _last(words: Sequence[str]) -> str:
    return words[-1] if words else ""


def _count(phrases: Sequence[Sequence[str]], of_others: bool) -> int:  # noqa: FBT001 - one caller
    """Count by the first phrase of a name, or where it is a word for several, by what these are."""
    head = _last(phrases[0])
    if head in _TOGETHER:
        if not of_others:
            return (_number(phrases[0]) or 1) * _TOGETHER[head] if head in _PEOPLE_ALONE else 0
        return (_number(phrases[1]) or _TOGETHER[head]) if _least(_last(phrases[1])) else 0
    return (_number(phrases[0]) or _least(head)) if _least(head) else 0


def _least(noun: str) -> int:
    """Give how many a noun means at least; 0 where it is nobody."""
    if noun in _ONE:
        return 1
    return _MANY_OF_ONE.get(noun, _PLURAL if noun.endswith("s") and noun[:-1] in _ONE else 0)


def _number(words: Sequence[str]) -> int:
    """Give the number among words, 0 for none."""
    for word in words:
        if word in _NUMBERS:
            return _NUMBERS[word]
        if word.isdecimal() and len(word) <= _DIGITS:
            return int(word)
    return 0
