"""Odd pictures: formats of extras, several frames, what stands beside the pixels, damage of any kind."""

from __future__ import annotations

import importlib.util
import io
import json
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

import promptcodec
from promptcodec.errors import ImageError, MissingError
from promptcodec.vision import formats, jxl, png, raw
from promptcodec.vision.load import load_image, load_picture

DATA = Path(__file__).parent / "data"
RED, BLUE = (200, 30, 40), (20, 40, 190)
# One half red, one half blue: what a picture is survives any coder. The .heic files of the same have a light
# band on top.
HALVES = Image.new("RGB", (64, 48), RED)
HALVES.paste(BLUE, (32, 0, 64, 48))


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def turned(number):
    exif = Image.Exif()
    exif[0x0112] = number
    return exif


def near(image, places):
    for place, colour in places.items():
        assert np.abs(np.array(image.getpixel(place)) - colour).max() <= 14, (place, image.getpixel(place))


def chunk(kind, body, check=None):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check or zlib.crc32(kind + body))


# Formats of extras.


def dng(preview, orientation=1):
    """Make a DNG: a picture ready made, and 64 x 64 samples of a sensor in a directory below."""
    out = bytearray(b"II*\0" + bytes(4))

    def put(body):
        at = len(out)
        out.extend(body + b"\0" * (len(body) % 2))
        return at

    def directory(*entries):
        rows = b""
        for tag, kind, *values in entries:
            body = struct.pack(f"<{len(values)}{'_BsHI'[kind]}", *values)
            place = body.ljust(4, b"\0") if len(body) <= 4 else struct.pack("<I", put(body))
            rows += struct.pack("<HHI", tag, kind, len(values)) + place
        return put(struct.pack("<H", len(entries)) + rows + bytes(4))

    samples = put(struct.pack("<4096H", *[1000] * 4096))
    ready = put(preview)
    below = directory(
        (254, 4, 0), (256, 4, 64), (257, 4, 64), (258, 3, 16), (259, 3, 1), (262, 3, 32803),
        (273, 4, samples), (277, 3, 1), (278, 4, 64), (279, 4, 8192), (33421, 3, 2, 2),
        (33422, 1, 0, 1, 1, 2),
    )  # fmt: skip
    top = directory(
        (254, 4, 1), (256, 4, 64), (257, 4, 48), (258, 3, 8, 8, 8), (259, 3, 7), (262, 3, 6), (273, 4, ready),
        (274, 3, orientation), (277, 3, 3), (278, 4, 48), (279, 4, len(preview)), (330, 4, below),
        (50706, 1, 1, 4, 0, 0),
    )  # fmt: skip
    out[4:8] = struct.pack("<I", top)
    return bytes(out)


NEEDS = {
    "HEIC": ((DATA / "halves.heic").read_bytes(), "heif"),
    "JPEG XL": (jxl.CODESTREAM + bytes(30), "jxl"),
    "JPEG XL in boxes": (jxl.CONTAINER + bytes(30), "jxl"),
    "RAW (DNG)": (dng(saved(HALVES, "JPEG")), "raw"),
    "RAW (CR2)": (b"II*\0\x10\0\0\0CR\2\0" + bytes(40), "raw"),
    "RAW (CR3)": (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(40), "raw"),
    "RAW (RAF)": (b"FUJIFILMCCD-RAW 0201" + bytes(40), "raw"),
}


@pytest.mark.parametrize("name", NEEDS)
def test_a_missing_extra_is_named(name, monkeypatch, cli):
    """By what the file holds: its name may be any."""
    monkeypatch.setattr(formats, "is_missing", lambda form: True)
    data, extra = NEEDS[name]
    Path("photo.jpg").write_bytes(data)
    code, out, err = cli("encode", "photo.jpg", "-o", "x.pxt", "--json")
    error = json.loads(out)["error"]
    assert (code, error["kind"], err.count("\n")) == (4, "missing", 1)
    assert error["message"] == (
        f"this is a {name.partition(' (')[0].partition(' in')[0]} picture; "
        f"pip install 'promptcodec[{extra}]' reads it"
    )


