"""Which server answers at an address."""

from __future__ import annotations

import contextlib
from typing import Any

from promptcodec.api.servers import Server
from promptcodec.errors import ApiError, UsageError
from promptcodec.generators.sdapi.dialects import DIALECTS

_LOOK = 10.0
PLACEHOLDER = "8888888888"
"""The hash that stable-diffusion.cpp and KoboldCpp give for any model."""


def find(server: Server, models: list[dict[str, Any]]) -> str:
    """Find out the kind from what only that kind answers, in the order of the guide's table.

    Args:
        server: it has answered ``/sdapi/v1/sd-models``.
        models: with this.

    Returns:
        A name of DIALECTS.

    Raises:
        UsageError: it answers like none of them.
    """
    if isinstance(_ask(server, "/sdapi/v1/version"), dict):
        return "sdnext"
    flags = _ask(server, "/sdapi/v1/cmd-flags")
    if isinstance(flags, dict):
        return "forge" if any("forge" in name for name in flags) else "a1111"
    version = _ask(server, "/api/extra/version")
    if isinstance(version, dict) and version.get("result") == "KoboldCpp":
        return "koboldcpp"
    if isinstance(_ask(server, "/sdcpp/v1/capabilities"), dict):
        return "sdcpp"
    if any(model.get("hash") == PLACEHOLDER for model in models):
        return "sdcpp"
    if models and all("model_name" in model and "title" not in model for model in models):
        return "xinference"
    raise UsageError(
        f"nothing that {server.url} answers says which server it is: name it, server= one of "
        f"{', '.join(DIALECTS)}"
    )


def _ask(server: Server, path: str) -> Any:
    with contextlib.suppress(ApiError):
        return server.get(path, timeout=_LOOK)
    return None
