"""The pictures a job has drawn: fetched, and the one that is wanted chosen."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from promptcodec.api.servers import Server
from promptcodec.errors import GeneratorError, ImageError
from promptcodec.generators import Conditions
from promptcodec.generators.servers.pictures import opened, png
from promptcodec.generators.watching import Progress, Watch

_MOST = 16
_FOLDER = "promptcodec"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture and the file it came in."""

    image: Image.Image
    file: bytes


def upload(server: Server, picture: Image.Image) -> str:
    """Send a picture to the server's temporary folder; give the value of ``LoadImage`` that names it.

    The name is of its content: the same picture is one file, however often it is sent.
    """
    data = png(picture)
    name = f"{hashlib.sha256(data).hexdigest()[:24]}.png"
    fields = {"subfolder": _FOLDER, "type": "temp", "overwrite": "true"}
    answer = server.upload("/upload/image", {"image": (name, data, "image/png")}, fields)
    at = answer if isinstance(answer, dict) else {}
    subfolder = str(at.get("subfolder", _FOLDER))
    return f"{subfolder}/{at.get('name', name)} [{at.get('type', 'temp')}]".lstrip("/")


def fetch(server: Server, outputs: Mapping[str, Any], watch: Watch, most: int = _MOST) -> Iterator[Drawn]:
    """Fetch the last pictures of the saving nodes, or where none saved of those that show a preview.

    Args:
        server: where they are.
        outputs: what the nodes of a job show.
        watch: hears how many are there.
        most: pictures.

    Raises:
        GeneratorError: there is none, or one that is no picture.
    """
    places = list(_places(outputs))
    saved = [place for place in places if place["type"] == "output"]
    wanted = (saved or places)[-most:]
    if not wanted:
        raise GeneratorError("the graph was run and shows no picture; it needs a node such as SaveImage")
    for number, place in enumerate(wanted):
        watch.report(Progress("fetching", number, len(wanted)))
        data = server.read("/view", place)
        try:
            yield Drawn(opened(data), data)
        except ImageError as error:
            raise GeneratorError(f"the picture of {server.host} cannot be read: {error}") from None


def _places(outputs: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for node in outputs.values():
        images = node.get("images") if isinstance(node, dict) else None
        for image in images if isinstance(images, list) else ():
            if isinstance(image, dict) and isinstance(image.get("filename"), str):
                keys = {"filename": "", "subfolder": "", "type": "output"}
                yield {key: str(image.get(key, default)) for key, default in keys.items()}


def choose(drawn: Iterable[Drawn], conditions: Conditions) -> Drawn:
    """Choose the picture that the stream is of; of the others none is kept while they come.

    Those of its size come before others; among several the one nearest to its texture layer is taken, or
    without such a layer the last.
    """
    small = None if conditions.texture is None else _small(conditions.texture)

    def rank(one: Drawn) -> tuple[bool, float]:
        away = 0.0 if small is None else float(np.square(_small(one.image) - small).sum())
        return one.image.size == conditions.size, -away

    return functools.reduce(lambda best, one: one if rank(one) >= rank(best) else best, drawn)


def _small(image: Image.Image) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(image.convert("RGB").resize((16, 16), Image.Resampling.BOX), np.float64)
