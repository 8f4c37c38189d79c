"""Places in a text that say something about its owner, and what is to stand there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

KINDS = (
    *("paths", "e-mail addresses", "keys", "secrets", "user names"),
    *("network addresses", "phone numbers", "places"),
)
"""All kinds that an owner is told of, in the order in which they are named."""

_LONGEST_COVER = 40


@dataclass(frozen=True, slots=True)
class Hit:
    """A place in a text.

    Attributes:
        start, end: characters, the end excluded.
        kind: one of KINDS, or ``folders``: of a tool's own, which need no word.
        instead: what is to stand there.
    """

    start: int
    end: int
    kind: str
    instead: str


Finder = Callable[[str], Iterable[Hit]]


def cover(text: str) -> str:
    """Give the asterisks that hide a text, as many as it has characters, up to 40."""
    return "*" * min(len(text), _LONGEST_COVER)


def is_covered(text: str) -> bool:
    """Say whether nothing is left to hide."""
    return not set(text) - set("* \t")


def covered(text: str, start: int, end: int, kind: str) -> Iterator[Hit]:
    """Give the hit that hides a place, none where it is hidden already."""
    if not is_covered(text[start:end]):
        yield Hit(start, end, kind, cover(text[start:end]))


def replace_hits(text: str, hits: Iterable[Hit], kinds: set[str]) -> str:
    """Write what is to stand at every hit; of hits that overlap the first counts.

    Args:
        text: where the hits were seen.
        hits: in any order.
        kinds: the kinds of the hits are added to it.
    """
    pieces: list[str] = []
    at = 0
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if hit.start >= at:
            kinds.add(hit.kind)
            pieces += (text[at : hit.start], hit.instead)
            at = hit.end
    return "".join((*pieces, text[at:]))
