"""What a network leaves at its own grid is taken out of a picture, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from promptcodec.generators import lattice
from tests.drawings import drawing

PERIOD = 16


def planes(image: Image.Image):
    return np.ascontiguousarray(np.asarray(image, np.float32).transpose(2, 0, 1))


def rms(values) -> float:
    return float(np.sqrt(np.square(values, dtype=np.float64).mean()))


def smooth(width, height):
    across, down = np.linspace(0, 1, width), np.linspace(0, 1, height)[:, None]
    plane = 60 + 90 * across + 50 * down + 15 * np.sin(3 * across + 2 * down)
    return np.stack([plane, 255 - plane, np.full_like(plane, 90)]).astype(np.float32)


@pytest.mark.parametrize("period", [2, 4, 8, 16])
def test_a_lattice_is_taken_out_of_what_is_smooth(period):
    clean = smooth(20 * PERIOD, 12 * PERIOD)
    pattern = np.random.default_rng(period).normal(0, 2, (3, period, period)).astype(np.float32)
    pattern -= pattern.mean((1, 2), keepdims=True)
    laid = np.tile(pattern, (1, 12 * PERIOD // period, 20 * PERIOD // period))
    picture = clean + laid
    lattice.remove(picture, PERIOD)
    assert rms(picture - clean) < rms(laid) / 8


def test_edges_and_detail_stay():
    clean = planes(drawing((20 * PERIOD, 12 * PERIOD)))
    picture = clean.copy()
    lattice.remove(picture, PERIOD)
    assert rms(picture - clean) < 1.2  # of 255: nobody sees it
    noise = np.random.default_rng(0).normal(128, 30, clean.shape).astype(np.float32)
    picture = noise.copy()
    lattice.remove(picture, PERIOD)
    assert rms(picture - noise) < rms(noise - 128) / 15


def test_a_picture_of_one_period_keeps_its_mean():
    picture = smooth(PERIOD, PERIOD)
    before = picture.mean((1, 2))
    lattice.remove(picture, PERIOD)
    assert picture.mean((1, 2)) == pytest.approx(before, abs=1e-3)
