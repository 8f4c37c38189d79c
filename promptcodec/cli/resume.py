"""Continuing a run that was stopped: what is there and whole is not made again."""

from __future__ import annotations

from collections.abc import Callable

from promptcodec.cli import report
from promptcodec.errors import MissingError, NewerError
from promptcodec.files import STDIO, exists, is_device, read_file


def may_replace(
    out: str, read: Callable[[bytes], object], *, overwrite: bool, skip_existing: bool
) -> bool | None:
    """Say whether a result may replace what is at ``out``; None where that is whole, and nothing is to do.

    Args:
        out: where the result goes.
        read: reads a result whole, or raises.
        overwrite: results may be replaced in any case.
        skip_existing: those that are whole stay; those that are not are replaced.
    """
    if not skip_existing or out == STDIO or not exists(out) or is_device(out):
        return overwrite
    try:
        read(read_file(out))
    except (MissingError, NewerError):  # whole, though not for this reader
        return None
    except Exception:  # noqa: BLE001 - whatever it is, it is not whole
        report.warn(f"{out}: cannot be read, so it is made again")
        return True
    return None


def open_picture(data: bytes) -> None:
    """Read all of a picture.

    Raises:
        Exception: of any kind, where it is damaged.
    """
    from promptcodec.vision.opened import open_image  # noqa: PLC0415 - heavy

    open_image(data).verify()
    with open_image(data) as image:
        image.load()
