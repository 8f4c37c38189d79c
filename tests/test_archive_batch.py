"""``archive add --engine batch``: nothing is lost or paid for twice, and each picture is what it is alone."""

from __future__ import annotations

import functools
import json
import signal
import sqlite3
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from promptcodec.api import batches
from promptcodec.archive.adding import durable
from promptcodec.archive.asking import batch, parts
from promptcodec.archive.asking import journal as journals
from promptcodec.archive.asking.journal import Journal, Part
from promptcodec.cli.archive.engines import batch as engine
from promptcodec.errors import UsageError
from promptcodec.testing.loopback import batches as served
from promptcodec.testing.loopback import serve
from tests import asking
from tests.asking import OPTIONS, WORDS, alone, calls, paid, put, streams
from tests.hosted import vision

pytestmark = pytest.mark.usefixtures("kept_apart")
JOURNAL = Path("a.pxa.asked")
ENGINE = ("--engine", "batch", "--jobs", "1")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(parts, "_FIRST_PAUSE", 0.02)
    monkeypatch.setattr(parts, "_LAST_PAUSE", 0.1)
    monkeypatch.setattr(batch, "_FIRST_WAIT", 0.1)
    for module in (durable, engine):
        monkeypatch.setattr(module, "SECONDS", 0.05)


@pytest.fixture
def add(cli, tmp_path):
    """Add the folder ``in`` to ``a.pxa``; give the exit code, the JSON lines by number, and the warnings."""
    assert cli("archive", "create", "a.pxa")[0] == 0

    def run(spec, *options, words=OPTIONS):
        asked = ("--captioner", spec, *words, *ENGINE, "--json", *options)
        code, out, err = cli("archive", "add", "a.pxa", "in", *asked)
        lines = [line for line in map(json.loads, out.splitlines()) if line["file"]]
        return code, {int(line["file"].removeprefix("in/").removesuffix(".png")): line for line in lines}, err

    return run


def files_left(url):
    """Give the names of the files that a server keeps."""
    from promptcodec import plugins

    connection = plugins.create("captioners", vision(url)).connection
    listed = batches._pages(connection, lambda client: client.files.with_raw_response.list, {})
    return [each["filename"] for each in listed]


def test_sixteen_pictures_come_in_any_order_and_are_what_each_alone_is(add, tmp_path):
    put(tmp_path / "in", *range(16))
    log = tmp_path / "log"
    faults = ["line-500:20%", "schema:3", "line-damaged", "line-lost", "line-twice:2", "line-foreign"]
    with serve(faults, log) as url:
        code, lines, err = add(vision(url))
        assert files_left(url) == []
    assert code == 0
    assert "batch 1 of 1: 16 of 16 answered" in err
    assert "batch 2 of 2" in err
    assert not JOURNAL.exists()
    requests = [line["spent"]["requests"] for line in lines.values()]
    assert sum(requests) == sum(each["method"] == "BATCH" for each in calls(log))
    assert max(requests) > 1
    twice = [times for times in paid(log).values() if times > 1]
    assert len(twice) == 2  # what was damaged, and what was lost
    assert streams("a.pxa") == {number: alone(number) for number in range(16)}


def test_words_are_shortened_in_further_rounds(add, tmp_path):
    put(tmp_path / "in", *range(2))
    with serve(["echo:100%"]) as url:
        code, lines, _ = add(vision(url), "--budget", "60B", words=WORDS)
    assert code == 0
    assert min(line["spent"]["requests"] for line in lines.values()) > 1
    assert streams("a.pxa") == {number: alone(number, 60, ("echo:1000",)) for number in range(2)}


