"""Nodes that change a text: what can be worked out is, and of the others nothing is known."""

from __future__ import annotations

import re
from collections.abc import Callable

from promptcodec.recipe.readers.comfyui.follow import scalar
from promptcodec.recipe.readers.comfyui.graph import Graph, Link, Node
from promptcodec.recipe.readers.comfyui.writers import words_of

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
_ONCE = re.compile(r"(?:[^\\()*+?{}|]|\\[^\d])*(?:[*+?](?:[^\\()*+?{}|]|\\[^\d])*)?")  # no time to run away
_LONGEST_SEARCHED = 4096
_PLACE = re.compile(r"\{([A-Za-z_]\w*)\}")

One = Callable[[object], str]


def is_change(node: Node) -> bool:
    """Say whether a node's class tells that it gives another text than it takes."""
    return bool(words_of(node.kind) & _CHANGES)


def changed(graph: Graph, node: Node, one: One) -> str | None:
    """Give the text that a node makes of the one it takes, None where that cannot be worked out.

    Args:
        graph: the graph.
        node: the node.
        one: gives the text of one of its inputs.
    """
    plain = {name: scalar(graph, node.inputs[name], (name,)) for name in node.inputs if name not in _TEXTS}
    name = next((name for name in _TEXTS if name in node.inputs), None)
    words = words_of(node.kind)
    if "f_string" in node.inputs or ("format" in words and "template" in node.inputs):
        return _formatted(node, one)
    if name is None:
        return None
    whole = one(node.inputs[name])
    mode = str(plain.get("mode")).lower()
    if "case" in words and mode in _CASES:
        return _CASES[mode](whole)
    if "trim" in words and mode in _TRIMS:
        return _TRIMS[mode](whole)
    start, end = plain.get("start"), plain.get("end")
    if "substring" in words and isinstance(start, int) and isinstance(end, int):
        return whole[start:end]
    if "regex" in words and "replace" in node.inputs and "regex_pattern" in node.inputs:
        return _searched(whole, one(node.inputs["regex_pattern"]), one(node.inputs["replace"]), plain)
    return None


_TEXTS = ("string", "text")


def _searched(whole: str, pattern: str, new: str, plain: dict[str, object]) -> str | None:
    """Replace by a pattern that repeats at most one sign: others may run for ever."""
    if len(whole) > _LONGEST_SEARCHED or len(pattern) > _LONGEST_SEARCHED or not _ONCE.fullmatch(pattern):
        return None
    names = {"case_insensitive": re.IGNORECASE, "multiline": re.MULTILINE, "dotall": re.DOTALL}
    flags = re.NOFLAG
    for name, flag in names.items():
        flags |= flag if plain.get(name, name == "case_insensitive") else re.NOFLAG
    count = plain.get("count")
    if len(new) * (len(whole) + 1) > 1 << 16:
        return None
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
    if sum(len(texts[name]) for name in wanted) > 1 << 16:
        return None
    return _PLACE.sub(lambda match: texts[match[1]], form)


def _is_text(node: Node, key: str | None) -> bool:
    return key is not None and isinstance(node.inputs.get(key), (str, Link))
