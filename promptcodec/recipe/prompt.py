"""The prompt inside a recipe in plain words: the best caption there is, where the picture still shows it."""

from __future__ import annotations

import re
from collections.abc import Callable

from promptcodec.recipe.model import Recipe

_NETWORK = re.compile(r"<[a-z]+:[^<>]*>")
_WEIGHT = re.compile(r"\(([^()]*?):\s*[\d.]+\)")
_MARKS = re.compile(r"\b(?:BREAK|AND)\b|embedding:")
_BRACKETS = re.compile(r"\\?[()\[\]{}]")


def prompt_of(recipe: Recipe) -> str:
    """Give the positive prompt in plain words, ``""`` where none is found."""
    return plain(recipe.settings.prompt or "")


def plain(prompt: str) -> str:
    """Take weights, network calls and brackets out of a prompt, and put it on one line."""
    text = _NETWORK.sub(" ", prompt)
    for _ in range(3):  # weights nest, seldom deeper
        text = _WEIGHT.sub(r"\1", text)
    text = _BRACKETS.sub(" ", _MARKS.sub(" ", text))
    words = " ".join(text.split())
    return re.sub(r"(?:\s*,)+", ",", words).strip(" ,")


def outside_networks(prompt: str, change: Callable[[str], str]) -> str:
    """Change a prompt between its calls of networks, such as ``<lora:ink:0.6>``, which stay."""
    calls = [*_NETWORK.findall(prompt), ""]
    return "".join(change(text) + call for text, call in zip(_NETWORK.split(prompt), calls, strict=True))
