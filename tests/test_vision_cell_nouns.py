"""What covers cells: named where it is certain, and beside a cell that is; silent elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from promptcodec.captioners.regions import regions
from promptcodec.vision import cell_nouns, maps
from promptcodec.vision.heads import shipped


@pytest.fixture(scope="module")
def astronaut():
    from skimage import data

    return Image.fromarray(data.astronaut())


def test_a_face_is_where_it_is(astronaut):
    nouns = np.array(cell_nouns.cell_nouns(maps.look(astronaut), 4, 6)).reshape(4, 6)
    assert "face" in nouns[:2, 2:4]
    assert "hair" in nouns[0, 2:4]
    assert "clothing" in nouns[2:, 2:4]
    assert "face" not in nouns[2:]


@pytest.mark.parametrize("grid", [(1, 1), (1, 8), (8, 1), (8, 8), (2, 3)])
def test_any_grid(astronaut, grid):
    assert len(cell_nouns.cell_nouns(maps.look(astronaut), *grid)) == grid[0] * grid[1]


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (7, 5)])
def test_any_size(astronaut, size):
    assert len(cell_nouns.cell_nouns(maps.look(astronaut.resize(size)), 4, 6)) == 24


def test_nouns_that_tell_nothing_are_never_said():
    head = shipped(cell_nouns.TABLE)
    assert head.least[head.words.index("object")] > 1
    assert (head.low <= head.least).all()


def test_a_cell_is_said_beside_a_sure_one_of_its_noun():
    least, low = np.array([0.8, 0.8]), np.array([0.4, 0.4])
    shares = np.array([[[0.9, 0.1], [0.5, 0.5], [0.3, 0.7]], [[0.6, 0.4], [0.2, 0.8], [0.1, 0.9]]])
    # Sure: three cells. The second of the first row is as the cell to its left, the third as that below it.
    assert cell_nouns.decide(shares, least, low).tolist() == [[0, 0, 1], [0, 1, 1]]
    assert cell_nouns.decide(shares, least, least).tolist() == [[0, -1, -1], [-1, 1, 1]]


def test_means_over_cells_are_those_of_the_map():
    rows = np.arange(12, dtype=np.float32).reshape(1, 4, 3)
    whole = maps.gather((rows,), 1, 1)
    assert whole.reshape(-1) == pytest.approx([rows.mean()])
    # Three columns into two: the middle one is shared.
    halves = maps.gather((rows,), 4, 2)[..., 0]
    assert halves[0] == pytest.approx([1 / 3, 5 / 3])


def test_cells_of_one_noun_hang_together():
    areas = regions(["sky", "sky", "tree", "tree", "", "sky"], 2, 3)
    assert [(each.noun, each.cells) for each in areas] == [("sky", 2), ("tree", 1), ("tree", 1), ("sky", 1)]
    assert areas[0].box == pytest.approx((0, 0, 2 / 3, 1 / 2))
    assert not any(each.is_thing for each in areas)
    assert regions(["tree", "tree", "sky"], 1, 3)[0].is_thing
    # All over the picture it is a surface.
    assert not regions(["tree", "tree"], 1, 2)[0].is_thing
    assert regions(["", ""], 1, 2) == ()
