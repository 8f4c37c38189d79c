"""The compiled core chooses, writes and reads the levels of the learned texture coder as the Python does."""

from __future__ import annotations

import os
import subprocess
import sys
from array import array
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from promptcodec import native
from promptcodec.entropy.rangecoder import Decoder, Encoder
from promptcodec.errors import BitstreamError, EntropyError
from promptcodec.layers.texture.learned import context, grids, model, stream
from promptcodec.layers.texture.learned.encoder import quantise
from promptcodec.layers.texture.learned.model import LATENTS, MOST
from tests import pure
from tests.effort import examples

compiled = pytest.mark.skipif(native.core is None, reason=f"there is no compiled core: {native.named()}")
(pure_coder,) = pure.modules("rangecoder")

shapes, sizes, counts = st.integers(0, 24), st.integers(0, 3), st.integers(0, LATENTS // 4)
qualities, seeds = st.integers(0, model.QUALITIES - 1), st.integers(0, 999)
KINDS = model.LENGTHS
PRICE = 16 * 160


def fading(rng, rows: int, columns: int, spread: float) -> np.ndarray:
    """Give values whose channels fade as a picture's do."""
    return rng.laplace(0, 1, (rows, columns, LATENTS)) * spread * np.exp(-np.arange(LATENTS) / 9)


@st.composite
def contents(draw):
    shape, size, count, rng = draw(shapes), draw(sizes), draw(counts), np.random.default_rng(draw(seeds))
    spread = draw(st.sampled_from([0.3, 2.0, 30.0, 5000.0]))
    levels = np.clip(np.rint(fading(rng, *grids.grid(shape, size), spread)), -MOST, MOST).astype(np.int16)
    levels[..., 4 * count :] = 0
    return stream.Content(shape, size, draw(qualities), count, levels)


def tasks(wanted, quality=20, count=LATENTS, weight=16, tables=None) -> quantise.Task:
    weights = np.full(LATENTS, weight, np.int32)
    return quantise.Task(wanted.astype(np.int32), weights, quality, count, tables or model.tables())


@pytest.fixture(scope="module")
def plain():
    """Give tables that expect nothing of what is known: 0, and the same scale everywhere."""

    def silent(group):
        names = model.group_parts(group.before_count, group.own)
        parts = {
            name: array(kind, bytes(array(kind).itemsize * count)) for name, (count, kind) in names.items()
        }
        return replace(group, **parts)

    known = model.tables()
    return replace(known, groups=tuple(map(silent, known.groups)))


def same_choice(task: quantise.Task, price: int) -> quantise.Choice:
    choice, expected = quantise.choose(task, price), quantise._choose(task, price)
    assert np.array_equal(choice.levels, expected.levels)
    assert (choice.bits, choice.error) == (expected.bits, expected.error)
    of_levels = task.tables, choice.levels, task.quality, task.count
    assert choice.bits == quantise.cost(*of_levels) == quantise._cost(*of_levels)
    return choice


def canvas(image: Image.Image, rows: int, columns: int) -> np.ndarray:
    """Give the cosines of an image's blocks in 1/256 of a level, as wanted levels."""
    grey = (
        np.asarray(image.convert("L").resize((8 * columns, 8 * rows), Image.Resampling.LANCZOS), float) - 128
    )
    blocks = grey.reshape(rows, 8, columns, 8).swapaxes(1, 2)
    waves = np.cos(np.pi * (np.arange(8) + 0.5) * np.arange(8)[:, None] / 8) / 2
    waves[0] /= np.sqrt(2)
    order = np.argsort(np.add.outer(np.arange(8), np.arange(8)).ravel(), kind="stable")
    return np.rint((waves @ blocks @ waves.T).reshape(rows, columns, LATENTS)[..., order] * 256 / 40)


@compiled
@examples(0.3)
@given(shapes, sizes, qualities, counts, seeds, st.sampled_from([0.3, 2, 30, 1e7]), st.integers(0, 1 << 16))
def test_the_same_levels_are_chosen(shape, size, quality, count, seed, spread, price):
    rng = np.random.default_rng(seed)
    wanted = np.rint(256 * fading(rng, *grids.grid(shape, size), spread))
    task = tasks(np.clip(wanted, -(2**31), 2**31 - 1), quality, 4 * count)
    choice = same_choice(task, price)
    assert not choice.levels[..., 4 * count :].any()


@compiled
def test_the_same_levels_are_chosen_of_pictures(astronaut, scene, plain):
    for image in (astronaut, scene):
        wanted = canvas(image, 6, 8)
        same_choice(tasks(wanted), PRICE)
        coarse, fine = (same_choice(tasks(wanted, tables=plain), price) for price in (8 * PRICE, PRICE // 8))
        assert coarse.bits < fine.bits
        assert coarse.error > fine.error > 0


@compiled
def test_limits_choose_as_the_python_does():
    rng = np.random.default_rng(0)
    far = rng.integers(-(2**31), 2**31, (2, 3, LATENTS), np.int32)
    task = tasks(far, weight=quantise.MAX_WEIGHT)
    same_choice(task, quantise.MAX_PRICE)


@compiled
def test_a_high_price_leaves_levels_out(plain):
    wanted = np.full((3, 4, LATENTS), 300)
    free, dear = (quantise.choose(tasks(wanted, tables=plain), price) for price in (0, quantise.MAX_PRICE))
    assert (free.levels == 1).all()
    assert not dear.levels.any()
    assert dear.bits < free.bits
    assert dear.error == 16 * 300**2 * wanted.size


@compiled
@examples(0.2)
@given(contents())
def test_the_same_bytes_are_written_and_read(content):
    data = []
    for encoder in (Encoder(), pure_coder.Encoder()):
        stream.write_content(encoder, content, 5)
        data.append(encoder.finish())
    assert data[0] == data[1]
    for decoder in (Decoder(data[0]), pure_coder.Decoder(data[0])):
        again = stream.read_content(decoder, 5)
        assert (again.shape, again.size, again.quality) == (content.shape, content.size, content.quality)
        assert np.array_equal(np.asarray(again.levels), content.levels)
        decoder.close()


@compiled
@examples(0.3)
@given(st.binary(min_size=1, max_size=60), st.integers(0, KINDS - 1))
def test_the_same_is_read_of_any_bytes(data, kind):
    def outcome(coder):
        try:
            return stream.read_content(coder(data), kind).levels.tolist()
        except EntropyError as error:
            return str(error)

    assert outcome(Decoder) == outcome(pure_coder.Decoder)


def written(seed: int = 3, more: int = 0) -> bytes:
    """Give a stream that can be read, longer by some length classes than it needs to be."""
    rng = np.random.default_rng(seed)
    levels = np.rint(fading(rng, *grids.grid(14, 3), 2)).astype(np.int16)
    content = stream.Content(14, 3, 20, 16, levels)
    kind = stream.length_class(len(stream.write(content, 0)))
    while stream.length_class(len(data := stream.write(content, kind))) != kind:
        kind += 1
    return stream.write(content, kind + more) if more else data


def test_zero_bytes_fill_a_length_class_and_no_more():
    for data, least in ((written(), 0), (written(more=2), 3)):
        assert np.asarray(stream.read(data).levels).any()
        # In the next class as many as fill it up to its shortest would be right.
        kind = stream.length_class(len(data))
        longer = [data + end for end in (b"\0", b"\1", bytes(9))]
        longer = [each for each in longer if stream.length_class(len(each)) == kind]
        assert len(longer) >= least
        for wrong in longer:
            with pytest.raises(BitstreamError):
                stream.read(wrong)
    assert written(more=2).endswith(bytes(9))


def test_a_content_that_is_read_is_as_small_as_it_can_be():
    content = stream.read(written())
    rows, columns = grids.grid(content.shape, content.size)
    assert isinstance(content.levels, memoryview)
    assert (content.levels.shape, content.levels.format) == ((rows, columns, LATENTS), "h")
    with pytest.raises(TypeError, match="read-only"):
        content.levels[0, 0, 0] = 1


READ = """
import sys, zlib
from promptcodec import native
from promptcodec.layers.texture.learned import stream
levels = stream.read(bytes.fromhex(sys.argv[1])).levels
print(bool(native.core), "numpy" in sys.modules, zlib.crc32(levels.tobytes()))
"""


@compiled
def test_the_core_reads_without_numpy_what_numpy_reads_without_the_core():
    answers = []
    for without in ("0", "1"):
        command = [sys.executable, "-P", "-c", READ, written().hex()]
        paths = os.pathsep.join(sys.path)
        environment = os.environ | {"PROMPTCODEC_PURE": without, "PYTHONPATH": paths}
        answers.append(subprocess.check_output(command, env=environment, text=True).split())
    (core, numpy, digest), (pure_core, _, same) = answers
    assert (core, numpy, pure_core, digest) == ("True", "False", "False", same)


def test_levels_one_after_the_other_are_expected_as_all_at_once():
    content = stream.read(written())
    known, levels, seen = model.tables(), np.asarray(content.levels), []

    def choose(place, before, means, rates):
        seen.append((means, rates))
        row, column = divmod(place, levels.shape[1])
        return levels[row, column, before : before + len(means)].tolist()

    assert np.array_equal(context.walk(known, *levels.shape[:2], content.quality, LATENTS, choose), levels)
    means, scales = context.expected(known, levels, content.quality)
    rates = np.asarray(known.rates)[scales - model.SCALE_LOW]
    for each, number in ((means, 0), (rates, 1)):
        parts = np.split(each.reshape(-1, LATENTS), np.cumsum(model.GROUPS)[:-1], -1)
        assert [row for part in parts for row in part.tolist()] == [pair[number] for pair in seen]


@compiled
def test_the_kernel_refuses_what_would_lie_outside():
    kernel, features = model.kernel(model.tables()), grids.places(2, 3, 5)
    levels, costs = np.zeros((2, 3, LATENTS), np.int16), quantise._costs()
    numbers, weights = np.zeros(levels.shape, np.int32), np.ones(LATENTS, np.int32)

    def chosen(price=9, weights=weights, wanted=numbers):
        kernel.choose((2, 3), 64, costs, features, wanted, weights, price, levels.copy())

    for wrong in (
        lambda: kernel.write(Encoder(), (2, 4), 64, features, levels),
        lambda: kernel.write(Encoder(), (0, 3), 64, features, levels),
        lambda: kernel.write(Encoder(), (2**30, 8), 64, features, levels),
        lambda: kernel.write(Encoder(), (2, 3), 65, features, levels),
        lambda: kernel.write(Encoder(), (2, 3), -1, features, levels),
        lambda: kernel.write(Encoder(), (2, 3), 64, features, np.full_like(levels, -32768)),
        lambda: kernel.write(Encoder(), (2, 3), 64, features, numbers),
        lambda: kernel.cost((2, 3), 64, costs[1:].copy(), features, levels),
        lambda: kernel.cost((2, 3), 64, costs, features, np.full_like(levels, MOST + 1)),
        lambda: chosen(price=-1),
        lambda: chosen(price=quantise.MAX_PRICE + 1),
        lambda: chosen(weights=-weights),
        lambda: chosen(wanted=numbers[:1].copy()),
        lambda: chosen(wanted=numbers.astype(np.float32)),
    ):
        with pytest.raises(ValueError, match=r"grid|numbers|large"):
            wrong()
    for wrong in (
        lambda: kernel.write(Decoder(b"abc"), (2, 3), 64, features, levels),
        lambda: kernel.read(Encoder(), (2, 3), 64, features, levels),
        lambda: kernel.write(Encoder(), (2, 3), 64, None, levels),
        lambda: chosen(wanted=None),
    ):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises((BufferError, ValueError)):
        kernel.read(Decoder(b"abc"), (2, 3), 64, features, levels.tobytes())


@compiled
def test_tables_in_which_something_cannot_be_are_refused():
    known = model.tables()
    groups = [
        [getattr(group, name) for name in model.group_parts(group.before_count, group.own)]
        for group in known.groups
    ]
    heads = [known.chances, known.rates, array("h", model.MAGNITUDE)]

    def construct(heads, groups):
        native.core.LearnedTables(*heads, tuple(map(tuple, groups)))

    def altered(part, at, value):
        return part[:at] + array(part.typecode, [value]) + part[at + 1 :]

    construct(heads, groups)
    for number, at, value in ((0, 0, -1), (0, 9, 65536), (1, 3, -1), (2, 255, 129)):
        wrong = [altered(part, at, value) if n == number else part for n, part in enumerate(heads)]
        with pytest.raises(ValueError, match=r"large|smaller"):
            construct(wrong, groups)
    for number, value in ((0, 2**30 + 1), (3, 4096), (4, -4096), (8, -(2**31))):
        wrong = [altered(part, 5, value) if n == number else part for n, part in enumerate(groups[2])]
        with pytest.raises(ValueError, match="large"):
            construct(heads, [*groups[:2], wrong, *groups[3:]])
    for wrong in (groups[:-1], [groups[0][:-1], *groups[1:]], [groups[1], groups[0], *groups[2:]]):
        with pytest.raises(ValueError, match=r"group|numbers"):
            construct(heads, wrong)
