"""Folders as they are: every file is done, failed or counted, whatever ends the run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from promptcodec.cli.find import find
from promptcodec.errors import UsageError
from promptcodec.vision.formats import SUFFIXES
from tests import messy

MAIN = "from promptcodec.cli import main; main()"
WORDS = ("--layers", "semantic")  # the quickest to encode
pytestmark = pytest.mark.skipif(os.name != "posix", reason="names and links that other systems lack")


def put(*names):
    """Write small pictures, each unlike the others."""
    for number, name in enumerate(names):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(messy.picture(number, messy.kind_of(name)))


def select(*inputs):
    return find(inputs, SUFFIXES, "images")


def names(*inputs):
    return sorted(source.name for source in select(*inputs).sources)


def tree(folder):
    """Give every file of a folder with its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()}


def summary(err):
    """Read the last line: how many were found, done, failed, skipped and why."""
    line = err.splitlines()[-1]
    counts = {
        word: int(number)
        for number, word in re.findall(r"(\d+) (found|done(?! before)|failed|skipped)", line)
    }
    reasons = re.search(r"skipped: (.*?);", line)
    pairs = [part.split(" ", 1) for part in reasons[1].split(", ")] if reasons else []
    return counts, {reason: int(number) for number, reason in pairs}


# Sixty messy files.


@pytest.fixture(scope="module")
def sixty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("messy") / "in"
    folder.mkdir()
    return folder, messy.make(folder)


@pytest.fixture(scope="module")
def once_through(sixty, tmp_path_factory):
    """Encode the folder in one run; give its output folder, JSON lines and errors."""
    folder, _ = sixty
    out = tmp_path_factory.mktemp("out")
    done = encode(folder, out, "--json", "--jobs", "2")
    return out, [json.loads(line) for line in done.stdout.splitlines()], done


