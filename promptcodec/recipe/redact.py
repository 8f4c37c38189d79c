"""What a recipe says about its owner: paths, names, keys, addresses; seen, and taken out.

Texts are cleaned where they are values: JSON is parsed, also inside of JSON, settings are split, XMP and EXIF
are taken apart; so what is written again is of the same form. It is read again before it is given.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promptcodec.recipe import exif, packet
from promptcodec.recipe.model import Chunk, Recipe, fields_of, from_fields, text_of
from promptcodec.recipe.read import from_chunks
from promptcodec.recipe.tiff import spans

if TYPE_CHECKING:
    from promptcodec.recipe.private.values import Private

_MOST_PASSES = 4
_LONGEST_KEY = 79  # of a text in PNG


def findings(recipe: Recipe) -> tuple[str, ...]:
    """Name what the metadata says about its owner: kinds of ``private.hits.KINDS``, in their order."""
    from promptcodec.recipe.private.values import Private  # noqa: PLC0415 - reading needs none of it

    private = Private()
    _clean_all(recipe, private)
    return private.named()


def redact(recipe: Recipe) -> Recipe:
    """Take out what ``findings`` names: folders of paths go, the rest is covered with asterisks.

    Returns:
        A recipe read anew from the redacted metadata; without metadata, its fields alone, where that does not
        give the same recipe again.
    """
    chunks, fields = recipe.chunks, recipe
    for _ in range(_MOST_PASSES):  # what one pass leaves may look private to the next
        chunks, fields = _redacted_once(replace(fields, chunks=chunks))
        again = from_chunks(chunks) if chunks else None
        if again is None or _settings(again) != _settings(fields):
            chunks, again = (), fields
        if not findings(again):
            return again
    return fields


def _redacted_once(recipe: Recipe) -> tuple[tuple[Chunk, ...], Recipe]:
    from promptcodec.recipe.private.values import Private  # noqa: PLC0415 - reading needs none of it

    private = Private()
    cleaned = _clean_all(recipe, private)
    # What stood under a name of a secret may stand elsewhere without it.
    return _clean_all(recipe, private) if private.secrets else cleaned


def _settings(recipe: Recipe) -> tuple[object, ...]:
    """Give what must come back the same."""
    settings = recipe.settings
    texts = (bool((text or "").strip()) for text in (settings.prompt, settings.negative, recipe.model.name))
    return (recipe.platform.tool, settings.seed, settings.steps, settings.guidance, settings.width, *texts)


def _clean_all(recipe: Recipe, private: Private) -> tuple[tuple[Chunk, ...], Recipe]:
    """Clean the metadata, and the fields."""
    from promptcodec.layers.recipe.json_styles import literal, unliteral  # noqa: PLC0415
    from promptcodec.recipe.private.values import clean_value  # noqa: PLC0415

    chunks = tuple(
        replace(chunk, key=_text(chunk.key, "", private)[:_LONGEST_KEY], data=_cleaned(chunk, private))
        for chunk in recipe.chunks
    )
    parts = unliteral(clean_value(literal(fields_of(recipe)), "", private))
    return chunks, from_fields({**parts, "platform": fields_of(recipe)["platform"]})


def _cleaned(chunk: Chunk, private: Private) -> bytes:
    if chunk.carrier == "exif":
        return _cleaned_exif(chunk.data, private)
    text = text_of(chunk.data)
    encoding = "utf-8" if text.encode(errors="replace") == chunk.data else "latin-1"
    cleaned = _cleaned_xmp(text, private) if chunk.carrier == "xmp" else _text(text, chunk.key, private)
    return cleaned.encode(encoding, "replace") if cleaned != text else chunk.data


def _text(text: str, name: str, private: Private) -> str:
    from promptcodec.recipe.private.values import clean_text  # noqa: PLC0415

    return clean_text(text, name, private)


def _cleaned_xmp(text: str, private: Private) -> str:
    rewritten = packet.rewrite(text, lambda name, inner: _text(inner, name, private))
    return _text(text, "", private) if rewritten is None else rewritten


def _cleaned_exif(data: bytes, private: Private) -> bytes:
    block = exif.parse(data)
    if block is None:
        return b""
    tags = {tag.start: tag for tag in block.tags}
    for name, start, end, encoding in spans(data):
        tag = next((tag for tag in block.tags if tag.start <= start < tag.start + len(tag.value)), None)
        text = data[start:end].decode(encoding)
        body = text.rstrip("\0")
        cleaned = _text(body, name, private)
        if tag is not None and cleaned != body:
            coded = (cleaned + text[len(body) :]).encode(encoding, "replace")
            before, behind = tag.value[: start - tag.start], tag.value[end - tag.start :]
            tags[tag.start] = tag.holding(before + coded + behind)
    changed = tuple(tags[tag.start] for tag in block.tags)
    return data if changed == block.tags else exif.build(block.order, changed)
