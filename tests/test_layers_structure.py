"""The structure layer: contours within budget, edge maps within a pixel, poses within a grid step."""

import hashlib
import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from skimage import data

from promptcodec.errors import BitstreamError, BudgetError, NewerError, UsageError
from promptcodec.layers import structure
from promptcodec.layers.structure import encoder, lattice, pose
from promptcodec.layers.structure.encoder import contours
from promptcodec.layers.structure.encoder.edge_map import FIDELITY
from tests.drawings import drawing
from tests.effort import examples

sizes = st.tuples(st.integers(1, 80), st.integers(1, 80))
# Each picture, side and width of edges once; the slow tests try all of them with each other.
QUICK = {("astronaut", 64, 1.0), ("coffee", 128, 2.0), ("chelsea", 256, 1.0)}


@given(size=sizes, budget=st.integers(3, 600), out=sizes, seed=st.integers(0, 99))
@examples(0.4)
def test_budget_and_size(size, budget, out, seed):
    part = structure.encode(drawing(size, seed), budget)
    assert 0 < len(part) <= budget
    assert structure.coder_name(part) in {"polylines", "bitmap"}
    decoded = structure.decode(part, out)
    assert decoded.size == out
    assert decoded.mode == "L"
    assert structure.encode(drawing(size, seed), budget) == part


def test_budget_too_small():
    assert len(structure.encode(drawing(), structure.MINIMUM_BYTES)) <= structure.MINIMUM_BYTES
    with pytest.raises(BudgetError, match=str(structure.MINIMUM_BYTES)):
        structure.encode(drawing(), structure.MINIMUM_BYTES - 1)


@pytest.mark.parametrize("size", [(1, 1), (8000, 1), (1, 8000), (3, 200)])
def test_extreme_sizes(size):
    part = structure.encode(Image.new("RGB", size, "grey"), 40)
    assert len(part) <= 40
    assert structure.decode(part, size).size == size


@given(data=st.binary(max_size=300))
@examples(2)
@example(data=b"")
@example(data=bytes(3))
@example(data=b"\x80")
@example(data=bytes([0x5F]) + bytes(range(200, 0, -1)))
def test_any_bytes(data):
    for size in ((20, 10), (1, 1)):
        try:
            decoded = structure.decode(data, size)
        except BitstreamError:
            continue
        assert decoded.size == size
    for shape in ((9, 14), (1, 1)):
        try:
            assert structure.decode_map(data, shape).shape == shape
        except BitstreamError:
            continue


@pytest.mark.parametrize("budget", [60, 300])
def test_trailing_bytes(budget):
    part = structure.encode(drawing(), budget)
    structure.decode(part, (30, 20))
    for damaged in (part + b"\0", part + b"\1", part + part[:4]):
        with pytest.raises(BitstreamError):
            structure.decode(damaged, (30, 20))


def test_finds_contours():
    image = Image.new("RGB", (240, 160), "white")
    ImageDraw.Draw(image).rectangle((60, 40, 180, 120), fill="black")
    lines = np.asarray(structure.decode(structure.encode(image, 200), image.size))
    assert lines[76:84, 54:66].max() > 120
    assert lines[34:46, 116:124].max() > 120
    assert lines[60:100, 80:160].max() == 0
    assert lines.mean() < 40


def test_finds_contours_of_colour():
    image = Image.new("RGB", (240, 160), (200, 80, 80))
    ImageDraw.Draw(image).rectangle((60, 40, 180, 120), fill=(40, 130, 200))
    grey = np.asarray(image.convert("L"), np.int16)
    assert abs(int(grey[0, 0]) - int(grey[80, 120])) < 12
    lines = np.asarray(structure.decode(structure.encode(image, 100), image.size))
    assert lines[76:84, 54:66].max() > 120


def test_of_nothing():
    part = structure.encode(Image.new("RGB", (100, 100), "grey"), 20)
    assert len(part) <= 3
    assert not np.asarray(structure.decode(part, (50, 50))).any()


