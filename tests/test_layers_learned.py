"""Coder 1 of the texture layer: what is drawn agrees with itself, with the second decoder, and with torch."""

from __future__ import annotations

import contextlib
import json
import sys
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from promptcodec import bitstream, convolution, decode, edit, inspect
from promptcodec.bitstream import Part, Stream
from promptcodec.description import parse_text
from promptcodec.edit import texture_canvas
from promptcodec.edit.region import Region
from promptcodec.errors import BitstreamError, BudgetError
from promptcodec.generators import faithful
from promptcodec.layers import semantic, texture
from promptcodec.layers.texture import coders, learned
from promptcodec.layers.texture.learned import model, sampling, stream, synthesis
from promptcodec.layers.texture.learned.encoder import nets, search
from promptcodec.layers.texture.learned.grids import AREAS, CELL, grid
from tests.drawings import drawing
from tests.effort import examples

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT))
from tests.golden.values import values
from tests.reference import learned as reference
from tests.reference.__main__ import value
from tests.reference.coder import FormatError, Tables
from tests.reference.container import read_stream

TABLES = Tables(str(ROOT / "promptcodec" / "models"))
WORDS = parse_text("photo 2x3\n" + "\n".join(f"r{r}c{c} red: sky" for r in (1, 2) for c in (1, 2, 3)))


def mean_error(first, second):
    return float(np.mean((np.asarray(first, float) - np.asarray(second, float)) ** 2))


def tables_with(known):
    """Give tables in which the synthesis is another."""
    data = synthesis.pack(known)
    return mock.Mock(content=lambda name: data if name == "synthesis-1" else TABLES.content(name))


def levels_of(rows, columns, seed=0):
    """Give levels that are mostly zero, fewer and smaller towards the last channels."""
    rng = np.random.default_rng(seed)
    spread = np.linspace(2, 0.1, model.LATENTS)
    return np.rint(rng.laplace(0, 1, (rows, columns, model.LATENTS)) * spread).astype(np.int16)


@pytest.fixture(scope="module")
def part(once):
    return once(learned.encode, drawing(), 60)


@pytest.fixture(scope="module")
def content(part):
    """What the second decoder reads."""
    return reference.decode(part, TABLES)


@pytest.mark.parametrize("budget", [6, 9, 24, 60, 150])
def test_budget_and_size(budget, once):
    image = drawing((57, 90), budget)
    data = once(learned.encode, image, budget)
    assert len(data) <= budget
    learned.check(data)
    for size in ((1, 1), (57, 90), (200, 31)):
        drawn = learned.draw(data, size)
        assert (drawn.picture.size, drawn.picture.mode) == (size, "RGB")


def test_a_budget_that_is_too_small():
    with pytest.raises(BudgetError, match="at least 4 bytes, not 1"):
        learned.encode(drawing(), 1)


def test_budgets_that_leave_no_room_behind_the_head():
    image = Image.linear_gradient("L").resize((96, 64)).convert("RGB")
    for budget in range(4, 8):
        with contextlib.suppress(BudgetError):
            assert len(learned.encode(image, budget, effort=1)) <= budget


def test_more_bytes_are_closer(once):
    image = drawing()
    apart = []
    for budget in (24, 60, 150):
        picture = learned.draw(once(learned.encode, image, budget), image.size).picture
        apart.append(mean_error(picture, image))
    assert apart == sorted(apart, reverse=True)
    assert apart[-1] < apart[0] / 1.5


@given(st.binary(max_size=60))
@examples(2)
def test_any_bytes(data):
    try:
        learned.check(data)
    except BitstreamError:
        return
    assert learned.draw(data, (20, 10)).picture.size == (20, 10)
    assert stream.write(stream.read(data), stream.length_class(len(data))) == data


@pytest.mark.parametrize("wrong", [b"", bytes(4097)])
def test_lengths_that_are_refused(wrong):
    with pytest.raises(BitstreamError, match="1 to 4096 bytes"):
        learned.check(wrong)


@pytest.mark.parametrize(("rows", "columns", "quality"), [(1, 1, 44), (3, 2, 30), (2, 9, 3)])
def test_the_core_draws_what_onnxruntime_draws(rows, columns, quality):
    if not convolution.available():
        pytest.skip("the compiled core is not here, or cannot convolve on this processor")
    levels = levels_of(rows, columns, quality)
    core, other = synthesis.draw(levels, quality), synthesis.by_runtime(levels[None], quality)[0]
    assert core.shape == other.shape == (CELL * rows, CELL * columns, 3)
    assert np.abs(core - other).max() < 0.05
    with mock.patch.object(synthesis, "available", return_value=False):
        assert np.array_equal(synthesis.draw(levels, quality), other)


