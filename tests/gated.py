"""A generator that draws when it is allowed to, archives of word streams, and a server over them."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
from PIL import Image

from promptcodec import encode
from promptcodec.archive import store
from promptcodec.archive.indexing import index
from promptcodec.archive.record import Place, Record, id_of
from promptcodec.description import parse_text
from promptcodec.errors import GeneratorError
from promptcodec.generators import Conditions
from promptcodec.generators.watching import UNWATCHED, Progress, Watch

GATE = threading.Event()
"""Set, it lets pictures be drawn."""
HUNG = threading.Event()
"""Set, it ends those that hang."""
BEGUN = threading.Semaphore(0)
"""Is released once for each picture that is begun."""
DRAWN: list[tuple[int, int]] = []
"""The sizes of pictures that were begun."""
FILE = "PROMPTCODEC_TEST_GATE"
"""Names the file that is the gate of another process."""


class Gated:
    """Draws one colour. The variants: ``hang`` never reports, ``fail`` and ``odd`` raise."""

    provenance: Mapping[str, str] = {}

    def __init__(self, variant: str) -> None:
        self.name, self.variant = f"gated:{variant}", variant

    def generate(self, conditions: Conditions, watch: Watch = UNWATCHED) -> Image.Image:
        DRAWN.append(conditions.size)
        BEGUN.release()
        if self.variant == "fail":
            raise GeneratorError("the paint is dry")
        if self.variant == "odd":
            raise ZeroDivisionError
        if self.variant == "hang":
            HUNG.wait()
        preview = Image.new("RGB", (64, 64), (9, 99, 9))
        for step in range(100_000):
            watch.report(Progress("drawing", step, 0, preview if watch.previews else None))
            if self._is_open():
                break
            GATE.wait(0.005)
        return Image.new("RGB", conditions.size, (conditions.seed % 256, 90, 30))

    def _is_open(self) -> bool:
        return Path(os.environ[FILE]).exists() if FILE in os.environ else GATE.is_set()


class Paid(Gated):
    """Asks a paid service, were there one."""

    def estimate(self, conditions: Conditions, watch: Watch = UNWATCHED) -> float:
        return 0.25


def create(profile: Mapping[str, str]) -> Gated:
    variant = profile.get("variant", "one")
    return Paid(variant) if variant == "paid" else Gated(variant)


def install(folder: Path, monkeypatch) -> Path:
    """Make the plugin known, its gate shut; give the folder that other processes need on their path."""
    info = folder / "site" / "gated-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gated\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[promptcodec.generators]\ngated = tests.gated:create\n")
    monkeypatch.syspath_prepend(str(folder / "site"))
    GATE.clear()
    HUNG.clear()
    DRAWN.clear()
    while BEGUN.acquire(blocking=False):
        pass
    return folder / "site"


@functools.cache
def stream(number: int) -> bytes:
    """Give a bare stream of words, 48x32."""
    described = parse_text("photo 2x1\nr1c1 red\nr2c1 blue")
    picture = Image.new("RGB", (48, 32), (90, number, 30))
    return encode(picture, description=described, layers=("semantic",), seed=number, bare=True)


def archive(path: Path, count: int = 3) -> list[str]:
    """Make an archive; give the ids of its pictures."""
    ids = [id_of(b"gated %d" % number) for number in range(count)]
    with store.create(path) as opened:
        opened.put(
            Record(id_, stream(number), (Place("", f"{number}.png", number),))
            for number, id_ in enumerate(ids)
        )
        index.update(opened, {})
    return [id_.hex() for id_ in ids]


@contextlib.contextmanager
def served(path: Path, generators=("gated",), **settings):
    """Serve an archive in a thread of this process; give a client."""
    from promptcodec.server.app import make
    from promptcodec.server.settings import ServeSettings
    from promptcodec.testing import serving

    given = {"cache": path.parent / "served", "grace": 0.1} | settings
    app = make(ServeSettings(path, tuple(generators), **given))
    try:
        with serving.running(app) as url, httpx.Client(base_url=url, timeout=20) as client:
            yield client
    finally:
        HUNG.set()


@contextlib.contextmanager
def live(path: Path, generators=("gated",), **settings):
    """Serve as ``promptcodec serve`` does; give a client, and what begins to end the server."""
    from promptcodec.server import run
    from promptcodec.server.app import make
    from promptcodec.server.settings import ServeSettings
    from promptcodec.testing import serving

    given = {"cache": path.parent / "served", "grace": 0.1} | settings
    app = make(ServeSettings(path, tuple(generators), **given))
    with serving.listen() as at:
        server = run.server(app, lambda: app.state.service.renders.stop())  # noqa: PLW0108 - set later

        def end():
            server.should_exit = True

        thread = threading.Thread(target=server.run, kwargs={"sockets": [at]}, daemon=True)
        thread.start()
        with httpx.Client(base_url=serving.address(at), timeout=20) as client:
            try:
                yield client, end
            finally:
                end()
                thread.join(15)
        assert not thread.is_alive()


def begun(count: int = 1) -> None:
    """Wait until so many more pictures are begun."""
    for _ in range(count):
        assert BEGUN.acquire(timeout=10)


def becomes(client: httpx.Client, key: str, *states: str) -> dict:
    """Wait until a job is in one of some states; give its object."""
    for _ in range(2000):
        shown = client.get(f"/jobs/{key}").json()
        if shown.get("state") in states:
            return shown
        time.sleep(0.005)
    raise AssertionError(shown)
