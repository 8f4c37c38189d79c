"""``archive add --engine ray`` on a Ray of this machine: what is added, what is killed, what may be spent."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

# Looked for, not imported: that would take seconds of every run that collects these tests.
RAY = importlib.util.find_spec("ray")
if RAY is None or not (Path(RAY.origin).parent / "data" / "checkpoint").exists():
    pytest.skip("needs the extra ray: no Ray Data, or an old one", allow_module_level=True)
if not sys.platform.startswith("linux"):
    pytest.skip("the processes of Ray are looked for in /proc", allow_module_level=True)

from promptcodec.archive import store
from promptcodec.archive.record import id_of
from tests import messy
from tests.archive_kills import MAIN, QUICK, acknowledged

ROOT = Path(__file__).parent.parent
PATIENCE = 120
"""Seconds, for machines that do other things too."""
WORKER = """
import os, sys, time

def hook(event, arguments):
    if event == "open" and str(arguments[0]).endswith(".png"):
        with os.fdopen(os.open(os.environ["TEST_READ"], os.O_WRONLY | os.O_APPEND | os.O_CREAT), "w") as file:
            file.write(os.path.basename(arguments[0]) + "\\n")
        time.sleep(float(os.environ.get("TEST_NAP", 0)))
        if arguments[0].endswith("deadly.png"):
            os._exit(9)

if any("default_worker" in each for each in sys.argv):
    sys.addaudithook(hook)
