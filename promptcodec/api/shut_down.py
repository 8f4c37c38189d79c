"""Models that their provider shuts down: told before the day, refused after it, with the one that follows."""

from __future__ import annotations

import functools
import logging
from datetime import UTC, date, datetime

from promptcodec.api.profile import Profile
from promptcodec.errors import UsageError

_log = logging.getLogger("promptcodec")


@functools.lru_cache(maxsize=16)
def announce(profile: Profile) -> None:
    """Tell, once a process, that the model of a profile will be shut down; once it was, ``check`` says so."""
    day = _day(profile)
    if day is not None and _today() < day:
        _log.warning("%s is shut down on %s%s", profile.model, day, _instead(profile))


def ends(profile: Profile) -> str:
    """Say when the model of a profile is shut down, and what follows it, ``""`` where no day is known.

    Raises:
        UsageError: the profile's day is none.
    """
    day = _day(profile)
    if day is None:
        return ""
    return f"{'it was' if _today() >= day else 'it is'} shut down on {day}{_instead(profile)}"


def days_left(day: str) -> int:
    """Give the days until a day such as 2026-12-01; 0 and below once it is there."""
    return (date.fromisoformat(day) - _today()).days


def check(profile: Profile) -> None:
    """Refuse to ask a model that is gone.

    Raises:
        UsageError: it was shut down; the message names its successor.
    """
    day = _day(profile)
    if day is not None and _today() >= day:
        raise UsageError(
            f"{profile.model} was shut down on {day}{_instead(profile)}; shut_down= with another day asks it "
            "all the same"
        )


def _day(profile: Profile) -> date | None:
    if not profile.shut_down:
        return None
    try:
        return date.fromisoformat(profile.shut_down)
    except ValueError:
        raise UsageError(
            f"the profile's shut_down is {profile.shut_down!r}, not a day as 2026-12-01"
        ) from None


def _today() -> date:
    return datetime.now(UTC).date()


def _instead(profile: Profile) -> str:
    return f": use model={profile.successor}" if profile.successor else ""
