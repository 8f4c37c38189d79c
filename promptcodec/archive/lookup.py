"""Records by what people call them: the start of an id, a name, a path."""

from __future__ import annotations

import re
from collections.abc import Sequence

from promptcodec.archive.record import ID_BYTES
from promptcodec.archive.store import Archive
from promptcodec.errors import PromptcodecError, UsageError

_LEAST_DIGITS = 4
_SHOWN = 3


def look_up(archive: Archive, wanted: Sequence[str]) -> dict[str, bytes | PromptcodecError]:
    """Find the one record that each word means.

    Args:
        archive: where to look.
        wanted: each the start of an id, four hexadecimal digits or more; or the name or path of a picture.

    Returns:
        by word the id, or why there is none.
    """
    digits = re.compile(rf"[0-9a-fA-F]{{{_LEAST_DIGITS},{2 * ID_BYTES}}}")
    ids = {word: archive.matching(word) if digits.fullmatch(word) else [] for word in wanted}
    others = {word for word, matching in ids.items() if not matching}
    if others:
        for each in archive.stored():
            names = {each.name, *(place.path for place in each.places)}
            for word in others & names:
                ids[word].append(each.id)
    return {word: _only(word, matching) for word, matching in ids.items()}


def _only(word: str, ids: Sequence[bytes]) -> bytes | PromptcodecError:
    if len(ids) == 1:
        return ids[0]
    if not ids:
        return UsageError(f"no picture has the id or the name {word}")
    shown = ", ".join(each.hex() for each in ids[:_SHOWN]) + (", ..." if len(ids) > _SHOWN else "")
    return UsageError(f"{word} means {len(ids)} pictures: name one by its id, of {shown}")
