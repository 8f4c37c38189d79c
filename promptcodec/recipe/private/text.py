"""One text without what it says about its owner."""

from __future__ import annotations

import functools
import re

from promptcodec.recipe.private.accounts import find_accounts
from promptcodec.recipe.private.assigned import find_assigned
from promptcodec.recipe.private.contacts import find_addresses, find_in_urls, find_mail, find_phones
from promptcodec.recipe.private.encoded import find_encoded
from promptcodec.recipe.private.hits import Finder, replace_hits
from promptcodec.recipe.private.paths import find_folders, find_paths, find_whole_path
from promptcodec.recipe.private.randomness import find_random
from promptcodec.recipe.private.tokens import find_tokens

# Nothing that is looked for is spelled with these alone, but what stands behind a name of a secret.
_HARMLESS = re.compile(r"(?:[A-Za-z ,'!()_-]|\.(?=\s|$))*")
_NAMING = re.compile(r"pass|pw|token|secret|key|auth|cred|bearer|basic|cookie|\bdot\b", re.IGNORECASE)
_MODEL = re.compile(r"\.(?:safetensors|ckpt|pth?|gguf|sft|bin|onnx)$", re.IGNORECASE)
_LATER: tuple[Finder, ...] = (find_addresses, find_accounts, find_phones)
_DEEPEST = 3
_WORDS = 5
_SHORT = 1 << 10


def clean(
    text: str, *, prose: bool = False, wanted: bool = False, depth: int = 0
) -> tuple[str, frozenset[str]]:
    """Take what is private out of a text.

    Args:
        text: any text.
        prose: it is written in words, as prompts are: then a path in it ends somewhere.
        wanted: it is random by nature, such as a hash, and a recipe needs it.
        depth: texts inside texts around this one.

    Returns:
        The text, and the kinds of what was private, of ``hits.KINDS``.
    """
    if _HARMLESS.fullmatch(text) and not _NAMING.search(text):
        return text, frozenset()
    return (_remembered if len(text) <= _SHORT else _clean)(text, prose or is_prose(text), wanted, depth)


def _clean(text: str, prose: bool, wanted: bool, depth: int) -> tuple[str, frozenset[str]]:  # noqa: FBT001 - for the cache
    kinds: set[str] = set()
    finders: list[Finder] = [find_tokens, find_in_urls, find_assigned, find_mail, find_paths, *_LATER]
    if not prose:
        finders.insert(0, find_whole_path)
        finders += [] if depth else [find_folders]
    if not wanted and not _MODEL.search(text):
        finders.append(find_random)
    if depth < _DEEPEST:
        inner = functools.partial(clean, wanted=True, depth=depth + 1)
        plain = functools.partial(clean, wanted=True, depth=_DEEPEST)
        finders.insert(0, functools.partial(find_encoded, clean=inner, clean_plain=plain))
    for finder in finders:
        text = replace_hits(text, finder(text), kinds)
    return text, frozenset(kinds)


_remembered = functools.lru_cache(1 << 13)(_clean)


def is_prose(text: str) -> bool:
    """Say whether a text has the words that a value or a path has not."""
    return "\n" in text or text.count(" ") >= _WORDS
