"""The description: canonical text and JSON round trips, and errors that say where."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec.description import (
    PALETTE,
    SCHEMA,
    Box,
    Cell,
    Description,
    Lettering,
    SceneObject,
    clean,
    format_text,
    from_json,
    parse_text,
    resolve,
    to_json,
)
from promptcodec.description.model import ARRANGEMENTS, ORIENTATIONS, TEXTURES, TONES
from promptcodec.errors import DescriptionError
from tests.effort import examples

words = st.text(max_size=40).map(clean)
some_words = words.filter(bool)


def without(char):
    return some_words.map(lambda text: clean(text.replace(char, ""))).filter(bool)


@st.composite
def cells(draw, row, col):
    continues = draw(st.sampled_from([""] + (["left"] if col else []) + (["above"] if row else [])))
    colours = draw(st.lists(st.sampled_from(sorted(PALETTE)), max_size=2))
    texture = draw(st.sampled_from(("", *TEXTURES)))
    text = draw(words if continues or colours else some_words)
    return Cell(
        continues,
        draw(st.sampled_from(("", *TONES))) if continues else "",
        tuple(colours),
        draw(st.sampled_from(ARRANGEMENTS)) if len(colours) == 2 else "",
        texture,
        draw(st.sampled_from(("", *ORIENTATIONS))) if texture else "",
        text,
    )


@st.composite
def descriptions(draw):
    rows, cols = draw(st.integers(1, 8)), draw(st.integers(1, 8))

    def box():
        top, bottom = sorted(draw(st.tuples(st.integers(1, rows), st.integers(1, rows))))
        left, right = sorted(draw(st.tuples(st.integers(1, cols), st.integers(1, cols))))
        return Box(top, left, bottom, right)

    return Description(
        draw(some_words),
        rows,
        cols,
        tuple(draw(cells(index // cols, index % cols)) for index in range(rows * cols)),
        draw(words),
        draw(words),
        draw(words),
        tuple(
            SceneObject(draw(without(",")), box(), tuple(draw(st.lists(without(","), max_size=2))))
            for _ in range(draw(st.integers(0, 2)))
        ),
        tuple(
            Lettering(draw(some_words), box(), draw(words.map(lambda t: clean(t.replace(":", "")))))
            for _ in range(draw(st.integers(0, 2)))
        ),
    )


@given(descriptions())
def test_text_round_trip(description):
    text = format_text(description)
    assert parse_text(text) == description
    assert format_text(parse_text(text + "\n")) == text


@given(descriptions())
def test_json_round_trip_satisfies_the_schema(description):
    value = json.loads(json.dumps(to_json(description)))
    jsonschema.validate(value, SCHEMA)
    assert from_json(value) == description


@given(descriptions())
def test_resolve_fills_colours_along_chains(description):
    resolved = resolve(description)
    assert len(resolved) == len(description.cells)
    for cell, full in zip(description.cells, resolved, strict=True):
        assert full.text == cell.text or (cell.continues and not cell.text)
        if cell.colours:
            assert full.colours == cell.colours
        if cell.texture:
            assert (full.texture, full.orientation) == (cell.texture, cell.orientation)


@examples(4)
@given(st.text(max_size=200))
def test_any_text_parses_or_says_where(text):
    try:
        parse_text(text)
    except DescriptionError as error:
        assert error.line >= 1
        assert error.column >= 1


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("", 1, 1, "medium and a grid"),
        ("photo 9x1", 1, 1, "1 to 8"),
        ("photo 1x2\nr1c1 grey", 3, 1, "r1c2"),
        ("photo 1x1\nr1c1 greyy, smooth", 2, 6, "'greyy'"),
        ("photo 1x1\nr1c1 grey, smooth sideways", 2, 5, "'sideways'"),
        ("photo 1x1\nr1c1 smooth, grey", 2, 14, "out of place"),
        ("photo 1x1\nr1c1 as left", 2, 5, "no such cell"),
        ("photo 1x1\nsummary: a\tb\nr1c1 grey", 2, 10, "control characters"),
        ("photo 1x1\nr1c1 grey\nobject r1c1:r2c1 barn", 3, 1, "not inside"),
        ("photo 1x1\nr1c1 grey\nhello", 3, 1, "after the cells"),
        ("photo 1x1\nr1c1 grey: ", 2, 12, "words behind"),
        ("photo 1x1\nr1c1 grey\nlettering r1c1:r1c1 : OPEN", 3, 1, "words after the box"),
    ],
)
def test_errors_say_line_and_column(text, line, column, says):
    with pytest.raises(DescriptionError, match=says) as caught:
        parse_text(text)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize("change", [{"rows": "2"}, {"cells": []}, {"extra": 1}, {"style": {"light": ""}}])
def test_json_that_breaks_the_schema_is_refused(change):
    value = to_json(parse_text("photo 1x1\nr1c1 grey")) | change
    with pytest.raises(DescriptionError):
        from_json(value)


def test_resolve_sums_tones_and_inherits():
    description = parse_text(
        "photo 1x4\nr1c1 sky blue over white, soft horizontal: sky\nr1c2 as left, lighter\n"
        "r1c3 as left, lighter, rough: a cloud\nr1c4 as left, darker, teal"
    )
    second, third, fourth = resolve(description)[1:]
    assert (second.tone, second.colours, second.orientation) == (1, ("sky blue", "white"), "horizontal")
    assert (third.tone, third.texture, third.orientation) == (2, "rough", "")
    assert [cell.text for cell in (second, third, fourth)] == ["sky", "a cloud", "a cloud"]
    assert (fourth.tone, fourth.colours, fourth.arrangement) == (-1, ("teal",), "")


def test_palette_is_large_and_unambiguous_in_text():
    assert len(PALETTE) >= 96
    for name in PALETTE:
        assert not {",", ":"} & set(name)
        assert not any(f" {word} " in f" {name} " for word in ARRANGEMENTS)
        assert name.partition(" ")[0] not in TEXTURES
