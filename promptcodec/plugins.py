"""Captioners, generators and checks by name: built-in ones come through the same door as others.

A plugin is a factory in an entry-point group (``promptcodec.captioners``,
``promptcodec.generators``, ``promptcodec.checks``). It takes its profile, a small
mapping of strings, and gives an object with one method.
"""

from __future__ import annotations

import functools
import os
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from promptcodec.errors import MissingError, UsageError
from promptcodec.files import read_file


def create(role: str, spec: str) -> Any:
    """Make the plugin that ``NAME`` or ``NAME:ARGUMENT`` names.

    ``ARGUMENT`` is a URL, whose query becomes profile entries, or a variant
    (``builtin:classical``). ``NAME`` may also be a profile of the configuration
    file, ``[captioners.NAME]`` with ``use = "PLUGIN"`` and the profile's entries.

    Args:
        role: ``captioners``, ``generators`` or ``checks``.
        spec: what the user wrote.

    Raises:
        UsageError: no plugin of that name.
        MissingError: the plugin is there but something it imports is not.
    """
    name, profile = resolve(role, spec)
    known = installed(role)
    if name not in known:
        address = f"; write NAME:{name}://..." if name in ("http", "https") else ""
        raise UsageError(
            f"no {role.removesuffix('s')} is called {name!r}; installed: {', '.join(known)}{address}"
        )
    try:
        return known[name].load()(profile)
    except ModuleNotFoundError as error:
        raise MissingError(f"the {role.removesuffix('s')} {name!r} needs {error.name}: install it") from error
    except ImportError as error:
        raise MissingError(f"the {role.removesuffix('s')} {name!r} cannot be loaded: {error}") from error


def resolve(role: str, spec: str) -> tuple[str, dict[str, str]]:
    """Give the plugin and the profile that a spec names, what the configuration file says of it included."""
    name, profile = parse_spec(spec)
    entry = configured(role, spec)
    if entry is None:
        return name, profile
    return entry.get("use", name), {key: str(value) for key, value in entry.items() if key != "use"} | profile


def configured(role: str, spec: str) -> Mapping[str, Any] | None:
    """Give the entry of the configuration file that a spec names, if there is one."""
    name = parse_spec(spec)[0]
    entries = _table(_config().get(role, {}), role)
    if name not in entries:
        return None
    entry = _table(entries[name], f"{role}.{name}")
    if not isinstance(entry.get("use", ""), str):
        raise UsageError(f"the configuration's {role}.{name}.use is no name of a plugin")
    return entry


def profiles(role: str) -> list[str]:
    """Give the names of the entries that the configuration file has for a role.

    Raises:
        UsageError: it cannot be read.
    """
    return list(_table(_config().get(role, {}), role))


def _table(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UsageError(f"the configuration's {name} is no table; write [{name}] and its entries below")
    return value


def installed(role: str) -> Mapping[str, EntryPoint]:
    """Give the installed plugins of a role by name, sorted."""
    return _points(role, tuple(sys.path))


@functools.lru_cache(maxsize=8)
def _points(role: str, _path: tuple[str, ...]) -> Mapping[str, EntryPoint]:
    """Read what all packages on the path say of themselves, tens of files, once."""
    return {point.name: point for point in sorted(entry_points(group=f"promptcodec.{role}"))}


def parse_spec(spec: str) -> tuple[str, dict[str, str]]:
    """Split ``NAME[:URL or variant]`` into a name and a profile."""
    name, _, argument = spec.partition(":")
    if not argument:
        return name, {}
    if "://" not in argument:
        return name, {"variant": argument}
    try:
        parts = urlsplit(argument)
    except ValueError as error:
        raise UsageError(f"{spec!r} holds no valid address: {error}") from None
    return name, {"url": urlunsplit(parts._replace(query="")), **dict(parse_qsl(parts.query))}


def config_path() -> str:
    """Give the path of the configuration file, which need not be there."""
    path = os.environ.get("PROMPTCODEC_CONFIG")
    if path is None:
        from platformdirs import user_config_dir  # noqa: PLC0415 - only when plugins are looked up

        path = str(Path(user_config_dir("promptcodec")) / "config.toml")
    return path


def _config() -> Mapping[str, Any]:
    path = config_path()
    if "PROMPTCODEC_CONFIG" not in os.environ and not Path(path).exists():
        return {}
    try:
        return tomllib.loads(read_file(path).decode("utf-8-sig"))
    except UsageError as error:
        raise UsageError(f"the configuration {path} {error}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the configuration {path} cannot be read: {error}") from error
