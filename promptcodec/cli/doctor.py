"""``promptcodec doctor``."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from promptcodec.cli import options, report
from promptcodec.cli.summary import in_bytes
from promptcodec.errors import MissingError

_NARROWEST, _WIDEST = 60, 100
_NAME = 18
"""Columns of a name; a longer one has a line of its own."""
_NEAR = 30
"""Days before its end from which a model is mentioned that no profile names, and is `no` where one does."""
_WHOLE: dict[str, Any] = {"break_on_hyphens": False, "break_long_words": False}
"""Paths, addresses and commands are to be copied."""
_NAMED = 4
"""Distributions of an extra that are named."""


@click.command(
    "doctor",
    epilog="\b\nExamples:\n  promptcodec doctor\n  promptcodec doctor --offline --json",
)
@click.option("--offline", is_flag=True, help="Ask no server whether it is there.")
@options.json_option
def command(offline: bool, as_json: bool) -> None:  # noqa: FBT001 - click calls by keyword
    """Say what is installed, what would work now, and what is in the way of the rest.

    Servers that profiles name are asked whether they are there and for their list of models, which
    costs nothing. Exit code 4 where something is missing that encoding and decoding need by default.
    """
    from promptcodec.doctor.report import examine  # noqa: PLC0415 - loads every plugin

    facts = examine(ask=not offline)
    if as_json:
        report.emit(facts)
    else:
        width = min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)
        for line in _page(facts, width):
            report.say(line)
    sys.exit(0 if facts["ok"] else MissingError.exit_code)


def _page(facts: Mapping[str, Any], width: int) -> Iterator[str]:
    """Give the lines for people."""
    yield f"promptcodec {facts['version']} ({facts['core']})"
    yield f"Python {facts['python']} on {facts['platform']}"
    sections = {
        "core": _core(facts),
        "captioners": facts["captioners"],
        "generators": facts["generators"],
        "checks": facts["checks"],
        "extras": list(_extras(facts["extras"])),
        "models that end": list(_ending(facts["shut_down"])),
        "models on disk": list(_cached(facts["cache"])),
        "GPU": list(_gpu(**facts["gpu"])),
    }
    for title, rows in sections.items():
        if rows:
            yield ""
            yield title
        for row in rows:
            yield from _row(row, width)
    yield ""
    yield from textwrap.wrap(_verdict(facts["wrong"]), width, **_WHOLE)


def _row(row: Mapping[str, Any], width: int) -> Iterator[str]:
    """Give a row: whether it works, its name, what there is to say."""
    mark = {True: "ok", False: "no"}.get(row["ok"], "")
    licence = f" ({row['licence']})" if row.get("licence") else ""
    head, text = f"  {mark:2}  {report.printable(row['name'])}", report.printable(row["why"] + licence)
    indent = " " * (6 + _NAME + 2)
    if len(head) > len(indent) - 2:
        yield head
        head = ""
    yield from textwrap.wrap(
        text,
        width,
        initial_indent=f"{head:{len(indent)}}",
        subsequent_indent=indent,
        **_WHOLE,
    )


def _core(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    tables, config = facts["tables"], facts["config"]
    wrong = [table["name"] for table in tables if not table["ok"]]
    if not tables:
        why = "their list cannot be read: pip install --force-reinstall promptcodec"
    elif wrong:
        why = f"{', '.join(wrong)}: not as shipped; pip install --force-reinstall promptcodec"
    else:
        why = f"all {len(tables)} are as shipped"
    return [
        {"name": "tables", "ok": bool(tables) and not wrong, "why": why},
        {"name": "configuration", "ok": config["ok"], "why": f"{config['path']}: {config['why']}"},
    ]


def _extras(extras: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    whole = [extra["name"] for extra in extras if extra["ok"]]
    if whole:
        yield {"name": "installed", "ok": True, "why": ", ".join(whole)}
    for extra in extras:
        if not extra["ok"]:
            lacks = [_lacking(**one) for one in extra["missing"]]
            more = f" and {len(lacks) - _NAMED} more" if len(lacks) > _NAMED else ""
            brings = f"pip install 'promptcodec[{extra['name']}]' brings {', '.join(lacks[:_NAMED])}{more}"
            yield {"name": extra["name"], "ok": False, "why": brings}


def _lacking(name: str, needs: str, installed: str | None) -> str:
    return name if installed is None else f"{name} {needs} (here is {installed})"


def _ending(models: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give a row for each day: those that a profile names, and others whose day is near."""
    by_day: dict[tuple[str, str, bool | None], list[str]] = {}
    for model in models:
        near = model["days_left"] <= _NEAR
        if near or model["used_by"]:
            users = f" ({', '.join(model['used_by'])})" if model["used_by"] else ""
            key = model["day"], model["successor"], False if near and users else None
            by_day.setdefault(key, []).append(model["model"] + users)
    for (day, successor, ok), names in by_day.items():
        follows = f"; {successor} follows" if successor else ""
        yield {"name": day, "ok": ok, "why": ", ".join(names) + follows}


def _cached(cache: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if cache["models"] is None:
        yield {"name": "?", "ok": None, "why": f"{cache['path']} could not be measured in time"}
        return
    yield {"name": in_bytes(cache["bytes"]), "ok": None, "why": cache["path"]}
    for model in cache["models"]:
        yield {"name": in_bytes(model["bytes"]), "ok": None, "why": model["name"]}


def _gpu(
    devices: Sequence[Mapping[str, Any]] | None, torch_built_for: str | None
) -> Iterator[dict[str, Any]]:
    if not devices:
        why = "it could not be found out in time" if devices is None else "none is seen"
        yield {"name": "-", "ok": None, "why": why}
    for device in devices or ():
        parts = [in_bytes(device["bytes"]) if device["bytes"] else "memory not known"]
        parts += [f"{in_bytes(device['free'])} free"] if device["free"] is not None else []
        yield {"name": device["name"], "ok": None, "why": ", ".join(parts)}
    built = f"is built for {torch_built_for}" if torch_built_for else "is not installed"
    yield {"name": "torch", "ok": None, "why": built}


def _verdict(wrong: Sequence[str]) -> str:
    if not wrong:
        return "Encoding and decoding work with what is here."
    return f"Encoding and decoding do not work as they should: {report.printable('; '.join(wrong))}"
