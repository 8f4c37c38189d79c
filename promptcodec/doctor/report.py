"""All that can be said of this installation, as one JSON object."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any, TypeVar

from promptcodec import __version__, models, native, plugins
from promptcodec.api import profile as profiles
from promptcodec.api import shut_down
from promptcodec.doctor import cache, extras, facts, gpu
from promptcodec.doctor import plugins as rows
from promptcodec.errors import MissingError, UsageError
from promptcodec.generators.diffusion import store
from promptcodec.readiness import Readiness, asking, start
from promptcodec.settings import CAPTIONER, GENERATOR

Value = TypeVar("Value")
_HOSTED = {"captioners": ("responses", "chat"), "generators": ("images",), "checks": ("statements",)}
_SECONDS = 1.5
"""What is looked for beside the plugins is waited for so long, from the start of all."""


def examine(*, ask: bool = True) -> dict[str, Any]:
    """Look at everything, in parallel; nothing is downloaded, and no model is asked anything.

    Args:
        ask: servers that profiles name may be asked whether they are there.

    Returns:
        The object that docs/guide/doctor.md describes.
    """
    end = time.monotonic() + _SECONDS
    devices, torch, cached = start(gpu.devices), start(gpu.torch_built_for), start(cache.models)
    with _quiet(), _may_ask(ask):
        waiting = rows.examine()
        tables, of_tables = _tables()
        config = _config()
        needs, of_needs = _needs()
        endings = _shut_down()
        of_plugins = waiting()
    # Where the configuration cannot be read, no plugin can be made, and each row says so.
    of_default = _of_defaults(of_plugins) if config["ok"] else [config["why"]]
    wrong = [*of_tables, *of_needs, *of_default]
    models_of = _in_time(cached, end)
    python, platform = facts.system()
    return {
        "version": __version__,
        "compiled": native.core is not None,
        "captioners": [_row(row) for row in of_plugins["captioners"]],
        "generators": [_row(row) | {"licence": row.licence} for row in of_plugins["generators"]],
        "checks": [_row(row) for row in of_plugins["checks"]],
        "tables": tables,
        "ok": not wrong,
        "wrong": list(dict.fromkeys(wrong)),
        "core": native.named(),
        "python": python,
        "platform": platform,
        "config": config,
        "extras": needs,
        "shut_down": endings,
        "cache": {
            "path": str(store.hub()),
            "bytes": None if models_of is None else sum(model["bytes"] for model in models_of),
            "models": models_of,
        },
        "gpu": {"devices": _in_time(devices, end), "torch_built_for": _in_time(torch, end)},
    }


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let neither a plugin's prints nor warnings that rows say as well stand between the lines."""
    log = logging.getLogger("promptcodec")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        log.setLevel(level)


@contextlib.contextmanager
def _may_ask(ask: bool) -> Iterator[None]:  # noqa: FBT001 - it has no other argument
    token = asking.set(ask)
    try:
        yield
    finally:
        asking.reset(token)


def _in_time(future: Future[Value], end: float) -> Value | None:
    try:
        return future.result(max(0.0, end - time.monotonic()))
    except TimeoutError:
        return None


def _row(row: Readiness) -> dict[str, Any]:
    return {"name": row.name, "ok": row.ok, "why": row.why}


def _tables() -> tuple[list[dict[str, Any]], list[str]]:
    """Give the shipped tables, and what is wrong with them."""
    try:
        states = [asdict(table) for table in models.examine()]
    except MissingError as error:
        return [], [str(error)]
    try:
        models.check()
    except MissingError as error:
        return states, [str(error)]
    return states, []


def _config() -> dict[str, Any]:
    path = plugins.config_path()
    try:
        entries = [f"{role}.{name}" for role in rows.ROLES for name in plugins.profiles(role)]
    except UsageError as error:
        return {"path": path, "ok": False, "why": f"{error}; mend it, or name another in PROMPTCODEC_CONFIG"}
    there = f"it has {', '.join(entries) or 'no profiles'}" if Path(path).exists() else "it is not there"
    return {"path": path, "ok": True, "why": there}


def _needs() -> tuple[list[extras.Extra], list[str]]:
    """Give the extras, and what is missing of what is always needed."""
    try:
        lacks = [
            f"{extras.words([one])}: pip install '{one['name']}{one['needs']}'" for one in extras.missing()
        ]
        return extras.extras(), lacks
    except PackageNotFoundError:
        return [], ["promptcodec is not installed, only its files are here: pip install promptcodec"]


def _of_defaults(of_plugins: Mapping[str, list[Readiness]]) -> list[str]:
    """Say what keeps the default captioner and generator from working."""
    first = {role: {row.name: row for row in reversed(each)} for role, each in of_plugins.items()}
    defaults = (("captioners", CAPTIONER), ("generators", GENERATOR))
    chosen = [(role, name, first[role].get(name)) for role, name in defaults]
    absent = [f"no {role.removesuffix('s')} is called {name}" for role, name, row in chosen if row is None]
    return absent + [row.why for _, _, row in chosen if row is not None and not row.ok]


def _shut_down() -> list[dict[str, Any]]:
    """Give the models that will be shut down, and those that were and that a profile still names."""
    used = _ending_profiles()
    coming = [entry for entry in profiles.ending() if shut_down.days_left(entry[1]) > 0]
    return [
        {
            "model": model,
            "day": day,
            "successor": successor,
            "days_left": shut_down.days_left(day),
            "used_by": used.get((model, day, successor), []),
        }
        for model, day, successor in sorted({*coming, *used}, key=lambda entry: (entry[1], entry[0]))
    ]


def _ending_profiles() -> dict[tuple[str, str, str], list[str]]:
    """Give the names of profiles by the model they name, its last day and its successor."""
    used: dict[tuple[str, str, str], list[str]] = {}
    for role, hosted in _HOSTED.items():
        for spec in rows.specs(role):
            with contextlib.suppress(UsageError):  # their rows say so
                plugin, given = plugins.resolve(role, spec)
                if plugin not in hosted or (role == "checks" and not given):
                    continue
                profile = profiles.read(role, plugin, given)
                if shut_down.ends(profile):
                    entry = (profile.model, profile.shut_down, profile.successor)
                    used.setdefault(entry, []).append(f"{role}.{spec}")
    return used
