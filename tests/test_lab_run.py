"""The runner: bytes counted from the file that is decoded, liars caught, nothing lost by a kill."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from eval import datasets, versions
from eval.commands import main
from eval.lab import plan, rows, runner, study
from eval.lab.worker import Worker

pytest.importorskip("matplotlib", reason="the extra eval is not installed: no matplotlib")
HERE = Path(__file__).parent
HOSTILE = ("=cmd|'x'!A1.png", "<img src=x onerror=alert(1)>.png", "a\nb.png")


@pytest.fixture(autouse=True)
def data_folder(monkeypatch, tmp_path):
    """Whatever a run sets is undone."""
    monkeypatch.setenv("PROMPTCODEC_TEST_DATA", str(tmp_path / "data"))


@pytest.fixture
def planted(monkeypatch):
    """Let worker processes import this folder's planted codecs."""
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setenv("PYTHONPATH", f"{HERE}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")


@pytest.fixture
def pictures(tmp_path, scene):
    folder = tmp_path / "data" / "pictures"
    folder.mkdir(parents=True)
    for number, name in enumerate((*HOSTILE, "z.png")):
        scene.crop((24 * number, 40, 24 * number + 96, 104)).save(folder / name)
    return tmp_path / "data"


def write(tmp_path, kinds, metrics=("psnr",), settings=("5", "50"), **more):
    lines = [f"metrics = {json.dumps(list(metrics))}", f"timeout = {more.pop('timeout', 60)}"]
    lines += ["[[datasets]]", 'kind = "folder"', 'name = "set"', 'path = "pictures"']
    for kind in kinds:
        lines += [
            "[[codecs]]",
            f'kind = "planted:{kind}"',
            f'name = "{kind}"',
            f"settings = {json.dumps(list(settings))}",
        ]
        lines += [f"{key} = {json.dumps(str(value))}" for key, value in more.items()]
    path = tmp_path / "study.toml"
    path.write_text("\n".join(lines))
    return path


def test_liars_are_caught_and_one_codecs_crash_is_not_anothers(planted, tmp_path, pictures, capsys):
    kinds = ["Honest", "Remembers", "Claims", "Sidecar", "Temporary", "Draws", "Dies", "Absent"]
    path = write(tmp_path, kinds, settings=("50",), metrics=("psnr", "unheard"), hide=tmp_path)
    out = tmp_path / "out"
    assert (
        main(["run", str(path), "-o", str(out), "--data", str(pictures), "--limit", "2", "--jobs", "1"]) == 1
    )
    measured, columns = rows.read_csv(out / "results.csv")
    assert columns == ["image", "dataset", "codec", "setting", "mode", "bytes", "width", "height", "bpp",
                       "enc_s", "dec_s", "error", "psnr", "unheard"]  # fmt: skip
    of = {kind: [row for row in measured if row["codec"] == kind] for kind in kinds}
    honest = {row["image"]: row for row in of["Honest"]}
    assert len(honest) == 2
    assert all(row["psnr"] > 20 and not row["error"] for row in honest.values())
    assert all(row["bpp"] == 8 * row["bytes"] / (96 * 64) for row in honest.values())
    for row in of["Claims"]:  # what it says is not asked
        assert row["bytes"] == honest[row["image"]]["bytes"] > 50
    assert all("KeyError" in row["error"] and row["psnr"] is None for row in of["Remembers"])
    assert all("equal bytes gave different pictures" in row["error"] for row in of["Sidecar"])
    assert all(
        "FileNotFoundError" in row["error"] or "equal bytes" in row["error"] for row in of["Temporary"]
    )
    assert all("decoded at 8x8, not 96x64" in row["error"] for row in of["Draws"])
    assert all("exit code 9" in row["error"] for row in of["Dies"])
    (absent,) = of["Absent"]
    assert absent["error"].startswith("not run: ")
    printed = capsys.readouterr()
    assert "metric unheard: not run: no metric 'unheard'" in printed.err
    pyarrow = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    table = pyarrow.read_table(out / "results.parquet")
    assert table.column_names == columns
    assert table.num_rows == len(measured)
    assert table["bytes"].to_pylist() == [row["bytes"] for row in measured]


