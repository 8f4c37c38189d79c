"""Interim pictures of hosted image models: shown, paid for, stored, cut off, refused, cancelled."""

from __future__ import annotations

import base64
import io
import json
import math

import numpy as np
import pytest
from PIL import Image

from promptcodec import decoding, encode, plugins
from promptcodec.api import client, following, spending
from promptcodec.api.streams import Reader
from promptcodec.errors import ApiError, CancelledError, GeneratorError
from promptcodec.generators import Conditions
from promptcodec.generators.watching import Watch
from promptcodec.testing.loopback import answer, serve
from tests.hosted import calls, painter
from tests.raw_server import raw_server
from tests.scripted import serving

pytestmark = pytest.mark.usefixtures("kept_apart")
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


def coded(colour):
    file = io.BytesIO()
    Image.new("RGB", (48, 32), colour).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def event(kind, **fields):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"


RED, GREEN = coded("red"), coded("green")
USAGE = {"input_tokens": 10, "output_tokens": 1100, "total_tokens": 1110}
PARTIAL = event("image_generation.partial_image", b64_json=GREEN, partial_image_index=0)
FINAL = event("image_generation.completed", b64_json=RED, usage=USAGE)
ANSWER = {"data": [{"b64_json": RED}], "usage": USAGE}


class Seen:
    """What a generator has reported."""

    def __init__(self):
        self.reports = []

    @property
    def watch(self):
        return Watch(self.reports.append, previews=True)

    @property
    def previews(self):
        return [report.preview for report in self.reports if report.preview is not None]

    @property
    def steps(self):
        """How far it was, however often it was said."""
        steps = [(report.done, report.total) for report in self.reports]
        return list(dict.fromkeys(steps))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Let the server draw less before it scales up, and nobody wait before the second try."""
    monkeypatch.setattr(answer, "_LONGEST_DRAWN", 48)
    monkeypatch.setattr(client, "_FIRST_WAIT", 0.01)


@pytest.fixture
def seen():
    return Seen()


@pytest.fixture(scope="module")
def words(scene):
    return decoding.conditions(encode(scene, layers=("semantic",)))


def draw(spec, conditions, watch):
    return plugins.create("generators", spec).generate(conditions, watch)


def test_interim_pictures_are_previews_and_the_last_is_the_picture(words, scene, seen, tmp_path):
    log = tmp_path / "log.jsonl"
    with serve(log=log) as url:
        picture = draw(painter(url, retries=1), words, seen.watch)
        assert seen.steps == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
        finer = [
            float(np.abs(np.asarray(each.resize(picture.size), float) - np.asarray(picture)).mean())
            for each in seen.previews
        ]
        assert finer == sorted(finer, reverse=True)
        assert len(finer) == 3
        seen.reports.clear()
        edited = draw(painter(url, retries=1), Conditions((192, 128), 1, texture=scene), seen.watch)
        assert len(seen.previews) == 3
        assert edited.size == (192, 128)
    assert [call["path"].rpartition("/")[2] for call in calls(log)] == ["generations", "edits"]


def test_a_stream_costs_what_it_counts_and_is_stored_as_any_other_answer(words, seen, tmp_path):
    log = tmp_path / "log.jsonl"
    with serve(log=log) as url:
        generator = plugins.create("generators", painter(url, retries=1))
        plain, streamed = generator.estimate(words), generator.estimate(words, seen.watch)
        assert streamed - plain == pytest.approx(300 * 4 / 1e6)
        with spending.metered() as spent:
            picture = generator.generate(words, seen.watch)
        tokens = spent.output_tokens
        assert (spent.requests, spent.stored) == (1, 0)
        seen.reports.clear()
        with spending.metered() as spent:
            assert generator.generate(words).tobytes() == picture.tobytes()
            assert generator.generate(words, seen.watch).tobytes() == picture.tobytes()
        assert (spent.requests, spent.stored) == (0, 2)
        assert (seen.previews, seen.steps) == ([], [(0, 4), (4, 4)])
        with spending.metered() as spent:
            draw(painter(url, timeout=60), Conditions((192, 128), 2, words.description), Watch())
        assert tokens == spent.output_tokens + 300
    assert len(calls(log)) == 2


def test_the_pictures_of_each_layer_are_counted_too(cli, scene, tmp_path):
    (tmp_path / "a.pxt").write_bytes(encode(scene, layers=("semantic", "texture")))
    with serve(log=tmp_path / "log.jsonl") as url:
        options = ("--generator", painter(url), "--progressive", "steps", "--json")
        code, out, _ = cli("decode", "a.pxt", "-o", "a.png", *options)
    assert code == 0
    assert json.loads(out)["spent"]["requests"] == len(calls(tmp_path / "log.jsonl")) == 2


def test_an_estimate_counts_the_previews_of_each_candidate(scene):
    data = encode(scene, layers=("semantic",))
    spec = painter("http://127.0.0.1:9/v1")
    plain, seen_all = (
        decoding.estimate(data, generator=spec, best_of=3, progressive=previews) for previews in (False, True)
    )
    assert seen_all.cost - plain.cost == pytest.approx(3 * 300 * 4 / 1e6)
    assert seen_all.requests == plain.requests


@pytest.mark.parametrize("size", [1, 7, 4096, 10**6])
def test_events_are_read_wherever_their_pieces_end(size):
    body = (PARTIAL + FINAL.replace("\n", "\r\n")).encode()
    reader, events = Reader(), []
    for start in range(0, len(body), size):
        events += reader.feed(body[start : start + size])
    assert [each["b64_json"] for each in events] == [GREEN, RED]


@pytest.mark.parametrize(
    ("fault", "previews", "error"),
    [("final-first", 0, None), ("stream-cut:1", 4, None), ("stream-error", 1, ApiError)],
)
def test_streams_that_are_not_as_they_should_be(words, seen, fault, previews, error):
    with serve([fault]) as url, spending.metered() as spent:
        if error:
            with pytest.raises(error, match="The stream failed"):
                draw(painter(url, retries=1), words, seen.watch)
        else:
            assert draw(painter(url, retries=1), words, seen.watch).size == words.size
    assert len(seen.previews) == previews
    assert spent.requests == (2 if fault.endswith(":1") else 1)
    assert spent.cost > (0.003 if fault == "final-first" else 0.011)  # what broke off may be billed too


def test_a_picture_that_is_there_is_taken_though_its_stream_breaks_off(words, seen):
    whole = (PARTIAL + FINAL).encode()
    head = HEAD.replace(b"close", b"close\r\ncontent-length: %d" % (len(whole) + 99))
    with raw_server(head + whole) as server, spending.metered() as spent:
        picture = draw(f"images:{server.url}?model=m&retries=0", words, seen.watch)
    assert picture.getpixel((9, 9)) == (255, 0, 0)
    assert (len(seen.previews), spent.requests) == (1, 1)


def test_interim_pictures_that_cannot_be_read_are_passed_over(words, seen):
    odd = [event("image_generation.partial_image", partial_image_index=0, **more) for more in ODD]
    with serving("".join([*odd, FINAL])) as server:
        assert draw(f"images:{server.url}?model=m&retries=0", words, seen.watch).getpixel((9, 9)) == (
            255,
            0,
            0,
        )
    assert seen.previews == []


ODD = [{}, {"b64_json": None}, {"b64_json": "&"}, {"b64_json": GREEN[:40]}, {"b64_json": {"a": 1}}]


@pytest.mark.parametrize(
    ("message", "left"),
    [
        ("Unknown parameter: 'stream'.", set()),
        ("Streaming is not supported for this model.", set()),
        ("Unknown parameter: 'partial_images'.", {"stream"}),
    ],
)
def test_a_server_that_does_not_stream_is_asked_without(words, seen, message, left):
    def heeding(question):
        named = "partial_images" if "partial_images" in message else "stream"
        return (400, {"error": {"message": message}}) if named in question else ANSWER

    with serving(heeding) as server:
        for seed in (1, 2):  # what was learnt holds
            given = Conditions(words.size, seed, words.description)
            assert draw(f"images:{server.url}?model=m&retries=0", given, seen.watch).getpixel((9, 9)) == (
                255,
                0,
                0,
            )
    assert len(server.asked) == 3
    assert {"stream", "partial_images"} & set(server.asked[1]) == left


def test_a_server_that_heeds_no_stream_is_read_all_the_same(words, seen):
    with serving(ANSWER) as server:
        assert draw(f"images:{server.url}?model=m&retries=0", words, seen.watch).getpixel((9, 9)) == (
            255,
            0,
            0,
        )
    assert (server.asked[0]["stream"], server.asked[0]["partial_images"]) == (True, 3)


def test_the_tool_of_the_responses_api_shows_interim_pictures(words, seen):
    call = {"type": "image_generation_call", "id": "ig", "status": "completed", "result": RED}
    done = {"status": "completed", "output": [call], "usage": {"input_tokens": 5, "output_tokens": 9}}
    body = event("response.created", response={"status": "in_progress", "output": []})
    body += event(
        "response.image_generation_call.partial_image", partial_image_b64=GREEN, partial_image_index=0
    )
    body += event("response.completed", response=done)
    with serving(body) as server, spending.metered() as spent:
        picture = draw(f"images:{server.url}?model=m&dialect=responses", words, seen.watch)
    assert picture.getpixel((9, 9)) == (255, 0, 0)
    assert [each.getpixel((9, 9)) for each in seen.previews] == [(0, 128, 0)]
    assert server.asked[0]["stream"] is True
    assert server.asked[0]["tools"][0]["partial_images"] == 3
    assert (spent.input_tokens, spent.output_tokens) == (5, 9)


def test_nobody_who_wants_no_previews_pays_for_a_stream(words):
    with serving(ANSWER) as server:
        reports = []
        draw(f"images:{server.url}?model=m&retries=0", words, Watch(reports.append))
    assert not {"stream", "partial_images"} & set(server.asked[0])
    assert {(report.done, report.total) for report in reports} == {(0, 1), (1, 1)}


@pytest.mark.parametrize("pieces", [[PARTIAL], []])
def test_who_watches_ends_a_picture_and_its_connection(words, monkeypatch, pieces):
    monkeypatch.setattr(following, "PULSE", 0.05)
    ended = []

    def hang(connection):
        connection.sendall(HEAD + "".join(pieces).encode())
        connection.settimeout(5)
        ended.append(connection.recv(1))

    def stop(progress):
        waited.append(progress)
        if progress.preview or len(waited) > 2:
            raise CancelledError("enough")

    waited = []
    with raw_server(hang) as server, spending.metered() as spent:
        spec = f"images:{server.url}?model=m&input_price=1&output_price=4&image_price=0.01"
        with pytest.raises(CancelledError, match="enough"):
            draw(spec, words, Watch(stop, previews=True))
        for _ in range(100):
            if ended:
                break
            math.factorial(5000)
    assert ended == [b""]  # the server hears that nobody listens any more
    assert spent.requests == 1
    assert spent.cost > 0.01  # it may have drawn


def test_a_refusal_is_one_with_a_stream_too(words, seen):
    with serve(["refusal:1"]) as url, pytest.raises(GeneratorError, match="refused"):
        draw(painter(url, retries=1), words, seen.watch)
