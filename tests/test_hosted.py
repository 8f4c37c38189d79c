"""Captioners and image generator against a real HTTP server and its faults."""

from __future__ import annotations

import json

import numpy as np
import pytest

from promptcodec import decode, encode, inspect, plugins
from promptcodec.api import answers
from promptcodec.description import format_text, parse_text
from promptcodec.errors import ApiError, CaptionerError, GeneratorError, UsageError
from promptcodec.generators import Conditions
from promptcodec.testing.loopback import app, responses, serve
from tests.hosted import calls, painter, vision

pytestmark = pytest.mark.usefixtures("kept_apart")


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """Be asked to wait for a moment, not for a second."""
    monkeypatch.setattr(responses, "_RETRY_AFTER", "0.05")


@pytest.mark.parametrize("name", ["chat", "responses"])
def test_a_caption_through_the_api_is_what_the_model_says(server, scene, name):
    description = plugins.create("captioners", vision(server, name)).describe(scene, rows=3, cols=4)
    assert (description.rows, description.cols, len(description.cells)) == (3, 4, 12)
    assert parse_text(format_text(description)) == description
    ours = plugins.create("captioners", "local").describe(scene, rows=3, cols=4)
    # The model saw a JPEG: some shades differ, the sea is where it is.
    assert sum(a.colours == b.colours for a, b in zip(description.cells, ours.cells, strict=True)) >= 6


def test_the_stream_keeps_to_its_budget_and_says_who_spoke(server, scene):
    for budget in (30, 60, 200):
        stream = encode(scene, captioner=vision(server), layers=("semantic",), budget=budget)
        assert len(stream) <= budget
        assert inspect(stream)["description"]["cells"]
    assert b"loopback" not in encode(scene, captioner=vision(server), layers=("semantic",))  # nor any address


def test_a_long_caption_is_tightened_by_the_model_then_cut_here(scene, tmp_path):
    log = tmp_path / "log"
    with serve(["echo:1"], log) as url:  # a summary as long as the prompt
        stream = encode(scene, captioner=vision(url), layers=("semantic",), budget=120)
    assert len(stream) <= 120
    assert 2 <= len(calls(log)) <= 3


def test_decoding_draws_at_a_legal_size_and_tells_what_it_cost(server, scene):
    stream = encode(scene, layers=("semantic",))
    drawn = decode(stream, generator=painter(server), check=True, best_of=2)
    assert drawn.image.size == scene.size
    first, second = drawn.report.candidates
    assert second.seed == first.seed + 1
    assert 0 < first.cost < 0.02
    assert drawn.report.spent.requests == 2
    assert drawn.report.provenance["model"] == "loopback-image"
    sea = np.asarray(drawn.image)[70, 96].astype(int)
    assert sea[2] > sea[0]


def test_words_alone_are_generated_and_pictures_edited(scene, tmp_path):
    log = tmp_path / "log"
    words = plugins.create("captioners", "local").describe(scene, rows=2, cols=3)
    lines = scene.convert("L")
    with serve((), log) as url:
        draw = plugins.create("generators", painter(url))
        for given in (
            Conditions((192, 128), 1, words),
            Conditions((192, 128), 1, words, texture=scene, structure=lines),
            Conditions((192, 128), 1, texture=scene),
        ):
            assert draw.generate(given).size == (192, 128)
        with pytest.raises(UsageError, match="neither words nor pictures"):
            plugins.create("generators", painter(url, references="no")).generate(given)
    paths = [call["path"].rpartition("/")[2] for call in calls(log)]
    assert paths == ["generations", "edits", "edits"]


def test_a_chat_model_draws_from_words_and_pictures(scene, tmp_path):
    log = tmp_path / "log"
    words = plugins.create("captioners", "local").describe(scene, rows=2, cols=3)
    with serve(["empty"], log) as url:
        draw = plugins.create("generators", painter(url, dialect="chat"))
        drawn = draw.generate(Conditions((192, 128), 1, words))  # empty once, then a picture
        assert drawn.size == (192, 128)
        referred = draw.generate(Conditions((192, 128), 1, words, texture=scene))
    assert [call["path"] for call in calls(log)] == ["/v1/chat/completions"] * 3
    # The sea is where it is, the more so with the picture sent along.
    assert int(np.asarray(drawn)[70, 96, 2]) > int(np.asarray(drawn)[70, 96, 0])
    difference = np.abs(np.asarray(referred, int) - np.asarray(scene, int)).mean()
    assert difference < np.abs(np.asarray(drawn, int) - np.asarray(scene, int)).mean()


