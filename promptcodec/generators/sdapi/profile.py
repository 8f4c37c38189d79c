"""The profile of a server: where it is, what it is, what it is to draw with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from promptcodec.errors import UsageError
from promptcodec.generators.sdapi.dialects import DIALECTS
from promptcodec.generators.servers import profile as profiles

_WHERE = "sdapi:http://127.0.0.1:7860"
_RANGES = {"steps": (1.0, 1000.0), "cfg": (0.0, 100.0), "timeout": (0.001, 1e6)}


@dataclass(frozen=True, slots=True)
class Profile:
    """One server.

    Attributes:
        url: up to what stands before ``/sdapi``; ``""`` where none was named.
        server: one of DIALECTS; ``""`` is found out from what the server answers.
        model: the checkpoint's title, name or file name; ``""`` is the one that is loaded.
        steps, cfg: of the sampler; 0 and nan are the dialect's own.
        sampler, scheduler: as the server names them; ``""`` are its own.
        area: pixels a picture is drawn at; 0 chooses by the model.
        edges, pose: control models for contours and for skeletons; ``""`` chooses by name.
        api_key_env: the environment variable that holds the key, or ``user:password``.
        timeout: seconds of silence that end a request.
    """

    url: str = ""
    server: str = ""
    model: str = ""
    steps: int = 0
    cfg: float = math.nan
    sampler: str = ""
    scheduler: str = ""
    area: int = 0
    edges: str = ""
    pose: str = ""
    api_key_env: str = ""
    timeout: float = 600.0


def read(given: Mapping[str, str]) -> Profile:
    """Read the entries a user wrote.

    Raises:
        UsageError: an entry is unknown, or wrong.
    """
    profile = profiles.read(Profile, given, _RANGES, name="sdapi", example=_WHERE)
    if profile.server and profile.server not in DIALECTS:
        raise UsageError(
            f"the sdapi profile's server is one of {', '.join(DIALECTS)}, not {profile.server!r}"
        )
    return profile


def named(profile: Profile) -> str:
    """Say how to name a server's address, ``""`` where it is named."""
    return "" if profile.url else f"name its address: {_WHERE}"
