"""The semantic layer: a description, alone in the shorter of two forms, or beside a colour map.

    part  := text | GRID symbols words | what ``beside`` says
    text  := coded text: the canonical text
    words := coded text: what ``words_of`` gives

``GRID`` is a byte that heads no coded text; the symbols say which cells have words, see ``cells``.
The token PPM knows the canonical text of the embedded captioner well; grids that say more, or other
things, than it does are shorter as symbols. Beside a colour map, the cells' colours are not stored: what
``decode`` gives then has none, and ``layers.derived`` fills them in.
"""

from __future__ import annotations

from collections.abc import Sequence

from promptcodec import entropy
from promptcodec.description import Description, format_text, parse_text
from promptcodec.description.model import check_spoken
from promptcodec.entropy.dictionary import AnyDictionary, Dictionary, as_dictionary, with_id
from promptcodec.errors import UsageError
from promptcodec.layers.semantic import beside, cells
from promptcodec.layers.semantic.beside import is_beside
from promptcodec.layers.semantic.words import description_of, words_of

__all__ = ["coded_text", "coder_name", "decode", "encode", "encode_like", "is_beside", "summary_of"]

GRID = 62
_HEAD = bytes([GRID])

LIMIT = 1 << 20
"""Most bytes of a description's UTF-8: decoding stays quick whatever a stream says."""


def encode(
    description: Description,
    *,
    coder: str = "auto",
    dictionary: AnyDictionary | None = None,
    with_map: bool = False,
) -> bytes:
    """Code a description.

    Args:
        description: with ``with_map`` its cells name no colours and no neighbours, else none is silent.
        coder: as for ``entropy.encode_text``.
        dictionary: as for ``entropy.encode_text``.
        with_map: a colour map stands beside it in the stream.

    Raises:
        UsageError: its text is longer than LIMIT, or as for ``beside.encode`` and ``entropy.encode_text``.
        DescriptionError: a cell says nothing, and no map shows its colours.
    """
    text = format_text(description)
    if len(text.encode(errors="replace")) > LIMIT:
        raise UsageError(f"the description is longer than {LIMIT} bytes; shorten it")
    own = as_dictionary(dictionary)
    if with_map:
        return beside.encode(description, coder=coder, dictionary=own)
    check_spoken(description)
    symbols = cells.encode(description.cells, description.rows, description.cols)
    words = entropy.encode_text(words_of(description), coder, dictionary=own)
    return min(entropy.encode_text(text, coder, dictionary=own), _HEAD + symbols + words, key=len)


def encode_like(
    former: bytes, description: Description, dictionaries: Sequence[Dictionary], *, with_map: bool
) -> bytes:
    """Code a description in place of another, by the text coder and with the dictionary that it had.

    Args:
        former: the part that it replaces.
        description: as of ``encode``.
        dictionaries: those at hand.
        with_map: as of ``encode``.

    Raises:
        UsageError, DescriptionError: as of ``encode``.
    """
    form, _, coder = coder_name(former).rpartition("+")
    # Behind symbols a few words are raw because that is shortest, not because it was asked for.
    family = "auto" if form and coder == "raw" else coder
    own = next(iter(with_id(entropy.dictionary_id(coded_text(former)), dictionaries)), None)
    return encode(description, coder=family, dictionary=own, with_map=with_map)


def decode(data: bytes, *, dictionaries: Sequence[AnyDictionary] = ()) -> Description:
    """Give the description back; of one beside a colour map the cells name no colours.

    Raises:
        EntropyError, MissingDictionary, DescriptionError: the part cannot be read.
        NewerError: its form or its text coder needs a newer reader.
    """
    if is_beside(data):
        return beside.decode(data, dictionaries=dictionaries)
    description = _decode_alone(data, dictionaries)
    check_spoken(description)
    return description


def summary_of(data: bytes, *, dictionaries: Sequence[AnyDictionary] = ()) -> str:
    """Give the summary of a description, without reading its cells where these stand apart.

    Raises:
        EntropyError, MissingDictionary, DescriptionError, NewerError: as ``decode``.
    """
    if is_beside(data):
        return beside.summary_of(data, dictionaries=dictionaries)
    return _decode_alone(data, dictionaries).summary


def _decode_alone(data: bytes, dictionaries: Sequence[AnyDictionary]) -> Description:
    if not data.startswith(_HEAD):
        return parse_text(entropy.decode_text(data, dictionaries=dictionaries, limit=LIMIT))
    grid, rows, cols, end = cells.decode(data[1:])
    words = entropy.decode_text(data[1 + end :], dictionaries=dictionaries, limit=LIMIT)
    return description_of(words, grid, rows, cols)


def coder_name(data: bytes) -> str:
    """Name the coder as ``inspect`` shows it: of the text, or ``grid+``, ``nouns+`` and that of the words."""
    if is_beside(data):
        return beside.coder_name(data)
    grid = "grid+" if data.startswith(_HEAD) else ""
    return grid + entropy.coder_name(coded_text(data))


def coded_text(data: bytes) -> bytes:
    """Give the coded text of a part: all of it, or the words behind the symbols."""
    if is_beside(data):
        return beside.coded_text(data)
    return data[1 + cells.end(data[1:]) :] if data.startswith(_HEAD) else data
