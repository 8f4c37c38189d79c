"""The folder between those who list sources, those who encode them, and the archive that keeps them.

    ARCHIVE/OPTIONS/sources/     what is to be encoded: ``key``, ``source`` as of ``listing.write``, and
                                 ``data``: the bytes of what is in no file that others can read again
    ARCHIVE/OPTIONS/shards/      what was made of it: key and source, ``size``, ``encode.schema``'s columns;
                                 ``data`` of streams whose dictionary only the archive may have
    ARCHIVE/OPTIONS/checkpoint/  keys of rows whose shard is whole; Ray's

ARCHIVE is the uid of the archive, OPTIONS the digest of how files are encoded. All files are Parquet.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptcodec.archive.cluster import listing
from promptcodec.archive.sources.source import Source
from promptcodec.errors import UsageError

KEY, SOURCE, DATA, SIZE = "key", "source", "data", "size"
_ROWS, _ROOM = 4096, 32 << 20
"""Sources of a file, at most, and bytes that they carry, from which on it gets no more."""
_PLAIN = {"use_dictionary": False, "write_statistics": False, "compression": {SOURCE: "zstd", DATA: "none"}}
"""How a list is written: pictures are packed already, and looked at no more than they must be."""
_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Staging:
    """The folder of an archive, for one way of encoding.

    Attributes:
        where: the folder or URL, as it was named.
        filesystem: pyarrow's, that it is on.
        folder: there, of the archive.
        work: the name of the way.
    """

    where: str
    filesystem: Any
    folder: str
    work: str

    @property
    def sources(self) -> str:
        """Give the folder of what is to be encoded."""
        return f"{self.folder}/{self.work}/sources"

    @property
    def shards(self) -> str:
        """Give the folder of what was made."""
        return f"{self.folder}/{self.work}/shards"

    @property
    def checkpoint(self) -> str:
        """Give the folder of keys of rows that are done."""
        return f"{self.folder}/{self.work}/checkpoint"

    @property
    def log(self) -> str:
        """Give the file that Ray writes about a run into; nowhere where the folder is not of this machine."""
        from pyarrow.fs import LocalFileSystem  # noqa: PLC0415 - an extra, and heavy

        return f"{self.folder}/ray.log" if isinstance(self.filesystem, LocalFileSystem) else os.devnull

    def write_sources(self, sources: Iterable[tuple[int, Source]]) -> int:
        """List what is to be encoded, by key, in place of an older list; give how many there are."""
        import pyarrow as pa  # noqa: PLC0415 - an extra, and heavy
        from pyarrow import parquet  # noqa: PLC0415

        count = 0
        with self._used():
            self._clear(self.sources)
            for folder in (self.sources, self.shards):
                self.filesystem.create_dir(folder, recursive=True)
        for number, some in enumerate(_in_parts(sources)):
            table = pa.table(
                {
                    KEY: pa.array([key for key, _ in some], pa.int64()),
                    SOURCE: pa.array([listing.write(source.emptied()) for _, source in some], pa.string()),
                    DATA: pa.array([source.data for _, source in some], pa.large_binary()),
                }
            )
            with self._used():
                name = f"{self.sources}/{number:08}.parquet"
                parquet.write_table(table, name, filesystem=self.filesystem, **_PLAIN)
            count += len(some)
        return count

    def count(self) -> int:
        """Say how many sources are listed."""
        from pyarrow import parquet  # noqa: PLC0415 - an extra, and heavy

        with self._used():
            files = [
                parquet.read_metadata(file, filesystem=self.filesystem) for file in self._files(self.sources)
            ]
        return sum(file.num_rows for file in files)

    def listed(self) -> Iterator[tuple[int, Source]]:
        """Give what is to be encoded, by key."""
        for file in self._files(self.sources):
            for row in self.rows(file, [KEY, SOURCE]) or ():
                yield row[KEY], listing.read(row[SOURCE])

    def written(self) -> list[str]:
        """Give the shards that are there, whole or not."""
        return self._files(self.shards)

    def written_otherwise(self) -> list[str]:
        """Give the shards of other ways of encoding."""
        from pyarrow.fs import FileSelector, FileType  # noqa: PLC0415 - an extra, and heavy

        with self._used():
            there = self.filesystem.get_file_info(FileSelector(self.folder, allow_not_found=True))
        works = [each.path for each in there if each.type == FileType.Directory]
        others = [work for work in works if os.path.basename(work) != self.work]  # noqa: PTH119 - a URL's
        return [file for work in sorted(others) for file in self._files(f"{work}/shards")]

    def rows(self, file: str, columns: list[str] | None = None) -> list[dict[str, Any]] | None:
        """Read a file of a folder; None where it is not whole, as nobody has written its end yet."""
        import pyarrow as pa  # noqa: PLC0415 - an extra, and heavy
        from pyarrow import parquet  # noqa: PLC0415

        try:
            table = parquet.read_table(file, columns=columns, filesystem=self.filesystem)
        except (pa.ArrowInvalid, OSError):
            return None
        rows: list[dict[str, Any]] = table.to_pylist()
        return rows

    def keys(self, shards: Iterable[str], is_meant: Callable[[Mapping[str, Any]], bool]) -> set[int]:
        """Give the keys of rows of whole shards.

        Args:
            shards: the files.
            is_meant: is given a row without its stream.
        """
        columns = [KEY, SOURCE, "id", "bytes", "error_kind"]
        rows = (row for shard in shards for row in self.rows(shard, columns) or ())
        return {row[KEY] for row in rows if is_meant(row)}

    def remove(self) -> None:
        """Remove the folder of the archive, and the whole of it where nothing else is there."""
        from pyarrow.fs import LocalFileSystem  # noqa: PLC0415 - an extra, and heavy

        with self._used():
            self._clear(self.folder)
        if isinstance(self.filesystem, LocalFileSystem):
            above = Path(self.folder).parent
            if [each.name for each in above.iterdir()] == [_LOCK]:
                (above / _LOCK).unlink()
                above.rmdir()

    def _files(self, folder: str) -> list[str]:
        from pyarrow.fs import FileSelector  # noqa: PLC0415 - an extra, and heavy

        with self._used():
            there = self.filesystem.get_file_info(FileSelector(folder, allow_not_found=True))
        return sorted(each.path for each in there if each.path.endswith(".parquet"))

    def _clear(self, folder: str) -> None:
        from pyarrow.fs import FileType  # noqa: PLC0415 - an extra, and heavy

        if self.filesystem.get_file_info(folder).type != FileType.NotFound:
            self.filesystem.delete_dir(folder)

    @contextmanager
    def _used(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:  # pyarrow's are of both
            raise UsageError(f"the staging folder {self.where} cannot be used: {error}") from None


def _in_parts(sources: Iterable[tuple[int, Source]]) -> Iterator[list[tuple[int, Source]]]:
    """Put sources together that one file lists."""
    part: list[tuple[int, Source]] = []
    carried = 0
    for each in sources:
        part.append(each)
        carried += each[1].held
        if len(part) == _ROWS or carried >= _ROOM:
            yield part
            part, carried = [], 0
    if part:
        yield part


@contextmanager
def opened(where: str, archive: bytes, work: str) -> Iterator[Staging]:
    """Open a staging folder; it is made where there is none.

    Args:
        where: a folder, or a URL that pyarrow opens, such as s3://bucket/staging.
        archive: the uid of the archive.
        work: a name for the way of encoding.

    Raises:
        UsageError: it cannot be opened, or another process works there.
    """
    from pyarrow import fs  # noqa: PLC0415 - an extra, and heavy

    try:
        if re.match(r"\w[\w+.-]+://", where):
            filesystem, path = fs.FileSystem.from_uri(where)
        else:
            filesystem, path = fs.LocalFileSystem(), os.path.abspath(where)  # noqa: PTH100 - links must stay
        filesystem.create_dir(path, recursive=True)
    except (OSError, ValueError) as error:
        raise UsageError(f"the staging folder {where} cannot be used: {error}") from None
    with ExitStack() as locks:
        if isinstance(filesystem, fs.LocalFileSystem):
            locks.enter_context(_alone(Path(path)))
        yield Staging(where, filesystem, f"{path}/{archive.hex()}", work)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep others out of a folder, where the system can."""
    try:
        import fcntl  # noqa: PLC0415 - not there on every system
    except ImportError:
        yield
        return
    with ExitStack() as opened:
        try:
            lock = opened.enter_context((folder / _LOCK).open("wb"))
        except OSError as error:
            raise UsageError(f"the staging folder {folder} cannot be used: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(f"another run works in {folder}; wait until it ends") from None
        yield
