"""What a paid generator may cost over HTTP: only for who has a token, and no more than either cap."""

from __future__ import annotations

import pytest

pytest.importorskip("starlette", reason="needs the extra server")
pytest.importorskip("uvicorn", reason="needs the extra server")
pytest.importorskip("httpx", reason="needs the extra api")

from promptcodec.server import tokens
from promptcodec.server.app import make
from promptcodec.server.settings import ServeSettings
from tests.live_server import ask, live
from tests.serving import write_archive

ANNA, BOB = "anna-0123456789-0123456789", "bob-0123456789-0123456789ab"


def test_caps_over_http(server, kept_apart, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    (tmp_path / "none.toml").write_text(
        f'[generators.painter]\nuse = "images"\nurl = "{server}"\nmodel = "loopback-image"\n'
        "image_price = 1\ninput_price = 0\noutput_price = 0\n"
    )
    id_ = write_archive(tmp_path / "own.pxa")["sea.png"].hex()
    settings = ServeSettings(
        tmp_path / "own.pxa",
        ("builtin", "painter"),
        tokens=(tokens.of("anna", ANNA, 1.0), tokens.of("bob", BOB)),
        cache=tmp_path / "served",
        max_cost=2.0,
    )

    def draw(seed, *secret):
        path = f"/images/{id_}/render?generator=painter&size=64x64&seed={seed}"
        return ask(port, "GET", path, *(f"Authorization: Bearer {each}" for each in secret))

    with live(make(settings)) as port:
        assert draw(1).status == 401
        assert [draw(seed, ANNA).status for seed in (1, 2)] == [200, 402]
        assert draw(1, BOB).status == 200  # drawn already
        assert [draw(seed, BOB).status for seed in (3, 4)] == [200, 402]
    with live(make(settings)) as port:
        assert draw(5, ANNA).status == 402  # hers is of the day
