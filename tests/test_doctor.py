"""What doctor says of an installation: the object, the page, tables, extras, GPUs, models on disk."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from promptcodec import models, native
from promptcodec.doctor import cache, extras, gpu
from tests.raw_server import raw_server

pytestmark = pytest.mark.usefixtures("kept_apart")

PAGE = Path(__file__).parent.parent / "docs" / "guide" / "doctor.md"


def record(**fields):
    return {"type": "object", "properties": fields, "required": [*fields], "additionalProperties": False}


def rows(**fields):
    return {"type": "array", "items": record(**fields)}


TEXT, FLAG, COUNT = {"type": "string"}, {"type": "boolean"}, {"type": ["integer", "null"]}
TEXTS = {"type": "array", "items": TEXT}
SAYS = {"name": {"type": "string", "minLength": 1}, "ok": FLAG, "why": {"type": "string", "minLength": 1}}
SHA256 = {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"}
MISSING = rows(name=TEXT, needs=TEXT, installed={"type": ["string", "null"]})
SCHEMA = record(
    version=TEXT,
    compiled=FLAG,
    captioners=rows(**SAYS),
    generators=rows(**SAYS, licence=TEXT),
    checks=rows(**SAYS),
    tables=rows(name=TEXT, sha256=SHA256, ok=FLAG),
    ok=FLAG,
    wrong=TEXTS,
    core=TEXT,
    python=TEXT,
    platform=TEXT,
    config=record(path=TEXT, ok=FLAG, why=TEXT),
    extras=rows(name=TEXT, ok=FLAG, missing=MISSING),
    shut_down=rows(model=TEXT, day=TEXT, successor=TEXT, days_left={"type": "integer"}, used_by=TEXTS),
    cache=record(path=TEXT, bytes=COUNT, models=rows(name=TEXT, bytes=COUNT)),
    gpu=record(
        devices=rows(name=TEXT, bytes=COUNT, free=COUNT), torch_built_for={"type": ["string", "null"]}
    ),
)


@pytest.fixture
def doctor(cli):
    """Run it with --json; give the exit code and the object."""

    def run(*args):
        code, out, _ = cli("doctor", "--json", *args)
        (line,) = out.splitlines()
        facts = json.loads(line)
        jsonschema.validate(facts, SCHEMA)
        return code, facts

    return run


def row(facts, role, name):
    (one,) = [each for each in facts[role] if each["name"] == name]
    return one


def test_the_object(doctor):
    code, facts = doctor()
    assert (code, facts["ok"], facts["wrong"]) == (0, True, [])
    assert facts["compiled"] is (native.core is not None)
    assert row(facts, "captioners", "local")["ok"]
    assert row(facts, "generators", "builtin")["licence"] == "Apache-2.0"
    assert row(facts, "generators", "builtin:classical")["ok"]
    for role, name in (("captioners", "responses"), ("captioners", "chat"), ("generators", "images")):
        assert not row(facts, role, name)["ok"]
        assert "OPENAI_API_KEY holds no key" in row(facts, role, name)["why"]
    listed = {name: entry["sha256"] for name, entry in models._manifest(models._FOLDER).items()}
    assert {table["name"]: table["sha256"] for table in facts["tables"]} == listed
    assert all(table["ok"] for table in facts["tables"])


def test_the_page_that_describes_the_object_names_every_entry():
    text = PAGE.read_text("utf-8")
    for name in SCHEMA["properties"]:
        assert re.search(rf"^\| (`\w+`, )?`{name}`", text, re.MULTILINE), name


def test_the_page_for_people(cli, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "none.toml").write_text('[generators."\\u001b[31mred"]\nuse = "builtin"\n')
    code, out, _ = cli("doctor")
    lines = out.splitlines()
    assert code == 0
    assert not [line for line in lines if len(line) > 80 and " " in line[26:]]  # but for paths
    titles = [line for line in lines[3:-1] if line and not line.startswith(" ")]
    assert titles[:5] == ["core", "captioners", "generators", "checks", "extras"]
    assert titles[-2:] == ["models on disk", "GPU"]
    assert "\x1b" not in out
    assert "  ok  \\x1b[31mred" in out
    assert lines[-1] == "Encoding and decoding work with what is here."


def tables(folder):
    for file in models._FOLDER.iterdir():
        if file.is_file():
            (folder / file.name).symlink_to(file)
    return folder


def test_a_damaged_table(doctor, cli, monkeypatch, tmp_path):
    folder = tables(tmp_path)
    monkeypatch.setattr(models, "_FOLDER", folder)
    for name, damage in (("text-1.zdict", b"\x01other"), ("face-1.onnx", None)):
        (folder / name).unlink()
        if damage:
            (folder / name).write_bytes(damage)
    code, facts = doctor()
    states = {table["name"]: table for table in facts["tables"]}
    assert code == 4
    assert [name for name, table in states.items() if not table["ok"]] == ["face-1", "text-1"]
    assert states["face-1"]["sha256"] is None
    assert len(states["text-1"]["sha256"]) == 64
    assert "face-1, text-1; reinstall" in row(facts, "captioners", "local")["why"]
    assert facts["wrong"] == [row(facts, "captioners", "local")["why"]]
    assert row(facts, "generators", "builtin")["ok"]
    assert "  no  tables              face-1, text-1: not as shipped;" in cli("doctor")[1]


def test_no_list_of_tables(doctor, monkeypatch, tmp_path):
    monkeypatch.setattr(models, "_FOLDER", tmp_path)
    code, facts = doctor()
    assert (code, facts["tables"]) == (4, [])
    assert "manifest.json, the list of tables, cannot be read; reinstall" in facts["wrong"][0]


def test_without_what_runs_networks(doctor, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    code, facts = doctor()
    assert code == 4
    assert not row(facts, "captioners", "local")["ok"]
    assert "pip install onnxruntime" in row(facts, "captioners", "local")["why"]
    assert row(facts, "generators", "builtin")["ok"] is (native.core is not None)


def test_without_an_extra(doctor, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test-alone")
    monkeypatch.setitem(sys.modules, "openai", None)
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    _, facts = doctor("--offline")
    assert "pip install 'promptcodec[api]'" in row(facts, "captioners", "chat")["why"]
    assert "pip install 'promptcodec[ocr]'" in row(facts, "checks", "lettering")["why"]


def distribution(folder, name, version, *lines):
    place = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    place.mkdir()
    head = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    (place / "METADATA").write_text("\n".join([*head, *lines, ""]))


def test_extras_say_what_is_missing_and_what_is_too_old(monkeypatch, tmp_path):
    distribution(tmp_path, "old-one", "1.9")
    distribution(tmp_path, "good", "3.0rc1")
    distribution(
        tmp_path,
        "promptcodec",
        "9",
        "Requires-Dist: good",
        "Provides-Extra: some",
        "Requires-Dist: good>=2; extra == 'some'",
        "Requires-Dist: old_one>=2,<3; extra == 'some'",
        "Requires-Dist: elsewhere; extra == 'some' and python_version < '3'",
        "Provides-Extra: more",
        "Requires-Dist: promptcodec[some]; extra == 'more'",
        "Requires-Dist: absent; extra == 'more'",
    )
    monkeypatch.syspath_prepend(tmp_path)
    old = {"name": "old_one", "needs": "<3,>=2", "installed": "1.9"}
    absent = {"name": "absent", "needs": "", "installed": None}
    assert extras.missing() == []
    assert extras.extras() == [
        {"name": "some", "ok": False, "missing": [old]},
        {"name": "more", "ok": False, "missing": [old, absent]},
    ]
    assert extras.words([]) == ""
    assert extras.words([old, absent]) == "absent is not installed, old_one 1.9 is not <3,>=2"
    assert extras.words([absent, absent]) == "absent, absent are not installed"


def test_models_on_disk(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    for name, size in (("models--a--small", 10), ("models--b--large--one", 3000), ("datasets--c--d", 9)):
        blobs, snapshot = tmp_path / name / "blobs", tmp_path / name / "snapshots" / "rev"
        blobs.mkdir(parents=True)
        snapshot.mkdir(parents=True)
        (blobs / "x").write_bytes(bytes(size))
        (snapshot / "model.bin").symlink_to(blobs / "x")
        (snapshot / "gone").symlink_to(blobs / "gone")
    assert cache.models() == [{"name": "b/large/one", "bytes": 3000}, {"name": "a/small", "bytes": 10}]
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "none"))
    assert cache.models() == []


@pytest.fixture
def program(monkeypatch, tmp_path):
    """Put a program in front of the path."""
    if os.name == "nt":
        pytest.skip("a script is no program on Windows")

    def put(name, script):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(gpu, "_DRIVER", tmp_path / "driver")
    monkeypatch.setattr(gpu, "_CARDS", tmp_path / "drm")
    return put


def test_gpus_that_nvidia_smi_names(program):
    answer = "NVIDIA H200, 143771, 143153\nNVIDIA GB10, [N/A], [N/A]"
    program("nvidia-smi", f"[ $# = 2 ] && printf '{answer}\\n'")
    first, second = gpu.devices()
    assert first == {"name": "NVIDIA H200", "bytes": 143771 << 20, "free": 143153 << 20}
    assert second == {"name": "NVIDIA GB10", "bytes": None, "free": None}


def test_gpus_without_it(program, monkeypatch, tmp_path):
    program(
        "nvidia-smi", "echo NVIDIA-SMI has failed because it could not communicate with the driver; exit 9"
    )
    assert gpu.devices() == []
    program("nvidia-smi", "exec sleep 60")
    monkeypatch.setattr(gpu, "SECONDS", 0.1)
    (tmp_path / "driver" / "0000:01:00.0").mkdir(parents=True)
    (tmp_path / "driver" / "0000:01:00.0" / "information").write_text("Model: \t\t NVIDIA X\nIRQ: 1\n")
    for card, files in (
        ("card0", {"vendor": "0x1af4"}),
        ("card1", {"vendor": "0x1002", "device": "0x744c", "mem_info_vram_total": "100"}),
        (
            "card2",
            {"vendor": "0x1002", "product_name": "W", "mem_info_vram_total": "9", "mem_info_vram_used": "2"},
        ),
    ):
        folder = tmp_path / "drm" / card / "device"
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(f"{text}\n")
    assert gpu.devices() == [
        {"name": "NVIDIA X", "bytes": None, "free": None},
        {"name": "AMD GPU 0x744c", "bytes": 100, "free": None},
        {"name": "W", "bytes": 9, "free": 7},
    ]


def test_what_torch_is_built_for_is_read_from_its_file(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise SystemExit")
    file = tmp_path / "torch" / "version.py"
    head = "__version__ = '9'\ndebug = False\n"
    file.write_text(f"{head}cuda: Optional[str] = '12.8'\nhip: Optional[str] = None\n")
    assert gpu.torch_built_for() == "cuda 12.8"
    file.write_text(f"{head}cuda: Optional[str] = None\ngit_version = 'x'\nhip: Optional[str] = '6.4'\n")
    assert gpu.torch_built_for() == "hip 6.4"
    file.write_text(f"{head}cuda = None\n")
    assert gpu.torch_built_for() in {"cpu", "mps"}
    assert "torch" not in sys.modules
    monkeypatch.setitem(sys.modules, "torch", None)
    assert gpu.torch_built_for() is None


HUNG = """
import socket, sys, threading
real = socket.getaddrinfo
def look_up(host, *more, **named):
    return threading.Event().wait() if "hang.invalid" in str(host) else real(host, *more, **named)
