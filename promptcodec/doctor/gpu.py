"""The GPUs that are here, without loading what would compute on them.

``nvidia-smi`` names those of NVIDIA, else the driver's files do; the kernel names AMD's, ``sysctl`` Apple's.
"""

from __future__ import annotations

import csv
import importlib.util
import platform
import re
import subprocess
from pathlib import Path
from typing import TypedDict

SECONDS = 1.0
_NVIDIA = ["nvidia-smi", "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits"]
_DRIVER, _CARDS = Path("/proc/driver/nvidia/gpus"), Path("/sys/class/drm")
_AMD = "0x1002"


class Device(TypedDict):
    """A GPU; bytes of its memory, None where they are not known."""

    name: str
    bytes: int | None
    free: int | None


def devices() -> list[Device]:
    """Give the GPUs that can be seen, within about SECONDS; others may be there."""
    return [*(_by_nvidia_smi() or _by_driver()), *_amd(), *_apple()]


def _output(command: list[str]) -> str:
    """Give what a command prints, ``""`` where it is not there, fails or hangs."""
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=SECONDS, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace")


def _by_nvidia_smi() -> list[Device]:
    rows = csv.reader(_output(_NVIDIA).splitlines(), skipinitialspace=True)
    return [
        {"name": name, "bytes": _mebibytes(total), "free": _mebibytes(free)}
        for name, total, free in (row for row in rows if len(row) == 3)
    ]


def _mebibytes(text: str) -> int | None:
    """Read a number of MiB; memory that is shared with the processor has ``[N/A]``."""
    return int(text) << 20 if text.strip().isdecimal() else None


def _by_driver() -> list[Device]:
    texts = [_text(file) for file in sorted(_DRIVER.glob("*/information"))]
    models = [match[1].strip() for text in texts if (match := re.search(r"^Model:(.+)$", text, re.MULTILINE))]
    return [{"name": model, "bytes": None, "free": None} for model in models]


def _amd() -> list[Device]:
    folders = [file.parent for file in sorted(_CARDS.glob("card*/device/vendor")) if _text(file) == _AMD]
    return [_amd_device(folder) for folder in folders]


def _amd_device(folder: Path) -> Device:
    name = _text(folder / "product_name") or f"AMD GPU {_text(folder / 'device')}"
    total, used = (_text(folder / f"mem_info_vram_{what}") for what in ("total", "used"))
    size = int(total) if total.isdecimal() else None
    free = size - int(used) if size is not None and used.isdecimal() else None
    return {"name": name, "bytes": size, "free": free}


def _apple() -> list[Device]:
    if (platform.system(), platform.machine()) != ("Darwin", "arm64"):
        return []
    name, size = (
        _output(["sysctl", "-n", key]).strip() for key in ("machdep.cpu.brand_string", "hw.memsize")
    )
    return [{"name": name or "Apple GPU", "bytes": int(size) if size.isdecimal() else None, "free": None}]


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def torch_built_for() -> str | None:
    """Read what the installed torch computes on: ``cuda 12.8``, ``cpu``; None without torch."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    text = _text(Path(spec.origin).with_name("version.py"))
    for what in ("cuda", "hip", "xpu"):
        if match := re.search(rf"^{what}\b[^=\n]*= *['\"]([^'\"]+)", text, re.MULTILINE):
            return f"{what} {match[1]}"
    return "mps" if (platform.system(), platform.machine()) == ("Darwin", "arm64") else "cpu"
