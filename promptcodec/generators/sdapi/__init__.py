"""The generator ``sdapi``: servers people run themselves that speak ``/sdapi/v1``."""

from __future__ import annotations

from collections.abc import Mapping

from promptcodec.generators.sdapi import profile as profiles
from promptcodec.generators.sdapi.generator import SdApi


def create(profile: Mapping[str, str]) -> SdApi:
    """Make the generator; see docs/guide/sdapi.md for the entries of a profile.

    Raises:
        UsageError: an entry is wrong.
    """
    return SdApi(profiles.read(profile))
