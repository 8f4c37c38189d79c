"""The extras of this package: which distributions of each are missing or too old."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import metadata
from typing import TypedDict

from packaging.requirements import Requirement
from packaging.version import InvalidVersion

from promptcodec.doctor import facts

PACKAGE = "promptcodec"


class Missing(TypedDict):
    """A distribution that is not there, or not in a version that will do."""

    name: str
    needs: str
    installed: str | None


class Extra(TypedDict):
    """An extra, and what is missing of it."""

    name: str
    ok: bool
    missing: list[Missing]


def extras() -> list[Extra]:
    """Look at every extra of the installed package, by what its metadata says.

    Raises:
        importlib.metadata.PackageNotFoundError: it is not installed.
    """
    needed = _requirements()
    names = metadata.metadata(PACKAGE).get_all("Provides-Extra") or []
    lacks = {name: _missing(needed, name) for name in names}
    return [{"name": name, "ok": not lacking, "missing": lacking} for name, lacking in lacks.items()]


def missing(extra: str = "") -> list[Missing]:
    """Give what is missing of an extra, or of that which is needed without any; raises as ``extras``."""
    return _missing(_requirements(), extra)


def _requirements() -> list[Requirement]:
    return [Requirement(line) for line in metadata.requires(PACKAGE) or ()]


def _missing(needed: Sequence[Requirement], extra: str) -> list[Missing]:
    """Give what is missing of an extra; one that takes in others lacks what these lack."""
    lacks: dict[str, Missing] = {}
    for requirement in needed:
        if not _is_for(requirement, extra):
            continue
        if _same(requirement.name, PACKAGE):
            for other in sorted(requirement.extras):
                lacks |= {one["name"]: one for one in _missing(needed, other)}
            continue
        installed = facts.version(requirement.name)
        if installed is None or not _will_do(requirement, installed):
            needs = str(requirement.specifier)
            lacks[requirement.name] = {"name": requirement.name, "needs": needs, "installed": installed}
    return list(lacks.values())


def words(lacking: Sequence[Missing]) -> str:
    """Say what is missing, and what is too old; ``""`` where nothing is."""
    absent = [one["name"] for one in lacking if one["installed"] is None]
    verb = "is" if len(absent) == 1 else "are"
    parts = [f"{', '.join(absent)} {verb} not installed"] if absent else []
    old = [one for one in lacking if one["installed"] is not None]
    return ", ".join([*parts, *(f"{one['name']} {one['installed']} is not {one['needs']}" for one in old)])


def _is_for(requirement: Requirement, extra: str) -> bool:
    """Say whether a requirement is one of an extra and not one without it, here."""
    marker = requirement.marker
    if marker is None:
        return not extra
    without = marker.evaluate({"extra": ""})
    return marker.evaluate({"extra": extra}) and not without if extra else without


def _will_do(requirement: Requirement, installed: str) -> bool:
    try:
        return requirement.specifier.contains(installed, prereleases=True)
    except InvalidVersion:  # of a build of one's own, say
        return False


def _same(name: str, other: str) -> bool:
    return re.sub(r"[-_.]+", "-", name).lower() == other
