"""Models that are shut down: told before the day, refused after it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from promptcodec import plugins
from promptcodec.api import profile as profiles
from promptcodec.api import shut_down
from promptcodec.errors import UsageError
from promptcodec.generators import Conditions
from tests.scripted import serving

pytest.importorskip("openai", reason="needs the extra api")
pytestmark = pytest.mark.usefixtures("kept_apart")

HOSTED = "https://api.openai.com/v1"


@pytest.fixture(autouse=True)
def _anew():
    shut_down.announce.cache_clear()


def day(from_now):
    return str(datetime.now(UTC).date() + timedelta(days=from_now))


def read(**given):
    return profiles.read("generators", "images", given)


def test_shipped_days_hold_for_their_address_and_model():
    profile = read(url=HOSTED, model="gpt-image-1.5")
    assert (profile.shut_down, profile.successor) == ("2026-12-01", "gpt-image-2")
    assert read(url=f"{HOSTED}/", model="dall-e-3").shut_down == "2026-05-12"
    for same in ("https://API.OpenAI.com/v1", "https://api.openai.com:443/v1", "HTTPS://api.openai.com./v1/"):
        assert read(url=same, model="dall-e-3").shut_down == "2026-05-12"
    for other in ("https://api.openai.com:444/v1", "http://api.openai.com/v1", "https://api.openai.com/v2"):
        assert not read(url=other, model="dall-e-3").shut_down
    assert not read(url="http://127.0.0.1:1/v1", model="dall-e-3").shut_down
    assert not read(url=HOSTED, model="gpt-image-2").shut_down
    assert read(url=HOSTED, model="dall-e-3", shut_down="2099-01-01").shut_down == "2099-01-01"


def test_shipped_days_are_days_and_no_shipped_model_is_gone():
    shipped = profiles._shipped()
    for entry in shipped["shut_down"]:
        assert date.fromisoformat(entry["day"]) > date(2026, 1, 1)
        assert entry["successor"] not in entry["models"]
    for role, plugin in (("captioners", "responses"), ("captioners", "chat"), ("generators", "images")):
        shut_down.check(profiles.read(role, plugin, {}))


def test_before_its_day_a_model_is_used_with_one_warning(caplog):
    profile = read(url=HOSTED, model="m", shut_down=day(9), successor="n")
    shut_down.announce(profile)
    shut_down.announce(profile)
    shut_down.check(profile)
    assert caplog.messages == [f"m is shut down on {day(9)}: use model=n"]


@pytest.mark.parametrize("ago", [0, 30])
def test_after_it_nobody_is_asked_and_the_successor_is_named(ago, caplog):
    shut_down.announce(read(url=HOSTED, model="m", shut_down=day(-ago)))
    assert caplog.messages == []  # the error says it
    with serving({}) as script:
        spec = f"images:{script.url}?model=m&shut_down={day(-ago)}&successor=n"
        draw = plugins.create("generators", spec)
        with pytest.raises(UsageError, match=rf"m was shut down on {day(-ago)}: use model=n"):
            draw.generate(
                Conditions((64, 64), 1, None, texture=__import__("PIL.Image").Image.new("RGB", (8, 8)))
            )
    assert script.asked == []


def test_a_day_that_is_none_is_named():
    with pytest.raises(UsageError, match="not a day as 2026-12-01"):
        plugins.create("generators", "images:http://127.0.0.1:1/v1?model=m&shut_down=soon")


def test_the_command_line_tells_it_as_any_other_line(cli, scene):
    scene.save("a.png")
    who = f"chat:http://127.0.0.1:9/v1?model=m%1B[31m&shut_down={day(9)}&successor=n"
    _, _, err = cli("encode", "a.png", "--dry-run", "--captioner", who)
    assert f"promptcodec: m\\x1b[31m is shut down on {day(9)}: use model=n\n" in err
    assert "\x1b" not in err
