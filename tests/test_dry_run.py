"""A dry run counts what would really be asked."""

from __future__ import annotations

import json

import pytest

for needed in ("openai", "starlette", "uvicorn"):
    pytest.importorskip(needed, reason=f"needs the extras api and server: no {needed}")

from promptcodec.api import spending
from promptcodec.captioners.hosted import HostedCaptioner
from promptcodec.testing.loopback import serve

SETTINGS = [
    (),
    ("--budget", "60B"),
    ("--quality", "1"),
    ("--quality", "2", "--layers", "semantic"),
    ("--budget", "300B", "--layers", "semantic,texture,structure,pixels", "--tune", "generative"),
    ("--bpp", "0.05", "--layers", "semantic,structure", "--seed", "7"),
]


@pytest.fixture(autouse=True)
def _kept_apart(monkeypatch, tmp_path):
    monkeypatch.setenv("PROMPTCODEC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PROMPTCODEC_CONFIG", str(tmp_path / "none.toml"))
    (tmp_path / "none.toml").write_text("")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with spending.limited(spending.Limits()):
        yield


@pytest.fixture
def asked(monkeypatch):
    """Collect the questions that a hosted captioner makes up, sent or not."""
    questions = []
    real = HostedCaptioner._ask

    def ask(*args, **named):
        question = real(*args, **named)
        questions.append(question.instructions + question.text)
        return question

    monkeypatch.setattr(HostedCaptioner, "_ask", ask)
    return questions


@pytest.fixture(scope="module")
def server():
    with serve() as url:
        yield url


@pytest.mark.parametrize("options", SETTINGS, ids=" ".join)
def test_what_is_estimated_is_what_is_asked(cli, scene, asked, server, tmp_path, options):
    scene.save(tmp_path / "a.png")
    who = ("--captioner", f"chat:{server}?model=loopback-vision")
    code, out, _ = cli("encode", "a.png", "--dry-run", "--json", *who, *options)
    assert (code, json.loads(out)["requests"]) == (0, 1)
    estimated = list(asked)
    asked.clear()
    code, out, _ = cli("encode", "a.png", "-o", "a.pxt", "--json", *who, *options)
    assert code == 0
    assert estimated == asked[:1]
    assert json.loads(out)["spent"]["requests"] >= 1


@pytest.mark.parametrize(
    "options",
    [("--layers", "texture"), ("--layers", "structure,signature"), ("--description", "words.txt")],
    ids=" ".join,
)
def test_nothing_is_asked_where_no_words_are_wanted(cli, scene, asked, tmp_path, options):
    scene.save(tmp_path / "a.png")
    (tmp_path / "words.txt").write_text("photo 1x1\nr1c1 red\n")
    code, out, _ = cli("encode", "a.png", "--dry-run", "--json", "--captioner", "responses", *options)
    estimate = json.loads(out)
    assert (code, estimate["requests"], estimate["requests_most"], estimate["cost"]) == (0, 0, 0, 0)
    assert not asked
    assert "input_tokens" not in estimate


@pytest.mark.parametrize(
    ("layers", "wanted"),
    [("semantic,texture", "small picture of its colours"), ("semantic", "Colours of cells are")],
)
def test_nouns_are_asked_for_where_a_texture_layer_keeps_the_colours(
    cli, scene, asked, server, layers, wanted
):
    scene.save("a.png")
    who = ("--captioner", f"chat:{server}?model=loopback-vision")
    assert cli("encode", "a.png", "--dry-run", "--budget", "200B", "--layers", layers, *who)[0] == 0
    assert wanted in " ".join(asked[0].split())