def test_a_line_costs_half_and_so_says_the_estimate(add, cli, tmp_path):
    put(tmp_path / "in", 0)
    with serve() as url:
        spec = vision(url)
        _, out, _ = cli("archive", "add", "a.pxa", "in", "--captioner", spec, *OPTIONS, "--dry-run", "--json")
        _, lines, _ = add(spec, "--dry-run")
        assert lines[0]["cost"] == json.loads(out)["cost"] / 2
        _, lines, _ = add(spec)
        cost = lines[0]["spent"]["cost"]
        (tokens,) = {
            (line["spent"]["input_tokens"], line["spent"]["output_tokens"]) for line in lines.values()
        }
    assert cost == pytest.approx((tokens[0] * 1 + tokens[1] * 4) / 1e6 / 2)
    with sqlite3.connect(tmp_path / "cache" / "spending.sqlite") as ledger:
        ((requests, spent),) = ledger.execute("SELECT requests, cost FROM runs WHERE requests > 0")
    ledger.close()
    assert (requests, spent) == (1, pytest.approx(cost))


def test_what_is_refused_is_that_picture_s_error_and_is_kept(add, tmp_path):
    put(tmp_path / "in", *range(4))
    log = tmp_path / "log"
    with serve(["line-400", "line-policy"], log) as url:
        code, lines, _ = add(vision(url))
        failed = {number: line["error"] for number, line in lines.items() if not line["ok"]}
        assert code == 1
        assert sorted(error["kind"] for error in failed.values()) == ["captioner", "usage"]
        assert len(calls(log)) - sum(each["method"] != "BATCH" for each in calls(log)) == 4
        assert "2 failed before" in add(vision(url))[2]
        assert add(vision(url), "--retry-failed")[0] == 0
    assert streams("a.pxa") == {number: alone(number) for number in range(4)}


def test_what_fails_again_and_again_is_an_error_in_the_end(add, tmp_path):
    put(tmp_path / "in", 0)
    log = tmp_path / "log"
    with serve(["line-429:100"], log) as url:
        code, lines, _ = add(vision(url, retries=2))
    assert (code, lines[0]["error"]["kind"]) == (4, "api")
    assert sum(each["method"] == "BATCH" for each in calls(log)) == 3
    assert not JOURNAL.exists()


@pytest.mark.parametrize(
    "fault",
    ["batch-expired", "batch-queue", "create-drop", pytest.param("upload-drop", marks=pytest.mark.slow)],
)
def test_a_batch_that_fails_or_is_lost_sight_of(add, tmp_path, fault):
    put(tmp_path / "in", *range(4))
    log = tmp_path / "log"
    with serve([fault], log) as url:
        code, _, _ = add(vision(url))
        assert files_left(url) == []
    assert code == 0
    assert sorted(paid(log).values()) == [1] * 4
    assert streams("a.pxa") == {number: alone(number) for number in range(4)}


@pytest.mark.parametrize("fault", ["batch-failed", pytest.param("batch-cancelled", marks=pytest.mark.slow)])
def test_a_batch_that_somebody_ends_is_an_error_of_its_pictures(add, tmp_path, fault):
    put(tmp_path / "in", *range(4))
    with serve([fault]) as url:
        code, lines, _ = add(vision(url))
        assert code == 1
        assert {line["error"]["kind"] for line in lines.values() if not line["ok"]} == {"api"}
        assert add(vision(url), "--retry-failed")[0] == 0
    assert streams("a.pxa") == {number: alone(number) for number in range(4)}


def test_parts_are_split_by_lines_and_bytes(add, tmp_path, monkeypatch):
    put(tmp_path / "in", *range(5))
    log = tmp_path / "log"
    with serve(log=log, most_lines=2) as url:
        monkeypatch.setattr(batches, "LINES", 2)
        assert add(vision(url))[0] == 0
    assert sum(each["path"] == "/v1/batches" for each in calls(log)) == 3
    log.unlink()
    put(tmp_path / "in", *range(5, 8))
    with serve(log=log, most_bytes=20_000) as url:
        monkeypatch.setattr(batches, "BYTES", 20_000)
        assert add(vision(url))[0] == 0
    assert sum(each["path"] == "/v1/batches" for each in calls(log)) > 1
    assert streams("a.pxa") == {number: alone(number) for number in range(8)}


