"""``python -m eval speed`` measures what it says it does; how quick anything is, no test asks."""

from __future__ import annotations

import json
import time

import pytest
from PIL import Image, ImageDraw

pytest.importorskip("onnxruntime")

from eval import commands
from eval.measure import speed, speed_stages
from promptcodec.settings import EFFORT


def test_a_report_of_two_tiny_pictures(tmp_path, monkeypatch, capsys):
    for number in range(2):  # of one colour: the core in Python has little to code
        Image.new("RGB", (40, 24), (200 - number, 190, 170)).save(tmp_path / f"{number}.png")
    monkeypatch.setattr(speed, "BUDGETS", (60,))
    monkeypatch.setattr(speed, "USUAL", 60)
    monkeypatch.setattr(speed, "EFFORTS", (1,))  # the greatest takes the core in Python most of the time
    monkeypatch.setattr(speed, "CONTOURS", ("structure",))
    monkeypatch.setattr(speed, "TEXTS", 1)
    monkeypatch.setenv("PYTHONSAFEPATH", "")  # the laboratory is in no wheel
    assert commands.main(["speed", str(tmp_path), "--rounds", "1", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["pictures"], report["rounds"]) == (2, 1)
    cores = {row["core"] for row in report["encode"]}
    assert {"pure"} <= cores <= {"compiled", "pure"}
    assert {row["budget"] for row in report["encode"]} == {60}
    for way, stages in (
        ("encode", ["load", "captioner", "words", "texture", "structure", "write"]),
        ("decode", ["words", "texture", "structure", "draw", "save", "read"]),
    ):
        for row in report[way]:
            assert list(row["stages"]) == stages
            assert 0 < row["without_captioner_ms"] <= row["ms"]
            assert sum(row["stages"].values()) <= 2 * row["ms"]  # medians, each for itself
            assert (row["stages"]["structure"] > 0) == ("structure" in row["layers"])
    assert [row["command"] for row in report["cold"]][-2:] == ["inspect", "decode"]
    assert all(row["encode_per_second"] > 0 < row["decode_per_second"] for row in report["text"])
    assert {(row["codec"], row["speed"]) for row in report["rivals"]} == {
        (codec, pace) for codec in ("WebP", "AVIF", "JPEG XL") for pace in ("fast", "default", "slow")
    }
    assert all("missing" in row or row["ms"] > 0 for row in report["rivals"])
    assert {row["core"] for row in report["memory"]} == cores


class Work:
    """Two stages, one within the other."""

    @classmethod
    def outer(cls):
        burn(0.02)
        cls.inner()

    @classmethod
    def inner(cls):
        burn(0.08)


def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_a_stage_within_another_counts_for_itself_alone(monkeypatch):
    here = f"{__name__}.Work"
    seams = ((here, "outer", "outside"), (here, "inner", "inside"))
    monkeypatch.setitem(speed_stages.REST, seams, "rest")
    with speed_stages.staged(seams) as spent:
        burn(0.01)
        Work.outer()
    assert spent["inside"] > spent["outside"] > 0 < spent["rest"]
    assert speed_stages.total(spent, ["inside"]) < spent["inside"]


def test_efforts_are_held_against_the_default(tmp_path, capsys):
    for number in range(2):  # so small that the greatest effort soon has no more to try
        picture = Image.new("RGB", (16, 8), (200, 190, 170))
        ImageDraw.Draw(picture).ellipse((4 + number, 1, 11, 6), fill=(180, 30, 30))
        picture.save(tmp_path / f"{number}.png")
    assert commands.main(["effort", "--images", str(tmp_path), "--budgets", "40", "60", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {(row["effort"], row["budget"]) for row in rows} == {
        (e, b) for e in range(1, 10) for b in (40, 60)
    }
    assert all(row["db"] == 0 for row in rows if row["effort"] == EFFORT)
    assert commands.main(["effort", "--images", str(tmp_path), "--budgets", "40", "--limit", "1"]) == 0
    assert "| 9 |" in capsys.readouterr().out
