"""What a graph of strangers may not say: files outside the server's folders, addresses, keys.

Inputs are told apart by what the server takes there, and by their names:

* One of a list (``ckpt_name``), or a name that says file, path, folder, prefix: a file. No absolute path of
  any system, no ``..``, no ``~``, no environment variable, no address. A name that says so takes no link
  either: a file's name would be computed where nobody sees it.
* A name that says url, host, port, key, token: an address or a secret. Nothing may stand there.
* Everything else, prompts above all: words. Refused is only what as a whole is an address or a path out of
  the folders.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from promptcodec.generators.comfyui.catalogue import Catalogue, Input, inputs
from promptcodec.generators.shown import shown

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_FILE = re.compile(
    r".*(?:path|folder|filename|directory)|(?:out|in|sub|base|work|te?mp)?dir|file|prefix|basename"
)
_ADDRESS = re.compile(r".*(?:url|uri)|host|hostname|endpoint|webhook|apikey|proxy")
_SECRET = re.compile(r"token|secret|password|port|server|address|credential")
"""As the last word of a name: ``token_normalization`` is none."""
_DRIVE = re.compile(r"\s*(?:[A-Za-z]:[\\/]|\\\\|//)")
_ROOT = re.compile(r"\s*(?:[\\/]|[A-Za-z]:)")
_SCHEME = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*://|(?:file|data|ftp|https?):)", re.IGNORECASE)
# Variables that Windows itself defines; ``%date%`` and the like are of nodes that save.
_VARIABLE = re.compile(
    r"\s*(?:~|\$|%(?:userprofile|(?:local)?appdata|te?mp|system(?:root|drive)|windir|program(?:files|data)"
    r"|home(?:drive|path)?|public|allusersprofile|onedrive|comspec|path)[^%]*%)",
    re.IGNORECASE,
)
_QUOTES = " \t\"'`"
"""What nodes that take a path strip from it."""
_LEADS = re.compile(r"(?:\.\.[\\/]|[\\/][^\s\\/]+[\\/])")
_UP = re.compile(r"(?:^|[\\/])\s*\.\.\s*(?:[\\/]|$)")


def refused(graph: Mapping[str, Any], catalogue: Catalogue) -> list[str]:
    """Name every input of a graph that says what it may not, each in a few words; none where all may stay.

    Args:
        graph: in API format, each node with ``class_type`` and ``inputs``.
        catalogue: the server's nodes; those it lacks are judged by the names of their inputs alone.
    """
    bad = []
    for name, node in graph.items():
        kind = node["class_type"]
        taken = inputs(catalogue[kind]) if kind in catalogue else {}
        for key, value in node["inputs"].items():
            where = f"{shown(key)} of {shown(kind)} ({shown(name)})"
            if isinstance(value, list) and (_is_file(key) or _is_address(key)):
                bad.append(f"{where} is computed by the graph")
            bad += [
                f"{where} is {shown(text)!r}"
                for inner, text in _texts(key, value)
                if _is_bad(inner, text, taken.get(key))
            ]
    return bad


def _is_bad(key: str, text: str, taken: Input | None) -> bool:
    if _is_address(key):
        return bool(text.strip())
    text = text.strip(_QUOTES)
    if _is_file(key) or (taken is not None and taken.kind == "COMBO"):
        text = unicodedata.normalize("NFKC", text)  # of slashes and dots that only look so
        leads = (_DRIVE, _ROOT, _SCHEME, _VARIABLE)
        return any(rule.match(text) for rule in leads) or bool(_UP.search(text)) or "\0" in text
    if len(text.split()) > 1:
        return "\n" not in text and bool(_DRIVE.match(text) or _LEADS.match(text))
    home = _VARIABLE.match(text) and re.search(r"[\\/]", text)
    return bool(_SCHEME.match(text) or _DRIVE.match(text) or _UP.search(text) or _LEADS.match(text) or home)


def _is_file(key: str) -> bool:
    return any(_FILE.fullmatch(word.removesuffix("s")) for word in _words(key))


def _is_address(key: str) -> bool:
    words = _words(key)
    return (
        any(_ADDRESS.fullmatch(word.removesuffix("s")) for word in words)
        or bool(words and _SECRET.fullmatch(words[-1]))
        or ("api", "key") in itertools.pairwise(words)
    )


def _words(key: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(key)]


def _texts(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Give every text in a value, with the name it stands under."""
    pending = [(key, value)]
    while pending:
        name, one = pending.pop()
        if isinstance(one, str):
            yield name, one
        elif isinstance(one, dict):
            pending += [
                (str(inner) if str(inner) != "__value__" else name, item) for inner, item in one.items()
            ]
            pending += [(name, str(inner)) for inner in one]
        elif isinstance(one, list):
            pending += [(name, item) for item in one]
