"""What the command line shows of a picture while it is drawn, writes beside it, and folders in batches."""

from __future__ import annotations

import json
import os
import sys
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from promptcodec import decode, decoding
from promptcodec.cli import INTERRUPTED, bar, steps
from promptcodec.cli.agreement import CHECK_FAILED
from promptcodec.generators.watching import Progress
from tests import dots
from tests.test_watch import stream

pytestmark = pytest.mark.usefixtures("kept_apart")
NOTE = r"promptcodec: {}: runs \x1b[31mKSampler\x1b[0m" + "\n"


@pytest.fixture(autouse=True)
def plugin(tmp_path, monkeypatch):
    dots.install(tmp_path, monkeypatch)
    monkeypatch.setattr(decoding, "installed_checks", lambda: [dots.Lightness()])


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def write(folder, streams):
    folder.mkdir(exist_ok=True)
    for name, data in streams.items():
        (folder / f"{name}.pxt").write_bytes(data)


def test_notes_are_printed_once_escaped_and_nothing_else_without_a_terminal(cli, tmp_path):
    write(tmp_path, {"a": stream()})
    code, out, err = cli("decode", "a.pxt", "-o", "a.png", "--generator", "dots", "--best-of", 2, "--json")
    assert (code, err) == (CHECK_FAILED, NOTE.format("a.pxt"))
    assert json.loads(out)["generator"] == "dots"


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (Progress("drawing", 12, 20), "drawing 12 of 20"),
        (Progress("drawing", 12, 20, candidate=2, candidates=4), "drawing 12 of 20, candidate 2 of 4"),
        (Progress("waiting", 3, 5), "waiting in the queue, place 3 of 5"),
        (Progress("waiting", 2), "waiting in the queue, place 2"),
        (Progress("waiting"), "waiting"),
        (Progress("loading", 7), "loading 7"),
        (Progress("a\x1b[2Jb", 1, 2), r"a\x1b[2Jb 1 of 2"),
    ],
)
def test_a_report_in_words(progress, words):
    assert bar.words(progress) == words


def on_a_terminal(tmp_path, *args):
    """Run the command line with a terminal for standard error; give exit code, output and what was shown."""
    import pty

    if (child := pty.fork())[0] == 0:  # the child ends in exec
        os.chdir(tmp_path)
        paths = [str(tmp_path / "site"), *filter(None, sys.path)]
        environ = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "TERM": "xterm", "COLUMNS": "120"}
        environ.pop("PYTHONSAFEPATH", None)
        command = [sys.executable, "-m", "promptcodec", *args]
        os.execve(sys.executable, command, environ)
    shown = b""
    try:
        while piece := os.read(child[1], 65536):
            shown += piece
    except OSError:  # the child has closed its end
        pass
    return os.waitstatus_to_exitcode(os.waitpid(child[0], 0)[1]), shown.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals, which Windows lacks")
def test_a_terminal_shows_how_far_each_picture_is(tmp_path):
    write(tmp_path / "in", {"a": stream(), "b": stream(1)})
    code, shown = on_a_terminal(tmp_path, "decode", "in", "-o", "out", "--generator", "dots", "--jobs", "1")
    assert code == 0
    assert "drawing" in shown
    assert "of 20" in shown
    assert shown.count("KSampler") == 2
    assert "\x1b[31mKSampler" not in shown
    assert "2/2" in shown
    lines = shown.replace("\x1b[2K", "\r").replace("\n", "\r").split("\r")
    assert NOTE.format("in/a.pxt").strip() in lines  # on lines of their own, no bar before them
    assert "out/b.png  48x32  dots from semantic" in lines


