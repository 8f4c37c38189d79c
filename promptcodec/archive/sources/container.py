"""Files that hold pictures: which are such, and what is said of those in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BufferedReader
from pathlib import Path

from promptcodec.archive.sources import addresses
from promptcodec.archive.sources.source import Finished, Origin, Source
from promptcodec.errors import PromptcodecError

TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
TABLES = (".parquet",)

_COLUMN = re.compile(r"(.+)#([^/#?]+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is taken of many files, and what becomes of the others.

    Attributes:
        why_not: says of a file's name why it is left out: None where it is not,
            ``""`` where nobody need know.
        left_out: counts the others by reason.
        failed: what could not be looked into is put here.
    """

    why_not: Callable[[str], str | None]
    left_out: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, PromptcodecError]] = field(default_factory=list)

    def takes(self, name: str) -> bool:
        """Say whether a file is taken, by its name or its path, and count it where it is not."""
        reason = self.why_not(name.rpartition("/")[2])
        if reason:
            self.left_out[reason] += 1
        return reason is None


@dataclass(frozen=True, slots=True)
class Container:
    """A file that holds pictures.

    Attributes:
        whole: the file as a source: the name, the place and the time that its pictures get.
        where: its path or its address, with what is secret in that.
        column: of a table, that holds the pictures; ``""`` to look for it.
    """

    whole: Source
    where: str = field(repr=False)
    column: str = ""

    def source(self, name: str, origin: Origin) -> Source:
        """Give a picture in it."""
        whole = self.whole
        return replace(whole, source=f"{whole.source}/{name}", path=f"{whole.path}/{name}", origin=origin)

    @property
    def finished(self) -> Source:
        """Give what says that all its pictures were given."""
        return replace(self.whole, origin=Finished())

    @property
    def is_local(self) -> bool:
        """Say whether it is a file of this machine."""
        return not addresses.is_address(self.where)

    @contextmanager
    def opened(self) -> Iterator[BufferedReader]:
        """Open it to be read from its start to its end.

        Raises:
            MissingError: as of ``remote.opened``.
            Exception: of the file system.
        """
        if self.is_local:
            with Path(self.where).open("rb") as file:
                yield file
        else:
            from promptcodec.archive.sources import remote  # noqa: PLC0415 - files need none of it

            with remote.opened(self.where) as file:
                yield file


def split_column(item: str) -> tuple[str, str]:
    """Take an input apart: a file or an address, and the column of ``data.parquet#COLUMN``."""
    match = _COLUMN.fullmatch(item)
    if match and is_table(match[1]):
        return match[1], match[2]
    return item, ""


def with_column(name: str, column: str) -> str:
    """Put a name and a column together."""
    return f"{name}#{column}" if column else name


def is_container(item: str) -> bool:
    """Say whether a file or an address holds pictures, by its name without a column."""
    return is_table(item) or _name(item).endswith(TARS)


def is_table(item: str) -> bool:
    """Say whether a file or an address is a table, by its name without a column."""
    return _name(item).endswith(TABLES)


def _name(item: str) -> str:
    return (addresses.path_of(item) if addresses.is_address(item) else item).lower()
