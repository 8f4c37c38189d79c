"""JSON values and texts without what they say about their owner: each by the name that it stands under."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from promptcodec.layers.recipe.json_styles import STYLES, Style, dump, load
from promptcodec.layers.recipe.tree_symbols import Literal, Value
from promptcodec.recipe.private.hits import KINDS, cover, is_covered
from promptcodec.recipe.private.known import Known
from promptcodec.recipe.private.names import is_doubtful, is_identity, is_prompt, kind_of
from promptcodec.recipe.private.randomness import is_secret
from promptcodec.recipe.private.settings import is_settings, split_settings
from promptcodec.recipe.private.text import clean
from promptcodec.recipe.values import shallow

_LABEL = re.compile(r"\s{0,8}(?:[A-Za-z]{1,20}: ?)?(?=[{\[])")
_EMBEDDED, _MOST_EMBEDDED = re.compile(r"[{\[]\s{0,8}[\"{\[]"), 64
_LEAST_SECRET = 6
_LEAST_DIGITS = 4
_LINK = 2
_AFTER_SEEDS = ("fixed", "increment", "decrement", "randomize")  # no widget of their own
_NODE = re.compile(r"\d{1,10}(?::\d{1,10}){0,8}")
_PAIRS = (
    ("name", "value"),
    ("type", "value"),
    ("key", "value"),
    ("name", "default"),
    ("label", "value"),
    ("id", "value"),
)


@dataclass(slots=True)
class Private:
    """What was private in the texts seen so far.

    Attributes:
        kinds: as of ``hits.KINDS``.
        secrets: values that stood under names of secrets; they are hidden wherever else they stand.
        nodes: names of a graph's nodes, to which links lead.
    """

    kinds: set[str] = field(default_factory=set)
    secrets: Known = field(default_factory=Known)
    nodes: set[str] = field(default_factory=set)

    def named(self) -> tuple[str, ...]:
        """Give the kinds in their order."""
        return tuple(kind for kind in KINDS if kind in self.kinds)


def clean_text(text: str, name: str, private: Private) -> str:
    """Take what is private out of a text of any form: JSON, a tool's settings, words.

    Args:
        text: as a program wrote it.
        name: the key that it stands under.
        private: what is seen is added to it.

    Returns:
        A text of the same form; the same text where nothing is private in it.
    """
    label = _LABEL.match(text)
    if label:
        try:
            return _clean_json(text, label.end(), private)
        except (ValueError, RecursionError):
            pass
    if is_settings(text):
        return "".join(_clean_setting(piece, key, private) for key, piece in split_settings(text))
    return _clean_plain(text, name, private)


def _clean_setting(piece: str, key: str, private: Private) -> str:
    if piece[:1] == '"':
        try:
            quoted = json.loads(piece)
        except ValueError:
            return _clean_plain(piece, key, private)
        cleaned = clean_value(quoted, key, private)
        return piece if cleaned == quoted else json.dumps(cleaned, ensure_ascii=False)
    if piece[:1] in ("{", "[") and not kind_of(key):
        return clean_text(piece, key, private)
    return _clean_plain(piece, key, private)


def _clean_json(text: str, start: int, private: Private) -> str:
    end = len(text.rstrip("\0\n\r\t "))
    try:
        value, style = load(text[start:end]), None
    except ValueError:
        value, end = _decoder().raw_decode(text, start)
        style = STYLES["json"]
    if not shallow(value):
        raise ValueError("nested too deeply")
    hidden: list[tuple[str, Value]] = []
    _decoder(hidden).raw_decode(text, start)
    for name, item in hidden:  # of keys that stand twice: no reader sees it
        clean_value(item, name, private)
    cleaned = clean_value(value, "", private)
    tail = text[end:]
    if tail.strip("\0\n\r\t "):
        tail = clean_text(tail, "", private)
    if cleaned == value and not hidden:
        return text[:end] + tail
    return text[:start] + dump(cleaned, style or _style(value, text[start:end])) + tail


def _decoder(hidden: list[tuple[str, Value]] | None = None) -> json.JSONDecoder:
    """Give a decoder that keeps numbers as they are written, and lists what a key hides that stands again."""

    def paired(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
        held = dict(pairs)
        if hidden is not None and len(held) != len(pairs):
            last = {key: index for index, (key, _) in enumerate(pairs)}
            hidden.extend(pair for index, pair in enumerate(pairs) if last[pair[0]] != index)
        return held

    return json.JSONDecoder(
        parse_int=Literal, parse_float=Literal, parse_constant=Literal, object_pairs_hook=paired
    )


def _style(value: Value, text: str) -> Style:
    """Give the form that the text was written in, where it is one that a stream names, else a plain one."""
    return next((style for style in STYLES.values() if dump(value, style) == text), STYLES["json"])


def clean_value(value: Value, name: str, private: Private, kind: str | None = None) -> Value:
    """Take what is private out of a JSON value; its numbers are ``Literal``, and links of graphs stay.

    Args:
        value: as ``json_styles.load`` gives it.
        name: the key that it stands under.
        private: what is seen is added to it.
        kind: of what an object around it says by its name.
    """
    kind = kind or kind_of(name)
    if isinstance(value, dict):
        return _clean_object(value, name, private, kind)
    if isinstance(value, list):
        return value if _is_link(value, private) else _clean_list(value, name, private, kind)
    if isinstance(value, Literal):
        return _clean_number(value, private, kind)
    if isinstance(value, str):
        return _cover(value, kind, private) if kind else clean_text(value, name, private)
    return value


def _is_link(value: list[Value], private: Private) -> bool:
    """Say whether a list is a link of a graph: the name of a node, and the number of an output."""
    if len(value) != _LINK or not isinstance(value[1], Literal) or not isinstance(value[0], str):
        return False
    return value[0] in private.nodes or _NODE.fullmatch(value[0]) is not None


def _clean_list(value: list[Value], name: str, private: Private, kind: str | None) -> list[Value]:
    is_pair = len(value) == _LINK and _is_name(value[0]) and isinstance(value[1], str)
    if is_pair and (kind_of(str(value[0])) or is_doubtful(str(value[0]))):  # a header and its value
        return [value[0], clean_value(value[1], str(value[0]), private, kind)]
    return [clean_value(item, name, private, kind) for item in value]


def _clean_number(value: Literal, private: Private, kind: str | None) -> Literal:
    is_long = sum(sign.isdigit() for sign in value) >= _LEAST_DIGITS
    if kind and is_long:
        private.kinds.add(kind)
        return Literal("0")
    return value


def _cover(text: str, kind: str, private: Private) -> str:
    if is_covered(text) or text.strip().lower() in ("none", "null", "true", "false", "default", "auto"):
        return text
    private.kinds.add(kind)
    if kind == "secrets":
        private.secrets.add(text)
    return cover(text)


def _clean_object(value: dict[str, Value], name: str, private: Private, kind: str | None) -> dict[str, Value]:
    names = (str(value[key]) for key, held in _PAIRS if held in value and _is_name(value.get(key)))
    named = next((one for one in names if kind_of(one) or is_doubtful(one)), "")
    cleaned: dict[str, Value] = {}
    if any(isinstance(item, dict) and "class_type" in item for item in value.values()):
        private.nodes |= {node for node in value if clean_text(node, "", Private()) == node}
    for key, item in value.items():
        if key == "widgets_values" and isinstance(item, list):
            item = _clean_widgets(item, value.get("inputs"), private)  # noqa: PLW2901
        # What a node is given as an artist is part of a prompt.
        inner_name = "" if (key == "artist" and name == "inputs") else key
        if named and key in ("value", "default"):
            inner_name = named
        elif name.endswith("versions"):
            inner_name = name
        new = clean_text(key, "", private)
        while new in cleaned:
            new += "*"
        cleaned[new] = clean_value(item, inner_name, private, kind)
    return cleaned


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Literal)


def _clean_widgets(values: list[Value], inputs: Value, private: Private) -> list[Value]:
    """Clean the values of a node of ComfyUI's editor by the names of its widgets.

    Where there are more values than names, every word may stand under a name that is one of a secret.
    """
    entries = inputs if isinstance(inputs, list) else []
    names = [
        str(entry["widget"]["name"])
        for entry in entries
        if isinstance(entry, dict)
        and isinstance(entry.get("widget"), dict)
        and _is_name(entry["widget"].get("name"))
    ] or [str(entry["name"]) for entry in entries if isinstance(entry, dict) and _is_name(entry.get("name"))]
    steps = [index for index, value in enumerate(values) if isinstance(value, str) and value in _AFTER_SEEDS]
    plain = [value for index, value in enumerate(values) if index not in steps]
    kinds = [kind_of(name) for name in names]
    if not any(kinds) and not any(is_doubtful(name) for name in names):
        return values
    if len(plain) != len(names):
        return [_cover_word(value, private) for value in values] if "secrets" in kinds else values
    covered = iter(clean_value(value, name, private) for value, name in zip(plain, names, strict=True))
    return [value if index in steps else next(covered) for index, value in enumerate(values)]


def _cover_word(value: Value, private: Private) -> Value:
    is_word = _is_name(value) and len(value) >= _LEAST_SECRET and not set(value) & set(" \n")
    return _cover(value, "secrets", private) if is_word else value


def _clean_plain(text: str, name: str, private: Private) -> str:
    kind = kind_of(name) or ("secrets" if is_doubtful(name) and " " not in text and is_secret(text) else None)
    if kind and text.strip():
        return _cover(text, kind, private)
    text = _clean_embedded(text, private)
    text = private.secrets.hidden(text)
    cleaned, kinds = clean(text, words=is_prompt(name), wanted=is_identity(name))
    private.kinds |= kinds
    return cleaned


def _clean_embedded(text: str, private: Private) -> str:
    """Clean the JSON that stands inside a text."""
    pieces: list[str] = []
    at = 0
    for match in islice(_EMBEDDED.finditer(text), _MOST_EMBEDDED):
        if match.start() >= at:
            try:
                value, end = _decoder().raw_decode(text, match.start())
            except (ValueError, RecursionError):
                continue
            if not shallow(value):
                continue
            cleaned = clean_value(value, "", private)
            pieces += (text[at : match.start()], text[match.start() : end])
            if cleaned != value:
                pieces[-1] = dump(cleaned, STYLES["json"])
            at = end
    return "".join((*pieces, text[at:]))
