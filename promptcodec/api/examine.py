"""Would a hosted model answer now? Its list of models is asked, which costs nothing; no question is sent."""

from __future__ import annotations

from typing import Any

from promptcodec.api import servers, shut_down, transport
from promptcodec.api.client import Connection
from promptcodec.api.profile import Profile
from promptcodec.api.secrets import key_of
from promptcodec.errors import ApiError, PromptcodecError
from promptcodec.readiness import Readiness, asking, start

_SECONDS = 0.8
_NO_KEY, _BUSY, _BROKEN = (401, 403), 429, 500
_NAMED = 3
"""Models of a server that a message names."""


def examine(name: str, profile: Profile) -> Readiness:
    """Look whether a model could be asked: its day, the client, the key, and the server's list of models.

    Args:
        name: of the row.
        profile: of the model; its key goes to its own address alone.
    """
    try:
        ok, why = _examine(profile)
        ends = shut_down.ends(profile)
    except PromptcodecError as error:
        return Readiness(name, ok=False, why=str(error))
    return Readiness(name, ok=ok, why=f"{why}; {ends}" if ends else why)


def _examine(profile: Profile) -> tuple[bool, str]:
    connection = Connection(profile)
    shut_down.check(profile)
    host, model = connection.host, profile.model
    if not asking.get():
        return False, f"{host} was not asked whether it has {model}"
    key = key_of(profile, host)
    server = servers.Server(profile.url, authorization=f"Bearer {key or transport.NO_KEY}", key=key)
    try:
        listed = start(lambda: server.get("/models", timeout=_SECONDS)).result(_SECONDS)
    except TimeoutError:  # of the name's look-up, say
        return (
            False,
            f"{host} did not answer within {_SECONDS:g} s; is the server running, the network there?",
        )
    except servers.StatusError as error:
        return False, _refused(error.status, profile, host)
    except ApiError as error:
        return False, connection.cover(str(error))
    return _listed(_names(connection.cover(listed)), host, model)


def _listed(names: list[str], host: str, model: str) -> tuple[bool, str]:
    if not names:
        return True, f"{host} answers; whether it has {model} its list of models does not say"
    if {model, f"{model}:latest"} & set(names):
        return True, f"{host} has {model}"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return False, f"{host} lists no {model}, but {', '.join(names[:_NAMED])}{more}: name one, model=NAME"


def _refused(status: int, profile: Profile, host: str) -> str:
    if status in _NO_KEY and profile.api_key_env:
        return f"{host} refuses the key that {profile.api_key_env} holds ({status}): put a valid one there"
    if status in _NO_KEY:
        return f"{host} wants a key ({status}): name the variable that holds it, api_key_env=NAME"
    if status == _BUSY or status >= _BROKEN:
        return f"{host} answers with {status}: it is too busy or out of order; try later"
    return f"{profile.url}/models answers {status}; is the address right, as http://127.0.0.1:11434/v1?"


def _names(listed: Any) -> list[str]:
    """Give the names in a list of models, in each of the forms that servers have."""
    if isinstance(listed, dict):
        listed = listed.get("data") or listed.get("models")
    entries = listed if isinstance(listed, list) else []
    named = [entry.get("id") or entry.get("name") if isinstance(entry, dict) else entry for entry in entries]
    return [name for name in named if isinstance(name, str)]
