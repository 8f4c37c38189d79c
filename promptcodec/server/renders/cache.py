"""Pictures on disk under their keys: whole or not there, the least recently used go first.

An entry is one file: a head, the report as JSON, the picture. Its checksum is looked at whenever it is read.
Times of use are those of the files, so that they outlive the process.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import struct
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from promptcodec.server.renders.drawn import Drawn

_HEAD = struct.Struct(">4sIII")
"""Magic, CRC-32 of what follows it, bytes of the report, bytes of the picture."""
_MAGIC = b"PXR1"
_KEPT = 0.9
"""Of the limit, what is left when entries were removed: to look for them takes a while."""
_HELD = 32 << 20
"""Bytes of pictures kept in memory while the disk takes none."""

_log = logging.getLogger(__name__)


class Cache:
    """Pictures on disk. Its methods block; several threads may call them."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder, self._limit = folder / "pictures", limit
        self._unfinished = folder / "unfinished"
        self._lock, self._sweeping = threading.Lock(), threading.Lock()
        self._bytes = 0
        self._held: OrderedDict[str, Drawn] = OrderedDict()
        self._complained = False
        self._numbers = itertools.count()

    def open(self, *, alone: bool) -> None:
        """Make the folders and count what is there.

        Args:
            alone: no other process uses the folder, so what is unfinished is what a killed one has left.
        """
        try:
            for folder in (self._folder, self._unfinished):
                folder.mkdir(parents=True, exist_ok=True)
            for path in self._unfinished.iterdir() if alone else ():
                path.unlink(missing_ok=True)
            there = sum(size for _, size, _ in self._entries())
        except OSError as error:
            self._complain(error)
            return
        with self._lock:
            self._bytes += there
        self._sweep()

    @property
    def kept_bytes(self) -> int:
        """Give how many are kept on disk, about."""
        return self._bytes

    def has(self, key: str) -> bool:
        """Say whether there seems to be a picture; what is broken is noticed when it is read."""
        return key in self._held or self._path(key).exists()

    def read(self, key: str) -> Drawn | None:
        """Give a picture, None where it is not there. What is broken is removed."""
        with self._lock:
            if held := self._held.get(key):
                return held
        path = self._path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        drawn = _parse(key, content)
        with contextlib.suppress(OSError):
            if drawn is None:
                path.unlink()
            else:
                os.utime(path)
        return drawn

    def write(self, drawn: Drawn) -> None:
        """Keep a picture: on disk, or in memory for a while where that does not work."""
        content = _content(drawn)
        unfinished = self._unfinished / f"{os.getpid()}-{next(self._numbers)}"
        try:
            try:
                path = self._path(drawn.key)
                for folder in (path.parent, self._unfinished):  # somebody may have tidied up
                    folder.mkdir(parents=True, exist_ok=True)
                unfinished.write_bytes(content)
                unfinished.replace(path)
            finally:
                with contextlib.suppress(OSError):
                    unfinished.unlink(missing_ok=True)
        except OSError as error:
            self._complain(error)
            self._hold(drawn)
            return
        with self._lock:
            self._complained = False
            self._bytes += len(content)
        self._sweep()

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / key

    def _hold(self, drawn: Drawn) -> None:
        with self._lock:
            self._held[drawn.key] = drawn
            while sum(len(each.data) for each in self._held.values()) > _HELD:
                self._held.popitem(last=False)

    def _complain(self, error: OSError) -> None:
        """Say once that pictures are not kept, until they are again."""
        with self._lock:
            complained, self._complained = self._complained, True
        if not complained:
            _log.warning(
                "pictures are drawn but not kept in %s: %s", self._folder.parent, error.strerror or error
            )

    def _entries(self) -> Iterator[tuple[float, int, str]]:
        """Give time of use, bytes and path of every entry."""
        for folder in os.scandir(self._folder):
            with contextlib.suppress(OSError):
                for entry in os.scandir(folder):
                    with contextlib.suppress(OSError):
                        about = entry.stat()
                        yield about.st_mtime, about.st_size, entry.path

    def _sweep(self) -> None:
        """Remove the least recently used where there is too much; one thread at a time does it."""
        if self._bytes <= self._limit or not self._sweeping.acquire(blocking=False):
            return
        before = self._bytes
        try:
            entries = sorted(self._entries())
            total = sum(size for _, size, _ in entries)
            for _, size, path in entries:
                if total <= _KEPT * self._limit:
                    break
                with contextlib.suppress(OSError):
                    os.unlink(path)  # noqa: PTH108 - many
                    total -= size
            with self._lock:
                self._bytes += total - before
        except OSError as error:
            self._complain(error)
        finally:
            self._sweeping.release()


def _content(drawn: Drawn) -> bytes:
    report = json.dumps({"media_type": drawn.media_type, "report": drawn.report}).encode()
    checksum = zlib.crc32(drawn.data, zlib.crc32(report))
    return _HEAD.pack(_MAGIC, checksum, len(report), len(drawn.data)) + report + drawn.data


def _parse(key: str, content: bytes) -> Drawn | None:
    """Read an entry; None where it is not what was written."""
    if len(content) < _HEAD.size:
        return None
    magic, checksum, report_bytes, picture_bytes = _HEAD.unpack_from(content)
    rest = memoryview(content)[_HEAD.size :]
    if magic != _MAGIC or len(rest) != report_bytes + picture_bytes or zlib.crc32(rest) != checksum:
        return None
    about = json.loads(bytes(rest[:report_bytes]))
    return Drawn(key, bytes(rest[report_bytes:]), about["media_type"], about["report"])
