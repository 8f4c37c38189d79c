"""Concepts as a short noun phrase: who or what is shown, with what, where and when."""

from __future__ import annotations

from collections.abc import Iterable

HUMANS = ("person", "woman", "man", "child", "people", "group")

PORTRAITS = ("portrait", "face")

SHAPED = ("toy", "statue", "robot")
"""Things with a human shape: where they are surer than the human, there is none."""

THINGS = {
    "animal": "an animal",
    "bird": "a bird",
    "cat": "a cat",
    "dog": "a dog",
    "horse": "a horse",
    "fish": "fish",
    "creature": "a fantastic creature",
    "robot": "a robot",
    "toy": "a toy figure",
    "statue": "a statue",
    "aircraft": "an aircraft",
    "boat": "a boat",
    "vehicle": "a vehicle",
    "flower": "flowers",
    "food": "food",
    "still-life": "a still life",
    "object": "a single object on a plain ground",
    "lettering": "lettering",
    "abstract": "an abstract pattern",
}
"""How things are named."""

COMPANY = ("animal", "bird", "cat", "dog", "horse", "vehicle", "flower", "food", "lettering")
"""Things that are said beside people."""

PLACES = {
    "city": ("a city", "in a city"),
    "interior": ("an interior", "indoors"),
    "building": ("a building", "at a building"),
    "landscape": ("a landscape", "in a landscape"),
    "mountains": ("mountains", "before mountains"),
    "beach": ("a beach", "on a beach"),
    "water": ("water", "by the water"),
    "trees": ("trees", "among trees"),
    "space": ("outer space", "in space"),
    "snow": ("a snowy scene", "in snow"),
    "clouds": ("a cloudy sky", "under clouds"),
    "sunset": ("a sunset", "at sunset"),
    "night": ("a night scene", "at night"),
}
"""How places and times are named, and how something is in them; what frames the others comes first."""

TIMES = ("snow", "clouds", "sunset", "night")

EXTRAS = 2
"""Most things or places said beside the main one."""


def phrase(ranked: Iterable[tuple[str, float]]) -> str:
    """Say concepts as a short noun phrase.

    Args:
        ranked: names and probabilities, as ``concepts`` gives them.

    Returns:
        Such as "a portrait of a woman", "a landscape with mountains and water" or "a city at night";
        ``""`` for none.
    """
    sure = dict(ranked)
    if "city" in sure and "building" in sure:
        del sure[min("city", "building", key=lambda name: sure[name])]
    human = max((sure[name] for name in HUMANS if name in sure), default=0.0)
    shaped = max((sure[name] for name in SHAPED if name in sure), default=0.0)
    if human and human >= shaped:
        return _humans(sure)
    # A bust is a portrait of nobody.
    if sure.keys() & set(PORTRAITS) and not human:
        return "a portrait"
    things = sorted((name for name in THINGS if name in sure), key=lambda name: -sure[name])
    places = [name for name in PLACES if name in sure]
    # A scene is named by what frames it, unless a thing is surer.
    if things and (not places or sure[things[0]] > max(sure[name] for name in places)):
        return _join(THINGS[things[0]], [], _around(sure))
    if not places:
        return ""
    head, rest = places[0], places[1:]
    seen = [PLACES[name][0] for name in rest if name not in TIMES]
    seen += [THINGS[name] for name in things if name != "abstract"]
    return _join(PLACES[head][0], seen, [PLACES[name][1] for name in rest if name in TIMES])


def _humans(sure: dict[str, float]) -> str:
    """Say who is there, whether it is a portrait, and where."""
    if "group" in sure:
        who = "a group of people"
    elif "woman" in sure and "man" in sure:
        who = "a man and a woman"
    elif "people" in sure:
        who = "people"
    else:
        who = f"a {next((name for name in ('child', 'woman', 'man') if name in sure), 'person')}"
    if "face" in sure:
        who = f"a close portrait of {who}"
    elif "portrait" in sure:
        who = f"a portrait of {who}"
    beside = [THINGS[name] for name in COMPANY if name in sure]
    return _join(who, beside, _around(sure))


def _around(sure: dict[str, float]) -> list[str]:
    """Say where and when: the first place that is known, and the surest of the times."""
    places = [PLACES[name][1] for name in PLACES if name in sure and name not in TIMES][:1]
    times = sorted((name for name in TIMES if name in sure), key=lambda name: -sure[name])[:1]
    return places + [PLACES[name][1] for name in times]


def _join(head: str, seen: list[str], around: list[str]) -> str:
    """Put a phrase together: head, up to EXTRAS seen things, where and when."""
    beside = f" with {' and '.join(seen[:EXTRAS])}" if seen else ""
    return " ".join([head + beside, *around])
