"""Input as it comes: the right picture or one clear error, whole files or none, bounded time and memory."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

import promptcodec
from promptcodec import files
from promptcodec.cli import batch
from promptcodec.errors import ImageError, PromptcodecError
from promptcodec.layers.registry import NAMES
from promptcodec.vision.load import load_image

MAIN = "from promptcodec.cli import main; main()"
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
BAD = {
    "empty.png": (b"", "empty"),
    "text.png": (b"This is a text, not a picture.\n", "not an image"),
    "cut.png": (saved(Image.effect_noise((64, 64), 90), "PNG")[:2000], "damaged"),
    "cut.jpg": (saved(Image.effect_noise((64, 64), 90), "JPEG")[:900], "damaged"),
    "header.png": (png(20000, 10000), "too large"),
    "wide.png": (png(70000, 2), "scale it down"),
    "lies.png": (png(8000, 8000), "damaged"),
    "ztxt.png": (png(4, 4, chunk(b"zTXt", b"parameters\0\0" + BOMB), rows=bytes(52)), "too large"),
    "itxt.png": (png(4, 4, chunk(b"iTXt", b"parameters\0\1\0\0\0" + BOMB), rows=bytes(52)), "too large"),
    "iccp.png": (png(4, 4, chunk(b"iCCP", b"profile\0\0" + BOMB), rows=bytes(52)), "too large"),
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
    assert cli("encode", name, "-o", "x.pxt", "--budget", "100B")[0] == 0
    assert Path("x.pxt").read_bytes() == promptcodec.encode(data, budget=100)


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
    start = time.perf_counter()
    code, out, err = cli("encode", name, "-o", "out/x.pxt", "--json")
    assert time.perf_counter() - start < 5
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
def test_memory_and_time_are_bounded(name, megabytes, tmp_path):
    (tmp_path / name).write_bytes(BAD[name][0])
    code = f"import sys, promptcodec as p\ntry: p.encode(sys.argv[1])\nexcept p.errors.ImageError: {PEAK}"
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, tmp_path / name], capture_output=True, check=True)
    assert time.perf_counter() - start < 10
    assert int(done.stdout) < megabytes


def test_files_beyond_any_picture_are_not_read(cli):
    with Path("x.png").open("wb") as file:
        file.truncate(files.MAX_BYTES + 1)  # takes no room on the disk
    code, _, err = cli("encode", "x.png", "-o", "x.pxt")
    assert (code, "bytes" in err) == (2, True)


# Where results go.


def test_an_output_is_never_its_own_input(cli):
    HALVES.save("x.png")
    os.link("x.png", "same.png")
    before = Path("x.png").read_bytes()
    for out in ("x.png", "./x.png", "same.png"):
        code, _, err = cli("encode", "x.png", "-o", out, "--overwrite")
        assert (code, "is the input itself" in err) == (2, True)
    assert Path("x.png").read_bytes() == before


def test_devices_are_written_into_not_replaced(cli):
    HALVES.save("x.png")
    os.mkfifo("pipe")
    reader = subprocess.Popen(
        [sys.executable, "-c", "print(len(open('pipe', 'rb').read()))"], stdout=subprocess.PIPE
    )
    assert cli("encode", "x.png", "-o", "pipe")[0] == 0
    assert int(reader.communicate(timeout=20)[0]) > 20
    assert sorted(os.listdir()) == ["pipe", "x.png"]


def full(*_args, **_options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "broken", ["os.fdopen", "pathlib.Path.replace", "tempfile.mkstemp", "pathlib.Path.mkdir"]
)
def test_a_full_disk_leaves_nothing_behind(broken, cli, monkeypatch):
    HALVES.save("x.png")
    assert cli("encode", "x.png", "-o", "x.pxt")[0] == 0
    before = Path("x.pxt").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(broken, full)
        for args in (("encode", "x.png", "-o", "y.pxt"), ("decode", "x.pxt", "-o", "y.png")):
            code, _, err = cli(*args)
            assert (code, "No space left" in err) == (2, True)
        code, _, err = cli("encode", "x.png", "-o", "x.pxt", "--overwrite", "--layers", "semantic")
        assert code == 2
    assert sorted(os.listdir()) == ["x.png", "x.pxt"]
    assert Path("x.pxt").read_bytes() == before


def test_outputs_that_cannot_be(cli):
    HALVES.save("x.png")
    Path("file").write_text("")
    for out, says in (
        ("file/x.pxt", "file is not a folder"),
        ("y" * 300, "too long"),
        ("y" * 252 + ".pxt", "too long"),
    ):
        code, _, err = cli("encode", "x.png", "-o", out)
        assert (code, says in err) == (2, True), err
    assert sorted(os.listdir()) == ["file", "x.png"]
    cli("encode", "x.png", "-o", "x.pxt")
    for out in ("y.webp", "y.gif"):  # the one cannot be that wide, the other not be at all
        code, _, err = cli("decode", "x.pxt", "-o", out, "--size", "17000x3")
        assert (code, ".png" in err) == (2, True)
    code, _, err = cli("decode", "x.pxt", "-o", "y.png", "--size", "60000x60000")
    assert (code, "pixels" in err) == (2, True)
    assert sorted(os.listdir()) == ["file", "x.png", "x.pxt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_standard_output_is_one_line(cli):
    HALVES.save("x.png")
    cli("encode", "x.png", "-o", "x.pxt")
    for args in (("inspect", "x.pxt"), ("inspect", "x.pxt", "--json"), ("encode", "x.png", "-o", "-")):
        with Path("/dev/full").open("wb") as out:
            done = subprocess.run(
                [sys.executable, "-c", MAIN, *args], stdout=out, stderr=subprocess.PIPE, check=False
            )
        assert done.returncode == 2
        assert done.stderr.decode().splitlines() == ["promptcodec: standard output: No space left on device"]


# Interrupts and pipes.


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_leaves_whole_files_only(jobs, tmp_path):
    (tmp_path / "in").mkdir()
    picture = Image.effect_noise((1200, 900), 80).convert("RGB")
    for number in range(40):
        picture.save(tmp_path / "in" / f"{number}.bmp")
    run = subprocess.Popen(
        [sys.executable, "-c", MAIN, "encode", "in", "-o", "out", "--jobs", str(jobs)],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    while not list(tmp_path.glob("out/*.pxt")):
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, err = run.communicate(timeout=30)
    assert b"Traceback" not in err
    assert (run.returncode, err.decode().split("\n")) == (130, ["", "promptcodec: interrupted", ""])
    done = os.listdir(tmp_path / "out")
    assert len(done) < 40
    for name in done:
        promptcodec.inspect((tmp_path / "out" / name).read_bytes())


class Deadly:
    """A task that ends whoever unpickles it."""

    source = "deadly.png"

    def __reduce__(self):
        return os._exit, (3,)


def test_a_worker_that_dies_is_failed_items_not_a_traceback(capsys):
    assert batch.run([Deadly(), Deadly()], str, str, jobs=2, as_json=True) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ["--jobs" in line["error"]["message"] for line in lines] == [True, True]


@pytest.mark.skipif(os.name != "posix", reason="pipes")
def test_a_reader_that_leaves_early_is_no_error_message(cli, tmp_path):
    HALVES.save("x.png")
    cli("encode", "x.png", "-o", "x.pxt")
    for args in ("inspect x.pxt", "inspect --json x.pxt", "describe x.png", "encode x.png -o -", "--help"):
        done = subprocess.run(
            ["bash", "-c", f'"$0" -c "$1" {args} | true', sys.executable, MAIN],
            capture_output=True,
            check=False,
        )
        assert done.stderr == b""


def test_bad_options_are_json_too(cli):
    code, out, err = cli("encode", "x.png", "-o", "y.pxt", "--budget", "9" * 400, "--json")
    assert (code, json.loads(out)["error"]["kind"]) == (2, "usage")
    assert err.startswith("Usage: ")
    code, out, err = cli()
    assert (code, err, out.count("\n    promptcodec ")) == (0, "", 4)
