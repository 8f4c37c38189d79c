"""Nodes that hold, join or change texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from promptcodec.recipe.readers.comfyui import written
from promptcodec.recipe.readers.comfyui.graph import Link, Node
from promptcodec.recipe.readers.comfyui.names import is_pipe, side_of

# Inputs that hold a prompt, in the order in which several are given.
TEXTS = (
    "Text", "text", "prompt", "user_prompt", "t5xxl", "text_g", "clip_g", "clip_l", "text_l", "llama", "bert",
    "mt5xl", "tags", "lyrics", "text_positive", "positive_prompt", "positive", "text_negative",
    "negative_prompt", "negative", "string", "value", "text_1", "wildcard_text", "wildcard_prompt",
    "wildcard", "String", "str", "prompt_text", "custom_prompt",
)  # fmt: skip
_PART = re.compile(
    r"(?:text|string|prompt|str|arg|part|list|Text|String|conditioning_text)_?(?:[a-h]|\d{1,2})|text_list"
)
_LONGEST = 1 << 16  # nodes that join the same text again and again would make it longer than memory
_DELIMITERS = ("delimiter", "separator", "sep", "join_with", "Delimiter")
_JOINS = ("concat", "join", "combine", "append", "merge")
_HOLDERS = {"Text String": ("text", "text_b", "text_c", "text_d")}  # what each output gives
_STRINGS = {"STRING", "ASCII", "TEXT"}
_SIDED = {"positive", "negative", "text_positive", "text_negative"}
_PICTURES = ("image", "init_image", "start_image", "pixels", "clip_vision", "clip_vision_output")

_SEERS = ("clip_vision", "clip_vision_output", "vae", "style_model", "model", "ipadapter", "control_net")


def is_encoder(node: Node, *, text: bool) -> bool:
    """Say whether a node makes conditioning of its texts: it then takes all, where others take the first.

    Args:
        node: the node.
        text: whether a text is wanted of it.
    """
    if text:
        return False
    if node.outputs:
        return any(output.type == "CONDITIONING" for output in node.outputs)
    return "clip" in node.inputs


def gives_text(node: Node, slot: int, *, text: bool) -> bool:
    """Say whether an output is a text: by its type, else by what takes it."""
    kind = node.outputs[slot].type.upper() if 0 <= slot < len(node.outputs) else ""
    return kind in _STRINGS or (text and kind != "CONDITIONING")


def takes_text(node: Node, name: str) -> bool:
    """Say whether an input is for a text; a ``positive`` may be, where the other side or a file is named."""
    if name in TEXTS and name not in _SIDED:
        return True
    named = not is_pipe(name) and {"text", "prompt"} & set(re.split(r"[^a-z]+", name.lower()))
    if _PART.fullmatch(name) or named:
        return True
    words = any(side_of(other) and isinstance(value, str) for other, value in node.inputs.items())
    return bool(side_of(name)) and (words or is_loader(node))


def is_loader(node: Node) -> bool:
    """Say whether a node loads a checkpoint that it names."""
    return any(isinstance(node.inputs.get(name), str) for name in ("ckpt_name", "base_ckpt_name"))


def is_written(node: Node, *, text: bool) -> bool:
    """Say whether what a node gives is written while it runs."""
    if text:
        return written.is_written(node)
    sided = any(side_of(name) or name.startswith("cond") for name in node.inputs)
    return not sided and not is_encoder(node, text=False) and written.is_named(node)


def held(node: Node, slot: int) -> str | None:
    """Name the input whose text an output gives, where a node holds several apart."""
    if isinstance(node.inputs.get("passthrough"), Link):  # in place of its own text
        return "passthrough"
    names = _HOLDERS.get(node.kind, ())
    return names[slot] if 0 <= slot < len(names) and names[slot] in node.inputs else None


def is_of_pictures(node: Node) -> bool:
    """Say whether a node makes conditioning of pictures, which have no words: it has what encodes them."""
    encodes = "conditioning" in node.kind.lower() or any(name in _SEERS for name, _ in node.links())
    return encodes and any(name in node.inputs for name in _PICTURES)


def texts_of(node: Node) -> list[str]:
    """Name the inputs that hold a node's texts; a ``value`` is one only where the node gives texts."""
    types = {output.type.upper() for output in node.outputs}
    gives = not types or types & {*_STRINGS, "*", "CONDITIONING"}
    return [name for name in TEXTS if name in node.inputs and (name != "value" or gives)]


def used(node: Node) -> str | None:
    """Give the text a wildcard node really used, which stands beside its template."""
    for name in ("populated_text", "populated_prompt"):
        value = node.inputs.get(name)
        if isinstance(value, str) and value.strip():
            return value
    return None


def joined(node: Node, behind: Callable[[Any], list[str]]) -> list[str] | None:
    """Give the text of a node that joins or replaces, None where it does not.

    Args:
        node: the node.
        behind: gives the texts of one of its inputs.
    """
    parts = [name for name in node.inputs if _PART.fullmatch(name)]
    kind = node.kind.lower()
    if node.inputs.get("action") == "replace" and len(parts) > 1:
        whole, old, new = (*(one(node.inputs[name], behind) for name in parts), "", "")[:3]
        return [replaced(whole, old, new)]
    named = any(word in kind for word in _JOINS)
    if kind.startswith("text list"):
        listed = [text for name in parts for text in behind(node.inputs[name]) if text.strip()]
        return [(_delimiter(node) or "").join(listed)[:_LONGEST]] if "text_list" in parts else listed
    if len(parts) < 2 or not (named or "action" in node.inputs or _delimiter(node)):
        return None
    texts = [one(node.inputs[name], behind) for name in parts]
    if "string_a" not in node.inputs:  # ComfyUI's own joins empty texts too, others do not
        texts = [text for text in texts if text.strip()]
    return [(_delimiter(node) or "").join(texts)[:_LONGEST]]


def replaced(whole: str, old: str, new: str) -> str:
    """Replace a text within another, where that does not grow beyond bounds."""
    if not old or whole.count(old) * len(new) > _LONGEST:
        return whole
    return whole.replace(old, new)


def one(value: Any, behind: Callable[[Any], list[str]]) -> str:
    """Give the one text of an input, ``""`` where it has none."""
    return "\n".join(behind(value)) if isinstance(value, (str, Link, list)) else ""


def _delimiter(node: Node) -> str | None:
    value = next((node.inputs[name] for name in _DELIMITERS if name in node.inputs), None)
    if isinstance(value, str):
        return value.replace("\\n", "\n")
    return ", " if node.inputs.get("tidy_tags") in ("yes", True) else None
