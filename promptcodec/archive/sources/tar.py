"""The pictures in tar shards, such as webdataset's: listed one by one, whatever their number."""

from __future__ import annotations

import bz2
import functools
import gzip
import lzma
import os
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from tarfile import HeaderError
from typing import IO, Self, cast

from promptcodec.archive.sources.container import Choice, Container
from promptcodec.archive.sources.names import Names, harmless
from promptcodec.archive.sources.source import Failed, Origin, Passing, Source
from promptcodec.errors import ContainerError, UsageError
from promptcodec.files import MAX_BYTES

NO_FILES = "links or devices"
"""What members are that are no files, in words of what is left out."""

_BLOCK = 1 << 16
# A name of a member, or what PAX says of one; nothing else that a header announces is read whole.
_LONGEST_HEADER = 1 << 18
_HEADERS = {
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
}


def _zstd(file: IO[bytes]) -> IO[bytes]:
    import zstandard  # noqa: PLC0415 - few shards need it

    reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
    return cast("IO[bytes]", reader)


_PACKED: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b": lambda file: cast("IO[bytes]", gzip.GzipFile(fileobj=file)),
    b"BZh": lambda file: cast("IO[bytes]", bz2.BZ2File(file)),
    b"\xfd7zXZ\0": lambda file: cast("IO[bytes]", lzma.LZMAFile(file)),  # noqa: SIM115 - ends with the file below
    b"\x28\xb5\x2f\xfd": _zstd,
}
"""What unpacks a file that starts so. Each unpacks no more than it is asked for."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes in a file, which any process can read.

    Attributes:
        file: the path.
        offset, size: in bytes.
    """

    file: str
    offset: int
    size: int

    def read(self) -> bytes:
        """Give the bytes.

        Raises:
            UsageError: the file cannot be read any more, or is shorter than it was.
        """
        try:
            with Path(self.file).open("rb") as file:
                file.seek(self.offset)
                data = file.read(self.size)
        except OSError as error:
            raise UsageError(f"cannot be read: {error.strerror}") from None
        if len(data) < self.size:
            raise UsageError("cannot be read: the tar shard was changed meanwhile")
        return data


def members(container: Container, choice: Choice) -> Iterator[Source]:
    """Give the pictures in a tar shard, in their order.

    Those of an unpacked file of this machine are places in it. Those of another are read on the way.

    Raises:
        ContainerError: the shard is damaged or cut off; what came before was given.
        Exception: whatever reading raises.
    """
    with container.opened() as file:
        unpack = next((unpack for head, unpack in _PACKED.items() if file.peek(8).startswith(head)), None)
        if container.is_local and not unpack:
            yield from _in_file(container, file, choice)
        else:
            yield from _in_stream(container, unpack(file) if unpack else file, choice)


def _in_file(container: Container, file: BufferedReader, choice: Choice) -> Iterator[Source]:
    size = os.fstat(file.fileno()).st_size
    with tarfile.open(fileobj=file, mode="r:", tarinfo=_Header, encoding="utf-8") as tar:
        for name, info in _files(tar, choice, is_stream=False):
            if info.offset_data + info.size > size:
                raise _cut_off()
            yield container.source(name, _refused(info) or Span(container.where, info.offset_data, info.size))


def _in_stream(container: Container, file: IO[bytes], choice: Choice) -> Iterator[Source]:
    broken: list[Exception] = []
    with tarfile.open(fileobj=file, mode="r|", tarinfo=_Header, encoding="utf-8", bufsize=_BLOCK) as tar:
        for name, info in _files(tar, choice, is_stream=True):
            give = functools.partial(_read, tar, info, broken)
            yield container.source(name, _refused(info) or Passing(give))
            if broken:
                raise broken[0]
        file.read(1 << 20)  # packers put a checksum at the end


def _files(tar: tarfile.TarFile, choice: Choice, *, is_stream: bool) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """Give the files that are taken, with the names that they get."""
    names = Names()
    for number, info in enumerate(_infos(tar, is_stream=is_stream)):
        if info.isdir():
            continue
        if not info.isreg() or info.issparse():
            choice.left_out[NO_FILES] += 1
            continue
        name = names.distinct(harmless(info.name, number), number)
        if choice.takes(name):
            yield name, info


def _infos(tar: tarfile.TarFile, *, is_stream: bool) -> Iterator[tarfile.TarInfo]:
    """Give what a tar file says of its members, and remember none of it."""
    before = -1
    while (info := tar.next()) is not None:
        tar.members.clear()  # type: ignore[attr-defined] # tarfile's own
        tar.pax_headers = {}
        if info.size < 0 or tar.offset <= before:
            raise ContainerError("the tar shard is damaged: a member says that it has a negative size")
        before = tar.offset
        yield info
        if is_stream:
            _skip(tar)


def _skip(tar: tarfile.TarFile) -> None:
    """Go on to the next header of a stream; tarfile does not see that a stream has ended before it."""
    file = cast("IO[bytes]", tar.fileobj)
    while (left := tar.offset - file.tell()) > 0:
        if not file.read(min(left, _BLOCK)):
            raise _cut_off()


def _refused(info: tarfile.TarInfo) -> Origin | None:
    if info.size <= MAX_BYTES:
        return None
    return Failed(UsageError(f"cannot be read: it has more than {MAX_BYTES} bytes"))


def _read(tar: tarfile.TarFile, info: tarfile.TarInfo, broken: list[Exception]) -> bytes | None:
    """Read a member of a stream; what breaks the stream is told by who lists it."""
    try:
        file = tar.extractfile(info)
        assert file is not None
        data = file.read()
    except Exception as error:  # noqa: BLE001 - of any unpacker, or of the file below
        broken.append(error)
        return None
    if len(data) < info.size:
        broken.append(_cut_off())
        return None
    return data


def _cut_off() -> ContainerError:
    return ContainerError("the tar shard is cut off; what came before that was taken")


class _Header(tarfile.TarInfo):
    """A header that is not passed over where it is damaged, as tarfile does behind the first."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile)
        except HeaderError as error:
            kind = type(error).__name__
            if kind == "EOFHeaderError":  # the end
                raise
            if kind in {"EmptyHeaderError", "TruncatedHeaderError"}:
                raise _cut_off() from None
            raise ContainerError(f"the tar shard is damaged: {error}; what came before was taken") from None

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        info = super().frombuf(buf, encoding, errors)
        if info.size < 0 or (info.type in _HEADERS and info.size > _LONGEST_HEADER):
            raise ContainerError("the tar shard is damaged: a header has an impossible size")
        return info