def test_a_program_that_reads_json_sees_no_line(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(bar, "_is_seen", lambda: True)
    monkeypatch.setattr(bar, "_bar", None)
    write(tmp_path, {"a": stream()})
    assert cli("decode", "a.pxt", "-o", "a.png", "--generator", "dots", "--json")[0] == 0
    assert cli("decode", "a.pxt", "-o", "b.png", "--generator", "dots")[0] == 1  # here one would be


def test_previews_are_written_beside_the_layers(cli, tmp_path):
    write(tmp_path, {"a": stream(layers=("semantic", "texture"))})
    args = ("decode", "a.pxt", "-o", "a.png", "--generator", "dots", "--progressive", "s", "--json")
    code, out, _ = cli(*args)
    result = json.loads(out)
    assert code == 0
    assert result["progressive"] == ["s/a.1-semantic.png", "s/a.2-texture.png"]
    assert dots.BATCHES == [1, 1]  # the picture of all layers is not drawn again
    assert result["previews"] == [f"s/a.preview-{number}.png" for number in range(1, 10)]
    assert files(tmp_path) == sorted(["a.png", *result["progressive"], *result["previews"]])
    last = np.asarray(Image.open(tmp_path / "a.png"), float)
    off = [
        np.abs(np.asarray(Image.open(tmp_path / path), float) - last).mean() for path in result["previews"]
    ]
    assert off == sorted(off, reverse=True)
    assert off[-1] > 0
    code, out, err = cli(*args[:3], "b.png", *args[4:])
    assert code == 2
    assert "s/a.1-semantic.png" in err
    code, out, _ = cli("decode", "a.pxt", "-o", "c.png", "--progressive", "t", "--json")
    assert (code, json.loads(out)["previews"]) == (0, [])
    code, _, err = cli("decode", "a.pxt", "-o", "u/a.preview-2.png", "--progressive", "u")
    assert code == 2
    assert "choose another output" in err


def test_previews_are_of_the_candidate_that_was_taken(cli, tmp_path):
    write(tmp_path, {"a": stream()})
    code, out, _ = cli(
        *("decode", "a.pxt", "-o", "a.png", "--generator", "dots", "--best-of", 3, "--json"),
        *("--progressive", "s"),
    )
    result = json.loads(out)
    seed = [each["seed"] for each in result["candidates"]].index(result["seed"])
    assert (code, len(result["previews"])) == (CHECK_FAILED, 2)
    last = np.asarray(Image.open(tmp_path / result["previews"][-1]), float)
    off = [
        np.abs(np.asarray(decode(stream(), seed=number, generator="dots").image, float) - last).mean()
        for number in range(3)
    ]
    assert off.index(min(off)) == seed


@pytest.mark.parametrize("number", [0, 1, 5, 9, 10, 100, 1000])
def test_previews_are_bounded_and_evenly_spread(number):
    previews = steps.Previews()
    for index in range(number):
        previews.take(Progress("drawing", index, number, index))
    kept = previews.of(1)
    assert min(number, 5) <= len(kept) <= steps.MOST
    assert len({after - before for before, after in pairwise(kept)}) <= 1
    several = steps.Previews()
    for candidate in range(1, 5):
        for index in range(number):
            several.take(Progress("drawing", index, number, index, candidate=candidate, candidates=4))
    assert all(len(several.of(candidate)) == min(len(several.of(1)), 2) for candidate in range(1, 5))


def test_a_folder_is_drawn_in_batches_by_one_process(cli, tmp_path):
    streams = {f"{number}": stream(number) for number in range(10)} | {"broken": b"PXT", "bad": stream(11)}
    streams["bad"] = stream(11, summary=dots.BAD)
    write(tmp_path / "in", streams)
    code, out, err = cli("decode", "in", "-o", "out", "--generator", "dots:4", "--json")
    results = {os.path.basename(each["file"]): each for each in map(json.loads, out.splitlines())}  # noqa: PTH119
    assert code == 1
    assert len(results) == 12
    assert [name for name, each in results.items() if not each["ok"]] == ["broken.pxt", "bad.pxt"]
    assert dots.BATCHES == [4, 4, 3, 1, 1, 1]  # the last three each alone, after their batch has failed
    assert "12 found: 10 done, 2 failed" in err
    for number in range(10):
        with Image.open(tmp_path / "out" / f"{number}.png") as image:
            assert image.tobytes() == decode(streams[str(number)], generator="dots").image.tobytes()
    (tmp_path / "in" / "bad.pxt").write_bytes(stream(11))
    (tmp_path / "in" / "broken.pxt").unlink()
    dots.BATCHES.clear()
    code, out, err = cli("decode", "in", "-o", "out", "--generator", "dots:4", "--skip-existing")
    assert (code, dots.BATCHES) == (0, [1])
    assert "10 skipped: 10 done before" in err


def test_an_interrupt_leaves_whole_pictures_and_the_same_command_goes_on(cli, tmp_path):
    streams = {f"{number}": stream(number) for number in range(4)}
    write(tmp_path / "in", streams | {"z": stream(9, summary=dots.INTERRUPTING)})
    for generator in ("dots:2", "dots"):
        dots.BATCHES.clear()
        code, _, err = cli(
            "decode", "in", "-o", "out", "--generator", generator, "--jobs", 1, "--skip-existing"
        )
        assert (code, "interrupted" in err) == (INTERRUPTED, True)
        assert files(tmp_path / "out") == ["0.png", "1.png", "2.png", "3.png"]
    assert dots.BATCHES == [1]
    code, _, _ = cli(*("decode", "in/z.pxt", "-o", "z.png", "--generator", "dots", "--progressive", "steps"))
    assert code == INTERRUPTED
    assert not (tmp_path / "z.png").exists()
    assert not (tmp_path / "steps").exists()


def test_a_generator_that_cannot_be_made_is_each_items_error(cli, tmp_path):
    write(tmp_path / "in", {"a": stream(), "b": stream(1)})
    code, out, _ = cli("decode", "in", "-o", "out", "--generator", "dots:none", "--json")
    assert code == 1
    assert ["no variant" in line for line in out.splitlines()] == [True, True]