def test_nothing_is_paid_for_twice(scene, tmp_path):
    log = tmp_path / "log"
    with serve((), log) as url:
        first = encode(scene, captioner=vision(url), layers=("semantic",))
        assert encode(scene, captioner=vision(url), layers=("semantic",)) == first
        stream = encode(scene, layers=("semantic",))
        assert decode(stream, generator=painter(url)).image == decode(stream, generator=painter(url)).image
    assert len(calls(log)) == 2


RECOVERS = ["429", "500", "drop", "badjson", "truncated", "schema"]


@pytest.mark.parametrize("name", ["chat", "responses"])
@pytest.mark.parametrize("fault", RECOVERS)
def test_a_fault_that_passes_ends_in_a_caption(scene, tmp_path, fault, name):
    with serve([fault], tmp_path / "log") as url:
        assert encode(scene, captioner=vision(url, name), layers=("semantic",))
    assert len(calls(tmp_path / "log")) == 2


@pytest.mark.parametrize("fault", ["429", "500", "drop", "badjson", "empty", "size"])
def test_a_fault_that_passes_ends_in_a_picture(scene, tmp_path, fault):
    with serve([fault], tmp_path / "log") as url:
        assert decode(encode(scene, layers=("semantic",)), generator=painter(url)).image.size == scene.size
    assert len(calls(tmp_path / "log")) == 2


STAYS = {
    "429": (ApiError, "rate limit"),
    "quota": (ApiError, "quota"),
    "500": (ApiError, "failed after 1 retries"),
    "slow": (ApiError, "within 0.2 s"),
    "drop": (ApiError, "cannot be reached, or breaks off"),
    "leak": (ApiError, "does not accept the key"),
    "badjson": (CaptionerError, "no JSON"),
    "truncated": (CaptionerError, "cut at its limit"),
    "schema": (CaptionerError, "no 'medium'"),
    "refusal": (CaptionerError, "refused"),
}


@pytest.mark.parametrize("fault", STAYS)
def test_a_fault_that_stays_is_one_clear_error(scene, fault, monkeypatch):
    monkeypatch.setattr(app, "_SLOW", 0.6)
    kind_of, words = STAYS[fault]
    timeout = 0.2 if fault == "slow" else 60
    with serve([f"{fault}:9"]) as url, pytest.raises(kind_of, match=words):
        encode(scene, captioner=vision(url, retries=1, timeout=timeout))
    assert not list(answers.folder().rglob("*.json"))


@pytest.mark.parametrize(
    ("fault", "words"), [("refusal", "refused"), ("empty", "no picture"), ("size", "was asked for")]
)
def test_a_picture_that_never_comes_is_one_clear_error(scene, fault, words):
    with serve([f"{fault}:9"]) as url, pytest.raises(GeneratorError, match=words):
        decode(encode(scene, layers=("semantic",)), generator=painter(url))


def test_the_command_line_writes_all_or_nothing(cli, scene, tmp_path):
    scene.save(tmp_path / "a.png")
    with serve(["refusal:1", "500:9"]) as url:
        code, _, err = cli("encode", "a.png", "-o", "a.pxt", "--captioner", vision(url))
        assert (code, "refused" in err) == (2, True)
        code, out, _ = cli("encode", "a.png", "-o", "a.pxt", "--captioner", vision(url, retries=0), "--json")
        assert (code, json.loads(out)["error"]["kind"]) == (4, "api")
    code, _, err = cli(
        "encode", "a.png", "-o", "a.pxt", "--captioner", vision("http://127.0.0.1:9/v1", retries=0)
    )
    assert (code, "cannot be reached" in err) == (4, True)
    assert {path.name for path in tmp_path.iterdir()} <= {"a.png", "cache", "none.toml"}
