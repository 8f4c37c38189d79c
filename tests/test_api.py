"""What calls cost and what caps them; keys go where they belong and are shown nowhere."""

from __future__ import annotations

import json
import sqlite3
import sys
import threading

import pytest
from PIL import Image

from promptcodec import encode, plugins
from promptcodec.api import answers, spending
from promptcodec.errors import MissingError, SpendingError, UsageError
from promptcodec.testing.loopback import serve
from tests.hosted import painter, vision

pytestmark = pytest.mark.usefixtures("kept_apart")

KEY = "sk-planted-4f1c9a7be2d05533"


def test_caps_hold_across_calls_and_say_so(server, scene, cli, tmp_path):
    scene.save(tmp_path / "a.png")
    scene.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "b.png")
    captioner = ("--captioner", vision(server), "--json")
    words = ("--layers", "semantic")
    code, out, _ = cli(
        "encode", "a.png", "b.png", "-o", "out", *words, "--max-requests", 1, "--jobs", 1, *captioner
    )
    first, second = map(json.loads, out.splitlines())
    assert (code, first["ok"], second["error"]["kind"]) == (1, True, "spending")
    assert first["spent"]["requests"] == 1
    assert first["spent"]["cost"] > 0
    code, out, _ = cli("encode", "b.png", "-o", "c.pxt", "--max-cost", "0.0001", *captioner)
    assert (code, json.loads(out)["error"]["kind"]) == (2, "spending")
    free = ("--captioner", f"chat:{server}?model=loopback-vision", "--json")
    code, out, _ = cli("encode", "b.png", "-o", "c.pxt", "--max-cost", "1", *free)
    assert (code, "no prices" in json.loads(out)["error"]["message"]) == (2, True)
    code, out, _ = cli("encode", "b.png", "-o", "c.pxt", *words, *free)
    assert (code, json.loads(out)["spent"]["cost"]) == (0, None)


def test_the_cap_counts_what_was_reserved_not_yet_settled():
    with spending.limited(spending.Limits(cost=1.0, requests=3)):
        spending.reserve(0.6)
        with pytest.raises(SpendingError, match=r"\$1.0000"):
            spending.reserve(0.6)
        spending.reserve(0.4)
        with pytest.raises(SpendingError):
            spending.reserve(0.01)


def test_threads_of_a_service_have_limits_of_their_own():
    refused = {}

    def serve_one(requests):
        with spending.limited(spending.Limits(requests=requests)):
            for _ in range(2):
                try:
                    spending.reserve(0.0)
                except SpendingError:
                    refused[requests] = refused.get(requests, 0) + 1

    threads = [threading.Thread(target=serve_one, args=(requests,)) for requests in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == {1: 1}


def test_a_dry_run_asks_nobody_and_needs_no_key(cli, scene, tmp_path):
    scene.save(tmp_path / "a.png")
    code, out, _ = cli("encode", "a.png", "--dry-run", "--json", "--captioner", "responses")
    plan = json.loads(out)
    assert (code, plan["dry_run"], plan["requests"]) == (0, True, 1)
    assert 0.0005 < plan["cost"] < 0.05
    assert isinstance(plan["exact"], bool)
    cli("encode", "a.png", "-o", "a.pxt", "--layers", "semantic")
    code, out, _ = cli("decode", "a.pxt", "--dry-run", "--json", "--generator", "images", "--best-of", 3)
    assert (code, json.loads(out)["requests"]) == (0, 3)
    assert 0.2 < json.loads(out)["cost"] < 0.4  # 3 pictures at $0.07 and their prompts
    code, out, _ = cli("encode", "a.png", "--dry-run")
    assert (code, "nothing was sent" in out) == (0, True)
    assert not (tmp_path / "cache").exists()


def test_a_planted_key_is_found_nowhere(cli, scene, tmp_path, monkeypatch):
    scene.save(tmp_path / "a.png")
    monkeypatch.setenv("MY_KEY", KEY)
    shown = ""
    with serve(["leak:1"], tmp_path / "log", KEY) as url:
        how = ("--captioner", vision(url, api_key_env="MY_KEY"))
        for _ in range(2):  # once refused with the key quoted, once answered
            shown += "".join(
                map(
                    str,
                    cli(
                        "encode",
                        "a.png",
                        "-o",
                        "a.pxt",
                        "--layers",
                        "semantic",
                        *how,
                        "--json",
                        "--overwrite",
                    ),
                )
            )
        shown += "".join(
            map(
                str, cli("decode", "a.pxt", "-o", "a2.png", "--generator", painter(url, api_key_env="MY_KEY"))
            )
        )
        shown += "".join(map(str, cli("inspect", "a.pxt", "--json")))
    assert (tmp_path / "a2.png").exists()
    assert "[key]" in shown
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert KEY not in shown
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


def test_keys_come_from_the_environment_alone_and_go_only_where_they_belong(monkeypatch, server):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for spec in (f"chat:{server}?model=m&api_key=x", "chat:http://me:secret@127.0.0.1/v1?model=m"):
        with pytest.raises(UsageError, match="api_key_env"):
            plugins.create("captioners", spec)
    seen = plugins.create("captioners", f"chat:{server}?model=loopback-vision")
    assert not seen._profile.api_key_env  # the shipped profile's key is for the shipped address
    assert seen.connection._line.client.api_key == "none"
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(MissingError, match="OPENAI_API_KEY"):
        _ = plugins.create("captioners", "responses").connection


def test_without_the_extra_it_says_which(monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MissingError, match=r"promptcodec\[api\]"):
        _ = plugins.create("captioners", "chat:http://127.0.0.1:1/v1?model=never-opened").connection


def test_prices_belong_to_their_model():
    ours = plugins.create("captioners", "responses")._profile
    other = plugins.create("captioners", "responses:https://api.openai.com/v1?model=some-other")._profile
    assert ours.output_price > 0
    assert other.api_key_env == ours.api_key_env
    assert other.output_price != other.output_price  # nan: unknown
    with pytest.raises(UsageError, match="modle"):
        plugins.create("captioners", "chat:http://127.0.0.1/v1?modle=x")


def test_what_was_spent_is_kept_without_words(server, scene):
    encode(scene, captioner=vision(server), layers=("semantic",))
    with sqlite3.connect(answers.folder() / "spending.sqlite") as ledger:
        rows = ledger.execute("SELECT host, endpoint, model, input_tokens, cost FROM calls").fetchall()
    ledger.close()
    (host, endpoint, model, tokens, cost) = rows[0]
    assert host.startswith("127.0.0.1:")
    assert (len(rows), endpoint, model) == (1, "chat", "loopback-vision")
    assert tokens > 500
    assert cost > 0
