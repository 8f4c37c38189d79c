"""Pictures over HTTP: lists, searches, and what each says; nothing that is private."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

pytest.importorskip("starlette", reason="needs the extra server")

from promptcodec import reading
from promptcodec.archive import store
from promptcodec.archive.indexing import index, looks
from promptcodec.archive.record import Place
from promptcodec.archive.searching.search import ranked
from promptcodec.archive.transfer.streams import standing_alone
from promptcodec.recipe.write import WRITERS, Export
from promptcodec.server import searches
from promptcodec.server.routes import images
from tests import serving, word_archives

NAMES = list(serving.COLOURS)
NEWEST_FIRST = NAMES[::-1]


@pytest.fixture(scope="module")
def client(pictures):
    with serving.client_of(pictures.path) as client:
        yield client


def names(response):
    assert response.status_code == 200, response.text
    return [image["name"] for image in response.json()["images"]]


def test_all_pictures_come_newest_first_and_by_position(client, pictures):
    whole = client.get("/images").json()
    assert (whole["total"], whole["start"], whole["advice"]) == (6, 0, [])
    assert [image["name"] for image in whole["images"]] == NEWEST_FIRST
    assert [image["id"] for image in whole["images"]] == [pictures.ids[name].hex() for name in NEWEST_FIRST]
    assert names(client.get("/images?start=2&limit=3")) == NEWEST_FIRST[2:5]
    assert client.get("/images?start=2&limit=3").json()["start"] == 2
    assert names(client.get("/images?start=6")) == []


def test_a_row_says_what_a_picture_is(client, pictures):
    row = client.get("/images?start=5").json()["images"][0]
    with store.open(pictures.path) as archive:
        record = archive.get(pictures.ids["sea.png"])
    assert base64.b64decode(row.pop("colours")) == looks.measure(record.stream).colours
    assert row == {
        "id": record.id.hex(),
        "name": "sea.png",
        "width": 96,
        "height": 64,
        "bytes": len(standing_alone(record.stream)),
        "score": 0.0,
        "why": [],
        "lacks": [],
    }


def test_a_search_says_why(client):
    found_by_word = client.get("/images?query=castle").json()
    assert [image["name"] for image in found_by_word["images"]] == ["drawn.png"]
    reason = {"field": "prompt", "text": "a purple castle, secret", "words": ["castle"]}
    assert reason in found_by_word["images"][0]["why"]
    assert found_by_word["images"][0]["score"] > 0
    by_colour = client.get("/images", params={"query": "mostly green"}).json()
    assert by_colour["images"][0]["name"] == "leaf.png"
    assert by_colour["images"][0]["why"][0]["field"] == "color"
    assert by_colour["advice"] == ['read as color:"mostly green"; quotation marks make it words']
    nothing = client.get("/images?query=zeppelin").json()
    assert (nothing["total"], nothing["images"]) == (0, [])
    assert nothing["advice"] == ["no picture has: zeppelin"]
    assert set(names(client.get("/images?query=tag:holiday"))) == set(NAMES[1::2])


def test_a_search_says_which_words_a_picture_lacks(tmp_path):
    texts = {"both": "A red car in the rain.", "car": "Cars by a house.", "red": "A red wall."}
    lakes = {str(number): "A lake." for number in range(6)}
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put([word_archives.record(name, text) for name, text in (texts | lakes).items()])
    with serving.client_of(tmp_path / "a.pxa") as client:
        images = client.get("/images?query=the+red+car+of+zeppelin").json()["images"]
    assert {image["name"]: image["lacks"] for image in images} == {"both": [], "car": ["red"], "red": ["car"]}
    words = {image["name"]: image["why"][0]["words"] for image in images}
    assert words == {"both": ["red", "car"], "car": ["Cars"], "red": ["red"]}


def test_pictures_like_one_come_without_it(client, pictures):
    other = client.get("/images", params={"like": pictures.ids["sea.png"].hex()}).json()
    assert sorted(image["name"] for image in other["images"]) == sorted(set(NAMES) - {"sea.png"})
    scores = [image["score"] for image in other["images"]]
    assert scores == sorted(scores, reverse=True)
    assert all(image["why"][0]["field"] == "like" for image in other["images"])
    both = client.get("/images", params={"like": pictures.ids["sea.png"].hex(), "query": "tag:holiday"})
    assert set(names(both)) == set(NAMES[1::2])


def test_pages_of_a_search_are_ranked_once(pictures, monkeypatch):
    calls = []
    own = searches.ranked
    monkeypatch.setattr(searches, "ranked", lambda *args, **more: calls.append(args[2]) or own(*args, **more))
    with serving.client_of(pictures.path) as client:
        pages = [names(client.get(f"/images?query=tag:holiday&start={start}&limit=1")) for start in range(4)]
        assert sorted(name for page in pages for name in page) == sorted(NAMES[1::2])
        assert calls == ["tag:holiday"]
        client.get("/images?query=castle")
        assert calls == ["tag:holiday", "castle"]


def test_a_long_search_is_cut_and_says_so(client, monkeypatch):
    monkeypatch.setattr(searches, "MOST", 2)
    cut = client.get("/images", params={"query": "width:96 "}).json()
    assert (cut["total"], cut["more"], len(cut["images"])) == (2, True, 2)
    monkeypatch.setattr(searches, "MOST", 6)
    assert "more" not in client.get("/images", params={"query": " width:96"}).json()


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/images?start=-1", "start"),
        ("/images?start=1.5", "start"),
        ("/images?start=\N{ARABIC-INDIC DIGIT ONE}", "start"),
        ("/images?start=99999999999999999999", "start"),
        ("/images?limit=0", "limit"),
        ("/images?limit=201", "limit"),
        ("/images?like=abc", "like"),
        ("/images?query=foo:bar", "query"),
        ('/images?query="open', "query"),
        ("/images?query=color:nocolour", "query"),
        ("/images?query=%20.", "query"),
        (f"/images?query={'a' * 1001}", "query"),
        ("/images?sort=name", "sort"),
        ("/images?limit=1&limit=2", "limit"),
        ("/gallery?count=0", "count"),
        ("/gallery?count=10001", "count"),
        ("/gallery?start=x", "start"),
        ("/images/{}/recipe?format=xmp", "format"),
        ("/images/{}/description?format=html", "format"),
    ],
)
def test_a_wrong_parameter_is_named(client, pictures, address, name):
    body = serving.problem(client.get(address.format(pictures.ids["drawn.png"].hex())), 400)
    assert name in body["detail"]


def test_ids_are_32_lower_digits_of_something_that_is_there(client, pictures):
    id_ = pictures.ids["drawn.png"].hex()
    for wrong in (
        "0" * 32,
        id_.upper(),
        id_[:31],
        id_ + "0",
        "x" * 32,
        id_[:30] + "\N{FULLWIDTH DIGIT ONE}1",
    ):
        for below in ("", "/stream", "/description", "/recipe"):
            serving.problem(client.get(f"/images/{wrong}{below}"), 404)
    serving.problem(client.get(f"/images?like={'0' * 32}"), 404)


def test_one_picture_says_what_its_stream_does(client, pictures):
    id_ = pictures.ids["leaf.png"]
    image = client.get(f"/images/{id_.hex()}").json()
    stream = client.get(f"/images/{id_.hex()}/stream")
    assert stream.headers["content-type"] == "image/vnd.promptcodec"
    inspected = json.loads(json.dumps(reading.inspect(stream.content)))
    assert image == inspected | {
        "id": id_.hex(),
        "name": "leaf.png",
        "tags": ["holiday"],
        "parent": None,
        "edits": [],
        "layers": ["semantic", "texture"],
        "time": serving.FIRST_TIME + serving.DAY,
        "colours": next(
            row["colours"] for row in client.get("/images").json()["images"] if row["id"] == id_.hex()
        ),
    }
    text = client.get(f"/images/{id_.hex()}/description")
    assert (text.text, text.headers["content-type"]) == (image["text"], "text/plain; charset=utf-8")
    assert client.get(f"/images/{id_.hex()}/description?format=json").json() == image["description"]
    serving.problem(client.get(f"/images/{id_.hex()}/recipe"), 404)


@pytest.mark.parametrize("form", WRITERS)
def test_a_recipe_is_written_for_tools(client, pictures, form):
    response = client.get(f"/images/{pictures.ids['drawn.png'].hex()}/recipe?format={form}")
    assert response.status_code == 200
    assert "a purple castle" in response.text
    assert json.loads(response.headers["recipe-notices"]) == []
    if response.headers["content-type"] == "application/json":
        assert isinstance(response.json(), dict)
    else:
        assert form == "a1111"


def test_what_a_form_cannot_say_fits_into_a_header():
    notices = images.notices_of(Export("", tuple(f"left out: {number} \N{SNOWMAN}" for number in range(99))))
    assert json.loads(notices)[0] == "left out: 0 \N{SNOWMAN}"
    assert len(json.loads(notices)) == images.MOST_NOTICES
    assert images.notices_of(Export("", ("x" * 5000,))) == "[]"


def answers(client, id_):
    """Give all that is said of a picture."""
    addresses = (
        "",
        "/stream",
        "/description",
        "/description?format=json",
        "/recipe",
        "/recipe?format=comfyui",
    )
    return [client.get(f"/images/{id_.hex()}{each}") for each in addresses] + [
        client.get("/images"),
        client.get("/images?query=castle"),
        client.get("/images?query=name:drawn"),
    ]


def test_nothing_private_is_served(client, pictures):
    for name in ("sea.png", "drawn.png"):
        for response in answers(client, pictures.ids[name]):
            assert b"jane" not in response.content
            assert str(pictures.path.parent).encode() not in response.content
            assert not any(b"jane" in value for pair in response.headers.raw for value in pair)
    stream = client.get(f"/images/{pictures.ids['drawn.png'].hex()}/stream").content
    assert "jane" not in json.dumps(reading.inspect(stream))


def test_what_is_private_is_not_drawn(client, pictures):
    address = f"/images/{pictures.ids['drawn.png'].hex()}"
    drawn = client.get(f"{address}/render?size=16")
    sent = client.post("/decode?size=16", content=client.get(f"{address}/stream").content)
    assert drawn.status_code == 200
    assert drawn.headers["etag"] == sent.headers["etag"]


def test_private_things_are_served_where_that_was_asked_for(pictures):
    with serving.client_of(pictures.path, with_private=True) as client:
        id_ = pictures.ids["drawn.png"].hex()
        assert "jane" in client.get(f"/images/{id_}/recipe").text
        assert "jane" in json.dumps(reading.inspect(client.get(f"/images/{id_}/stream").content))
        assert b"jane" in client.get("/images?query=castle").content
        # Where originals are is nobody's business even then.
        assert b"jane" not in client.get(f"/images/{pictures.ids['sea.png'].hex()}").content


def test_a_path_in_a_name_is_cut_to_its_end(tmp_path):
    record = word_archives.record("Users/jane/kite.jpg", "A kite.", root="/")
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put([record])
    with serving.client_of(tmp_path / "a.pxa") as client:
        image = client.get("/images?query=kite").json()["images"][0]
        assert image["why"] == [{"field": "summary", "text": "A kite.", "words": ["kite"]}]
        assert client.get("/images?query=name:kite").json()["images"][0]["why"] == [
            {"field": "name", "text": "kite.jpg", "words": []}
        ]


@pytest.mark.parametrize(
    "path",
    [
        "jane/holiday/kite.jpg",
        "C:\\Users\\jane\\kite.jpg",
        "jane\\..\\..\\kite.jpg",
        "jane/\udcffki\u202ete\n.jpg",
    ],
)
@pytest.mark.parametrize("with_private", [False, True])
def test_names_are_those_of_files_whatever_they_are_called(path, with_private, tmp_path):
    record = word_archives.record("a.jpg", "A kite.")
    record = replace(record, places=tuple(Place("/home/jane", each, 1) for each in (path, f"jane/{path}")))
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put([record])
    with serving.client_of(tmp_path / "a.pxa", with_private=with_private) as client:
        queries = ("", "?query=kite", "?query=name:jpg")
        rows = [client.get(f"/images{query}").json()["images"] for query in queries]
        one = client.get(f"/images/{record.id.hex()}")
        assert [each["name"] for (each,) in rows] + [one.json()["name"]] == ["kite.jpg"] * 4
        tables = [
            client.post("/export", json={"query": "", "format": form}).content for form in ("jsonl", "csv")
        ]
        if not with_private:
            assert rows[2][0]["why"] == [{"field": "name", "text": "kite.jpg", "words": []}]
            for answer in (*tables, one.content, json.dumps(rows).encode()):
                assert b"jane" not in answer


def test_a_recipe_alone_that_is_private_is_not_shown(tmp_path, monkeypatch):
    record = word_archives.record("a.png", None, serving.private_recipe())
    monkeypatch.setattr("promptcodec.archive.transfer.private.redact", lambda recipe: recipe)
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put([record])
    with serving.client_of(tmp_path / "a.pxa") as client:
        assert serving.problem(client.get(f"/images/{record.id.hex()}"), 403)["kind"] == "private"


def test_what_cannot_be_read_of_a_picture_is_named_and_the_rest_shown(tmp_path):
    own = word_archives.record("a.png", "A kite.", size=(320, 200))
    damaged = bytearray(own.stream)
    damaged[-3:] = b"\xff\xff\xff"
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put([type(own)(own.id, bytes(damaged), (Place("", "a.png", 0),))])
    with serving.client_of(tmp_path / "a.pxa") as client:
        image = client.get(f"/images/{own.id.hex()}").json()
        assert (image["width"], image["layers"], image["text"]) == (320, [], None)
        assert image["parts"][0]["error"]
        serving.problem(client.get(f"/images/{own.id.hex()}/description"), 404)


def test_heads_have_no_body(client, pictures):
    id_ = pictures.ids["leaf.png"].hex()
    for address in ("/images", "/gallery", f"/images/{id_}", f"/images/{id_}/stream"):
        head, whole = client.head(address), client.get(address)
        assert head.status_code == 200
        assert head.headers["content-length"] == whole.headers["content-length"]


def test_a_search_reads_looks_again_where_there_are_more_by_now(pictures, tmp_path):
    path = serving.copied(pictures.path, tmp_path)
    with store.open(path, write=True) as archive:
        with index.open(archive) as own:
            known = looks.load(own.base)
        archive.put([word_archives.record("a.jpg", "A kite.")])
        with index.open(archive) as own:
            fresh, given = (
                [hit.doc for hit in ranked(archive, own, "mostly green", known=each, limit=9).hits]
                for each in ((), known)
            )
    assert fresh == given != []
