"""The laboratory's one door: every command answers, errors are a line, old modules are the same door."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from eval import commands
from eval.measure import bootstrap
from eval.measure.fidelity import PER_PICTURE
from eval.options import SeveralCommand

ROOT = Path(__file__).parent.parent
FIXED = ("bits", "recipes", "builtin")


def paths_of(group, before=()):
    """Give the words that lead to every command, groups included."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*before, name)
        if isinstance(command, click.Group):
            yield from paths_of(command, (*before, name))


@pytest.mark.parametrize("words", list(paths_of(commands.group)), ids=" ".join)
def test_every_command_helps_with_an_example(words, capsys):
    assert commands.main([*words, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"Usage: python -m eval {' '.join(words)}" in text
    _, mark, examples = text.partition("Example")
    assert mark
    assert f"python -m eval {words[0]}" in examples


def test_without_words_the_commands_are_listed(capsys):
    assert commands.main([]) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in commands.COMMANDS)


def test_errors_are_one_line(tmp_path, capsys):
    for words, reason in (
        (["unheard"], "No such command 'unheard'"),
        (["bits"], "give --texts, --images, or both"),
        (["bits", "--images", str(tmp_path / "absent")], "does not exist"),
        (["recipes"], "Missing argument 'FOLDER'"),
        (["run", str(tmp_path / "absent.toml"), "-o", str(tmp_path)], "No such file"),
        (["captioner-speed", str(tmp_path)], "holds no picture"),
    ):
        assert commands.main(words) == 2
        printed = capsys.readouterr()
        assert reason in printed.err
        assert printed.err.startswith("python -m eval")
        assert printed.err.count("\n") == 1
        assert not printed.out


def test_what_is_not_installed_is_said(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert commands.main(["builtin", "--images", str(tmp_path)]) == 4
    assert "h5py" in capsys.readouterr().err


@pytest.mark.parametrize("name", FIXED)
def test_the_old_modules_are_the_same_door(name, monkeypatch, capsys):
    def run(module, *words):
        monkeypatch.setattr(sys, "argv", ["-m", *words, "--help"])
        with pytest.raises(SystemExit) as stopped:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        return stopped.value.code, capsys.readouterr().out

    old, new = run(f"eval.{name}"), run("eval", name)
    assert old == new
    assert old[0] == 0
    assert "--json" in old[1]


def test_several_values_in_a_row_are_a_repeated_option():
    @click.command(cls=SeveralCommand)
    @click.option("--budgets", multiple=True, type=int)
    @click.option("--limit", type=int)
    def command(budgets, limit):
        return budgets, limit

    def parsed(*words):
        return command.main(list(words), standalone_mode=False)

    assert parsed("--budgets", "32", "100", "--limit", "1") == ((32, 100), 1)
    assert parsed("--budgets", "32", "--budgets", "100") == ((32, 100), None)
    with pytest.raises(click.UsageError):
        parsed("--limit", "1", "2")


def test_recipes_have_the_keys_others_rely_on(tmp_path):
    about = PngImagePlugin.PngInfo()
    about.add_text(
        "parameters", "a red fox\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1"
    )
    Image.new("RGB", (16, 16)).save(tmp_path / "a.png", pnginfo=about)
    Image.new("RGB", (16, 16)).save(tmp_path / "plain.png")
    command = [sys.executable, "-m", "eval.recipes", str(tmp_path), "--json"]
    environment = {**os.environ, "PYTHONSAFEPATH": ""}  # the laboratory is in no wheel
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    result = json.loads(done.stdout)
    fox, plain = result["files"]
    assert set(fox) >= {
        "file", "tool", "fields", "bytes_fields", "bytes_verbatim", "bytes_meta", "bytes_brotli", "restored",
    }  # fmt: skip
    assert (fox["file"], fox["restored"], plain["tool"]) == ("a.png", True, None)
    assert all(set(row) >= {"tool", "n", "ours", "sd_parsers"} for row in result["by_tool"])


def test_rows_of_the_generator_have_the_keys_others_rely_on():
    random = np.random.default_rng(1)

    def scores(size, psnr):
        features = random.normal(size=(9, 4))
        return {
            **dict.fromkeys(PER_PICTURE, psnr), "bytes": size, "embedding": random.normal(size=8),
            "count": 9.0, "sum": features.sum(0), "products": features.T @ features,
        }  # fmt: skip

    pictures = [
        {
            ("original", 0): scores(0, 0),
            ("bicubic", 100): scores(98, 20 + at),
            ("builtin:x", 100): scores(98, 21 + at),
        }
        for at in range(3)
    ]
    rows = bootstrap.summarise(pictures)
    keys = {"codec", "budget", "bytes_mean", "metric", "mean", "ci_low", "ci_high", "n"}
    assert all(set(row) == keys for row in rows)
    by_name = {(row["codec"], row["metric"]): row for row in rows}
    assert by_name["bicubic", "psnr"]["mean"] == pytest.approx(21)
    apart = by_name["builtin:x", "psnr to bicubic"]
    assert apart["ci_low"] == apart["mean"] == apart["ci_high"] == pytest.approx(1)


def test_a_study_with_nothing_to_run_says_so_and_writes_no_report(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PROMPTCODEC_TEST_DATA", "")  # which the command sets
    study = tmp_path / "study.toml"
    study.write_text(
        "metrics=['psnr']\n[[datasets]]\nkind='folder'\nname='none'\npath='nowhere'\n"
        "[[codecs]]\nkind='promptcodec'\nname='ours'\nsettings=['100B']"
    )
    out = tmp_path / "o"
    assert commands.main(["run", str(study), "-o", str(out), "--data", str(tmp_path)]) == 4
    printed = capsys.readouterr()
    assert "dataset none: not run: no nowhere in" in printed.err
    assert printed.err.splitlines()[-1] == (
        "there was nothing to run: the reasons stand above, by dataset; no report was written"
    )
    assert printed.out == ""
    assert not list(out.glob("report.*"))
