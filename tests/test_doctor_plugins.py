"""What doctor says of plugins: strangers', those of the configuration file, those that ask servers."""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from promptcodec import plugins
from promptcodec.api import shut_down
from promptcodec.doctor import plugins as rows
from tests.raw_server import http, raw_server

for needed in ("openai", "httpx"):
    pytest.importorskip(needed, reason=f"needs the extra api: no {needed}")
pytestmark = pytest.mark.usefixtures("kept_apart")

KEY = "sk-of-these-tests-alone-0123456789"
STRANGER = """
import threading
from promptcodec.readiness import Readiness

class Plugin:
    def __init__(self, rows):
        self._rows = rows
    def examine(self):
        return self._rows()

def good(profile):
    print("hello from a plugin")
    return Plugin(lambda: [Readiness("local", True, "draws", "MIT"), Readiness("x:big", False, "get it")])
def silent(profile): return object()
def liar(profile): return Plugin(lambda: "all is well")
def half(profile): return Plugin(lambda: [Readiness("half", "yes", "")])
def raises(profile): return Plugin(lambda: 1 // 0)
def panics(profile): raise SystemExit("stop")
def hangs(profile): return Plugin(lambda: threading.Event().wait())
def lacks(profile): import not_there_at_all
def steers(profile): return Plugin(lambda: [Readiness("steers", False, "\\x1b[2Jgone\\n  ok  fine")])
"""
KINDS = ("good", "silent", "liar", "half", "raises", "panics", "hangs", "lacks", "steers")


