"""Whatever an item raises is its own error; signals, pipes and devices end a run as they end other tools."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from promptcodec import encoding
from promptcodec.cli import workers
from promptcodec.errors import OutputExistsError, SpendingError, UsageError
from promptcodec.files import read_file, write_whole
from tests import messy
from tests.tasks import Item, say_who

MAIN = "from promptcodec.cli import main; main()"
WORDS = ("--layers", "semantic")
posix = pytest.mark.skipif(os.name != "posix", reason="pipes and signals")


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("PROMPTCODEC_CACHE", str(tmp_path_factory.mktemp("cache")))


def reports():
    return sorted(Path(os.environ["PROMPTCODEC_CACHE"], "reports").glob("*"))


class Panic(BaseException):
    """As libraries in Rust raise it: no Exception."""


@pytest.fixture
def three(cli):
    """Put three pictures into the folder ``in``."""
    Path("in").mkdir()
    for number, name in enumerate(("a.png", "b.png", "c.png")):
        Path("in", name).write_bytes(messy.picture(number, "PNG"))


def break_second(monkeypatch, error):
    """Make the second picture raise ``error`` where it is encoded."""
    real, second = encoding.encode_full, Path("in/b.png").read_bytes()

    def encode(data, settings):
        if data == second:
            raise error
        return real(data, settings)

    monkeypatch.setattr(encoding, "encode_full", encode)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("no planes"), TypeError(), ZeroDivisionError("by zero"), RecursionError("deep"),
     Panic("index out of bounds"), SystemExit(7), StopIteration(), AssertionError("x\ny"), EOFError()],
    ids=repr,
)  # fmt: skip
def test_any_exception_is_its_items(error, three, cli, monkeypatch):
    break_second(monkeypatch, error)
    code, out, err = cli("encode", "in", "-o", "out", "--json", *WORDS)
    lines = [json.loads(line) for line in out.splitlines()]
    assert (code, [line["ok"] for line in lines]) == (1, [True, False, True])
    assert sorted(os.listdir("out")) == ["a.png.pxt", "c.png.pxt"]
    assert (lines[1]["file"], lines[1]["error"]["kind"]) == ("in/b.png", "unexpected")
    (report,) = reports()
    assert str(report) in lines[1]["error"]["message"]
    assert type(error).__name__ in lines[1]["error"]["message"]
    assert len(err.splitlines()) == 2  # the item's and the summary
    text = report.read_text()
    assert "Traceback" in text
    assert "input: in/b.png" in text


def test_a_report_has_no_secret_of_the_environment(three, cli, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "sk-of-nobody-1")
    monkeypatch.setenv("HOME", str(Path.cwd().parent))
    text = "sk-of-nobody-1 at https://me:word@host.example/v1/x?key=abc#f"
    break_second(monkeypatch, RuntimeError(f"{text} in {Path.cwd()}"))
    _, _, err = cli("encode", "in", "-o", "out", *WORDS)
    (report,) = reports()
    for shown in (report.read_text(), err):
        assert "RuntimeError: *** at https://host.example/v1/x in ~" in shown
        for secret in ("sk-of", "word", "abc"):
            assert secret not in shown


def test_one_fault_is_one_report_however_often(three, cli, monkeypatch):
    def encode(_data, _settings):
        raise RuntimeError("each time")

    monkeypatch.setattr(encoding, "encode_full", encode)
    code, _, err = cli("encode", "in", "-o", "out", *WORDS)
    assert (code, err.count("each time"), len(reports())) == (1, 3, 1)


def test_a_report_that_cannot_be_written_is_no_second_fault(three, cli, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PROMPTCODEC_CACHE", str(tmp_path / "file"))
    break_second(monkeypatch, RuntimeError("once"))
    code, _, err = cli("encode", "in", "-o", "out", *WORDS)
    assert (code, "unexpected RuntimeError: once; it came from" in err) == (1, True)


def test_too_little_memory_is_one_line(three, cli, monkeypatch):
    break_second(monkeypatch, MemoryError())
    code, _, err = cli("encode", "in", "-o", "out", *WORDS)
    assert (code, "in/b.png: there is not enough memory" in err, reports()) == (1, True, [])


@pytest.mark.parametrize("args", [("inspect", "in/a.png"), ("describe", "in/a.png"), ("demo",)])
def test_commands_on_one_file_show_no_traceback(args, three, cli, monkeypatch):
    def fail(*_args, **_named):
        raise RuntimeError("here")

    for place in ("reading.inspect", "describing.describe_full", "encoding.encode"):
        monkeypatch.setattr(f"promptcodec.{place}", fail)
    code, _, err = cli(*args)
    assert (code, "unexpected RuntimeError: here" in err, err.count("\n")) == (1, True, 1)


def test_a_cap_is_told_once(three, cli, monkeypatch):
    def encode(_data, _settings):
        raise SpendingError("the cap is reached")

    monkeypatch.setattr(encoding, "encode_full", encode)
    code, out, err = cli("encode", "in", "-o", "out", "--json", *WORDS)
    assert (code, out.count('"spending"'), err.count("the cap is reached")) == (1, 3, 1)
    assert "0 done, 3 failed (3 at the cap)" in err


# Interrupts and other signals.


@posix
@pytest.mark.parametrize("error", [ImportError("numpy.core failed"), RuntimeError("lost"), None])
def test_an_interrupt_that_a_library_swallows_is_an_interrupt(error, three, cli, monkeypatch):
    """``import onnxruntime`` makes of it that onnxruntime is not installed."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    real = encoding.encode_full

    def encode(data, settings):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        except KeyboardInterrupt:
            if error is not None:
                raise error from None
        return real(data, settings)

    monkeypatch.setattr(encoding, "encode_full", encode)
    try:
        code, _, err = cli("encode", "in", "-o", "out", *WORDS)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (code, err.split("\n")[-2:]) == (130, ["promptcodec: interrupted", ""])
    assert len(os.listdir("out") if Path("out").exists() else []) <= 1


