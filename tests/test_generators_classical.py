"""The classical generator: repeatable, true to the described colours and directions, and quick."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from promptcodec.description import Cell, Description, parse_text
from promptcodec.description.palette import PALETTE
from promptcodec.errors import GeneratorError, UsageError
from promptcodec.generators import Conditions, classical
from promptcodec.generators.builtin import create
from promptcodec.generators.classical import LARGEST, working_size
from promptcodec.generators.noise import ACROSS
from promptcodec.generators.sharpen import sharpen
from promptcodec.vision.colour import ciede2000, to_oklab
from tests.effort import examples

BARN = """photo 3x4
r1c1 light blue, soft
r1c2 as left
r1c3 as left, lighter
r1c4 as left
r2c1 light blue over forest green, rough
r2c2 brick red, rough vertical
r2c3 as left, darker
r2c4 light blue beside forest green, rough
r3c1 grass green, busy
r3c2 grass green with yellow green, busy rising
r3c3: a meadow
r3c4 grass green, grainy falling"""


def draw(size=(96, 64), seed=1, **layers):
    return create({"variant": "classical"}).generate(Conditions(size, seed, **layers))


def pixels(image):
    return np.asarray(image, np.float32)


def difference(image, name):
    """Give the largest CIEDE2000 between a picture and a colour of the palette."""
    picture = pixels(image)
    return ciede2000(picture, np.broadcast_to(np.array(PALETTE[name], np.float32), picture.shape)).max()


def one_cell(cell):
    return Description("photo", 1, 1, (cell,))


def test_profile():
    assert create({"variant": "classical"}).name == "builtin:classical"
    with pytest.raises(UsageError, match="classical"):
        create({"variant": "baroque"})


def test_nothing_to_draw():
    with pytest.raises(GeneratorError):
        draw()


def test_same_pixels_in_any_process():
    code = (
        "import hashlib, sys\n"
        "from promptcodec.description import parse_text\n"
        "from promptcodec.generators import Conditions\n"
        "from promptcodec.generators.builtin import create\n"
        "conditions = Conditions((192, 128), 7, description=parse_text(sys.stdin.read()))\n"
        "draw = create({'variant': 'classical'})\n"
        "print(hashlib.sha256(draw.generate(conditions).tobytes()).hexdigest())\n"
        "assert not {'skimage', 'scipy'} & sys.modules.keys()\n"
    )
    digests = set()
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=BARN,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_another_seed_gives_another_picture():
    description = parse_text(BARN)
    first, second = (draw(seed=seed, description=description) for seed in (1, 2))
    assert first.tobytes() != second.tobytes()
    assert np.abs(pixels(first).mean((0, 1)) - pixels(second).mean((0, 1))).max() < 4


@given(names=st.lists(st.sampled_from(sorted(PALETTE)), min_size=6, max_size=6))
def test_flat_cells_have_their_colours(names):
    cells = tuple(Cell(colours=(name,), texture="smooth") for name in names)
    picture = pixels(draw((96, 64), description=Description("photo", 2, 3, cells)))
    # The middle half of each cell: its rim blends into its neighbours.
    middles = picture.reshape(2, 32, 3, 32, 3)[:, 8:24, :, 8:24].mean((1, 3)).reshape(6, 3)
    assert ciede2000(middles, np.array([PALETTE[name] for name in names], np.float32)).max() < 6


@pytest.mark.parametrize(("words", "name"), [("a dark yellow field", "ochre"), ("Light purple", "lavender")])
def test_basic_words_in_a_text_are_drawn(words, name):
    assert difference(draw(description=one_cell(Cell(text=words))), name) < 12


def test_two_colours_lie_as_arranged():
    for arrangement, first, second in (
        ("over", np.s_[:24], np.s_[40:]),
        ("beside", np.s_[:, :24], np.s_[:, 40:]),
    ):
        picture = pixels(
            draw((64, 64), description=one_cell(Cell(colours=("navy", "cream"), arrangement=arrangement)))
        )
        got = np.stack([picture[first].mean((0, 1)), picture[second].mean((0, 1))])
        assert ciede2000(got, np.array([PALETTE["navy"], PALETTE["cream"]], np.float32)).max() < 6
    mixed = draw((64, 64), description=one_cell(Cell(colours=("navy", "cream"), arrangement="with")))
    assert PALETTE["navy"][0] < pixels(mixed)[..., 0].mean() < PALETTE["cream"][0]
    assert pixels(mixed)[..., 0].std() > 20


def test_a_horizon_is_one_level_line():
    cells = (Cell(colours=("light blue", "navy"), arrangement="over", texture="smooth"),) * 4
    dark = pixels(draw((256, 64), description=Description("photo", 1, 4, cells)))[..., 0] < 70
    line = dark.argmax(axis=0)
    assert line.max() - line.min() <= 2


def test_tone_is_a_step_of_lightness():
    cells = (Cell(colours=("grey",), texture="smooth"), Cell(continues="left", tone="lighter"))
    lightness = to_oklab(pixels(draw((96, 48), description=Description("photo", 1, 2, cells))))[..., 0]
    left, right = lightness[:, :48].mean(), lightness[:, 48:].mean()
    assert 0.05 < right - left < 0.07
    # No seam: the step is a slope.
    assert np.abs(np.diff(lightness.mean(axis=0))).max() < 0.01


def test_colours_unsaid():
    drawn = draw((32, 32), description=one_cell(Cell(text="a Brick red wall", texture="smooth")))
    assert difference(drawn, "brick red") < 2
    cells = (Cell(colours=("teal",), texture="smooth"), Cell(text="a thing", texture="smooth"))
    beside = draw((64, 32), description=Description("photo", 1, 2, cells))
    assert difference(beside, "teal") < 2


@pytest.mark.parametrize("orientation", ACROSS)
@pytest.mark.parametrize("texture", ["grainy", "rough", "busy"])
def test_lines_run_as_described(orientation, texture):
    cell = Cell(colours=("grey",), texture=texture, orientation=orientation)
    luma = pixels(draw((192, 192), description=one_cell(cell)))[..., 1]
    down, right = np.gradient(luma)
    tensor = np.array([[(right**2).mean(), (right * down).mean()], [(right * down).mean(), (down**2).mean()]])
    values, vectors = np.linalg.eigh(tensor)
    assert values[1] > 2.5 * values[0]
    assert abs(vectors[:, 1] @ np.array(ACROSS[orientation])) > np.cos(np.radians(12))


def test_classes_go_from_even_to_detailed():
    spread = [
        pixels(draw((192, 128), description=one_cell(Cell(colours=("grey",), texture=texture)))).std()
        for texture in ("smooth", "soft", "grainy", "rough", "busy")
    ]
    assert spread == sorted(spread)
    assert spread[0] < 1
    assert spread[-1] < 20


def colour_map():
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (6, 9, 3), np.uint8)).resize(
        (288, 192), Image.Resampling.BICUBIC
    )


def test_a_colour_map_keeps_its_colours():
    texture = colour_map()
    for description in (None, parse_text(BARN)):
        picture = draw(texture.size, texture=texture, description=description)
        regions = [pixels(image.resize((6, 4), Image.Resampling.BOX)) for image in (texture, picture)]
        assert ciede2000(*regions).max() < 3


def test_sharpening_steepens_edges():
    ramp = np.clip((np.arange(256, dtype=np.float32) - 112) / 32, 0, 1)
    picture = np.repeat(np.repeat(ramp[None, :, None], 64, 0), 3, 2) * 0.5
    steep = np.abs(np.diff(sharpen(picture)[..., 0], axis=1)).max()
    assert steep > 1.4 * np.abs(np.diff(picture[..., 0], axis=1)).max()


def test_texture_only_where_described():
    texture = Image.new("RGB", (192, 96), (120, 130, 140))
    cells = (Cell(text="sky"), Cell(text="gravel", texture="rough"))
    picture = pixels(draw(texture.size, texture=texture, description=Description("photo", 1, 2, cells)))
    assert picture[:, :48].std(axis=(0, 1)).max() < 0.01
    assert picture[:, 144:].std(axis=(0, 1)).min() > 2


def test_contours_are_dark():
    structure = Image.new("L", (96, 64), 0)
    structure.paste(255, (40, 0, 48, 64))
    for layers in ({}, {"texture": Image.new("RGB", (96, 64), "white")}, {"description": parse_text(BARN)}):
        picture = pixels(draw(structure=structure, **layers))
        without = pixels(draw(**layers)) if layers else np.full_like(picture, 240)
        assert (without - picture)[:, 43:45].mean() > 15
        assert np.abs(without - picture)[:, :30].mean() < 8


def test_pixels_are_the_picture():
    picture = colour_map()
    shown = draw(picture.size, pixels=picture, description=parse_text(BARN), texture=picture)
    assert shown.tobytes() == picture.tobytes()


@given(width=st.integers(1, 300), height=st.integers(1, 300), seed=st.integers(0, 2**32 - 1))
@examples(0.4)
def test_any_size(width, height, seed):
    picture = draw((width, height), seed, description=parse_text(BARN))
    assert picture.mode == "RGB"
    assert picture.size == (width, height)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 2), (2600, 2048)])
def test_extreme_sizes(size):
    layers = {"texture": Image.new("RGB", size, "red"), "structure": Image.new("L", size, 255)}
    assert draw(size, description=parse_text(BARN)).size == size
    assert draw(size, **layers).size == size
    assert max(working_size(size)) <= LARGEST


def test_a_second_is_enough(monkeypatch):
    """What takes time is noise filtered over the whole picture: once a style, however many cells have it."""
    areas, whole = [], classical.band
    monkeypatch.setattr(
        classical, "band", lambda noise, *how: areas.append(noise.height * noise.width) or whole(noise, *how)
    )
    orientations = ("", *ACROSS)
    fields = []
    for rows in (1, 8):
        areas.clear()
        cells = tuple(
            Cell(colours=("navy", "tan"), arrangement="with", texture="busy", orientation=orientations[n % 5])
            for n in range(8 * rows)
        )
        draw((768, 512), description=Description("photo", rows, 8, cells))
        fields.append(len(areas))
    assert fields[0] == fields[1] < 30
    assert max(areas) <= 768 * 512