@pytest.fixture
def stranger(monkeypatch, tmp_path):
    """Install a package with a generator of each kind."""
    folder = tmp_path / "site"
    place = folder / "stranger-1.dist-info"
    place.mkdir(parents=True)
    (folder / "stranger.py").write_text(STRANGER)
    (place / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1\n")
    lines = [f"{kind} = stranger:{kind}" for kind in KINDS]
    (place / "entry_points.txt").write_text("\n".join(["[promptcodec.generators]", *lines, ""]))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(rows, "SECONDS", 0.3)
    yield
    sys.modules.pop("stranger", None)


@pytest.fixture
def look(cli, tmp_path):
    """Run doctor with a configuration file; give the exit code and the object."""

    def run(config="", *args):
        (tmp_path / "none.toml").write_text(config)
        code, out, err = cli("doctor", "--json", *args)
        assert KEY not in out + err
        return code, json.loads(out)

    return run


def by_name(facts, role="generators"):
    return {row["name"]: row for row in facts[role]}


def test_strangers(look, cli, stranger):
    code, facts = look()
    seen = by_name(facts)
    assert code == 0
    assert seen["good"] == {"name": "good", "ok": True, "why": "draws", "licence": "MIT"}
    assert seen["good:big"] == {"name": "good:big", "ok": False, "why": "get it", "licence": ""}
    assert seen["silent"]["ok"]
    assert seen["half"]["ok"] is False
    for kind, why in (
        ("liar", "gives no list of Readiness"),
        ("raises", "unexpected ZeroDivisionError"),
        ("panics", "unexpected SystemExit: stop"),
        ("hangs", "did not say whether it works within 0.3 s"),
        ("lacks", "needs not_there_at_all: install it"),
    ):
        assert not seen[kind]["ok"]
        assert why in seen[kind]["why"]
    _, out, _ = cli("doctor")
    assert "  no  steers" in out
    assert "\\x1b[2Jgone\\n" in out
    assert not [line for line in out.splitlines() if line.startswith("  ok  fine")]


def test_one_that_hangs_while_it_is_made(monkeypatch):
    never = threading.Event()
    monkeypatch.setattr(rows, "SECONDS", 0.1)
    monkeypatch.setattr(rows.plugins, "create", lambda *_: never.wait(20))
    (row,) = rows._Work("checks", "slow").result()
    assert not row.ok
    assert "it was not loaded within 0.1 s" in row.why
    never.set()


def test_entries_of_the_configuration(look):
    _, facts = look(
        '[generators.mine]\nuse = "builtin"\n[generators.plain]\nuse = "builtin"\nvariant = "classical"\n'
        '[generators.none]\nuse = "nothing"\n[captioners.odd]\nuse = "chat"\nmodle = "x"\n'
    )
    seen = by_name(facts)
    assert (seen["mine"]["ok"], seen["mine:classical"]["ok"], seen["plain"]["ok"]) == (True, True, True)
    assert "no generator is called 'nothing'; installed: builtin" in seen["none"]["why"]
    assert "has no entry 'modle'" in by_name(facts, "captioners")["odd"]["why"]
    assert facts["config"]["ok"]
    assert "captioners.odd, generators.mine, generators.plain, generators.none" in facts["config"]["why"]


@pytest.mark.parametrize("config", ["[generators", "generators = 3", "[generators.images]\nuse = 3"])
def test_a_damaged_configuration(look, config):
    code, facts = look(config)
    assert not by_name(facts)["images"]["ok"]
    assert "the configuration" in by_name(facts)["images"]["why"]
    if "images" not in config:
        assert (code, facts["config"]["ok"]) == (4, False)
        (wrong,) = facts["wrong"]
        assert wrong.endswith("mend it, or name another in PROMPTCODEC_CONFIG")


def hosted(url, **more):
    entries = {"use": "images", "url": url, "model": "painter", "api_key_env": "THIS_KEY"} | more
    return "[generators.mine]\n" + "".join(f'{name} = "{value}"\n' for name, value in entries.items())


def listing(*names):
    return http({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})


ANSWERS = [
    (listing("other", "painter"), True, "127.0.0.1:PORT has painter"),
    (listing("painter:latest"), True, "has painter"),
    (http([{"id": "painter"}]), True, "has painter"),
    (listing("a", "b", "c", "d"), False, "lists no painter, but a, b, c and 1 more: name one, model=NAME"),
    (listing(f"x {KEY}"), False, "lists no painter, but x [key]"),
    (http({"odd": 1}), True, "its list of models does not say"),
    (http({"error": KEY}, "401 Unauthorized"), False, "refuses the key that THIS_KEY holds (401)"),
    (http({}, "404 Not Found"), False, "/models answers 404; is the address right"),
    (http({}, "302 Found", "location: http://127.0.0.2:1/"), False, "/models answers 302"),
    (http({}, "429 Too Many Requests"), False, "answers with 429: it is too busy"),
    (http(b"<html>", "503 Service Unavailable"), False, "answers with 503"),
    (http(b"<html>"), False, "gave no JSON"),
    (b"", False, "cannot be reached"),
]


@pytest.mark.parametrize(("answer", "ok", "why"), ANSWERS, ids=[why[:30] for _, _, why in ANSWERS])
def test_a_server_is_asked_for_its_models(answer, ok, why, monkeypatch):
    monkeypatch.setenv("THIS_KEY", KEY)
    with raw_server(answer) as server:
        spec = f"images:{server.url}?model=painter&api_key_env=THIS_KEY"
        (row,) = plugins.create("generators", spec).examine()
    assert row.ok is ok
    assert why.replace("PORT", str(server.port)) in row.why
    assert KEY not in row.why
    (request,) = server.requests
    assert request.startswith(b"GET /v1/models HTTP/1.1\r\n")
    assert f"authorization: bearer {KEY}".encode() in request.lower()


def test_nobody_is_asked_without_the_key_or_offline(look, monkeypatch):
    with raw_server(listing("painter")) as server:
        _, facts = look(hosted(server.url))
        assert "THIS_KEY holds no key" in by_name(facts)["mine"]["why"]
        monkeypatch.setenv("THIS_KEY", KEY)
        _, facts = look(hosted(server.url), "--offline")
        assert server.requests == []
        assert by_name(facts)["mine"]["why"].endswith("was not asked whether it has painter")
        assert not by_name(facts)["mine"]["ok"]
        _, facts = look(hosted(server.url))
        assert by_name(facts)["mine"]["ok"]
    assert len(server.requests) == 1


def test_a_server_that_wants_a_key_that_nobody_named(look):
    with raw_server(http({}, "403 Forbidden")) as server:
        _, facts = look(hosted(server.url, api_key_env=""))
    assert "wants a key (403): name the variable that holds it" in by_name(facts)["mine"]["why"]
    assert b"authorization: bearer none" in server.requests[0].lower()  # as pictures are asked for


def test_a_check_that_asks_a_model(look):
    with raw_server(listing("judge")) as server:
        _, facts = look(f'[checks.statements]\nurl = "{server.url}"\nmodel = "judge"\n')
        assert by_name(facts, "checks")["statements"]["ok"]
        _, facts = look()
    assert "under [checks.statements]" in by_name(facts, "checks")["statements"]["why"]


def day(from_now):
    return str(datetime.now(UTC).date() + timedelta(days=from_now))


def test_models_that_end(look, cli):
    shut_down.announce.cache_clear()
    with raw_server(listing("painter")) as server:
        config = hosted(server.url, api_key_env="", shut_down=day(9), successor="next")
        past = config.replace("mine", "past").replace(day(9), day(-3)).replace("painter", "gone")
        _, facts = look(config + past)
        seen = by_name(facts)
        _, out, err = cli("doctor")
    assert seen["mine"]["ok"]
    assert seen["mine"]["why"].endswith(f"has painter; it is shut down on {day(9)}: use model=next")
    assert f"gone was shut down on {day(-3)}: use model=next" in seen["past"]["why"]
    ours = [entry for entry in facts["shut_down"] if entry["used_by"]]
    assert ours == [
        {
            "model": model,
            "day": day(days),
            "successor": "next",
            "days_left": days,
            "used_by": [f"generators.{by}"],
        }
        for model, days, by in (("gone", -3, "past"), ("painter", 9, "mine"))
    ]
    assert all(entry["days_left"] > 0 for entry in facts["shut_down"] if not entry["used_by"])
    assert f"  no  {day(9)}          painter (generators.mine); next follows" in out
    assert "shut down" not in err  # the rows say it
    assert len(server.requests) == 2  # nobody asks a model that is gone


def test_a_day_that_is_none_is_a_row(look):
    _, facts = look(hosted("http://127.0.0.1:9/v1", shut_down="soon"))
    assert "not a day as 2026-12-01" in by_name(facts)["mine"]["why"]