def encode(folder, out, *options):
    command = [sys.executable, "-c", MAIN, "encode", folder, "-o", out, *WORDS, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_sixty_messy_files_add_up(sixty, once_through):
    folder, expected = sixty
    out, lines, run = once_through
    assert sum(len(files) for _, _, files in os.walk(folder)) == 60
    assert run.returncode == 1
    good = {os.path.relpath(line["file"], folder) for line in lines if line["ok"]}
    bad = {os.path.relpath(line["file"], folder) for line in lines if not line["ok"]}
    assert (good, bad) == (expected.done, expected.failed)
    assert set(tree(out)) == {f"{name}.pxt" for name in expected.done}
    counts, reasons = summary(run.stderr)
    assert reasons == expected.skipped
    assert counts == {
        "done": len(expected.done),
        "failed": len(expected.failed),
        "skipped": expected.skipped.total(),
        "found": len(expected.done) + len(expected.failed) + expected.skipped.total(),
    }
    assert len(run.stderr.splitlines()) == len(expected.failed) + 1


def test_killed_and_run_again_it_ends_in_the_same_state(sixty, once_through, tmp_path):
    folder, expected = sixty
    out = tmp_path / "out"
    command = [sys.executable, "-c", MAIN, "encode", folder, "-o", out, *WORDS, "--jobs", "2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        while len(list(out.rglob("*.pxt"))) < 10:
            time.sleep(0.01)
        run.kill()
    time.sleep(0.5)  # workers end with it
    done = tree(out)
    assert 10 <= len(done) < len(expected.done)
    torn = next(iter(done))
    (out / torn).write_bytes(done[torn][:-3])  # as a crash of the machine leaves a file
    again = encode(folder, out, "--skip-existing", "--jobs", "1")
    assert tree(out) == tree(once_through[0])
    assert (again.returncode, summary(again.stderr)[1]["done before"]) == (1, len(done) - 1)
    assert "cannot be read, so it is made again" in again.stderr


def test_a_third_run_does_nothing(sixty, once_through, cli):
    folder, expected = sixty
    before = {path: path.stat().st_mtime_ns for path in once_through[0].rglob("*.pxt")}
    code, out, err = cli("encode", folder, "-o", once_through[0], *WORDS, "--skip-existing", "--jobs", "1")
    counts, reasons = summary(err)
    assert (code, out, counts["done"], reasons["done before"]) == (1, "", 0, len(expected.done))
    assert before == {path: path.stat().st_mtime_ns for path in once_through[0].rglob("*.pxt")}


def test_decoding_resumes_too(cli):
    put("a.png", "b.png")
    for name in ("a", "b"):
        cli("encode", f"{name}.png", "-o", f"in/{name}.pxt", *WORDS)
    put("in/a.jpg", "in/.hidden.pxt")
    code, _, err = cli("decode", "in", "-o", "out", "--generator", "builtin:classical")
    assert (code, summary(err)) == (
        0,
        ({"found": 4, "done": 2, "skipped": 2}, {"hidden": 1, "not streams": 1}),
    )
    whole = tree("out")
    Path("out/b.png").write_bytes(whole["b.png"][:-20])
    code, out, err = cli(
        "decode", "in", "-o", "out", "--skip-existing", "--generator", "builtin:classical", "--json"
    )
    assert ([json.loads(line)["file"] for line in out.splitlines()], code) == (["in/b.pxt"], 0)
    assert tree("out") == whole


def test_what_another_dictionary_or_version_wrote_is_whole(cli, monkeypatch):
    put("in/a.png", "in/b.png")
    Path("out").mkdir()
    Path("texts").write_text("\n".join(f"a red wall number {n}" for n in range(400)))
    cli("train-dictionary", "texts", "-o", "my.dict", "--size", "2kB")
    Path("d.txt").write_text("photo 1x1\nr1c1 red: a red wall number 12, a red wall number 13")
    cli("encode", "in/a.png", "-o", "out/a.png.pxt", "--description", "d.txt", "--dictionary", "my.dict",
        "--text-coder", "zstd", *WORDS)  # fmt: skip
    before = Path("out/a.png.pxt").read_bytes()
    assert cli("inspect", "out/a.png.pxt")[0] == 4
    code, out, _ = cli("encode", "in", "-o", "out", "--skip-existing", "--json", *WORDS)
    assert (code, [json.loads(line)["file"] for line in out.splitlines()]) == (0, ["in/b.png"])
    assert Path("out/a.png.pxt").read_bytes() == before


# What is found, and its names.


def test_one_picture_is_worked_on_once(cli):
    put("in/a.png", "in/b.png")
    Path("in/0.png").symlink_to("a.png")
    os.link("in/b.png", "in/c.png")
    assert names("in") == ["a.png", "b.png"]
    assert select("in").left_out == {"the same file again": 2}
    assert names("in", "in/0.png") == ["a.png", "b.png"]
    assert names("in/a.png", "in/0.png", "in/b.png", "in/c.png") == ["a.png", "b.png"]
    Path("out").mkdir()
    assert cli("encode", "in/0.png", "-o", "out", *WORDS)[0] == 0  # alone a link is a file as any other
    assert os.listdir("out") == ["0.png.pxt"]


def test_names_that_are_alike_keep_their_folders(cli):
    put("a/x.jpg", "b/x.jpg", "b/deep/y.jpg", "c/z.jpg")
    assert names("a", "b") == ["a/x.jpg", "b/deep/y.jpg", "b/x.jpg"]
    assert names("a/x.jpg", "b/x.jpg", "c/z.jpg") == ["a/x.jpg", "b/x.jpg", "c/z.jpg"]
    assert names("a/x.jpg", "c/z.jpg") == ["x.jpg", "z.jpg"]
    assert names("b") == ["deep/y.jpg", "x.jpg"]
    assert names("a", "b/x.jpg") == ["a/x.jpg", "b/x.jpg"]
    assert names(str(Path("a").absolute()), "./b/../b") == ["a/x.jpg", "b/deep/y.jpg", "b/x.jpg"]
    assert names("b", "b/deep") == ["deep/y.jpg", "x.jpg"]
    assert names("*/x.jpg") == ["a/x.jpg", "b/x.jpg"]
    assert names("b/**/*.jpg") == ["deep/y.jpg", "x.jpg"]
    assert cli("encode", "a/x.jpg", "b/x.jpg", "-o", "out", *WORDS)[0] == 0
    assert sorted(tree("out")) == ["a/x.jpg.pxt", "b/x.jpg.pxt"]


def test_both_names_of_a_clash_are_right(cli):
    put("a.png")
    cli("encode", "a.png", "-o", "x.pxt", *WORDS)
    cli("encode", "a.png", "-o", "x", *WORDS)
    code, _, err = cli("decode", "x.pxt", "x", "-o", "out")
    assert (code, err) == (2, "promptcodec: x.pxt and x would both become out/x.png\n")


def test_loops_of_links_end(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put("in/a.png")
    for name in ("x", "y", "z"):
        Path("in", name).symlink_to(".")
    assert names("in") == ["a.png"]
    assert select("in").left_out == {"links to folders": 3}
    assert names("in/**/*.png") == ["a.png"]


@pytest.mark.parametrize(("form", "suffix"), [("HEIC", "heic"), ("JPEG XL", "jxl"), ("RAW", "cr2")])
def test_an_extra_that_is_missing_is_named(form, suffix, cli, monkeypatch):
    monkeypatch.setattr("promptcodec.vision.formats.is_missing", lambda form: bool(form.extra))
    extra = {"heic": "heif", "jxl": "jxl", "cr2": "raw"}[suffix]
    put("in/a.png")
    for name in (f"in/1.{suffix}", f"in/2.{suffix.upper()}", "in/notes.txt"):
        Path(name).write_bytes(b"some")
    code, out, err = cli("encode", "in", "-o", "out", *WORDS)
    assert (code, out.count("\n")) == (0, 1)
    assert f"4 found: 1 done, 3 skipped: 2 {form} (pip install 'promptcodec[{extra}]'), 1 not images; " in err
    Path("in/a.png").unlink()
    code, _, err = cli("encode", "in", "-o", "out", *WORDS)
    assert (code, f"holds no file to work on: 2 {form} (pip install" in err) == (2, True)


def test_one_file_needs_no_summary(cli):
    put("in/a.png")
    for given in ("in", "in/a.png"):
        assert cli("encode", given, "-o", f"out/{len(given)}/", *WORDS)[2] == ""


def test_an_empty_name_is_a_mistake(cli, tmp_path):
    put("a.png")
    for args in (
        ("encode", "", "-o", "out"), ("encode", "a.png", "", "-o", "out"), ("verify", ""),
        ("decode", "", "-o", "out"), ("encode", "a.png", "-o", ""), ("encode", "", "--dry-run"),
    ):  # fmt: skip
        code, _, err = cli(*args)
        assert (code, "has no name" in err, os.listdir()) == (2, True, ["a.png"])
    code, _, err = cli("decode", "x.pxt", "-o", "x.png", "--progressive", "")
    assert (code, "has no name" in err) == (2, True)
    with pytest.raises(UsageError, match="named twice"):
        select("a.png", "a.png")


def test_a_folder_among_several_that_holds_nothing_is_one_failed_item(cli):
    put("a/1.png")
    Path("b").mkdir()
    Path("b/notes.txt").write_text("")
    code, _, err = cli("encode", "a", "b", "none*.png", "-o", "out", *WORDS)
    assert (code, sorted(tree("out"))) == (1, ["1.png.pxt"])
    assert "b: the folder holds no file to work on: 1 not images" in err
    assert "none*.png: the pattern matches no file" in err
    assert summary(err)[0] == {"found": 3, "done": 1, "failed": 2}


def test_a_folder_that_may_not_be_read_is_one_failed_item(cli, monkeypatch):
    put("in/a.png", "in/shut/b.png")
    real = os.scandir

    def scandir(path):
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    code, _, err = cli("encode", "in", "-o", "out", *WORDS)
    assert (code, "in/shut: the folder cannot be read: Permission denied" in err) == (1, True)
    assert sorted(tree("out")) == ["a.png.pxt"]


def test_names_that_differ_by_case_do_not_replace_each_other(cli, monkeypatch):
    put("in/a.png", "in/A.PNG")
    assert cli("encode", "in", "-o", "out", *WORDS)[0] == 0
    assert sorted(tree("out")) == ["A.PNG.pxt", "a.png.pxt"]
    monkeypatch.setattr("promptcodec.cli.plan._ignores_case", lambda _: True)  # as on macOS and Windows
    code, _, err = cli("encode", "in", "-o", "other", "--overwrite", *WORDS)
    assert (code, "in/a.png: other/a.png.pxt and other/A.PNG.pxt are one file there" in err) == (1, True)
    assert sorted(tree("other")) == ["A.PNG.pxt"]


def test_dry_runs_add_up(cli, monkeypatch):
    put("in/a.png", "in/b.png", "in/c.png")
    Path("in/notes.txt").write_text("")
    for name in ("a", "b"):
        cli("encode", f"in/{name}.png", "-o", f"out/{name}.png.pxt", *WORDS)
    who = ("--captioner", "chat:http://127.0.0.1:9/v1?model=m&input_price=1&output_price=2", *WORDS)
    code, out, err = cli("encode", "in", "--dry-run", *who)
    costs = [float(cost) for cost in re.findall(r"\$([\d.]+)", out)]
    assert (code, len(costs)) == (0, 3)
    total = re.search(r"4 found: 3 estimated, 1 skipped: 1 not images; 3 to 6 calls, about \$([\d.]+)", err)
    assert float(total[1]) == pytest.approx(sum(costs), abs=2e-4)
    _, out, err = cli("encode", "in", "-o", "out", "--skip-existing", "--dry-run", *who)
    assert (out.count("\n"), out.startswith("in/c.png")) == (1, True)
    assert "1 estimated, 3 skipped: 2 done before, 1 not images; 1 to 2 calls" in err


def test_the_missing_input_is_told_before_the_output_that_exists(cli):
    put("a.png")
    Path("x.pxt").write_text("mine")
    for args in (
        ("encode", "gone.png", "-o", "x.pxt"), ("decode", "gone.pxt", "-o", "a.png"),
        ("truncate", "gone.pxt", "-o", "x.pxt", "--bytes", "9"), ("migrate", "gone.pxt", "-o", "x.pxt"),
        ("recipe", "export", "gone.png", "--to", "a1111", "-o", "x.pxt"),
        ("train-dictionary", "gone.txt", "-o", "x.pxt"),
    ):  # fmt: skip
        code, _, err = cli(*args)
        assert (code, "gone" in err, "No such file" in err) == (2, True, True)


def test_ctrl_c_during_the_start_is_one_line(tmp_path):
    code = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == sys.argv[1]: sys.argv[1:] = ['--help']; os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n" + MAIN
    )
    for module in ("click", "promptcodec.errors"):
        run = subprocess.run([sys.executable, "-c", code, module], capture_output=True, check=False)
        assert (run.returncode, run.stderr) == (130, b"promptcodec: interrupted\n")