def test_formats_that_pillow_reads_need_nothing():
    for kind in ("AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "PPM", "TGA", "TIFF", "WEBP"):
        data = saved(HALVES, kind)
        assert formats.with_extra(data) is None
        assert load_image(data).size == ((48, 36) if kind == "ICO" else (64, 48))  # an icon has usual sizes


@pytest.mark.parametrize(
    ("brands", "name"),
    [
        (b"heic\0\0\0\0mif1heic", "HEIC"),
        (b"mif1\0\0\0\0mif1heic", "HEIC"),
        (b"msf1\0\0\0\0hevc", "HEIC"),
        (b"avif\0\0\0\0mif1miafMA1B", ""),
        (b"mif1\0\0\0\0mif1avif", ""),
        (b"isom\0\0\0\0iso2avc1", ""),
    ],
)
def test_brands(brands, name):
    data = struct.pack(">I", len(brands) + 8) + b"ftyp" + brands
    form = formats.with_extra(data)
    assert (form.name if form else "") == name


def test_heic():
    pytest.importorskip("pi_heif")
    light = (240, 240, 240)
    near(load_image((DATA / "halves.heic").read_bytes()), {(5, 4): light, (5, 30): RED, (60, 30): BLUE})
    # Its EXIF says 6, and so does the container: turned once.
    picture = load_picture((DATA / "halves-turned.heic").read_bytes())
    assert picture.image.size == (48, 64)
    near(picture.image, {(43, 5): light, (10, 5): RED, (10, 60): BLUE})
    several = load_picture((DATA / "halves-two.heic").read_bytes())
    assert [str(notice) for notice in several.notices] == [
        "the file has several pictures; the main one was taken"
    ]
    with pytest.raises(ImageError, match="damaged"):
        load_image((DATA / "halves.heic").read_bytes()[:200])


def test_jpeg_xl(tmp_path):
    pytest.importorskip("pillow_jxl")
    import pillow_jxl  # noqa: F401 - registers itself

    near(load_image(saved(HALVES, "JXL", quality=95)), {(5, 30): RED, (60, 30): BLUE})
    for size in ((64, 48), (37, 23), (8, 256), (100, 300)):
        for options in ({}, {"use_container": True}, {"lossless": True}):
            assert jxl.head(saved(Image.new("RGB", size), "JXL", **options)) == jxl.Head(
                size, is_animated=False
            )
    # The codestream says how it lies; EXIF beside it is to be ignored.
    exif = turned(6).tobytes()
    assert load_image(saved(HALVES, "JXL", exif=exif)).size == (64, 48)
    HALVES.save(tmp_path / "x.jpg", exif=exif, quality=95)
    with Image.open(tmp_path / "x.jpg") as packed:
        again = saved(packed, "JXL", lossless_jpeg=True)
    picture = load_image(again)
    assert jxl.head(again).size == picture.size == (48, 64)
    near(picture, {(24, 5): RED, (24, 60): BLUE})
    with pytest.raises(ImageError, match=r"damaged|not an image"):
        load_image(again[: len(again) // 2])


def test_a_jpeg_xl_that_asks_for_much_memory_is_refused(monkeypatch):
    """Its size is known before its decoder makes room: 2^30 pixels a side."""
    monkeypatch.setattr(formats, "is_missing", lambda form: False)
    monkeypatch.setattr("promptcodec.vision.decoders.importlib.import_module", lambda name: None)
    bits = 0 | 3 << 1 | (2**30 - 1) << 3 | 1 << 33  # not small, 30 bits, one to one
    with pytest.raises(ImageError, match="1073741824x1073741824 is too large"):
        load_image(jxl.CODESTREAM + bits.to_bytes(8, "little"))


def test_an_animated_jpeg_xl_is_told_by_its_head():
    bits = 1 | 5 << 1 | 1 << 6  # small, 48 high, as wide
    # Not all as usual; more is said: not turned, no size of its own, no preview, an animation.
    bits |= (0 | 1 << 1 | 0 << 2 | 0 << 5 | 0 << 6 | 1 << 7) << 9
    assert jxl.head(jxl.CODESTREAM + bits.to_bytes(8, "little")) == jxl.Head((48, 48), is_animated=True)
    assert jxl.head(b"\0\0\0\x0cJXL \r\n\x87\n") is None


@pytest.mark.parametrize(
    ("orientation", "size"), [(1, (64, 48)), (3, (64, 48)), (6, (48, 64)), (8, (48, 64))]
)
def test_raw_previews(orientation, size):
    pytest.importorskip("rawpy")
    picture = load_picture(dng(saved(HALVES, "JPEG", quality=95), orientation))
    assert picture.image.size == size
    near(picture.image, {(10, 10): RED if orientation in (1, 6) else BLUE})
    assert "of the RAW file the picture that it carries was taken, 64x48" in str(picture.notices[0])


def test_a_preview_that_says_how_it_lies_is_turned_once():
    pytest.importorskip("rawpy")
    for own, size in ((6, (48, 64)), (1, (64, 48))):
        whole = saved(HALVES, "JPEG", exif=turned(own))
        preview = whole[:2] + whole[20:]  # without JFIF: EXIF comes first, as cameras write it
        assert load_image(dng(preview, 6)).size == size


def test_no_tiff_is_taken_for_raw():
    for image in (HALVES, HALVES.convert("L"), HALVES.convert("CMYK"), HALVES.convert("1")):
        assert not raw.is_raw(saved(image, "TIFF"))
    whole = dng(saved(HALVES, "JPEG"))
    for end in range(0, len(whole), 7):
        raw.is_raw(whole[:end])  # never raises


# Several pictures in one file.

OTHER = HALVES.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
FRAMES = {"save_all": True, "append_images": [OTHER]}
ANIMATION = "the picture is an animation; its first frame was taken"


@pytest.mark.parametrize(
    ("kind", "options", "says"),
    [
        ("GIF", FRAMES, [ANIMATION]),
        ("PNG", FRAMES, [ANIMATION]),
        ("WEBP", FRAMES, [ANIMATION]),
        ("AVIF", FRAMES, [ANIMATION]),
        ("TIFF", FRAMES, ["the file has several pages; the first was taken"]),
        ("MPO", FRAMES, []),
        ("GIF", {}, []),
        ("PNG", {}, []),
        ("WEBP", {}, []),
        ("TIFF", {}, []),
    ],
)
def test_the_first_frame_is_taken_and_said(kind, options, says):
    picture = load_picture(saved(HALVES, kind, **options))
    assert [str(notice) for notice in picture.notices] == says
    near(picture.image, {(5, 24): RED, (60, 24): BLUE})


def test_the_command_line_says_it_once(cli):
    Path("x.gif").write_bytes(saved(HALVES, "GIF", **FRAMES))
    code, _, err = cli("encode", "x.gif", "-o", "x.pxt", "--layers", "signature")
    assert (code, err) == (0, f"promptcodec: x.gif: {ANIMATION}\n")


# What stands beside the pixels.

PLAIN = saved(HALVES, "PNG")
BROKEN_CHUNKS = {
    "checksum": chunk(b"tEXt", b"parameters\0a text that was edited", 1),
    "checksum of a kind that is not known": chunk(b"abCd", b"x", 1),
    "text that unpacks to much": chunk(b"zTXt", b"parameters\0\0" + zlib.compress(bytes(5 << 20))),
    "text that does not unpack": chunk(b"zTXt", b"parameters\0\0" + b"junk"),
    "text packed in an unknown way": chunk(b"zTXt", b"parameters\0\7junk"),
    "international text that unpacks to much": chunk(
        b"iTXt", b"parameters\0\1\0\0\0" + zlib.compress(bytes(5 << 20))
    ),
    "a resolution that is cut": chunk(b"pHYs", b"\0"),
    "chromaticities that are cut": chunk(b"cHRM", b"\0\0\1"),
    "gamma that is cut": chunk(b"gAMA", b""),
    "EXIF that is none": chunk(b"eXIf", b"junk"),
    "EXIF with a wrong checksum": chunk(b"eXIf", b"II*\0", 1),
    "an animation that is cut": chunk(b"acTL", b"\0"),
    "a profile packed in an unknown way": chunk(b"iCCP", b"p\0\7junk"),
    "a profile that does not unpack": chunk(b"iCCP", b"p\0\0junk"),
}


@pytest.mark.parametrize("name", BROKEN_CHUNKS)
def test_pngs_are_read_for_their_pixels(name):
    assert load_image(PLAIN[:33] + BROKEN_CHUNKS[name] + PLAIN[33:]).tobytes() == HALVES.tobytes()
    behind = PLAIN[:-12] + BROKEN_CHUNKS[name] + PLAIN[-12:]
    assert load_image(behind).tobytes() == HALVES.tobytes()


def swapped_profile(padding):
    """Make an ICC profile in which red and blue have changed places, with something long behind it."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + bytes(padding))
    profile[:4] = struct.pack(">I", len(profile))
    count = struct.unpack_from(">I", profile, 128)[0]
    for at in range(132, 132 + 12 * count, 12):
        name = bytes(profile[at : at + 4])
        profile[at : at + 4] = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}.get(name, name)
    return bytes(profile)


def test_a_long_profile_is_applied():
    long = chunk(b"iCCP", b"p\0\0" + zlib.compress(swapped_profile(3 << 20)))
    near(load_image(PLAIN[:33] + long + PLAIN[33:]), {(5, 24): (40, 30, 200), (60, 24): (190, 40, 20)})
    endless = chunk(b"iCCP", b"p\0\0" + zlib.compress(swapped_profile(30 << 20)))
    near(load_image(PLAIN[:33] + endless + PLAIN[33:]), {(5, 24): RED, (60, 24): BLUE})


def test_what_says_how_pixels_are_seen_stays():
    """Of a file with a broken text, its transparency and its orientation."""
    clear = HALVES.quantize(4)
    clear.info["transparency"] = clear.getpixel((5, 5))
    whole = saved(clear, "PNG", transparency=clear.getpixel((5, 5)), exif=turned(6))
    assert png.bare(whole).count(b"tRNS") == png.bare(whole).count(b"eXIf") == 1
    picture = load_image(whole[:33] + BROKEN_CHUNKS["checksum"] + whole[33:])
    assert picture.size == (48, 64)
    near(picture, {(24, 5): (255, 255, 255), (24, 60): BLUE})


def test_the_recipe_of_a_text_with_an_old_checksum_is_kept():
    text = b"parameters\0a lamp on a pier\nSteps: 20, Sampler: Euler, Seed: 7, Size: 64x48"
    data = PLAIN[:33] + chunk(b"tEXt", text, 1) + PLAIN[33:]
    stream = promptcodec.encode(data, layers=["recipe", "signature"])
    shown = promptcodec.inspect(stream)["recipe"]["fields"]["settings"]
    assert (shown["prompt"], shown["seed"]) == ("a lamp on a pier", 7)


# Modes, suffixes, damage.


def test_inverted_cmyk_and_lab():
    """JPEG files with Adobe's mark hold ink inverted; Lab has no profile to be applied."""
    near(load_image(saved(HALVES.convert("CMYK"), "JPEG", quality=95)), {(5, 24): RED, (60, 24): BLUE})
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = ImageCms.applyTransform(HALVES, to_lab)
    near(load_image(saved(lab, "TIFF")), {(5, 24): RED, (60, 24): BLUE})


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("number", range(1, 9))
def test_every_orientation_is_applied_once(kind, number):
    """A spot that is stored in the left top corner is seen where EXIF says that row and column begin."""
    image = HALVES.copy()
    image.paste((240, 240, 240), (0, 0, 16, 12))
    picture = load_image(saved(image, kind, exif=turned(number), quality=95))
    assert picture.size == ((64, 48) if number < 5 else (48, 64))
    right, bottom = number in (2, 3, 6, 7), number in (3, 4, 7, 8)
    place = (picture.width - 5 if right else 4, picture.height - 5 if bottom else 4)
    near(picture, {place: (240, 240, 240)})


XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


def with_xmp(kind, **options):
    if kind == "PNG":
        text = chunk(b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + XMP.encode())
        whole = saved(HALVES, kind, **options)
        return whole[:33] + text + whole[33:]
    return saved(HALVES, kind, xmp=XMP.encode(), **options)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_exif_alone_says_how_a_picture_lies(kind, monkeypatch):
    assert load_picture(with_xmp(kind)).image.size == (64, 48)
    assert load_picture(with_xmp(kind, exif=turned(3))).image.size == (64, 48)
    assert load_picture(with_xmp(kind, exif=turned(8))).image.size == (48, 64)
    if importlib.util.find_spec("pyvips") and kind != "AVIF":
        monkeypatch.setattr("promptcodec.vision.room._MOST_USUAL", 1000)
        monkeypatch.setattr("promptcodec.vision.room._MOST", {})
        assert load_picture(with_xmp(kind)).original == (64, 48)
        assert load_picture(with_xmp(kind, exif=turned(8))).original == (48, 64)


def raw_profile(exif, kind=b"zTXt"):
    """Write EXIF as ImageMagick does into a PNG."""
    text = b"\nexif\n%8d\n%s\n" % (len(exif), exif.hex().encode())
    return chunk(
        kind, b"Raw profile type exif\0" + (b"\0" + zlib.compress(text) if kind == b"zTXt" else text)
    )


@pytest.mark.parametrize(
    "exif",
    [
        raw_profile(b"Exif\0\0" + turned(6).tobytes()[6:]),
        raw_profile(turned(6).tobytes()[6:], b"tEXt"),
        chunk(b"eXIf", turned(6).tobytes()[6:]),
        chunk(b"eXIf", turned(6).tobytes()[6:] + bytes(70_000)),
        chunk(b"eXIf", turned(6).tobytes()[6:] + bytes(3 << 20)),
    ],
)
@pytest.mark.parametrize("beside", [b"", chunk(b"tEXt", b"a\0b", 1), chunk(b"tEXt", b"a\0" + bytes(2 << 20))])
def test_a_png_keeps_its_orientation_whatever_stands_beside(exif, beside):
    for data in (PLAIN[:33] + beside + exif + PLAIN[33:], PLAIN[:-12] + beside + exif + PLAIN[-12:]):
        assert load_image(data).size == (48, 64)


def test_the_content_counts_not_the_name(cli):
    for name, kind in (("x.jpg", "GIF"), ("y.png", "WEBP"), ("z.gif", "AVIF")):
        Path(name).write_bytes(saved(HALVES, kind))
        assert cli("encode", name, "-o", "out.pxt", "--overwrite", "--layers", "signature")[0] == 0


@pytest.mark.parametrize(
    "kind", ["AVIF", "WEBP", "JPEG", "PNG", "GIF", "TIFF", "JPEG2000", "BMP", "TGA", "PPM"]
)
def test_damage_is_one_clear_error(kind):
    """Whatever a decoder raises: 60 files of each format, with bytes changed or the end missing."""
    chance = random.Random(kind)
    whole = saved(Image.effect_noise((40, 30), 90).convert("RGB"), kind)
    for _ in range(60):
        data = bytearray(whole[: chance.randrange(20, len(whole))] if chance.random() < 0.3 else whole)
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            assert load_image(bytes(data)).mode == "RGB"
        except ImageError as error:
            assert "\n" not in str(error)


def test_any_exception_of_a_decoder_is_an_error_of_the_picture(monkeypatch):
    def fail(*args):
        raise RuntimeError("Decoding of color planes failed")

    monkeypatch.setattr("promptcodec.vision.decoders._decode", fail)
    with pytest.raises(ImageError, match="damaged: Decoding of color planes failed"):
        load_image(saved(HALVES, "AVIF"))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"%PDF-1.7\n", "a PDF document"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "a video"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X", "AppleDouble"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"something else", "not an image in a format"),
    ],
)
def test_what_is_no_picture_is_named(data, says):
    with pytest.raises(ImageError, match=f"this is .*{says}"):
        load_image(data)


def test_missing_is_asked_of_the_machine():
    for form in formats.FORMATS:
        assert formats.is_missing(form) == bool(form.module and importlib.util.find_spec(form.module) is None)
    assert issubclass(MissingError, promptcodec.errors.PromptcodecError)