"""
"""What workers do beside, where it is their ``sitecustomize``: they note what they read, take their time, and
die of one picture."""


@pytest.fixture
def folder(tmp_path):
    store.create(tmp_path / "a.pxa").close()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(WORKER)
    yield tmp_path
    assert not left(tmp_path), "a process of Ray is still there"


def fill(folder, pictures, name="in"):
    """Write small pictures, one that is none, and one that is there twice."""
    (folder / name).mkdir(exist_ok=True)
    for number in range(pictures):
        (folder / name / f"{number}.png").write_bytes(messy.picture(number, "PNG"))
    (folder / name / "broken.png").write_bytes(b"no picture")
    shutil.copy(folder / name / "0.png", folder / name / "again.png")


def start(
    folder,
    *options,
    out="out",
    engine="ray",
    inputs="in",
    given=QUICK,
    nap=0.0,
    archive="a.pxa",
    address=None,
):
    """Start a run whose lines go to the file ``out``."""
    path = f"{folder / 'site'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}".rstrip(os.pathsep)
    environment = os.environ | {
        "PYTHONPATH": path,
        "PROMPTCODEC_CACHE": str(folder / "cache"),
        "TEST_READ": str(folder / "read"),
        "TEST_NAP": str(nap),
    }
    environment.pop("RAY_ADDRESS", None)
    environment |= {"RAY_ADDRESS": address} if address else {}
    command = [sys.executable, "-c", MAIN, "archive", "add", archive, inputs, *given, "--json"]
    with (folder / out).open("wb") as file:
        return subprocess.Popen(
            [*command, "--engine", engine, "--jobs", "2", *options],
            stdout=file,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )


def finish(run, code=1):
    """Wait for its end; give what it wrote on standard error."""
    _, err = run.communicate(timeout=PATIENCE)
    assert run.returncode == code, err.decode()
    return err.decode()


def read(folder):
    """Count how often workers read each picture."""
    return Counter((folder / "read").read_text().split())


def left(folder, title=""):
    """Give the processes that were started from runs in this folder, but for runs themselves."""
    processes = []
    for process in Path("/proc").iterdir():
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            where = (process / "cwd").readlink()
        except (OSError, ValueError):
            continue
        if where == folder and title in command and MAIN not in command and command:
            processes.append((int(process.name), command))
    return processes


def records(folder, archive="a.pxa"):
    with store.open(folder / archive) as opened:
        return {each.id: (each.stream, set(each.places), each.tags) for each in opened.records()}


def wait(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def shards(folder):
    return [file for file in folder.rglob("a.pxa.ray/*/*/checkpoint/*.parquet") if "pending" not in file.name]


def test_what_is_added_is_what_local_adds(folder, cli):
    """On two workers, record for record; on standard output are the lines of a run and nothing else."""
    fill(folder, 24)
    store.create(folder / "b.pxa").close()
    ray = start(folder, "--tag", "red")
    code, out, _ = cli("archive", "add", "b.pxa", "in", *QUICK, "--json", "--jobs", "1", "--tag", "red")
    assert code == 1
    (folder / "local").write_text(out)
    err = finish(ray)
    assert records(folder) == records(folder, "b.pxa")
    assert len(records(folder)) == 24
    lines, local = acknowledged(folder / "out"), acknowledged(folder / "local")
    assert "26 files are listed in a.pxa.ray; Ray starts" in err
    assert len(err.splitlines()) == 3, err
    kept = ("file", "ok", "id", "bytes", "width", "height", "error")
    assert {Path(line["file"]).name for line in lines if line["state"] == "duplicate"} <= {
        "again.png",
        "0.png",
    }
    assert sorted([line.get(name) for name in kept] for line in lines if line["ok"]) == sorted(
        [line.get(name) for name in kept] for line in local if line["ok"]
    )
    assert [line["error"] for line in lines if not line["ok"]] == [
        line["error"] for line in local if not line["ok"]
    ]
    assert not (folder / "a.pxa.ray").exists()


@pytest.mark.slow
def test_as_many_encode_at_a_time_as_there_are_workers(folder):
    fill(folder, 40)
    run, both = start(folder, nap=0.2), 0
    while run.poll() is None and both < 5:
        both = both + 1 if len(left(folder, "MapBatches")) == 2 else 0
        time.sleep(0.05)
    finish(run)
    assert both == 5


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_time_only(folder):
    fill(folder, 60)
    run = start(folder, nap=0.1)
    killed = 0
    for _ in range(2):
        wait(lambda: left(folder, "ray::"))
        seen = len(shards(folder))
        wait(functools.partial(lambda seen: len(shards(folder)) > seen or run.poll() is not None, seen))
        for process, command in left(folder, "ray::"):
            if "_map_task" in command or "MapBatches" in command:
                os.kill(process, signal.SIGKILL)
                killed += 1
    err = finish(run)
    assert killed
    assert len(records(folder)) == 60
    assert "62 found: 60 added, 1 duplicate, 1 failed" in err
    assert len(acknowledged(folder / "out")) == 62


@pytest.mark.slow
@pytest.mark.parametrize("at", ["encoding", "keeping"])
def test_a_run_that_is_killed_goes_on(folder, at):
    fill(folder, 100)
    run = start(folder, nap=0.1)
    if at == "encoding":
        wait(lambda: len(shards(folder)) >= 3)
    else:
        wait(lambda: (folder / "out").stat().st_size)
    run.kill()
    run.communicate()
    wait(lambda: not left(folder))
    first = acknowledged(folder / "out")
    done, before = len(shards(folder)), read(folder)
    assert done > 0
    assert len(records(folder)) < 100
    err = finish(start(folder, out="second"))
    assert len(records(folder)) == 100
    lines = acknowledged(folder / "second")
    assert len(lines) == 102 - sum(not line["ok"] for line in first)
    added = [line["id"] for line in first + lines if line["state"] == "added"]
    assert len(added) == len(set(added))
    assert {line["id"] for line in first if line["ok"]} <= {line["id"] for line in lines if line["ok"]}
    assert {bytes.fromhex(each) for each in added} <= records(folder).keys()
    again = [name for name, times in read(folder).items() if times > 1]
    assert set(again) <= before.keys()
    assert len(again) <= 2 * 12 * 2  # what two workers had in work
    assert not (folder / "a.pxa.ray").exists()
    assert "Ray starts" in err


@pytest.mark.slow
def test_what_failed_is_tried_again_where_that_is_asked_for(folder):
    fill(folder, 60)
    (folder / "in" / "00.png").write_bytes(b"no picture")
    run = start(folder, nap=0.1)
    wait(lambda: any(not line["ok"] for line in acknowledged(folder / "out")))
    run.kill()
    run.communicate()
    wait(lambda: not left(folder))
    assert len(records(folder)) < 60
    shutil.copytree(folder / "a.pxa.ray", folder / "kept")
    shutil.copy(folder / "a.pxa", folder / "kept.pxa")
    err = finish(start(folder, out="second"))
    assert "--retry-failed tries again what failed before" in err
    assert read(folder)["00.png"] == 1
    shutil.copytree(folder / "kept", folder / "a.pxa.ray")
    shutil.copy(folder / "kept.pxa", folder / "a.pxa")
    finish(start(folder, "--retry-failed", out="third"))
    assert read(folder)["00.png"] == 2
    assert sum(line["file"] == "in/00.png" for line in acknowledged(folder / "third")) == 1


def test_a_shard_has_no_picture_and_nothing_secret(monkeypatch):
    """What workers make of a list, without Ray's machinery around them."""
    import numpy as np
    import pyarrow as pa

    from promptcodec.archive.cluster import listing, on_ray
    from promptcodec.archive.sources.remote import At
    from promptcodec.archive.sources.source import Source
    from promptcodec.settings import EncodeSettings

    source = Source(
        "memory://x/a.png", "memory://x", "a.png", 7, in_place=False, origin=At("memory://x?key=hush")
    )
    data = [messy.picture(1, "PNG"), b"no picture", b"", messy.picture(2, "PNG"), None]
    table = pa.table(
        {
            "key": pa.array(range(5), pa.int64()),
            "source": [listing.write(source)] * 5,
            "data": pa.array(data, pa.large_binary()),
        }
    )
    known = np.frombuffer(id_of(data[3]), np.uint8)
    monkeypatch.setattr("ray.get", lambda known: known)
    work = on_ray.Work(EncodeSettings(layers=("texture",), effort=1), known, None)
    shard = on_ray.encode_sources(table, work)
    assert shard["data"].to_pylist() == [None] * 5
    assert shard["size"].to_pylist() == [len(data[0]), 10, 0, len(data[3]), None]
    assert "hush" not in str(shard.to_pydict())
    assert [listing.read(each) for each in shard["source"].to_pylist()] == [replace(source, origin=None)] * 5
    assert [each is None for each in shard["stream"].to_pylist()] == [False, True, True, True, True]
    assert on_ray.encode_sources(table.slice(0, 0), work).schema == shard.schema


