"""How many examples a property is tried on: ``--hypothesis-profile=thorough`` tries ten times as many."""

from __future__ import annotations

from hypothesis import settings


def examples(share):
    """Try ``share`` times as many examples as the profile says: fewer where one is dear, more where it is cheap."""
    return settings(max_examples=round(share * settings.default.max_examples))
