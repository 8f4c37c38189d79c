"""The cache of drawn pictures: whole or not there, within its limit, and no reason not to draw."""

from __future__ import annotations

import errno
import logging
import os
import shutil
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="needs the extra server")
pytest.importorskip("httpx", reason="needs the extra api")

from promptcodec.server.renders import Drawn, cache, lock
from promptcodec.server.renders.cache import Cache
from tests import gated


def opened(folder, limit=1 << 20, *, alone=True):
    kept = Cache(folder, limit)
    kept.open(alone=alone)
    return kept


def drawn(number, size=100):
    return Drawn(f"{number:064x}", bytes([number % 256]) * size, "image/png", {"seed": number})


def entries(folder):
    return sorted(path.name for path in (folder / "pictures").rglob("*") if path.is_file())


def test_what_is_written_is_read_also_by_the_next_process(tmp_path):
    opened(tmp_path).write(drawn(1))
    again = opened(tmp_path)
    assert again.read(drawn(1).key) == drawn(1)
    assert again.has(drawn(1).key)
    assert again.read(drawn(2).key) is None
    assert not again.has(drawn(2).key)
    assert entries(tmp_path) == [drawn(1).key]
    assert not list((tmp_path / "unfinished").iterdir())


@pytest.mark.parametrize("fault", ["empty", "cut", "head", "picture", "report", "longer"])
def test_what_is_broken_is_not_there(fault, tmp_path):
    kept = opened(tmp_path)
    kept.write(drawn(1))
    path = next(path for path in tmp_path.rglob("0*1") if path.is_file())
    content = bytearray(path.read_bytes())
    match fault:
        case "empty":
            content.clear()
        case "cut":
            del content[-1:]
        case "longer":
            content += b"x"
        case _:
            content[{"head": 5, "picture": -1, "report": 20}[fault]] ^= 1
    path.write_bytes(content)
    assert kept.read(drawn(1).key) is None
    assert not entries(tmp_path)
    kept.write(drawn(1))
    assert kept.read(drawn(1).key) == drawn(1)


def test_leftovers_go_where_nobody_else_uses_the_folder(tmp_path):
    kept = opened(tmp_path)
    kept.write(drawn(1))
    left = tmp_path / "unfinished" / "123-0"
    left.write_bytes(b"PXR1 half")
    opened(tmp_path, alone=False)
    assert left.exists()
    opened(tmp_path)
    assert not left.exists()
    assert entries(tmp_path) == [drawn(1).key]


def test_one_server_keeps_house(tmp_path):
    pytest.importorskip("fcntl", reason="this system has no flock")
    assert lock.take(tmp_path)
    assert not lock.take(tmp_path)
    lock.give(tmp_path)
    assert lock.take(tmp_path)
    lock.give(tmp_path)


def test_the_least_recently_used_go_first(tmp_path):
    kept = opened(tmp_path)
    for number in range(10):
        kept.write(drawn(number, 1000))
        path = tmp_path / "pictures" / "00" / drawn(number).key
        os.utime(path, (1000 + number, 1000 + number))
    one = path.stat().st_size
    assert kept.read(drawn(0).key)  # the oldest is used
    small = opened(tmp_path, 10 * one + 50)
    assert len(entries(tmp_path)) == 10
    small.write(drawn(10, 1000))
    assert entries(tmp_path) == [drawn(number).key for number in (0, *range(3, 11))]
    # A limit that was lowered holds from the start.
    opened(tmp_path, 5 * one)
    assert entries(tmp_path) == [drawn(number).key for number in (0, 8, 9, 10)]
    # A picture that is larger than the limit is served all the same.
    tiny = opened(tmp_path, 10)
    tiny.write(drawn(11, 1000))
    assert entries(tmp_path) == []


def test_a_full_disk_is_one_line_and_pictures_stay_a_while(tmp_path, monkeypatch, caplog):
    kept = opened(tmp_path)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(Path, "write_bytes", full)
        patch.setattr(cache, "_HELD", 250)
        for number in range(4):
            kept.write(drawn(number))
    assert [line.rpartition(": ")[2] for line in caplog.messages] == ["No space left on device"]
    assert [bool(kept.read(drawn(number).key)) for number in range(4)] == [False, False, True, True]
    kept.write(drawn(4))
    assert entries(tmp_path) == [drawn(4).key]
    for folder in tmp_path.iterdir():
        shutil.rmtree(folder)
    kept.write(drawn(5))
    assert entries(tmp_path) == [drawn(5).key]


@pytest.mark.parametrize("broken", ["a file", "a folder in the way"])
def test_pictures_are_served_where_nothing_can_be_kept(broken, tmp_path, monkeypatch, caplog):
    gated.install(tmp_path, monkeypatch)
    one, two, _ = gated.archive(tmp_path / "a.pxa")
    folder = tmp_path / "served"
    if broken == "a file":
        folder.write_text("no folder")
    else:
        folder.mkdir()
        (folder / "pictures").write_text("no folder")
    with gated.served(tmp_path / "a.pxa", cache=folder) as client, caplog.at_level(logging.WARNING):
        job = client.get(f"/images/{one}/render", headers={"Prefer": "respond-async"})
        assert job.status_code == 202
        gated.GATE.set()
        gated.becomes(client, job.json()["job"]["id"], "done")
        assert client.get(job.json()["job"]["picture"]).status_code == 200
        assert client.get(f"/images/{one}/render").status_code == 200
        assert client.get(f"/images/{two}/render").status_code == 200
    assert len(gated.DRAWN) == 2
    assert sum("pictures are drawn but not kept" in line for line in caplog.messages) == 1


def test_a_broken_entry_is_drawn_again(tmp_path, monkeypatch):
    gated.install(tmp_path, monkeypatch)
    one = gated.archive(tmp_path / "a.pxa")[0]
    gated.GATE.set()
    with gated.served(tmp_path / "a.pxa") as client:
        first = client.get(f"/images/{one}/render")
        path = next(path for path in (tmp_path / "served" / "pictures").rglob("*") if path.is_file())
        path.write_bytes(path.read_bytes()[:-7])
        again = client.get(f"/images/{one}/render")
        assert (again.status_code, again.content) == (200, first.content)
    assert len(gated.DRAWN) == 2