def test_canvases_of_other_qualities_are_drawn_together():
    levels, qualities = np.stack([levels_of(2, 3, seed) for seed in (1, 2)]), np.array([40, 12])
    alone = [
        synthesis.by_runtime(one[None], quality)[0] for one, quality in zip(levels, qualities, strict=True)
    ]
    assert np.abs(synthesis.by_runtime(levels, qualities) - alone).max() < 0.01
    pixels = np.stack([np.asarray(drawing((24, 16), seed)) for seed in (1, 2)])
    together = nets.analyse(pixels, qualities)
    apart = [nets.analyse(one[None], quality)[0] for one, quality in zip(pixels, qualities, strict=True)]
    assert together.shape == (2, 2, 3, model.LATENTS)
    assert np.abs(together - apart).max() < 0.01


def test_the_slope_is_that_of_the_error():
    levels, quality = levels_of(2, 3)[None].astype(np.float32), 20
    wanted = np.asarray(drawing((24, 16)), np.float32)[None]
    drawn, slope = nets.slope(levels, quality, wanted)
    assert np.abs(drawn - synthesis.by_runtime(levels, quality)).max() < 0.01

    def error(given):
        return mean_error(synthesis.by_runtime(given, quality), wanted) * wanted.size / 2

    # Along the slope itself, and along single levels: central differences.
    directions = [slope / np.linalg.norm(slope)]
    for at in ((0, 0, 0, 0), (0, 1, 2, 5), (0, 1, 0, 40)):
        directions.append(np.zeros_like(slope))
        directions[-1][at] = 1
    for direction in directions:
        step = 0.01 * direction
        measured = (error(levels + step) - error(levels - step)) / 0.02
        assert measured == pytest.approx(
            float((slope * direction).sum()), rel=0.02, abs=2e-4 * float(np.abs(slope).max())
        )


def test_the_encoder_reckons_with_the_steps_of_the_table():
    for quality in (0, 17, 44):
        assert search.step_of(quality) == pytest.approx(model.tables().steps[quality] / model.STEP_UNIT)
        assert search.step_of(quality) == pytest.approx(8 * 2 ** (quality / 8), rel=1e-4)


def test_a_table_is_written_as_it_is_read():
    known = synthesis.network()
    again = synthesis.unpack(synthesis.pack(known))
    assert again.widths == known.widths
    assert all(
        np.array_equal(*each)
        for one in zip(known.layers, again.layers, strict=True)
        for each in zip(*one, strict=True)
    )


@pytest.mark.parametrize("widths", [(8, 8, 8), (16, 24, 8)])
def test_networks_of_other_widths_are_drawn_alike(widths):
    if not convolution.available():
        pytest.skip("the compiled core is not here, or cannot convolve on this processor")
    rng = np.random.default_rng(3)
    layers = [
        synthesis.Layer(
            rng.normal(0, 0.05, (outputs, inputs, 3, 3)).astype(np.float32),
            rng.normal(0, 0.1, outputs).astype(np.float32),
        )
        for inputs, outputs in synthesis.shapes(widths)
    ]
    known = synthesis.unpack(
        synthesis.pack(synthesis.Network(widths, synthesis.network().line, tuple(layers)))
    )
    levels, quality = levels_of(2, 3), 30
    synthesis._convolutions.cache_clear()
    try:
        with mock.patch.object(synthesis, "network", return_value=known):
            core = synthesis.draw(levels, quality)
    finally:
        synthesis._convolutions.cache_clear()
    content = reference.Levels(0, 0, quality, 16, levels.tolist())
    assert np.abs(core - reference.canvas(content, tables_with(known))).max() < 0.05


@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (2, 3), (8, 8), (1, 7)])
def test_samples_are_those_of_the_text(rows, cols, part, content):
    ours = learned.samples(part, rows, cols)
    theirs = reference.samples(content, rows, cols, TABLES)
    assert ours == [[tuple(colour) for colour in line] for line in theirs.tolist()]
    extreme = stream.Content(0, 0, 44, 16, np.full((2, 1, model.LATENTS), model.MOST, np.int16))
    shown = reference.samples(reference.Levels(0, 0, 44, 16, extreme.levels.tolist()), rows, cols, TABLES)
    assert np.array_equal(sampling.sampled(extreme, rows, cols), shown)


def test_samples_show_the_canvas(part):
    drawn = learned.draw(part, (96, 64)).picture
    for rows, cols in ((1, 2), (2, 3), (4, 6)):
        shown = np.array(learned.samples(part, rows, cols), float).reshape(rows, 4, cols, 4, 3).mean((1, 3))
        size = (cols, rows)
        means = np.asarray(drawn.resize(size, Image.Resampling.BOX), float)
        assert np.abs(shown - means).mean() < 6