@pytest.mark.slow
def test_other_options_keep_what_is_done_and_start_anew(folder):
    fill(folder, 80)
    run = start(folder, "--tag", "first", nap=0.1)
    wait(lambda: len(shards(folder)) >= 3)
    run.kill()
    run.communicate()
    wait(lambda: not left(folder))
    for number in range(80, 90):
        (folder / "in" / f"{number}.png").write_bytes(messy.picture(number, "PNG"))
    other = ("--layers", "texture", "--effort", "1", "--budget", "40B")
    err = finish(start(folder, "--tag", "first", given=other, out="second"))
    assert "holds files that were encoded with other options: they are kept so" in err
    sizes = Counter(len(stream) > 40 for stream, _, _ in records(folder).values())
    assert len(records(folder)) == 90
    assert min(sizes[True], sizes[False]) > 0
    assert len(acknowledged(folder / "second")) == 92
    assert {tags for _, _, tags in records(folder).values()} == {("first",)}


@pytest.mark.slow
def test_what_an_earlier_run_made_of_other_files_is_kept(folder):
    fill(folder, 60)
    fill(folder, 3, "more")
    run = start(folder, "--in-place", nap=0.1)
    wait(lambda: len(shards(folder)) >= 3)
    run.kill()
    run.communicate()
    wait(lambda: not left(folder))
    before = len(records(folder))
    finish(start(folder, "--in-place", inputs="more", out="second"))
    assert before < len(records(folder)) < 60
    roots = {place.root for _, places, _ in records(folder).values() for place in places}
    assert roots == {str(folder / "in"), str(folder / "more")}


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_all_of_ray(folder, number, code):
    fill(folder, 60)
    run = start(folder, nap=0.2)
    wait(lambda: shards(folder))
    os.killpg(run.pid, number) if number == signal.SIGINT else run.send_signal(number)
    err = finish(run, code)
    assert "the same command goes on from there" in err
    wait(lambda: not left(folder))
    assert len(acknowledged(folder / "out")) < 62
    finish(start(folder, out="second"))
    assert len(records(folder)) == 60


