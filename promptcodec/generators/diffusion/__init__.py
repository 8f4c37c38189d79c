"""The generator ``diffusers``: Stable Diffusion and others on this machine, from words and layers."""

from __future__ import annotations

from collections.abc import Mapping

from promptcodec.generators.diffusion import profiles
from promptcodec.generators.diffusion.generator import Diffusers
from promptcodec.generators.diffusion.small import Small


def create(profile: Mapping[str, str]) -> Diffusers | Small:
    """Make the generator; see docs/guide/diffusers.md for the entries of a profile.

    Raises:
        UsageError: there is no such profile, or an entry is wrong.
    """
    read = profiles.read(profile)
    small = read.pipeline("text") == "GridPipeline"
    return Small(read) if small else Diffusers(read, every=not profile)
