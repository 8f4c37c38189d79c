"""A record without what is private: the folders it was in, and what its recipe says about its owner."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from promptcodec import bitstream
from promptcodec.archive.record import Place, Record
from promptcodec.bitstream import Part, Stream
from promptcodec.description import Description, clean
from promptcodec.entropy.dictionary import Dictionary, with_id
from promptcodec.errors import BitstreamError, PromptcodecError
from promptcodec.layers import recipe as layer
from promptcodec.layers import semantic
from promptcodec.layers.registry import PART_IDS
from promptcodec.reading import dictionary_ids
from promptcodec.recipe.extract import storable
from promptcodec.recipe.private.paths import find_paths
from promptcodec.recipe.private.text import clean as without_private
from promptcodec.recipe.redact import findings, redact

KEPT, REDACTED, LEFT_OUT = "", "redacted", "left out"
"""What may come of recipe and summary: nothing is private in them; that was taken out; the recipe is gone, as
nobody can tell."""

_RECIPE, _SEMANTIC = PART_IDS["recipe"], PART_IDS["semantic"]


def public(record: Record, dictionaries: Sequence[Dictionary]) -> tuple[Record, str]:
    """Give a record without what is private, and what came of its words: KEPT, REDACTED or LEFT_OUT.

    All parts of the stream but the recipe, and words with a private summary, stay byte for byte, those too
    that only a newer version reads.

    Args:
        record: its stream is untrusted.
        dictionaries: the users' dictionaries at hand.

    Raises:
        BitstreamError: the parts of the stream cannot be told apart, or nothing of it would be left.
    """
    stream = bitstream.read(record.stream, bare=True)
    places = tuple(dict.fromkeys(map(public_place, record.places)))
    parts = [_without(part, dictionaries) for part in stream.parts]
    if tuple(parts) == stream.parts:
        return replace(record, places=places), KEPT
    kept = tuple(part for part in parts if part)
    if not kept:
        raise BitstreamError("it has a recipe alone, and what is private in that cannot be taken out")
    data = bitstream.write(replace(stream, parts=kept), bare=True)
    return replace(record, places=places, stream=data), REDACTED if len(kept) == len(parts) else LEFT_OUT


def public_description(description: Description) -> Description:
    """Give a description whose summary, which may be the file's prompt, says nothing that is private."""
    summary, kinds = without_private(description.summary, words=True)
    return replace(description, summary=clean(summary)) if kinds else description


def _without(part: Part, dictionaries: Sequence[Dictionary]) -> Part | None:
    """Give a part without what is private: itself where nothing is, None for a recipe that cannot be read."""
    if part.type == _RECIPE:
        return _public_recipe(part, dictionaries)
    return _public_words(part, dictionaries) if part.type == _SEMANTIC else part


def _public_words(part: Part, dictionaries: Sequence[Dictionary]) -> Part:
    """Give a description without what is private; itself where nothing is, or where it cannot be read."""
    try:
        if not without_private(semantic.summary_of(part.payload, dictionaries=dictionaries), words=True)[1]:
            return part
        description = semantic.decode(part.payload, dictionaries=dictionaries)
    except PromptcodecError:
        return part
    shown, beside = public_description(description), semantic.is_beside(part.payload)
    if shown == description:
        return part
    return replace(part, payload=semantic.encode_like(part.payload, shown, dictionaries, with_map=beside))


def public_place(place: Place) -> Place:
    """Give a place as a mere name: below its folder, or alone where the whole path is in it."""
    whole = place.root and os.path.dirname(place.root) == place.root  # noqa: PTH120 - a million of them
    path = place.path.rpartition("/")[2] if whole or any(find_paths(place.path)) else place.path
    return Place("", path, place.time)


def _public_recipe(part: Part, dictionaries: Sequence[Dictionary]) -> Part | None:
    """Give a recipe part without what is private: itself where nothing is, None where it cannot be read."""
    try:
        recipe = layer.decode(part.payload, dictionaries=dictionaries)
    except PromptcodecError:
        return None
    if not findings(recipe):
        return part
    kept = storable(redact(recipe))
    if kept is None or findings(kept):
        return None
    form = "verbatim" if kept.chunks else "fields"
    own = _dictionary_of(part, dictionaries)
    return replace(part, payload=layer.encode(kept, form=form, dictionary=own))


def _dictionary_of(part: Part, dictionaries: Sequence[Dictionary]) -> Dictionary | None:
    """Give the dictionary that a part's texts are coded with."""
    alone = bitstream.write(Stream(1, 1, (part,)), bare=True)
    needed = dictionary_ids(alone, bare=True)
    return next((each for id_ in needed for each in with_id(id_, dictionaries)), None)