@pytest.mark.slow
def test_an_interrupt_while_ray_starts_ends_all_of_it(folder):
    fill(folder, 3)
    run = start(folder)
    wait(lambda: left(folder, "raylet/raylet"))
    run.terminate()
    finish(run, 143)
    time.sleep(1)
    assert not left(folder)


@pytest.mark.slow
@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:99999", "nonsense"])
def test_nobody_waits_for_a_cluster_that_is_not_there(folder, address):
    fill(folder, 3)
    since = time.monotonic()
    err = finish(start(folder, address=address), 4)
    assert f"Ray at RAY_ADDRESS={address} cannot be reached" in err
    assert time.monotonic() - since < 60


@pytest.mark.slow
def test_a_picture_that_workers_die_of_costs_no_other(folder):
    fill(folder, 30)
    (folder / "in" / "deadly.png").write_bytes(messy.picture(99, "PNG"))
    err = finish(start(folder))
    assert "deadly.png: a worker process died of it" in err
    assert len(records(folder)) == 30
    (error,) = [line for line in acknowledged(folder / "out") if line["file"] == "in/deadly.png"]
    assert error["error"]["kind"] == "error"
    assert "1 failed before" not in err


@pytest.mark.slow
def test_two_runs_do_not_share_a_folder(folder):
    fill(folder, 20)
    run = start(folder, nap=0.2)
    wait((folder / "a.pxa.ray" / "lock").exists)
    assert "another run works in" in finish(start(folder, out="second"), 2)
    finish(run)
    assert len(records(folder)) == 20


@pytest.mark.slow
def test_caps_hold_for_all_workers_together(folder, kept_apart, tmp_path_factory):
    from promptcodec.testing.loopback import serve
    from tests.hosted import calls, vision

    fill(folder, 24)
    log = tmp_path_factory.mktemp("log") / "calls"
    with serve(log=log) as url:
        given = ("--layers", "semantic", "--budget", "100B", "--captioner", vision(url))
        err = finish(start(folder, "--max-requests", "9", given=given))
        asked = len(calls(log))
        assert 7 <= asked <= 9
        assert "the cap is reached; raise --max-requests or --max-cost" in err
        assert len(records(folder)) == asked
        lines = acknowledged(folder / "out")
        kinds = Counter(line["error"]["kind"] for line in lines if not line["ok"])
        assert kinds == {
            "spending": 25 - asked - sum(line["state"] == "duplicate" for line in lines),
            "image": 1,
        }
        assert sum(line["spent"]["requests"] for line in lines if "spent" in line) == asked
        finish(start(folder, out="second", given=given), 0)
        assert len(records(folder)) == 24
        assert 24 <= len(calls(log)) <= 25  # two may have had the same content at once


