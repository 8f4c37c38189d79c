"""The bytes of a recipe part.

    part := form length symbols texts

``form`` is 0 for the fields, 1 for verbatim; ``length`` a varint, the bytes of ``symbols``, which
the tree coder wrote; ``texts`` the plain texts, line by line, as coded text.
"""

from __future__ import annotations

from collections.abc import Sequence

from promptcodec import entropy
from promptcodec.entropy.dictionary import AnyDictionary
from promptcodec.entropy.varint import read_varint
from promptcodec.errors import BitstreamError, NewerError
from promptcodec.layers.recipe import tree
from promptcodec.layers.recipe.chunks import from_values
from promptcodec.layers.recipe.guide import ComfyGuide
from promptcodec.layers.recipe.json_styles import unliteral
from promptcodec.layers.recipe.primer import primed
from promptcodec.layers.recipe.tree_symbols import Value
from promptcodec.recipe import Recipe, from_chunks
from promptcodec.recipe.carriers import MAX_BYTES
from promptcodec.recipe.model import from_fields

FORMS = ("fields", "verbatim")
LIMIT = 1 << 19  # bytes of texts in a part: metadata in Latin-1 may double
PPM_LIMIT = 1 << 13  # above, the token PPM would take longer than a second on hostile data


def form_name(data: bytes) -> str:
    """Name the form of a recipe part without decoding it."""
    return FORMS[data[0]] if data and data[0] < len(FORMS) else "unknown"


def coded_text(data: bytes) -> bytes:
    """Give the coded texts of a part; no bytes where it has none."""
    length, at = read_varint(data, 1, "the recipe part")
    return data[at + length :]


def decode(data: bytes, *, dictionaries: Sequence[AnyDictionary] = ()) -> Recipe:
    """Give the recipe back.

    Args:
        data: a part, untrusted.
        dictionaries: as for ``entropy.decode_text``.

    Raises:
        BitstreamError, MissingDictionary: the part cannot be read.
        NewerError: its form or its text coder needs a newer reader.
    """
    if not data:
        raise BitstreamError("the recipe part is empty")
    if data[0] >= len(FORMS):
        raise NewerError(f"the recipe part has form {data[0]}, which needs a newer reader")
    length, at = read_varint(data, 1, "the recipe part")
    if at + length > len(data):
        raise BitstreamError("the recipe part is cut")
    coded = data[at + length :]
    limit = PPM_LIMIT if entropy.coder_name(coded) == "ppm" else LIMIT
    text = entropy.decode_text(coded, dictionaries=dictionaries, limit=limit)
    lines = text.split("\n") if coded else []
    value = tree.decode(data[at : at + length], lines, primed(), ComfyGuide())
    return _from_fields(value) if form_name(data) == "fields" else _from_metadata(value)


def _from_fields(value: Value) -> Recipe:
    try:
        return from_fields(unliteral(value))
    except (ValueError, RecursionError):
        raise BitstreamError("the recipe part does not hold a recipe's fields") from None


def _from_metadata(value: Value) -> Recipe:
    chunks = from_values(value)
    if sum(len(chunk.data) for chunk in chunks) > 2 * MAX_BYTES:
        raise BitstreamError(f"the recipe part holds more than {2 * MAX_BYTES} bytes of metadata")
    recipe = from_chunks(chunks)
    if recipe is None:
        raise BitstreamError("the recipe part holds metadata in which no recipe is found")
    return recipe
