"""Words taken out of a text take the joints with them that would stand alone; losses are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec import edit, encode, inspect
from promptcodec.description import parse_text
from promptcodec.edit.recipe import replaced
from promptcodec.edit.take_out import take_out
from promptcodec.errors import UsageError
from promptcodec.recipe import Platform, Recipe, Settings

WORDS = parse_text(
    "photo 1x2\nsummary: A meadow with a barn, the sky and clouds.\nmood: calm\n"
    "r1c1 green\nr1c2 sky blue: sky"
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("A meadow with water, the sky and clouds.", "A meadow with water and clouds."),
        ("The sky and clouds.", "Clouds."),
        ("A bird in the sky.", "A bird."),
        ("Water and the sky.", "Water."),
        ("barn, trees, the sky, and clouds", "barn, trees and clouds"),
        ("the blue sky wall", "the blue wall"),
        ("tree, (sky:1.2), barn", "tree, barn"),
        ("sky, clouds", "clouds"),
        ("SKY", ""),
        ("the sky.", ""),
        ("a skyline", "a skyline"),
    ],
)
def test_joints_go_with_the_words(text, left):
    assert take_out(text, "sky") == left


@given(st.text("ab ,.\n", max_size=30))
def test_what_does_not_say_it_stays(text):
    assert take_out(text, "sky") == text


def description_of(data):
    return inspect(data)["description"]


def warned(data, *edits):
    edited = edit.apply(data, [edit.Edit(name, arguments) for name, *arguments in map(list, edits)])
    return edited.data, " ".join(map(str, edited.warnings))


@pytest.fixture(scope="module")
def stream(scene):
    return encode(scene, layers=("semantic",), description=WORDS)


def test_an_empty_replacement_tells_what_is_left(stream):
    data, notices = warned(stream, ("replace", "sky", ""))
    assert description_of(data)["summary"] == "A meadow with a barn and clouds."
    assert "the summary now says 'A meadow with a barn and clouds.'" in notices


def test_a_colour_that_no_words_can_hold_is_told(stream):
    data, notices = warned(stream, ("replace", "green", "autumn orange"))
    (kept,) = description_of(data)["cells"][0]["colours"]
    assert f"no words say 'green' here, so of 'autumn orange' the colour alone is kept: {kept}" in notices
    data, notices = warned(stream, ("recolour", "r1c1", "autumn orange"))
    assert description_of(data)["cells"][0]["colours"] == ["orange"]
    assert "'autumn orange' is no colour of the palette: orange was taken" in notices
    for exact in (("replace", "green", "orange"), ("recolour", "r1c1", "orange")):
        assert "palette" not in warned(stream, exact)[1]
        assert "alone is kept" not in warned(stream, exact)[1]


def test_words_that_are_too_long_are_told(stream):
    data, notices = warned(stream, ("style", "calm " * 1000))
    assert len(description_of(data)["style"]["mood"]) <= 4000
    assert "of the words the first 4000 characters were kept" in notices


def test_a_style_is_one_of_three(stream):
    with pytest.raises(UsageError, match="a style has no 'foo'; write one of summary, light, mood"):
        edit.style(stream, "foo: bar")
    assert description_of(edit.style(stream, "Light:dim"))["style"]["light"] == "dim"
    assert description_of(edit.style(stream, "mood: still: grey"))["style"]["mood"] == "still: grey"


def test_a_prompt_loses_its_commas_too():
    recipe = Recipe(
        Platform("a1111-webui"), settings=Settings(prompt="tree, (sky:1.2), <lora:sky:0.6>, barn")
    )
    assert replaced(recipe, "sky", "").settings.prompt == "tree, <lora:sky:0.6>, barn"