@pytest.mark.slow
def test_what_only_the_archive_can_settle(folder, cli):
    """Content that it has is not encoded again; streams may need a dictionary that it keeps."""
    fill(folder, 4)
    finish(start(folder, engine="local"))
    shutil.copytree(folder / "in", folder / "copy")
    for number, file in enumerate(sorted((folder / "copy").iterdir()), 1):
        os.utime(file, (number, number))
    Path("texts").write_text("\n".join(f"a red wall number {number}" for number in range(400)))
    Path("d.txt").write_text("photo 1x1\nr1c1 red: a red wall number 12, a red wall number 13")
    cli("train-dictionary", "texts", "-o", "my.dict", "--size", "2kB")
    for name in ("0", "1", "2"):
        given = ("--layers", "semantic", "--description", "d.txt", "--dictionary", "my.dict")
        cli("encode", f"in/{name}.png", "-o", f"{name}.pxt", *given, "--text-coder", "zstd", "--seed", name)
    cli("archive", "add", "a.pxa", "0.pxt", "--dictionary", "my.dict")
    with tarfile.open("packed.tar.gz", "w:gz") as packed:
        packed.add("1.pxt")
    shutil.move("2.pxt", "copy/2.pxt")
    finish(start(folder, inputs="packed.tar.gz", out="packed"), 0)
    assert [line["state"] for line in acknowledged(folder / "packed")] == ["added"]
    finish(start(folder, "--in-place", inputs="copy"))
    lines = {Path(line["file"]).name: line for line in acknowledged(folder / "out")}
    assert lines.pop("2.pxt")["state"] == "added"
    assert lines.pop("broken.png")["state"] == "failed"
    assert {line["state"] for line in lines.values()} == {"known"}
    assert {line["seconds"] for line in lines.values()} == {0.0}
    assert len(records(folder)) == 7


@pytest.mark.slow
def test_the_script_of_the_guide_runs_as_it_stands(folder):
    fill(folder, 6, "pictures")
    page = (ROOT / "docs" / "guide" / "cluster.md").read_text("utf-8")
    (script,) = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    (folder / "script.py").write_text(script)
    from pyarrow import parquet

    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    for _ in range(2):  # the second has nothing to do
        subprocess.run(
            [sys.executable, "script.py"], cwd=folder, check=True, env=environment, timeout=PATIENCE
        )
        rows = parquet.read_table(folder / "shards").to_pylist()
        assert len(rows) == 8
    ids = {row["id"] for row in rows if row["error_kind"] is None}
    assert ids == {id_of(messy.picture(number, "PNG")).hex() for number in range(6)}
    assert {Path(row["path"]).name for row in rows if row["error_kind"]} == {"broken.png"}
    wait(lambda: not left(folder))


@pytest.mark.slow
def test_training_pictures_are_added_as_local_adds_them(folder, data_folder):
    (folder / "in").mkdir()
    pictures = [file for file in sorted((data_folder / "train").iterdir()) if file.suffix == ".webp"]
    for file in pictures[:60]:
        (folder / "in" / file.name).symlink_to(file)
    store.create(folder / "b.pxa").close()
    finish(start(folder, given=("--budget", "200B")), 0)
    finish(start(folder, given=("--budget", "200B"), engine="local", archive="b.pxa", out="local"), 0)
    assert records(folder) == records(folder, "b.pxa")
    assert len(records(folder)) >= 50


def test_a_dry_run_starts_no_ray(cli, monkeypatch):
    cli("archive", "create", "dry.pxa")
    Path("a.png").write_bytes(messy.picture(1, "PNG"))
    code, out, _ = cli("archive", "add", "dry.pxa", "a.png", "--engine", "ray", "--dry-run", "--json")
    assert code == 0
    assert json.loads(out)["requests"] == 0
    assert not Path("dry.pxa.ray").exists()


def test_nothing_to_do_starts_no_ray(cli):
    cli("archive", "create", "a.pxa")
    Path("in").mkdir()
    Path("in/a.png").write_bytes(messy.picture(1, "PNG"))
    cli("archive", "add", "a.pxa", "in", *QUICK)
    code, _, err = cli("archive", "add", "a.pxa", "in", *QUICK, "--engine", "ray")
    assert (code, "Ray starts" in err, "1 found: 1 known" in err) == (0, False, True)
    assert not Path("a.pxa.ray").exists()


def test_without_ray_the_error_says_what_to_install(cli, monkeypatch):
    cli("archive", "create", "a.pxa")
    Path("a.png").write_bytes(messy.picture(1, "PNG"))
    monkeypatch.setitem(sys.modules, "ray.data.checkpoint", None)
    code, _, err = cli("archive", "add", "a.pxa", "a.png", *QUICK, "--engine", "ray")
    assert code == 4
    assert "pip install 'promptcodec[ray]'" in err
