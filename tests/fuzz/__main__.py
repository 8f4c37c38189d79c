"""Fuzz the decoders with atheris: any bytes give a value or one of our errors, quickly, in bounds.

    python -m tests.fuzz [TARGET...] [--seconds 600] [--log DIR]

An input has up to 10 kB. One that raises anything but our errors ends the run and is kept beside the
log. What was found to reach new code is then run again without instrumentation, which slows everything:
each input within a second, and the process not grown by more than 50 MB beyond what valid inputs took.
Each target runs in processes of its own and its summary is one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

LONGEST = 10_000
SLOW = 1.0
GROWN_MB = 50


def memory() -> int:
    """Give the most bytes this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def fuzz(target: str, seconds: int, folder: Path) -> None:
    """Fuzz one target in this process; it ends the process."""
    import atheris

    with atheris.instrument_imports(include=["promptcodec"]):
        from promptcodec.errors import PromptcodecError
        from tests.fuzz.targets import TARGETS, seeds
    run = TARGETS[target]
    corpus = _corpus(folder, target)
    for number, data in enumerate(seeds(target)):
        (corpus / f"seed-{number}").write_bytes(data)
    state = {"runs": 0}

    def one(data: bytes) -> None:
        with suppress(PromptcodecError):
            run(data)
        state["runs"] += 1
        if state["runs"] % 100 == 0:
            (folder / f"{target}.runs").write_text(str(state["runs"]))

    arguments = [f"-max_len={LONGEST}", f"-max_total_time={seconds}", "-rss_limit_mb=4096", "-timeout=60"]
    atheris.Setup([sys.argv[0], *arguments, f"-artifact_prefix={folder}/{target}-", str(corpus)], one)
    atheris.Fuzz()


def replay(target: str, folder: Path) -> dict[str, Any]:
    """Run what was found again; give the slowest time and the growth."""
    from promptcodec.errors import PromptcodecError
    from tests.fuzz.targets import TARGETS, seeds

    run = TARGETS[target]
    for data in seeds(target):
        run(data)  # tables are loaded before anything is measured
    before, slowest, count = memory(), 0.0, 0
    for path in sorted(_corpus(folder, target).iterdir()):
        data = path.read_bytes()
        begun = time.process_time()
        with suppress(PromptcodecError):
            run(data)
        slowest = max(slowest, time.process_time() - begun)
        count += 1
    grown = (memory() - before) >> 20
    ok = slowest <= SLOW and grown <= GROWN_MB
    return {"target": target, "corpus": count, "slowest_s": round(slowest, 3), "grown_mb": grown, "ok": ok}


def _corpus(folder: Path, target: str) -> Path:
    corpus = folder / f"corpus-{target}"
    corpus.mkdir(parents=True, exist_ok=True)
    return corpus


def main() -> int:
    """Fuzz each target in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all by default")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--stage", choices=["fuzz", "replay"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder = options.log or Path(tempfile.mkdtemp(prefix="fuzz-"))
    if options.stage == "fuzz":
        fuzz(options.targets[0], options.seconds, folder)
    elif options.stage == "replay":
        print(json.dumps(replay(options.targets[0], folder)))
        return 0
    from tests.fuzz.targets import TARGETS  # not before: a process that fuzzes imports it instrumented

    failed = 0
    for target in options.targets or TARGETS:
        command = [sys.executable, "-m", "tests.fuzz", target, "--log", str(folder)]
        command += ["--seconds", str(options.seconds), "--stage"]
        fuzzed = subprocess.run([*command, "fuzz"], capture_output=True, text=True, check=False)
        again = subprocess.run([*command, "replay"], capture_output=True, text=True, check=False)
        if fuzzed.returncode or again.returncode:
            failed += 1
            print((fuzzed.stderr + again.stderr)[-3000:], file=sys.stderr, flush=True)
            continue
        result = json.loads(again.stdout)
        runs = folder / f"{target}.runs"
        result |= {"seconds": options.seconds, "runs": int(runs.read_text()) if runs.exists() else 0}
        failed += not result["ok"]
        print(json.dumps(result), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