socket.getaddrinfo = look_up
from promptcodec.cli import main
sys.argv = ["promptcodec", "doctor", "--json"]
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def test_a_whole_run_where_neither_names_nor_servers_answer(tmp_path, monkeypatch):
    """Nothing heavy is imported, and no thread keeps the process alive."""
    pytest.importorskip("httpx", reason="needs the extra api")
    with raw_server(lambda connection: time.sleep(20)) as server:
        (tmp_path / "c.toml").write_text(
            f'[captioners.silent]\nuse = "chat"\nurl = "{server.url}"\nmodel = "m"\n'
            '[generators.nameless]\nuse = "images"\nurl = "http://hang.invalid/v1"\nmodel = "m"\n'
        )
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        environment = kept | {
            "PROMPTCODEC_CONFIG": str(tmp_path / "c.toml"),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-P", "-c", HUNG], env=environment, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - start
    assert done.returncode == 0
    facts = json.loads(done.stdout)
    for role, name in (("captioners", "silent"), ("generators", "nameless")):
        assert not row(facts, role, name)["ok"]
        assert "did not answer within 0.8 s" in row(facts, role, name)["why"]
    heavy = {"torch", "diffusers", "transformers", "onnxruntime", "openai", "rapidocr", "huggingface_hub"}
    assert not heavy & set(done.stderr.split())
    assert seconds < 10  # two on a machine that does nothing else; a thread that is waited for would take 20


def test_a_core_that_cannot_be_loaded_is_named(tmp_path):
    (tmp_path / "_native.abi3.so").write_bytes(b"not a library")
    code = (
        "import promptcodec; promptcodec.__path__.insert(0, sys.argv[1]);"
        "from promptcodec import native; print(native.named())"
    )
    shown = subprocess.check_output(
        [sys.executable, "-P", "-c", f"import sys; {code}", str(tmp_path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    )
    if os.name != "nt":
        assert "pure Python core, slower: " in shown
        assert f"{tmp_path / '_native.abi3.so'} cannot be loaded" in shown
