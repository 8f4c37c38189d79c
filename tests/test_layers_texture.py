"""The texture layer: within every budget, back at any size, the same bytes everywhere."""

import contextlib
import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from promptcodec import convolution
from promptcodec.entropy.bitio import BitCounter
from promptcodec.errors import BitstreamError, BudgetError
from promptcodec.layers import texture
from promptcodec.layers.texture import dct
from promptcodec.layers.texture.dct import model, network, restoration
from promptcodec.layers.texture.dct import stream as texture_stream
from promptcodec.layers.texture.dct.encoder import aim, quantise
from promptcodec.layers.texture.dct.encoder.analysis import shape_of
from promptcodec.layers.texture.dct.frequencies import SHAPES, extent
from tests.drawings import drawing
from tests.effort import examples

sizes = st.tuples(st.integers(1, 90), st.integers(1, 90))
# What the tests of one picture at several budgets share.
LADDER = (16, 33, 64, 100, 200, 400)


def squared_error(first, second):
    return float(np.mean((np.asarray(first, np.float32) - np.asarray(second, np.float32)) ** 2))


@given(size=sizes, budget=st.integers(8, 500), out=sizes, seed=st.integers(0, 99))
@examples(0.2)
@example(size=(1, 1), budget=8, out=(1, 1), seed=0)
@example(size=(900, 3), budget=700, out=(5, 5), seed=1)
@example(size=(1, 300), budget=texture.MINIMUM_BYTES, out=(7, 3), seed=2)
def test_budget_and_size(size, budget, out, seed):
    part = texture.encode(drawing(size, seed), budget)
    assert len(part) <= budget
    decoded = texture.decode(part, out)
    assert decoded.size == out
    assert decoded.mode == "RGB"


@given(seed=st.integers(0, 10**6), contrast=st.integers(1, 255), budget=st.integers(7, 40))
@examples(0.16)
def test_noise_fits(seed, contrast, budget):
    noise = np.random.default_rng(seed).integers(0, contrast + 1, (40, 50, 3), np.uint8)
    assert len(texture.encode(Image.fromarray(noise), budget)) <= budget


def test_budget_too_small():
    with pytest.raises(BudgetError, match=str(texture.MINIMUM_BYTES)):
        texture.encode(drawing(), texture.MINIMUM_BYTES - 1)


@given(data=st.binary(max_size=300))
@examples(2)
@example(data=b"")
@example(data=bytes(1))
@example(data=bytes(4096))
@example(data=bytes(4097))
@example(data=b"\xff" * 900)
def test_any_bytes(data):
    try:
        decoded = texture.decode(data, (20, 10))
    except BitstreamError:
        return
    assert decoded.size == (20, 10)


@pytest.mark.parametrize("budget", [150, 500])
def test_bytes_behind_the_end(budget, once):
    part = once(texture.encode, drawing(), budget)
    texture.decode(part, (30, 20))
    for more in (b"\0", b"\0\0\0", bytes(range(1, 14))):
        with pytest.raises(BitstreamError):
            texture.decode(part + more, (30, 20))


@pytest.fixture(scope="module")
def drawn_in_60(once):
    return once(texture.encode, drawing(), 60)


@given(flips=st.lists(st.tuples(st.integers(0, 799), st.integers(0, 255)), min_size=1, max_size=4))
@examples(2)
def test_damaged_parts(flips, drawn_in_60):
    damaged = bytearray(drawn_in_60)
    for at, value in flips:
        damaged[at % len(damaged)] = value
    with contextlib.suppress(BitstreamError):
        assert texture.decode(bytes(damaged), (9, 8)).size == (9, 8)


def test_more_bytes_are_closer(astronaut, once):
    for image, budgets in ((drawing(), (10, 60, 150, 500)), (astronaut, LADDER)):
        parts = [once(texture.encode, image, budget) for budget in budgets]
        errors = [squared_error(image, texture.decode(part, image.size)) for part in parts]
        assert errors == sorted(errors, reverse=True)
        assert errors[-1] < 0.5 * errors[0]


def test_uses_its_budget(astronaut, once):
    for budget in LADDER:
        assert budget - 2 - budget // 100 <= len(once(texture.encode, astronaut, budget)) <= budget


def test_keeps_colours():
    for colour in ((0, 0, 0), (255, 255, 255), (200, 40, 40), (20, 60, 160), (128, 128, 128)):
        image = Image.new("RGB", (40, 30), colour)
        part = texture.encode(image, 40)
        assert len(part) <= 11
        assert np.abs(np.asarray(texture.decode(part, (40, 30)), np.int32) - colour).max() <= 3


def test_any_working_size(astronaut, once):
    part = once(texture.encode, astronaut, 100)
    large = texture.decode(part, (500, 400)).resize((100, 80), Image.Resampling.BOX)
    assert squared_error(large, texture.decode(part, (100, 80))) < 4
    shrunk = astronaut.resize((2048, 2048), Image.Resampling.BICUBIC)
    # The levels may differ where two are as good; what is shown is as near to the picture.
    small = astronaut.resize((100, 100), Image.Resampling.BOX)
    other = texture.decode(texture.encode(shrunk, 100), (100, 100))
    own = squared_error(texture.decode(part, (100, 100)), small)
    assert squared_error(other, small) == pytest.approx(own, rel=0.03)


