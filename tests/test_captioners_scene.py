"""What was seen, put into the parts of a sentence: only what is sure, each thing once."""

from __future__ import annotations

import numpy as np
import pytest

from promptcodec.captioners.observation import NamedThing, Observation, covered
from promptcodec.captioners.regions import Region
from promptcodec.captioners.scene import scene, with_article
from promptcodec.description import Box
from promptcodec.vision import maps
from promptcodec.vision.faces import Face
from promptcodec.vision.people import TO_THE_LEFT, TO_US, Person
from promptcodec.vision.tag_table import ancestors
from promptcodec.vision.tags import Tag

NOTHING = maps.Seen((), np.zeros(0), np.zeros(0), np.zeros(0))
WHOLE = (0.0, 0.0, 1.0, 1.0)


def somebody(box=(0.3, 0.2, 0.6, 1.0), face=0.0, looks=None):
    seen = None
    if face:
        seen = Face((0.4, 0.2, 0.5, 0.2 + face), np.zeros((6, 2), np.float32), 0.9)
    return Person(box, seen, looks if face else None)


def observed(subjects=(), people=(), objects=(), tags=(), regions=(), light="even"):
    return Observation(
        NOTHING, [], "photo", light, "", tuple(subjects), tuple(people), tuple(objects), tags, tuple(regions)
    )


def area(noun, top, bottom, share):
    return Region(noun, (0.0, top, 1.0, bottom), 12, share)


@pytest.mark.parametrize(
    ("people", "subjects", "head"),
    [
        ([somebody()], [], "a person"),
        ([somebody(), somebody()], [], "two people"),
        ([somebody()] * 5, [], "a group of people"),
        ([somebody(face=0.35)], [], "a portrait of a person"),
        ([somebody(face=0.7)], [("portrait", 0.9)], "a close portrait of a person"),
        # Small walkers do not make a street a picture of people.
        ([somebody((0.1, 0.8, 0.12, 0.9))], [("street", 0.9)], "a street"),
        ([], [("portrait", 0.9)], "a portrait of a person"),
        ([], [("food", 0.9)], "food"),
        ([], [], ""),
    ],
)
def test_whom_or_what_it_is_of(people, subjects, head):
    assert scene(observed(subjects, people)).head == head


def test_a_subject_is_narrowed_only_by_what_is_as_sure():
    subjects = [("animal", 0.9), ("bird", 0.7)]
    assert scene(observed(subjects)).head == "an animal"
    assert scene(observed([("animal", 0.8), ("bird", 0.8)])).head == "a bird"
    sure = (Tag("parrot", WHOLE, 0.8),)
    assert scene(observed(subjects, tags=sure)).head == "a parrot"
    assert scene(observed(subjects, tags=(Tag("parrot", WHOLE, 0.4),))).head == "an animal"
    large = [NamedThing("bird", (0.1, 0.1, 0.9, 0.9))]
    assert scene(observed([("animal", 0.9)], objects=large)).head == "a bird"


def test_where_before_what_and_in_what_light():
    parts = scene(
        observed(
            [("person", 0.9)],
            [somebody(face=0.1, looks=TO_THE_LEFT)],
            [NamedThing("person", WHOLE), NamedThing("dog", (0, 0.5, 0.2, 0.9))],
            regions=[area("sky", 0, 0.5, 0.5), area("sand", 0.5, 1, 0.4)],
            light="dim, low contrast, warm",
        )
    )
    assert parts.doing == "looking to the left"
    assert parts.company == ("a dog",)
    assert parts.place == "on sand"
    assert parts.backdrop == "the sky"
    assert parts.light == "in dim, warm light"


def test_much_lettering_is_said_once():
    words = [area("text", 0, 0.5, 0.3)]
    assert scene(observed([("person", 0.9)], [somebody()], regions=words)).company == ("lettering",)
    poster = scene(observed([("poster", 0.9)], regions=words))
    assert (poster.head, poster.company) == ("a poster with lettering", ())
    few = [area("text", 0, 0.5, 0.1)]
    assert scene(observed([("person", 0.9)], [somebody()], regions=few)).company == ()


def test_who_looks_at_us_is_no_news():
    assert scene(observed([], [somebody(face=0.1, looks=TO_US)])).doing == ""


def test_a_scene_is_told_by_its_parts():
    parts = scene(
        observed([("landscape", 0.9)], regions=[area("sky", 0, 0.5, 0.5), area("water", 0.5, 1, 0.5)])
    )
    assert (parts.head, parts.company, parts.backdrop) == ("a landscape", ("the sky", "water"), "")


@pytest.mark.parametrize(
    ("name", "words"),
    [("apple", "an apple"), ("bus", "a bus"), ("skis", "skis"), ("food", "food"), ("glass", "glass"),
     ("people", "people"), ("poster", "a poster with lettering")],
)  # fmt: skip
def test_articles(name, words):
    assert with_article(name) == words


def test_kinds_of_things():
    assert ancestors("parrot") == ("bird", "animal")
    assert "food" in ancestors("banana")
    assert ancestors("nothing known") == ()


def test_the_cells_of_a_box():
    assert covered(WHOLE, 4, 6) == Box(1, 1, 4, 6)
    assert covered((0.1, 0.1, 0.4, 0.6), 2, 2) == Box(1, 1, 1, 1)
    # What covers no cell lies where its middle is, also at the edge and beyond.
    assert covered((0.95, 0.95, 1.2, 1.3), 2, 2) == Box(2, 2, 2, 2)
