"""What is kept between runs: damaged, locked or not to be written, it is one clear error an item."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from promptcodec import encode
from promptcodec.api import answers, spending
from promptcodec.api.client import Connection, UnusableAnswerError
from promptcodec.api.profile import Profile, Usage
from promptcodec.errors import RefusedError, SpendingError
from promptcodec.testing.loopback import serve
from tests.hosted import calls, vision
from tests.raw_server import http, raw_server

pytestmark = pytest.mark.usefixtures("kept_apart")


def damaged_ledger(home):
    (home / "spending.sqlite").write_bytes(b"no database at all" * 500)


def ledger_of_another_kind(home):
    with contextlib.closing(sqlite3.connect(home / "spending.sqlite")) as other:
        other.execute("CREATE TABLE runs (a)")


def folder_for_a_ledger(home):
    (home / "spending.sqlite").mkdir()


def file_for_a_folder(home):
    home.rmdir()
    home.write_bytes(b"")


def file_for_the_answers(home):
    (home / "answers").write_bytes(b"")


def locked_ledger(home):
    spending._open.cache_clear()
    other = sqlite3.connect(home / "spending.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    return other


def broken_link(home):
    (home / "spending.sqlite").symlink_to(home / "nowhere" / "at all")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (damaged_ledger, "not a database"),
        (ledger_of_another_kind, "cannot be counted in"),
        (folder_for_a_ledger, "unable to open"),
        (file_for_a_folder, "PROMPTCODEC_CACHE"),
        (file_for_the_answers, "PROMPTCODEC_CACHE"),
        (locked_ledger, "locked"),
        (broken_link, "unable to open"),
    ],
)
def test_a_ledger_or_store_that_fails_is_one_error_an_item(cli, tmp_path, monkeypatch, spoil, words):
    monkeypatch.setattr(spending, "_PATIENCE", 0.1)
    for name in "ab":
        Image.effect_noise((32, 32), 40 + ord(name)).convert("RGB").save(tmp_path / f"{name}.png")
    home = tmp_path / "cache"
    home.mkdir()
    held = spoil(home)
    try:
        with raw_server(http({})) as server:
            code, out, err = cli(
                *("encode", "a.png", "b.png", "-o", "out", "--layers", "semantic", "--json", "--jobs", 1),
                *("--captioner", f"chat:{server.url}?model=m"),
            )
    finally:
        if held:
            held.close()
    lines = [json.loads(line) for line in out.splitlines()]
    assert (code, [line["ok"] for line in lines]) == (1, [False, False])
    assert all(words in line["error"]["message"] for line in lines)
    assert "Traceback" not in err
    assert not server.requests  # nothing is asked that cannot be counted and kept


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_store_that_may_not_be_written_is_found_out_before_anything_is_paid(server, scene, tmp_path):
    (tmp_path / "cache" / "answers").mkdir(parents=True)
    (tmp_path / "cache" / "answers").chmod(0o500)
    with pytest.raises(Exception, match="cannot be stored"):
        encode(scene, captioner=vision(server), layers=("semantic",))


GOOD = {"choices": [{"message": {"content": "{}"}}]}
SPOILED = {
    "cut": b'{"choices": [{"mess',
    "empty": b"",
    "binary": bytes(range(256)),
    "a list": b"[]",
    "null": b"null",
    "another object": b"{}",
    "no choices": b'{"choices": null}',
    "deep": b"[" * 100_000,
    "deep objects": b'{"a":' * 900 + b"1" + b"}" * 900,
    "a refusal": json.dumps({"choices": [{"message": {"refusal": "no"}}]}).encode(),
    "truncated": json.dumps({"choices": [{"message": {"content": "{"}, "finish_reason": "length"}]}).encode(),
}


def test_a_stored_answer_that_cannot_be_used_is_asked_for_again(scene, tmp_path):
    with serve((), tmp_path / "log") as url:
        first = encode(scene, captioner=vision(url), layers=("semantic",))
        (stored,) = answers.folder().rglob("*.json")
        good = json.loads(stored.read_bytes())
        for asked, data in enumerate(SPOILED.values(), start=2):
            stored.write_bytes(data)
            assert encode(scene, captioner=vision(url), layers=("semantic",)) == first
            assert len(calls(tmp_path / "log")) == asked
            assert json.loads(stored.read_bytes())["choices"] == good["choices"]


@pytest.mark.parametrize("error", [RefusedError("no"), UnusableAnswerError("odd"), ValueError("odd")])
def test_what_cannot_be_used_is_not_kept(error):
    def read(_answer):
        raise error

    asked = ("chat", {"model": "m", "messages": []}, read, lambda _: Usage())
    with raw_server(http(GOOD)) as server, pytest.raises((RefusedError, UnusableAnswerError)):
        Connection(Profile(server.url, "m", retries=0)).exchange(*asked, estimate=0.0)
    assert not list(answers.folder().rglob("*.json"))


def test_an_answer_is_kept_even_where_it_can_no_longer_be_counted(monkeypatch):
    monkeypatch.setattr(spending, "settle", lambda *_, **__: (_ for _ in ()).throw(SpendingError("full")))
    with raw_server(http({"word": "yes"})) as server:
        connection = Connection(Profile(server.url, "m", retries=0))
        asked = ("chat", {"model": "m", "messages": []}, lambda answer: answer["word"], lambda _: Usage())
        with pytest.raises(SpendingError, match="full"):
            connection.exchange(*asked, estimate=0.0)
        assert connection.exchange(*asked, estimate=0.0) == "yes"
    assert len(server.requests) == 1


SHAPES = {
    "cut": http(b'{"choices": ['),
    "empty": http(b""),
    "no choices": http({"choices": []}),
    "an error in 200": http({"error": {"message": "no"}}),
    "negative counts": http({"choices": [], "usage": {"prompt_tokens": -(10**9), "completion_tokens": -1}}),
    "500": http(b"", "500 Bad"),
    "reset": b"",
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_cap_on_cost_holds_against_a_server_that_bills_every_call(cli, tmp_path, monkeypatch, name):
    """Each call may be billed at its estimate, so no more may be made than the cap has room for."""
    for number in range(4):
        Image.effect_noise((32, 32), 20 + 30 * number).convert("RGB").save(tmp_path / f"{number}.png")
    cap = 0.03
    with raw_server(SHAPES[name]) as server:
        _, out, _ = cli(
            *("encode", *(f"{n}.png" for n in range(4)), "-o", "out", "--layers", "semantic", "--json"),
            *("--jobs", 1, "--max-cost", cap),
            *("--captioner", f"chat:{server.url}?model=m&retries=1&input_price=1&output_price=4"),
        )
    with sqlite3.connect(answers.folder() / "spending.sqlite") as ledger:
        costs = [cost for (cost,) in ledger.execute("SELECT cost FROM calls")]
    ledger.close()
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(costs) == len(server.requests)
    assert min(costs) > cap / 6
    assert sum(costs) <= cap
    assert "the cap is reached" in lines[-1]["error"]["message"]


def test_an_interrupt_settles_what_was_asked_and_leaves(tmp_path):
    Image.new("RGB", (32, 32), "red").save(tmp_path / "a.png")
    with raw_server(lambda _: time.sleep(30)) as server:
        spec = f"chat:{server.url}?model=m&input_price=1&output_price=4"
        command = "import sys; from promptcodec.cli import main; sys.argv[0] = 'promptcodec'; main()"
        run = subprocess.Popen(
            [sys.executable, "-c", command, "encode", "a.png", "-o", "a.pxt", "--captioner", spec],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
            stderr=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + 30
        while not server.requests and time.monotonic() < until:
            time.sleep(0.05)
        start = time.monotonic()
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=20)
    assert time.monotonic() - start < 5
    assert run.returncode == 130
    assert "Traceback" not in err
    with sqlite3.connect(answers.folder() / "spending.sqlite") as ledger:
        ((cost,),) = ledger.execute("SELECT cost FROM calls").fetchall()
        ((whole,),) = ledger.execute("SELECT cost FROM runs").fetchall()
    ledger.close()
    assert cost == pytest.approx(whole)
    assert cost > 0.001
