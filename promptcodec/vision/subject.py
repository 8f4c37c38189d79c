"""What a picture mainly shows, in one word or a few: a person, a street, food, mountains, ...

A small network (table ``subject-1``) over what the large one sees of the picture as a whole. ``python -m
training.eyes.whole subject`` makes it from pictures labelled by eye, and keeps only words that it tells
reliably.
"""

from __future__ import annotations

from promptcodec.vision.heads import shipped
from promptcodec.vision.maps import Seen

TABLE = "subject-1"


def subjects(seen: Seen) -> tuple[tuple[str, float], ...]:
    """Name what a picture mainly shows.

    Args:
        seen: of ``maps.look``.

    Returns:
        Words and their probabilities 0..1, the most certain first; none below the probability from which it
        is usually right.

    Raises:
        MissingError: a table is not there.
    """
    head = shipped(TABLE)
    chances = head.chances(seen.whole[None])[0].tolist()
    sure = [
        (word, chance) for word, chance, least in zip(head.words, chances, head.least.tolist(), strict=True)
        if chance >= least
    ]  # fmt: skip
    return tuple(sorted(sure, key=lambda item: (-item[1], item[0])))
