"""Jobs over HTTP: heard of, watched, cancelled, parked and gone on with; none holds up another."""

from __future__ import annotations

import asyncio
import contextvars
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

pytest.importorskip("starlette", reason="needs the extra server")
pytest.importorskip("httpx", reason="needs the extra api")

import httpx

from promptcodec import bitstream
from promptcodec.bitstream import Part, Stream
from promptcodec.server import tokens
from promptcodec.server.problems import Problem
from promptcodec.server.renders import heavy, parked, renders
from promptcodec.server.renders.heavy import Heavy
from promptcodec.server.renders.pool import FullError, Pool
from promptcodec.server.renders.wanted import Wanted, key_of
from promptcodec.server.settings import ServeSettings
from tests import gated
from tests.conftest import ROOT

ASYNC = {"Prefer": "respond-async"}


@pytest.fixture(autouse=True)
def site(tmp_path, monkeypatch):
    return gated.install(tmp_path, monkeypatch)


@pytest.fixture
def path(tmp_path):
    gated.archive(tmp_path / "a.pxa")
    return tmp_path / "a.pxa"


def url(query="", number=0):
    return f"/images/{gated.id_of(b'gated %d' % number).hex()}/render?{query}"


def asked_for(client, query="", **headers):
    """Ask for a picture, and be told of a job; give its object."""
    answer = client.get(url(query), headers=ASYNC | headers)
    assert answer.status_code == 202, answer.text
    job = answer.json()["job"]
    assert answer.headers["location"] == f"/jobs/{job['id']}"
    return job