def test_a_worker_that_dies_costs_its_item_alone(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")
    sources = ["a", "b", "deadly", "c", "strange", "d"]
    results = list(workers.results([Item(source) for source in sources], say_who, 2))
    assert [error is None for _, error in results] == [True, True, False, True, False, True]
    assert "--jobs" in str(results[2][1])
    assert [result["threads"] for result, error in results if error is None] == ["1"] * 4
    assert "OMP_NUM_THREADS" not in os.environ


SLEEPERS = """
import os, sys, time, json
from promptcodec.cli import workers, signals
from tests.tasks import Item, sleep
if __name__ == "__main__":
    with signals.handled():
        try:
            list(workers.results([Item(str(n)) for n in range(4)], sleep, 2))
        except signals.Ended as ended:
            sys.exit(128 + ended.number)
"""


def is_alive(pid):
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's list of processes")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_workers_end_with_their_parent(number, code, tmp_path):
    (tmp_path / "run.py").write_text(SLEEPERS)
    root = str(Path(__file__).parent.parent)
    environment = os.environ | {"PIDS": str(tmp_path / "pids"), "PYTHONPATH": root}
    with subprocess.Popen([sys.executable, tmp_path / "run.py"], env=environment) as run:
        pids = []
        while len(pids) < 2:
            time.sleep(0.05)
            pids = (tmp_path / "pids").read_text().split() if (tmp_path / "pids").exists() else []
        run.send_signal(number)
        assert run.wait(30) == code
    deadline = time.monotonic() + 10
    while any(is_alive(int(pid)) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(is_alive(int(pid)) for pid in pids)


@posix
def test_a_reader_that_leaves_ends_a_run_as_it_ends_other_tools(three):
    for args in (("encode", "in", "-o", "out"), ("--help",)):
        reading, writing = os.pipe()
        os.close(reading)
        command = [sys.executable, "-c", MAIN, *args, *(WORDS if len(args) > 1 else ())]
        run = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
        os.close(writing)
        assert (run.returncode, run.stderr) == (128 + signal.SIGPIPE, b"")


# Inputs and outputs that are no files, or not yet.


def test_closed_standard_streams(cli, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    for args in (("inspect", "-"), ("encode", "-", "-o", "x.pxt"), ("recipe", "show", "-")):
        code, _, err = cli(*args)
        assert (code, "standard input is closed" in err) == (2, True)


@posix
def test_devices_and_pipes_do_not_hang(cli, monkeypatch):
    for args in (("encode", "/dev/zero", "-o", "x.pxt"), ("inspect", "/dev/zero"),
                 ("encode", "a.png", "-o", "x.pxt", "--pose", "/dev/zero")):  # fmt: skip
        Path("a.png").write_bytes(messy.picture(1, "PNG"))
        code, _, err = cli(*args)
        assert (code, "/dev/zero" in err, "it is a device" in err) == (2, True, True)
    assert read_file(os.devnull) == b""
    monkeypatch.setattr("promptcodec.files._WRITER_SECONDS", 0.1)
    os.mkfifo("pipe")
    with pytest.raises(UsageError, match="nobody writes"):
        read_file("pipe")
    monkeypatch.setattr("promptcodec.files._WRITER_SECONDS", 60)
    wanted = os.urandom(200_000)

    def write():
        with Path("pipe").open("wb") as file:
            for start in range(0, len(wanted), 50_000):
                time.sleep(0.01)  # a writer may take its time
                file.write(wanted[start : start + 50_000])
                file.flush()

    writer = threading.Thread(target=write)
    writer.start()
    assert read_file("pipe") == wanted
    writer.join()


@posix
def test_standard_input_has_a_limit(cli, monkeypatch):
    monkeypatch.setattr("promptcodec.files.MAX_BYTES", 1 << 22)
    with Path("/dev/zero").open("rb") as zeros:
        monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": zeros}))
        code, _, err = cli("encode", "-", "-o", "x.pxt")
        assert (code, "has more than 4194304 bytes" in err, zeros.tell() < 1 << 24) == (2, True, True)


def appear(monkeypatch, path, at):
    """Let ``path`` appear once it was looked for and before it is written, at the call of ``at``."""
    real = getattr(os, at)

    def call(*args, **named):
        if not os.path.lexists(path):
            Path(path).write_bytes(b"of another")
        return real(*args, **named)

    monkeypatch.setattr(os, at, call)


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_meanwhile_is_kept(links, cli, monkeypatch):
    if not links:

        def link(*_args):
            raise OSError(95, "Operation not supported")

        monkeypatch.setattr(os, "link", link)
    write_whole("first", b"whole", overwrite=False)
    assert Path("first").read_bytes() == b"whole"
    appear(monkeypatch, "second", "link")
    with pytest.raises(OutputExistsError, match="second exists"):
        write_whole("second", b"whole", overwrite=False)
    assert Path("second").read_bytes() == b"of another"
    write_whole("second", b"whole", overwrite=True)
    assert Path("second").read_bytes() == b"whole"
    assert sorted(os.listdir()) == ["first", "second"]


# Values that no setting can have.


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("captioners = 3", "[captioners]"), ('[captioners]\nchat = "x"', "[captioners.chat]"),
        ("[[captioners]]\nx = 1", "[captioners]"), ("[captioners.chat]\nuse = 3", "captioners.chat.use"),
        ("a = [", "config.toml"), (f"a = {'[' * 3000}", "config.toml"), ("\udcff", "config.toml"),
    ],
    ids=range(7),
)  # fmt: skip
def test_odd_configurations_are_one_line(text, says, three, cli, monkeypatch):
    Path("config.toml").write_text(text, errors="surrogateescape")
    monkeypatch.setenv("PROMPTCODEC_CONFIG", "config.toml")
    code, _, err = cli("describe", "in/a.png", "--captioner", "chat:http://127.0.0.1:9/v1?model=m")
    assert (code, says in err, err.count("\n")) == (2, True, 1)


@pytest.mark.parametrize(
    "entry",
    ["image_side=0", "timeout=0", "timeout=1e308", "max_output=0", "retries=1000000", "image_tokens=1e308",
     "input_price=nan", "image_price=inf"],
)  # fmt: skip
def test_numbers_of_a_profile_have_a_range(entry, three, cli):
    who = f"chat:http://127.0.0.1:9/v1?model=m&{entry}"
    code, _, err = cli("encode", "in/a.png", "--dry-run", "--captioner", who)
    assert (code, entry.split("=")[0] in err, reports()) == (2, True, [])


@pytest.mark.parametrize("sizes", ["0x0", "1x0", "0x1", "-1x-1", "1024x1024,0x5", "1x1x1", ","])
def test_sizes_of_no_picture(sizes, three, cli):
    cli("encode", "in/a.png", "-o", "a.pxt", *WORDS)
    who = f"images:http://127.0.0.1:9/v1?model=m&sizes={sizes}"
    code, _, err = cli("decode", "a.pxt", "--dry-run", "--generator", who)
    assert (code, "1024x1024,1536x1024" in err) == (2, True)


def test_more_bits_than_there_are_numbers_are_no_limit(three, cli):
    for bpp in ("1e308", "1e18"):
        assert cli("encode", "in/a.png", "-o", f"{bpp}.pxt", "--bpp", bpp, *WORDS)[0] == 0
    assert Path("1e308.pxt").read_bytes() == Path("1e18.pxt").read_bytes()
    assert cli("encode", "in/a.png", "-o", "x.pxt", "--bpp", "inf", *WORDS)[0] == 2
