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
from promptcodec.recipe.origin import SOURCES
from promptcodec.recipe.read import from_chunks
from promptcodec.recipe.readers import READERS
from promptcodec.recipe.tiff import spans
from promptcodec.recipe.values import load_object

_KEYS = {key for reader in READERS for key in reader.keys} - {"Dream", "sd-metadata"} | {
    *("parameters-json", "sui_image_params", "sd_metadata", "generation_parameters"),
}
_EXTRAS = re.compile(
    r"(?:(?:Postprocess|GFPGAN|CodeFormer|Upscaler?|Caption)[a-z0-9 ]{0,40}: "
    r"[\w .+()-]{1,60}(?:, |$))+"
)
_PROJECT = re.compile(r'\{"Version": ?\d+, ?"ProjectType":.*\}', re.DOTALL)  # Stability Matrix
# Texts that a tool always writes beside its recipe, and how they look.
_BESIDE = {
    "novelai": {
        "Title": re.compile(r"(?:AI|NovelAI) generated image"),
        "Generation time": re.compile(r"[\d.e+-]{1,30}"),
        "Software": re.compile(r"NovelAI"),
    },
    "fooocus": {"fooocus_scheme": re.compile(r"fooocus|a1111")},
    "stability-matrix": {"smproj": _PROJECT},
    "a1111": {"extras": _EXTRAS, "postprocessing": _EXTRAS, "smproj": _PROJECT},
}
_LABEL = re.compile(r"(?:prompt|workflow|parameters|metadata|extra): ?(?=\{)", re.IGNORECASE)
# Sizes, resolution, orientation, versions, by their own types (TIFF 6.0, EXIF 3.0) and most values.
_TECHNICAL_TAGS: dict[int, tuple[tuple[int, ...], int]] = {
    **dict.fromkeys((0x100, 0x101, 0xA002, 0xA003), ((3, 4), 1)),
    **dict.fromkeys((0x103, 0x106, 0x112, 0x115, 0x11C, 0x128, 0x213, 0xA001), ((3,), 1)),
    0x102: ((3,), 4),
    **dict.fromkeys((0x11A, 0x11B), ((5,), 1)),
    **dict.fromkeys((0x9000, 0x9101, 0xA000), ((7,), 4)),
}
_VERSION = re.compile(rb"[0-9]{4}|[\0-\6]{4}")
_SIZE, _RATIO = re.compile(r"\d{1,6}"), re.compile(r"\d{1,10}(?:/\d{1,10})?")
_TECHNICAL_PROPERTIES = {
    **dict.fromkeys(("PixelXDimension", "PixelYDimension", "ImageWidth", "ImageLength"), _SIZE),
    **dict.fromkeys(("XResolution", "YResolution"), _RATIO),
    **dict.fromkeys(("Orientation", "ResolutionUnit", "ColorMode"), re.compile(r"\d")),
    "ColorSpace": re.compile(r"1|2|65535"),
    "format": re.compile(r"image/(?:jpeg|png|webp|avif|tiff|heic|jxl|gif)"),
    "DigitalSourceType": re.compile(
        rf"(?:https?://cv\.iptc\.org/newscodes/digitalsourcetype/)?(?:{'|'.join(SOURCES)})"
    ),
}
_UNDEFINED = 7  # bytes of no type
_MOST_TRIED = 32


def own_metadata(recipe: Recipe) -> Recipe:
    """Give the recipe with the metadata that is its own; with none where that cannot be taken apart."""
    recipe = _cut(recipe)
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


def _cut(recipe: Recipe) -> Recipe:
    """Give the recipe read of its texts up to their first NUL: more may hide behind it."""
    chunks = tuple(_cut_chunk(chunk) for chunk in recipe.chunks)
    again = from_chunks(chunks) if chunks != recipe.chunks else None
    return again if again and again.platform.tool == recipe.platform.tool else recipe


