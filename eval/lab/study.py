"""Study files: which pictures, which codecs at which settings, which metrics."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptcodec.errors import UsageError

STUDIES = Path(__file__).parent.parent / "studies"
_KEYS = {"title", "question", "metrics", "timeout", "report", "datasets", "codecs"}
_RATE = re.compile(r"(\d+(?:\.\d+)?)(bpp|B)")


class StudyError(UsageError):
    """A study file cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Study:
    """A parsed study.

    Attributes:
        title, question: what the report is headed by.
        metrics: names; see ``python -m eval list``.
        datasets: one mapping each, with ``kind`` and ``name``.
        codecs: one mapping each, with ``kind``, ``name`` and ``settings``.
        report: what the report is told: ``baseline``, ``metric``, ``zoom``, ``foreign``.
        timeout: seconds that one encoding, decoding or measuring may take.
        text: the file as it was.
    """

    title: str
    question: str
    metrics: tuple[str, ...]
    datasets: tuple[Mapping[str, Any], ...]
    codecs: tuple[Mapping[str, Any], ...]
    report: Mapping[str, Any]
    timeout: float
    text: str


def read(path: Path) -> Study:
    """Read a study file.

    Raises:
        StudyError: it is not there, is no TOML, or lacks something.
    """
    try:
        text = path.read_text("utf-8")
        content = tomllib.loads(text)
    except OSError as error:
        known = ", ".join(sorted(f"eval/studies/{file.name}" for file in STUDIES.glob("*.toml")))
        raise StudyError(f"{path}: {error.strerror}; there are {known}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"{path}: {error}") from None
    return parse(content, text, str(path))


def parse(content: Mapping[str, Any], text: str = "", name: str = "study") -> Study:
    """Check a study that was read."""
    if unknown := set(content) - _KEYS:
        raise StudyError(
            f"{name}: unknown keys {', '.join(sorted(unknown))}; known: {', '.join(sorted(_KEYS))}"
        )
    for part, needed in (("datasets", ("kind", "name")), ("codecs", ("kind", "name", "settings"))):
        entries = content.get(part)
        if not isinstance(entries, list) or not entries:
            raise StudyError(f"{name}: there is no [[{part}]]")
        for entry in entries:
            if lacking := [key for key in needed if not entry.get(key)]:
                raise StudyError(f"{name}: an entry of [[{part}]] has no {lacking[0]!r}: {dict(entry)}")
        names = [entry["name"] for entry in entries]
        if twice := {each for each in names if names.count(each) > 1}:
            raise StudyError(f"{name}: two entries of [[{part}]] are named {min(twice)!r}")
    return Study(
        content.get("title", name),
        content.get("question", ""),
        tuple(content.get("metrics", ("psnr",))),
        tuple(content["datasets"]),
        tuple(
            {**entry, "settings": [str(each) for each in entry["settings"]]} for entry in content["codecs"]
        ),
        content.get("report", {}),
        float(content.get("timeout", 600)),
        text,
    )


def budget(setting: str, size: tuple[int, int]) -> int | None:
    """Give the bytes that ``128B`` or ``0.002bpp`` allow a picture of this size; None for other settings."""
    match = _RATE.fullmatch(setting)
    if not match:
        return None
    number = float(match[1])
    return int(number if match[2] == "B" else number * size[0] * size[1] / 8)
