"""What a user says of a ComfyUI server: where it is, which models it takes, how it samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from promptcodec.errors import UsageError
from promptcodec.generators.servers import profile as profiles

EXAMPLE = "comfyui:http://127.0.0.1:8188"
_RANGES = {"steps": (1, 10_000), "guidance": (0, 100), "timeout": (0.1, 1e6)}


@dataclass(frozen=True, slots=True)
class Profile:
    """One server and how it is used.

    Attributes:
        url: of the server; ``""`` where none was named.
        checkpoint: file name as the server lists it; ``""`` is the first.
        edges, pose: control models for contours and for skeletons; ``""`` chooses by name.
        workflow: path of a graph in API format instead of the shipped one.
        api_key_env: the environment variable that holds the key, or ``user:password``.
        prompt: the family of the text encoder, ``clip`` or ``long``; ``""`` chooses by the checkpoint.
        area: pixels a picture is drawn at; 0 chooses by the checkpoint.
        steps, guidance, sampler, scheduler: of the sampling.
        timeout: seconds a picture may take, waiting included.
    """

    url: str = ""
    checkpoint: str = ""
    edges: str = ""
    pose: str = ""
    workflow: str = ""
    api_key_env: str = ""
    prompt: str = ""
    area: int = 0
    steps: int = 20
    guidance: float = 6.0
    sampler: str = "euler"
    scheduler: str = "normal"
    timeout: float = 3600.0


def read(given: Mapping[str, str]) -> Profile:
    """Make a profile from what the user wrote.

    Raises:
        UsageError: an entry is unknown or of the wrong kind.
    """
    profile = profiles.read(Profile, given, _RANGES, name="comfyui", example=EXAMPLE)
    if profile.prompt not in {"", "clip", "long"}:
        raise UsageError(f"the comfyui profile's prompt is {profile.prompt!r}; it is clip or long")
    return profile
