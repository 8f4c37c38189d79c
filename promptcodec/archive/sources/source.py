"""What is to be added: what each will be called, and where its bytes are."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from promptcodec.archive.record import Place
from promptcodec.errors import PromptcodecError
from promptcodec.files import read_file


class Origin(Protocol):
    """Where the bytes of a source are that is no file of its own; it must survive pickling."""

    def read(self) -> bytes:
        """Give the bytes.

        Raises:
            PromptcodecError: they cannot be had.
        """
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes that travel with their source."""

    data: bytes = field(repr=False)

    def read(self) -> bytes:
        """Give the bytes."""
        return self.data


@dataclass(frozen=True, slots=True)
class Passing:
    """Bytes that can be had only here, and only until the next source is asked for: those of a stream.

    Attributes:
        give: gives them; None where there are none, which it has counted or tells itself.
    """

    give: Callable[[], bytes | None]

    def read(self) -> bytes:
        """Give the bytes."""
        return self.give() or b""


@dataclass(frozen=True, slots=True)
class Failed:
    """No bytes, and why."""

    error: PromptcodecError

    def read(self) -> bytes:
        """Raise the error."""
        raise self.error


@dataclass(frozen=True, slots=True)
class Finished:
    """No bytes: the source is a file that holds others, and all of these were given."""

    def read(self) -> bytes:
        """Give nothing."""
        return b""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to add, or a picture inside another file or at an address.

    Attributes:
        source: where it is read, as it was named, without what is secret in an address.
        base: the absolute folder, or the address, that it is named below.
        path: below ``base``, with ``/`` between folders.
        time: when it, or the file that holds it, was last changed, in milliseconds since 1970; 0 where nobody
            knows; None where it is not there, or ``base`` and ``path`` are not enough to come back to it.
        in_place: it stays where it is, and is to be looked for there.
        origin: where its bytes are; None where it is a file.
    """

    source: str
    base: str
    path: str
    time: int | None
    in_place: bool
    origin: Origin | None = None

    def read(self) -> bytes:
        """Give its bytes.

        Raises:
            PromptcodecError: they cannot be had.
        """
        return self.origin.read() if self.origin else read_file(self.source)

    def loaded(self) -> Source | None:
        """Give it so that other processes can read it; None where it has no bytes.

        To be called before the next source is asked for.
        """
        if not isinstance(self.origin, Passing):
            return self
        try:
            data = self.origin.give()
        except PromptcodecError as error:
            return replace(self, origin=Failed(error))
        return None if data is None else replace(self, origin=Held(data))

    def emptied(self) -> Source:
        """Give it without bytes that travel with it, as nobody needs them any more."""
        return self if self.data is None else replace(self, origin=None)

    @property
    def held(self) -> int:
        """Give how many bytes travel with it."""
        return len(self.data or b"")

    @property
    def data(self) -> bytes | None:
        """Give the bytes that travel with it; None where none do."""
        return self.origin.data if isinstance(self.origin, Held) else None

    @property
    def place(self) -> Place:
        """Give what a record says of it."""
        return Place(self.base if self.in_place else "", self.path, self.time or 0)

    @property
    def location(self) -> str:
        """Give its absolute path."""
        return location(self.base, self.path)


def location(root: str, path: str) -> str:
    """Give the absolute path of a file below a folder."""
    return os.path.join(root, path)  # noqa: PTH118 - a million of them


def source_of(path: str | Path, base: str | Path, *, in_place: bool) -> Source:
    """Look at a file that is to be added.

    Args:
        path: the file.
        base: the folder that it is named below.
        in_place: it stays where it is.
    """
    absolute, root = (os.path.abspath(each) for each in (path, base))  # noqa: PTH100 - links must stay
    name = os.path.relpath(absolute, root).replace(os.sep, "/")
    return Source(str(path), root, name, time_of(path), in_place)


def time_of(path: str | Path) -> int | None:
    """Give when a file was last changed, in milliseconds since 1970; None where there is none."""
    try:
        return os.stat(path).st_mtime_ns // 1_000_000  # noqa: PTH116 - a million of them
    except (OSError, ValueError):
        return None
