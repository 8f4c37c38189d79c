"""What pictures are about: heads on the embedding, and phrases made of what they tell."""

import numpy as np
import pytest
from PIL import Image

from promptcodec.errors import MissingError
from promptcodec.vision import concepts as module
from promptcodec.vision.concepts import coherent, concepts, read_heads, shipped
from promptcodec.vision.network import look
from promptcodec.vision.phrase import HUMANS, PLACES, PORTRAITS, THINGS, phrase


def about(image):
    return concepts(look([image])[1][0])


@pytest.fixture(scope="module")
def pictures():
    from skimage import data

    names = ("astronaut", "coffee", "chelsea")
    return {name: Image.fromarray(getattr(data, name)()) for name in names}


def test_an_astronaut_is_a_person(pictures):
    ranked = dict(about(pictures["astronaut"]))
    assert ranked.keys() & set(HUMANS)
    assert any(word in phrase(ranked.items()) for word in ("person", "woman", "man"))


@pytest.mark.parametrize("name", ["coffee", "chelsea"])
def test_no_person_where_there_is_none(pictures, name):
    assert not dict(about(pictures[name])).keys() & {*HUMANS, *PORTRAITS}


@pytest.mark.parametrize("colour", ["black", "white", "grey", "red", "skyblue"])
def test_a_flat_picture_is_about_nothing(colour):
    assert about(Image.new("RGB", (320, 200), colour)) == ()


def test_the_same_picture_gives_the_same(pictures):
    first = about(pictures["astronaut"])
    assert first == about(pictures["astronaut"].copy())
    probabilities = [probability for _, probability in first]
    assert probabilities == sorted(probabilities, reverse=True)
    assert all(0 <= probability <= 1 for probability in probabilities)


def test_implied_concepts_are_not_said(monkeypatch):
    names = ("woman", "person", "face", "portrait")
    heads = module.Heads(names, np.zeros((4, 1280), np.float32), *np.array([[3] * 4, [0.5] * 4], np.float32))
    monkeypatch.setattr(module, "shipped", lambda: heads)
    assert [name for name, _ in concepts(np.zeros(1280, np.float32))] == ["woman", "face"]


def test_a_part_is_no_surer_than_the_whole():
    capped = coherent(("man", "person", "bird"), np.array([[0.9, 0.6, 0.8], [0.3, 0.6, 0.1]]))
    assert capped.tolist() == [[0.6, 0.6, 0.8], [0.3, 0.6, 0.1]]


def test_every_shipped_concept_can_be_said():
    heads = shipped()
    assert len(heads.names) >= 20
    assert np.isfinite(heads.weights).all()
    for name, least in zip(heads.names, heads.least, strict=True):
        assert 0.5 <= least < 1
        assert name in (*HUMANS, *PORTRAITS, *THINGS, *PLACES)
        if name not in PORTRAITS:
            assert phrase([(name, 0.9)])


def test_a_table_is_read_as_written():
    numbers = np.array([[1, 0.5, 0.25], [-2, 0.75, 0.5]], "<f4")
    steps = np.arange(2 * 1280).reshape(2, 1280).astype(np.int8)
    heads = read_heads(b"cat dog\n" + numbers.tobytes() + steps.tobytes())
    assert heads.names == ("cat", "dog")
    assert heads.biases.tolist() == [1, -2]
    assert heads.least.tolist() == [0.5, 0.75]
    assert np.array_equal(heads.weights, steps * np.array([[0.25], [0.5]], np.float32))


def test_a_missing_table_is_one_clear_error(monkeypatch):
    monkeypatch.setattr(module, "TABLE", "concepts-0")
    shipped.cache_clear()
    try:
        with pytest.raises(MissingError, match="concepts-0"):
            concepts(np.zeros(1280, np.float32))
    finally:
        shipped.cache_clear()


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ({}, ""),
        ({"portrait": 0.9}, "a portrait"),
        ({"person": 0.9}, "a person"),
        ({"woman": 0.9, "portrait": 0.8}, "a portrait of a woman"),
        ({"face": 0.9, "man": 0.8}, "a close portrait of a man"),
        ({"man": 0.9, "woman": 0.8, "city": 0.7}, "a man and a woman in a city"),
        ({"group": 0.9, "woman": 0.8}, "a group of people"),
        ({"woman": 0.9, "flower": 0.7, "water": 0.8}, "a woman with flowers by the water"),
        ({"landscape": 0.9, "mountains": 0.8, "water": 0.7}, "a landscape with mountains and water"),
        ({"mountains": 0.9, "landscape": 0.8, "clouds": 0.7}, "a landscape with mountains under clouds"),
        ({"city": 0.9, "night": 0.8}, "a city at night"),
        ({"bird": 0.9, "water": 0.8}, "a bird by the water"),
        ({"water": 0.9, "bird": 0.8}, "water with a bird"),
        ({"interior": 0.9}, "an interior"),
        ({"clouds": 0.9}, "a cloudy sky"),
        ({"clouds": 0.8, "sunset": 0.9}, "a cloudy sky at sunset"),
        ({"abstract": 0.9}, "an abstract pattern"),
        ({"city": 0.9, "abstract": 0.6}, "a city"),
        ({"city": 0.6, "building": 0.9}, "a building"),
        ({"toy": 0.9, "person": 0.6}, "a toy figure"),
        ({"unheard-of": 0.9}, ""),
    ],
)
def test_phrases(probabilities, expected):
    assert phrase(probabilities.items()) == expected