@pytest.mark.parametrize(("count", "wanted"), [(1, 4), (4, 4), (5, 32), (76, 4), (12, 28)])
def test_weights_share_every_value(count, wanted):
    table = np.zeros((wanted, count), int)
    for line, (start, shares) in zip(table, sampling.weights(count, wanted), strict=True):
        line[start : start + len(shares)] = shares
    assert (table.sum(1) == 2 * wanted * sampling.POINTS**2).all()
    # Mirrored lines are mirrored, and a slope stays one away from the ends.
    assert np.array_equal(table, table[::-1, ::-1])
    if count > 2:
        places = table @ (np.arange(count) + 0.5) / table[0].sum() * wanted / count
        inner = slice(wanted // count + 1, wanted - wanted // count - 1)
        assert np.allclose(places[inner], (np.arange(wanted) + 0.5)[inner])


def test_the_second_decoder_reads_and_draws_the_same(part, content):
    ours = learned.read(part)
    assert [ours.shape, ours.size, ours.quality, ours.count] == list(vars(content).values())[:4]
    assert np.array_equal(np.asarray(ours.levels), reference.whole(content))
    assert np.abs(learned.canvas(part) - reference.canvas(content, TABLES)).max() < 0.05


def test_both_refuse_what_no_encoder_writes(part):
    for wrong in (part + b"\0", part[:-1] + bytes([part[-1] ^ 64]), part[:-1]):
        refused = 0
        for read, error in (
            (learned.check, BitstreamError),
            (partial(reference.decode, tables=TABLES), FormatError),
        ):
            try:
                read(wrong)
            except error:
                refused += 1
        assert refused in (0, 2)
    with pytest.raises(BitstreamError):
        learned.check(part + b"\0")


def test_grids_are_those_of_the_text():
    for shape in range(25):
        for size in range(len(AREAS)):
            rows, columns = grid(shape, size)
            assert (rows, columns) == reference.grid(shape, size)
            assert rows * columns <= 564


def test_it_is_a_stream_like_others(part):
    both = (Part(1, semantic.encode(WORDS, with_map=True)), Part(8, bytes([coders.LEARNED]) + part))
    data = bitstream.write(Stream(96, 64, both))
    decoded = decode(data)
    assert decoded.report.layers == ("semantic", "texture")
    assert decoded.image.size == (96, 64)
    shown = inspect(data)
    assert [row["coder"] for row in shown["parts"]][1] == learned.NAME
    assert all(cell["derived"] for cell in shown["description"]["cells"])
    whole = read_stream(data)
    theirs = [value(each, whole, TABLES, None) for each in whole.parts]
    assert json.loads(json.dumps(theirs)) == [each["value"] for each in values(data)["parts"]]


def test_generators_are_held_where_the_canvas_is_known(part):
    known = learned.coefficients(part)
    rows, columns = np.asarray(learned.read(part).levels).shape[:2]
    assert known.amplitudes.shape == known.margins.shape == (3, CELL * rows, CELL * columns)
    finite = np.isfinite(known.margins)
    assert finite[:, :rows, :columns].all()
    assert finite.sum() == 3 * rows * columns
    canvas = learned.canvas(part).clip(0, 255)
    assert np.abs(faithful.to_coefficients(canvas.copy(), known) - canvas).max() < 8
    held = faithful.to_coefficients(np.full_like(canvas, 128), known)
    assert np.square(held - canvas).mean() < np.square(128 - canvas).mean() / 2


def test_a_repainted_region_shows_and_others_stay(once):
    data = once(learned.encode, drawing(), 100)
    region, colour = Region(0.55, 0.1, 0.95, 0.6), np.float32([240, 20, 200])
    edited = texture_canvas.refit(data, [region], lambda picture: np.broadcast_to(colour, picture.shape))
    before, after = (np.asarray(learned.draw(each, (96, 64)).picture, float) for each in (data, edited))
    inside = region.cover(64, 96) == 1
    assert np.abs(after - colour)[inside].mean() < np.abs(before - colour)[inside].mean() / 2
    assert np.abs(after - before)[:, :24].mean() < 3
    assert texture_canvas.refit(data, [region], lambda picture: picture) == data


def test_an_edit_of_a_stream(part):
    data = bitstream.write(
        Stream(96, 64, (Part(1, semantic.encode(WORDS, with_map=True)), Part(8, b"\1" + part)))
    )
    result = edit.apply(data, [edit.Edit("recolour", ("r1c1", "dark blue"))])
    assert "texture" in result.changed
    layer = bitstream.read(result.data).parts[1]
    assert (layer.type, layer.payload[:1]) == (8, b"\1")
    texture.check(layer.payload)
    means = [
        np.asarray(decode(each, layers=("texture",), size=(3, 2)).image, int)[0, 0]
        for each in (data, result.data)
    ]
    dark = np.array([0, 0, 139])
    assert np.abs(means[1] - dark).sum() < np.abs(means[0] - dark).sum()


def test_what_is_analysed_is_drawn_again():
    pixels = search.canvas(drawing((130, 70)), 3, 5)
    assert pixels.shape == (24, 40, 3)
    levels = np.rint(nets.analyse(pixels[None], 12)[0])
    drawn = synthesis.draw(levels.astype(np.int16), 12)
    assert mean_error(drawn, pixels) < mean_error(np.mean(pixels, (0, 1)), pixels) / 4
