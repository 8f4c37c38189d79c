"""How many examples a property is tried on: ``--hypothesis-profile=thorough`` tries ten times as many."""

from __future__ import annotations

from hypothesis import settings


def examples(share):
    """Try ``share`` times the profile's number: few where an example is dear, many where it is cheap."""
    return settings(max_examples=round(share * settings.default.max_examples))
