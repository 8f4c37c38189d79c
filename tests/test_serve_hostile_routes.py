"""The whole application, asked by somebody who wants files, addresses, other generators, or its end."""

from __future__ import annotations

import json
import shutil

import pytest

pytest.importorskip("starlette", reason="needs the extra server")
pytest.importorskip("uvicorn", reason="needs the extra server")

from promptcodec.errors import ApiError, MissingError
from promptcodec.server import problems
from promptcodec.server.app import make
from promptcodec.server.settings import ServeSettings
from tests.live_server import ask, exchange, head, lines_of, live
from tests.serving import FOLDER, picture, write_archive
from tests.test_serve_hostile import bomb

JSON, PNG = "Content-Type: application/json", "Content-Type: image/png"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Give the port of a server over a small archive, the id of a picture, and the folder of both."""
    folder = tmp_path_factory.mktemp("served")
    ids = write_archive(folder / "own.pxa")
    (folder / "secret.txt").write_text("root:hunter2")
    settings = ServeSettings(
        folder / "own.pxa",
        cache=folder / "cache",
        upload_bytes=300_000,
        upload_pixels=100_000,
        render_side=128,
    )
    with live(make(settings)) as port:
        yield port, ids["sea.png"].hex(), folder
    shutil.rmtree(folder / "cache")


@pytest.fixture(autouse=True)
def _is_there_after(served):
    yield
    assert ask(served[0], "GET", "/about").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/page/../settings.py",
        "/page/..%2fsettings.py",
        "/page/%2e%2e/settings.py",
        "/page/..%5csettings.py",
        "/page//etc/passwd",
        "/page/%2fetc%2fpasswd",
        "/page/....//settings.py",
        "/page/%252e%252e%252fsettings.py",
        "/page/index.html%00.png",
        "/page/C:%5cWindows%5cwin.ini",
        "/page/" + 2000 * "x",
        "//etc/passwd",
        "/..",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/images/..%2f..%2fsecret.txt",
        "/images/%2e%2e",
        "/images/" + 32 * "f",
        "/images/" + 31 * "f" + "%0a",
        "/images/secret.txt/render",
        "/jobs/..%2f..%2fsecret.txt",
        "/jobs/" + 64 * "0" + "/picture",
        "/jobs/%2e%2e%2fsecret.txt/picture",
        "/tiles?ids=../../secret.txt&side=160",
        "/about/",
        "/openapi.json/..%2f..%2fpyproject.toml",
    ],
)
def test_no_path_leads_to_a_file(served, path):
    answer = ask(served[0], "GET", path)
    assert answer.status in {307, 400, 404, 422}, answer
    assert b"hunter2" not in answer.body
    assert b"import" not in answer.body
    if "location" in answer.headers:
        assert answer.headers["location"].startswith("http://localhost/")


BAD_VALUES = {
    "generator": [
        "images:http://169.254.169.254/latest",
        "file:///etc/passwd",
        "../x",
        "diffusers",
        "builtin:x",
    ],
    "size": ["99999x99999", "-1x5", "1e3x5", "0x0", "x", "129x8", "٣x٣"],
    "layers": ["/etc/passwd", "../x", "texture," * 200],
    "strength": ["nan", "inf", "1e400", "-1", "x"],
    "seed": ["-1", "9" * 5000, "0x10", "1.5"],
    "format": ["svg", "../png", "PNG%00", "html"],
}


@pytest.mark.parametrize("name", BAD_VALUES)
def test_values_of_a_render(served, name):
    port, id_, _ = served
    for value in BAD_VALUES[name]:
        sent = value.encode().hex(" ").split()
        answer = ask(port, "GET", f"/images/{id_}/render?{name}=" + "".join(f"%{byte}" for byte in sent))
        assert answer.problem["status"] in {400, 414, 422}, (value, answer)


def test_what_is_sent_names_no_captioner_and_no_generator(served):
    port, id_, _ = served
    for path in (
        "/encode?captioner=chat:http://169.254.169.254/v1", "/describe?captioner=../x",
        "/images?captioner=responses", "/decode?generator=images:http://127.0.0.1:1/", f"/images/{id_}/check?generator=comfyui:http://x/",
    ):  # fmt: skip
        assert ask(port, "POST", path, PNG, body=picture((1, 2, 3))).problem["status"] == 400, path


@pytest.mark.parametrize("path", ["/images", "/encode", "/describe"])
def test_files_that_are_no_pictures(served, path):
    port, _, _ = served
    for data, status in (
        (b"", 400),
        (bomb(), 413),
        (bomb(100, 100), 422),
        (b"PK\3\4" + bytes(100), 415),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
        (b"<!doctype html>", 415),
        (b"\xff\xd8\xff\xe0" + bytes(50), 422),
        (bytes(300_001), 413),
    ):
        answer = ask(port, "POST", path, PNG, body=data)
        assert answer.problem["status"] == status, (data[:20], answer)


def test_streams_that_are_none(served):
    for data in (b"", b"\xabPXT", b"\xabP" + bytes(1000), picture((1, 2, 3)), bytes(1000)):
        answer = ask(served[0], "POST", "/decode", "Content-Type: application/octet-stream", body=data)
        assert answer.problem["status"] in {400, 415, 422}, (data[:20], answer)


def test_names_are_words_and_nothing_else(served, capsys):
    """Whatever a name holds becomes no header, no path and no markup."""
    port, _, folder = served
    name = "..%2f..%2fx%0d%0aSet-Cookie:%20a=b%00%3Cscript%3E.png"
    kept = ask(port, "POST", f"/images?name={name}&budget=60", PNG, body=picture((9, 200, 9), 7))
    assert kept.status == 201, kept
    image = json.loads(kept.body)["image"]
    assert image["name"].isprintable()
    assert "/" not in image["name"]
    assert "set-cookie" not in kept.headers
    got = ask(port, "GET", f"/images/{image['id']}/stream")
    assert got.status == 200
    assert "set-cookie" not in got.headers
    assert got.headers["content-type"] == "image/vnd.promptcodec"
    assert sorted(file.name for file in folder.iterdir() if "own.pxa" not in file.name) == [
        "cache",
        "secret.txt",
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"null",
        b"[]",
        b'{"edits": 5}',
        b'{"edits": [{"operation": "__class__", "arguments": []}]}',
        b'{"edits": [{"operation": "cell", "arguments": ["r1c1", {"a": 1}]}]}',
        b'{"edits": [{"operation": "cell", "arguments": ["r1c1", "\\ud800"]}]}',
        json.dumps({"edits": [{"operation": "cell", "arguments": ["r1c1", "x"]}] * 5000}).encode(),
    ],
)  # fmt: skip
def test_edits_that_are_none(served, body):
    port, id_, _ = served
    assert ask(port, "PATCH", f"/images/{id_}", JSON, body=body).problem["status"] in {400, 413, 422}


def test_exports_take_no_paths(served):
    port, id_, _ = served
    for order in (
        {"ids": ["../secret.txt"]},
        {"ids": [id_], "format": "/etc/passwd"},
        {"ids": id_},
        {"ids": []},
    ):
        answer = ask(port, "POST", "/export", JSON, body=json.dumps(order).encode())
        assert answer.problem["status"] in {400, 404, 422}, (order, answer)


def test_other_sites_change_nothing(served):
    port, id_, _ = served
    for method, path in (
        ("POST", "/images"),
        ("PATCH", f"/images/{id_}"),
        ("POST", "/v1/images/generations"),
    ):
        for header in ("Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"):
            assert ask(port, method, path, PNG, header, body=b"x").status == 403
    assert ask(port, "GET", "/", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate",
               "Sec-Fetch-Dest: document").status == 200  # fmt: skip


def test_nothing_private_is_in_answers_or_logs(served, capsys):
    port, id_, folder = served
    token = "sk-0123456789abcdef"
    bodies = [
        ask(port, "GET", path, f"Authorization: Bearer {token}").body
        for path in (
            "/images?query=hunter2secret",
            f"/images/{id_}",
            "/about",
            f"/images/{id_}/description",
            "/none",
        )
    ]
    for body in bodies:
        assert FOLDER.encode() not in body
        assert str(folder).encode() not in body
    logged = json.dumps(lines_of(capsys, len(bodies)))
    for secret in (token, "hunter2secret", FOLDER, str(folder)):
        assert secret not in logged


def test_errors_name_no_folder_and_no_server(caplog):
    error = problems.of(
        ApiError("http://10.0.0.5:7860/v1?key=hunter2 does not answer; see /home/jane/a.toml")
    )
    assert error.detail == "(its address) does not answer; see a.toml"
    assert problems.of(ApiError("m at 127.0.0.1:8080 is gone")).detail == "m at (its address) is gone"
    assert problems.of(MissingError("/srv/models/x.bin is not there")).detail == "x.bin is not there"
    assert "hunter2" not in caplog.text
    assert "10.0.0.5" in caplog.text


def test_two_requests_are_not_taken_for_one(served):
    """A body that goes on behind its length is no part of it."""
    smuggled = head("POST", "/encode", PNG, "Content-Length: 3", "Transfer-Encoding: chunked") + b"0\r\n\r\n"
    answer = exchange(served[0], smuggled + head("GET", "/images"))
    assert answer.status in {400, 415}
