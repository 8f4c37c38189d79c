"""The local captioner: words a person agrees with, the same in every process, for any picture."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from promptcodec.captioners.local import create
from promptcodec.captioners.raster import INVISIBLE, measure_fills
from promptcodec.captioners.scene import Scene
from promptcodec.captioners.sentence import sentence
from promptcodec.description import PALETTE, format_text, parse_text, resolve
from promptcodec.description.basic import basic_colour, is_grey
from promptcodec.vision import faces, maps, poses, things
from promptcodec.vision.colour import cell_colours, ciede2000, to_srgb
from tests.work import lines_run


def picture(array):
    return Image.fromarray(np.asarray(array, np.uint8))


def describe(array, rows=1, cols=1):
    image = array if isinstance(array, Image.Image) else picture(array)
    return create({}).describe(image, rows=rows, cols=cols)


def lines(description):
    """Give the cell lines of the canonical text without their positions."""
    text = format_text(description).split("\n")
    return [line.partition(" ")[2] for line in text if line[0] == "r" and line[1].isdigit()]


def halves(first, second, axis):
    array = np.full((64, 64, 3), PALETTE[first])
    array[(slice(32, None), slice(None)) if axis == 0 else (slice(None), slice(32, None))] = PALETTE[second]
    return array


@pytest.fixture(scope="module")
def astronaut():
    data = pytest.importorskip("skimage.data")
    return Image.fromarray(data.astronaut())


def test_the_astronaut_wears_orange_not_brown(astronaut):
    cells = resolve(describe(astronaut, 8, 8))
    suit = [cells[row * 8 + col] for row, col in ((4, 1), (4, 2), (5, 1), (5, 2), (6, 1), (7, 1))]
    for cell in suit:
        assert "orange" in cell.colours[0]
        assert not any("brown" in name for name in cell.colours)


def test_the_astronaut_looks_like_its_cells(astronaut):
    description = describe(astronaut, 8, 8)
    named = np.array([to_srgb(cell_colours(cell).mean(0)) for cell in resolve(description)])
    means = np.asarray(astronaut.resize((8, 8), Image.Resampling.BOX), np.float32).reshape(-1, 3)
    assert ciede2000(named, means).mean() < 6
    assert parse_text(format_text(description)) == description


@pytest.mark.parametrize(("axis", "word"), [(0, "over"), (1, "beside")])
def test_halves(axis, word):
    assert lines(describe(halves("sky blue", "brown", axis)))[0].startswith(f"sky blue {word} brown")
    assert lines(describe(halves("brown", "sky blue", axis)))[0].startswith(f"brown {word} sky blue")


def test_a_mixture_names_the_larger_area_first():
    array = np.full((64, 64, 3), PALETTE["teal"])
    array[(np.indices((64, 64)) // 8 % 3 == 0).all(0) | (np.indices((64, 64)) // 8 % 3 == 1).all(0)] = (
        PALETTE["cream"]
    )
    cell = describe(array).cells[0]
    assert (cell.colours, cell.arrangement) == (("teal", "cream"), "with")


def test_a_small_second_colour_is_left_out():
    array = np.full((64, 64, 3), PALETTE["teal"])
    array[:8] = PALETTE["cream"]
    assert describe(array).cells[0].arrangement == ""


def test_a_flat_picture_is_said_once():
    description = describe(np.full((60, 80, 3), PALETTE["sage"]), 2, 3)
    assert lines(description) == ["sage, smooth", "as left", "as left", "as above", "as left", "as left"]
    assert description.summary == "Mostly light green."


def test_a_gradient_continues_with_tone():
    ramp = np.linspace(40, 200, 320)[:, None, None].repeat(40, 1).repeat(3, 2)
    description = describe(ramp, 8, 1)
    written = lines(description)
    assert sum("as above" in line for line in written) >= 5
    assert any("lighter" in line for line in written)
    lightness = [cell_colours(cell)[0, 0] for cell in resolve(description)]
    assert lightness == sorted(lightness)
    assert any("darker" in line for line in lines(describe(ramp[::-1], 8, 1)))


def test_an_invisible_difference_is_not_said():
    array = np.full((32, 64, 3), 120)
    array[:, 32:] = 122
    assert lines(describe(array, 1, 2))[1] == "as left"
    assert INVISIBLE < 0.06


def colours_of(array, rows, cols):
    """Give what is said of a picture in which nothing is known."""
    nothing = Scene("", "", (), "", "", "")
    return sentence(nothing, measure_fills(picture(array), rows, cols), rows, cols, 120)


def test_a_small_vivid_area_stands_out():
    array = np.full((96, 96, 3), PALETTE["sky blue"])
    array[48:] = PALETTE["sand"]
    array[70:96, 70:96] = PALETTE["red"]
    assert colours_of(array, 6, 6) == (
        "Mostly light blue over light brown; a red area stands out at the bottom right."
    )


@pytest.mark.parametrize("name", PALETTE)
def test_a_sentence_has_basic_words_and_is_not_of_greys_alone(name):
    summary = describe(np.full((16, 16, 3), PALETTE[name])).summary
    assert summary == ("" if is_grey(basic_colour(name)) else f"Mostly {basic_colour(name)}.")


@pytest.mark.parametrize(
    ("first", "second", "summary"),
    [
        ("black", "pale grey", ""),
        ("charcoal", "salmon", "Mostly dark grey over pink."),
        ("peach", "light orange", "Mostly light orange."),
        ("mint", "light olive", "Mostly light green."),
        ("espresso", "camel", "Mostly dark brown over light brown."),
    ],
)
def test_a_word_is_said_once_and_greys_only_beside_a_hue(first, second, summary):
    assert colours_of(halves(first, second, 0), 4, 4) == summary


def test_what_stands_out_among_greys_is_said():
    array = np.full((96, 96, 3), PALETTE["grey"])
    array[:24, :24] = PALETTE["salmon"]
    assert colours_of(array, 6, 6) == "Mostly grey; a pink area stands out at the top left."


def test_a_sentence_says_what_matters_most_and_then_what_fits():
    fills = measure_fills(Image.new("RGB", (60, 40), "grey"), 4, 6)
    scene = Scene(
        "two people", "", ("a dog", "a boat", "a tree"), "on a beach", "the sea", "in bright, warm light"
    )
    lengths = {most: sentence(scene, fills, 4, 6, most) for most in (20, 60, 120, 240)}
    assert lengths[20] == "Two people."
    assert lengths[60] == "Two people with a dog, a boat and a tree on a beach."
    assert lengths[240] == (
        "Two people with a dog, a boat and a tree on a beach before the sea in bright, warm light."
    )
    assert all(len(words) <= most + 1 for most, words in lengths.items())


@pytest.mark.parametrize("size", [(1, 1), (1, 8000), (8000, 1), (2, 3), (7, 5)])
@pytest.mark.parametrize("grid", [(1, 1), (8, 8), (1, 8)])
def test_any_size_and_grid(astronaut, size, grid):
    description = describe(astronaut.resize(size), *grid)
    assert parse_text(format_text(description)) == description
    assert all(cell.colours and cell.texture for cell in resolve(description))


def test_resolved_cells_are_near_the_picture_along_chains(astronaut):
    """A chain of continuations is checked against the picture at each link, so it cannot drift."""
    soft = astronaut.resize((6, 6)).resize((256, 256), Image.Resampling.BICUBIC)
    description = describe(soft, 8, 8)
    assert sum(bool(cell.continues) for cell in description.cells) >= 8
    named = np.array([to_srgb(cell_colours(cell).mean(0)) for cell in resolve(description)])
    means = np.asarray(soft.resize((8, 8), Image.Resampling.BOX), np.float32).reshape(-1, 3)
    assert ciede2000(named, means).max() < 16


def test_same_words_in_any_process():
    script = (
        "import numpy as np; from PIL import Image\n"
        "from promptcodec.captioners.local import create\n"
        "from promptcodec.description import format_text\n"
        "y, x = np.mgrid[:120, :160]\n"
        "a = np.stack([x * y % 251, x + y, 255 - (x * 3 + y * y // 9) % 256], -1).astype(np.uint8)\n"
        "print(format_text(create({}).describe(Image.fromarray(a), rows=4, cols=6)))\n"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "4242")
    }
    assert len(texts) == 1
    assert texts.pop().count("\n") > 24


def test_it_is_little_work(astronaut, monkeypatch):
    """The promise is 20 a second on two cores, as ``python -m eval captioner-speed`` measures it."""
    describe(astronaut, 4, 6)  # what is loaded once
    runs = []
    for module in (maps, things, faces, poses):
        monkeypatch.setattr(module, "session", _counting(runs, module.session))
    other = astronaut.rotate(90)
    assert lines_run(lambda: describe(other, 4, 6)) < 40_000
    # Each network looks once, but for bodies: at most a few of these.
    assert sorted(runs)[:3] == ["face-1", "lite0-2", "things-2"]
    assert runs.count("lite0-2") == runs.count("things-2") == runs.count("face-1") == 1


def _counting(runs, session):
    return lambda table: runs.append(table) or session(table)
