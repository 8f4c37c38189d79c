"""Pictures as they come: the right picture or one clear error, in bounded memory."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

import promptcodec
from promptcodec import files
from promptcodec.errors import EncodeWarning, ImageError, PromptcodecError
from promptcodec.layers.registry import NAMES
from promptcodec.vision.load import load_image

# The peak of this very process: ru_maxrss would count the parent's too.
PEAK = "import re; print(int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) // 1024)"
# One half red, one half blue: what a picture is survives any coder.
HALVES = Image.new("RGB", (24, 16), (200, 30, 40))
HALVES.paste((20, 40, 190), (12, 0, 24, 16))


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, *extra, rows=b"", depth=8, colour=2):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + b"".join(extra)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def rgb16():
    """Make a PNG of 16 bits a colour, which Pillow does not write: the same halves."""
    row = b"\0" + struct.pack(">3H", 200 * 257, 30 * 257, 40 * 257) * 12
    return png(24, 16, rows=(row + struct.pack(">3H", 20 * 257, 40 * 257, 190 * 257) * 12) * 16, depth=16)


def swapped_profile():
    """Make an ICC profile in which red and blue have changed places."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", profile, 128)[0]
    for at in range(132, 132 + 12 * count, 12):
        name = bytes(profile[at : at + 4])
        profile[at : at + 4] = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}.get(name, name)
    return bytes(profile)


def orientated():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise: what is stored left is seen on top
    return saved(HALVES.rotate(90, expand=True), "JPEG", exif=exif, quality=95)


def clear_palette():
    image = Image.new("P", (24, 16), 0)
    image.putpalette([200, 30, 40, 20, 40, 190, 0, 0, 0])
    image.paste(1, (12, 0, 24, 16))
    image.paste(2, (0, 0, 24, 4))
    return saved(image, "PNG", transparency=2)


def grey16():
    samples = np.full((16, 24), 60 * 257, np.uint16)
    samples[:, 12:] = 190 * 257
    return saved(Image.fromarray(samples), "PNG")


def grey_float():
    samples = np.full((16, 24), 60 / 255, np.float32)
    samples[:, 12:] = 190 / 255
    samples[0, 0] = np.nan
    return saved(Image.fromarray(samples), "TIFF")


