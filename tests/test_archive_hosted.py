"""``archive add`` with a hosted captioner: many questions at once; each picture is what it is alone."""

from __future__ import annotations

import json
import signal
import time

import pytest

from promptcodec.testing.loopback import app, serve
from tests import asking
from tests.asking import OPTIONS, WORDS, alone, put, streams
from tests.hosted import vision

pytestmark = pytest.mark.usefixtures("kept_apart")
SLOW = 0.7
"""Seconds that a slow answer takes."""


@pytest.fixture(autouse=True)
def _slow(monkeypatch):
    monkeypatch.setattr(app, "_SLOW", SLOW)


@pytest.fixture
def add(cli, tmp_path):
    """Add the folder ``in`` to ``a.pxa``; give the exit code, the JSON lines by number, and the warnings."""
    assert cli("archive", "create", "a.pxa")[0] == 0

    def run(spec, *options, words=OPTIONS):
        code, out, err = cli("archive", "add", "a.pxa", "in", "--json", "--captioner", spec, *words, *options)
        lines = [json.loads(line) for line in out.splitlines()]
        return code, {int(line["file"].removeprefix("in/").removesuffix(".png")): line for line in lines}, err

    return run


@pytest.mark.parametrize("jobs", [pytest.param("1", marks=pytest.mark.slow), "2"])
def test_sixteen_pictures_take_one_wait_and_are_what_each_alone_is(add, tmp_path, jobs):
    expected = {number: alone(number) for number in range(16)}
    put(tmp_path / "in", *range(16))
    log = tmp_path / "log"
    with serve(["slow:16"], log) as url:
        start = time.monotonic()
        code, lines, _ = add(vision(url), "--jobs", jobs)
        took = time.monotonic() - start
    assert code == 0
    assert took < 16 * SLOW
    assert {line["spent"]["requests"] for line in lines.values()} == {1}
    assert all(line["spent"]["cost"] > 0 for line in lines.values())
    assert len(asking.calls(log)) == 16
    assert streams("a.pxa") == expected


def test_no_more_are_asked_at_a_time_than_is_allowed(add, tmp_path, monkeypatch):
    monkeypatch.setattr(app, "_SLOW", 0.3)
    put(tmp_path / "in", 0, 1)
    with serve(["slow:2"]) as url:
        start = time.monotonic()
        assert add(vision(url), "--concurrency", "1", "--jobs", "1")[0] == 0
    assert time.monotonic() - start > 2 * 0.3


def test_words_are_shortened_as_one_picture_alone_has_them_shortened(add, tmp_path):
    put(tmp_path / "in", *range(2))
    faults = ("echo:1000",)
    with serve(faults) as url:
        code, lines, _ = add(vision(url), "--budget", "60B", "--jobs", "1", words=WORDS)
    assert code == 0
    assert min(line["spent"]["requests"] for line in lines.values()) > 1
    assert streams("a.pxa") == {number: alone(number, 60, faults) for number in range(2)}


@pytest.mark.parametrize("fault", ["schema", "truncated", "badjson"])
def test_an_answer_that_does_not_fit_is_asked_for_again(add, tmp_path, fault):
    """One such answer: two could be of one picture, which then has none."""
    put(tmp_path / "in", *range(2))
    with serve([fault, "drop", "500"]) as url:
        code, lines, _ = add(vision(url), "--jobs", "1")
    assert code == 0
    assert sum(line["spent"]["requests"] for line in lines.values()) == 2 + 3
    assert streams("a.pxa") == {number: alone(number) for number in range(2)}


def test_a_refusal_is_that_picture_s_error_and_is_kept(add, cli, tmp_path):
    put(tmp_path / "in", *range(4))
    with serve(["refusal"]) as url:
        code, lines, err = add(vision(url), "--jobs", "1")
        (failed,) = (number for number, line in lines.items() if not line["ok"])
        assert code == 1
        assert lines[failed]["error"]["kind"] == "captioner"
        assert "refused" in err
        assert streams("a.pxa") == {number: alone(number) for number in range(4) if number != failed}
        assert "1 failed before" in add(vision(url), "--jobs", "1")[2]
        assert add(vision(url), "--jobs", "1", "--retry-failed")[0] == 0
    assert streams("a.pxa")[failed] == alone(failed)


def test_caps_hold_and_what_was_asked_before_is_kept(add, tmp_path):
    put(tmp_path / "in", *range(6))
    log = tmp_path / "log"
    with serve(log=log) as url:
        code, lines, err = add(vision(url), "--max-requests", "2", "--jobs", "1")
        assert code == 1
        assert sorted(line["ok"] for line in lines.values()) == [False] * 4 + [True] * 2
        assert {line["error"]["kind"] for line in lines.values() if not line["ok"]} == {"spending"}
        assert err.count("the cap is reached") == 1
        assert len(asking.calls(log)) == 2
        assert add(vision(url), "--max-cost", "0.0000001", "--jobs", "1")[0] == 1
        assert len(asking.calls(log)) == 2
        assert add(vision(url), "--jobs", "1")[0] == 0
        assert len(asking.calls(log)) == 6


def test_a_file_that_is_there_twice_is_asked_about_once(add, tmp_path):
    put(tmp_path / "in", 0)
    (tmp_path / "in" / "100.png").write_bytes((tmp_path / "in" / "0.png").read_bytes())
    log = tmp_path / "log"
    with serve(["slow"], log) as url:
        code, lines, _ = add(vision(url), "--jobs", "1")
    assert code == 0
    assert len(asking.calls(log)) == 1
    assert sorted(line["state"] for line in lines.values()) == ["added", "duplicate"]
    assert sum(line.get("spent", {"requests": 0})["requests"] for line in lines.values()) == 1


def test_an_interrupt_waits_for_what_is_on_its_way_and_nothing_is_paid_for_twice(tmp_path, cli, monkeypatch):
    cli("archive", "create", "a.pxa")
    put(tmp_path / "in", *range(12))
    log = tmp_path / "log"
    with serve(["slow:100"], log) as url:
        with asking.started(tmp_path, vision(url), "--jobs", "2", "--concurrency", "4") as run:
            assert run.stdout.readline()
            run.send_signal(signal.SIGINT)
            _, err = run.communicate(timeout=60)
        assert run.returncode == 130, err
        assert "the same command goes on from there" in err
        assert len(asking.calls(log)) < 12
        monkeypatch.setattr(app, "_SLOW", 0)
        spec = vision(url)
        assert cli("archive", "add", "a.pxa", "in", "--captioner", spec, *OPTIONS, "--jobs", "1")[0] == 0
    assert len(asking.calls(log)) == 12
    assert streams("a.pxa") == {number: alone(number) for number in range(12)}
