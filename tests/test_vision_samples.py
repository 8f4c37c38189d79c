"""Samples of more than eight bits: what they mean is what the file says, in every layout of it."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from promptcodec.errors import ImageError
from promptcodec.vision.load import load_image, load_picture

# A ramp from black to white, 16 x 8.
RAMP = np.tile(np.linspace(0, 1, 16), (8, 1))
WHITE_IS_ZERO, BLACK_IS_ZERO, COLOURS = 0, 1, 2
PLAIN, PACKED = 1, 8
UNSIGNED, SIGNED, FLOAT = 1, 2, 3


def tiff(values, photometric, kind, *, bits=None, packing=PLAIN, more=()):
    """Write a TIFF file of one strip.

    Args:
        values: rows x columns x samples, with the byte order that the file gets; or packed rows of 16 pixels.
        photometric, kind, packing: as the tags number them.
        bits: of a sample where ``values`` are packed rows.
        more: further tags, each of one short.
    """
    order = ">" if values.dtype.str[0] == ">" else "<"
    values = np.atleast_3d(values)
    count = values.shape[2]
    data = zlib.compress(values.tobytes()) if packing == PACKED else values.tobytes()
    size = bits or values.dtype.itemsize * 8
    short = {256: 16, 257: len(values), 259: packing, 262: photometric, 277: count, 278: len(values)} | dict(
        more
    )
    lists = {258: [size] * count, 339: [kind] * count}
    names = sorted({*short, *lists, 273, 279})
    behind = 10 + 12 * len(names) + 4
    tail = b"".join(struct.pack(f"{order}{count}H", *numbers) for numbers in lists.values())
    body = b""
    for name in names:
        if name in lists:
            body += struct.pack(f"{order}HHI", name, 3, count)
            at = behind + 2 * count * list(lists).index(name)
            body += (
                struct.pack(order + "I", at)
                if count > 2
                else struct.pack(order + "HH", *(lists[name] * 2)[:2])
            )
        elif name in short:
            body += struct.pack(f"{order}HHIHH", name, 3, 1, short[name], 0)
        else:
            body += struct.pack(f"{order}HHII", name, 4, 1, behind + len(tail) if name == 273 else len(data))
    head = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "IH", 8, len(names))
    return head + body + bytes(4) + tail + data


def near(data, expected):
    image = load_image(data)
    seen = np.asarray(image, float)
    expected = np.asarray(expected, float)
    expected = np.stack([expected] * 3, 2) if expected.ndim == 2 else expected
    assert image.size == (expected.shape[1], expected.shape[0])
    assert np.abs(seen - 255 * expected).max() <= 1


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packing", [PLAIN, PACKED])
@pytest.mark.parametrize("photometric", [WHITE_IS_ZERO, BLACK_IS_ZERO])
@pytest.mark.parametrize(
    ("dtype", "top"),
    [("u1", 255), ("u2", 65535), ("u4", 2**32 - 1), ("f2", 1), ("f4", 1), ("f8", 1), ("f4", 255)],
)
def test_grey_tiffs(order, packing, photometric, dtype, top):
    stored = RAMP if photometric == BLACK_IS_ZERO else 1 - RAMP
    values = stored * top if dtype[0] == "f" else np.rint(stored * top)
    kind = FLOAT if dtype[0] == "f" else UNSIGNED
    near(tiff(values.astype(order + dtype), photometric, kind, packing=packing), RAMP)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("dtype", "top"), [("u1", 255), ("u2", 65535), ("u4", 2**32 - 1), ("f2", 1), ("f4", 1)]
)
def test_colour_tiffs(order, dtype, top):
    colours = np.stack([RAMP, 0 * RAMP, 1 - RAMP], 2)
    values = (colours * top if dtype[0] == "f" else np.rint(colours * top)).astype(order + dtype)
    near(tiff(values, COLOURS, FLOAT if dtype[0] == "f" else UNSIGNED), colours)


def test_a_float_tiff_with_transparency_lies_on_white():
    values = np.stack([RAMP, RAMP, RAMP, RAMP * 0], 2)
    values[:, 3, 3] = 1
    expected = np.ones_like(RAMP)
    expected[:, 3] = RAMP[:, 3]
    near(tiff(values.astype("<f4"), COLOURS, FLOAT, more=[(338, 2)]), expected)


@pytest.mark.parametrize("packing", [PLAIN, PACKED])
@pytest.mark.parametrize("dtype", ["<i1", "<i2", ">i2", "<i4", ">i4"])
def test_signed_tiffs_begin_at_zero(dtype, packing):
    values = np.rint(RAMP * 2 - 1) * np.iinfo(dtype).max
    values[:, :8] = -100
    near(tiff(values.astype(dtype), BLACK_IS_ZERO, SIGNED, packing=packing), np.where(values > 0, 1, 0))


def test_a_tiff_of_twelve_bits():
    packed = np.array(
        [
            [half for a, b in row.reshape(-1, 2) for half in (a >> 4, (a & 15) << 4 | b >> 8, b & 255)]
            for row in np.rint(RAMP * 4095).astype(int)
        ],
        np.uint8,
    )
    near(tiff(packed, BLACK_IS_ZERO, UNSIGNED, bits=12), RAMP)


def test_highlights_of_a_render_are_cut():
    near(tiff((RAMP * 1.2).astype("<f4"), BLACK_IS_ZERO, FLOAT), np.clip(RAMP * 1.2, 0, 1))
    sun = RAMP.copy()
    sun[0, :6] = 5000, np.inf, np.nan, -np.inf, -3, 1.5
    expected = RAMP.copy()
    expected[0, :6] = 1, 1, 0, 0, 0, 1
    near(tiff(sun.astype("<f4"), BLACK_IS_ZERO, FLOAT), expected)
    dim = RAMP / 4
    near(tiff(dim.astype("<f4"), BLACK_IS_ZERO, FLOAT), dim)
    near(tiff((RAMP * 0).astype("<f4"), BLACK_IS_ZERO, FLOAT), RAMP * 0)


def test_a_tiff_that_nothing_here_unpacks_is_named():
    values = np.rint(RAMP * (2**32 - 1)).astype(">u4")
    with pytest.raises(
        ImageError, match="32-bit unsigned samples, packed with LZW, are not read; save it as PNG"
    ):
        load_image(tiff(values, BLACK_IS_ZERO, UNSIGNED, packing=5))
    with pytest.raises(ImageError, match=r"damaged|not read"):
        load_image(tiff(values, BLACK_IS_ZERO, UNSIGNED)[:-99])


def test_an_odd_tiff_is_turned_as_exif_says():
    values = np.rint(RAMP * (2**32 - 1)).astype(">u4")
    picture = load_picture(tiff(values, BLACK_IS_ZERO, UNSIGNED, more=[(274, 6)]))
    assert (picture.image.size, picture.original) == ((8, 16), (8, 16))
    assert picture.image.getpixel((0, 0)) == (0, 0, 0)
    assert picture.image.getpixel((0, 15)) == (255, 255, 255)


def test_integers_without_a_file():
    """Up to 255 they are of eight bits, more are of sixteen."""
    for top in (255, 65535):
        near(Image.fromarray(np.rint(RAMP * top).astype(np.int32)), RAMP)
    dark = np.rint(RAMP * 200)
    near(Image.fromarray(dark.astype(np.uint16)), dark / 65535)
    # A file says what its samples mean, however dark it is.
    near(b"P5\n16 8\n65535\n" + dark.astype(">u2").tobytes(), dark / 65535)


# PNG files of 16 bits with a transparent value.


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(values, clear, beside=b""):
    """Write a PNG file of 16 bits, grey or RGB, with a transparent value."""
    values = np.atleast_3d(values).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    header = struct.pack(">IIBBBBB", 16, 8, 16, 2 if values.shape[2] == 3 else 0, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"tRNS", struct.pack(f">{len(clear)}H", *clear)), beside
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("beside", [b"", chunk(b"tEXt", b"a\0" + bytes(1 << 21))])
def test_a_clear_value_of_sixteen_bits(beside):
    grey = np.rint(RAMP * 65535)
    grey[:, 5] = grey[:, 4] + 1  # the same but for its last bit
    expected = grey / 65535
    expected[:, 4] = 1
    data = png(grey, [int(grey[0, 4])], beside)
    near(data, expected)
    near(Image.open(io.BytesIO(data)), expected)
    colours = np.stack([grey, 0 * grey, 0 * grey], 2)
    expected = colours / 65535
    expected[:, 4] = 1
    near(png(colours, [int(grey[0, 4]), 0, 0], beside), expected)


def test_a_clear_value_that_no_pixel_has():
    near(png(np.zeros((8, 16, 3)), [1, 0, 0]), np.zeros((8, 16)))
    near(png(np.zeros((8, 16)), [1]), np.zeros((8, 16)))
