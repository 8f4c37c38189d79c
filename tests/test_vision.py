"""Measurements of cells: colours and their names, textures and the way their lines run, style."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from promptcodec.description import PALETTE, ResolvedCell
from promptcodec.description.model import TEXTURES
from promptcodec.description.palette import TONE_STEP
from promptcodec.vision.cells import cut, two_colours
from promptcodec.vision.colour import (
    cell_colours,
    ciede2000,
    colour_distance,
    nearest_names,
    palette_oklab,
    to_oklab,
    to_srgb,
)
from promptcodec.vision.texture import measure_texture, texture_words


def best_words(texture):
    return [choices[0] for choices in texture_words(texture)]


def picture(array):
    return Image.fromarray(np.asarray(array, np.uint8))


def stripes(period, down, right, size=192):
    ys, xs = np.mgrid[:size, :size]
    value = 128 + 90 * np.sin(2 * np.pi * (down * ys + right * xs) / period)
    return picture(np.repeat(value[..., None], 3, 2))


def noise(size=48):
    # A fixed pattern without a generator whose stream might change between versions.
    index = np.arange(size * size, dtype=np.uint64) * np.uint64(2654435761)
    value = ((index ^ (index >> np.uint64(13))) * np.uint64(2246822519) >> np.uint64(20)) & np.uint64(255)
    return picture(np.repeat(value.reshape(size, size, 1), 3, 2))


def test_palette_names_name_themselves():
    assert nearest_names(palette_oklab()) == list(PALETTE)


def test_palette_runs_from_black_through_the_greys():
    values = to_oklab(np.array(list(PALETTE.values())[:12], np.uint8))
    assert (np.diff(values[:, 0]) > 0).all()
    assert np.hypot(values[:, 1], values[:, 2]).max() < 0.02


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((0, 0, 0), "black"),
        ((255, 255, 255), "white"),
        ((128, 128, 128), "grey"),
        ((224, 112, 80), "dusty orange"),
        ((250, 120, 10), "orange"),
        ((120, 80, 50), "brown"),
        ((135, 190, 235), "sky blue"),
        ((200, 30, 40), "red"),
        ((30, 34, 60), "navy"),
        ((105, 95, 142), "greyish purple"),
    ],
)
def test_a_person_would_agree_with_the_name(rgb, name):
    nearest = nearest_names(to_oklab(np.array([rgb], np.uint8)))[0]
    assert nearest == name or (name == "grey" and nearest.endswith("grey"))


def test_any_colour_has_a_name_close_by():
    steps = np.linspace(0, 255, 9)
    colours = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(-1, 3).astype(np.float32)
    named = np.array([PALETTE[name] for name in nearest_names(to_oklab(colours))], np.float32)
    assert ciede2000(colours, named).mean() < 9


def test_oklab_round_trip():
    colours = np.array([[0, 0, 0], [255, 255, 255], [224, 112, 80], [12, 200, 33]], np.uint8)
    np.testing.assert_allclose(to_srgb(to_oklab(colours)), colours, atol=0.1)


def test_cell_colours_apply_the_tone_and_stay_in_range():
    grey = cell_colours(ResolvedCell(colours=("grey",)))
    lighter = cell_colours(ResolvedCell(2, ("grey",)))
    np.testing.assert_allclose(lighter - grey, [[2 * TONE_STEP, 0, 0]], atol=1e-6)
    assert cell_colours(ResolvedCell(30, ("white", "black"), "with"))[:, 0].max() <= 1
    assert cell_colours(ResolvedCell()).shape == (0, 3)
    np.testing.assert_array_equal(palette_oklab(), to_oklab(np.array(list(PALETTE.values()), np.float32)))


def test_cut_keeps_raster_order_and_means():
    image = picture(np.arange(4 * 6).reshape(4, 6, 1).repeat(3, 2))
    cells = cut(image, 2, 3, 2, 2)
    assert cells.shape == (6, 2, 2, 3)
    assert cells[1, :, :, 0].tolist() == [[2, 3], [8, 9]]
    assert cut(image.convert("L"), 2, 3, 1, 1)[:, 0, 0].tolist() == [4, 6, 8, 16, 18, 20]


def test_two_colours_finds_areas_places_and_order():
    array = np.zeros((16, 16, 3))
    array[:] = (200, 30, 40)
    array[:, :5] = (30, 90, 200)
    colours = two_colours(to_oklab(cut(picture(array), 1, 1, 16, 16)))
    np.testing.assert_allclose(colours.shares, [[11 / 16, 5 / 16]])
    np.testing.assert_allclose(colours.offsets, [[0, -0.5]], atol=1e-6)
    expected = to_oklab(np.array([(200, 30, 40), (30, 90, 200)], np.uint8))
    assert colour_distance(colours.centres[0], expected).max() < 1e-3


def test_two_colours_of_one_colour():
    colours = two_colours(to_oklab(np.full((3, 4, 4, 3), 77, np.uint8)))
    assert colours.shares.tolist() == [[1, 0]] * 3
    np.testing.assert_allclose(colours.centres[:, 0], colours.centres[:, 1], atol=1e-6)


@pytest.mark.parametrize(
    ("down", "right", "orientation"),
    [(1, 0, "horizontal"), (0, 1, "vertical"), (0.7, 0.7, "rising"), (0.7, -0.7, "falling")],
)
@pytest.mark.parametrize("grid", [(1, 1), (3, 2)])
def test_stripes_have_the_orientation_of_their_lines(down, right, orientation, grid):
    words = best_words(measure_texture(stripes(14, down, right), *grid))
    assert [word[1] for word in words] == [orientation] * len(words)


def test_detail_grows_from_flat_to_noise():
    flat = picture(np.full((96, 96, 3), 90))
    assert best_words(measure_texture(flat, 1, 1)) == [("smooth", "")]
    assert best_words(measure_texture(noise(), 1, 1)) == [("busy", "")]
    grey = Image.new("RGB", (48, 48), (128, 128, 128))
    names = [
        best_words(measure_texture(Image.blend(noise(), grey, share), 1, 1))[0][0]
        for share in (1, 0.9, 0.8, 0.7, 0)
    ]
    assert names == list(TEXTURES)
    assert best_words(measure_texture(stripes(170, 1, 0), 1, 1)) == [("soft", "horizontal")]


def test_one_edge_is_not_a_busy_texture():
    array = np.zeros((96, 96, 3))
    array[48:] = 255
    assert best_words(measure_texture(picture(array), 1, 1))[0][0] in {"smooth", "soft"}


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 2)])
def test_textures_of_any_size(size):
    image = stripes(14, 1, 0).resize(size)
    assert len(best_words(measure_texture(image, 8, 8))) == 64
