"""Basic colour words: one for every palette name, true to its values, and understood in texts."""

import itertools

import numpy as np
import pytest

from promptcodec.description.basic import (
    BASIC,
    GREYS,
    basic_colour,
    is_grey,
    names_in,
    palette_name,
    rename_colours,
)
from promptcodec.description.palette import PALETTE
from promptcodec.vision.colour import palette_oklab

HUES = {
    "red": (8, 30),
    "orange": (34, 72),
    "brown": (28, 96),
    "yellow": (82, 110),
    "green": (102, 190),
    "blue": (191, 272),
    "purple": (278, 330),
    "pink": (345, 395),
}
"""Hue in Oklab, in degrees; the ends touch where lightness and chroma part two words."""


def values():
    """Give name, basic words, lightness, chroma and hue of the whole palette."""
    for name, (lightness, a, b) in zip(PALETTE, palette_oklab(), strict=True):
        yield name, basic_colour(name), lightness, np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360


def test_every_palette_name_has_basic_words():
    for name in PALETTE:
        *shade, word = basic_colour(name).split()
        assert word in BASIC
        assert shade in ([], ["light"], ["dark"])
        assert not shade or word not in ("black", "white")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("camel", "light brown"),
        ("navy", "dark blue"),
        ("salmon", "pink"),
        ("espresso", "dark brown"),
        ("off white", "white"),
        ("gold", "yellow"),
        ("stone", "light grey"),
    ],
)
def test_basic_words(name, words):
    assert basic_colour(name) == words


def test_basic_words_are_their_own():
    """A basic word of the palette stands for itself, and so does a word that basic words are read as."""
    for words in {basic_colour(name) for name in PALETTE}:
        assert basic_colour(palette_name(words)) == words


def test_values_are_of_the_hue():
    for name, words, _, chroma, hue in values():
        if is_grey(words):
            assert chroma < 0.035, name
            continue
        low, high = HUES[words.split()[-1]]
        assert low <= hue <= high or low <= hue + 360 <= high, (name, words, hue)
        assert chroma > 0.02, name


def test_light_is_lighter_than_dark():
    for word in set(BASIC) - {"black", "white"}:
        spans = {
            shade: [lightness for _, words, lightness, _, _ in values() if words == f"{shade}{word}"]
            for shade in ("dark ", "", "light ")
        }
        for darker, lighter in itertools.combinations([span for span in spans.values() if span], 2):
            assert np.mean(darker) < np.mean(lighter), word
    greys = {
        shade: [lightness for _, words, lightness, _, _ in values() if words == f"{shade}grey"]
        for shade in ("dark ", "", "light ")
    }
    assert max(greys["dark "]) < min(greys[""]) < max(greys[""]) < min(greys["light "])


def test_texts_may_speak_of_any_colour():
    for words in {basic_colour(name) for name in PALETTE} | {"light red"}:
        (name,) = names_in(f"a {words} boat")
        assert name in PALETTE
        assert basic_colour(name).split()[-1] == words.split()[-1] or words == "light red"
    assert names_in("A Dark Yellow field under camel and dark red") == ["ochre", "camel", "dark red"]
    assert names_in("a salmon, a redder one") == ["salmon"]
    assert palette_name("octarine") == ""


def test_a_shade_is_renamed_as_a_whole():
    others = {"brown": "red", "light brown": "blue"}
    assert rename_colours("Light brown over brown, dark brown", others) == "blue over red, dark brown"
    assert GREYS == ("black", "white", "grey")
