"""How a picture looks: its signature, and the colours of an 8x8 grid; for many, in chunks of an index.

A chunk is a row of the table ``look``: CHUNK documents, the last one fewer. Its blobs stand by columns,
the first cell's colours of all its documents and then the second's, as a search goes through them.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from promptcodec import bitstream
from promptcodec.bitstream import Stream
from promptcodec.description import Description, resolve
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import PromptcodecError
from promptcodec.layers import derived, semantic, texture
from promptcodec.layers.parts import payloads_of
from promptcodec.layers.signature import SIGNATURE_BYTES
from promptcodec.layers.signature import decode as check_signature
from promptcodec.reading import open_stream
from promptcodec.vision.colour import Floats, cell_colours, nearest_numbers, to_oklab

if TYPE_CHECKING:
    from PIL import Image

    from promptcodec.vision.load import ImageSource

Bytes: TypeAlias = npt.NDArray[np.uint8]

SIDE = 8
CELLS = SIDE**2
UNKNOWN = 255
"""Stands for the colour of a cell of which nothing is known."""

CHUNK = 4096
"""Documents of a chunk: 370 kB, which is what it costs to add one document."""


@dataclass(frozen=True, slots=True)
class Look:
    """How one picture looks.

    Attributes:
        signature: SIGNATURE_BYTES bytes; None where none was ever measured.
        colours: CELLS numbers of palette colours, row by row from the top left, or UNKNOWN.
    """

    signature: bytes | None
    colours: bytes


NOTHING = Look(None, bytes([UNKNOWN]) * CELLS)
"""The look of what was removed or cannot be read: nothing is like it."""


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Looks of some documents, by columns.

    Attributes:
        colours: ``(CELLS, n)``.
        signatures: ``(SIGNATURE_BYTES, n)``, zeros where there is none.
        signed: ``(n,)`` whether there is one.
    """

    colours: Bytes
    signatures: Bytes
    signed: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.signed)

    def look(self, index: int) -> Look:
        """Give the look of one document."""
        own = self.signatures[:, index].tobytes() if self.signed[index] else None
        return Look(own, self.colours[:, index].tobytes())


Looks: TypeAlias = tuple[Chunk, ...]
"""The looks of all documents: document n is in chunk ``n // CHUNK``."""


def measure(stream: bytes, signature: bytes | None = None, dictionaries: Sequence[Dictionary] = ()) -> Look:
    """Read how a picture looks off its stream.

    Args:
        stream: bare; what cannot be read of it says nothing.
        signature: what was measured of the picture itself; None takes the one in the stream, if any.
        dictionaries: the users' dictionaries at hand.
    """
    with suppress(PromptcodecError):
        return _measure(open_stream(stream, bare=True), signature, dictionaries)
    return Look(signature, NOTHING.colours)


def _measure(stream: Stream, signature: bytes | None, dictionaries: Sequence[Dictionary]) -> Look:
    payloads = payloads_of(stream)
    if signature is None and "signature" in payloads:
        with suppress(PromptcodecError):
            signature = check_signature(payloads["signature"])
    with suppress(PromptcodecError):
        if derived.MAP in payloads:
            cells = SIDE // texture.SAMPLES
            drawn = np.array(texture.samples(payloads[derived.MAP], cells, cells), np.uint8)
            return Look(signature, _numbers(to_oklab(drawn.reshape(CELLS, 3))))
    with suppress(PromptcodecError):
        if "semantic" in payloads:
            description = semantic.decode(payloads["semantic"], dictionaries=dictionaries)
            return Look(signature, colours_of_cells(description))
    return Look(signature, NOTHING.colours)


def look_of(source: ImageSource) -> Look:
    """Measure a picture, to search for what is like it; of a stream, read what it says.

    Raises:
        BitstreamError: it is a stream, and damaged.
        ImageError, MissingError, UsageError: as ``vision.load.load_picture``.
    """
    from promptcodec.layers import signature  # noqa: PLC0415 - runs a network
    from promptcodec.vision.load import load_picture, read_source  # noqa: PLC0415 - only pictures need it

    given = read_source(source)
    if isinstance(given, bytes) and given.startswith(bitstream.MAGIC):
        return _measure(open_stream(given), None, ())
    image = load_picture(given).image
    return Look(signature.encode_framed(image), colours_of_picture(image))


def colours_of_picture(image: Image.Image) -> bytes:
    """Give the colours of the grid of an RGB picture of any size, as its texture layer would show them."""
    from PIL import Image  # noqa: PLC0415 - searching for words needs none

    # Smooth, as the lowest frequencies are.
    small = image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return _numbers(to_oklab(np.asarray(small, np.uint8).reshape(CELLS, 3)))


