"""Damage is noticed and named, all else is saved; a kill, a full disk, another program lose nothing."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from promptcodec.archive import store
from promptcodec.archive.care import compact
from promptcodec.archive.care.known import known_ids
from promptcodec.archive.care.repair import repair
from promptcodec.archive.care.verify import verify
from promptcodec.archive.file import database, page
from promptcodec.errors import BitstreamError, PromptcodecError, UsageError
from tests import archives

SECTOR, PAGE = 512, 4096
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")


def flip(data, rnd):
    """Flip one bit anywhere."""
    data[rnd.randrange(len(data))] ^= 1 << rnd.randrange(8)


def flip_early(data, rnd):
    """Flip one bit of the file's head or of its list of tables."""
    data[rnd.randrange(700)] ^= 1 << rnd.randrange(8)


def zero(data, rnd):
    """Lose a sector or a page."""
    length = rnd.choice([SECTOR, PAGE])
    start = rnd.randrange(len(data) // length) * length
    data[start : start + length] = bytes(length)


def scramble(data, rnd):
    """Put anything in the place of a sector."""
    start = rnd.randrange(len(data) // SECTOR) * SECTOR
    data[start : start + SECTOR] = rnd.randbytes(SECTOR)


def cut(data, rnd):
    """Lose the end of the file."""
    del data[rnd.choice([rnd.randrange(len(data)), rnd.randrange(len(data) // SECTOR) * SECTOR]) :]


def swap(data, rnd):
    """Let two pages change places, or one be written in the place of another."""
    first, second = (slice(start, start + PAGE) for start in rnd.sample(range(0, len(data), PAGE), 2))
    content = data[first]
    data[first] = data[second]
    if rnd.random() < 0.5:
        data[second] = content


PLANTS = (flip, flip, flip_early, zero, zero, scramble, cut, swap)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Give the bytes of an archive, and what it holds."""
    path = tmp_path_factory.mktemp("sound") / "a.pxa"
    return archives.fill(path), path.read_bytes()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.pxa"


def judge(path, wanted, new):
    """Verify a damaged archive and repair it: what is not named must be there. Say whether it was seen."""
    try:
        findings = list(verify(path, wanted))
    except PromptcodecError as error:  # it is no archive any more
        assert path.stat().st_size < PAGE, error
        return True
    wrong = [finding for finding in findings if finding.error]
    if not wrong:
        assert archives.contents(path) == wanted
        return False
    named = {finding.id for finding in wrong if finding.id}
    assert named <= set(wanted)
    outcome = repair(path, new, wanted)
    saved = archives.contents(new)
    assert saved.keys() <= wanted.keys()
    assert {id_ for id_, each in wanted.items() if saved.get(id_) != each} <= named
    assert set(outcome.lost) == wanted.keys() - saved.keys()
    assert set(outcome.lost) == {finding.id for finding in wrong if finding.id and not finding.savable}
    return True


@pytest.mark.parametrize("number", [16, pytest.param(4000, marks=pytest.mark.slow)])
def test_planted_damage_is_named_and_all_else_is_saved(sound, path, tmp_path, number):
    wanted, data = sound
    rnd = random.Random(number)
    seen = 0
    for index in range(number):
        plant = PLANTS[index % len(PLANTS)]
        damaged = bytearray(data)
        plant(damaged, rnd)
        if damaged != data:
            path.write_bytes(damaged)
            new = tmp_path / f"new-{index}.pxa"
            try:
                seen += judge(path, wanted, new)
            except BaseException as error:
                error.add_note(f"{plant.__name__}, number {index} of {number}")
                raise
            new.unlink(missing_ok=True)
    assert seen > number // 2


def test_a_sound_archive_is_whole(sound, path, cli):
    wanted, data = sound
    path.write_bytes(data)
    code, out, err = cli("archive", "verify", path, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, [row["id"] for row in rows]) == (0, [id_.hex() for id_ in sorted(wanted)])
    assert all(row["ok"] and row["error"] is None for row in rows)
    assert f"{len(wanted)} pictures are whole" in err
    assert cli("archive", "verify", path)[1] == ""


def test_one_damaged_picture_is_named_on_the_command_line(sound, path, cli):
    wanted, data = sound
    victim = archives.record(40)
    path.write_bytes(data.replace(victim.stream[20:30], bytes(10)))
    code, out, err = cli("archive", "verify", path, "--json")
    wrong = [row for row in map(json.loads, out.splitlines()) if not row["ok"]]
    assert (code, [row["id"] for row in wrong]) == (1, [None, victim.id.hex()])
    assert wrong[1]["error"]["kind"] == "bitstream"
    assert f"{len(wanted) - 1} pictures are whole, 1 are damaged" in err
    assert len(cli("archive", "verify", path)[1].splitlines()) == 2
    assert cli("archive", "get", path, victim.id.hex(), "-o", "x.pxt")[0] == 2

    code, out, _ = cli("archive", "repair", path, "-o", "new.pxa", "--json")
    assert (code, json.loads(out)["lost"]) == (1, [victim.id.hex()])
    others = {id_: each for id_, each in wanted.items() if id_ != victim.id}
    assert archives.contents(Path("new.pxa")) == others
    assert cli("archive", "repair", path, "-o", "new.pxa")[0] == 2  # it exists
    with store.open("new.pxa") as archive:
        assert archive.failures() == [archives.FAILURE]
        assert len(archive.dictionaries()) == 1


def indexed(path, ids, *, seen=0):
    """Write what an index says of these ids, up to date with an entry of the journal."""
    with store.open(path) as archive, sqlite3.connect(f"{path}.index") as index:
        index.execute("CREATE TABLE doc (number INTEGER PRIMARY KEY, id BLOB)")
        index.executemany("INSERT INTO doc (id) VALUES (?)", [(id_,) for id_ in ids])
        index.execute("CREATE TABLE meta (name TEXT, value)")
        index.executemany(
            "INSERT INTO meta VALUES (?, ?)", [("uid", archive.uid), ("seen", seen or archive.newest())]
        )
    index.close()


def test_what_was_removed_since_the_index_was_written_is_not_lost(path, cli):
    with store.create(path) as archive:
        archive.put(map(archives.record, range(5)))
        seen = archive.newest()
        archive.remove([archives.record(3).id])
    indexed(path, (archives.record(number).id for number in range(5)), seen=seen)
    assert known_ids(path) == {archives.record(number).id for number in (0, 1, 2, 4)}
    with store.open(path, write=True) as archive:
        compact.compact(archive)
    assert known_ids(path) == set()
    assert cli("archive", "verify", path)[0] == 0


def test_lost_pictures_are_known_from_the_index(sound, path, cli):
    wanted, data = sound
    lost = archives.record(40)
    start = data.index(lost.stream[:30]) // PAGE * PAGE
    path.write_bytes(data[:start] + bytes(PAGE) + data[start + PAGE :])
    indexed(path, wanted)
    rows = map(json.loads, cli("archive", "verify", path, "--json")[1].splitlines())
    named = {row["id"] for row in rows if not row["ok"]}
    code, out, _ = cli("archive", "repair", path, "-o", "new.pxa", "--json")
    given_up = set(json.loads(out)["lost"])
    assert (code, lost.id.hex() in given_up, given_up <= named) == (1, True, True)


def test_nothing_that_is_left_is_an_error_and_no_archive(sound, path, cli, tmp_path):
    path.write_bytes(sound[1][:3000])
    code, _, err = cli("archive", "repair", path, "-o", "new.pxa")
    assert code == 2
    assert "no record in it can be read" in err
    assert not (tmp_path / "new.pxa").exists()


def test_a_damaged_picture_may_be_put_again(sound, path):
    wanted, data = sound
    victim = archives.record(40)
    path.write_bytes(data.replace(victim.stream[20:30], bytes(10)))
    with store.open(path, write=True) as archive:
        assert archive.has([victim.id]) == set()
        with pytest.raises(BitstreamError, match="does not match"):
            archive.get(victim.id)
        with pytest.raises(BitstreamError, match="does not match"):
            compact.compact(archive)
        archive.put([victim])
    assert archives.contents(path) == wanted


def test_anything_but_records_holds_none():
    assert not list(page.survivors(random.Random(1).randbytes(100_000)))


def test_repair_needs_an_archive(tmp_path, cli):
    (tmp_path / "photo.raw").write_bytes(random.Random(2).randbytes(100_000))
    code, _, err = cli("archive", "repair", "photo.raw", "-o", "new.pxa")
    assert (code, "is no archive" in err) == (2, True)
    assert not (tmp_path / "new.pxa").exists()


# Other programs, and what the system refuses.


@contextmanager
def started(program, *args):
    """Run a Python program that imports this package, with pipes; kill it at the end."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-P", "-uc", program, *map(str, args)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=environment, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


HOLD = """
import sys
from promptcodec.archive import store
with store.open(sys.argv[1], write=True) as archive, archive.database.writing():
    print("held")
    sys.stdin.read()
"""
PUT = """
import sys
from promptcodec.archive.care import compact
from promptcodec.archive import store
from tests import archives
first, step = map(int, sys.argv[2:4])
with store.open(sys.argv[1], write=True) as archive:
    for start in range(first, 10**6, step):
        archive.put(map(archives.record, range(start, start + step)))
        print(start + step)
        if start % (5 * step) == 0 and sys.argv[4:]:
            compact.compact(archive)
"""


def test_who_holds_an_archive_up_is_named(sound, path, monkeypatch):
    path.write_bytes(sound[1])
    monkeypatch.setattr(database, "PATIENCE", 0.3)
    with started(HOLD, path) as holder:
        assert holder.stdout.readline() == "held\n"
        with store.open(path, write=True) as archive:
            assert archive.get(archives.ids(40)[0])  # a reader is in nobody's way
            with pytest.raises(UsageError, match="held up for 0 seconds by") as raised:
                archive.put([archives.record(1)])
            if Path("/proc/locks").exists():
                assert f"process {holder.pid} (" in str(raised.value)
            holder.communicate("")
            assert archive.put([archives.record(1)]) == 1


def test_two_write_and_one_compacts_while_one_reads(path):
    store.create(path).close()
    with (
        store.open(path) as reader,
        started(PUT, path, 0, 20, "compact") as one,
        started(PUT, path, 5000, 20) as two,
    ):
        acknowledged = []
        while len(acknowledged) < 16:
            acknowledged += [int(process.stdout.readline()) for process in (one, two)]
            listed = list(reader.ids())
            assert listed == sorted(set(listed))
            ends = set(acknowledged)
            assert all(set(archives.ids(*range(end - 20, end))) <= set(listed) for end in ends)
    assert not [finding for finding in verify(path) if finding.error]


@pytest.mark.parametrize("rounds", [4, pytest.param(200, marks=pytest.mark.slow)])
def test_kills_lose_no_record_that_was_acknowledged(path, rounds):
    store.create(path).close()
    rnd = random.Random(rounds)
    end = before = 0
    for _ in range(rounds):
        with started(PUT, path, end, 5, *rnd.choice([[], ["compact"]])) as writer:
            lines = [writer.stdout.readline()]
            time.sleep(rnd.random() * 0.2)
            writer.kill()
            lines += writer.stdout.readlines()
        before, end = end, max([end, *(int(line) for line in lines if line.endswith("\n"))])
        with store.open(path) as archive:
            new = archives.ids(*range(before, end))
            assert archive.has(new) == set(new)
    assert end
    assert set(archives.ids(*range(end))) <= set(archives.contents(path))
    assert not [finding for finding in verify(path) if finding.error]


@forks
def test_a_full_disk_loses_nothing(sound, path):
    wanted, data = sound
    path.write_bytes(data)
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(data) + 3 * PAGE, resource.RLIM_INFINITY))
        code = 1
        with store.open(path, write=True) as archive:
            try:
                archive.put(map(archives.record, range(1000, 3000)))
            except UsageError as error:
                code = 0 if "no room is left" in str(error) else 2
            assert archive.has(wanted) == set(wanted)
            assert archive.put([archives.record(999)]) == 1
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert archives.contents(path) == wanted | {archives.record(999).id: archives.record(999)}


def test_a_file_that_may_not_grow_loses_nothing(sound, path):
    wanted, data = sound
    path.write_bytes(data)
    with store.open(path, write=True) as archive:
        archive.database.run(f"PRAGMA max_page_count = {len(data) // PAGE + 3}")
        with pytest.raises(UsageError, match="no room is left; nothing of this change was kept"):
            archive.put(map(archives.record, range(1000, 3000)))
        assert {each.id: each for each in archive.records()} == wanted


@pytest.fixture
def open_folder():
    """Give a folder that anybody may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def attempt(work):
    try:
        return str(work())
    except PromptcodecError as error:
        return f"{type(error).__name__}: {error}"


@forks
def test_what_may_not_be_written_is_read(sound, open_folder):
    wanted, data = sound
    path = open_folder / "a.pxa"
    path.write_bytes(data)
    archives.locked(open_folder)

    def read():
        with store.open(path) as archive:
            return len(list(archive.records()))

    assert archives.as_nobody(lambda: attempt(read)) == str(len(wanted))
    message = archives.as_nobody(lambda: attempt(lambda: store.open(path, write=True)))
    assert "UsageError: the archive" in message
    assert "cannot be changed: you may not write" in message
    message = archives.as_nobody(lambda: attempt(lambda: store.create(open_folder / "b.pxa")))
    assert message.startswith("UsageError")
    assert "Permission denied" in message


INTERRUPTED = """
import os, sys
from promptcodec.archive import store
from tests import archives
with store.open(sys.argv[1], write=True) as archive, archive.database.writing():
    archive.database.run("PRAGMA cache_size = 1")
    archive.database.run("UPDATE page SET data = zeroblob(length(data))")
    archive.database.run("DELETE FROM journal")
    os.kill(os.getpid(), 9)
"""


@forks
def test_a_change_that_a_kill_left_half_done(sound, open_folder):
    wanted, data = sound
    path = open_folder / "a.pxa"
    path.write_bytes(data)
    with started(INTERRUPTED, path) as writer:
        writer.wait()
    assert path.read_bytes() != data
    assert Path(f"{path}-journal").stat().st_size
    archives.locked(open_folder)
    message = archives.as_nobody(lambda: attempt(lambda: store.open(path)))
    assert "was left in the middle of a change" in message
    assert "copy the two into one folder" in message
    open_folder.chmod(0o755)
    for file in open_folder.iterdir():
        file.chmod(0o644)
    assert archives.contents(path) == wanted
