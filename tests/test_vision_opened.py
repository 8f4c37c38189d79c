"""What is opened at all: pictures, never a program's instructions, however they are wrapped."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys

import pytest
from PIL import Image

from promptcodec import recipe
from promptcodec.errors import ImageError
from promptcodec.vision.load import load_image
from promptcodec.vision.opened import open_image

RED = (200, 30, 40)
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 16 8\n%%EndComments\n0 0 16 8 rectfill\n%%EOF\n"


def iptc(inner):
    """Wrap a file as the picture of an IPTC record."""

    def field(record, number, body):
        return b"\x1c" + bytes([record, number]) + struct.pack(">H", len(body)) + body

    head = field(3, 20, struct.pack(">H", 16)) + field(3, 30, struct.pack(">H", 8))
    return head + field(3, 60, b"\1\0") + field(3, 65, b"\0") + field(3, 120, b"\5") + field(8, 10, inner)


def icon(kind, inner):
    """Wrap a file as the one picture of a Mac's icon."""
    return b"icns" + struct.pack(">I4sI", len(inner) + 16, kind, len(inner) + 8) + inner


def windows_icon(inner, kind=1):
    head = struct.pack("<HHHBBBBHHII", 0, kind, 1, 16, 16, 0, 0, 1, 32, len(inner), 22)
    return head + inner


def saved(kind, size=(16, 8), **options):
    file = io.BytesIO()
    Image.new("RGB", size, RED).save(file, kind, **options)
    return file.getvalue()


WRAPPED = {
    "EPS": EPS,
    "EPS with a preview": b"\xc5\xd0\xd3\xc6" + struct.pack("<6IH", 32, len(EPS), 0, 0, 0, 0, 0xFFFF) + EPS,
    "WMF": b"\xd7\xcd\xc6\x9a\0\0" + bytes(80),
    "EMF": b"\1\0\0\0" + bytes(36) + b" EMF" + bytes(80),
    "EPS in IPTC": iptc(EPS),
    "IPTC in IPTC": iptc(iptc(EPS)),
    "EPS in ICO": windows_icon(EPS),
    "EPS in CUR": windows_icon(EPS, 2),
    "EPS in ICNS": icon(b"ic08", EPS),
    "EPS behind a JPEG's IPTC": b"\xff\xd8" + b"\xff\xed" + struct.pack(">H", len(iptc(EPS)) + 2) + iptc(EPS),
}
RUN = """
import sys, pathlib
from promptcodec import encode, recipe
from promptcodec.cli.resume import open_picture
from promptcodec.vision.load import load_image
for file in map(pathlib.Path, sys.argv[1:]):
    for read in (load_image, encode, recipe.read, open_picture):
        try:
            read(file.read_bytes())
        except Exception:
            pass
"""


@pytest.mark.skipif(os.name != "posix", reason="puts a script in Ghostscript's place")
def test_no_program_is_started(tmp_path):
    script = tmp_path / "gs"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\nexit 0\n")
    script.chmod(0o755)
    files = []
    for name, data in WRAPPED.items():
        files.append(tmp_path / f"{name}.png")
        files[-1].write_bytes(data)
    path = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([sys.executable, "-c", RUN, *files], env=os.environ | path, check=True)
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("name", WRAPPED)
def test_instructions_are_refused(name):
    with pytest.raises(ImageError, match=r"instructions|not an image in a format|damaged"):
        load_image(WRAPPED[name])


def test_a_record_that_holds_a_picture_is_not_opened():
    with pytest.raises(ImageError, match="not an image in a format that can be read"):
        load_image(iptc(saved("JPEG")))


KINDS = (
    "JPEG",
    "PNG",
    "WEBP",
    "GIF",
    "AVIF",
    "TIFF",
    "BMP",
    "JPEG2000",
    "PPM",
    "TGA",
    "PCX",
    "SGI",
    "DDS",
    "QOI",
)


@pytest.mark.parametrize("kind", [*KINDS, "ICO", "ICNS", "MPO"])
def test_pictures_are_opened(kind):
    size = (64, 64) if kind.startswith("IC") else (16, 8)
    data = saved(kind, size)
    with open_image(data) as image:
        assert image.format in (kind, "JPEG")
    assert all(abs(a - b) <= 6 for a, b in zip(load_image(data).getpixel((3, 3)), RED, strict=True))


@pytest.mark.parametrize("inner", ["PNG", "JPEG2000"])
def test_icons_hold_pictures(inner):
    assert load_image(icon(b"ic08", saved(inner, (256, 256)))).size == (256, 256)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_cut_icon_is_damaged(share):
    whole = saved("ICNS", (128, 128))
    with pytest.raises(ImageError, match=r"damaged|too early"):
        load_image(whole[: int(len(whole) * share)])


def test_the_recipe_of_a_comment_is_still_read():
    file = io.BytesIO()
    Image.new("P", (8, 8)).save(file, "GIF", comment=b"a lamp\nSteps: 20, Sampler: Euler, Seed: 7")
    assert recipe.read(file.getvalue()) is not None


@pytest.mark.parametrize("data", [b"x", b"BM", b"\x89PN", b"GIF8"])
def test_a_few_bytes_are_no_picture(data):
    with pytest.raises(ImageError) as raised:
        load_image(data)
    assert "unpack" not in str(raised.value)
