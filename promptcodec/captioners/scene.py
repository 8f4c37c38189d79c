"""What a picture shows, in the parts of a sentence: who or what, with what, where, before what, how lit.

Only what was seen for sure becomes a part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from promptcodec.captioners.observation import HUMAN_WORDS, Observation
from promptcodec.captioners.regions import Region
from promptcodec.vision.boxes import Box
from promptcodec.vision.people import TO_US, Person
from promptcodec.vision.tag_table import ancestors

PLACES = {
    "street": "in a street", "city": "in a city", "room": "in a room", "beach": "on a beach",
    "forest": "in a forest", "garden": "in a garden", "desert": "in a desert", "night": "at night",
    "sunset": "at sunset",
}  # fmt: skip
"""How something is in what pictures mainly show."""

GROUNDS = {
    "grass": "on grass", "sand": "on sand", "snow": "in snow", "water": "on water", "sea": "on the sea",
    "road": "on a road", "floor": "on a floor", "table": "on a table", "ground": "on the ground",
    "rock": "on rocks", "field": "in a field", "flower": "among flowers", "foliage": "among plants",
    "wood": "on wood",
}  # fmt: skip
"""How something is on what the lowest cells show."""

BACKDROPS = {
    "sky": "the sky", "cloud": "clouds", "mountain": "mountains", "hill": "hills", "tree": "trees",
    "foliage": "plants", "wall": "a wall", "building": "buildings", "house": "houses", "sea": "the sea",
    "water": "water", "darkness": "darkness", "curtain": "a curtain", "rock": "rocks",
    "background": "a plain background", "flower": "flowers", "window": "a window", "snow": "snow",
    "light": "light", "pattern": "a pattern", "grass": "grass", "ground": "bare ground", "road": "a road",
    "sand": "sand", "field": "fields", "floor": "a floor", "ceiling": "a ceiling",
}  # fmt: skip
"""What something is before, of the upper cells; and how a scene's own parts are named."""

MASS = {
    "lettering", "food", "fruit", "sea", "water", "grass", "snow", "sand", "sky", "foliage", "clothing",
    "hair", "text", "light", "darkness", "fabric", "skin", "smoke", "fire", "glass", "metal", "wood",
    "paper", "fur", "feathers", "armour", "furniture",
}  # fmt: skip
"""Nouns without an article."""

SPOKEN = {
    "poster": "a poster with lettering", "pattern": "an abstract pattern", "planet": "outer space",
    "night": "a night scene", "vessel": "a container", "sky": "a wide sky",
}  # fmt: skip
"""Subjects that are not said as they are called."""

NUMBERS = ("", "a person", "two people", "three people")

HEADLINE = 0.06
"""Share of the picture from which a person is what it is about, whatever else it shows."""

CLOSE = 0.3
"""Height of a face in the picture's from which it is a close portrait."""

PART = 0.15
"""Share of the picture from which ground and backdrop are named."""

EXACT = 0.6
"""Confidence of a tag from which it is said in place of a broader word."""

DOMINANT = 0.3
"""Share of the picture from which a thing is what it is about, where nothing else is sure."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Phrases, ``""`` or none where nothing is sure.

    Attributes:
        head: who or what it is of.
        doing: what people do, as far as it can be told: where they look.
        company: what else is there.
        place: where that is.
        backdrop: before what.
        light: in what light.
    """

    head: str
    doing: str
    company: tuple[str, ...]
    place: str
    backdrop: str
    light: str


def scene(observation: Observation) -> Scene:
    """Put what was seen into phrases."""
    sure = [name for name, _ in observation.subjects]
    head, named = _head(observation, sure)
    things = [each.name for each in observation.objects if not _known(each.name, named)]
    # Much lettering is worth saying also where nothing reads it; a poster says it already.
    if observation.holds_text and "poster" not in named:
        things = ["lettering", *things]
    company = tuple(dict.fromkeys(with_article(name) for name in things))
    place = next((PLACES[name] for name in PLACES if name in sure and name not in named), "")
    is_scene = bool(named & {"landscape", "city", "street", "room", "building", "pattern", "poster"})
    ground = "" if place or is_scene else _ground(observation.regions, named)
    backdrop = _backdrop(observation.regions, named | set(things) | {ground})
    if is_scene and backdrop and not company:
        company, backdrop = tuple(_parts(observation.regions, named)), ""
    return Scene(
        head, _doing(observation.people, named), company, place or GROUNDS.get(ground, ""), backdrop,
        _light(observation.light),
    )  # fmt: skip


