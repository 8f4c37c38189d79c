"""Reading files within limits, and writing them whole or not at all."""

from __future__ import annotations

import errno
import io
import os
import select
import stat
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from promptcodec.errors import OutputExistsError, UsageError

STDIO = "-"
# No picture or stream within the limits of the format comes near this.
MAX_BYTES = 1 << 30
WRITING = threading.Lock()
"""Held while a file is written: who ends a process waits for it, so that nothing half-written is left."""
# A named pipe whose writer has not come by then is a mistake.
_WRITER_SECONDS = 5.0
_BLOCK = 1 << 20
_NO_LINKS = {
    getattr(errno, name, 0)
    for name in ("EPERM", "EACCES", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EMLINK", "EXDEV", "EINVAL")
}
"""What file systems without hard links answer."""


def exists(path: str | Path) -> bool:
    """Say whether there is something at ``path``; a path no file can have is not there.

    ``Path.exists`` raises for names that are too long and folders that may not be entered.
    """
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def is_dir(path: str | Path) -> bool:
    """Say whether there is a folder at ``path``."""
    return exists(path) and Path(path).is_dir()


def read_file(path: str | Path) -> bytes:
    """Read a whole file, or a pipe that somebody writes into.

    Raises:
        UsageError: it is not there, cannot be read, is a folder or a device, or has more than MAX_BYTES.
    """
    try:
        about = Path(path).stat()
        if stat.S_ISFIFO(about.st_mode):
            return _read_pipe(path)
        if stat.S_ISDIR(about.st_mode):
            raise UsageError("cannot be read: it is a folder")
        if stat.S_ISCHR(about.st_mode) or stat.S_ISBLK(about.st_mode):
            if Path(path).samefile(os.devnull):
                return b""
            raise UsageError("cannot be read: it is a device, not a file; - is standard input")
        if about.st_size > MAX_BYTES:
            raise _too_long()
        with Path(path).open("rb") as file:
            return read_open(file)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}") from None
    except ValueError as error:  # a name with a null character
        raise UsageError(f"cannot be read: {error}") from None


def read_open(file: BinaryIO) -> bytes:
    """Read an open file to its end.

    Raises:
        UsageError: it has more than MAX_BYTES, or no end.
    """
    kept = io.BytesIO()
    while block := file.read(_BLOCK):
        kept.write(block)
        if kept.tell() > MAX_BYTES:
            raise _too_long()
    return kept.getvalue()


def _too_long() -> UsageError:
    return UsageError(f"cannot be read: it has more than {MAX_BYTES} bytes")


def _read_pipe(path: str | Path) -> bytes:
    """Read a named pipe; to open it plainly would wait for ever where nobody writes into it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    kept = bytearray()
    deadline = time.monotonic() + _WRITER_SECONDS
    try:
        while True:
            try:
                block = os.read(descriptor, _BLOCK)
            except BlockingIOError:  # there is a writer, with nothing to say yet
                select.select([descriptor], [], [])
                deadline = 0.0
                continue
            kept += block
            if len(kept) > MAX_BYTES:
                raise _too_long()
            if not block:  # no writer: there was one, or there is none yet
                if kept or not deadline:
                    return bytes(kept)
                if time.monotonic() > deadline:
                    raise UsageError("cannot be read: it is a pipe into which nobody writes")
                time.sleep(0.02)
    finally:
        os.close(descriptor)


def is_device(path: str | Path) -> bool:
    """Say whether ``path`` is something that is written into, never replaced, such as /dev/null."""
    return exists(path) and not (Path(path).is_file() or Path(path).is_dir())


def check_free(path: str, *, overwrite: bool) -> None:
    """Raise OutputExistsError where ``path`` is taken, before any work is done for it."""
    if path != STDIO and not overwrite and exists(path) and not is_device(path):
        raise _taken(path)


def identity(path: str | Path) -> tuple[int, int] | None:
    """Give what is the same for every name of a file; None where there is none that could be lost."""
    if path == STDIO:
        return None
    try:
        about = Path(path).stat()
    except (OSError, ValueError):
        return None
    return (about.st_dev, about.st_ino) if about.st_ino and stat.S_ISREG(about.st_mode) else None


def check_apart(outputs: Iterable[str], inputs: Iterable[str | None]) -> None:
    """Raise UsageError where an output is one of the files that are read; None stands for no file."""
    read = {key: path for path in inputs if path is not None and (key := identity(path))}
    for out in outputs:
        key = identity(out)
        if key in read:
            called = "" if read[key] == out else f", {read[key]}"
            raise UsageError(f"{out} is the input itself{called}; choose another output")


def same_place(first: str, second: str) -> bool:
    """Say whether two outputs are one, whether it is there already or not."""
    if STDIO in (first, second):
        return first == second
    key = identity(first)
    if key is not None and key == identity(second):
        return True
    return os.path.abspath(first) == os.path.abspath(second)  # noqa: PTH100 - no raising


def _taken(path: str) -> OutputExistsError:
    return OutputExistsError(f"{path} exists", hint="--overwrite replaces it")


def write_whole(path: str, data: bytes, *, overwrite: bool) -> None:
    """Write a file under a temporary name, then give it its own: it is never there half-written.

    Raises:
        OutputExistsError: it exists and was not to be replaced; also where it appeared meanwhile.
        UsageError: it cannot be written.
    """
    with WRITING, whole(path, overwrite=overwrite) as file:
        file.write(data)


@contextmanager
def whole(path: str, *, overwrite: bool) -> Iterator[BinaryIO]:
    """Give a file to be written, which gets its name at the end of the block, and is not there if that fails.

    Raises:
        OutputExistsError, UsageError: as of ``write_whole``.
    """
    check_free(path, overwrite=overwrite)
    target, temporary = Path(path), ""
    try:
        if is_device(target):
            with target.open("wb") as file:
                yield file
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        import tempfile  # noqa: PLC0415 - who only reads needs none of what it imports

        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(temporary).chmod(0o666 & ~_umask())
        if overwrite:
            Path(temporary).replace(target)
        else:
            _name_new(Path(temporary), target)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{path} cannot be written: {target.parent} is not a folder") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        Path(temporary).unlink(missing_ok=True) if temporary else None


def _name_new(temporary: Path, target: Path) -> None:
    """Give a file a name that must be free. To rename would replace what appeared there meanwhile."""
    try:
        try:
            os.link(temporary, target)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # No hard links, as on FAT: the name is taken first, which only one can do.
            target.open("xb").close()
            temporary.replace(target)
    except FileExistsError:
        raise _taken(str(target)) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
