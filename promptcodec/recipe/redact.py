"""What a recipe says about its owner: paths, user names, keys, e-mail addresses; found, and taken out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from promptcodec.recipe.model import Chunk, Recipe
from promptcodec.recipe.read import from_chunks
from promptcodec.recipe.tiff import spans

_SLASH = r"(?:\\{1,2}|/)"
_NAMES = r"user_?name|user|author|creator|owner|artist|e-?mail|login|account|created[ _]by"
_SECRETS = r"api[_-]?key|apikey|token|access_token|auth|authorization|password|passwd|secret"
# Lengths are bounded: the text is untrusted and these must stay linear.
PATTERNS: dict[str, re.Pattern[str]] = {
    "paths": re.compile(
        rf"(?:(?<![A-Za-z])[A-Za-z]:{_SLASH}|\\{{2,4}}[\w.$-]{{1,60}}{_SLASH}"
        r"|(?<![\w./\\])/(?:home|Users|root|mnt|media|workspace|var|opt|data|content|tmp|srv)/|~/)"
        rf"(?:[^\\/:*?\"<>|\x00-\x1f,]{{1,80}}{_SLASH}){{0,30}}"
    ),
    "e-mail addresses": re.compile(
        r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,4}\.[A-Za-z]{2,12}"
    ),
    "keys": re.compile(
        r"\b(?:hf_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|AIza[A-Za-z0-9_-]{30,}"
        r"|xox[baprs]-[A-Za-z0-9-]{10,}|AKIA[A-Z0-9]{16}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+)"
        rf"|(?<=[?&])(?:{_SECRETS})=[^&\s\"']{{1,200}}"
    ),
    "secrets": re.compile(
        rf"(\"(?:{_SECRETS})\"\s{{0,4}}:\s{{0,4}}\")((?:[^\"\\]|\\.){{1,400}})(?=\")", re.IGNORECASE
    ),
    "user names": re.compile(
        rf"(\"(?:{_NAMES})\"\s{{0,4}}:\s{{0,4}}\"|(?:^|, )(?:{_NAMES}): )((?:[^\"\\,\n]|\\.){{1,200}})",
        re.IGNORECASE,
    ),
}
_OWNER_TAG = "Artist"


def findings(recipe: Recipe) -> tuple[str, ...]:
    """Name what the recipe's metadata says about its owner: keys of PATTERNS, in their order."""
    texts = [text for chunk in recipe.chunks for text in chunk.texts().values()]
    kinds = [kind for kind, pattern in PATTERNS.items() if any(_tells(pattern, text) for text in texts)]
    owners = [chunk.texts().get(_OWNER_TAG, "") for chunk in recipe.chunks if chunk.carrier == "exif"]
    if "user names" not in kinds and any(owner.strip() for owner in owners):
        kinds.append("user names")
    return tuple(kinds)


def _tells(pattern: re.Pattern[str], text: str) -> bool:
    return any(set(match[match.lastindex or 0]) - {"*"} for match in pattern.finditer(text))


def redact(recipe: Recipe) -> Recipe:
    """Take out what ``findings`` names: folders of paths go, the rest is covered with asterisks.

    Nothing grows, and in EXIF the length of each text stays, so that the block's offsets hold.

    Returns:
        A recipe read anew from the redacted metadata.
    """
    chunks = tuple(replace(chunk, data=_redacted(chunk)) for chunk in recipe.chunks)
    return from_chunks(chunks) or replace(recipe, chunks=chunks)


def _redacted(chunk: Chunk) -> bytes:
    if chunk.carrier != "exif":
        encoding = "utf-8" if _is_utf8(chunk.data) else "latin-1"
        return _clean(chunk.data.decode(encoding)).encode(encoding)
    data = chunk.data
    for name, start, end, encoding in spans(chunk.data):
        text = data[start:end].decode(encoding)
        cleaned = "*" * len(text) if name == _OWNER_TAG else _clean(text)
        room = end - start
        blank = (" " if cleaned.rstrip("\0") == cleaned else "\0").encode(encoding)
        coded = cleaned.encode(encoding)[:room]
        data = data[:start] + coded + blank * ((room - len(coded)) // len(blank)) + data[end:]
    return data


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _clean(text: str) -> str:
    for kind, pattern in PATTERNS.items():
        text = pattern.sub(_COVER.get(kind, _stars), text)
    return text


def _stars(match: re.Match[str]) -> str:
    return "*" * len(match[0])


def _stars_behind(match: re.Match[str]) -> str:
    return match[1] + "*" * len(match[2])


_COVER: dict[str, Callable[[re.Match[str]], str]] = {
    "paths": lambda _: "",
    "secrets": _stars_behind,
    "user names": _stars_behind,
}
