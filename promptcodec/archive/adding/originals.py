"""Originals that stay where they are: whether they are still there, and still what they were."""

from __future__ import annotations

from promptcodec.archive.record import Place, Record, id_of
from promptcodec.archive.sources.source import location, time_of
from promptcodec.errors import UsageError
from promptcodec.files import exists, is_dir, read_file

THERE, CHANGED, MOVED, MISSING = "there", "changed", "moved?", "missing"
_BEST_FIRST = (THERE, CHANGED, MOVED, MISSING)


def state(record: Record) -> str:
    """Say what became of a record's originals: the best of its places counts.

    Returns:
        ``there``: a file with this content. ``changed``: one with another. ``moved?``: none, though the
        folder it was added with is there; adding that in place again finds where it went. ``missing``: not
        even that, as of a disk that is not connected. ``""``: nobody is to look for it.
    """
    states = {state_of(record.id, place) for place in record.places if place.root}
    return next((each for each in _BEST_FIRST if each in states), "")


def is_gone(place: Place) -> bool:
    """Say whether a file is no longer where it was."""
    return not exists(location(place.root, place.path))


def state_of(id_: bytes, place: Place) -> str:
    """Say what became of a picture in place: one of the states of ``state``, by one of its places."""
    path = location(place.root, place.path)
    time = time_of(path)
    if time is None:
        return MOVED if is_dir(place.root) else MISSING
    if time == place.time:
        return THERE
    try:
        return THERE if id_of(read_file(path)) == id_ else CHANGED
    except UsageError:  # no longer a file, or one that may not be read
        return CHANGED