def test_caps_hold_and_each_line_is_a_request(add, tmp_path):
    put(tmp_path / "in", *range(5))
    log = tmp_path / "log"
    with serve(log=log) as url:
        code, lines, err = add(vision(url), "--max-requests", "2")
        assert code == 1
        assert {line["error"]["kind"] for line in lines.values() if not line["ok"]} == {"spending"}
        assert err.count("the cap is reached") == 1
        assert sum(paid(log).values()) == 2
        assert not JOURNAL.exists()
        assert add(vision(url))[0] == 0
        assert sorted(paid(log).values()) == [1] * 5


def test_a_file_that_is_there_twice_is_asked_about_once(add, tmp_path):
    put(tmp_path / "in", 0)
    (tmp_path / "in" / "100.png").write_bytes((tmp_path / "in" / "0.png").read_bytes())
    log = tmp_path / "log"
    with serve(log=log) as url:
        assert add(vision(url))[0] == 0
    assert sum(paid(log).values()) == 1


@pytest.mark.parametrize("options", [("--captioner", "local"), ("--description", "words.txt")])
def test_a_captioner_that_asks_nobody_needs_no_batch(cli, tmp_path, options):
    cli("archive", "create", "a.pxa")
    put(tmp_path / "in", 0)
    Path("words.txt").write_text("photo 1x1\nr1c1 red\n")
    code, _, err = cli("archive", "add", "a.pxa", "in", *WORDS, *ENGINE, *options)
    assert code == 2
    assert "none is asked" in err


def test_a_server_without_a_batch_api_and_a_wrong_key_end_the_run(add, tmp_path):
    put(tmp_path / "in", 0)
    with serve(key="right") as url:
        code, lines, err = add(vision(url))
    assert (code, lines) == (4, {})
    assert "does not accept the key" in err


def test_a_key_that_is_not_accepted_any_more_ends_the_run(add, tmp_path, monkeypatch):
    monkeypatch.setattr(served, "_SLOW", 0.5)
    put(tmp_path / "in", 0)
    whole, asked = batches.state, []

    def state(connection, name):
        asked.append(name)
        if len(asked) > 1:
            raise batches.DeniedError("does not accept the key")
        return whole(connection, name)

    monkeypatch.setattr(batches, "state", state)
    with serve(["batch-slow"]) as url:
        code, _, err = add(vision(url))
        monkeypatch.setattr(batches, "state", whole)
        assert code == 4
        assert "1 questions are still in batches" in err
        assert add(vision(url))[0] == 0


def test_answers_of_files_that_cannot_be_read_any_more_are_not_paid_for_again(add, tmp_path, monkeypatch):
    put(tmp_path / "in", *range(3))
    log = tmp_path / "log"
    whole = batches.results

    def results(*rest):
        (tmp_path / "in").rename(tmp_path / "away")
        return whole(*rest)

    monkeypatch.setattr(batches, "results", results)
    with serve(log=log) as url:
        code, _, _ = add(vision(url))
        assert code == 1
        assert not JOURNAL.exists()
        (tmp_path / "away").rename(tmp_path / "in")
        assert add(vision(url), "--retry-failed")[0] == 0
    assert sorted(paid(log).values()) == [1] * 3
    assert streams("a.pxa") == {number: alone(number) for number in range(3)}


def test_questions_that_cannot_be_written_end_the_run_and_none_is_sent(add, tmp_path, monkeypatch):
    put(tmp_path / "in", *range(3))
    log = tmp_path / "log"
    full = SimpleNamespace(TemporaryFile=functools.partial(open, "/dev/full", "wb"), gettempdir=str)
    monkeypatch.setattr(batch, "tempfile", full)
    with serve(log=log) as url:
        code, _, err = add(vision(url))
        assert code == 4
        assert "name another folder, TMPDIR" in err
        assert calls(log) == []


def test_ids_of_any_form_that_servers_use_are_found_again(tmp_path):
    journal = Journal(tmp_path / JOURNAL)
    part = Part("1" * 32, "http://127.0.0.1:9/v1", "m", "chat", 1, "files/a=b:c@d+e")
    for batch_id, is_good in (("batches/x", True), ("a/../x", False), ("x\ny", False), ("x?y", False)):
        part.batch = batch_id
        journal.begin(part, [])
        if is_good:
            assert journal.parts() == [part]
        else:
            with pytest.raises(UsageError, match="damaged"):
                journal.parts()
    journal.close()


