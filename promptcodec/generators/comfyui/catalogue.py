"""What nodes a server has and what they take: its ``/object_info``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from promptcodec.api.servers import Server, StatusError
from promptcodec.errors import ApiError

Catalogue = Mapping[str, Mapping[str, Any]]


class Input(NamedTuple):
    """What a node takes under one name.

    Attributes:
        kind: its type; ``COMBO`` for one of a list, in either way that servers write it.
        options: the list, None where it is no such, or the server does not know it itself.
        required: the node does not run without.
        uploaded: the list is of pictures in the input folder; others than those listed may be there.
        words: it is a text of several lines.
    """

    kind: str
    options: tuple[Any, ...] | None
    required: bool
    uploaded: bool
    words: bool


def read(server: Server, kind: str = "", *, timeout: float | None = None) -> Catalogue:
    """Ask for it.

    Args:
        server: which.
        kind: the one class that is asked about, ``""`` for all.
        timeout: seconds of silence.

    Raises:
        ApiError: the server cannot be reached, or is no ComfyUI.
    """
    try:
        answer = server.get(f"/object_info/{kind}" if kind else "/object_info", timeout=timeout)
    except StatusError as error:
        way = "is this a ComfyUI server?"
        if error.status in {401, 403}:
            way = "api_key_env=NAME names the variable that holds the key, or user:password"
        raise ApiError(f"{error}; {way}") from None
    if not isinstance(answer, dict) or not all(
        isinstance(info, dict) and isinstance(info.get("input"), dict) for info in answer.values()
    ):
        raise ApiError(f"{server.url}/object_info lists no nodes; is this a ComfyUI server?")
    return answer


def inputs(info: Mapping[str, Any]) -> dict[str, Input]:
    """Give what a node takes, by name."""
    return {name: _input(config, required=required) for name, config, required in _configs(info)}


def options(catalogue: Catalogue, kind: str, name: str) -> tuple[str, ...]:
    """Give what may stand in an input that takes one of a list."""
    taken = inputs(catalogue.get(kind, {"input": {}})).get(name)
    return tuple(map(str, taken.options or ())) if taken else ()


def is_paid(info: Mapping[str, Any]) -> bool:
    """Say whether a node asks a service that costs money."""
    return bool(info.get("api_node")) or str(info.get("category", "")).lower().startswith("api node")


def _configs(info: Mapping[str, Any]) -> Iterator[tuple[str, list[Any], bool]]:
    for part in ("required", "optional"):
        configs = info["input"].get(part)
        for name, config in configs.items() if isinstance(configs, dict) else ():
            yield name, config if isinstance(config, list) and config else [""], part == "required"


def _input(config: list[Any], *, required: bool) -> Input:
    kind = config[0]
    limits: dict[str, Any] = config[1] if len(config) > 1 and isinstance(config[1], dict) else {}
    listed = kind if isinstance(kind, list) else limits.get("options") if kind == "COMBO" else None
    remote = bool(limits.get("remote") or limits.get("remote_combo"))
    return Input(
        kind="COMBO" if isinstance(kind, list) else str(kind),
        options=tuple(listed) if isinstance(listed, list) and not remote else None,
        required=required,
        uploaded=any(key.endswith("_upload") and bool(limits[key]) for key in limits),
        words=bool(limits.get("multiline")),
    )
