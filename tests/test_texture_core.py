"""The compiled core chooses and codes a texture layer's levels as the Python does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec import native
from promptcodec.entropy.bitio import BitReader, BitWriter
from promptcodec.errors import BitstreamError, EntropyError
from promptcodec.layers.texture.dct import model, stream
from promptcodec.layers.texture.dct.content import Content
from promptcodec.layers.texture.dct.encoder import quantise
from promptcodec.layers.texture.dct.frequencies import RADII, extent, region
from tests import pure
from tests.effort import examples

ROOT = Path(__file__).resolve().parent.parent

compiled = pytest.mark.skipif(native.core is None, reason=f"there is no compiled core: {native.named()}")
(pure_bitio,) = pure.modules("bitio")


def drawn(shape: int, seed: int, size: float) -> np.ndarray:
    """Give amplitudes that fade as a picture's do."""
    across, down = extent(shape)
    rng = np.random.default_rng(seed)
    fading = size / (1 + np.hypot(np.arange(down)[:, None], np.arange(across)) ** 1.3)
    return np.rint(rng.laplace(0, fading, (model.PLANES, down, across))).astype(np.int32)


shapes, steps = st.integers(0, 24), st.integers(0, model.STEPS - 1)


@compiled
@examples(0.2)
@given(shapes, steps, st.integers(0, 99), st.sampled_from([30, 3000, 60000]), st.integers(0, 1 << 22))
def test_the_same_levels_are_chosen(shape, step, seed, size, price):
    task = quantise.prepare(drawn(shape, seed, size), shape, step, model.tables())
    pull = None
    for _ in range(2):
        choice, expected = quantise.choose(task, price, pull), quantise._choose(task, price, pull)
        assert np.array_equal(choice.levels, expected.levels)
        assert (choice.bits, choice.error, choice.radii) == (expected.bits, expected.error, expected.radii)
        pull = quantise.influence(task, choice.levels)
        assert np.array_equal(pull, quantise._influence(task, choice.levels))


@st.composite
def contents(draw):
    shape, rng = draw(shapes), np.random.default_rng(draw(st.integers(0, 999)))
    radii = tuple(draw(st.integers(0, len(RADII) - 1)) for _ in range(model.PLANES))
    spread = draw(st.sampled_from([0.1, 0.8, 6.0, 200.0]))
    levels = tuple(
        np.clip(np.rint(rng.laplace(0, spread, region(shape, radius).at.size)), -257, 257).astype(np.int32)
        for radius in radii
    )
    return Content(shape, draw(steps), draw(st.booleans()), radii, (0, 0, 0), levels)


def coded(content: Content) -> bytes:
    writer = pure_bitio.BitWriter()
    stream.write_content(writer, content, 5)
    return writer.finish()


@compiled
@examples(0.25)
@given(contents())
def test_the_same_bytes_are_written_and_read(content):
    writer = BitWriter()
    stream.write_content(writer, content, 5)
    data = writer.finish()
    assert data == coded(content)
    for reader in (BitReader(data), pure_bitio.BitReader(data)):
        again = stream._read_content(reader, 5)
        assert (again.shape, again.step, again.radii) == (content.shape, content.step, content.radii)
        assert all(map(np.array_equal, again.levels, content.levels))


@compiled
@examples(0.4)
@given(st.binary(min_size=1, max_size=60), st.integers(0, 12))
def test_the_same_is_read_of_any_bytes(data, kind):
    def outcome(reader):
        try:
            content = stream._read_content(reader(data), kind)
        except (EntropyError, BitstreamError) as error:
            return str(error)
        return [each.tolist() for each in content.levels]

    assert outcome(BitReader) == outcome(pure_bitio.BitReader)


