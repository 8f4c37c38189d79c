"""Adding what is at addresses: fsspec's memory and a real server; and what is never told of an address."""

from __future__ import annotations

import gzip
import http.server
import io
import sys
import threading
import time
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from promptcodec.archive.sources import addresses, remote
from promptcodec.archive.sources.container import Choice
from promptcodec.errors import MissingError, PromptcodecError
from tests.adding import adder
from tests.shards import failures, picture, places, states, table, tar_of, web_server, write

fsspec = pytest.importorskip("fsspec", reason="opens the addresses")
pytest.importorskip("aiohttp", reason="fsspec's http needs it")


@pytest.fixture
def add(cli, monkeypatch, tmp_path):
    return adder(cli, monkeypatch, tmp_path / "cache")


@pytest.fixture
def memory():
    """Give fsspec's memory, which is empty; files are put with ``pipe``."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    yield system
    system.store.clear()


@pytest.fixture
def web(tmp_path):
    (tmp_path / "web").mkdir()
    with web_server(tmp_path / "web") as (url, asked):
        yield url, asked


def table_bytes(columns, tmp_path):
    table(tmp_path / "made.parquet", columns)
    return (tmp_path / "made.parquet").read_bytes()


def test_what_fsspec_holds_is_added(add, memory, tmp_path):
    memory.pipe("/b/in/a.png", picture(0))
    memory.pipe("/b/in/deep/b.png", picture(1))
    memory.pipe("/b/in/notes.txt", b"")
    memory.pipe("/b/in/.hidden.png", picture(9))
    memory.pipe("/b/in/s.tar", tar_of(("x.png", picture(2)), ("y.txt", b"")))
    memory.pipe("/b/s/0.tar.gz", gzip.compress(tar_of(("z.png", picture(3)))))
    memory.pipe("/b/s/1.tar", tar_of(("z.png", picture(4))))
    memory.pipe("/b/t.parquet", table_bytes({"jpg": [picture(5), None], "key": ["k", "l"]}, tmp_path))
    inputs = [
        "memory://b/in",
        "memory://b/s/{0.tar.gz,1.tar}",
        "memory://b/t.parquet#jpg",
        "memory://b/in/s.tar",
    ]
    code, lines, err = add(*inputs)
    assert (code, states(lines)) == (0, {"added": 6})
    assert "1 hidden, 3 not images or streams, 1 row without the bytes of a picture" in err
    assert set(places()) == {
        "a.png", "deep/b.png", "0.tar.gz/z.png", "1.tar/z.png", "t.parquet#jpg/k", "s.tar/x.png",
    }  # fmt: skip
    assert lines[0]["file"] == "memory://b/in/a.png"
    assert places()["a.png"][1].time == int(memory.info("/b/in/a.png")["created"].timestamp() * 1000)
    assert states(add("memory://b/in/*.png", "memory://b/**/*.tar")[1]) == {"known": 1, "duplicate": 2}
    assert set(places()) >= {"in/s.tar/x.png", "s/1.tar/z.png"}


def test_what_is_known_at_an_address_is_not_read(add, memory, monkeypatch):
    memory.pipe("/b/in/a.png", picture(0))
    memory.pipe("/b/in/b.tar", tar_of(("x.png", picture(2))))
    assert states(add("memory://b/in/*")[1]) == {"added": 2}
    monkeypatch.setattr(remote.At, "read", lambda _: pytest.fail("it was read"))
    monkeypatch.setattr("promptcodec.archive.sources.tar._read", lambda *_: pytest.fail("it was read"))
    assert states(add("memory://b/in/*")[1]) == {"known": 2}
    assert states(add("memory://b/in/a.png")[1]) == {"known": 1}


def test_failures_at_addresses_are_tried_again(add, memory):
    memory.pipe("/b/in/a[1]*.png", b"no picture")
    memory.pipe("/b/in/s.tar", tar_of(("x.png", b""), ("y.png", picture(1))))
    memory.pipe("/b/in/t.tar", tar_of(("x.png", picture(2)))[:700])
    assert states(add("memory://b/in", "memory://b/in/{s,t}.tar")[1]) == {"failed": 3, "added": 1}
    assert {(each.root, path) for path, each in failures().items()} == {
        ("memory://b/in", "a[1]*.png"), ("memory://b/in", "s.tar/x.png"), ("memory://b/in", "t.tar"),
    }  # fmt: skip
    assert "2 failed before" in add("memory://b/in/{s,t}.tar")[2]
    memory.pipe("/b/in/a[1]*.png", picture(0))
    memory.pipe("/b/in/t.tar", tar_of(("x.png", picture(2))))
    code, lines, _ = add("--retry-failed")
    assert (code, states(lines)) == (1, {"failed": 1, "added": 2})
    assert set(failures()) == {"s.tar/x.png"}


def test_chains(add, tmp_path):
    with zipfile.ZipFile("in.zip", "w") as file:
        file.writestr("d/a.png", picture(0))
        file.writestr("d/b.png", picture(1))
    assert states(add("zip://d/a.png::in.zip")[1]) == {"added": 1}
    assert states(add(f"zip://::file://{tmp_path}/in.zip")[1]) == {"added": 1, "duplicate": 1}
    assert set(places()) == {"a.png", "d/a.png", "d/b.png"}


def test_a_real_server(add, web, tmp_path):
    url, asked = web
    for number in range(3):
        write(f"web/d/{number} x.png", picture(number))
    write("web/d/deep/e.png", picture(3))
    write("web/d/t.tar", tar_of(("x.png", picture(4)), ("bad.png", b"")))
    write("web/t.parquet", table_bytes({"png": [picture(5)]}, tmp_path))
    code, lines, _ = add(f"{url}/d/0%20x.png?X-Amz-Signature=abcdef", jobs=1)
    assert (code, lines[0]["file"]) == (0, f"{url}/d/0%20x.png")
    assert asked == [("GET", "/d/0%20x.png?X-Amz-Signature=abcdef")]
    code, lines, err = add(f"{url}/d/", jobs=2)
    assert (code, states(lines)) == (0, {"known": 1, "added": 3}), err
    assert {"0%20x.png", "1%20x.png", "2%20x.png", "deep/e.png"} == set(places())
    code, lines, err = add(f"{url}/d/t.tar", f"{url}/t.parquet")
    assert (code, states(lines)) == (1, {"added": 2, "failed": 1}), err
    time = (tmp_path / "web/d/t.tar").stat().st_mtime // 1
    assert places()["t.tar/x.png"][1].time == time * 1000
    asked.clear()
    assert states(add("--retry-failed")[1]) == {"failed": 1}
    assert {path for _, path in asked} == {"/d/t.tar"}


def test_what_servers_answer(add, web):
    url, _ = web
    secret = "?X-Amz-Signature=5e5e5e5e&X-Amz-Credential=AKIA1234"
    hosts = [f"{url}/fault/403.png", f"{url}/fault/500.tar", f"{url}/gone.png", "http://127.0.0.1:9/a.png"]
    given = [f"{each}{secret}".replace("//", "//user:pa55word@") for each in hosts]
    code, lines, err = add(*given, f"{url}/gone/", "foo://x/y.png")
    assert (code, states(lines)) == (1, {"failed": 6})
    assert [line["file"] for line in lines] == [*hosts, "foo://x/y.png", f"{url}/gone/"]
    messages = [line["error"]["message"] for line in lines]
    assert "answered 403" in messages[0]
    assert "answered 50" in messages[1]
    assert "there is nothing at this address" in messages[2]
    assert "ClientConnector" in messages[3]
    assert "Protocol not known: foo" in messages[4]
    assert "there is nothing at this address" in messages[5]
    for text in ("pa55word", "5e5e5e5e", "AKIA1234", "user:"):
        assert text not in err
        assert text not in str(lines)
        assert text.encode() not in Path("a.pxa").read_bytes()
    assert set(failures()) == {"y.png"}  # without what was secret, they lead elsewhere
    add(*hosts)
    assert set(failures()) == {"403.png", "500.tar", "gone.png", "a.png", "y.png"}


def test_a_list_of_addresses(add, web, monkeypatch):
    url, _ = web
    write("web/a.png", picture(0))
    write("web/b.tar", tar_of(("x.png", picture(1))))
    listed = f"{url}/a.png\n{url}/b.tar\n{url}/{{c,d}}.png\n".encode()
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": io.BytesIO(listed)}))
    assert states(add("-")[1]) == {"added": 2, "failed": 2}


def test_a_server_leads_nowhere_else(add, web):
    """A page may name anything; only what is below it is followed."""
    url, asked = web
    write("web/other/x.png", picture(0))
    page = '<a href="/other/">o</a><a href="../other/x.png">u</a><a href="http://127.0.0.1:9/">w</a>'
    page += (
        '<a href="/d/../other/x.png">v</a><a href="/d/">self</a><a href="?C=N">sort</a><a href="a.png">a</a>'
    )
    write("web/d/index.html", page.encode())
    write("web/d/a.png", picture(1))
    assert states(add(f"{url}/d/")[1]) == {"added": 1}
    assert {path for _, path in asked} <= {"/d/", "/d", "/d/a.png", "/d/index.html"}


def test_what_is_too_long_is_not_read_to_its_end(add, web, memory, monkeypatch):
    url, _ = web
    monkeypatch.setattr("promptcodec.files.MAX_BYTES", 1 << 20)
    write("web/long.png", bytes(9 << 20))
    memory.pipe("/long.png", bytes(9 << 20))
    _, lines, _ = add(f"{url}/long.png", "memory://long.png")
    assert [line["error"]["message"][:24] for line in lines] == ["cannot be read: it has m"] * 2


def test_errors_of_file_systems():
    def message(error):
        return str(remote.as_error(error, "s3://u:secret@b/x.png?sig=abcd%20e"))

    assert "not allowed" in message(PermissionError("s3://u:secret@b"))
    assert "no answer in time" in message(TimeoutError())
    assert message(RuntimeError("at s3://u:secret@b/x.png?sig=abcd%20e and abcd e")) == (
        "cannot be read: RuntimeError: at s3://b/x.png and ***"
    )
    assert remote.as_error(MissingError("x"), "").kind == "missing"
    with pytest.raises(PromptcodecError, match="nothing at this address"):
        list(remote.listed("memory://nowhere/at/all", Choice(lambda _: None)))


@pytest.mark.parametrize(
    ("address", "base", "name"),
    [
        ("s3://b/d/a.png", "s3://b/d", "a.png"),
        ("https://h/a.png", "https://h", "a.png"),
        ("file:///a.png", "file:///", "a.png"),
        ("memory://a.png", "memory://", "a.png"),
        ("zip://d/a.png::s3://b/x.zip", "zip://d::s3://b/x.zip", "a.png"),
        ("simplecache::s3://b/a.png", "simplecache::s3://b", "a.png"),
    ],
)
def test_addresses_are_put_together_again(address, base, name):
    assert addresses.split(address) == (base, name)
    assert addresses.joined(base, name) == address


@pytest.mark.parametrize(
    ("address", "shown", "has_query"),
    [
        ("https://u:p@h/a.png?x=1#y", "https://h/a.png", True),
        ("https://h/a.png?x", "https://h/a.png", True),
        ("zip://a.png::https://u@h/x.zip?sig=1", "zip://a.png::https://h/x.zip", True),
        ("s3://b/what?.png", "s3://b/what?.png", False),
        ("s3://b/a.png?versionId=4", "s3://b/a.png", True),
        ("ftp://u:p@h/a.png", "ftp://h/a.png", False),
        ("s3://b/a@b.png", "s3://b/a@b.png", False),
    ],
)
def test_what_is_secret_in_an_address(address, shown, has_query):
    assert addresses.without_secrets(address) == shown
    assert addresses.has_query(address) is has_query


def test_times():
    day = 1_714_521_600_000
    for value in ("2024-05-01T00:00:00Z", "2024-05-01T00:00:00", "Wed, 01 May 2024 00:00:00 GMT", day / 1000):
        assert remote._time({"LastModified": value}) == day
    for value in ("soon", None, [], float("inf"), "a, b"):
        assert remote._time({"mtime": value}) == 0


def test_a_picture_that_comes_too_slowly_has_failed(add, monkeypatch):
    monkeypatch.setattr(remote, "_PICTURE_SECONDS", 0.5)
    with dripping() as address:
        code, (line,), _ = add(f"{address}/a.jpg")
    assert code == 2
    assert line["error"]["message"] == "cannot be read: there was no answer in time"


@contextmanager
def dripping():
    """Serve a byte now and then, without end."""

    class Slow(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while True:
                    self.wfile.write(b"x")
                    time.sleep(0.05)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
