"""``python -m eval serve`` measures what it says it does; how quick anything is, no test asks."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("starlette", reason="needs the extra server")
pytest.importorskip("httpx", reason="needs the extra api")

from eval import commands
from eval.measure import archive_queries, serving, serving_page, serving_searches
from tests import gated
from tests.serving import copied


def test_a_small_load(tmp_path, monkeypatch, capsys):
    gated.archive(tmp_path / "a.pxa", 4)
    monkeypatch.setenv("PYTHONSAFEPATH", "")  # the laboratory is in no wheel
    monkeypatch.setattr(serving, "PARKED", 2)
    monkeypatch.setattr(serving_searches, "ROWS", ())
    words = ["serve", str(tmp_path / "a.pxa"), "--cached", "40", "--mixed", "40", "--connections", "8"]
    assert commands.main(words) == 0
    rows = {row["what"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["pictures"]["pictures"] == 4
    assert rows["one picture, all at once"]["statuses"] == {"200": 8}
    assert rows["tiles"]["tiles"] == 4
    assert rows["cached renders"]["statuses"] == {"200": 40}
    assert rows["not modified"]["statuses"] == {"304": 40}
    assert rows["mixture"]["statuses"] == {"200": 20}
    assert rows["killed"]["broken"] == 0
    assert rows["gone on with"]["done"] == rows["killed"]["jobs"]
    assert rows["gone on with"]["left"] == 0


@pytest.mark.slow
def test_lists_and_searches(tmp_path, monkeypatch):
    gated.archive(tmp_path / "a.pxa", 4)
    monkeypatch.setenv("PYTHONSAFEPATH", "")
    rows = list(serving_searches.searches(tmp_path / "a.pxa"))
    assert [(row["what"], row["rows"]) for row in rows] == [
        ("list", 12), ("searches", 12), ("list", 48), ("searches", 48),
    ]  # fmt: skip
    assert rows[0]["pictures"] == 4
    assert rows[1]["searches"] == sum(len(archive_queries.queries(kind)) for kind in serving_searches.KINDS)


@pytest.mark.browser
def test_the_page_is_painted_and_scrolled(pictures, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PYTHONSAFEPATH", "")
    monkeypatch.setattr(serving_page, "SETTLED", 0.1)
    monkeypatch.setattr(serving_page, "SCROLLED", 0.2)
    path = copied(pictures.path, tmp_path)
    assert commands.main(["serve-page", str(path)]) == 0
    rows = list(map(json.loads, capsys.readouterr().out.splitlines()))
    assert [row["screen"] for row in rows] == ["desktop", "phone"]
    assert all(row["painted_ms"] > 0 and row["frames"] > 1 for row in rows)