RED, BLUE = (200, 30, 40), (20, 40, 190)
FRAMES = {"save_all": True, "append_images": [Image.new("RGB", (24, 16))]}
GOOD = {
    "animation.gif": (saved(HALVES, "GIF", **FRAMES), RED, BLUE),
    "grey16.png": (grey16(), (60,) * 3, (190,) * 3),
    "rgb16.png": (rgb16(), RED, BLUE),
    "float.tif": (grey_float(), (60,) * 3, (190,) * 3),
    "cmyk.jpg": (saved(HALVES.convert("CMYK"), "JPEG", quality=95), RED, BLUE),
    "palette.png": (clear_palette(), RED, BLUE),
    "turned.jpg": (orientated(), RED, BLUE),
    "profile.png": (saved(HALVES, "PNG", icc_profile=swapped_profile()), (40, 30, 200), (190, 40, 20)),
    "profile-palette.png": (
        saved(HALVES.quantize(4), "PNG", icc_profile=swapped_profile()), (40, 30, 200), (190, 40, 20),
    ),
    "wrong-profile.png": (saved(HALVES, "PNG", icc_profile=b"no profile"), RED, BLUE),
    "broken-exif.jpg": (saved(HALVES, "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff", quality=95), RED, BLUE),
    "no-exif.jpg": (saved(HALVES, "JPEG", exif=b"Exif\0\0garbage", quality=95), RED, BLUE),
}  # fmt: skip
BOMB = zlib.compress(bytes(100 << 20), 9)
# What stands beside the pixels is too long to be unpacked; the pixels are whole, and black.
PACKED = {
    "ztxt.png": png(4, 4, chunk(b"zTXt", b"parameters\0\0" + BOMB), rows=bytes(52)),
    "itxt.png": png(4, 4, chunk(b"iTXt", b"parameters\0\1\0\0\0" + BOMB), rows=bytes(52)),
    "iccp.png": png(4, 4, chunk(b"iCCP", b"profile\0\0" + BOMB), rows=bytes(52)),
}
BAD = {
    "empty.png": (b"", "empty"),
    "text.png": (b"This is a text, not a picture.\n", "not an image"),
    "cut.png": (saved(Image.effect_noise((64, 64), 90), "PNG")[:2000], "damaged"),
    "cut.jpg": (saved(Image.effect_noise((64, 64), 90), "JPEG")[:900], "damaged"),
    "header.png": (png(70000, 70000), "too large"),
    "wide.png": (png(70000, 2), "damaged"),
    "lies.png": (png(8000, 8000), "damaged"),
    "program.eps": (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n%%EOF\n",
        "instructions",
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_the_right_picture(name, cli):
    data, left, right = GOOD[name]
    picture = load_image(data)
    assert (picture.mode, picture.size) == ("RGB", (24, 16))
    for x, colour in ((4, left), (19, right)):
        assert np.abs(np.array(picture.getpixel((x, 10))) - colour).max() <= 14, picture.getpixel((x, 10))
    Path(name).write_bytes(data)
    code, _, err = cli("encode", name, "-o", "x.pxt", "--layers", "semantic,signature")
    assert (code, err.count("first frame")) == (0, name == "animation.gif")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the picture is an animation", EncodeWarning)
        assert Path("x.pxt").read_bytes() == promptcodec.encode(data, layers=("semantic", "signature"))


@pytest.mark.parametrize("name", PACKED)
def test_pixels_are_read_whatever_stands_beside_them(name):
    assert load_image(PACKED[name]).tobytes() == bytes(48)


def test_what_is_clear_is_white():
    assert load_image(clear_palette()).getpixel((2, 1)) == (255, 255, 255)
    half = Image.new("LA", (2, 2), (0, 128))
    assert load_image(saved(half, "PNG")).getpixel((0, 0)) == (127, 127, 127)


@pytest.mark.parametrize("size", [(1, 1), (1, 8000), (8000, 1)])
def test_extreme_shapes_go_through(size, cli):
    Image.new("RGB", size, "orange").save("x.png")
    assert cli("encode", "x.png", "-o", "x.pxt", "--layers", ",".join(NAMES))[0] == 0
    assert cli("decode", "x.pxt", "-o", "y.png", "--check")[0] in (0, 3)
    assert Image.open("y.png").size == size


@pytest.mark.parametrize("name", BAD)
def test_one_clear_error(name, cli):
    data, says = BAD[name]
    Path(name).write_bytes(data)
    code, out, err = cli("encode", name, "-o", "out/x.pxt", "--json")
    error = json.loads(out)["error"]
    assert (code, error["kind"]) == (2, "image")
    assert says in error["message"]
    assert err.count("\n") == 1
    assert err.startswith(f"promptcodec: {name}: ")
    assert os.listdir() == [name]
    with pytest.raises(ImageError, match=says):
        promptcodec.encode(data)
    with pytest.raises(ImageError, match=says):
        promptcodec.encode(name)


def test_a_picture_opened_by_the_caller_is_read_with_the_same_care():
    with Image.open(io.BytesIO(BAD["cut.png"][0])) as image, pytest.raises(ImageError, match="damaged"):
        promptcodec.encode(image)


def test_what_is_not_a_file(cli):
    Path("x.png").mkdir()
    Path("broken.png").symlink_to("nowhere.png")
    Path("loop.png").symlink_to("loop.png")
    for name, says in (
        ("x.png", "holds no file"), ("broken.png", "No such file"), ("loop.png", "symbolic links"),
        ("gone.png", "No such file"), ("x" * 300 + ".png", "too long"), ("x.png/y.png", "No such file"),
    ):  # fmt: skip
        code, out, err = cli("encode", name, "-o", "x.pxt", "--json")
        assert (code, json.loads(out)["error"]["kind"]) == (2, "usage")
        assert says in err
        assert not os.path.lexists("x.pxt")
        with pytest.raises(PromptcodecError):
            promptcodec.encode(name)


def test_links_that_lead_nowhere_do_not_stop_a_folder(cli):
    Path("in").mkdir()
    Path("in/broken.png").symlink_to("nowhere.png")
    HALVES.save("in/good.png")
    assert cli("encode", "in", "-o", "out")[0] == 0
    assert os.listdir("out") == ["good.png.pxt"]


def test_a_file_that_vanishes_is_one_failed_item(cli, monkeypatch):
    Path("in").mkdir()
    for name in ("a.png", "b.png"):
        HALVES.save(f"in/{name}")
    whole = files.read_file

    def read(path):
        Path("in/a.png").unlink(missing_ok=True)
        return whole(path)

    monkeypatch.setattr("promptcodec.cli.batch.read_file", read)
    code, out, _ = cli("encode", "in", "-o", "out", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert (code, [line["ok"] for line in lines]) == (1, [False, True])
    assert os.listdir("out") == ["b.png.pxt"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind root")
def test_what_may_not_be_read(cli):
    HALVES.save("x.png")
    Path("shut").mkdir()
    Path("x.png").chmod(0)
    Path("shut").chmod(0)
    for name in ("x.png", "shut/x.png"):
        code, _, err = cli("encode", name, "-o", "x.pxt")
        assert (code, "Permission denied" in err) == (2, True)
    Path("shut").chmod(0o700)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's account of memory")
@pytest.mark.parametrize(
    ("name", "megabytes"), [("header.png", 200), ("lies.png", 450), ("ztxt.png", 250), ("itxt.png", 250)]
)
def test_memory_is_bounded(name, megabytes, tmp_path):
    """What is not unpacked takes no time either: the timeout only ends a test that hangs."""
    (tmp_path / name).write_bytes(PACKED.get(name) or BAD[name][0])
    code = (
        "import sys, warnings, promptcodec as p\nwarnings.simplefilter('ignore')\n"
        f"try: p.encode(sys.argv[1], layers=['signature'])\nexcept p.errors.ImageError: pass\n{PEAK}"
    )
    command = [sys.executable, "-c", code, tmp_path / name]
    done = subprocess.run(command, capture_output=True, check=True, timeout=300)
    assert int(done.stdout) < megabytes


def test_files_beyond_any_picture_are_not_read(cli):
    with Path("x.png").open("wb") as file:
        file.truncate(files.MAX_BYTES + 1)  # takes no room on the disk
    code, _, err = cli("encode", "x.png", "-o", "x.pxt")
    assert (code, "bytes" in err) == (2, True)
