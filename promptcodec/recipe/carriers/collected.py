"""What is collected of an image file's metadata, and how much of it at most."""

from __future__ import annotations

from dataclasses import dataclass

from promptcodec.recipe.iptc import captions
from promptcodec.recipe.model import Chunk

MAX_BYTES = 1 << 18  # metadata in one file that is kept byte for byte; most workflows have 40 kB
READ_BYTES = (
    1 << 21
)  # that is read at all: editors' workflows with pictures in them have more than a megabyte
MOST_CHUNKS = 1024  # some converters write a chunk for each EXIF tag
_EXIF = b"Exif\0\0"
MAX_C2PA = 1 << 24  # manifests hold thumbnails, and the manifests of what a picture was made from


@dataclass(frozen=True, slots=True)
class Carried:
    """What a file carries.

    Attributes:
        chunks: its metadata, in the file's order, MAX_BYTES at most.
        large: what goes beyond these, READ_BYTES at most with them.
        c2pa: its C2PA manifest store (JUMBF).
        warnings: what could not be read; one line.
    """

    chunks: tuple[Chunk, ...]
    large: tuple[Chunk, ...] = ()
    c2pa: bytes | memoryview = b""
    warnings: tuple[str, ...] = ()


class Collected:
    """Collect chunks up to the limits."""

    def __init__(self) -> None:
        self._chunks: list[Chunk] = []
        self._large: list[Chunk] = []
        self._warnings: list[str] = []
        self._kept = MAX_BYTES
        self.room = READ_BYTES
        self.stopped = False
        self.c2pa: bytes | memoryview = b""

    def add(self, carrier: str, key: str, data: bytes | memoryview | None) -> None:
        """Take a chunk; ``data`` is None where it is known to be too long."""
        if data is None or len(data) > self.room:
            name = f" in {key}" if key else ""
            self.warn(f"more than {READ_BYTES} bytes of metadata{name}; the rest is not read")
        elif len(self._chunks) + len(self._large) >= MOST_CHUNKS:
            self.warn(f"more than {MOST_CHUNKS} metadata chunks; the rest is not read")
            self.stopped = True
        else:
            self.room -= len(data)
            fits = len(data) <= self._kept
            self._kept -= len(data) if fits else 0
            (self._chunks if fits else self._large).append(Chunk(carrier, key, bytes(data)))

    def add_exif(self, data: bytes | memoryview) -> None:
        """Take a TIFF block, with or without its head in JPEG."""
        start = len(_EXIF) if data[: len(_EXIF)] == _EXIF else 0
        self.add("exif", "", data[start:])

    def add_captions(self, data: bytes | memoryview) -> None:
        """Take the captions in IPTC's records: of all that stands there tools write these alone."""
        for caption in captions(data):
            self.add("comment", "", caption)

    def warn(self, text: str) -> None:
        """Keep the first warning: one clear line, not one a chunk."""
        if not self._warnings:
            self._warnings.append(text)

    def carried(self) -> Carried:
        """Give what was collected."""
        return Carried(tuple(self._chunks), tuple(self._large), self.c2pa, tuple(self._warnings))
