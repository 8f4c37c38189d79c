"""One text without what it says about its owner."""

from __future__ import annotations

import functools
import re

from promptcodec.recipe.private.accounts import find_accounts
from promptcodec.recipe.private.assigned import find_assigned
from promptcodec.recipe.private.contacts import find_addresses, find_in_urls, find_mail, find_phones
from promptcodec.recipe.private.encoded import find_encoded
from promptcodec.recipe.private.hits import Finder, replace_hits
from promptcodec.recipe.private.ids import find_ids
from promptcodec.recipe.private.paths import find_folders, find_paths, find_whole_path
from promptcodec.recipe.private.places import find_places
from promptcodec.recipe.private.randomness import find_random
from promptcodec.recipe.private.tokens import find_tokens

# Nothing that is looked for is spelled with these alone, but what stands behind a name of a secret.
_HARMLESS = re.compile(r"(?:[A-Za-z ,'!()_-]|\.(?=\s|$))*")
_LONG = re.compile(r"[A-Za-z_-]{18}|-[pP]|'s [MPiL]")
_NAMING = re.compile(
    r"pass|pw|token|secret|key|auth|cred|bearer|basic|cookie|\bdot\b|\buid\b|login|whoami", re.IGNORECASE
)
_MODEL = re.compile(r"\.(?:safetensors|ckpt|pth?|gguf|sft|bin|onnx)$", re.IGNORECASE)
_LATER: tuple[Finder, ...] = (find_places, find_addresses, find_accounts, find_ids, find_phones)
_DEEPEST = 3
_WORDS = 5
_SHORT = 1 << 10
_RUN, _RUN_IN_WORDS = 16, 20  # signs that look random


def clean(
    text: str, *, words: bool = False, wanted: bool = False, depth: int = 0
) -> tuple[str, frozenset[str]]:
    """Take what is private out of a text.

    Args:
        text: any text.
        words: it is written in words, as prompts are: what they say is rarely about an owner.
        wanted: it is random by nature, such as a hash, and a recipe needs it.
        depth: texts inside texts around this one.

    Returns:
        The text, and the kinds of what was private, of ``hits.KINDS``.
    """
    if _HARMLESS.fullmatch(text) and not _NAMING.search(text) and not _LONG.search(text):
        return text, frozenset()
    return (_remembered if len(text) <= _SHORT else _remembered_long)(text, words, wanted, depth)


def _clean(text: str, words: bool, wanted: bool, depth: int) -> tuple[str, frozenset[str]]:  # noqa: FBT001 - for the cache
    kinds: set[str] = set()
    finders: list[Finder] = [
        find_tokens,
        find_in_urls,
        functools.partial(find_assigned, words=words),
        find_mail,
        functools.partial(find_paths, words=words),
        *_LATER,
    ]
    if not (words or is_prose(text)):  # a path in words ends somewhere
        finders.insert(0, find_whole_path)
        finders += [] if depth else [find_folders]
    if not wanted and not _MODEL.search(text):
        finders.append(functools.partial(find_random, shortest=_RUN_IN_WORDS if words else _RUN))
    if depth < _DEEPEST:
        inner = functools.partial(clean, wanted=True, depth=depth + 1)
        plain = functools.partial(clean, wanted=True, depth=_DEEPEST)
        finders.insert(0, functools.partial(find_encoded, clean=inner, clean_plain=plain))
    for finder in finders:
        text = replace_hits(text, finder(text), kinds)
    return text, frozenset(kinds)


_remembered = functools.lru_cache(1 << 13)(_clean)
_remembered_long = functools.lru_cache(16)(_clean)  # prompts stand in a recipe more than once


def is_prose(text: str) -> bool:
    """Say whether a text has the words that a value or a path has not."""
    return "\n" in text or text.count(" ") >= _WORDS
