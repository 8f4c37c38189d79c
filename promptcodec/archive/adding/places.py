"""Places of a record while files are added: pure functions, but for looking whether a file is gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from promptcodec.archive.adding.originals import is_gone
from promptcodec.archive.adding.states import DUPLICATE, KNOWN, MOVED
from promptcodec.archive.record import Place, Record
from promptcodec.archive.sources.source import location


def merged(
    record: Record, place: Place, tags: Sequence[str], gone: Callable[[Place], bool] = is_gone
) -> tuple[Record, str]:
    """Give a record with a place where its content was met, and with more tags; and what is new about that.

    Of a picture in place, one of its places that is ``gone`` is taken for the one it was moved from.
    """
    places, state = list(record.places), KNOWN
    at = _position(places, place)
    if at is None and place.root:
        at = next((number for number, each in enumerate(places) if each.root and gone(each)), None)
        state = DUPLICATE if at is None else MOVED
    elif at is None:
        state = DUPLICATE
    if at is None:
        places.append(place)
    elif state == MOVED or (place.root and not places[at].root):
        places[at] = place
    elif place.root or not places[at].root:
        places[at] = replace(places[at], time=place.time)
    return replace(record, places=tuple(places), tags=tuple(dict.fromkeys((*record.tags, *tags)))), state


def _position(places: Sequence[Place], place: Place) -> int | None:
    """Give which of some places this one is; where one of two is a mere name, alike paths are one."""
    where = location(place.root, place.path)
    for number, each in enumerate(places):
        if bool(each.root) == bool(place.root) and location(each.root, each.path) == where:
            return number
    for number, each in enumerate(places):
        if bool(each.root) != bool(place.root) and each.path == place.path:
            return number
    return None


def without(record: Record, place: Place) -> Record | None:
    """Give a record without a place, None where it does not have it; the last one stays as a mere name."""
    if place not in record.places:
        return None
    others = tuple(each for each in record.places if each != place)
    return replace(record, places=others or (replace(place, root=""),))