def test_a_server_that_takes_few_lines_at_a_time_gets_few(add, tmp_path):
    put(tmp_path / "in", *range(5))
    log = tmp_path / "log"
    with serve(log=log, most_lines=2) as url:
        code, _, err = add(vision(url), "--max-requests", "5")
        assert (code, files_left(url)) == (0, [])
    assert "no room for 5 questions at a time" in err
    assert sorted(paid(log).values()) == [1] * 5


def test_lines_that_found_no_room_count_once(add, tmp_path):
    put(tmp_path / "in", *range(4))
    log = tmp_path / "log"
    with serve(["batch-queue:2"], log) as url:
        code, _, err = add(vision(url), "--max-requests", "4")
        assert code == 0, err
        assert files_left(url) == []
    assert sorted(paid(log).values()) == [1] * 4


def test_files_wait_while_as_many_batches_as_may_be_are_at_the_server(add, tmp_path, monkeypatch):
    put(tmp_path / "in", *range(3))
    monkeypatch.setattr(batch, "_MOST_PARTS", 1)
    whole = batches.state

    def state(connection, name):
        if name == "batch_1":
            time.sleep(0.5)
        return whole(connection, name)

    monkeypatch.setattr(batches, "state", state)
    with serve() as url:
        journal = Journal(JOURNAL)
        journal.begin(Part("1" * 32, url, "loopback-vision", "chat", 1, "file-1", "batch_1"), [])
        journal.close()
        code, lines, _ = add(vision(url))
    assert (code, len(lines)) == (0, 3)
    assert not JOURNAL.exists()


# Runs that are killed.

KILLED = "import os, signal\nfrom promptcodec.archive.asking import journal\n"
MOMENTS = {
    "the file was sent, and nobody has noted it": KILLED
    + "journal.Journal.note = lambda *_: os.kill(os.getpid(), signal.SIGKILL)",
    "the batch was created, and nobody has noted it": KILLED
    + """
whole, count = journal.Journal.note, []
def note(self, part):
    count.append(part)
    os.kill(os.getpid(), signal.SIGKILL) if len(count) > 1 else whole(self, part)
journal.Journal.note = note""",
    "the answers are there, and half of them are kept": KILLED
    + """
from promptcodec.archive.asking import parts
parts._AT_ONCE = 3
whole, count = journal.Journal.enter, []
def enter(self, *rest):
    count.append(rest)
    os.kill(os.getpid(), signal.SIGKILL) if len(count) > 1 else whole(self, *rest)
journal.Journal.enter = enter""",
    "all is kept, and the files are still there": KILLED
    + "journal.Journal.end = lambda *_: os.kill(os.getpid(), signal.SIGKILL)",
}


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(moment, marks=() if "created" in moment else pytest.mark.slow, id=moment)
        for moment in MOMENTS
    ],
)
def test_a_run_that_is_killed_goes_on_and_pays_nothing_twice(add, tmp_path, moment):
    put(tmp_path / "in", *range(6))
    log = tmp_path / "log"
    with serve(["schema"], log) as url:
        with asking.started(tmp_path, vision(url), *ENGINE, before=MOMENTS[moment]) as run:
            run.communicate(timeout=60)
        assert run.returncode == -signal.SIGKILL
        assert JOURNAL.exists()
        assert b"JFIF" not in JOURNAL.read_bytes()
        code, _, err = add(vision(url))
        assert code == 0, err
        assert files_left(url) == []
    assert set(paid(log).values()) == {1}
    assert not JOURNAL.exists()
    assert streams("a.pxa") == {number: alone(number) for number in range(6)}