def colours_of_cells(description: Description) -> bytes:
    """Give the colours that the words of a grid name, stretched over CELLS."""
    cells = resolve(description)
    named = [_numbers(cell_colours(cell)) for cell in cells]
    result = bytearray()
    for row in range(SIDE):
        top, down = divmod((2 * row + 1) * description.rows, 2 * SIDE)
        for col in range(SIDE):
            left, across = divmod((2 * col + 1) * description.cols, 2 * SIDE)
            place = top * description.cols + left
            inside = {"over": down, "beside": across}.get(cells[place].arrangement, 0)
            # The second colour is that of the second half; in its middle, the first is the larger.
            result.append(named[place][inside > SIDE] if named[place] else UNKNOWN)
    return bytes(result)


def _numbers(oklab: Floats) -> bytes:
    return nearest_numbers(oklab).astype(np.uint8).tobytes()


def create(connection: sqlite3.Connection) -> None:
    """Make the table that chunks stand in."""
    connection.execute(
        "CREATE TABLE look (number INTEGER PRIMARY KEY, colours BLOB NOT NULL, signatures BLOB NOT NULL)"
    )


def append(connection: sqlite3.Connection, looks: Iterable[Look]) -> int:
    """Add documents behind the last; no more than the last chunk is written again.

    Returns:
        The number of the first of them, from 0.
    """
    last = connection.execute("SELECT * FROM look ORDER BY number DESC LIMIT 1").fetchone()
    number, kept = (last[0], _looks(_chunk(*last[1:]))) if last else (0, [])
    first = number * CHUNK + len(kept)
    for look in looks:
        if len(kept) == CHUNK:
            _write(connection, number, kept)
            number, kept = number + 1, []
        kept.append(look)
    if kept:
        _write(connection, number, kept)
    return first


def replace(connection: sqlite3.Connection, looks: Mapping[int, Look]) -> None:
    """Give documents other looks; each chunk is written once.

    Args:
        connection: of the index.
        looks: by number of the document.
    """
    by_chunk: defaultdict[int, dict[int, Look]] = defaultdict(dict)
    for document, look in looks.items():
        by_chunk[document // CHUNK][document % CHUNK] = look
    for number, others in by_chunk.items():
        row = connection.execute(
            "SELECT colours, signatures FROM look WHERE number = ?", (number,)
        ).fetchone()
        kept = _looks(_chunk(*row))
        for index, look in others.items():
            kept[index] = look
        _write(connection, number, kept)


def load(connection: sqlite3.Connection) -> Looks:
    """Read all looks: 92 bytes a document."""
    rows = connection.execute("SELECT colours, signatures FROM look ORDER BY number")
    return tuple(_chunk(*row) for row in rows)


def one(connection: sqlite3.Connection, document: int) -> Look:
    """Read the look of one document."""
    number, index = divmod(document, CHUNK)
    row = connection.execute("SELECT colours, signatures FROM look WHERE number = ?", (number,)).fetchone()
    return _chunk(*row).look(index)


def _write(connection: sqlite3.Connection, number: int, looks: Sequence[Look]) -> None:
    chunk = gather(looks)
    signatures = np.vstack([chunk.signatures, chunk.signed]).tobytes()
    connection.execute(
        "INSERT OR REPLACE INTO look VALUES (?, ?, ?)", (number, chunk.colours.tobytes(), signatures)
    )


def gather(looks: Sequence[Look]) -> Chunk:
    """Put looks side by side."""
    absent = bytes(SIGNATURE_BYTES)
    return Chunk(
        _columns(CELLS, (look.colours for look in looks)),
        _columns(SIGNATURE_BYTES, (look.signature or absent for look in looks)),
        np.array([look.signature is not None for look in looks], np.bool_),
    )


def _columns(width: int, rows: Iterable[bytes]) -> Bytes:
    return np.ascontiguousarray(np.frombuffer(b"".join(rows), np.uint8).reshape(-1, width).T)


def _chunk(colours: bytes, signatures: bytes) -> Chunk:
    own = np.frombuffer(signatures, np.uint8).reshape(SIGNATURE_BYTES + 1, -1)
    return Chunk(np.frombuffer(colours, np.uint8).reshape(CELLS, -1), own[:-1], own[-1].astype(np.bool_))


def _looks(chunk: Chunk) -> list[Look]:
    return [chunk.look(index) for index in range(len(chunk))]
