"""The file of an index: where it is, and whether it is one that can be used."""

from __future__ import annotations

import glob
import hashlib
import os
import sqlite3
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from promptcodec.api.answers import folder
from promptcodec.archive.file.rollback import journal_of, names_a_file
from promptcodec.archive.store import Archive
from promptcodec.errors import HeldUpError, PromptcodecError

SUFFIX = ".index"
VERSION = 1
_APPLICATION = 0x70786978
BUSY = "another program is writing the index; try again when it is done"
WAIT_SECONDS = 20.0
CACHE = -(64 << 10)
"""Memory for pages of the file, in -KiB."""

_UNFINISHED = ".part"
_DAY = 86_400.0


def unfinished(path: Path) -> str:
    """Make an empty file beside ``path`` that is to take its place; give its name.

    What was left so long ago is removed.

    Raises:
        OSError: nothing can be written there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{glob.escape(path.name)}*{_UNFINISHED}"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _DAY:
                left.unlink()
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}", suffix=_UNFINISHED, dir=path.parent)
    os.close(handle)
    return temporary


def keep(temporary: str, path: Path) -> None:
    """Give a finished file its place; it is on the disk by then."""
    with Path(temporary).open("rb+") as file:
        os.fsync(file.fileno())
    journal = journal_of(path)
    if journal.exists():  # of the old file; it would be applied to the new one
        path.unlink(missing_ok=True)
        journal.unlink(missing_ok=True)
    Path(temporary).replace(path)


def sign(base: sqlite3.Connection, uid: bytes, seen: int) -> None:
    """Make a file that of an archive's index, with all until an entry of its journal."""
    put_meta(base, "uid", uid)
    put_meta(base, "seen", seen)
    base.execute(f"PRAGMA application_id = {_APPLICATION}")
    base.execute(f"PRAGMA user_version = {VERSION}")


def paths(archive: Archive) -> tuple[Path, Path]:
    """Give where the index may be: beside the archive, and with what is kept between runs."""
    real = archive.path.resolve()  # however it is called, it has one index
    beside = real.with_name(real.name + SUFFIX)
    where = hashlib.sha256(os.fsencode(real)).hexdigest()[:8]  # copies share their uid
    return beside, folder() / "indexes" / f"{archive.uid.hex()}-{where}{SUFFIX}"


def connect(path: Path) -> sqlite3.Connection:
    """Open a file that is there.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    if names_a_file(path):
        raise sqlite3.DatabaseError("its journal has SQLite delete another file")
    base = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=WAIT_SECONDS
    )
    for pragma in ("trusted_schema = OFF", f"cache_size = {CACHE}"):
        base.execute(f"PRAGMA {pragma}")
    if base.execute("SELECT 1 FROM sqlite_master WHERE type IN ('trigger', 'view')").fetchone():
        base.close()
        raise sqlite3.DatabaseError("it holds statements of somebody else")
    return base


def usable(path: Path, archive: Archive, notices: list[str]) -> sqlite3.Connection | None:
    """Open a file; give None where it is no index of this archive and this version."""
    if not path.is_file():
        return None
    base = None
    try:
        base = connect(path)
        ((application,), (version,)) = (
            base.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
        )
        if application == _APPLICATION and version == VERSION and meta(base, "uid") == archive.uid:
            return base
        notices.append(f"the index {path} is of another version or archive and is made anew")
    except PromptcodecError:
        raise
    except Exception as error:  # noqa: BLE001 - what is damaged may fail in any way
        if is_busy(error):
            raise HeldUpError(BUSY) from None
        notices.append(anew(path))
    if base:
        base.close()
    return None


def anew(path: Path) -> str:
    """Say that an index is damaged."""
    return f"the index {path} is damaged and is made anew"


def meta(base: sqlite3.Connection, name: str) -> object:
    """Give a value that belongs to an index as a whole, None where there is none."""
    row = base.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return row and row[0]


def put_meta(base: sqlite3.Connection, name: str, value: object) -> None:
    """Put such a value."""
    base.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))


def is_busy(error: Exception) -> bool:
    """Say whether another program was in the way for too long."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