def test_an_interrupt_leaves_batches_at_the_server(add, tmp_path, monkeypatch):
    monkeypatch.setattr(served, "_SLOW", 1.5)
    put(tmp_path / "in", *range(3))
    log = tmp_path / "log"
    with serve(["batch-slow"], log) as url:
        with asking.started(tmp_path, vision(url), *ENGINE) as run:
            until = time.monotonic() + 60
            while not any(each["path"].startswith("/v1/batches/") for each in calls(log)):
                assert time.monotonic() < until
                time.sleep(0.02)
            run.send_signal(signal.SIGINT)
            _, err = run.communicate(timeout=60)
        assert run.returncode == 130
        assert "3 questions are still in batches" in err
        assert "the same command" in err
        assert add(vision(url))[0] == 0
    assert sorted(paid(log).values()) == [1] * 3
    assert sum(each["path"] == "/v1/batches" and each["method"] == "POST" for each in calls(log)) == 1
    assert streams("a.pxa") == {number: alone(number) for number in range(3)}


def test_two_runs_at_once_do_not_share_a_journal(add, tmp_path, monkeypatch):
    monkeypatch.setattr(journals, "_PATIENCE", 0.05)
    put(tmp_path / "in", 0)
    held = Journal(JOURNAL)
    with serve() as url:
        code, _, err = add(vision(url))
    held.close()
    assert code == 2
    assert "another run works on it" in err


def test_batches_of_another_captioner_are_left_alone(add, tmp_path):
    put(tmp_path / "in", 0)
    journal = Journal(JOURNAL)
    journal.begin(Part("1" * 32, "http://127.0.0.1:9/v1", "m", "chat", 1, "file-1", "batch_1"), [])
    journal.close()
    with serve() as url:
        code, _, err = add(vision(url))
    assert code == 0
    assert "1 batches of another address are left alone" in err
    assert JOURNAL.exists()


@pytest.mark.parametrize(
    "statements",
    [
        "",
        "CREATE TABLE part (x)",
        "UPDATE part SET batch = '../files'",
    ],
)
def test_a_journal_that_is_damaged_is_named(add, tmp_path, statements):
    put(tmp_path / "in", 0)
    if statements:
        if "CREATE" not in statements:
            journal = Journal(JOURNAL)
            journal.begin(Part("1" * 32, "http://127.0.0.1:9/v1", "m", "chat", 1, "file-1", "batch_1"), [])
            journal.close()
        with sqlite3.connect(JOURNAL) as other:
            other.execute(statements)
        other.close()
    else:
        JOURNAL.write_bytes(b"no journal at all" * 100)
    with serve() as url:
        code, lines, err = add(vision(url))
    assert (code, lines) == (2, {})
    assert "a.pxa.asked" in err
    assert "can be deleted" in err or "damaged" in err


@pytest.mark.slow
def test_a_thousand_pictures_in_runs_that_are_killed_twice(add, tmp_path):
    """Every tenth line fails at first; twenty answers break the schema; five are lost and two damaged."""
    put(tmp_path / "in", *range(1000))
    log, moments = tmp_path / "log", [150, 600]
    split = "from promptcodec.api import batches\nbatches.LINES = 120"
    faults = ["line-500:10%", "schema:20", "line-lost:5", "line-damaged:2"]
    options = ("--engine", "batch", "--jobs", "2", "--max-cost", "1000", "--max-requests", "100000")
    with serve(faults, log) as url:
        for moment in (*moments, None):
            with (
                (tmp_path / "out").open("a") as out,
                asking.started(tmp_path, vision(url), *options, before=split, out=out) as run,
            ):
                while moment and sum(paid(log).values()) < moment:
                    assert run.poll() is None
                    time.sleep(0.05)
                if moment:
                    run.kill()
                _, err = run.communicate(timeout=1800)
            assert run.returncode == (-signal.SIGKILL if moment else 0), err
        assert files_left(url) == []
    assert not JOURNAL.exists()
    assert sum(times - 1 for times in paid(log).values()) == 7
    print(f"{sum(paid(log).values())} lines answered, {len(calls(log))} calls")  # noqa: T201
    assert streams("a.pxa") == {number: alone(number) for number in range(1000)}
