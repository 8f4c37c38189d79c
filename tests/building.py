"""What the build backend builds of this tree, for tests of installations and of the compiled core."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def build(how, folder):
    """Build with the backend itself: no network, no isolated environment."""
    code = f"from hatchling.build import {how}; print({how}(r'{folder}'))"
    return folder / subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split()[-1]


def wheel(tmp_path_factory):
    """Build a wheel; what one worker has built the other takes."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder /= "wheel"
    if not folder.exists():
        built = build("build_wheel", tmp_path_factory.mktemp("wheel"))
        with contextlib.suppress(OSError):  # the other worker's stands there by now
            built.parent.replace(folder)
    return next(folder.glob("*.whl"))