def _cut_chunk(chunk: Chunk) -> Chunk:
    if chunk.carrier not in ("exif", "xmp"):
        text, _, behind = chunk.data.partition(b"\0")
        return replace(chunk, data=text) if behind.strip(b"\0") else chunk
    block = exif.parse(chunk.data) if chunk.carrier == "exif" else None
    if block is None:
        return chunk
    tags = tuple(_cut_tag(tag, chunk.data) for tag in block.tags)
    return chunk if tags == block.tags else replace(chunk, data=exif.build(block.order, tags))


def _cut_tag(tag: exif.Tag, data: bytes) -> exif.Tag:
    for _, start, end, encoding in spans(data):
        if tag.start <= start < tag.start + len(tag.value):
            text, _, behind = data[start:end].decode(encoding).partition("\0")
            if behind.strip("\0"):
                before = tag.value[: start - tag.start]
                return tag.holding(before + (text + "\0").encode(encoding))
    return tag


def _kept(own: list[bool], suffices: Any) -> list[bool]:
    """Say which items are kept: their own ones, and others that the recipe says less without."""
    if suffices(own):
        return own
    kept = [True] * len(own)
    groups = [[index for index, is_own in enumerate(own) if not is_own]]
    for _ in range(_MOST_TRIED):  # halves of halves, so that few of many take few trials
        if not groups:
            break
        group = groups.pop()
        tried = [is_kept and index not in group for index, is_kept in enumerate(kept)]
        if suffices(tried):
            kept = tried
        elif len(group) > 1:
            groups += [group[: len(group) // 2], group[len(group) // 2 :]]
    left = {index for group in groups for index in group}
    return [is_kept and index not in left for index, is_kept in enumerate(kept)]


def _is_own(chunk: Chunk, recipe: Recipe) -> bool:
    if chunk.carrier in ("exif", "xmp"):
        return bool(chunk.data)
    return chunk.carrier == "stealth" or _is_recipe(chunk.key or chunk.carrier, text_of(chunk.data), recipe)


def _is_recipe(name: str, text: str, recipe: Recipe) -> bool:
    """Say whether a text is a recipe by itself, or one of a tool's texts."""
    beside = _BESIDE.get(recipe.platform.tool, {})
    if name in beside:
        return beside[name].fullmatch(text) is not None
    if name == "Description" and recipe.platform.tool == "novelai":
        return text == recipe.settings.prompt
    label = _LABEL.match(text)
    if name in _KEYS and load_object(text) is not None:
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
        is_technical = _is_technical(tag)
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


def _is_technical(tag: exif.Tag) -> bool:
    kinds, most = _TECHNICAL_TAGS.get(tag.number, ((), 0))
    if tag.kind not in kinds or len(tag.value) > most * exif.SIZES[tag.kind]:
        return False
    return tag.kind != _UNDEFINED or _VERSION.fullmatch(tag.value) is not None


def _own_xmp(data: bytes, recipe: Recipe, suffices: Any) -> bytes:
    parsed = packet.parse(text_of(data))
    if parsed is None:
        return b""
    technical = [_is_technical_leaf(leaf) for leaf in parsed.leaves]
    own = [
        is_technical or _is_recipe(leaf.name, leaf.text.strip(), recipe)
        for leaf, is_technical in zip(parsed.leaves, technical, strict=True)
    ]
    kept = _kept(own, lambda some: suffices(packet.build(_picked(parsed.leaves, some)).encode()))
    if all(kept) and parsed.whole:
        return data
    if not any(is_kept and not is_technical for is_kept, is_technical in zip(kept, technical, strict=True)):
        return b""
    return packet.build(_picked(parsed.leaves, kept)).encode()


def _is_technical_leaf(leaf: packet.Leaf) -> bool:
    form = _TECHNICAL_PROPERTIES.get(leaf.name)
    return form is not None and form.fullmatch(leaf.text.strip()) is not None
