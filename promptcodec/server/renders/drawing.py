"""One picture, drawn and made a file, in a worker's thread."""

from __future__ import annotations

import functools
import io
import threading
from pathlib import Path
from typing import Any

from promptcodec import bitstream, plugins, provenance
from promptcodec.archive import store
from promptcodec.decoding import decode
from promptcodec.drawing import Decoded
from promptcodec.errors import MissingDictionary
from promptcodec.generators import Generator, PricedGenerator
from promptcodec.generators.watching import Watch
from promptcodec.server.renders.drawn import MEDIA_TYPES, Drawn
from promptcodec.server.renders.job import Job
from promptcodec.server.renders.wanted import TILE

_own = threading.local()
_TILE_QUALITY = 85


def draw(job: Job, archive: Path) -> Drawn:
    """Draw the picture of a job.

    Args:
        job: says what is wanted, and is told how far it is.
        archive: the file whose dictionaries the stream may need.

    Raises:
        PromptcodecError: there is none.
    """
    wanted = job.wanted
    generator = generator_of(wanted.generator)
    outline = bitstream.read(job.stream, bare=True)
    drawn = functools.partial(
        decode,
        job.stream,
        bare=True,
        generator=generator,
        layers=wanted.layers,
        seed=wanted.seed,
        size=wanted.size_of(outline.width, outline.height),
        strength=wanted.strength,
        # What is unfinished may cost money where the picture does.
        watch=Watch(job.report, previews=not isinstance(generator, PricedGenerator)),
    )
    try:
        decoded = drawn()
    except MissingDictionary:  # before anything is drawn
        with store.open(archive) as opened:
            dictionaries = opened.dictionaries()
        decoded = drawn(dictionaries=dictionaries)
    data = _tile(decoded) if wanted.format == TILE else _file(decoded, wanted.format)
    return Drawn(job.key, data, MEDIA_TYPES.get(wanted.format, "image/jpeg"), _report(decoded))


def generator_of(spec: str) -> Generator:
    """Give this thread's own generator: it holds models, and what it noticed in its last picture."""
    if not hasattr(_own, "generators"):
        _own.generators = {}
    if spec not in _own.generators:
        _own.generators[spec] = plugins.create("generators", spec)
    generator: Generator = _own.generators[spec]
    return generator


def _file(decoded: Decoded, form: str) -> bytes:
    return provenance.save(decoded.image, f"picture.{form}", provenance.record(decoded.report))


def _tile(decoded: Decoded) -> bytes:
    file = io.BytesIO()
    decoded.image.save(file, "JPEG", quality=_TILE_QUALITY)
    return file.getvalue()


def _report(decoded: Decoded) -> dict[str, Any]:
    about = decoded.report
    return {
        **provenance.record(about),
        "width": decoded.image.width,
        "height": decoded.image.height,
        "warnings": [str(warning) for warning in about.warnings],
        "seconds": round(about.seconds, 4),
    }
