"""The checkpoints a server lists, and the one that is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from promptcodec.api.servers import Server, StatusError
from promptcodec.errors import ApiError, MissingError
from promptcodec.generators import shown as texts
from promptcodec.generators.sdapi.kinds import PLACEHOLDER
from promptcodec.generators.servers.controls import stem

_LISTED = 12


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model as a server lists it; what it does not say is ``""``."""

    title: str
    name: str
    hashes: tuple[str, ...] = ()


def ask(server: Server, timeout: float | None = None) -> list[dict[str, Any]]:
    """Ask for the models.

    Raises:
        ApiError: the server cannot be reached, or is none of ``/sdapi/v1``.
    """
    try:
        answer = server.get("/sdapi/v1/sd-models", timeout=timeout)
    except StatusError as error:
        if error.status == 404:
            raise ApiError(
                f"{server.url} has no /sdapi/v1: A1111's web UI and Forge have to be started with --api; is "
                "it the right port?"
            ) from None
        raise
    if not isinstance(answer, list):
        raise ApiError(f"{server.url}/sdapi/v1/sd-models gave no list; is this the right server and port?")
    return [item for item in answer if isinstance(item, dict)]


def listed(items: Sequence[dict[str, Any]]) -> tuple[Checkpoint, ...]:
    """Read the list."""
    checkpoints = []
    for item in items:
        title, name = (_text(item.get(key)) for key in ("title", "model_name"))
        hashes = (_text(item.get(key)).lower() for key in ("sha256", "hash"))
        known = tuple(value for value in hashes if value and not value.startswith(PLACEHOLDER))
        if title or name:
            checkpoints.append(Checkpoint(title or name, name or title, known))
    return tuple(checkpoints)


def choose(named: str, there: Sequence[Checkpoint]) -> Checkpoint:
    """Find the checkpoint a user named: by its title, its name, or its file name.

    Raises:
        MissingError: the server has none of that name; the message says which it has.
    """
    for shorten in (str, str.lower, stem):
        for checkpoint in there:
            if shorten(named) in {shorten(checkpoint.title), shorten(checkpoint.name)}:
                return checkpoint
    raise MissingError(f"the server has no model {texts.shown(named)!r}; it has {shown(there)}")


def of_recipe(name: str, digest: str, there: Sequence[Checkpoint]) -> tuple[Checkpoint, bool]:
    """Find the checkpoint of a recipe, by its hash or else by its name.

    Args:
        name: as the recipe says it, ``""`` where it does not.
        digest: the model's hash, likewise.
        there: what the server lists; it never gets another name than one of these.

    Returns:
        The checkpoint, and whether its hash is known to be another.

    Raises:
        MissingError: there is none; the message names both, and what there is.
    """
    wanted = digest.lower()
    if wanted:
        for checkpoint in there:
            if any(known.startswith(wanted) or wanted.startswith(known) for known in checkpoint.hashes):
                return checkpoint, False
    if name:
        for checkpoint in there:
            if stem(name) in {stem(checkpoint.title), stem(checkpoint.name)}:
                return checkpoint, bool(wanted and checkpoint.hashes)
    marked = f" (hash {texts.shown(digest)})" if digest else ""
    raise MissingError(
        f"the recipe's model {texts.shown(name) or 'without a name'}{marked} is not on the server, which has "
        f"{shown(there)}"
    )


def shown(there: Sequence[Checkpoint]) -> str:
    """List names for a message."""
    return texts.listed((checkpoint.title for checkpoint in there), _LISTED) or "none"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
