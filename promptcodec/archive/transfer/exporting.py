"""Records made rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from promptcodec.archive.record import Place, Record
from promptcodec.archive.transfer import private
from promptcodec.archive.transfer.columns import NAMES, Row, readable, spelled
from promptcodec.archive.transfer.sentences import keywords
from promptcodec.bitstream import Stream
from promptcodec.description import Description, format_text
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import BitstreamError, NewerError, PromptcodecError
from promptcodec.layers.parts import payloads_of
from promptcodec.layers.registry import BY_NAME, PROBE_SIZE
from promptcodec.reading import dictionary_ids, open_stream
from promptcodec.recipe.model import Recipe

_MOST_SEED = 2**64 - 1


Listed = tuple[Record | tuple[bytes, BitstreamError], bytes | None]
"""A record, or of one that cannot be read its id and why; and its signature, where one is known."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What came of a record.

    Attributes:
        id: of it.
        row: of the table; None where there is none to be given.
        folders: were left out.
        recipe: what came of its recipe, as of ``private.public``.
        dictionaries: ids of those that its stream needs.
        newer: a part of it needs a newer version.
        error: what is damaged of it.
    """

    id: bytes
    row: Row | None = None
    folders: bool = False
    recipe: str = private.KEPT
    dictionaries: frozenset[bytes] = frozenset()
    newer: bool = False
    error: PromptcodecError | None = None


def exported(listed: Listed, dictionaries: Sequence[Dictionary], *, with_private: bool) -> Exported:
    """Make a row of a record.

    Args:
        listed: the record, whose stream is untrusted, or of one that cannot be read its id and why; and its
            signature.
        dictionaries: the users' dictionaries at hand.
        with_private: leave nothing out.
    """
    record, signature = listed
    if isinstance(record, Record):
        return _exported(record, signature, dictionaries, with_private=with_private)
    return Exported(record[0], error=record[1])


def _exported(
    record: Record, signature: bytes | None, dictionaries: Sequence[Dictionary], *, with_private: bool
) -> Exported:
    recipe, folders = private.KEPT, False
    if not with_private:
        folders = any(place.root for place in record.places)
        try:
            record, recipe = private.public(record, dictionaries)
        except BitstreamError as error:
            return Exported(record.id, error=error)
    row = dict.fromkeys(NAMES) | _of_record(record) | {"signature": signature}
    needed = dictionary_ids(record.stream, bare=True)
    row["dictionary"] = ",".join(sorted(each.hex() for each in needed)) or None
    newer, damage = False, None
    try:
        stream = open_stream(record.stream, bare=True)
        row |= {"width": stream.width, "height": stream.height}
        own, errors = _read(stream, dictionaries)
        row |= own
        newer = any(isinstance(error, NewerError) for error in errors)
        damage = next((error for error in errors if not isinstance(error, NewerError)), None)
    except NewerError:
        newer = True
    except PromptcodecError as error:
        damage = error
    return Exported(record.id, row, folders, recipe, needed, newer, damage)


def _of_record(record: Record) -> Row:
    first, *_ = places = [_place(each) for each in record.places]
    return {
        "id": record.id.hex(),
        "name": spelled(record.name),
        **first,
        "places": places,
        "tags": list(record.tags),
        "bytes": len(record.stream),
        "stream": record.stream,
    }


def _place(place: Place) -> Row:
    root = spelled(place.root) if place.root else None
    return {"root": root, "path": spelled(place.path), "time": place.time or None}


def _read(stream: Stream, dictionaries: Sequence[Dictionary]) -> tuple[Row, list[PromptcodecError]]:
    """Read words and recipe of a stream; give their columns, and what was wrong."""
    payloads, row = payloads_of(stream), Row()
    errors: list[PromptcodecError] = []
    for name, show in (("semantic", _of_description), ("recipe", _of_recipe)):
        if name in payloads:
            try:
                (value,) = BY_NAME[name].decode(payloads[name], PROBE_SIZE, dictionaries, payloads).values()
                row |= show(value)
            except PromptcodecError as error:
                errors.append(error)
    return row, errors


def _of_description(description: Description) -> Row:
    return {
        "description": readable(format_text(description)),
        "summary": readable(description.summary),
        "keywords": [text for each in keywords(description) if (text := readable(each))],
        "medium": readable(description.medium),
    }


def _of_recipe(recipe: Recipe) -> Row:
    settings, seed = recipe.settings, recipe.settings.seed
    return {
        "prompt": readable(settings.prompt),
        "negative_prompt": readable(settings.negative),
        "model": readable(recipe.model.name),
        "sampler": readable(settings.sampler),
        "seed": seed if seed is not None and 0 <= seed <= _MOST_SEED else None,
        "tool": readable(recipe.platform.tool),
    }