@pytest.mark.parametrize("budget", [3, 9, 10, 47, 400])
def test_as_many_lines_as_fit(budget):
    paths = [lattice.Path((0, 0), (0, 1, 4) * (number % 5)) for number in range(40)]
    chosen, part = encoder._most(paths, lambda which: bytes(3 + sum(1 + at % 7 for at in which)), budget)
    most = max(count for count in range(41) if 3 + sum(1 + at % 7 for at in range(count)) <= budget)
    assert chosen == list(range(most))
    assert len(part) == 3 + sum(1 + at % 7 for at in chosen)


def test_more_bytes_carry_more():
    image = Image.fromarray(data.astronaut())
    drawn = [
        np.asarray(structure.decode(structure.encode(image, budget), (200, 200))) for budget in (24, 60, 200)
    ]
    assert drawn[0].mean() < drawn[1].mean() < drawn[2].mean()


@pytest.mark.parametrize(
    ("picture", "side", "sigma"),
    [
        pytest.param(*case, marks=() if case in QUICK else pytest.mark.slow)
        for case in itertools.product(("astronaut", "coffee", "chelsea"), (64, 128, 256), (1.0, 2.0))
    ],
)
def test_maps_keep_their_promise(picture, side, sigma):
    truth = contours.edges(contours.shrink(Image.fromarray(getattr(data, picture)()), side), sigma)
    coded = structure.encode_map(truth)
    back = structure.decode_map(coded, truth.shape)
    assert contours.f1(truth, back) >= FIDELITY
    assert len(coded) < truth.sum() / 5


@given(
    shape=st.tuples(st.integers(1, 24), st.integers(1, 24)),
    density=st.sampled_from([0.0, 0.01, 0.1, 0.5, 0.97, 1.0]),
    seed=st.integers(0, 1000),
)
def test_any_map(shape, density, seed):
    truth = np.random.default_rng(seed).random(shape) < density
    back = structure.decode_map(structure.encode_map(truth), shape)
    assert back.shape == shape
    assert contours.f1(truth, back) >= FIDELITY


@pytest.mark.parametrize("shape", [(1, 1), (1, 8000), (8000, 1), (64, 64)])
def test_empty_and_full_maps(shape):
    empty, full = np.zeros(shape, np.bool_), np.ones(shape, np.bool_)
    assert len(structure.encode_map(empty)) <= 2
    assert not structure.decode_map(structure.encode_map(empty), shape).any()
    assert contours.f1(full, structure.decode_map(structure.encode_map(full), shape)) >= FIDELITY


def test_map_of_the_wrong_form():
    with pytest.raises(ValueError, match="edge map"):
        structure.encode_map(np.zeros((0, 4), np.bool_))
    with pytest.raises(BitstreamError):
        structure.decode_map(b"", (0, 4))


@given(seed=st.integers(0, 10**6), grid=st.sampled_from([2, 3]), penalty=st.sampled_from([1.0, 4.0]))
def test_paths_come_back(seed, grid, penalty):
    from promptcodec.entropy.bitio import AdaptiveBit, BitReader, BitWriter
    from promptcodec.layers.structure import chain_models, chains
    from promptcodec.layers.structure.encoder import simplify

    truth = np.random.default_rng(seed).random((20, 33)) < 0.25
    fitted = simplify.paths(truth, contours.trace(truth), grid, penalty)
    kept = simplify.worthwhile(truth, fitted, grid, 9.0)
    places = [node for path in kept for node in lattice.nodes(path)]
    assert len(places) == len(set(places))

    def fresh():
        bits = [AdaptiveBit() for _ in range(chain_models.COUNT)]
        return chain_models.Models([16] * 9, [1] * 8, bits, grid)

    shape = lattice.shape(truth.shape, grid)
    writer = BitWriter()
    chains.write(writer, fresh(), shape, kept)
    reader = BitReader(writer.finish())
    assert chains.read(reader, fresh(), shape) == sorted(kept)
    reader.close()


SCRIPT = """
import hashlib, sys
import numpy as np
from skimage import data
from PIL import Image
from promptcodec.layers import structure
from promptcodec.layers.structure.encoder import contours
image = Image.fromarray(data.chelsea())
truth = contours.edges(contours.shrink(image, 96))
print(hashlib.sha256(structure.encode(image, 90) + structure.encode_map(truth)).hexdigest())
"""


