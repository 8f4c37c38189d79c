"""What a server shows of a picture: nothing that is private, unless it was started to show that too."""

from __future__ import annotations

import base64
import functools
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from promptcodec import reading
from promptcodec.archive.indexing import looks
from promptcodec.archive.indexing.facts import Facts, facts_of, gathered
from promptcodec.archive.record import Place, Record
from promptcodec.archive.transfer import private
from promptcodec.archive.transfer.streams import standing_alone
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import BitstreamError
from promptcodec.layers.registry import BY_NAME
from promptcodec.recipe.model import Recipe
from promptcodec.recipe.redact import findings, redact
from promptcodec.server import names
from promptcodec.server.problems import Problem
from promptcodec.server.settings import ServeSettings

PARENT = "parent:"
"""A tag starts so that names the picture another was edited from."""


def public(record: Record, dictionaries: Sequence[Dictionary], settings: ServeSettings) -> Record:
    """Give what may be shown of a record.

    Raises:
        Problem: nothing of it may be.
        BitstreamError: its stream is damaged.
    """
    if settings.with_private:
        return record
    try:
        return _public(record, tuple(dictionaries))
    except BitstreamError as error:
        reading.open_stream(record.stream, bare=True)  # says what is damaged
        raise Problem(HTTPStatus.FORBIDDEN, str(error), "private") from None


@functools.lru_cache(4096)
def _public(record: Record, dictionaries: tuple[Dictionary, ...]) -> Record:
    """Remember what took milliseconds: pictures that are shown are asked for again."""
    return private.public(named(record), dictionaries)[0]


def named(record: Record) -> Record:
    """Give a record that says of where it was the names of the files alone."""
    places = (Place("", name_of(record, place), place.time) for place in record.places)
    return replace(record, places=tuple(dict.fromkeys(places)))


def name_of(record: Record, place: Place | None = None) -> str:
    """Give the name of the file at a place, the first by default; harmless wherever it is shown."""
    return names.harmless((place or record.places[0]).path, record.id.hex())


def public_facts(record: Record, dictionaries: Sequence[Dictionary]) -> Facts:
    """Give what a search may say of a record."""
    facts = facts_of(record, dictionaries)
    words = facts.description and private.public_description(facts.description)
    return gathered(named(record), words, _public_recipe(facts.recipe), facts.size)


def _public_recipe(recipe: Recipe | None) -> Recipe | None:
    """Give a recipe without what is private; None where nobody can tell."""
    if recipe is None or not findings(recipe):
        return recipe
    kept = redact(recipe)
    return None if findings(kept) else kept


def image_of(
    record: Record, dictionaries: Sequence[Dictionary] = (), edits: Sequence[bytes] = ()
) -> dict[str, Any]:
    """Make the object of a picture.

    Args:
        record: that may be shown, see ``public``.
        dictionaries: that its stream may need.
        edits: the ids of the pictures that were edited from it.
    """
    data = standing_alone(record.stream)
    inspected = reading.inspect(data, partial=True, dictionaries=dictionaries)
    parts = {part["type"] for part in inspected["parts"] if "error" not in part}
    return {
        "id": record.id.hex(),
        "name": name_of(record),
        "tags": list(record.tags),
        "parent": parent_of(record),
        "edits": [each.hex() for each in edits],
        "layers": [name for name, layer in BY_NAME.items() if layer.drawn and name in parts],
        "time": record.places[0].time,
        "colours": base64.b64encode(looks.measure(record.stream).colours).decode(),
        **inspected,
    }


def parent_of(record: Record) -> str | None:
    """Give the id of the picture that a record was edited from, in hexadecimal digits."""
    parents = (tag.removeprefix(PARENT) for tag in record.tags if tag.startswith(PARENT))
    return next(parents, None)
