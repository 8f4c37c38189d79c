"""Fuzz the whole API with schemathesis: requests that its document allows, and those that it does not.

    python -m tests.fuzz.api [--archive A] [--seconds 120] [--only PATTERN]

It needs the dependency group ``fuzz``. A server of its own is started on a copy of the archive, or on six
small pictures; its log of unexpected errors is printed at the end. No answer may be a server error, and each
is what the document says of it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

CONFIG = Path(__file__).with_name("schemathesis.toml")


def run(archive: Path | None, seconds: int, only: str = "") -> int:
    """Fuzz a server; give the exit status of schemathesis."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzzed.pxa"
        ids = _prepare(archive, path)
        log = Path(folder) / "log.jsonl"
        command = [sys.executable, "-m", "promptcodec", "serve", str(path), "--port", "0"]
        command += ["--cache", str(Path(folder) / "cache"), "--wait", "1"]
        with (
            log.open("wb") as errors,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as server,
        ):
            try:
                url = json.loads(server.stdout.readline())["base_url"].rstrip("/")
                status = _schemathesis(url, ids, seconds, only)
            finally:
                server.send_signal(signal.SIGINT)
                server.communicate(timeout=60)
        _report(log)
        return status


def _prepare(archive: Path | None, path: Path) -> list[str]:
    """Make the archive; give some ids."""
    from promptcodec.archive import store

    if archive is None:
        from tests.serving import write_archive

        write_archive(path)
    else:
        shutil.copy(archive, path)
    with store.open(path) as opened:
        return [id_.hex() for id_, _ in zip(opened.ids(), range(6), strict=False)]


def _schemathesis(url: str, ids: list[str], seconds: int, only: str) -> int:
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.fuzz.api.hooks",
        "PROMPTCODEC_FUZZ_IDS": ",".join(ids),
    }
    command = [_beside_python("schemathesis"), "--config-file", str(CONFIG), "run", f"{url}/openapi.json"]
    command += ["--max-time", str(seconds), *(["--include-path-regex", only] if only else [])]
    return subprocess.run(command, env=environment, check=False).returncode


def _beside_python(name: str) -> str:
    """Give a command of this environment, whether or not it is active."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or name


def _report(log: Path) -> None:
    """Print what went wrong in the server, each once."""
    lines = {}
    for line in log.read_text().splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            entry = {"error": line}
        if "error" in entry or entry.get("status", 0) == 500:
            lines.setdefault(entry.get("error", ""), line)
    print("\n".join(lines.values()) or "the server's log names no unexpected error")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--only", default="", help="A pattern of paths.")
    given = parser.parse_args()
    sys.exit(run(given.archive, given.seconds, given.only))
