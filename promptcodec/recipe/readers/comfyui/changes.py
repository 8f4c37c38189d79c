"""Nodes that change a text: what can be worked out is, and of the others nothing is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from promptcodec.recipe.readers.comfyui.follow import scalar
from promptcodec.recipe.readers.comfyui.graph import Graph, Link, Node
from promptcodec.recipe.readers.comfyui.strings import replaced
from promptcodec.recipe.readers.comfyui.written import words_of

_CHANGES = frozenset(
    (
        "regex", "case", "substring", "split", "slice", "truncate", "reverse", "shuffle", "sort", "extract",
        "strip", "filter", "remove", "trim", "replace", "format", "parse", "template", "caseconverter",
        "stringformat", "regexreplace", "regexextract",
    )
)  # fmt: skip
_CASES: dict[str, Callable[[str], str]] = {
    "uppercase": str.upper,
    "upper": str.upper,
    "lowercase": str.lower,
    "lower": str.lower,
    "capitalize": str.capitalize,
    "title case": str.title,
}
_TRIMS: dict[str, Callable[[str], str]] = {"both": str.strip, "left": str.lstrip, "right": str.rstrip}
_SIMPLE = re.compile(r"(?:[^\\()*+?{}|]|\\[^\d])*[*+?]?")
_LONGEST, _LONGEST_SEARCHED, _LONGEST_PATTERN = 1 << 16, 4096, 64
_FLAGS = {"case_insensitive": re.IGNORECASE, "multiline": re.MULTILINE, "dotall": re.DOTALL}
_TEXTS = ("string", "text", "String", "Text")
_SETTINGS = ("mode", "start", "end", "count", *_FLAGS)
_PAIRS = (
    ("find", "replace"),
    ("search", "replace"),
    ("old", "new"),
    *((f"find{place}", f"replace{place}") for place in range(1, 4)),
)
_PLACE = re.compile(r"\{([A-Za-z_]\w*)\}")

_STYLED = frozenset(("style", "styles", "styler", "stylers"))
_STYLE = re.compile(r"(?:select(?:ed)?_|prompt_)?styles?(?:_?(?:names?|[a-d\d]{1,2}))?")
_STYLE_TEXTS = re.compile(
    r"(?:text|prompt|user_prompt|positive|negative|string|value|delimiter|log|clip)(?:_\w+)?"
)
_NO_STYLE = frozenset(("", "none", "nostyle", "base"))

One = Callable[[Any], str]


def is_change(node: Node) -> bool:
    """Say whether a node's class tells that it gives another text than it takes."""
    return bool(words_of(node.kind) & _CHANGES)


def is_styled(node: Node, *, text: bool) -> bool:
    """Say whether a node puts its text into a style, whose words are in a file of its own.

    Args:
        node: the node.
        text: whether a text is wanted of it.
    """
    named = bool(words_of(node.kind) & _STYLED)
    if not (text or (named and "clip" in node.inputs)):
        return False
    styles = {name: value for name, value in node.inputs.items() if _STYLE.fullmatch(name.lower())}
    if "select_styles" in styles:  # the other is the file that they are chosen from
        styles.pop("styles", None)
    if not styles and named:
        texts = (name for name, value in node.inputs.items() if isinstance(value, str))
        styles = {name: node.inputs[name] for name in texts if not _STYLE_TEXTS.fullmatch(name.lower())}
    return any(_is_style(value) for value in styles.values())


def _is_style(value: Any) -> bool:
    if isinstance(value, list):
        return any(_is_style(one) for one in value)
    if isinstance(value, str):
        return re.sub(r"[\W_]+", "", value.lower()) not in _NO_STYLE
    return isinstance(value, Link)


def changed(graph: Graph, node: Node, one: One) -> str | None:
    """Give the text that a node makes of the one it takes, None where that cannot be worked out.

    Args:
        graph: the graph.
        node: the node.
        one: gives the text of one of its inputs.
    """
    words = words_of(node.kind)
    if "f_string" in node.inputs or ("format" in words and "template" in node.inputs):
        return _formatted(node, one)
    whole = next((one(node.inputs[name]) for name in _TEXTS if name in node.inputs), None)
    if whole is None or len(whole) > _LONGEST:
        return None
    plain = {name: scalar(graph, node.inputs[name], (name,)) for name in _SETTINGS if name in node.inputs}
    if "regex" in words:
        return _searched(node, whole, plain, one)
    if "replace" in words:
        return _replaced(node, whole, one)
    mode, start, end = str(plain.get("mode")).lower(), plain.get("start"), plain.get("end")
    if "substring" in words and isinstance(start, int) and isinstance(end, int):
        return whole[start:end]
    table = _CASES if "case" in words else _TRIMS if "trim" in words else {}
    return table[mode](whole) if mode in table else None


def _replaced(node: Node, whole: str, one: One) -> str | None:
    """Replace what the node finds, one pair after the other."""
    pairs = [(old, new) for old, new in _PAIRS if old in node.inputs and new in node.inputs]
    for old, new in pairs:
        whole = replaced(whole, one(node.inputs[old]), one(node.inputs[new]))
    return whole if pairs else None


def _searched(node: Node, whole: str, plain: Mapping[str, Any], one: One) -> str | None:
    """Replace by a pattern that repeats only its last sign: others may run for ever."""
    if "regex_pattern" not in node.inputs or "replace" not in node.inputs:
        return None
    pattern, new = one(node.inputs["regex_pattern"]), one(node.inputs["replace"])
    long = len(whole) > _LONGEST_SEARCHED or len(pattern) > _LONGEST_PATTERN
    if long or len(new) * (len(whole) + 1) > _LONGEST or not _SIMPLE.fullmatch(pattern):
        return None
    flags = re.NOFLAG
    for name, flag in _FLAGS.items():
        flags |= flag if plain.get(name, name == "case_insensitive") else re.NOFLAG
    count = plain.get("count")
    try:
        return re.sub(pattern, new, whole, count=count if isinstance(count, int) else 0, flags=flags)
    except (re.error, IndexError):
        return None


def _formatted(node: Node, one: One) -> str | None:
    """Fill in ``{name}`` from the inputs called so."""
    form = one(node.inputs.get("f_string", node.inputs.get("template", "")))
    names = {name: key for key in node.inputs for name in (key, key.rpartition(".")[2])}
    wanted = _PLACE.findall(form)
    if _PLACE.sub("", form).count("{") or any(not _is_text(node, names.get(name)) for name in wanted):
        return None
    texts = {name: one(node.inputs[names[name]]) for name in set(wanted)}
    if sum(len(texts[name]) for name in wanted) > _LONGEST:
        return None
    return _PLACE.sub(lambda match: texts[match[1]], form)


def _is_text(node: Node, key: str | None) -> bool:
    return key is not None and isinstance(node.inputs.get(key), (str, Link))
