"""The semantic layer: a description in the shorter of two forms.

    part  := text | GRID symbols words
    text  := coded text: the canonical text
    words := coded text: what ``words_of`` gives

``GRID`` is a byte that heads no coded text; the symbols say which cells have words, see ``cells``.
The token PPM knows the canonical text of the embedded captioner well; grids that say more, or other
things, than it does are shorter as symbols.
"""

from __future__ import annotations

from collections.abc import Sequence

from promptcodec import entropy
from promptcodec.description import Description, format_text, parse_text
from promptcodec.entropy.dictionary import AnyDictionary, as_dictionary
from promptcodec.errors import UsageError
from promptcodec.layers.semantic import cells
from promptcodec.layers.semantic.words import description_of, words_of

GRID = 62
_HEAD = bytes([GRID])

LIMIT = 1 << 20
"""Most bytes of a description's UTF-8: decoding stays quick whatever a stream says."""


def encode(
    description: Description, *, coder: str = "auto", dictionary: AnyDictionary | None = None
) -> bytes:
    """Code a description; ``coder`` and ``dictionary`` as for ``entropy.encode_text``.

    Raises:
        UsageError: its text is longer than LIMIT, or as for ``entropy.encode_text``.
    """
    text = format_text(description)
    if len(text.encode(errors="replace")) > LIMIT:
        raise UsageError(f"the description is longer than {LIMIT} bytes; shorten it")
    own = as_dictionary(dictionary)
    symbols = cells.encode(description.cells, description.rows, description.cols)
    words = entropy.encode_text(words_of(description), coder, dictionary=own)
    return min(entropy.encode_text(text, coder, dictionary=own), _HEAD + symbols + words, key=len)


def decode(data: bytes, *, dictionaries: Sequence[AnyDictionary] = ()) -> Description:
    """Give the description back.

    Raises:
        EntropyError, MissingDictionary, DescriptionError: the part cannot be read.
        NewerError: its text coder needs a newer reader.
    """
    if not data.startswith(_HEAD):
        return parse_text(entropy.decode_text(data, dictionaries=dictionaries, limit=LIMIT))
    grid, rows, cols, end = cells.decode(data[1:])
    words = entropy.decode_text(data[1 + end :], dictionaries=dictionaries, limit=LIMIT)
    return description_of(words, grid, rows, cols)


def coder_name(data: bytes) -> str:
    """Name the coder as ``inspect`` shows it: of the text, or ``grid+`` and that of the words."""
    grid = "grid+" if data.startswith(_HEAD) else ""
    return grid + entropy.coder_name(coded_text(data))


def coded_text(data: bytes) -> bytes:
    """Give the coded text of a part: all of it, or the words behind the grid symbols."""
    return data[1 + cells.end(data[1:]) :] if data.startswith(_HEAD) else data