@compiled
def test_the_kernel_refuses_what_would_lie_outside():
    kernel = model.kernel(model.tables(), 12)
    count = region(12, len(RADII) - 1).at.size
    levels = np.zeros((model.PLANES, count), np.int32)
    squares = (65536,) * model.PLANES
    least = np.iinfo(np.int32).min
    pull = np.zeros((model.PLANES, region(12, len(RADII) - 1).cells), np.int32)
    costs = quantise.prepare(drawn(12, 0, 30), 12, 20, model.tables()).costs

    def chosen(targets, radii):
        kernel.choose(costs, targets, (count,) * 3, 20, model.STEP[20], 9, radii, None, levels.copy())

    def unaligned(numbers):
        moved = np.frombuffer(b"\0" + numbers.tobytes(), np.uint8)[1:]
        return moved.view(np.int32)

    for wrong in (
        lambda: kernel.write(BitWriter(), 48, squares, levels),
        lambda: kernel.write(BitWriter(), 20, squares, levels[:, :-1].copy()),
        lambda: kernel.write(BitWriter(), 20, squares, np.full_like(levels, np.iinfo(np.int32).min)),
        lambda: kernel.influence((0, 0, count + 1), 20, levels, np.zeros(3, np.int32)),
        lambda: kernel.influence((0, 0, count), 20, levels, np.zeros(3, np.int32)),
        lambda: kernel.influence((0, 0, count), 48, levels, pull),
        lambda: kernel.influence((0, 0, count), 20, np.full_like(levels, least), pull),
        lambda: kernel.influence((0, 0, count), 20, levels.astype(np.float32), pull),
        lambda: kernel.influence((0, 0, count), 20, memoryview(bytes(levels.nbytes)), pull),
        lambda: kernel.influence((0, 0, count), 20, unaligned(levels), pull),
        lambda: chosen(np.full_like(levels, least), quantise.SQUARES),
        lambda: chosen(levels, quantise.SQUARES[:0]),
    ):
        with pytest.raises(ValueError, match=r"step|numbers|large|reaches"):
            wrong()
    with pytest.raises(TypeError, match="BitWriter"):
        kernel.write(BitReader(b"abc"), 20, squares, levels)
    with pytest.raises((BufferError, ValueError)):
        kernel.read(BitReader(b"abc"), 20, squares, levels.tobytes())


def compare(pictures: list[str]) -> None:
    """Encode pictures with both cores."""
    cores = []
    for pure_core in ("1", "0"):
        environment = {**os.environ, "PROMPTCODEC_PURE": pure_core, "OMP_NUM_THREADS": "1"}
        # -P: the package that is installed, not the one beside the tests.
        command = [sys.executable, "-P", "-W", "ignore", str(ROOT / "tests" / "digests.py"), *pictures]
        core, *digests = subprocess.check_output(command, env=environment, text=True).splitlines()
        cores.append((core.split(",")[0], digests))
    (pure_name, expected), (name, digests) = cores
    assert (pure_name, name) == ("pure Python core", "compiled core")
    assert digests == expected


@compiled
def test_both_cores_encode_to_the_same_bytes(astronaut, tmp_path):
    picture = tmp_path / "small.png"
    astronaut.resize((96, 72)).save(picture)
    compare([str(picture)])


@compiled
@pytest.mark.slow
def test_both_cores_encode_200_pictures_to_the_same_bytes(data_folder):
    pictures = [
        str(path)
        for folder in ("eval/kodak", "eval/aigi", "train")
        for path in sorted((data_folder / folder).iterdir())
        if path.suffix in {".png", ".webp", ".jpg", ".jpeg"}
    ]
    compare(pictures[:88] + pictures[88 :: len(pictures) // 112][:112])


@compiled
def test_tables_in_which_something_cannot_be_are_refused(monkeypatch):
    given = []
    monkeypatch.setattr(model, "core", SimpleNamespace(TextureTables=given.append))
    model._numbers.__wrapped__(model.tables())
    native.core.TextureTables(given[0])
    for at in (0, 2 * model.LOGIT_LIMIT + 3):
        for chance in (0, 65536):
            wrong = given[0][:]
            wrong[at] = chance
            with pytest.raises(ValueError, match="large"):
                native.core.TextureTables(wrong)


@compiled
def test_a_price_beyond_reason_chooses_as_the_python_does():
    task = quantise.prepare(drawn(12, 1, 3000), 12, 20, model.tables())
    pull = np.full((model.PLANES, task.area.cells), 1 << 21, np.int32)
    choice, expected = quantise.choose(task, quantise.MAX_PRICE, pull), quantise._choose(task, 1 << 36, pull)
    assert np.array_equal(choice.levels, expected.levels)
