"""Results are whole files or none, whatever the disk, a signal or a reader does."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

import promptcodec
from promptcodec.cli import batch

MAIN = "from promptcodec.cli import main; main()"
# A shell that runs the tests in the background ignores Ctrl-C, and so would what they start.
INTERRUPTIBLE = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); " + MAIN
WORDS = ("--layers", "semantic")  # the quickest to encode


@pytest.fixture
def photo(cli):
    """Put a picture, ``x.png``, into the folder in which the command line runs."""
    Image.new("RGB", (24, 16), (200, 30, 40)).save("x.png")


def test_an_output_is_never_its_own_input(cli, photo):
    os.link("x.png", "same.png")
    before = Path("x.png").read_bytes()
    for out in ("x.png", "./x.png", "same.png"):
        code, _, err = cli("encode", "x.png", "-o", out, "--overwrite")
        assert (code, "is the input itself" in err) == (2, True)
    assert Path("x.png").read_bytes() == before


def test_devices_are_written_into_not_replaced(cli, photo):
    os.mkfifo("pipe")
    reader = subprocess.Popen(
        [sys.executable, "-c", "print(len(open('pipe', 'rb').read()))"], stdout=subprocess.PIPE
    )
    assert cli("encode", "x.png", "-o", "pipe", *WORDS)[0] == 0
    assert int(reader.communicate(timeout=300)[0]) > 20
    assert sorted(os.listdir()) == ["pipe", "x.png"]


def full(*_args, **_options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("broken", ["os.fdopen", "os.link", "tempfile.mkstemp", "pathlib.Path.mkdir"])
def test_a_full_disk_leaves_nothing_behind(broken, cli, photo, monkeypatch):
    assert cli("encode", "x.png", "-o", "x.pxt")[0] == 0
    before = Path("x.pxt").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(broken, full)
        patch.setattr("pathlib.Path.replace", full)
        for args in (("encode", "x.png", "-o", "y.pxt", *WORDS), ("decode", "x.pxt", "-o", "y.png")):
            code, _, err = cli(*args)
            assert (code, "No space left" in err) == (2, True)
        code, _, err = cli("encode", "x.png", "-o", "x.pxt", "--overwrite", *WORDS)
        assert code == 2
    assert sorted(os.listdir()) == ["x.png", "x.pxt"]
    assert Path("x.pxt").read_bytes() == before


def test_outputs_that_cannot_be(cli, photo):
    Path("file").write_text("")
    for out, says in (
        ("file/x.pxt", "file is not a folder"),
        ("y" * 300, "too long"),
        ("y" * 252 + ".pxt", "too long"),
    ):
        code, _, err = cli("encode", "x.png", "-o", out, *WORDS)
        assert (code, says in err) == (2, True), err
    assert sorted(os.listdir()) == ["file", "x.png"]
    cli("encode", "x.png", "-o", "x.pxt", *WORDS)
    for out in ("y.webp", "y.gif"):  # the one cannot be that wide, the other not be at all
        code, _, err = cli("decode", "x.pxt", "-o", out, "--size", "17000x3")
        assert (code, ".png" in err) == (2, True)
    code, _, err = cli("decode", "x.pxt", "-o", "y.png", "--size", "60000x60000")
    assert (code, "pixels" in err) == (2, True)
    assert sorted(os.listdir()) == ["file", "x.png", "x.pxt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_standard_output_is_one_line(cli, photo):
    cli("encode", "x.png", "-o", "x.pxt", *WORDS)
    for args in (
        ("inspect", "x.pxt"),
        ("inspect", "x.pxt", "--json"),
        ("encode", "x.png", "-o", "-", *WORDS),
    ):
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
    picture = Image.effect_noise((600, 400), 80).convert("RGB")
    for number in range(40):
        picture.save(tmp_path / "in" / f"{number}.bmp")
    run = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "encode", "in", "-o", "out", "--jobs", str(jobs)],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    while not list(tmp_path.glob("out/*.pxt")):
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, err = run.communicate(timeout=300)
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
def test_a_reader_that_leaves_early_is_no_error_message(cli, photo):
    cli("encode", "x.png", "-o", "x.pxt", *WORDS)
    encode = f"encode x.png -o - {' '.join(WORDS)}"
    for args in ("inspect x.pxt", "inspect --json x.pxt", "describe x.png", encode, "--help"):
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
