"""Worker processes: what they share is loaded once, they run on one thread, and forking them is safe."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from promptcodec.cli import workers
from promptcodec.layers.texture.coders import PACKAGES, coder
from tests.drawings import drawing
from tests.tasks import Item, say_who

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is shared")
ROOT = Path(__file__).parent.parent

RUN = """
import json, sys
from promptcodec.cli import signals, workers
from tests import tasks
if __name__ == "__main__":
    with signals.handled():
        items = [tasks.Item(str(number)) for number in range(4)]
        print(json.dumps(list(workers.results(items, getattr(tasks, sys.argv[1]), 2, sys.argv[2:]))))
"""

READY = """
import json, os
os.environ["OMP_NUM_THREADS"] = "1"
from PIL import Image
from promptcodec import decode, encode, models
from promptcodec.cli.ready import drawing, eyes, layers, texture, words
from skimage import data

def work(picture):
    stream = encode(picture, budget=80)
    return [stream.hex(), sum(decode(stream).image.resize((3, 2)).tobytes())]

read, loaded = models.read, []
models.read = lambda folder, name: loaded.append(name) or read(folder, name)
picture = Image.fromarray(data.astronaut()).resize((128, 128))
answers = []
for _ in range(6):
    receive, send = os.pipe()
    if not os.fork():
        os.write(send, json.dumps(work(picture.copy())).encode())
        os._exit(0)
    os.close(send)
    with open(receive) as pipe:
        answers.append(json.loads(pipe.read()))
threads = len(os.listdir("/proc/self/task"))
answers.append(work(picture))
print(json.dumps([threads, answers, loaded]))
"""

DRAW = """
import sys
from promptcodec import models
from promptcodec.cli.ready import drawing
from promptcodec.layers import texture

read, loaded = models.read, []
models.read = lambda folder, name: loaded.append(name) or read(folder, name)
for payload in sys.argv[1:]:
    texture.decode(bytes.fromhex(payload), (20, 10))
print(loaded)
"""


def start(folder, *args, script=RUN, **options):
    (folder / "run.py").write_text(script)
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(folder)])
    command = [sys.executable, folder / "run.py", *args]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, **options
    )


@linux
def test_what_workers_need_is_imported_once(tmp_path):
    (tmp_path / "needed.py").write_text("with open('imported', 'a') as file: file.write('once ')")
    with start(tmp_path, "say_who", "needed", "not.there") as run:
        answers = json.loads(run.communicate(timeout=60)[0])
    assert (tmp_path / "imported").read_text() == "once "
    assert [(result["threads"], error) for result, error in answers] == [("1", None)] * 4


@linux
def test_a_worker_that_looks_has_one_thread_and_one_that_follows_its_parent(tmp_path):
    pytest.importorskip("onnxruntime")
    with start(tmp_path, "count_threads", "promptcodec.cli.ready.eyes") as run:
        answers = json.loads(run.communicate(timeout=60)[0])
    assert [(result["threads"], error) for result, error in answers] == [(2, None)] * 4


@linux
def test_an_interrupt_is_heard_while_workers_get_ready(tmp_path):
    (tmp_path / "slow.py").write_text("open('begun', 'w').close()\nimport time\ntime.sleep(3)")
    with start(tmp_path, "say_who", "slow", stderr=subprocess.PIPE, start_new_session=True) as run:
        while not (tmp_path / "begun").exists():
            time.sleep(0.02)
        time.sleep(0.3)
        os.killpg(run.pid, signal.SIGINT)
        out, err = run.communicate(timeout=60)
    assert out == ""
    assert err.splitlines()[-1] == "KeyboardInterrupt"  # of the run alone
    assert err.count("Traceback") == 1


@linux
def test_forked_processes_find_everything_and_say_the_same(tmp_path):
    pytest.importorskip("onnxruntime")
    with start(tmp_path, script=READY) as run:
        threads, answers, loaded = json.loads(run.communicate(timeout=120)[0])
    assert threads == 1
    assert answers == [answers[0]] * 7
    assert set(loaded) <= {"allocation-1"}  # small, and not for every run


def test_what_draws_is_ready_for_every_texture_coder(tmp_path, once):
    payloads = [(bytes([number]) + once(coder(number).encode, drawing(), 60)).hex() for number in PACKAGES]
    with start(tmp_path, *payloads, script=DRAW) as run:
        assert run.communicate(timeout=120)[0] == "[]\n"


def test_workers_of_several_threads_share_nothing(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    answers = workers.results([Item("a"), Item("b")], say_who, 2, ["not.there"])
    assert [(result["threads"], error) for result, error in answers] == [("2", None)] * 2


def test_networks_report_to_nobody(tmp_path, monkeypatch):
    """Else onnxruntime keeps a number of this machine in the user's cache, and tells its makers what runs."""
    pytest.importorskip("onnxruntime")
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    code = "from promptcodec.vision.runtime import onnx; onnx('a test')"
    subprocess.run([sys.executable, "-B", "-c", code], check=True)
    assert list(tmp_path.rglob("*")) == []
