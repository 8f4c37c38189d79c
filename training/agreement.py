"""Do two looks at a picture see the same? The labels beside a second, blind look at some of the pictures.

Run: python -m training.agreement
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from training.labelled import FOLDER, Label, Thing, is_right, read, shipped
from training.texts import HERE

SECOND = FOLDER / "second" / "look.jsonl"
EXCLUDED = FOLDER / "excluded"
"""Pictures that were looked at, and may not train."""

EVALUATION = [HERE.parent / "eval" / "labels" / f"{name}.jsonl" for name in ("kodak", "aigi")]

MOST_PEOPLE = 3
"""Three and more count as one."""

MAIN = 3
"""Things of the second look that are looked for in the first."""

OVERLAP = 0.4
"""Least intersection over union of boxes that are of one thing."""


def pairs() -> list[tuple[Label, Label]]:
    """Give the first and the second look at each picture that was looked at twice."""
    first = {label.file: label for label in (*shipped(), *shipped(EXCLUDED), *read(EVALUATION))}
    return [(first[label.file], label) for label in read([SECOND])]


def agreement(looks: Sequence[tuple[Label, Label]]) -> dict[str, tuple[int, int]]:
    """Count what two looks agree on.

    Args:
        looks: the first and the second look at each picture.

    Returns:
        By field, how many agree of how many. ``cell`` is the second look's best noun for a cell, accepted by
        the first; ``best cell`` where it is the best there too.
    """
    counts: dict[str, tuple[int, int]] = {}
    for one, other in looks:
        for field, agrees in _compared(one, other):
            alike, count = counts.get(field, (0, 0))
            counts[field] = (alike + agrees, count + 1)
    return counts


def _compared(one: Label, other: Label) -> Iterator[tuple[str, bool]]:
    yield "medium", other.medium[0] in one.medium or one.medium[0] in other.medium
    yield "subject", not set(one.subject).isdisjoint(other.subject)
    yield "people", min(one.people, MOST_PEOPLE) == min(other.people, MOST_PEOPLE)
    yield "shot", one.shot == other.shot
    for thing in other.things[:MAIN]:
        same = [each for each in one.things if is_same(each, thing)]
        yield "things", bool(same)
        if same and same[0].colours and thing.colours:
            yield "colours", not set(same[0].colours).isdisjoint(thing.colours)
    for accepted, nouns in zip(one.cells, other.cells, strict=True):
        yield "cell", is_right(nouns[0], accepted)
        yield "best cell", nouns[0] == accepted[0]


def is_same(one: Thing, other: Thing) -> bool:
    """Say whether two labelled things are one: by a common noun, and by their boxes."""
    return not set(one.nouns).isdisjoint(other.nouns) and overlap(one.box, other.box) > OVERLAP


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Give the intersection of two boxes (left, top, right, bottom) as a share of their union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    return shared / (_area(one) + _area(other) - shared)


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def main() -> None:
    """Print the agreement."""
    looks = pairs()
    print(f"{len(looks)} pictures\n| field | agree | of |\n|---|---|---|")
    for field, (alike, count) in agreement(looks).items():
        print(f"| {field} | {alike / count:.3f} | {count} |")


if __name__ == "__main__":
    main()
