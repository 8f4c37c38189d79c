"""Large pictures in bounded memory: reduced, and said so; usual ones stay as they are."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import promptcodec
from promptcodec import bitstream, reading
from promptcodec.errors import EncodeWarning, ImageError
from promptcodec.layers import about
from promptcodec.vision import jpeg, png, reduced, vips
from promptcodec.vision.load import load_image, load_picture

RED = (200, 30, 40)
LINUX = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's account of memory")
# The peak of that very process: ru_maxrss would count the parent's too.
PEAK = 'int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024'
READ = f"""
import re, sys
from promptcodec.vision.load import load_picture
picture = load_picture(sys.argv[1])
print({PEAK}, *picture.original, *picture.image.getpixel((3, 3)))
"""
DRAW = f"""
import re, sys, promptcodec
image = promptcodec.decode(open(sys.argv[1], "rb").read(), size=(8192, 8192)).image
print({PEAK}, *image.size)
"""


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def one_colour(width, height, colour=2, pixel=bytes(RED)):
    """Make a PNG of one colour a row at a time."""
    row = b"\0" + pixel * width
    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"".join([png.SIGNATURE, chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b"")])


def segment(marker, body):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def flat_jpeg(width, height, frame=0xC0, passes=0):
    """Make a grey JPEG of one level, without its pixels ever being there.

    A baseline one has a bit for "no change" and one for "nothing else" of each block; a progressive one a
    pass of the former, then passes that say "nothing" of up to 16384 blocks at once.
    """
    blocks = -(-width // 8) * -(-height // 8)
    tables = segment(0xDB, b"\0" + b"\1" * 64)
    tables += segment(0xC4, b"\x00\x01" + bytes(15) + b"\0")
    tables += segment(0xC4, b"\x10\x01" + bytes(15) + (b"\0" if frame == 0xC0 else b"\xe0"))
    head = segment(frame, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0")
    last = 63 if frame == 0xC0 else 0
    scans = segment(0xDA, bytes([1, 1, 0, 0, last, 0])) + bytes(blocks // (4 if frame == 0xC0 else 8) + 1)
    nothing = bytes(-(-blocks // 16384) * 15 // 8 + 2)
    scans += passes * (segment(0xDA, bytes([1, 1, 0, 1, 63, 0])) + nothing)
    return jpeg.START + tables + head + scans + b"\xff\xd9"


def peak_of(data, tmp_path):
    (tmp_path / "x").write_bytes(data)
    done = subprocess.run([sys.executable, "-c", READ, tmp_path / "x"], capture_output=True, check=True)
    return list(map(int, done.stdout.split()))


@pytest.mark.parametrize(
    ("size", "times"),
    [
        ((10, 10), 1),
        ((8192, 8192), 1),
        ((8193, 8192), 2),
        ((20000, 15000), 3),
        ((70000, 2), 2),
        ((1, 200000), 4),
    ],
)
def test_the_factor_is_the_least_that_fits(size, times):
    assert reduced.factor(size, bitstream.MAX_PIXELS, bitstream.MAX_SIDE) == times
    assert bitstream.fits(*reduced.divided(size, times))


MODES = ("1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "I", "F", "I;16")


@pytest.mark.parametrize("mode", MODES)
def test_a_reduced_picture_is_the_mean_of_blocks(mode, scene):
    """Strips meet without a seam; what is averaged before and after the conversion differs by rounding."""
    small = scene.resize((97, 601))
    image = small.convert("L").convert("I;16") if mode == "I;16" else small.convert("RGB").convert(mode)
    got = reduced.reduce(image, 3)
    expected = image.convert("I" if mode == "I;16" else "RGB").reduce(3)
    assert got.size == (33, 201)
    apart = np.abs(np.asarray(got.convert(expected.mode), float) - np.asarray(expected, float))
    assert np.percentile(apart, 99) <= 3


def test_what_is_clear_does_not_bleed():
    image = Image.new("P", (64, 600), 0)
    image.putpalette([0, 0, 0, *RED])
    image.paste(1, (0, 0, 64, 301))
    image.info["transparency"] = 0
    got = load_image(reduced.reduce(image, 2))
    assert got.getpixel((5, 149)) == RED  # beside what is clear and black
    assert got.getpixel((5, 200)) == (255, 255, 255)
    assert np.abs(np.array(got.getpixel((5, 150))) - (np.array(RED) + 255) / 2).max() <= 1


def test_a_stream_names_the_reduced_size_and_keeps_the_original(tmp_path, cli):
    data = one_colour(9000, 9000, colour=0, pixel=b"\x80")
    (tmp_path / "x.png").write_bytes(data)
    with pytest.warns(EncodeWarning, match="9000x9000 was reduced to 4500x4500"):
        stream = promptcodec.encode(data, layers=["semantic", "signature"])
    parsed = bitstream.read(stream)
    assert (parsed.width, parsed.height) == (4500, 4500)
    assert about.decode(parsed.parts[-1].payload)["size"] == "9000x9000"
    shown = reading.inspect(stream)
    assert [shown[key] for key in ("width", "original_width", "original_height")] == [4500, 9000, 9000]
    code, out, err = cli("encode", str(tmp_path / "x.png"), "-o", "x.pxt", "--json", "--layers", "signature")
    result = json.loads(out)
    assert (code, result["width"], result["original_width"], result["original_height"]) == (
        0,
        4500,
        9000,
        9000,
    )
    assert err.count("was reduced") == 1
    assert "4500x4500 reduced from 9000x9000" in cli("inspect", "x.pxt")[1]
    # A tight budget is the words'.
    with pytest.warns(EncodeWarning, match="reduced"):
        tight = promptcodec.encode(data, budget=60)
    assert "about" not in reading.payloads_of(bitstream.read(tight))


def test_streams_of_usual_pictures_say_nothing_of_it(scene):
    stream = promptcodec.encode(scene)
    shown = reading.inspect(stream)
    assert (shown["original_width"], shown["original_height"]) == scene.size
    assert "size" not in about.decode(reading.payloads_of(bitstream.read(stream))["about"])


@pytest.mark.parametrize("value", ["", "12", "0x5", "axb", "5x5x5", "٣x٤", "99999999999x1"])
def test_an_odd_size_entry_is_a_note_like_others(value):
    payload = about.encode({"size": value or "-"})
    assert about.original_size(payload) is None
    assert about.decode(payload)["size"] == (value or "-")


def test_the_header_has_the_whole_size_where_the_layers_see_less(scene):
    """4200 x 4200 pixels fit into a stream: they are read reduced, the stream names all of them."""
    large = scene.resize((4200, 4200))
    picture = load_picture(large)
    assert (picture.image.size, picture.size, picture.original) == ((2100, 2100), (4200, 4200), (4200, 4200))
    whole = bitstream.read(promptcodec.encode(large, layers=["signature"]))
    assert (whole.width, whole.height) == (4200, 4200)


def test_turned_large_pictures():
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.new("L", (6000, 3000)).save(file, "JPEG", exif=exif)
    picture = load_picture(file.getvalue())
    assert (picture.image.size, picture.size) == ((1500, 3000), (3000, 6000))


@LINUX
@pytest.mark.parametrize("size", [(4243, 2829), (4032, 3024)])
def test_a_jpeg_of_a_camera_is_decoded_at_half_its_sides(size, tmp_path):
    """The whole of it would take 48 MB."""
    small, _, _, *grey = peak_of(flat_jpeg(80, 80), tmp_path)
    peak, *rest = peak_of(flat_jpeg(*size), tmp_path)
    assert rest == [*size, *grey]
    assert peak - small < 40


@LINUX
def test_a_baseline_jpeg_of_a_gigapixel(tmp_path):
    peak, *rest = peak_of(flat_jpeg(32768, 32768), tmp_path)
    assert rest[:2] == [32768, 32768]
    assert np.abs(np.array(rest[2:]) - 128).max() <= 1
    assert peak < 250


@LINUX
@pytest.mark.slow
@pytest.mark.parametrize(("colour", "pixel"), [(2, bytes(RED)), (6, bytes(RED) + b"\xff")])
def test_a_png_of_as_many_pixels_as_pillow_allows(colour, pixel, tmp_path):
    peak, *rest = peak_of(one_colour(13300, 13300, colour, pixel), tmp_path)
    assert rest == [13300, 13300, *RED]
    assert peak < 1000


@LINUX
@pytest.mark.slow
def test_a_larger_png_by_the_extra(tmp_path):
    pytest.importorskip("pyvips")
    peak, *rest = peak_of(one_colour(20000, 15000), tmp_path)
    assert rest == [20000, 15000, *RED]
    assert peak < 400


@LINUX
@pytest.mark.slow
def test_drawing_the_largest_stream(tmp_path):
    stream = promptcodec.encode(Image.new("RGB", (64, 64), RED), layers=["texture"])
    (tmp_path / "x").write_bytes(stream)
    done = subprocess.run([sys.executable, "-c", DRAW, tmp_path / "x"], capture_output=True, check=True)
    peak, *size = map(int, done.stdout.split())
    assert size == [8192, 8192]
    assert peak < 620


def test_what_is_too_large_names_the_extra(monkeypatch):
    monkeypatch.setattr(vips, "is_missing", lambda: True)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 20000, 15000, 8, 2, 0, 0, 0))
    data = png.SIGNATURE + header + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with pytest.raises(ImageError, match=r"20000x15000 is too large.*pip install 'promptcodec\[large\]'"):
        load_picture(data)
    with pytest.raises(ImageError, match=r"65000x65000 is too large.*scale it down"):
        load_picture(flat_jpeg(65000, 65000)[:1000])


def test_the_extra_reads_upright_and_in_colour(monkeypatch):
    pytest.importorskip("pyvips")
    monkeypatch.setattr("promptcodec.vision.room._MOST_USUAL", 1000)
    image = Image.new("RGBA", (90, 60), (*RED, 255))
    image.paste((0, 0, 0, 0), (60, 0, 90, 60))
    exif = Image.Exif()
    exif[0x0112] = 6  # what is stored left is seen on top
    file = io.BytesIO()
    image.save(file, "PNG", exif=exif)
    picture = load_picture(file.getvalue(), most=2000)
    assert (picture.original, picture.image.size) == ((60, 90), (30, 45))
    assert picture.image.getpixel((15, 5)) == RED
    assert picture.image.getpixel((15, 40)) == (255, 255, 255)
    with pytest.raises(ImageError, match="damaged"):
        load_picture(file.getvalue()[:150] + bytes(40), most=2000)


def test_progressive_jpegs_are_read_within_bounds():
    picture = load_picture(flat_jpeg(4096, 4096, 0xC2, passes=12))
    assert picture.size == (4096, 4096)
    assert np.abs(np.array(picture.image.getpixel((0, 0))) - 128).max() <= 1
    with pytest.raises(ImageError, match="more than 100 passes"):
        load_picture(flat_jpeg(256, 256, 0xC2, passes=150))
    with pytest.raises(ImageError, match=r"progressive JPEG of 30000x20000 takes 1144 MB.*baseline"):
        load_picture(flat_jpeg(30000, 20000, 0xC2)[:5000])


def flat_tiff(width, height, samples=3, tile=0):
    """Make a TIFF of one packed strip, or of one packed tile of ``tile`` x ``tile``, all black."""
    packer = zlib.compressobj(1)
    row = bytes((tile or width) * samples)
    data = b"".join(packer.compress(row) for _ in range(tile or height)) + packer.flush()
    tags = {256: width, 257: height, 259: 8, 262: 2 if samples > 1 else 1, 277: samples}
    tags |= {322: tile, 323: tile, 324: 0, 325: len(data)} if tile else {273: 0, 278: height, 279: len(data)}
    behind = 14 + 12 * (len(tags) + 1)
    tags |= {324 if tile else 273: behind + 2 * samples}
    names = sorted({*tags, 258})
    entries = {name: struct.pack("<HHII", name, 4, 1, value) for name, value in tags.items()}
    entries[258] = struct.pack("<HHI", 258, 3, samples) + struct.pack("<I", behind if samples > 2 else 8)
    body = b"".join(entries[name] for name in names)
    head = struct.pack("<2sHIH", b"II", 42, 8, len(names))
    return head + body + bytes(4) + struct.pack("<H", 8) * samples + data


def interlaced(data):
    """Say of a PNG that it is interlaced; its pixels are then no longer right."""
    header = data[16:28] + b"\1"
    return data[:8] + chunk(b"IHDR", header) + data[33:]


def large_gif(width, height, frame):
    """Make a GIF whose screen is larger than its only frame."""
    file = io.BytesIO()
    Image.new("P", frame).save(file, "GIF")
    return file.getvalue()[:6] + struct.pack("<HH", width, height) + file.getvalue()[10:]


TOO_LARGE = {
    "progressive JPEG": (
        flat_jpeg(40000, 40000, 0xC2)[:5000],
        "progressive JPEG of 40000x40000 takes 3051 MB.*baseline",
    ),
    "interlaced PNG": (
        interlaced(
            one_colour(20000, 200).replace(struct.pack(">II", 20000, 200), struct.pack(">II", 20000, 15000))
        ),
        "PNG picture of 20000x15000 is too large.*without interlacing",
    ),
    "TIFF with a large tile": (
        flat_tiff(100, 100, tile=32).replace(
            struct.pack("<HHII", 322, 4, 1, 32), struct.pack("<HHII", 322, 4, 1, 9 << 20)
        ),
        "TIFF picture of 100x100 is too large.*smaller strips or tiles",
    ),
    "GIF": (large_gif(24000, 24000, (8, 8)), "GIF picture of 24000x24000 is too large.*scale it down"),
    "GIF with a large frame": (
        large_gif(8, 8, (9, 9)).replace(struct.pack("<HH", 9, 9), struct.pack("<HH", 24000, 24000)),
        "the picture is too large.*scale it down",
    ),
}


@pytest.mark.parametrize("extra", [True, False])
@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_no_decoder_reads_in_a_gigabyte_is_refused(name, extra, monkeypatch):
    """By their heads: of most of these files the pixels are not there."""
    if extra:
        pytest.importorskip("pyvips")
    monkeypatch.setattr(vips, "is_missing", lambda: not extra)
    data, says = TOO_LARGE[name]
    with pytest.raises(ImageError, match=says) as error:
        load_picture(data)
    assert "promptcodec[" not in str(error.value)


def test_a_strip_that_is_the_whole_picture_counts(monkeypatch):
    monkeypatch.setattr("promptcodec.vision.room._MOST_HELD", 600_000)
    data = flat_tiff(300, 300)  # 360,000 bytes as Pillow keeps them, beside 270,000 of the strip
    monkeypatch.setattr(vips, "is_missing", lambda: True)
    with pytest.raises(ImageError, match=r"300x300 is too large.*pip install 'promptcodec\[large\]'.*strips"):
        load_picture(data)
    assert load_picture(flat_tiff(270, 270)).size == (270, 270)
    pytest.importorskip("pyvips")
    monkeypatch.setattr(vips, "is_missing", lambda: False)
    assert load_picture(data).image.getpixel((7, 7)) == (0, 0, 0)


def test_a_small_frame_lies_on_its_screen():
    picture = load_picture(large_gif(300, 200, (8, 8)))
    assert (picture.image.size, picture.original) == ((300, 200), (300, 200))


@LINUX
@pytest.mark.slow
def test_a_tiff_of_one_strip_is_read_by_rows(tmp_path):
    pytest.importorskip("pyvips")
    peak, *rest = peak_of(flat_tiff(13300, 13300), tmp_path)
    assert rest == [13300, 13300, 0, 0, 0]
    assert peak < 400


def test_what_a_jpeg_asks_for():
    file = io.BytesIO()
    Image.effect_noise((640, 480), 90).convert("RGB").save(
        file, "JPEG", progressive=True, subsampling="4:2:0"
    )
    demand = jpeg.demand(file.getvalue(), 100)
    assert demand.kept == 640 * 480 * 3
    assert demand.scans == file.getvalue().count(b"\xff\xda")
    assert jpeg.demand(flat_jpeg(64, 64), 100) == jpeg.Demand(1, 0)
    for junk in (
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff",
        b"\xff\xd8" + b"\xff" * 99,
        b"\xff\xd8\xff\xda",
        bytes(5000),
    ):
        assert jpeg.demand(junk, 100).kept == 0


def test_jpeg_2000_is_decoded_smaller():
    file = io.BytesIO()
    Image.new("RGB", (2000, 1600), RED).save(file, "JPEG2000", irreversible=True)
    picture = load_picture(file.getvalue(), most=1_000_000)
    assert (picture.image.size, picture.original) == ((1000, 800), (2000, 1600))
    assert np.abs(np.array(picture.image.getpixel((500, 400))) - RED).max() <= 3


def beside(kind, body, count=1):
    """Put chunks into a PNG whose pixels are RED."""
    whole = one_colour(16, 12)
    return whole[:33] + chunk(kind, body) * count + whole[33:]


MANY = {
    "chunks.png": lambda: beside(b"tEXt", b"", 300_000),
    "pixels.png": lambda: beside(b"IDAT", b"", 300_000),
    "unknown.png": lambda: beside(b"abCd", b"", 300_000),
    "text.png": lambda: beside(b"tEXt", b"parameters\0" + bytes(50_000_000)),
    "exif.png": lambda: beside(b"eXIf", b"MM\0*" + bytes(50_000_000)),
}


@pytest.mark.parametrize("name", MANY)
def test_much_beside_the_pixels(name):
    assert load_image(MANY[name]()).getpixel((3, 3)) == RED


@LINUX
@pytest.mark.parametrize("name", ["text.png", "segments.jpg"])
def test_fifty_megabytes_of_metadata(name, tmp_path):
    file = io.BytesIO()
    Image.new("RGB", (16, 12), RED).save(file, "JPEG", quality=95)
    many = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + bytes(65000)) * 770
    data = MANY[name]() if name in MANY else file.getvalue()[:2] + many + file.getvalue()[2:]
    peak, *rest = peak_of(data, tmp_path)
    assert np.abs(np.array(rest) - [16, 12, *RED]).max() <= 3
    assert peak < 200


def test_a_million_segments_of_a_jpeg_are_left_out():
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (16, 12), RED).save(file, "JPEG", quality=95, exif=exif)
    data = file.getvalue()[:2] + segment(0xED, b"") * 100_000 + file.getvalue()[2:]
    assert jpeg.is_crowded(data)
    assert jpeg.bare(data) == file.getvalue()
    assert load_image(data).size == (12, 16)
