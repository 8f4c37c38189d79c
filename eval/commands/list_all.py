"""``python -m eval list``."""

from __future__ import annotations

import json
from typing import Any

import click

from eval import codecs, datasets, metrics
from eval.lab import study
from eval.lab.worker import Worker, WorkerError
from eval.missing import NOT_RUN, Unavailable
from eval.options import example, json_option
from promptcodec.cli.report import say

_PROBE_SECONDS = 120


@click.command("list", epilog=example("python -m eval list --json"))
@json_option
def command(*, as_json: bool) -> None:
    """List datasets, codecs, metrics and studies.

    Of metrics it is tried whether they run here; a reason stands beside those that do not.
    """
    for entry in entries():
        if as_json:
            click.echo(json.dumps(entry))
        else:
            state = f" ({NOT_RUN}{entry['reason']})" if entry["reason"] else ""
            say(f"{entry['what']:8} {entry['name']:34} {entry['says']}{state}")


def entries() -> list[dict[str, Any]]:
    """Give what there is: what it is, its name, what it says of itself, and why it cannot run."""
    result = [_entry("dataset", name, kind[2]) for name, kind in datasets.KINDS.items()]
    result += [_entry("codec", name, kind[2]) for name, kind in codecs.KINDS.items()]
    with Worker(_PROBE_SECONDS) as worker:
        for name, metric in metrics.registry().items():
            reason = None
            try:
                worker.call("probe_metric", name)
            except (Unavailable, WorkerError) as error:
                reason = str(error)
            result.append(_entry("metric", name, metric.says, reason))
    return result + [
        _entry("study", f"eval/studies/{path.name}", study.read(path).title)
        for path in sorted(study.STUDIES.glob("*.toml"))
    ]


def _entry(what: str, name: str, says: str, reason: str | None = None) -> dict[str, Any]:
    return {"what": what, "name": name, "says": says, "reason": reason}
