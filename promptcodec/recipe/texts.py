"""The texts in metadata chunks by their keys, also those that are packed in another form.

A text may stand in XMP, or in a comment that holds what another tool has under a key of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from promptcodec.recipe.model import Chunk
from promptcodec.recipe.values import load_object, looks_like_object
from promptcodec.recipe.xmp import properties

# Keys under which tools and converters put anything: the recipe is known by its content.
COMMENTS = (
    "parameters", "UserComment", "comment", "comment 2", "Comment", "stealth", "Description",
    "ImageDescription", "XPComment", "Caption", "Model", "Make", "Software", "DocumentName", "Title",
    "XPTitle", "XPSubject", "XPKeywords",
)  # fmt: skip
# Keys of single objects that hold what others write as a text under the same key.
_INNER = (
    "prompt", "workflow", "parameters", "invokeai_metadata", "invokeai_graph", "sd-metadata",
    "generation_data",
)  # fmt: skip


def texts_of(chunks: Iterable[Chunk]) -> dict[str, str]:
    """Give the texts by key; what stands plainly under a key wins over what was packed."""
    texts: dict[str, str] = {}
    chunks = tuple(chunks)
    for chunk in chunks:
        for key, text in chunk.texts().items():
            texts.setdefault(f"{key} 2" if key == "comment" and key in texts else key, clean(text))
    for chunk in chunks:
        for key, text in properties(chunk.data).items() if chunk.carrier == "xmp" else ():
            texts.setdefault(key, clean(text))
    _alias(texts)
    for key, text in list(_wrapped(texts)):
        texts.setdefault(key, text)
    return texts


def objects(texts: Mapping[str, str], keys: Iterable[str] = COMMENTS) -> Iterator[dict[str, Any]]:
    """List the JSON objects that stand as whole texts under these keys."""
    for key in keys:
        value = load_object(texts.get(key))
        if value is not None:
            yield value


def clean(text: str) -> str:
    """Take off what is no part of a text: byte order marks, zeros at the end."""
    return text.strip("\0").lstrip("\ufeff\ufffe")


def _alias(texts: dict[str, str]) -> None:
    """Let keys be found that a converter wrote with a prefix or in capitals."""
    for key in list(texts):
        plain = key.rpartition(":")[2] if key.lower().startswith(("exif:", "png:", "tiff:")) else key
        if plain.lower() in ("parameters", "prompt", "workflow"):
            plain = plain.lower()
        texts.setdefault(plain, texts[key])


def _wrapped(texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give what a comment holds that others write under a key: a graph, a workflow, both by their names."""
    for key in COMMENTS:
        text = texts.get(key, "")
        label, colon, rest = text.partition(":")
        if (
            colon
            and label.strip().lower() in ("prompt", "workflow", "parameters")
            and rest.strip()[:1] == "{"
        ):
            yield label.strip().lower(), rest.strip()
        value = load_object(text)
        if value is None:
            continue
        if any(isinstance(node, dict) and "class_type" in node for node in value.values()):
            yield "prompt", text
        elif isinstance(value.get("nodes"), list) and "links" in value:
            yield "workflow", text
        else:
            yield from _named(value)


def _named(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in _INNER:
        inner = value.get(key)
        if isinstance(inner, dict):
            yield key, json.dumps(inner)
        elif isinstance(inner, str) and looks_like_object(inner):
            yield key, inner