def test_close_to_the_ideal_length(astronaut, once):
    for image, budget in (*((astronaut, budget) for budget in LADDER), (drawing(), 500)):
        part = once(dct.encode, image, budget)
        counter = BitCounter()
        texture_stream.write_content(
            counter, texture_stream.read(part), texture_stream.length_class(len(part))
        )
        assert len(part) <= counter.bits / 8 + 2


def test_same_bytes_everywhere(astronaut, once):
    program = (
        "import hashlib\nfrom PIL import Image\nfrom skimage import data\n"
        "from promptcodec.layers import texture\n"
        "image = Image.fromarray(data.astronaut())\n"
        "parts = [texture.encode(image, budget) for budget in (33, 200)]\n"
        "print(hashlib.sha256(b''.join(parts)).hexdigest())"
    )
    parts = [once(texture.encode, astronaut, budget) for budget in (33, 200)]
    expected = hashlib.sha256(b"".join(parts)).hexdigest()
    changes = {"PYTHONHASHSEED": "77", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}  # one thread here
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=os.environ | changes, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected


def test_restoring_pays_and_can_be_left_out(astronaut, once):
    for budget in (48, 128):
        restored = dct.encode(astronaut, budget)
        plain = dct.encode(astronaut, budget, restored=False)
        assert max(len(restored), len(plain)) <= budget
        assert texture_stream.read(restored).restored
        assert not texture_stream.read(plain).restored
        errors = [
            squared_error(astronaut, dct.draw(part, astronaut.size).picture) for part in (restored, plain)
        ]
        assert errors[0] < 0.97 * errors[1]


def test_what_is_not_better_restored_is_not():
    noise = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
    for image in (Image.new("RGB", (40, 30), (9, 99, 199)), Image.fromarray(noise)):
        restored, plain = (
            squared_error(image, dct.draw(dct.encode(image, 60, restored=each), image.size).picture)
            for each in (True, False)
        )
        assert restored <= 1.01 * plain + 0.5


def drawn(shape, seed=0):
    """Make the amplitudes of a picture, and rough ones as a coarse quantiser gives."""
    across, down = extent(shape)
    rng = np.random.default_rng(seed)
    fading = 4000 / (1 + np.hypot(np.arange(down)[:, None], np.arange(across)) ** 1.5)
    planes = rng.normal(0, fading, (3, down, across)) / np.array([1, 4, 4])[:, None, None]
    return np.rint(planes).astype(np.int32), np.rint(planes / 400) * 400


@pytest.mark.parametrize("shape", [0, 12, 15, 24])
def test_restoring_keeps_the_form_and_what_the_grid_cannot_show(shape):
    _, rough = drawn(shape)
    restored = restoration.restore(rough, shape, 20)
    across, down = restoration.grid(shape)
    assert restored.shape == rough.shape
    assert (restored[:, down:] == rough[:, down:]).all()
    assert (restored[:, :, across:] == rough[:, :, across:]).all()
    assert np.abs(restored - rough).max() > 1


@pytest.mark.skipif(
    not convolution.available(), reason="there is no compiled core, or it cannot convolve here"
)
@pytest.mark.parametrize("shape", [0, 12, 15, 24])
def test_the_core_restores_as_onnxruntime_does(shape):
    _, rough = drawn(shape)
    assert np.abs(restoration.restore(rough, shape, 20) - aim.restored(rough, shape, 20)).max() < 0.05


def test_aim_follows_the_slope_of_the_error():
    true, rough = drawn(14)
    guess = aim.guess(rough, true, 14, 22)
    assert np.array_equal(guess.planes, aim.restored(rough, 14, 22))
    slope = rough - guess.aim

    def error(planes):
        return float(((restoration.restore(planes, 14, 22).astype(np.float64) - true) ** 2).sum()) / 2

    # Down the slope, and only there, the error falls by the slope's own length.
    length = float(np.linalg.norm(slope))
    way = slope / length
    assert (error(rough + 2 * way) - error(rough - 2 * way)) / 4 == pytest.approx(length, rel=0.01)
    assert error(guess.aim) < 0.9 * error(rough)


def test_network_packs_as_it_unpacks():
    layers = restoration.network()
    for first, second in zip(layers, restoration.unpack(restoration.pack(layers)), strict=True):
        assert np.allclose(first[0], second[0], atol=1e-6)
        assert np.array_equal(first[1], second[1])


def test_fast_and_exact_networks_agree():
    rng = np.random.default_rng(5)
    for net, count in zip(network.arrays(model.tables()).nets, model.FEATURES, strict=True):
        seen = rng.integers(0, 255, (4, 200, count), np.int32)
        assert (quantise.fast_logits(quantise.fast(net), seen) == network.logits(net, seen)).all()


def test_shapes():
    assert [shape_of(size) for size in ((10, 10), (3, 2), (2, 3), (900, 1), (1, 900))] == [12, 14, 10, 24, 0]
    for shape in range(SHAPES):
        across, down = extent(shape)
        assert across * down < 8000
