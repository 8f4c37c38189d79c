"""Letters in pictures: lines joined, ordered and placed; and read, where the extra is installed."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from eval import written
from eval.measure.lettering import Reading, compare, kept, words_of
from promptcodec import encode, inspect
from promptcodec.captioners.lettering import MOST, PIECES, lettering
from promptcodec.captioners.local import LocalCaptioner, create
from promptcodec.captioners.observation import covered
from promptcodec.cli.report import warn_of_unread
from promptcodec.describing import describe_full
from promptcodec.description import Box, Lettering, parse_text
from promptcodec.encoding import encode_full
from promptcodec.settings import EncodeSettings
from promptcodec.vision import letters
from promptcodec.vision.letters import Line, is_sure


def line(text, left, top, right, bottom):
    return Line(text, (left, top, right, bottom), 0.99)


def texts(lines, aspect=1.0):
    return [item.text for item in lettering(lines, 4, 4, aspect)]


def test_lines_below_each_other_are_one_block_whatever_their_order():
    block = [
        line("daily", 0.5, 0.2, 0.7, 0.25),
        line("from nine", 0.1, 0.27, 0.4, 0.32),
        line("Open", 0.1, 0.2, 0.45, 0.25),
    ]
    assert texts(block) == texts(block[::-1]) == ["Open daily from nine"]


def test_far_lines_and_lines_of_another_size_stand_alone():
    small, title = line("ticket office", 0.1, 0.31, 0.4, 0.34), line("ZOO", 0.1, 0.1, 0.5, 0.3)
    assert texts([small, title]) == ["ZOO", "ticket office"]
    assert texts([line("left", 0, 0.1, 0.2, 0.15), line("right", 0.7, 0.1, 0.9, 0.15)]) == ["left", "right"]
    # The same gap is less than a letter in a high picture.
    assert texts([line("one", 0, 0.4, 0.4, 0.5), line("two", 0.55, 0.4, 0.9, 0.5)], 0.5) == ["one two"]


def test_what_is_as_large_is_said_in_reading_order():
    lines = [
        line(text, 0.1, top, 0.5, top + 0.05)
        for text, top in (("third", 0.8), ("first", 0.1), ("second", 0.5))
    ]
    assert texts(lines) == ["first", "second", "third"]


def test_upright_lines_are_not_joined():
    lines = [line("かき屋", 0.1, 0.1, 0.15, 0.5), line("お好み", 0.16, 0.1, 0.21, 0.5)]
    assert texts(lines) == ["かき屋", "お好み"]


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("know and pursu-", "ing our goals", "know and pursuing our goals"),
        ("1990 -", "today", "1990 - today"),
        ("也遇不到", "的机会", "也遇不到的机会"),
        ("GPT", "又变强了", "GPT 又变强了"),
    ],
)
def test_parted_words_and_scripts_without_spaces(first, second, whole):
    assert texts([line(first, 0.1, 0.1, 0.9, 0.15), line(second, 0.1, 0.16, 0.9, 0.21)]) == [whole]


def test_what_is_repeated_is_said_once():
    lines = [
        line(text, 0.1, top, 0.4, top + 0.05) for text, top in (("EXIT", 0.1), ("Exit", 0.5), ("exit", 0.8))
    ]
    assert texts(lines) == ["EXIT"]


def test_a_page_becomes_its_first_words():
    rows = [line(f"line {n} of a long page of text", 0.1, n / 50, 0.9, n / 50 + 0.015) for n in range(1, 40)]
    (text,) = texts(rows)
    assert MOST - 10 < len(text) <= MOST
    assert text.startswith("line 1 of a long page of text line 2")
    assert set(text.split()) <= {word for row in rows for word in row.text.split()}
    (text,) = texts([line("字" * 300, 0, 0.1, 1, 0.15)])
    assert text == "字" * MOST


def test_what_a_picture_says_is_cleaned():
    assert texts([line("O\u202eP\nEN\x1b ", 0.1, 0.1, 0.5, 0.2)]) == ["OP EN"]
    assert texts([line("\x1b\u2028", 0.1, 0.1, 0.5, 0.2)]) == []


def test_letters_lie_in_the_cells_they_cover_or_where_their_middle_is():
    assert covered((0.3, 0.2, 0.35, 0.24), 4, 6) == Box(1, 2, 1, 2)
    assert covered((0.0, 0.4, 1.0, 1.0), 4, 6) == Box(3, 1, 4, 6)
    assert covered((1.0, 1.0, 1.0, 1.0), 8, 8) == Box(8, 8, 8, 8)
    (item,) = lettering([line("HAY", 0.6, 0.55, 0.9, 0.7)], 2, 2, 1.5)
    assert item == Lettering("HAY", Box(2, 2, 2, 2), "")


fraction = st.floats(0, 1)


@given(
    st.lists(st.tuples(st.text(max_size=40), fraction, fraction, fraction, fraction), max_size=12), fraction
)
def test_any_lines_give_lettering_that_a_description_may_have(marks, aspect):
    lines = [line(text, min(a, b), min(c, d), max(a, b), max(c, d)) for text, a, b, c, d in marks]
    pieces = lettering(lines, 3, 5, aspect + 0.01)
    assert len(pieces) <= PIECES
    assert sum(len(item.text) for item in pieces) <= MOST
    parse = "\n".join(["photo 1x1", "r1c1 red", *(f"lettering r1c1:r1c1: {item.text}" for item in pieces)])
    assert len(parse_text(parse).lettering) == len(pieces)


@pytest.mark.parametrize(
    ("text", "confidence", "sure"),
    [
        ("OPEN", 0.95, True),
        ("OPEN", 0.9, False),
        ("GO", 0.95, False),
        ("GO", 0.99, True),
        ("A", 1, False),
        ("XXXX", 1, False),
        ("★★ 1", 1, False),
    ],
)
def test_a_short_line_must_be_surer_and_one_letter_again_and_again_is_an_ornament(text, confidence, sure):
    assert is_sure(text, confidence) == sure


def test_lines_are_counted_right_wrong_false_or_missed():
    there = ["Open daily", "EXIT", "EXIT", "ticket office"]
    assert compare(["OPEN DAILY!", "exit", "tickel office", "zzz"], there) == Reading(2, 1, 1, 1)
    stored = [Lettering("Open Daily", Box(1, 1, 1, 1))]
    assert kept(words_of(["open daily", "exit"]), stored) == 2
    assert all(len(text) > 1 for lines in written.lettering().values() for text in lines)


@pytest.fixture(scope="module")
def page():
    """A page of text, as the medium knows it."""
    image = Image.new("RGB", (480, 640), "white")
    draw = ImageDraw.Draw(image)
    for row in range(24):
        draw.text(
            (40, 30 + 24 * row),
            "the quick brown fox jumps over the lazy dog",
            "black",
            ImageFont.load_default(17),
        )
    return image


@pytest.fixture
def no_engine(monkeypatch):
    monkeypatch.setattr(letters, "_engine", lambda: None)


def test_without_the_extra_nothing_is_read_and_it_is_known(no_engine, page, astronaut):
    assert describe_full(page, "local", None).description.lettering == ()
    assert describe_full(page, "local", None).unread
    assert not describe_full(astronaut, "local", None).unread
    assert encode_full(page, EncodeSettings(budget=200)).unread
    assert not encode_full(page, EncodeSettings(layers=("signature",))).unread
    described = parse_text("photo 1x1\nr1c1 red")
    assert not encode_full(page, EncodeSettings(description=described)).unread


def test_the_command_line_names_the_extra_once(no_engine, page, cli, tmp_path):
    for name in ("a.png", "b.png"):
        page.save(tmp_path / name)
    wanted = "2 pictures hold text that was not read; pip install 'promptcodec[ocr]' reads it"
    code, out, err = cli(
        "encode", tmp_path / "a.png", tmp_path / "b.png", "-o", tmp_path / "out", "--json", "--jobs", "1"
    )
    assert code == 0
    assert err.count("pip install") == 1
    assert wanted in err
    assert "pip install" not in out
    assert "unread" not in out
    _, out, err = cli("describe", tmp_path / "a.png")
    assert "1 picture holds text" in err
    assert "pip install" not in out


def test_nothing_is_said_where_all_was_read(capsys):
    warn_of_unread(0)
    assert capsys.readouterr() == ("", "")


@pytest.fixture(scope="module")
def sign():
    pytest.importorskip("rapidocr", reason="needs the extra ocr")
    image = Image.new("RGB", (640, 480), "navy")
    draw = ImageDraw.Draw(image)
    draw.text((60, 40), "HARBOUR CAFE", "white", ImageFont.load_default(60))
    draw.text((60, 360), "open daily", "white", ImageFont.load_default(28))
    draw.text((60, 400), "from nine", "white", ImageFont.load_default(28))
    return image


def test_letters_are_read_placed_and_stored(sign):
    read = describe_full(sign, "local", (4, 4))
    assert not read.unread
    assert read.description.lettering == (
        Lettering("HARBOUR CAFE", Box(1, 1, 1, 3)),
        Lettering("open daily from nine", Box(4, 1, 4, 1)),
    )
    stored = inspect(encode(sign, budget=200))["description"]["lettering"]
    assert [item["text"] for item in stored] == ["HARBOUR CAFE", "open daily from nine"]


def test_nothing_is_read_in_noise_or_in_next_to_nothing(sign, astronaut):
    noise = np.random.default_rng(1).integers(0, 255, (300, 400, 3), np.uint8)
    for image in (Image.fromarray(noise), Image.new("RGB", (64, 64), "red"), Image.new("RGB", (1, 900))):
        assert letters.letters(image) == ()
    assert create({}).describe(astronaut, rows=2, cols=2).lettering == ()


def test_a_picture_is_read_once_for_all_grids_and_checks(sign, monkeypatch):
    calls = []
    engine = letters._engine()
    monkeypatch.setattr(letters, "_engine", lambda: lambda pixels: calls.append(1) or engine(pixels))
    other = sign.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    captioner = LocalCaptioner()
    for grid in (2, 3):
        captioner.describe(other, rows=grid, cols=grid)
    letters.read(other.copy())
    assert len(calls) == 1


def test_pictures_of_words_are_read_and_others_are_not(data_folder):
    pytest.importorskip("rapidocr", reason="needs the extra ocr")
    for name, wanted in (("kodim14", "SNOWMASS WHITEWATER"), ("kodim23", "")):
        with Image.open(io.BytesIO((data_folder / "eval" / "kodak" / f"{name}.png").read_bytes())) as image:
            description = create({}).describe(image.convert("RGB"), rows=4, cols=6)
        assert " ".join(item.text for item in description.lettering) == wanted