def _head(observation: Observation, sure: Sequence[str]) -> tuple[str, set[str]]:
    """Give who or what the picture is of, and the nouns that this says."""
    who = _who(observation, sure)
    if who:
        return who, {"person", "people", "portrait"}
    named = [each for each in observation.subjects if each[0] not in {"person", "portrait", "people"}]
    large = [each.name for each in observation.objects if _area(each.box) >= DOMINANT]
    if named or large:
        best = _narrowed(named[0], observation) if named else large[0]
        return with_article(best), {best, *ancestors(best)}
    if observation.people:
        return _several(len(observation.people)), {"person", "people"}
    return "", set()


def _who(observation: Observation, sure: Sequence[str]) -> str:
    """Say of whom a picture is; ``""`` where it is of something else, or that is not sure."""
    first = sure[0] if sure else ""
    count = len(observation.people)
    largest = max((_area(person.box) for person in observation.people), default=0.0)
    if not count:
        # A face in profile, or drawn, is seen by the whole picture alone.
        return {"portrait": "a portrait of a person", "person": "a person"}.get(first, "")
    if largest < HEADLINE and first not in {"person", "portrait", "people"}:
        return ""
    faces = [person.face.box for person in observation.people if person.face is not None]
    tall = max((box[3] - box[1] for box in faces), default=0.0)
    if count == 1 and ("portrait" in sure or tall >= CLOSE):
        return f"a {'close ' if tall >= 2 * CLOSE else ''}portrait of a person"
    return _several(count)


def _several(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else "a group of people"


def _narrowed(best: tuple[str, float], observation: Observation) -> str:
    """Give the most exact word for a subject, as sure or of what is as large: a macaw for an animal."""
    name, chance = best
    exact = [tag.name for tag in observation.tags if tag.confidence >= EXACT]
    exact += [each.name for each in observation.objects if _area(each.box) >= DOMINANT]
    exact += [other for other, value in observation.subjects if value >= chance]
    return next((other for other in exact if name in ancestors(other)), name)


def _known(name: str, named: set[str]) -> bool:
    return (
        name in named
        or (name in HUMAN_WORDS and bool(named & HUMAN_WORDS))
        or bool(set(ancestors(name)) & named)
    )


def _doing(people: Sequence[Person], named: set[str]) -> str:
    """Say where one person looks."""
    if len(people) != 1 or not named & HUMAN_WORDS or people[0].looks is None:
        return ""
    looks = people[0].looks
    return "" if looks == TO_US else f"looking {looks}"


def _ground(regions: Sequence[Region], named: set[str]) -> str:
    """Give the noun of the largest area at the lower edge that something may be on."""
    low = (each for each in regions if each.box[3] > 1 - 1e-6 and each.share >= PART)
    return next((each.noun for each in low if each.noun in GROUNDS and each.noun not in named), "")


def _backdrop(regions: Sequence[Region], taken: set[str]) -> str:
    """Give the largest area at the upper edge."""
    high = (each for each in regions if each.box[1] < 1e-6 and each.share >= PART)
    return next(
        (BACKDROPS[each.noun] for each in high if each.noun in BACKDROPS and each.noun not in taken), ""
    )


def _parts(regions: Sequence[Region], named: set[str]) -> Iterator[str]:
    """Name the main areas of a scene, each noun once, largest first."""
    given = set(named)
    for each in regions:
        if each.noun in BACKDROPS and each.noun not in given and each.share >= PART / 2:
            given.add(each.noun)
            yield BACKDROPS[each.noun]


def _light(words: str) -> str:
    """Say the light as a phrase, where it is worth a word."""
    first, *rest = words.split(", ")
    tones = [
        *([first] if first in {"dark", "dim", "bright"} else []),
        *(word for word in rest if word in {"warm", "cool"}),
    ]
    return f"in {', '.join(tones)} light" if tones else ""


def with_article(name: str) -> str:
    """Say a noun as one of its kind."""
    if name in SPOKEN:
        return SPOKEN[name]
    if name in MASS or name == "people" or (name.endswith("s") and not name.endswith(("ss", "us"))):
        return name
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
