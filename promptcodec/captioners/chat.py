"""The captioner ``chat``: any OpenAI-compatible server, through Chat Completions."""

from __future__ import annotations

from collections.abc import Mapping

from promptcodec.api import profile as profiles
from promptcodec.captioners.hosted import HostedCaptioner


def create(profile: Mapping[str, str]) -> HostedCaptioner:
    """Make the captioner; see docs/guide/hosted-models.md for the entries of a profile.

    Raises:
        UsageError: an entry is wrong.
    """
    return HostedCaptioner("chat", profiles.read("captioners", "chat", profile))
