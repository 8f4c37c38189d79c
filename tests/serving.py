"""Small archives for tests of the server, and the application over them."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

pytest.importorskip("starlette", reason="needs the extra server")
pytest.importorskip("httpx", reason="needs the extra api")

from starlette.testclient import TestClient

from promptcodec.archive import store
from promptcodec.archive.adding.content import coded
from promptcodec.archive.indexing import index
from promptcodec.archive.record import Place, Record
from promptcodec.recipe.model import ModelInfo, Platform, Recipe, Settings
from promptcodec.server.app import make
from promptcodec.server.settings import ServeSettings
from promptcodec.settings import EncodeSettings
from tests import api_document

COLOURS = {
    "sea.png": (40, 90, 200),
    "leaf.png": (40, 150, 60),
    "brick.png": (190, 60, 40),
    "sand.png": (220, 200, 150),
    "night.png": (20, 20, 50),
    "drawn.png": (150, 60, 160),
}
"""Names of the pictures, the newest last, and their colours. The last has a recipe."""

RECIPE = (
    "a purple castle, C:\\Users\\jane\\secret\nNegative prompt: fog\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 96x64, Model: dream"
)
"""What the last picture says about itself, some of it private."""

DAY = 86_400_000
FIRST_TIME = 1_700_000_000_000
FOLDER = "/home/jane/pictures"
"""Where the first picture was; nobody is to hear of it."""


class Pictures(NamedTuple):
    """An archive and the ids in it, by name."""

    path: Path
    ids: dict[str, bytes]


def picture(colour, number=0, size=(96, 64), text=""):
    """Give the bytes of a PNG: a gradient with a bright patch, unlike that of other numbers."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width] / max(size)
    pixels = np.array(colour) * (0.7 + 0.5 * y[..., None]) + 12 * np.sin(9 * x + number)[..., None]
    left = 8 + 10 * number % (width // 2)
    pixels[height // 3 : height // 2, left : left + width // 5] = (250, 240, 200)
    about = PngImagePlugin.PngInfo()
    if text:
        about.add_text("parameters", text)
    file = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, "PNG", pnginfo=about)
    return file.getvalue()


def write_archive(path: Path) -> dict[str, bytes]:
    """Make an archive of six small pictures, and its index; give their ids by name."""
    ids, signatures = {}, {}
    with store.create(path) as archive:
        for number, (name, content) in enumerate(_contents().items()):
            place = Place(FOLDER if number == 0 else "", name, FIRST_TIME + number * DAY)
            archive.put([Record(content.id, content.stream, (place,), ("holiday",) if number % 2 else ())])
            ids[name], signatures[content.id] = content.id, content.signature
        index.update(archive, signatures)
    return ids


@functools.cache
def _contents():
    """Encode the pictures, once in a process."""
    settings = EncodeSettings(budget=300, bare=True)
    return {
        name: coded(picture(colour, number, text=RECIPE if name == "drawn.png" else ""), name, settings)
        for number, (name, colour) in enumerate(COLOURS.items())
    }


@contextlib.contextmanager
def client_of(path, **settings):
    """Give a client of the application over an archive, in this process."""
    cache = settings.pop("cache", Path(path).parent / "served")
    with TestClient(
        make(ServeSettings(Path(path), cache=cache, **settings)),
        base_url="http://127.0.0.1",
        raise_server_exceptions=False,
    ) as client:
        client.event_hooks = {"response": [api_document.check]}
        yield client


def copied(source, folder):
    """Copy an archive and its index into a folder, for a test that writes; give its path."""
    for suffix in ("", ".index"):
        shutil.copy(f"{source}{suffix}", folder)
    return Path(folder) / Path(source).name


def problem(response, status):
    """Give the object of an answer that is a problem of this status."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = json.loads(response.content)
    assert body["status"] == status
    assert body["detail"]
    return body


def private_recipe():
    """Give a recipe that says who its owner is."""
    return Recipe(Platform("a1111"), ModelInfo("dream"), Settings("a castle, C:\\Users\\jane\\secret"))
