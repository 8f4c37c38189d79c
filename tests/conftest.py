"""Pictures for the tests: made here, shipped by scikit-image, or from a data folder where there is one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
# The laboratory is not in the wheel. Last on the path: promptcodec itself is the installed one.
sys.path.append(str(ROOT))


@pytest.fixture(scope="session")
def astronaut():
    from skimage import data

    return Image.fromarray(data.astronaut())


@pytest.fixture(scope="session")
def scene():
    """A small made-up landscape: sky, sea, sand, a red disc; 192x128."""
    y, x = np.mgrid[0:128, 0:192].astype(np.float32)
    picture = np.empty((128, 192, 3), np.float32)
    picture[:] = np.where(
        y[..., None] < 60, [130, 180, 230], np.where(y[..., None] < 90, [30, 90, 140], [220, 200, 150])
    )
    picture += 15 * np.sin(x / 3)[..., None] * (y > 90)[..., None]
    picture[(x - 140) ** 2 + (y - 40) ** 2 < 400] = [200, 40, 30]
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def data_folder():
    """Give the folder of third-party pictures used for development; skip where it is not there."""
    folder = Path(os.environ.get("PROMPTCODEC_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the data folder {folder} is not there; set PROMPTCODEC_TEST_DATA")
    return folder


@pytest.fixture
def cli(monkeypatch, capsys, tmp_path):
    """Run the command line in this process, in a folder of its own; give exit code, output and errors."""
    from promptcodec.cli import main

    monkeypatch.chdir(tmp_path)

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["promptcodec", *map(str, args)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return stopped.value.code or 0, said.out, said.err

    return run
