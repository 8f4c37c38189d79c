"""What the server answers is what the command line makes: the same bytes, the same report."""

from __future__ import annotations

import base64
import json

import pytest

pytest.importorskip("starlette", reason="needs the extra server")

from tests import serving

NEW = serving.picture((90, 40, 160), 9)


@pytest.fixture(scope="module")
def six(tmp_path_factory):
    path = tmp_path_factory.mktemp("alike") / "six.pxa"
    return path, serving.write_archive(path)


@pytest.fixture(scope="module")
def client(six):
    with serving.client_of(six[0]) as client:
        yield client


@pytest.fixture
def sea(six, client, tmp_path, monkeypatch):
    """Give the address of a picture; its stream lies in the folder as sea.pxt."""
    monkeypatch.chdir(tmp_path)
    address = f"/images/{six[1]['sea.png'].hex()}"
    (tmp_path / "sea.pxt").write_bytes(client.get(f"{address}/stream").content)
    (tmp_path / "new.png").write_bytes(NEW)
    return address


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", ()),
        ("?size=40x32&seed=5&strength=0.9&layers=texture",
         ("--size", "40x32", "--seed", "5", "--strength", "0.9", "--layers", "texture")),
    ],
)  # fmt: skip
def test_drawn(client, sea, cli, tmp_path, query, options):
    assert cli("decode", "sea.pxt", "-o", "sea.png", *options)[0] == 0
    drawn = (tmp_path / "sea.png").read_bytes()
    assert client.get(f"{sea}/render{query}").content == drawn
    assert client.post(f"/decode{query}", content=(tmp_path / "sea.pxt").read_bytes()).content == drawn


def test_checked(client, sea, cli, tmp_path):
    (tmp_path / "sea.png").write_bytes(client.get(f"{sea}/render").content)
    code, out, _ = cli("check", "sea.pxt", "sea.png", "--json")
    expected = json.loads(out)
    drawn = client.get(f"{sea}/check").json()
    assert code == (0 if drawn["verdict"] == "pass" else 3)
    assert {name: expected[name] for name in drawn if name != "warnings"}.items() <= drawn.items()
    assert client.post(f"{sea}/check", content=(tmp_path / "sea.png").read_bytes()).json() == drawn


@pytest.mark.parametrize(
    ("query", "options"),
    [("", ()), ("?budget=150&effort=1&words=0.5", ("--budget", "150", "--effort", "1", "--words", "0.5"))],
)
def test_encoded(client, sea, cli, tmp_path, query, options):
    assert cli("encode", "new.png", "-o", "new.pxt", *options)[0] == 0
    answer = client.post(f"/encode{query}", content=NEW).json()
    assert base64.b64decode(answer["stream"]) == (tmp_path / "new.pxt").read_bytes()


@pytest.mark.parametrize("edit", [("cell", "r1c1", "red kite"), ("recolour", "r1c1", "dark red")])
def test_edited(client, sea, cli, tmp_path, edit):
    name, *arguments = edit
    assert cli("edit", "sea.pxt", "-o", "other.pxt", f"--{name}", *arguments)[0] == 0
    order = {"edits": [{"operation": name, "arguments": arguments}], "keep": False}
    answer = client.patch(sea, json=order).json()
    assert base64.b64decode(answer["stream"]) == (tmp_path / "other.pxt").read_bytes()
    wrong = client.patch(sea, json={"edits": [{"operation": "replace", "arguments": ["dodo", "cat"]}]})
    assert "promptcodec" not in serving.problem(wrong, 422)["detail"]


def test_what_is_not_there_says_what_is(client):
    assert "/openapi.json" in serving.problem(client.get("/pictures"), 404)["detail"]
    assert serving.problem(client.put("/images"), 405)["detail"] == "this address takes GET, HEAD, POST"
