"""Pictures encoded, described and checked over HTTP, and the health of the server; nothing is kept."""

from __future__ import annotations

import base64
import json

import pytest

pytest.importorskip("starlette", reason="needs the extra server")

import promptcodec
from promptcodec.description import format_text
from promptcodec.server.settings import Token
from tests import serving

NEW = serving.picture((90, 40, 160), 9)
PAID = "chat:http://127.0.0.1:9/v1?model=loopback-vision&input_price=1&output_price=4"
"""Nobody listens there: what is refused before it is asked never gets so far."""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Give an archive, and its ids by name."""
    path = tmp_path_factory.mktemp("described") / "six.pxa"
    return path, serving.write_archive(path)


@pytest.fixture(scope="module")
def client(written):
    with serving.client_of(written[0]) as client:
        yield client


@pytest.mark.parametrize("budget", [100, 200])
def test_encoding_is_that_of_the_library(client, budget):
    answer = client.post(f"/encode?budget={budget}&effort=1", content=NEW)
    stream = promptcodec.encode(NEW, budget=budget, effort=1)
    body = answer.json()
    assert base64.b64decode(body.pop("stream")) == stream
    assert (body.pop("warnings"), body.pop("unread")) == ([], False)
    assert body == json.loads(json.dumps(promptcodec.inspect(stream)))


def test_nothing_of_it_is_kept(client):
    before = client.get("/images").json()
    client.post("/encode?effort=1", files={"file": NEW})
    client.post("/describe", content=NEW)
    assert client.get("/images").json() == before


def test_descriptions_are_those_of_the_library(client):
    described = promptcodec.describe(NEW, grid=(2, 3))
    answer = client.post("/describe?grid=2x3&format=text", content=NEW)
    assert answer.text == format_text(described)
    value = client.post("/describe?grid=2x3&format=json", content=NEW).json()
    assert (value["rows"], value["cols"], value["medium"]) == (2, 3, described.medium)


@pytest.mark.parametrize(
    "query", ["grid=9x9", "grid=2", "format=xml", "captioner=chat", "budget=9", "grid=1x1&grid=1x1"]
)
def test_a_parameter_that_cannot_be_used_is_refused(client, query):
    serving.problem(client.post(f"/describe?{query}", content=NEW), 400)


@pytest.mark.parametrize("path", ["/encode", "/describe", "/images/{}/check"])
@pytest.mark.parametrize(("body", "status"), [(b"", 400), (b"GIF89a", 422), (b"no picture", 415)])
def test_what_is_no_picture_is_refused(client, written, path, body, status):
    answer = client.post(path.format(written[1]["sea.png"].hex()), content=body)
    assert answer.status_code in {status, 415, 422} - ({415, 422} if status == 400 else set())
    serving.problem(answer, answer.status_code)


def test_what_asks_a_paid_service_is_for_those_who_may_spend(written):
    tokens = (Token("reader", "a secret of this test"),)
    with serving.client_of(written[0], captioners=("local", PAID), tokens=tokens) as client:
        for path in ("/describe", "/encode", "/images"):
            serving.problem(client.post(path, params={"captioner": PAID}, content=NEW), 401)
        assert client.post("/describe", content=NEW).status_code == 200


def test_and_spends_no_more_than_the_server_may(written):
    with serving.client_of(written[0], captioners=("local", PAID), max_cost=0.0, max_requests=0) as client:
        for path in ("/describe", "/encode", "/images"):
            problem = serving.problem(client.post(path, params={"captioner": PAID}, content=NEW), 402)
            assert problem["kind"] == "spending"
        assert client.get("/images").json()["total"] == len(serving.COLOURS)


def test_words_that_are_not_stored_cost_nothing(written):
    tokens = (Token("reader", "a secret of this test"),)
    with serving.client_of(written[0], captioners=("local", PAID), tokens=tokens) as client:
        answer = client.post("/encode", params={"captioner": PAID, "layers": "texture"}, content=NEW)
        assert answer.status_code == 200


def test_what_is_drawn_is_checked(client, written):
    id_ = written[1]["sea.png"].hex()
    drawn = client.get(f"/images/{id_}/check?size=96x64")
    assert drawn.json()["verdict"] == "pass"
    picture = client.get(f"/images/{id_}/render?size=96x64").content
    assert client.post(f"/images/{id_}/check", content=picture).json() == drawn.json()
    other = client.post(f"/images/{id_}/check", content=serving.picture((200, 30, 20), 3)).json()
    assert other["score"] < drawn.json()["score"]


def test_a_report_says_nothing_private(client, written):
    id_ = written[1]["drawn.png"].hex()
    picture = serving.picture(serving.COLOURS["drawn.png"], 5, text=serving.RECIPE)
    for answer in (client.get(f"/images/{id_}/check"), client.post(f"/images/{id_}/check", content=picture)):
        assert answer.status_code == 200
        assert "jane" not in answer.text


def test_a_check_that_takes_long_is_a_job(client, written):
    id_ = written[1]["night.png"].hex()
    answer = client.get(f"/images/{id_}/check?size=90x60", headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/jobs/{answer.json()['job']['id']}"


def test_a_check_of_what_is_not_there_is_none(client):
    serving.problem(client.get(f"/images/{32 * '0'}/check"), 404)
    serving.problem(client.post(f"/images/{32 * '0'}/check", content=NEW), 404)


def test_health(client):
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["archive"] == {"readable": True}
    assert client.head("/healthz").status_code == 200


def test_a_server_without_its_archive_is_not_well(written, tmp_path):
    path = serving.copied(written[0], tmp_path)
    with serving.client_of(path) as client:
        path.rename(tmp_path / "elsewhere.pxa")
        answer = client.get("/healthz")
        assert (answer.status_code, answer.json()["status"]) == (503, "failing")
        assert str(tmp_path) not in answer.text


def test_the_document_is_served(client):
    answer = client.get("/openapi.json")
    assert answer.json()["openapi"] == "3.1.0"
    assert answer.headers["content-type"] == "application/json"
