"""Nodes that hold, join or change texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from promptcodec.recipe.readers.comfyui.graph import Link, Node
from promptcodec.recipe.readers.comfyui.names import side_of

# Inputs that hold a prompt, in the order in which several are given.
TEXTS = (
    "Text", "text", "prompt", "user_prompt", "t5xxl", "text_g", "clip_g", "clip_l", "text_l", "llama", "bert",
    "mt5xl", "tags", "lyrics", "text_positive", "positive_prompt", "positive", "text_negative",
    "negative_prompt", "negative", "string", "value", "text_1", "wildcard_text", "wildcard_prompt",
    "wildcard", "String", "str", "prompt_text", "custom_prompt",
)  # fmt: skip
_PART = re.compile(r"(?:text|string|prompt|str|arg|Text|String|conditioning_text)_?(?:[a-h]|\d{1,2})")
_LONGEST = 1 << 16  # nodes that join the same text again and again would make it longer than memory
_DELIMITERS = ("delimiter", "separator", "sep", "join_with", "Delimiter")
_JOINS = ("concat", "join", "combine", "append", "merge")


# Classes whose text is written while they run, by a model or from a file: it is not in the graph.
_WRITERS = (
    "textgenerate", "llm", "ollama", "caption", "tagger", "interrogat", "florence", "chatgpt", "openai",
    "gemini", "claude", "vlm", "describe", "enhance", "promptgen", "magicprompt", "translate", "random",
    "load", "preset", "retrieve", "promptreader",
)  # fmt: skip
_PICTURES = ("image", "init_image", "start_image", "pixels", "clip_vision", "clip_vision_output")


def is_encoder(node: Node) -> bool:
    """Say whether a node makes conditioning of its texts: it then takes all, where others take the first."""
    if node.outputs:
        return any(output.type == "CONDITIONING" for output in node.outputs)
    return "clip" in node.inputs


def is_written(node: Node) -> bool:
    """Say whether a node gives a text that is written while it runs."""
    if is_encoder(node) or _has_sides(node) or any(name.startswith("cond") for name in node.inputs):
        return False
    if any(word in node.kind.lower() for word in _WRITERS):
        return True
    texts = any(output.type == "STRING" for output in node.outputs)
    return texts and bool(node.inputs.keys() & {"clip", "image", "images", "model"})


def _has_sides(node: Node) -> bool:
    """Say whether some input of a node is of one side of the prompt."""
    return any(side_of(name) for name in node.inputs)


def is_of_pictures(node: Node) -> bool:
    """Say whether a node makes conditioning of pictures, which have no words."""
    return any(name in node.inputs for name in _PICTURES)


def texts_of(node: Node) -> list[str]:
    """Name the inputs that hold a node's texts; a ``value`` is one only where the node gives texts."""
    types = {output.type for output in node.outputs}
    gives = not types or types & {"STRING", "ASCII", "TEXT", "*", "CONDITIONING"}
    return [name for name in TEXTS if name in node.inputs and (name != "value" or gives)]


def used(node: Node) -> str | None:
    """Give the text a wildcard node really used, which stands beside its template."""
    for name in ("populated_text", "populated_prompt"):
        value = node.inputs.get(name)
        if isinstance(value, str) and value.strip():
            return value
    return None


def joined(node: Node, behind: Callable[[Any], list[str]]) -> list[str] | None:
    """Give the text of a node that joins or replaces, None where it does neither.

    Args:
        node: the node.
        behind: gives the texts of one of its inputs.
    """
    parts = [name for name in node.inputs if _PART.fullmatch(name)]
    kind = node.kind.lower()
    if node.inputs.get("action") == "replace" and len(parts) > 1:
        whole, old, new = (*(_one(node.inputs[name], behind) for name in parts), "", "")[:3]
        return [_replaced(whole, old, new)]
    if "replace" in kind and "find" in node.inputs:
        start = next((name for name in ("string", "text") if name in node.inputs), None)
        old, new = (_one(node.inputs.get(name, ""), behind) for name in ("find", "replace"))
        whole = _one(node.inputs[start], behind) if start else ""
        return [_replaced(whole, old, new)] if start else None
    named = any(word in kind for word in _JOINS)
    if len(parts) < 2 or is_encoder(node) or not (named or "action" in node.inputs or _delimiter(node)):
        return None
    texts = [_one(node.inputs[name], behind) for name in parts]
    if "string_a" not in node.inputs:  # ComfyUI's own joins empty texts too, others do not
        texts = [text for text in texts if text.strip()]
    return [(_delimiter(node) or "").join(texts)[:_LONGEST]]


def _replaced(whole: str, old: str, new: str) -> str:
    if not old or whole.count(old) * len(new) > _LONGEST:
        return whole
    return whole.replace(old, new)


def _one(value: Any, behind: Callable[[Any], list[str]]) -> str:
    return "\n".join(behind(value)) if isinstance(value, (str, Link)) else ""


def _delimiter(node: Node) -> str | None:
    value = next((node.inputs[name] for name in _DELIMITERS if name in node.inputs), None)
    if isinstance(value, str):
        return value.replace("\\n", "\n")
    return ", " if node.inputs.get("tidy_tags") in ("yes", True) else None
