"""Pictures as they come: every mode gives the picture people see, every broken file one clear error."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from promptcodec.errors import ImageError, UsageError
from promptcodec.vision.load import load_image


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def mean(image):
    return np.asarray(image, np.float32).mean(axis=(0, 1))


def png_header(width, height):
    """Make a small file that claims to be a picture of this size."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))


def test_transparency_lies_on_white():
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert load_image(saved(clear, "PNG")).getpixel((0, 0)) == (255, 255, 255)
    palette = clear.convert("P")
    assert load_image(saved(palette, "PNG", transparency=palette.getpixel((0, 0)))).getpixel((0, 0)) == (
        255,
        255,
        255,
    )


def test_sixteen_bits_and_floats():
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    wide = load_image(saved(Image.fromarray(ramp), "PNG"))
    assert np.abs(np.asarray(wide)[..., 0] - ramp / 257).max() <= 1
    for white in (1, 255):
        floats = Image.fromarray((ramp / 65535 * white).astype(np.float32))
        assert np.abs(np.asarray(load_image(saved(floats, "TIFF")))[..., 0] - ramp / 257).max() <= 1


def test_cmyk_palette_bilevel_animation(scene):
    assert np.abs(mean(load_image(saved(scene.convert("CMYK"), "JPEG"))) - mean(scene)).max() < 30
    assert np.abs(mean(load_image(saved(scene.convert("P"), "PNG"))) - mean(scene)).max() < 12
    assert load_image(saved(scene.convert("1"), "PNG")).mode == "RGB"
    animation = saved(scene, "GIF", save_all=True, append_images=[Image.new("RGB", scene.size)])
    assert np.abs(mean(load_image(animation)) - mean(scene)).max() < 12


def test_orientation_is_applied(scene):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = load_image(saved(scene, "JPEG", exif=exif, quality=95))
    assert turned.size == (scene.height, scene.width)
    assert np.abs(mean(turned) - mean(scene)).max() < 3


def test_a_colour_profile_is_applied(scene):
    """A Lab profile makes a coarse check possible: the numbers mean something else entirely."""
    lab = ImageCms.createProfile("LAB")
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), lab, "RGB", "LAB")
    assert ImageCms.applyTransform(scene, to_lab) is not None
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.abs(mean(load_image(saved(scene, "PNG", icc_profile=srgb))) - mean(scene)).max() < 1
    assert np.abs(mean(load_image(saved(scene, "PNG", icc_profile=b"broken"))) - mean(scene)).max() < 1


@pytest.mark.parametrize("size", [(1, 1), (1, 8000), (8000, 1)])
def test_extreme_shapes(size):
    assert load_image(saved(Image.new("RGB", size, "red"), "PNG")).size == size


def test_broken_files_are_one_clear_error(scene):
    whole = saved(scene, "PNG")
    for data, says in (
        (b"", "empty"),
        (b"just text", "not an image"),
        (whole[: len(whole) // 2], "damaged"),
        (png_header(1000, 900), "damaged"),
        (png_header(70000, 70000), "70000x70000 is too large"),
    ):
        with pytest.raises(ImageError, match=says):
            load_image(data)
    with pytest.raises(UsageError, match=r"nowhere\.png cannot be read: No such file"):
        load_image("nowhere.png")


def test_every_cut_of_a_png_loads_or_says_why(scene):
    whole = saved(scene.resize((24, 16)), "PNG")
    for end in range(len(whole)):
        try:
            load_image(whole[:end])
        except ImageError:
            continue