def events(client, key):
    """Give the events of a job to its end, as pairs of name and object."""
    with client.stream("GET", f"/jobs/{key}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        name = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield name, json.loads(line.removeprefix("data: "))
            elif line.startswith(":"):
                yield "", {}


def waiting(folder):
    return sorted(path.stem for path in (folder / "served" / "parked").glob("*.json"))


def test_what_takes_long_becomes_a_job(path, tmp_path):
    with gated.served(path, wait=0.01) as client:
        for headers in ({}, ASYNC, {"Prefer": "wait=0"}):
            answer = client.get(url(), headers=headers)
            assert answer.status_code == 202
        job = answer.json()["job"]
        gated.begun()
        assert gated.becomes(client, job["id"], "running")["progress"]["stage"] == "drawing"
        assert waiting(tmp_path) == [job["id"]]
        assert client.get(job["picture"]).status_code == 202
        gated.GATE.set()
        assert client.get(url(), headers={"Prefer": "wait=20"}).status_code == 200
        done = gated.becomes(client, job["id"], "done")
        assert (done["error"], done["report"]["seed"]) == (None, 0)
        picture = client.get(done["picture"])
        assert picture.headers["cache-control"].endswith("immutable")
        assert picture.content == client.get(url()).content
        same = client.get(done["picture"], headers={"If-None-Match": picture.headers["etag"]})
        assert same.status_code == 304
        for strange in ("0" * 64, "x", "..%2f..%2fa.pxa", job["id"].upper()):
            for more in ("", "/events", "/picture"):
                assert client.get(f"/jobs/{strange}{more}").status_code == 404
            assert client.delete(f"/jobs/{strange}").status_code == 404
    assert len(gated.DRAWN) == 1
    assert waiting(tmp_path) == []


def test_a_job_is_watched_to_its_end(path, monkeypatch):
    monkeypatch.setattr(renders, "_HEARTBEAT", 0.02)
    with gated.served(path) as client:
        job, after = asked_for(client), asked_for(client, "seed=1")
        seen = []
        for name, shown in events(client, job["id"]):
            seen.append((name, shown))
            if shown.get("preview"):
                gated.GATE.set()
        assert [name for name, _ in seen[-1:]] == ["done"]
        assert {name for name, _ in seen[:-1]} == {"progress"}
        assert any(shown.get("preview", "").startswith("data:image/jpeg;base64,") for _, shown in seen)
        assert "preview" not in seen[-1][1]
        gated.becomes(client, after["id"], "done")
        assert [name for name, _ in events(client, after["id"])] == ["done"]


def test_who_watches_what_waits_hears_a_heartbeat(path, monkeypatch):
    monkeypatch.setattr(renders, "_HEARTBEAT", 0.02)
    with gated.served(path) as client:
        asked_for(client)
        gated.begun()
        job = asked_for(client, "seed=1")
        assert job["position"] == 1
        seen = []
        for name, _ in events(client, job["id"]):
            seen.append(name)
            if not name:
                gated.GATE.set()
        assert seen[0] == "progress"
        assert seen[-1] == "done"


def test_a_job_is_cancelled_running_or_waiting(path, tmp_path):
    with gated.served(path) as client:
        first, second, third = asked_for(client), asked_for(client, "seed=1"), asked_for(client, "seed=2")
        gated.begun()
        assert client.delete(f"/jobs/{second['id']}").json()["state"] == "cancelled"
        with ThreadPoolExecutor(1) as threads:
            watched = threads.submit(lambda: [name for name, _ in events(client, first["id"])])
            gated.becomes(client, first["id"], "running")
            assert client.delete(f"/jobs/{first['id']}").json()["state"] == "cancelled"
            assert watched.result()[-1] == "cancelled"
        gated.begun()  # the generator has ended the first, and begins the third
        assert client.get(first["picture"]).status_code == 409
        assert client.delete(f"/jobs/{first['id']}").json()["state"] == "cancelled"
        gated.GATE.set()
        gated.becomes(client, third["id"], "done")
        # Who asks again gets it, and its job is one that was done.
        assert client.get(url()).status_code == 200
        assert client.get(f"/jobs/{first['id']}").json()["state"] == "done"
        assert client.get(first["picture"]).status_code == 200
    assert waiting(tmp_path) == []


def test_a_job_ends_when_everybody_who_asked_has_cancelled(path):
    secrets = {name: f"the-secret-of-{name}" for name in ("ann", "bob", "eve")}
    known = tuple(tokens.of(name, secret) for name, secret in secrets.items())
    ann, bob, eve = ({"Authorization": f"Bearer {secret}"} for secret in secrets.values())
    with gated.served(path, tokens=known) as client:
        job = asked_for(client, **ann)
        asked_for(client, **bob)
        gated.begun()
        assert client.delete(f"/jobs/{job['id']}", headers=eve).status_code == 403
        assert client.delete(f"/jobs/{job['id']}").status_code == 403
        assert client.delete(f"/jobs/{job['id']}", headers=ann).json()["state"] == "running"
        assert client.delete(f"/jobs/{job['id']}", headers=bob).json()["state"] == "cancelled"


def test_a_full_queue_says_when_to_come_again(path):
    known = tuple(tokens.of(name, f"the-secret-of-{name}") for name in ("ann", "bob", "eve"))
    ann, bob, eve = ({"Authorization": f"Bearer the-secret-of-{token.name}"} for token in known)
    with gated.served(path, waiting=4, tokens=known) as client:
        asked_for(client, "seed=0", **ann)
        gated.begun()
        for seed in (1, 2, 3):
            asked_for(client, f"seed={seed}", **ann)
        own = client.get(url("seed=4"), headers=ann)
        assert (own.status_code, own.headers["retry-after"]) == (429, "5")
        asked_for(client, "seed=5", **bob)
        asked_for(client, "seed=6", **eve)  # one of those who had nothing there
        assert client.get(url("seed=7"), headers=eve).status_code == 503
        # What waits already may be joined, and what is there may be had.
        asked_for(client, "seed=2", **eve)


def test_a_generator_that_hangs_holds_up_nobody(path, tmp_path):
    start = time.monotonic()
    with gated.served(path, ("gated:hang", "gated", "builtin")) as client:
        job = asked_for(client)
        gated.begun()
        behind = asked_for(client, "seed=1")
        gated.GATE.set()
        assert client.get(url("generator=gated")).status_code == 200
        assert client.get(url("generator=builtin")).status_code == 200
        assert client.get(f"/jobs/{behind['id']}").json()["state"] == "waiting"
        assert client.delete(f"/jobs/{job['id']}").json()["state"] == "cancelled"
        asked_for(client)
    assert time.monotonic() - start < 10
    assert waiting(tmp_path) == sorted([job["id"], behind["id"]])


def test_tiles_that_nobody_waits_for_are_not_drawn(path, monkeypatch):
    monkeypatch.setattr(renders, "GENERATOR", "gated")
    ids = ",".join(gated.id_of(b"gated %d" % number).hex() for number in range(3))
    with gated.served(path) as client:
        with client.stream("GET", f"/tiles?ids={ids}&side=32"):
            gated.begun()
        job = asked_for(client)  # comes to its turn when the tile has been cancelled
        gated.begun()
        gated.GATE.set()
        gated.becomes(client, job["id"], "done")
    assert gated.DRAWN == [(32, 21), (48, 32)]


def test_a_server_that_ends_lets_go_and_the_next_one_goes_on(path, tmp_path):
    with gated.live(path) as (client, end), ThreadPoolExecutor(3) as threads:
        running = asked_for(client, "seed=1")
        gated.begun()
        asked = threads.submit(client.get, url("seed=2"))
        joined = threads.submit(client.get, url("seed=1"))
        watched = threads.submit(lambda: [name for name, _ in events(client, running["id"])])
        gated.becomes(client, running["id"], "running")
        behind = key_of(gated.stream(0), Wanted("gated", seed=2))
        gated.becomes(client, behind, "waiting")
        end()
        assert asked.result().status_code == 202
        assert joined.result().status_code == 202
        assert watched.result()[-1] == "progress"
    assert waiting(tmp_path) == sorted([running["id"], behind])
    gated.GATE.set()
    with gated.served(path) as client:
        gated.becomes(client, running["id"], "done")
        gated.becomes(client, behind, "done")
    assert waiting(tmp_path) == []


def test_a_server_that_ends_finishes_what_it_draws(path, tmp_path):
    with gated.live(path, grace=10) as (client, end):
        job = asked_for(client)
        gated.begun()
        end()
        gated.GATE.set()
    assert waiting(tmp_path) == []
    with gated.served(path) as client:
        assert client.get(job["picture"]).status_code == 200
    assert len(gated.DRAWN) == 1


def test_jobs_outlive_a_process_that_is_killed(path, tmp_path, site):
    """The process is a real one; SIGKILL leaves it no time."""
    gate = tmp_path / "gate"
    environment = os.environ | {
        "PYTHONPATH": f"{site}{os.pathsep}{ROOT}", "PYTHONSAFEPATH": "", gated.FILE: str(gate),
    }  # fmt: skip
    command = [sys.executable, "-m", "promptcodec", "serve", str(path), "--port", "0", "--generator", "gated",
               "--cache", str(tmp_path / "served")]  # fmt: skip

    def start():
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return process, httpx.Client(base_url=json.loads(process.stdout.readline())["base_url"], timeout=20)

    process, client = start()
    with client:
        running, behind = asked_for(client), asked_for(client, "seed=1")
        gated.becomes(client, running["id"], "running")
        process.kill()
        process.communicate()
    assert waiting(tmp_path) == sorted([running["id"], behind["id"]])
    (tmp_path / "served" / "unfinished" / "77-1").write_bytes(b"half")
    gate.touch()
    process, client = start()
    with client:
        for job in (running, behind):
            gated.becomes(client, job["id"], "done")
            assert client.get(job["picture"]).status_code == 200
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    assert waiting(tmp_path) == []
    assert not list((tmp_path / "served" / "unfinished").iterdir())


def test_what_was_parked_is_tried_a_few_times(tmp_path):
    settings = ServeSettings(tmp_path, ("gated",))
    stream, wanted = bitstream.write(Stream(9, 9, (Part(1, b"x"),)), bare=True), Wanted("gated", side=9)
    job = parked.Parked(key_of(stream, wanted), stream, wanted, "jane", ("bob", "jane"))
    folder = tmp_path / "parked"
    parked.park(folder, job)
    parked.park(folder, parked.Parked("cd" * 32, b"s", Wanted("another"), "jane", ()))
    parked.park(folder, replace(job, key="ab" * 32))
    (folder / f"{'ef' * 32}.json").write_text('{"stream":')
    (folder / f"{'ee' * 32}.json").write_text("[" * 100_000)
    (folder / ".ab-1").write_text("half")
    for tries in range(1, parked.TRIES + 1):
        assert [each.tries for each in parked.resume(folder, settings)] == [tries]
        assert [path.name for path in folder.iterdir()] == [f"{job.key}.json"]
    assert list(parked.resume(folder, settings)) == []
    assert list(folder.iterdir()) == []


def test_callers_take_turns():
    done, gate, begun = [], threading.Event(), threading.Event()
    pool = Pool("turns", 1, 16)

    def hold():
        begun.set()
        gate.wait()

    pool.put("a", hold)
    assert begun.wait(10)
    works = {}
    for name in ("a1", "a2", "a3", "b1", "b2", "c1"):
        works[name] = lambda name=name: done.append(name)
        pool.put(name[0], works[name])
    assert [pool.place(name[0], works[name]) for name in works] == [1, 4, 6, 2, 5, 3]
    assert pool.remove("a", works["a2"])
    assert not pool.remove("a", works["a2"])
    last = threading.Event()
    pool.put("a", last.set)
    gate.set()
    assert last.wait(10)
    assert done == ["a1", "b1", "c1", "a3", "b2"]
    pool.close()


def test_a_pool_is_bounded():
    gate, begun = threading.Event(), threading.Event()
    pool = Pool("bounded", 1, 2)

    def hold():
        begun.set()
        gate.wait()

    pool.put("a", hold)
    assert begun.wait(10)
    pool.put("a", gate.wait)
    pool.put("a", gate.wait)
    with pytest.raises(FullError) as refused:
        pool.put("a", gate.wait)
    assert refused.value.own
    pool.put("b", gate.wait)  # who has nothing waiting gets in
    with pytest.raises(FullError) as refused:
        pool.put("b", gate.wait)
    assert not refused.value.own
    pool.put("c", gate.wait)
    with pytest.raises(FullError):
        pool.put("d", gate.wait)
    pool.put("d", gate.wait, forced=True)
    gate.set()
    pool.close()


def test_heavy_work_keeps_its_context_and_its_errors(monkeypatch):
    monkeypatch.setattr(heavy, "_WAITING", 2)
    mark = contextvars.ContextVar("mark", default="")

    async def tried():
        work = Heavy()
        mark.set("mine")
        assert await work.run(mark.get, "a") == "mine"
        with pytest.raises(ZeroDivisionError):
            await work.run(lambda: 1 // 0, "a")
        gate, begun = threading.Event(), threading.Semaphore(0)

        def hold():
            begun.release()
            gate.wait()

        held = []
        for _ in range(os.cpu_count()):
            held.append(asyncio.ensure_future(work.run(hold, "a")))
            assert await asyncio.to_thread(begun.acquire, timeout=10)
        held += [asyncio.ensure_future(work.run(hold, name)) for name in "ab"]
        await asyncio.sleep(0)
        with pytest.raises(Problem) as refused:
            await work.run(hold, "b")
        assert refused.value.status == 429
        gate.set()
        await asyncio.gather(*held)
        await work.finish(5)
        hung = Heavy()
        late = asyncio.ensure_future(hung.run(threading.Event().wait, "a"))
        await asyncio.sleep(0)
        await hung.finish(0.01)
        with pytest.raises(Problem) as ended:
            await late
        assert ended.value.status == 503

    asyncio.run(tried())