def test_same_bytes_under_another_hash_seed():
    image = Image.fromarray(data.chelsea())
    truth = contours.edges(contours.shrink(image, 96))
    here = hashlib.sha256(structure.encode(image, 90) + structure.encode_map(truth)).hexdigest()
    for seed in ("1", "77"):
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert run.stdout.strip() == here


def flat(value):
    if isinstance(value, dict):
        return flat(value["keypoints"])
    return [number for entry in value for number in flat(entry)] if isinstance(value, list) else [value]


@st.composite
def people(draw):
    size = draw(st.tuples(st.integers(1, 2000), st.integers(1, 2000)))
    place = st.tuples(
        st.floats(0, size[0], allow_subnormal=False),
        st.floats(0, size[1], allow_subnormal=False),
        st.integers(0, 2),
    )
    joint = st.one_of(place, st.just((0, 0, 0)))
    person = st.lists(joint, min_size=17, max_size=17).map(flat_person)
    form = draw(st.sampled_from(["lists", "objects", "list", "object"]))
    if form == "list":
        return size, draw(person)
    if form == "object":
        return size, {"keypoints": draw(person)}
    several = draw(st.lists(person, max_size=3))
    return size, several if form == "lists" else [{"keypoints": one} for one in several]


def flat_person(joints):
    return [number for joint in joints for number in joint]


def same_form(one, other):
    if isinstance(one, dict):
        return isinstance(other, dict) and same_form(one["keypoints"], other["keypoints"])
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same_form, one, other))
    return not isinstance(other, (list, dict))


@given(given_people=people())
def test_poses(given_people):
    size, value = given_people
    part = structure.encode_pose(value, size)
    assert structure.coder_name(part) == "pose"
    kind, back = structure.decode_value(part, size)
    assert kind == "pose"
    assert same_form(value, back)
    numbers, others = flat(value), flat(back)
    assert numbers[2::3] == others[2::3]
    for number, other in zip(numbers, others, strict=True):
        assert abs(number - other) <= max(size) / 256
    assert structure.decode(part, (40, 30)).size == (40, 30)


STANDING = [
    *(320, 100, 2, 328, 94, 2, 312, 94, 2, 338, 98, 2, 302, 98, 1, 360, 150, 2, 280, 150, 2, 380, 210, 2),
    *(262, 212, 2, 385, 270, 2, 250, 268, 1, 345, 280, 2, 295, 280, 2, 350, 370, 2, 290, 372, 2),
    *(352, 450, 2, 0, 0, 0),
]


def test_poses_are_short_and_drawn():
    part = structure.encode_pose([STANDING], (640, 480))
    assert len(part) < 34
    drawn = np.asarray(structure.decode(part, (640, 480)))
    assert drawn[215:225, 250:400].max() > 200
    assert not drawn[:60].any()


@pytest.mark.parametrize(
    "value",
    [
        *(3, "people", None, [[1, 2, 3]], [STANDING[:-1]], {"keypoints": "x"}, {"points": STANDING}),
        *([STANDING, {}], [[*STANDING[:-1], 3]], [[*STANDING[:-1], 0.5]], [[1e9, *STANDING[1:]]]),
    ],
)
def test_no_poses(value):
    with pytest.raises(UsageError):
        structure.encode_pose(value, (640, 480))


@given(data=st.binary(max_size=80))
@examples(2)
def test_any_bytes_as_pose(data):
    try:
        pose.decode_pose(b"\x80" + data, (64, 48))
    except BitstreamError:
        return


@pytest.mark.parametrize("head", [0xC0, 0xFF])
def test_a_part_of_a_kind_to_come_is_newer_not_damaged(head):
    with pytest.raises(NewerError, match="needs a newer reader"):
        structure.decode(bytes([head, 1, 2]), (20, 10))


def test_names():
    names = [structure.coder_name(bytes([head])) for head in (0, 64, 128, 192)]
    assert names == ["polylines", "bitmap", "pose", "unknown"]