def test_tables_escape_formulas_and_json_is_compressais(planted, tmp_path, pictures):
    path, out = write(tmp_path, ["Honest"], settings=("5", "50", "never")), tmp_path / "out"
    assert main(["run", str(path), "-o", str(out), "--data", str(pictures), "--jobs", "1"]) == 0
    with (out / "results.csv").open(newline="") as file:
        raw = list(csv.DictReader(file))
    assert {row["image"] for row in raw} == {"'" + HOSTILE[0], *HOSTILE[1:], "z.png"}
    measured, _ = rows.read_csv(out / "results.csv")
    assert {row["image"] for row in measured} == {*HOSTILE, "z.png"}
    assert sum(row["error"].startswith("not reached: never") for row in measured) == 4
    content = json.loads((out / "compressai" / "set-Honest-whole.json").read_text())
    assert set(content) == {"name", "description", "results"}
    results = content["results"]
    assert set(results) == {"bpp", "psnr-rgb", "encoding_time", "decoding_time"}
    assert len(results["bpp"]) == 2
    assert results["bpp"] == sorted(results["bpp"])
    good = [row for row in measured if row["setting"] == "5"]
    assert results["psnr-rgb"][0] == pytest.approx(sum(row["psnr"] for row in good) / 4)
    # A second run has nothing to do and changes nothing.
    before = (out / "results.csv").read_bytes()
    assert main(["run", str(path), "-o", str(out), "--data", str(pictures), "--jobs", "1"]) == 0
    assert (out / "results.csv").read_bytes() == before
    # Another picture under the same name is measured anew.
    Image.new("RGB", (96, 64), "teal").save(pictures / "pictures" / "z.png")
    assert main(["run", str(path), "-o", str(out), "--data", str(pictures), "--jobs", "1"]) == 0
    assert (out / "results.csv").read_bytes() != before


def test_other_code_measures_anew(planted, tmp_path, pictures, monkeypatch):
    asked = tmp_path / "asked.txt"
    path, out = write(tmp_path, ["Slow"], settings=("50",), asked=asked), tmp_path / "out"
    command = ["run", str(path), "-o", str(out), "--data", str(pictures), "--limit", "1", "--jobs", "1"]
    assert main(command) == 0
    assert len(asked.read_text().splitlines()) == 1
    monkeypatch.setattr(plan, "measuring", lambda codec, ours: "other tables")
    assert main(command) == 0
    assert len(asked.read_text().splitlines()) == 2


@pytest.mark.parametrize(("metric", "again"), [("psnr", {"ours"}), ("layer_bytes", {"ours", "theirs"})])
def test_what_others_coded_outlives_a_change_of_ours(tmp_path, pictures, monkeypatch, metric, again):
    path = tmp_path / "study.toml"
    path.write_text(
        f"metrics = ['{metric}']\n[[datasets]]\nkind='folder'\nname='set'\npath='pictures'\nonly=['z.png']\n"
        "[[codecs]]\nkind='texture'\nname='ours'\nsettings=['60B']\n"
        "[[codecs]]\nkind='rival'\nname='theirs'\nformat='webp'\nsides=[16]\nsettings=['200B']\n"
    )

    def todo():
        with Worker(60) as worker:
            plans = plan.make(study.read(path), {}, None, pictures, worker)
        return {unit[0].codec: unit[0].keys for unit in plans.units}

    before = todo()
    versions.measuring.cache_clear()
    monkeypatch.setattr(versions, "package_version", lambda: "a change of ours")
    after = todo()
    versions.measuring.cache_clear()
    assert {name for name in before if before[name] != after[name]} == again


def test_the_report_shows_only_what_it_may():
    items = [datasets.Item("set", name, Path(name)) for name in ("a.png", "b.png")]
    assert plan.shown_of(items, ()) == {"a.png"}
    assert plan.shown_of(items, ("b.png", "c.png")) == {"b.png"}
    assert plan.shown_of(items, ("c.png",)) == set()


def test_a_broken_list_of_prompts_is_said(planted, tmp_path, pictures, capsys):
    (pictures / "pictures" / "prompts.jsonl").write_text(
        '{"file": "z.png", "prompt": "a\u2028b"}\n{"prompt": 1}'
    )
    path = write(tmp_path, ["Honest"])
    assert main(["run", str(path), "-o", str(tmp_path / "out"), "--data", str(pictures)]) == 4
    assert "dataset set: not run: KeyError: 'file'" in capsys.readouterr().err


