"""Pictures over HTTP: parameters, addresses that are kept, single flight, tiles."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

pytest.importorskip("starlette", reason="needs the extra server")
pytest.importorskip("httpx", reason="needs the extra api")

from starlette.datastructures import QueryParams

from promptcodec import bitstream
from promptcodec.server.problems import Problem
from promptcodec.server.renders import Wanted, wanted_of
from promptcodec.server.renders.wanted import key_of
from promptcodec.server.settings import ServeSettings
from tests import gated

JPEG = b"\xff\xd8\xff"


@pytest.fixture(autouse=True)
def plugin(tmp_path, monkeypatch):
    gated.install(tmp_path, monkeypatch)


def wanted(query, tmp_path, **settings):
    return wanted_of(QueryParams(query), ServeSettings(tmp_path, ("gated", "builtin"), **settings))


def frames(data):
    """Give the ids and pictures of tiles."""
    given, at = {}, 0
    while at < len(data):
        length = int.from_bytes(data[at + 16 : at + 20], "big")
        given[data[at : at + 16].hex()] = data[at + 20 : at + 20 + length]
        at += 20 + length
    assert at == len(data)
    return given


@pytest.mark.parametrize(
    ("query", "stream", "size"),
    [
        ("", (640, 480), (640, 480)),
        ("", (5000, 2500), (1000, 500)),
        ("size=320", (640, 480), (320, 240)),
        ("size=320", (480, 640), (240, 320)),
        ("size=320", (10, 5), (320, 160)),
        ("size=300x200", (640, 480), (300, 200)),
        ("size=320x", (640, 480), (320, 240)),
        ("size=x240", (640, 480), (320, 240)),
        ("size=x900", (4000, 10), (1000, 2)),
        ("size=16", (60000, 1), (16, 1)),
    ],
)
def test_sizes_keep_the_shape_within_the_longest_side(query, stream, size, tmp_path):
    assert wanted(query, tmp_path, render_side=1000).size_of(*stream) == size


def test_what_is_wanted_is_read_whole(tmp_path):
    query = "generator=builtin&layers=texture,semantic&size=30&seed=4294967295&strength=0.25&format=webp"
    assert wanted(query, tmp_path) == Wanted(
        "builtin", ("semantic", "texture"), side=30, seed=2**32 - 1, strength=0.25, format="webp"
    )
    assert wanted("", tmp_path).generator == "gated"


@pytest.mark.parametrize(
    "query",
    [
        "generator=images", "generator=", "generator=http://x", "generator=builtin:classical",
        "layers=", "layers=colour", "layers=../x",
        "size=", "size=x", "size=0", "size=4097", "size=4096x4097", "size=-5", "size=1e3", "size=10x10x10",
        "size=٣",
        "seed=-1", "seed=4294967296", "seed=1.5", "seed=²", "seed=",
        "strength=2", "strength=nan", "strength=-0.1", "strength=",
        "format=tile", "format=gif", "format=../../x", "path=/etc/passwd", "size=10&size=20", "Size=10",
    ],
)  # fmt: skip
def test_what_cannot_be_wanted_is_refused(query, tmp_path):
    with pytest.raises(Problem) as refused:
        wanted(query, tmp_path)
    assert refused.value.status == 400
    assert refused.value.detail


def test_the_key_changes_with_whatever_changes_the_picture(tmp_path, monkeypatch):
    queries = (
        "",
        "generator=builtin",
        "layers=semantic",
        "size=30",
        "size=31",
        "seed=1",
        "seed=2",
        "strength=0.1",
    )
    keys = [key_of(gated.stream(0), wanted(query, tmp_path)) for query in (*queries, "format=jpeg")]
    keys.append(key_of(gated.stream(1), wanted("", tmp_path)))
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch("[0-9a-f]{64}", key) for key in keys)
    # The same picture by another word has the same key, and so does one that was cut to what it is drawn at.
    same = ("size=48", "size=48x32", "size=48x", "size=x32", "strength=0.5", "format=png", "generator=gated")
    assert {key_of(gated.stream(0), wanted(query, tmp_path)) for query in same} == {keys[0]}
    profile = tmp_path / "config.toml"
    profile.write_text('[generators.mine]\nuse = "gated"\nvariant = "a"\n')
    monkeypatch.setenv("PROMPTCODEC_CONFIG", str(profile))
    from promptcodec.server.renders import wanted as module

    before = key_of(gated.stream(0), Wanted("mine"))
    module._begun.cache_clear()
    profile.write_text('[generators.mine]\nuse = "gated"\nvariant = "b"\n')
    assert key_of(gated.stream(0), Wanted("mine")) != before


def test_a_picture_is_drawn_once_and_its_address_is_kept(tmp_path):
    (one, *_), gate = gated.archive(tmp_path / "a.pxa"), gated.GATE
    gate.set()
    with gated.served(tmp_path / "a.pxa") as client:
        first = client.get(f"/images/{one}/render?size=24")
        assert (first.status_code, first.headers["content-type"]) == (200, "image/png")
        assert Image.open(io.BytesIO(first.content)).size == (24, 16)
        tag = first.headers["etag"]
        assert first.headers["cache-control"] == "private, no-cache"
        again = client.get(f"/images/{one}/render?size=24")
        assert (again.content, again.headers["etag"]) == (first.content, tag)
        for tags in (tag, f'"x", W/{tag}', "*"):
            same = client.get(f"/images/{one}/render?size=24", headers={"If-None-Match": tags})
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        assert (
            client.get(f"/images/{one}/render?size=24", headers={"If-None-Match": '"x"'}).status_code == 200
        )
        assert len(gated.DRAWN) == 1
        # What was never drawn need not be, for who has it.
        key = key_of(gated.stream(0), Wanted("gated", side=20))
        held = client.get(f"/images/{one}/render?size=20", headers={"If-None-Match": f'"{key}"'})
        assert (held.status_code, len(gated.DRAWN)) == (304, 1)
        for form in ("jpeg", "webp"):
            drawn = client.get(f"/images/{one}/render?format={form}")
            assert drawn.headers["content-type"] == f"image/{form}"
            assert Image.open(io.BytesIO(drawn.content)).format == form.upper()
        report = client.get(f"/jobs/{tag.strip(chr(34))}").json()["report"]
        assert report["generator"] == "gated:one"
        assert (report["seed"], report["layers"], report["width"]) == (0, ["semantic"], 24)
        assert client.get(f"/images/{'0' * 32}/render").status_code == 404
        assert client.get(f"/images/{one}/render?sise=24").status_code == 400


def test_what_is_sent_is_drawn_as_what_is_kept(tmp_path):
    one = gated.archive(tmp_path / "a.pxa")[0]
    gated.GATE.set()
    with gated.served(tmp_path / "a.pxa") as client:
        kept = client.get(f"/images/{one}/render?seed=7")
        data = bitstream.write(bitstream.read(gated.stream(0), bare=True))
        sent = client.post("/decode?seed=7", content=data, headers={"Content-Type": "image/vnd.promptcodec"})
        assert (sent.content, sent.headers["etag"]) == (kept.content, kept.headers["etag"])
        assert len(gated.DRAWN) == 1
        broken = client.post("/decode", content=data[:-3])
        assert broken.status_code == 422
        assert client.post("/decode", content=bytes(2 << 20)).status_code == 413
        assert client.post("/decode?layers=texture", content=data).status_code == 422


def test_many_who_ask_at_once_come_to_one_generation(tmp_path):
    one, two, _ = gated.archive(tmp_path / "a.pxa")
    with gated.served(tmp_path / "a.pxa") as client, ThreadPoolExecutor(24) as threads:
        asked = [threads.submit(client.get, f"/images/{one}/render?size=30") for _ in range(24)]
        other = threads.submit(client.get, f"/images/{two}/render?size=30")
        gated.begun()
        gated.GATE.set()
        answers = [each.result() for each in asked]
        assert {each.status_code for each in answers} == {200}
        assert len({each.content for each in answers}) == 1
        assert other.result().content != answers[0].content
    assert len(gated.DRAWN) == 2


def test_a_generator_that_fails_says_so_and_is_asked_again(tmp_path):
    one = gated.archive(tmp_path / "a.pxa")[0]
    with gated.served(tmp_path / "a.pxa", ("gated:fail", "gated:odd")) as client:
        for count in (1, 2):
            failed = client.get(f"/images/{one}/render")
            assert failed.status_code == 502
            assert (failed.json()["kind"], failed.json()["detail"]) == ("generator", "the paint is dry")
            assert len(gated.DRAWN) == count
        job = client.get(re.search("<(.+)>", failed.headers["link"])[1]).json()
        assert (job["state"], job["error"]["kind"]) == ("failed", "generator")
        assert client.get(job["picture"]).status_code == 502
        odd = client.get(f"/images/{one}/render?generator=gated:odd")
        assert (odd.status_code, odd.json()["kind"]) == (500, "unexpected")
        assert "ZeroDivision" not in odd.text


def test_tiles_come_in_one_answer_and_are_kept(tmp_path):
    ids = gated.archive(tmp_path / "a.pxa")
    strange = "ff" * 16
    with gated.served(tmp_path / "a.pxa") as client:
        answer = client.get(f"/tiles?ids={','.join([*ids, strange])}&side=32")
        tiles = frames(answer.content)
        assert set(tiles) == {*ids, strange}
        assert tiles[strange] == b""
        assert all(tiles[id_].startswith(JPEG) for id_ in ids)
        assert Image.open(io.BytesIO(tiles[ids[0]])).size == (32, 21)
        assert frames(client.get(f"/tiles?ids={','.join(ids)}&side=32").content) == {
            id_: tiles[id_] for id_ in ids
        }
        assert not gated.DRAWN
        kept = [path for path in (tmp_path / "served" / "pictures").rglob("*") if path.is_file()]
        assert len(kept) == len(ids)


def test_tiles_that_cannot_be_are_refused(tmp_path):
    one = gated.archive(tmp_path / "a.pxa")[0]
    many = ",".join(f"{number:032x}" for number in range(97))
    queries = ["", "ids=", "ids=xyz", f"ids={many}", f"ids={one},"]
    queries += [f"ids={one}&{more}" for more in ("side=0", "side=513", "side=x", "size=20", "ids=" + one)]
    with gated.served(tmp_path / "a.pxa") as client:
        assert {client.get(f"/tiles?{query}").status_code for query in queries} == {400}


def test_a_paid_generator_needs_the_right_to_spend(tmp_path):
    from promptcodec.server import tokens

    one = gated.archive(tmp_path / "a.pxa")[0]
    gated.GATE.set()
    token = tokens.of("jane", "a secret of jane".replace(" ", "-"))
    with gated.served(tmp_path / "a.pxa", ("gated:paid",), tokens=(token,)) as client:
        assert client.get(f"/images/{one}/render").status_code == 401
        assert not gated.DRAWN
        paid = client.get(f"/images/{one}/render", headers={"Authorization": "Bearer a-secret-of-jane"})
        assert paid.status_code == 200
        # What was paid for is there for everybody.
        assert client.get(f"/images/{one}/render").content == paid.content
    assert len(gated.DRAWN) == 1
