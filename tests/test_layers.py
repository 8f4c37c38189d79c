"""The layers of pictures: within budget, back at any size, and strict about damage."""

import contextlib
import io

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from promptcodec.errors import BitstreamError, BudgetError, MissingError
from promptcodec.layers import pixels, signature
from tests.drawings import drawing
from tests.effort import examples

sizes = st.tuples(st.integers(1, 80), st.integers(1, 80))


def squared_error(first, second):
    return float(np.mean((np.asarray(first, np.float32) - np.asarray(second, np.float32)) ** 2))


@given(data=st.binary(max_size=300))
@examples(6)
@example(data=b"")
@example(data=bytes(3))
@example(data=bytes([0, 0, 0, 0, 1]))
def test_any_bytes(data):
    try:
        decoded = pixels.decode(data, (20, 10))
    except BitstreamError:
        return
    assert decoded.size == (20, 10)


@pytest.mark.parametrize("budget", [150, 1500])
def test_cut_and_trailing_bytes(budget):
    part = pixels.encode(drawing(), budget)
    pixels.decode(part, (30, 20))
    for damaged in (part[:-1], part[:-3], part + b"\0", part + part[:4], part[:2]):
        with pytest.raises(BitstreamError):
            pixels.decode(damaged, (30, 20))


@given(flips=st.lists(st.tuples(st.integers(0, 799), st.integers(0, 255)), min_size=1, max_size=4))
@examples(2)
def test_damaged_pictures(flips):
    for part in (PARTS["WEBP"], PARTS["AVIF"]):
        damaged = bytearray(part)
        for at, value in flips:
            damaged[at % len(part)] = value
        with contextlib.suppress(BitstreamError):
            assert pixels.decode(bytes(damaged), (9, 8)).size == (9, 8)


def coded(coder, size=(64, 40), **options):
    buffer = io.BytesIO()
    drawing(size).save(buffer, coder, **options)
    return bytes([pixels.CODERS.index(coder)]) + buffer.getvalue()


PARTS = {coder: coded(coder, quality=30) for coder in pixels.CODERS}


def test_more_bytes_are_closer():
    for seed in range(3):
        image = drawing(seed=seed)
        budgets = (60, 400, 4000)
        errors = [squared_error(image, pixels.decode(pixels.encode(image, b), image.size)) for b in budgets]
        assert errors == sorted(errors, reverse=True)
        assert errors[-1] < 0.7 * errors[0]


def test_signature():
    first, other = (signature.encode(drawing(seed=seed)) for seed in (1, 2))
    assert len(first) == signature.SIGNATURE_BYTES
    assert signature.distance(first, first) == 0
    assert signature.distance(first, other) == signature.distance(other, first) > 0.2
    smaller = drawing(seed=1).resize((77, 50), Image.Resampling.BICUBIC)
    assert signature.distance(first, signature.encode(smaller)) < 0.2
    for damaged in (b"", first[:-1], first + b"\0"):
        with pytest.raises(BitstreamError):
            signature.distance(first, damaged)


signatures = st.binary(min_size=signature.SIGNATURE_BYTES, max_size=signature.SIGNATURE_BYTES)


@examples(4)
@given(first=signatures, second=signatures)
def test_signature_distance_is_bounded(first, second):
    assert 0 <= signature.distance(first, second) <= 1
    assert all(0 <= value <= 1 for value in signature.parts(first, second).values())


def test_signature_parts(astronaut):
    from skimage import data

    own = signature.encode(astronaut)
    assert signature.parts(own, own) == {"colour": 0, "layout": 0, "content": 0}
    smaller = signature.parts(own, signature.encode(astronaut.resize((200, 200))))
    other = signature.parts(own, signature.encode(Image.fromarray(data.chelsea())))
    assert smaller["content"] < 0.46 < other["content"]
    # The same thing in other colours is the same content.
    grey = signature.parts(own, signature.encode(astronaut.convert("L").convert("RGB")))
    assert grey["content"] < 0.46 < other["content"]


def test_signature_table_is_checked():
    with pytest.raises(MissingError, match="reinstall"):
        signature.parse(bytes(100))


@given(size=sizes)
@examples(0.6)
def test_signature_of_any_size(size):
    assert len(signature.encode(drawing(size))) == signature.SIGNATURE_BYTES


@pytest.mark.parametrize("size", [(1, 1), (3, 70), (64, 40)])
@pytest.mark.parametrize("budget", [70, 500, 5000])
def test_pixels_budget_and_size(size, budget):
    part = pixels.encode(drawing(size), budget)
    assert len(part) <= budget
    assert pixels.decode(part, size).size == size
    assert pixels.decode(part, (31, 17)).size == (31, 17)


def test_pixels_budget_too_small():
    with pytest.raises(BudgetError, match=r"at least (\d+) bytes") as caught:
        pixels.encode(drawing(), 10)
    minimum = int(str(caught.value).split("at least ")[1].split()[0])
    assert len(pixels.encode(drawing(), minimum)) == minimum
    with pytest.raises(BudgetError):
        pixels.encode(drawing(), minimum - 1)


def test_pixels_carry_no_metadata():
    image = drawing((32, 32))
    image.info = {"icc_profile": b"profile" * 400, "exif": b"Exif\0\0" + bytes(1000), "xmp": b"<x/>" * 300}
    assert pixels.encode(image, 300) == pixels.encode(drawing((32, 32)), 300)


@pytest.mark.parametrize("coder", pixels.CODERS)
def test_pixels_coders(coder):
    assert squared_error(pixels.decode(PARTS[coder], (64, 40)), drawing((64, 40))) < 300


@pytest.mark.parametrize("coder", pixels.CODERS)
def test_pixels_refuses_bombs(coder, monkeypatch):
    monkeypatch.setattr(pixels, "MAX_PIXELS", 64 * 40 - 1)
    with pytest.raises(BitstreamError, match="too large"):
        pixels.decode(PARTS[coder], (64, 40))


def test_pixels_refuses_other_forms():
    frames = {"save_all": True, "append_images": [drawing((64, 40), 1)]}
    for part in (coded("WEBP", lossless=True), coded("WEBP", **frames), coded("AVIF", **frames)):
        with pytest.raises(BitstreamError):
            pixels.decode(part, (64, 40))
    png = io.BytesIO()
    drawing().save(png, "PNG")
    for coder in (b"\0", b"\1", b"\2"):
        with pytest.raises(BitstreamError):
            pixels.decode(coder + png.getvalue(), (64, 40))
