"""Checks: colours in their places, letters, and the calibrated score."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont, ImageOps

from promptcodec import check, encode, models
from promptcodec.checks import run
from promptcodec.checks.lettering import create as create_lettering
from promptcodec.checks.lettering import likeness
from promptcodec.checks.places import compare_places
from promptcodec.checks.score import Calibration, shipped
from promptcodec.decoding import conditions
from promptcodec.description import parse_text
from promptcodec.errors import UsageError
from promptcodec.generators import Conditions


def grid(seed=0, rows=4, cols=6):
    return np.random.default_rng(seed).uniform(0, 255, (rows, cols, 3)).astype(np.float32)


def close(expected, shown):
    return {field.name.removeprefix("x "): field.closeness for field in compare_places("x", expected, shown)}


def test_a_picture_like_its_description_beats_every_change_of_it():
    expected = grid()
    same = close(expected, np.clip(expected * 0.8 + 20 + grid(1) * 0.1, 0, 255))  # paler, with noise
    for shown in (expected[:, ::-1], expected[::-1], np.roll(expected, 2, axis=1), grid(2)):
        other = close(expected, shown)
        for name in ("against other places", "colour by place"):
            assert same[name] > other[name] + 0.1
    assert close(expected, expected[:, ::-1])["against its mirror"] < 0.1
    hues = close(expected, expected[:, :, [1, 2, 0]])
    assert hues["colour by place"] < 0.3 < same["colour by place"]


def test_what_has_no_layout_is_not_compared_by_layout():
    flat = np.full((4, 4, 3), 90, np.float32)
    assert set(close(flat, grid(1, 4, 4))) == {"worst places"}
    silent = np.full((4, 4, 3), np.nan, np.float32)
    silent[0, 0] = 10
    assert close(silent, flat) == {}
    grey = np.repeat(grid(3)[:, :, :1], 3, axis=2)
    assert close(grey, grey)["colour by place"] is None


@given(st.integers(0, 1000), st.integers(1, 8), st.integers(1, 8))
def test_closeness_is_within_bounds(seed, rows, cols):
    values = close(grid(seed, rows, cols), grid(seed + 1, rows, cols)).values()
    assert all(value is None or 0 <= value <= 1 for value in values)


@pytest.mark.parametrize(
    "change",
    [
        ImageOps.mirror,
        ImageOps.flip,
        lambda image: Image.merge("RGB", image.split()[1:] + image.split()[:1]),
        lambda image: Image.fromarray(np.roll(np.asarray(image), 90, axis=1)),
    ],
    ids=["mirrored", "upside down", "wrong colours", "moved"],
)
def test_changed_pictures_fail_their_own_description(scene, change):
    stream = encode(scene, layers=("semantic",), budget=100)
    assert check(stream, scene).verdict == "pass"
    assert check(stream, change(scene)).verdict == "fail"


def test_the_score_never_falls_where_a_field_agrees_better():
    calibration = shipped()
    assert 0 < calibration.threshold < 1
    base = dict.fromkeys(calibration.weights, 0.4)
    for name in calibration.weights:
        assert calibration.score(base | {name: 0.9}) >= calibration.score(base)
    assert calibration.score({"something else": 1.0}) is None
    assert Calibration({"a": (2.0, 0.5)}, 0.0, 0.5).score({"a": 0.5}) == 0.5


def test_the_error_rates_are_shipped_with_the_threshold():
    wrong = json.loads(models.load("checks-1"))["wrong"]
    assert set(wrong) == {"fit", "test"}
    for setting in wrong["test"].values():
        assert {"decoded", "original", "other image", "mirrored", "other object"} <= set(setting)
        assert all(0 <= rate <= 1 for rate in setting.values())


def test_letters_are_compared_without_case_and_spaces():
    assert likeness("OPEN daily", "we are open Daily!") == 1
    assert likeness("OPEN", "zoo pen") > 0.5
    assert likeness("CLOSED", "open") == 0
    assert likeness("A", "banana") == 1
    assert likeness("!?", "") == 1


def test_letters_in_the_picture_are_read():
    pytest.importorskip("rapidocr", reason="needs the extra ocr")
    image = Image.new("RGB", (512, 256), "white")
    ImageDraw.Draw(image).text((40, 80), "OPEN DAILY", fill="black", font=ImageFont.load_default(60))
    for text, least, most in (("OPEN DAILY", 0.9, 1), ("CLOSED", 0, 0.3)):
        description = parse_text(f"graphic 1x1\nr1c1 white\nlettering r1c1:r1c1 black: {text}")
        (field,) = create_lettering({}).compare(Conditions(image.size, 1, description), image)
        assert least <= field.closeness <= most


def test_a_check_without_calibration_stands_beside_the_score(scene):
    class Says:
        def __init__(self, name, closeness):
            self.name, self.closeness = name, closeness

        def compare(self, conditions, image):
            from promptcodec.checks import Field

            return [Field(self.name, "semantics", "yes", "no", self.closeness)]

    wanted = conditions(encode(scene, layers=("semantic",)))
    assert run([Says("other", 0.25)], wanted, scene).score == 0.25
    with pytest.raises(UsageError):
        run([Says("other", None)], wanted, scene)
