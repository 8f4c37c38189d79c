"""Pictures sent and edited over HTTP: what is kept, under which name, and what is refused."""

from __future__ import annotations

import base64
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("starlette", reason="needs the extra server")

from promptcodec import edit, reading
from promptcodec.archive import store
from promptcodec.server import names
from promptcodec.server.edit_orders import OPERATIONS
from tests import serving

NEW = serving.picture((90, 40, 160), 9)
OTHER = serving.picture((10, 20, 30), 8)
SHORT = "budget=200&effort=1"
CELL = {"operation": "cell", "arguments": ["r1c1", "red kite"]}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Give an archive that tests write into, and its ids by name."""
    path = tmp_path_factory.mktemp("written") / "six.pxa"
    return path, serving.write_archive(path)


@pytest.fixture(scope="module")
def client(written):
    with serving.client_of(written[0]) as client:
        yield client


@pytest.fixture(scope="module")
def sent(client):
    """Give the answer to a picture that was sent."""
    return client.post(f"/images?name=owl.png&tag=holiday&tag=by night&{SHORT}", content=NEW)


def edited(client, id_, *edits, **more):
    return client.patch(f"/images/{id_}", json={"edits": list(edits), **more})


def test_a_picture_that_is_sent_is_kept_and_found(client, sent, written):
    assert sent.status_code == 201
    image = sent.json()["image"]
    assert sent.headers["location"] == f"/images/{image['id']}"
    assert (image["name"], image["tags"]) == ("owl.png", ["holiday", "by night"])
    assert image["bytes"] <= 200
    assert client.get(sent.headers["location"]).json() == image
    with store.open(written[0]) as archive:
        assert archive.get(bytes.fromhex(image["id"])).name == "owl.png"
    assert image["id"] in [row["id"] for row in client.get("/images?query=tag:night").json()["images"]]


def test_what_was_tried_is_what_is_kept(client, sent):
    tried = client.post(f"/encode?{SHORT}", content=NEW).json()["stream"]
    assert client.get(f"{sent.headers['location']}/stream").content == base64.b64decode(tried)


def test_the_same_content_is_kept_once_and_gets_the_tags(client, sent):
    total = client.get("/images").json()["total"]
    again = client.post(f"/images?name=other.png&tag=again&{SHORT}", content=NEW)
    assert again.status_code == 200
    assert again.headers["location"] == sent.headers["location"]
    assert again.json()["image"]["tags"] == ["holiday", "by night", "again"]
    assert client.get("/images").json()["total"] == total


def test_a_form_is_as_good_as_a_body(client, sent):
    form = client.post(f"/images?{SHORT}", files={"file": ("owl.png", NEW, "image/png")})
    assert form.json()["image"]["id"] == sent.json()["image"]["id"]


def test_a_stream_is_kept_as_it_is(client, written, tmp_path):
    stream = client.get(f"/images/{written[1]['sea.png'].hex()}/stream").content
    other = tmp_path / "other.pxa"
    store.create(other).close()
    with serving.client_of(other) as empty:
        kept = empty.post(
            "/images?name=sea.pxt", content=stream, headers={"content-type": "image/vnd.promptcodec"}
        )
        assert kept.status_code == 201, kept.text
        assert empty.get(f"{kept.headers['location']}/stream").content == stream


def test_options_are_those_of_the_command_line(client):
    one = client.post("/images?layers=texture&quality=1&effort=1", content=serving.picture((1, 90, 90), 3))
    image = one.json()["image"]
    assert (image["layers"], image["description"]) == (["texture"], None)
    assert image["bytes"] <= 64


@pytest.mark.parametrize(
    "query",
    [
        *("budget=0", "budget=1e3", "budget=%D9%A3", "bpp=nan", "bpp=-1", "quality=6", "words=inf"),
        *("layers=", "layers=magic", "effort=10", "captioner=chat", "recipe=yes", "redact=1", "unknown=1"),
        *(
            "name=a&name=b",
            "tag=",
            "tag=parent:00",
            "tag=" + 101 * "x",
            "&".join(["tag=%d"] * 17) % (*range(17),),
        ),
        *("budget=100&budget=200", "captioner=local:http://127.0.0.1/"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_refused(client, query):
    serving.problem(client.post(f"/images?{query}", content=NEW), 400)


@pytest.mark.parametrize(
    ("body", "query", "status"),
    [
        (b"", "", 400),
        (b"hello", "", 415),
        (OTHER[:300], "", 422),
        (b"no stream", "name=a.pxt", 422),
        (OTHER, "budget=10", 422),
        (OTHER, "recipe=only", 422),
    ],
)
def test_what_is_no_picture_or_does_not_fit_is_refused(client, body, query, status):
    before = client.get("/images").json()["total"]
    serving.problem(client.post(f"/images?{query}", content=body), status)
    assert client.get("/images").json()["total"] == before


def test_who_may_not_write_writes_nothing(written):
    with serving.client_of(written[0], read_only=True) as client:
        id_ = written[1]["sea.png"].hex()
        serving.problem(client.post("/images", content=NEW), 403)
        serving.problem(edited(client, id_, CELL), 403)
        assert edited(client, id_, CELL, keep=False).status_code == 200


def test_what_is_private_is_stored_and_not_shown_or_not_stored_at_all(client, written, tmp_path):
    data = serving.picture((50, 60, 70), 4, text=serving.RECIPE)
    kept = client.post("/images?effort=1", content=data).json()["image"]
    assert "castle" in json.dumps(kept["recipe"])
    assert "jane" not in json.dumps(kept)
    with store.open(written[0]) as archive:
        record = archive.get(bytes.fromhex(kept["id"]))
    assert "jane" in json.dumps(reading.inspect(record.stream, bare=True))
    other = tmp_path / "other.pxa"
    store.create(other).close()
    with serving.client_of(other) as empty:
        empty.post("/images?effort=1&redact=true", content=data)
    with store.open(other) as archive:
        assert "jane" not in json.dumps(reading.inspect(next(archive.records()).stream, bare=True))


def test_an_edit_makes_a_picture_of_its_own(client, written):
    id_ = written[1]["sea.png"].hex()
    stream = client.get(f"/images/{id_}/stream").content
    answer = edited(client, id_, CELL, {"operation": "medium", "arguments": ["oil painting"]})
    assert answer.status_code == 201
    body = answer.json()
    child = body["image"]
    expected = edit.apply(
        stream, [edit.Edit("cell", ("r1c1", "red kite")), edit.Edit("medium", ("oil painting",))]
    )
    assert client.get(f"{answer.headers['location']}/stream").content == expected.data
    assert (body["changed"], body["builtin_shows"]) == ([*expected.changed], expected.builtin_shows)
    assert body["warnings"] == [notice.text for notice in expected.warnings]
    assert (child["parent"], child["name"]) == (id_, "sea-edited.pxt")
    assert f"parent:{id_}" in child["tags"]
    parent = client.get(f"/images/{id_}").json()
    assert child["id"] in parent["edits"]
    assert client.get(f"/images/{id_}/stream").content == stream
    again = edited(client, id_, CELL, {"operation": "medium", "arguments": ["oil painting"]})
    assert (again.status_code, again.headers["location"]) == (200, answer.headers["location"])


def test_an_edit_of_an_edit_keeps_its_tags_but_for_the_parent(client, written):
    id_ = written[1]["leaf.png"].hex()
    first = edited(client, id_, CELL).json()["image"]
    second = edited(client, first["id"], {"operation": "style", "arguments": ["mood: lonely"]}).json()[
        "image"
    ]
    assert first["tags"] == ["holiday", f"parent:{id_}"]
    assert second["tags"] == ["holiday", f"parent:{first['id']}"]
    assert second["name"] == "leaf-edited.pxt"


def test_an_edit_that_is_tried_is_not_kept(client, written):
    total = client.get("/images").json()["total"]
    tried = edited(client, written[1]["brick.png"].hex(), CELL, keep=False)
    assert tried.status_code == 200
    stream = base64.b64decode(tried.json()["stream"])
    assert tried.json()["inspected"] == json.loads(json.dumps(reading.inspect(stream)))
    assert "image" not in tried.json()
    assert client.get("/images").json()["total"] == total


def test_an_edit_that_changes_nothing_is_the_picture_itself(client, written):
    id_ = written[1]["sand.png"].hex()
    medium = client.get(f"/images/{id_}").json()["description"]["medium"]
    same = edited(client, id_, {"operation": "medium", "arguments": [medium]})
    assert (same.status_code, same.json()["image"]["id"], same.json()["changed"]) == (200, id_, [])


def test_who_tries_an_edit_does_not_learn_what_is_private(client, written):
    id_ = written[1]["drawn.png"].hex()
    for word in ("jane", "no such word"):
        order = {"operation": "replace", "arguments": [word, "somebody"]}
        serving.problem(edited(client, id_, order, keep=False), 422)
    tried = edited(client, id_, {"operation": "set", "arguments": ["seed=7"]}, keep=False)
    stream = base64.b64decode(tried.json()["stream"])
    assert "jane" not in json.dumps(reading.inspect(stream))


@pytest.mark.parametrize(
    "body",
    [
        *(None, [], {}, {"edits": []}, {"edits": [{}]}, {"edits": [CELL], "more": 1}, {"edits": 65 * [CELL]}),
        *({"edits": [CELL], "keep": "no"}, {"edits": [{**CELL, "arguments": ["r1c1"]}]}, {"edits": "cell"}),
        *({"edits": [{**CELL, "arguments": ["r1c1", 5]}]}, {"edits": [{**CELL, "operation": "mask"}]}),
        *(
            {"edits": [{**CELL, "operation": ["cell"]}]},
            {"edits": [{**CELL, "arguments": ["r1c1", "\ud800"]}]},
        ),
        {"edits": [{"operation": "transplant", "arguments": ["texture", "/etc/passwd"]}]},
    ],
)
def test_a_body_that_is_no_edit_is_refused(client, written, body):
    headers = {"content-type": "application/json"}
    path = f"/images/{written[1]['sea.png'].hex()}"
    serving.problem(client.patch(path, content=json.dumps(body), headers=headers), 400)


@pytest.mark.parametrize(
    "arguments", [["r9c9", "x"], ["r1c1", "a\nb: c"], ["r1c1", 5000 * "word "], ["", ""]]
)
def test_an_edit_that_cannot_be_done_is_refused(client, written, arguments):
    answer = edited(client, written[1]["sea.png"].hex(), {"operation": "cell", "arguments": arguments})
    assert answer.status_code in {200, 201, 422}, answer.text


def test_there_are_no_edits_of_what_is_not_there(client):
    serving.problem(edited(client, 32 * "0", CELL), 404)
    serving.problem(edited(client, "x", CELL), 404)


def test_no_operation_takes_a_file():
    assert {"mask", "transplant"}.isdisjoint(OPERATIONS)
    assert {"cell", "replace", "prompt", "set"} <= set(OPERATIONS)


@pytest.mark.parametrize(
    ("name", "harmless"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\pictures\\owl.jpg", "owl.jpg"),
        ("a\x00b\x1b[31m.png", "ab[31m.png"),
        ("gpj.\u202eexe.png", "gpj.exe.png"),
        (" .. ", "picture"),
        ("/", "picture"),
        ("", "picture"),
        (300 * "é" + ".jpeg", 57 * "é" + ".jpeg"),
    ],
)
def test_names_are_made_harmless(name, harmless):
    assert names.harmless(name, "picture") == harmless


@given(st.text(max_size=140))
def test_a_harmless_name_stays_so(name):
    shown = names.harmless(name, "picture")
    assert 0 < len(shown.encode()) <= names.LONGEST
    assert not set("/\\") & set(shown)
    assert not [each for each in shown if unicodedata.category(each).startswith("C")]
    assert names.harmless(shown, "picture") == shown
