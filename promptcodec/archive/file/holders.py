"""Who holds a file locked, where the system tells."""

from __future__ import annotations

import os
from pathlib import Path

_LOCKS = Path("/proc/locks")


def holders(path: Path) -> str:
    """Name the programs that hold a lock on a file; ``another program`` where the system does not tell."""
    about = path.stat()
    wanted = f"{os.major(about.st_dev):02x}:{os.minor(about.st_dev):02x}:{about.st_ino}"
    try:
        lines = [line.split() for line in _LOCKS.read_text().splitlines()]
    except OSError:
        lines = []
    # number: kind advisory access process device:inode start end; one that waits has -> behind its number
    processes = sorted(
        {int(line[4]) for line in lines if len(line) > 5 and line[1] != "->" and line[5] == wanted}
    )
    named = [
        f"process {process}{_command(process)}" for process in processes if process not in (0, os.getpid())
    ]
    return " and ".join(named) or "another program"


def _command(process: int) -> str:
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    return f" ({os.fsdecode(b' '.join(words).strip())[:80]})"
