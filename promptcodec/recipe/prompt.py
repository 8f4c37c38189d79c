"""The prompt inside a recipe: the best caption there is, where the picture still shows it.

Reads the two commonest forms, the parameters text of A1111 and its kin, and ComfyUI's API graph.
"""

from __future__ import annotations

import json
import re
from typing import Any

from promptcodec.recipe.model import Recipe

_SETTINGS = re.compile(r"\n?(?:Negative prompt:|Steps: \d)")
_NETWORK = re.compile(r"<[a-z]+:[^<>]*>")
_WEIGHT = re.compile(r"\(([^()]*?):\s*[\d.]+\)")
_MARKS = re.compile(r"\b(?:BREAK|AND)\b|embedding:")
_BRACKETS = re.compile(r"\\?[()\[\]{}]")
# Inputs of ComfyUI nodes that hold text, and those that lead to it from a sampler.
_TEXT_INPUTS = ("text", "t5xxl", "text_g", "clip_l", "prompt", "string", "value")
# Fewer than Python allows to nest.
_MOST_NODES = 200
_LINKS = ("positive", "guider", "conditioning", *_TEXT_INPUTS)


def prompt_of(recipe: Recipe) -> str:
    """Give the positive prompt in plain words, ``""`` where none is found."""
    for chunk in recipe.chunks:
        found = ""
        if chunk.key in ("parameters", "UserComment") and "Steps: " in chunk.text:
            found = _SETTINGS.split(chunk.text, maxsplit=1)[0]
        elif chunk.key == "prompt":
            found = _from_graph(chunk.text)
        if found.strip():
            return plain(found)
    return ""


def plain(prompt: str) -> str:
    """Take weights, network calls and brackets out of a prompt, and put it on one line."""
    text = _NETWORK.sub(" ", prompt)
    for _ in range(3):  # weights nest, seldom deeper
        text = _WEIGHT.sub(r"\1", text)
    text = _BRACKETS.sub(" ", _MARKS.sub(" ", text))
    words = " ".join(text.split())
    return re.sub(r"(?:\s*,)+", ",", words).strip(" ,")


def _from_graph(text: str) -> str:
    try:
        graph = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(graph, dict):
        return ""
    for node in graph.values():
        inputs = _inputs(node)
        if "positive" in inputs or "guider" in inputs:
            found = _follow(graph, inputs, set())
            if found:
                return found
    return ""


def _inputs(node: Any) -> dict[str, Any]:
    inputs = node.get("inputs") if isinstance(node, dict) else None
    return inputs if isinstance(inputs, dict) else {}


def _follow(graph: dict[str, Any], inputs: dict[str, Any], visited: set[str]) -> str:
    """Find the first text on the way back from a sampler; a graph may have circles."""
    for name in _TEXT_INPUTS:
        value = inputs.get(name)
        if isinstance(value, str) and value.strip():
            return value
    for name in _LINKS:
        link = inputs.get(name)
        if not isinstance(link, list) or not link or len(visited) == _MOST_NODES:
            continue
        node = str(link[0])
        if node not in visited:
            visited.add(node)
            found = _follow(graph, _inputs(graph.get(node)), visited)
            if found:
                return found
    return ""
