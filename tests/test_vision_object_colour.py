"""The colour of an object: not that of the ground its box has too, and none where it is not sure."""

import numpy as np
import pytest
from PIL import Image

from promptcodec.description import PALETTE
from promptcodec.vision.colour import nearest_names
from promptcodec.vision.object_colour import object_colour

BOX = (0.25, 0.25, 0.75, 0.75)


def disc(ground, thing, radius):
    """Draw a disc in the middle of a ground, 96 pixels square."""
    array = np.full((96, 96, 3), PALETTE[ground], np.uint8)
    down, right = np.indices((96, 96)) - 47.5
    array[down**2 + right**2 < radius**2] = PALETTE[thing]
    return Image.fromarray(array)


@pytest.mark.parametrize(
    ("ground", "thing"), [("blue", "brown"), ("green", "white"), ("black", "red"), ("sky blue", "black")]
)
@pytest.mark.parametrize("radius", [14, 22])
def test_the_thing_not_its_ground(ground, thing, radius):
    """The smaller disc is about a quarter of its box."""
    colour = object_colour(disc(ground, thing, radius), BOX)
    assert nearest_names(colour[None]) == [thing]


def test_silence_where_it_is_not_sure():
    assert object_colour(disc("green", "green", 14), BOX) is None  # nothing there
    assert object_colour(disc("green", "grass green", 14), BOX) is None  # like its ground
    assert object_colour(disc("green", "white", 5), BOX) is None  # little of it


def test_a_thing_that_is_everywhere_is_not_sure():
    """A box in a field of flowers: the ground and the flowers are around it as well."""
    array = np.full((96, 96, 3), PALETTE["green"], np.uint8)
    array[(np.indices((96, 96)) // 8).sum(0) % 2 == 0] = PALETTE["yellow"]
    assert object_colour(Image.fromarray(array), BOX) is None


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 2)])
@pytest.mark.parametrize("box", [BOX, (0.0, 0.1, 1.0, 0.9), (0.05, 0.05, 0.93, 0.93)])
def test_any_size(size, box):
    object_colour(disc("blue", "brown", 20).resize(size), box)
