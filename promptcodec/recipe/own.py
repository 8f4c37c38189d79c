"""What of a picture file's metadata is its recipe: only that is stored.

A text is one where a tool keeps its recipe in it, where a recipe can be read of it alone, or where the
recipe says less without it. GPS positions, serial numbers, owners, makers' notes, previews and other
texts are none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from promptcodec.recipe import exif, packet
from promptcodec.recipe.model import Chunk, Recipe, fields_of, text_of
from promptcodec.recipe.read import from_chunks
from promptcodec.recipe.readers import READERS
from promptcodec.recipe.tiff import spans
from promptcodec.recipe.values import load_object

_KEYS = {key for reader in READERS for key in reader.keys} | {
    *("invokeai_graph", "invokeai_workflow", "parameters-json", "smproj", "fooocus_scheme", "postprocessing"),
    *("sui_image_params", "sd_metadata", "generation_parameters", "extras"),
}
# Texts that a tool always writes beside its recipe, and how they look.
_BESIDE = {
    "novelai": {
        "Title": re.compile(r".{0,20}generated image"),
        "Description": re.compile(r".*", re.DOTALL),
        "Generation time": re.compile(r"[\d.e+-]{1,30}"),
        "Software": re.compile(r"NovelAI"),
    }
}
_WORD = re.compile(r"[\w.-]{1,32}")
_LABEL = re.compile(r"(?:prompt|workflow|parameters|metadata|extra): ?(?=\{)", re.IGNORECASE)
# Sizes, resolution, orientation, versions: 0x100 ImageWidth ... 0xA003 PixelYDimension.
_TECHNICAL_TAGS = {
    *(0x100, 0x101, 0x102, 0x103, 0x106, 0x112, 0x115, 0x11A, 0x11B, 0x11C, 0x128, 0x213),
    *(0x9000, 0x9101, 0xA000, 0xA001, 0xA002, 0xA003),
}
_LONGEST_TECHNICAL = 16
_TECHNICAL_PROPERTIES = {
    *("DigitalSourceType", "Orientation", "PixelXDimension", "PixelYDimension", "ColorSpace", "ColorMode"),
    *("ImageWidth", "ImageLength", "XResolution", "YResolution", "ResolutionUnit", "format", "about"),
}
_SHORT = re.compile(r"[\w:/. -]{0,100}")


def own_metadata(recipe: Recipe) -> Recipe:
    """Give the recipe with the metadata that is its own; with none where that cannot be taken apart."""
    chunks = recipe.chunks
    for index, chunk in enumerate(chunks):
        if chunk.carrier in ("exif", "xmp"):
            chunks = _with_own_parts(recipe, chunks, index)
    kept = _kept(
        [_is_own(chunk, recipe) for chunk in chunks], lambda some: _same(recipe, _picked(chunks, some))
    )
    chunks = _picked(chunks, kept)
    return replace(recipe, chunks=chunks if _same(recipe, chunks) else ())


def _picked(items: Sequence[Any], kept: Sequence[bool]) -> tuple[Any, ...]:
    return tuple(item for item, is_kept in zip(items, kept, strict=True) if is_kept)


def _same(recipe: Recipe, chunks: tuple[Chunk, ...]) -> bool:
    """Say whether chunks hold the same recipe; what is ``extra`` may be of other texts."""
    return _essence(from_chunks(chunks)) == _essence(recipe)


def _essence(recipe: Recipe | None) -> dict[str, Any]:
    parts = fields_of(recipe) if recipe else {}
    return {name: part for name, part in parts.items() if name != "extra"}


def _kept(own: list[bool], suffices: Any) -> list[bool]:
    """Say which items are kept: their own ones, and others that the recipe says less without."""
    if suffices(own):
        return own
    kept = [True] * len(own)
    for index, is_own in enumerate(own):
        if not is_own:
            kept[index] = False
            kept[index] = not suffices(kept)
    return kept


def _is_own(chunk: Chunk, recipe: Recipe) -> bool:
    if chunk.carrier in ("exif", "xmp"):
        return bool(chunk.data)
    return chunk.carrier == "stealth" or _is_recipe(chunk.key or chunk.carrier, text_of(chunk.data), recipe)


def _is_recipe(name: str, text: str, recipe: Recipe) -> bool:
    """Say whether a text is a recipe by itself, or one of a tool's texts."""
    beside = _BESIDE.get(recipe.platform.tool, {})
    if name in beside:
        return beside[name].fullmatch(text) is not None
    label = _LABEL.match(text)
    if name in _KEYS and (_WORD.fullmatch(text) or load_object(text) is not None):
        return True
    alone = Chunk("tEXt", name, text.encode(errors="replace"))
    return from_chunks((alone,)) is not None or bool(label and load_object(text[label.end() :]))


def _with_own_parts(recipe: Recipe, chunks: tuple[Chunk, ...], index: int) -> tuple[Chunk, ...]:
    chunk = chunks[index]

    def having(data: bytes) -> tuple[Chunk, ...]:
        return (*chunks[:index], replace(chunk, data=data), *chunks[index + 1 :])

    def suffices(data: bytes) -> bool:
        return _same(recipe, having(data))

    return having((_own_exif if chunk.carrier == "exif" else _own_xmp)(chunk.data, recipe, suffices))


def _own_exif(data: bytes, recipe: Recipe, suffices: Any) -> bytes:
    block = exif.parse(data)
    if block is None:
        return b""
    texts = {start: (name, data[start:end].decode(encoding)) for name, start, end, encoding in spans(data)}

    def text_in(tag: exif.Tag) -> tuple[str, str] | None:
        places = range(tag.start, tag.start + len(tag.value))
        return next((texts[at] for at in texts if at in places), None)

    own, tags = [], []
    for tag in block.tags:
        text = text_in(tag)
        is_technical = tag.number in _TECHNICAL_TAGS and len(tag.value) <= _LONGEST_TECHNICAL
        is_own = is_technical or bool(text and _is_recipe(text[0], text[1].rstrip("\0"), recipe))
        # A tag that is neither technical nor text says nothing that a reader takes.
        if is_own or text:
            tags.append(tag)
            own.append(is_own)
    kept = _kept(own, lambda some: suffices(exif.build(block.order, _picked(tags, some))))
    chosen = _picked(tags, kept)
    if block.whole and len(chosen) == len(block.tags):
        return data
    wanted = any(tag.number not in _TECHNICAL_TAGS for tag in chosen)
    return exif.build(block.order, chosen) if wanted else b""


def _own_xmp(data: bytes, recipe: Recipe, suffices: Any) -> bytes:
    text = text_of(data)
    listed = packet.properties(text)
    if listed is None:
        return b""
    names = [name.name.rpartition(":")[2] for name in listed]
    own = [
        (name in _TECHNICAL_PROPERTIES and _SHORT.fullmatch(item.text) is not None)
        or _is_recipe(name, item.text, recipe)
        for name, item in zip(names, listed, strict=True)
    ]
    kept = _kept(own, lambda some: suffices(_of_properties(text, listed, some)))
    if all(kept) and "<!--" not in text:
        return data
    wanted = any(
        is_kept and name not in _TECHNICAL_PROPERTIES for name, is_kept in zip(names, kept, strict=True)
    )
    return _of_properties(text, listed, kept) if wanted else b""


def _of_properties(text: str, listed: tuple[packet.Property, ...], kept: Sequence[bool]) -> bytes:
    dropped = {item for item, is_kept in zip(listed, kept, strict=True) if not is_kept}
    return packet.without(text, lambda item: item in dropped).encode()
