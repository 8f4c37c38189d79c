"""JSON values to symbols of a range coder, and back, learning what stands where.

A value is walked depth first. Each is one symbol in the contexts of its place, from the most
special to the most general; a bit says whether a context knows it (an escape, as in PPM, its
chance adaptive by how much the context has seen). What no context knows is spelled: numbers by
their digits, hexadecimal and other typed texts by their values; plain texts are only counted
here and go to a text coder together. A guide may guess a value before the contexts are asked.

The model starts from a primer: values that it has walked before. All of it is integers.

Sources: Cleary and Witten, "Data compression using adaptive coding and partial string matching",
1984; Bloom, "Solving the problems of context modeling" (PPMZ), 1998 (secondary escape estimation).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from promptcodec.entropy.bitio import BitCounter, BitWriter
from promptcodec.errors import EntropyError
from promptcodec.layers.recipe.tree_model import Guide, Statistics
from promptcodec.layers.recipe.tree_reader import TreeReader
from promptcodec.layers.recipe.tree_symbols import Value
from promptcodec.layers.recipe.tree_writer import TreeWriter


def prime(values: Sequence[Value], guide: Callable[[], Guide]) -> Statistics:
    """Give the statistics of values written one after another; only what was learnt is kept."""
    statistics = Statistics()
    for value in values:
        TreeWriter(BitCounter(), statistics, guide()).value(value)
    return statistics


def encode(value: Value, base: Statistics, guide: Guide) -> tuple[bytes, list[str]] | None:
    """Code a value.

    Returns:
        The symbols' bytes, and the plain texts in order; None where it is beyond the limits.
    """
    bits = BitWriter()
    writer = TreeWriter(bits, Statistics(base=base), guide)
    try:
        writer.value(value)
    except EntropyError:
        return None
    return bits.finish(), writer.texts


def decode(data: bytes, texts: Sequence[str], base: Statistics, guide: Guide) -> Value:
    """Undo ``encode``.

    Args:
        data: untrusted.
        texts: the lines of the plain texts.
        base: the statistics it was coded with.
        guide: a new one of the kind it was coded with.

    Raises:
        EntropyError: nothing ``encode`` writes.
    """
    reader = TreeReader(data, texts, Statistics(base=base), guide)
    value = reader.value()
    reader.close()
    return value
