"""What tests share: pictures, streams that are coded once in a run, the command line in this process."""

from __future__ import annotations

import gc
import hashlib
import os
import sys
from pathlib import Path

# Before numpy is loaded: two workers whose linear algebra starts two threads each wait for each other most of
# the time (coding a texture layer then takes seven times as long).
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Processes that tests start import the package that is installed, not the one beside the tests.
os.environ.setdefault("PYTHONSAFEPATH", "1")

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
# Before a test sets the variable for itself.
DATA = Path(os.environ.get("PROMPTCODEC_TEST_DATA", ROOT.parent / "shared" / "data"))
# The laboratory is not in the wheel. Last on the path: promptcodec itself is the installed one.
sys.path.append(str(ROOT))

# ``--hypothesis-profile=thorough`` tries ten times as much; see tests/effort.py.
settings.register_profile("default", max_examples=25, deadline=None)
settings.register_profile("thorough", max_examples=250, deadline=None)
settings.load_profile("default")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect thousands of tests, and import what they need, and look for no garbage among it: it stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


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
    if not DATA.is_dir():
        pytest.skip(f"the data folder {DATA} is not there; set PROMPTCODEC_TEST_DATA")
    return DATA


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """Give a wheel of this tree, built once in a run."""
    from tests import building

    return building.wheel(tmp_path_factory)


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Make bytes of a picture, as ``once(encode, scene, budget=100)``; in a whole run once for one call.

    Coding a texture layer takes about a second, and many tests need no more than some stream. What one worker
    has made the other reads from a file.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder /= "once"
    folder.mkdir(exist_ok=True)

    def make(coder, image, *args, **options):
        call = (coder.__module__, coder.__qualname__, image.mode, image.size, args, sorted(options.items()))
        path = folder / hashlib.sha256(repr(call).encode() + image.tobytes()).hexdigest()
        if not path.exists():
            unfinished = path.with_suffix(f".{os.getpid()}")
            unfinished.write_bytes(coder(image, *args, **options))
            unfinished.replace(path)
        return path.read_bytes()

    return make


@pytest.fixture
def kept_apart(monkeypatch, tmp_path):
    """Give a test a cache and a budget of its own, no key of the machine's, and short waits between tries."""
    from promptcodec.api import client, spending

    monkeypatch.setattr(client, "_FIRST_WAIT", 0.01)
    monkeypatch.setenv("PROMPTCODEC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PROMPTCODEC_CONFIG", str(tmp_path / "none.toml"))
    (tmp_path / "none.toml").write_text("")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with spending.limited(spending.Limits()):
        yield


@pytest.fixture(scope="module")
def server():
    """Give the URL of a server on this machine that answers as the API does."""
    from promptcodec.testing.loopback import serve

    with serve() as url:
        yield url


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Give a small archive of pictures, which nobody is to change, and their ids by name."""
    from tests import serving

    path = tmp_path_factory.mktemp("pictures") / "six.pxa"
    return serving.Pictures(path, serving.write_archive(path))


@pytest.fixture
def cli(monkeypatch, capsys, tmp_path):
    """Run the command line in this process, in a folder of its own; give exit code, output and errors."""
    from promptcodec.cli import main

    monkeypatch.chdir(tmp_path)

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["promptcodec", *map(str, args)])
        with pytest.raises(SystemExit) as stopped:
            main()
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return stopped.value.code or 0, shown.out, shown.err

    return run