def test_a_kill_loses_nothing(planted, tmp_path, pictures):
    asked, out = tmp_path / "asked.txt", tmp_path / "out"
    path = write(tmp_path, ["Slow"], settings=[str(quality) for quality in range(5, 95, 15)], asked=asked)
    command = [
        sys.executable,
        "-m",
        "eval",
        "run",
        path,
        "-o",
        out,
        "--data",
        pictures,
        "--jobs",
        "1",
        "--limit",
        "2",
    ]
    process = subprocess.Popen(command, cwd=HERE.parent, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while not asked.exists() or len(asked.read_text().splitlines()) < 5:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    with (out / runner.JOURNAL).open("ab") as file:
        file.write(b'{"key": "cut in the mid')
    kept = rows.Journal(out / runner.JOURNAL).entries
    assert 3 <= len(kept) <= 5
    before = asked.read_text().splitlines()
    assert main(list(map(str, command[3:]))) == 0
    after = asked.read_text().splitlines()[len(before) :]
    assert len(after) == 12 - len(kept)
    assert not {(row["row"]["image"] + " " + row["row"]["setting"]) for row in kept.values()} & set(after)
    measured, _ = rows.read_csv(out / "results.csv")
    assert len(measured) == 12
    assert not any(row["error"] for row in measured)


def test_what_takes_too_long_is_ended(planted, tmp_path, pictures):
    path, out = write(tmp_path, ["Hangs"], settings=("5",), timeout=2), tmp_path / "out"
    assert (
        main(["run", str(path), "-o", str(out), "--data", str(pictures), "--limit", "1", "--jobs", "1"]) == 1
    )
    (row,), _ = rows.read_csv(out / "results.csv")
    assert row["error"] == "decode: no answer within 2 s"


def test_exit_codes_and_messages(tmp_path, capsys):
    def code(*words):
        status = main(list(words))
        return status, capsys.readouterr().err

    assert code("run", "nowhere.toml", "-o", str(tmp_path / "o"))[0] == 2
    bad = tmp_path / "bad.toml"
    for text, reason in (
        ("a = ", "bad.toml"),
        ("surprise = 1", "unknown keys surprise"),
        ("title = 'x'", "no [[datasets]]"),
        ("[[datasets]]\nkind='kodak'", "has no 'name'"),
    ):
        bad.write_text(text)
        status, printed = code("run", str(bad), "-o", str(tmp_path / "o"))
        assert status == 2
        assert reason in printed
    assert code("report", str(tmp_path))[0] == 2
    bad.write_text(
        "[[datasets]]\nkind='kodak'\nname='k'\npath='no'\n[[codecs]]\nkind='thumbhash'\nname='t'\nsettings=['hash']"
    )
    status, printed = code("run", str(bad), "-o", str(tmp_path / "o"), "--data", str(tmp_path))
    assert status == 4
    assert "dataset k: not run: no no in" in printed
    assert "there was nothing to run: the reasons stand above" in printed
    assert not (tmp_path / "o" / "run.json").exists()


def test_the_shipped_studies_are_well_formed():
    paths = sorted(study.STUDIES.glob("*.toml"))
    page = (HERE.parent / "docs" / "measurements" / "laboratory.md").read_text("utf-8")
    table = page.partition("| file | question |\n|---|---|\n")[2].partition("\n\n")[0]
    assert {path.stem for path in paths} == {line.split("`")[1] for line in table.splitlines()}
    for path in paths:
        shipped = study.read(path)
        assert shipped.question
        baseline = shipped.report.get("baseline")
        assert baseline is None or baseline in {entry["name"] for entry in shipped.codecs}


def test_rates():
    assert study.budget("128B", (9, 9)) == 128
    assert study.budget("0.002bpp", (768, 512)) == 98
    assert study.budget("q50", (9, 9)) is None


def test_one_folder_takes_one_run_at_a_time(tmp_path):
    journal = rows.Journal(tmp_path / runner.JOURNAL)
    journal.add({"key": "1"})
    content = {
        "datasets": [{"kind": "kodak", "name": "k"}],
        "codecs": [{"kind": "x", "name": "x", "settings": ["1"]}],
    }
    with pytest.raises(runner.BusyError, match="another run"):
        runner.run(study.parse(content), tmp_path)
    journal.add({"key": "2"})
    journal.close()
    assert set(rows.Journal(tmp_path / runner.JOURNAL).entries) == {"1", "2"}
