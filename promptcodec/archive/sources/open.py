"""One door to what can be added: a file or an address that is a picture, or holds pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from promptcodec.archive.sources import addresses
from promptcodec.archive.sources.container import (
    Choice,
    Container,
    is_container,
    is_table,
    split_column,
    with_column,
)
from promptcodec.archive.sources.source import Failed, Source, location, source_of
from promptcodec.errors import ContainerError, MissingError, PromptcodecError, UsageError


def from_file(path: str | Path, base: str | Path, choice: Choice, *, in_place: bool) -> Iterator[Source]:
    """Give a file, or the pictures in it.

    Args:
        path: the file, with ``#COLUMN`` behind a table.
        base: the folder that it is named below.
        choice: what is taken of the pictures in it.
        in_place: it stays where it is, which is only of use where it is a picture.

    Raises:
        MissingError: what reads it is not installed.
    """
    file, column = split_column(str(path))
    if not is_container(file):
        yield source_of(path, base, in_place=in_place)
        return
    if in_place:
        choice.failed.append((str(path), not_in_place()))
        return
    whole = source_of(file, base, in_place=False)
    yield from pictures_in(
        Container(
            replace(whole, source=str(path), path=with_column(whole.path, column)),
            os.path.abspath(file),  # noqa: PTH100 - links must stay
            column,
        ),
        choice,
    )


def from_address(address: str, choice: Choice, *, in_place: bool) -> Iterator[Source]:
    """Give what is at an address: a file or the pictures in it, a folder, or what a pattern matches.

    Args:
        address: as fsspec takes it, with ``#COLUMN`` behind a table.
        choice: what is taken of folders and of pictures in files; gets what cannot be listed.
        in_place: must not be asked for.

    Raises:
        MissingError: fsspec or what it needs for the protocol is not installed.
    """
    from promptcodec.archive.sources import remote  # noqa: PLC0415 - files need none of it

    address, column = split_column(address)
    shown = with_column(addresses.without_secrets(address), column)
    try:
        if in_place:
            raise not_in_place()
        if remote.is_one(address):
            base, name = addresses.split(addresses.without_secrets(address))
            yield from _at(address, base, name, column, remote.time_at(address), choice)
            return
        base, number = addresses.split_pattern(address)[0], 0
        for number, (path, time) in enumerate(remote.listed(address, choice), 1):  # noqa: B007
            below = addresses.without_secrets(base)
            yield from _at(addresses.joined(base, path), below, path, column, time, choice)
        if not number:
            raise UsageError("there is no file to work on at this address")
    except MissingError:
        raise
    except PromptcodecError as error:
        choice.failed.append((shown, error))


def from_place(base: str, path: str, choice: Choice, *, in_place: bool) -> Iterator[Source]:
    """Give what was given before from a place, or the pictures in it.

    Args:
        base: of its source.
        path: of its source.
        choice: as of ``from_file``.
        in_place: as of ``from_file``.
    """
    if not addresses.is_address(base):
        yield from from_file(location(base, path), base, choice, in_place=in_place)
        return
    from promptcodec.archive.sources import remote  # noqa: PLC0415 - files need none of it

    file, column = split_column(path)
    address = addresses.joined(base, file)
    yield from _at(address, base, file, column, remote.time_at(address), choice)


def _at(
    address: str, base: str, path: str, column: str, time: int | None, choice: Choice
) -> Iterator[Source]:
    """Give the file at an address, or the pictures in it."""
    from promptcodec.archive.sources.remote import At  # noqa: PLC0415 - files need none of it

    if addresses.has_query(address):
        time = None  # without it the address may lead elsewhere
    source = addresses.joined(base, with_column(path, column))
    whole = Source(source, base, with_column(path, column), time, in_place=False, origin=At(address))
    if is_container(address):
        yield from pictures_in(Container(whole, address, column), choice)
    else:
        yield whole


def pictures_in(container: Container, choice: Choice) -> Iterator[Source]:
    """Give the pictures in a file; last the file itself, finished or failed.

    Raises:
        MissingError: what reads it is not installed.
    """
    try:
        if is_table(container.where):
            from promptcodec.archive.sources import parquet  # noqa: PLC0415 - others need none of it

            yield from parquet.rows(container, choice)
        else:
            from promptcodec.archive.sources import tar  # noqa: PLC0415 - others need none of it

            yield from tar.members(container, choice)
    except MissingError:
        raise
    except Exception as error:  # noqa: BLE001 - of damage, tarfile, pyarrow and unpackers raise nearly anything
        yield replace(container.whole, origin=Failed(_as_error(error, container)))
    else:
        yield container.finished


def not_in_place() -> UsageError:
    """Give what is wrong with originals that are no files."""
    return UsageError(
        "pictures inside tar shards and Parquet files, and those at addresses, cannot be opened in place",
        hint="leave --in-place out for them",
    )


def _as_error(error: Exception, container: Container) -> PromptcodecError:
    if isinstance(error, PromptcodecError):
        return error
    if not container.is_local and not isinstance(error, ValueError | EOFError):
        from promptcodec.archive.sources import remote  # noqa: PLC0415 - files need none of it

        return remote.as_error(error, container.where)
    if isinstance(error, OSError) and error.strerror:
        return UsageError(f"cannot be read: {error.strerror}")
    kind = "Parquet file" if is_table(container.where) else "tar shard"
    text = " ".join(addresses.cleaned(str(error), container.where).split()) or type(error).__name__
    return ContainerError(f"the {kind} cannot be read on: {text}; what came before was taken")
