"""What of a description's nouns a stream still has: cell by cell, and anywhere in its words."""

from __future__ import annotations

from eval.measure.findability import stems, words_of
from promptcodec.description import Description, resolve


def cells_kept(whole: Description, stream: Description) -> tuple[int, int]:
    """Count the cells of a description that show something, and those that show the same in the stream.

    The stream's cell is the one that covers the centre of the description's.

    Returns:
        How many are kept, of how many.
    """
    shown = resolve(stream)
    kept = count = 0
    for index, cell in enumerate(resolve(whole)):
        if not cell.text:
            continue
        row, col = divmod(index, whole.cols)
        down = (2 * row + 1) * stream.rows // (2 * whole.rows)
        across = (2 * col + 1) * stream.cols // (2 * whole.cols)
        count += 1
        kept += shown[down * stream.cols + across].text == cell.text
    return kept, count


def words_kept(whole: Description, stream: Description) -> tuple[int, int]:
    """Count the words of things in a description, and those that the stream has anywhere.

    Words of things are the stems of summary, names of objects and nouns of cells, without words of grammar.

    Returns:
        How many are kept, of how many.
    """
    things = [thing.name for thing in whole.objects]
    nouns = [cell.text for cell in whole.cells]
    words = stems("\n".join((whole.summary, *things, *nouns)))
    return len(words & stems(words_of(stream))), len(words)
