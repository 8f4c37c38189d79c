"""One reduced copy of a picture, and answers of networks that are remembered by what they see."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import pytest
from PIL import Image

from promptcodec.vision.recall import MOST, recall
from promptcodec.vision.shrunk import LEAST_SIDE, LONGEST, STEP, framed, shrunk
from promptcodec.vision.things import prepare, things

SIZES = [(1, 1), (40, 3000), (384, 300), (767, 512), (768, 512), (769, 513), (2000, 1500)]


def noise(size):
    values = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(values)


@pytest.mark.parametrize("size", SIZES)
def test_a_picture_is_reduced_once(size):
    small = shrunk(noise(size))
    assert max(small.size) < 2 * LONGEST
    assert max(small.size) >= min(LONGEST, max(size))
    assert shrunk(small) is small


def test_it_holds_box_means():
    image = noise((768, 512))
    means = np.asarray(image, np.float64).reshape(256, 2, 384, 2, 3).mean((1, 3))
    assert np.abs(np.asarray(shrunk(image)) - means).max() <= 0.5


@pytest.mark.parametrize("size", SIZES)
def test_networks_see_the_same_of_a_reduced_picture(size):
    image = noise(size)
    frame = framed(image)
    assert frame.tobytes() == framed(shrunk(image)).tobytes()
    assert all(side % STEP == 0 and LEAST_SIDE <= side <= LONGEST for side in frame.size)


def test_the_detector_gets_blocks_of_two_by_two_pixels():
    image = noise((352, 352))
    blocks = prepare(image)
    assert blocks.shape == (1, 176, 176, 12)
    order = np.arange(352) // 2, np.arange(352) % 2
    shown = blocks[0].reshape(176, 176, 2, 2, 3)[order[0][:, None], order[0], order[1][:, None], order[1]]
    # The bytes of each colour keep their order.
    for band in range(3):
        own, seen = np.asarray(image)[..., band].reshape(-1), shown[..., band].reshape(-1)
        assert (np.diff(seen[np.argsort(own, kind="stable")].astype(int)) >= 0).all()


def test_answers_are_remembered_by_pixels_and_shape():
    known, asked = OrderedDict(), []

    def answer(pixels):
        return recall(known, pixels, lambda: asked.append(pixels.shape) or len(asked))

    flat = np.zeros((4, 6), np.uint8)
    assert answer(flat) == answer(flat.copy()) == 1
    assert answer(flat.reshape(6, 4)) == 2
    for value in range(1, MOST + 1):
        answer(np.full((4, 6), value, np.uint8))
    assert len(known) == MOST
    assert answer(flat) == len(asked)


def test_things_of_any_shape_lie_in_the_picture():
    for size in ((1, 1), (300, 20), (64, 900)):
        for thing in things(noise(size)):
            assert all(0 <= side <= 1 for side in thing.box)
