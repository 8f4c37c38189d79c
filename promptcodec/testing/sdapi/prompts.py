"""The syntax in a prompt, by a small grammar for each server, apart from what writes prompts.

Sources: A1111's ``prompt_parser.py`` and ``extra_networks.py``; the extensions Dynamic Prompts and Wildcards;
``routes_sdapi.cpp`` and ``src/conditioning`` of stable-diffusion.cpp; ``koboldcpp.py``.
"""

from __future__ import annotations

import re
from typing import Any

_NETWORK = re.compile(r"<(\w+):([^>]+)>")
_ARGUMENTS = re.compile(r"<sd_cpp_extra_args>(.*?)</sd_cpp_extra_args>")
_WEIGHT = re.compile(r"(?<!\\)\(((?:\\.|[^()\\])*):\s*([+-]?[\d.]+)\s*\)")
_ROUND = re.compile(r"(?<!\\)\((?:\\.|[^():\\])*\)")
_SQUARE = re.compile(r"(?<!\\)\[((?:\\.|[^\[\]\\])*)\]")
_WILDCARD = re.compile(r"__[\w/*-]+__")
_CHOICE = re.compile(r"(?<!\\)\{[^{}]*\}")
_VARIABLE = re.compile(r"\$\{?\w+")
_WEB_UI = {"a1111", "forge", "sdnext"}


def syntax_in(prompt: str, server: str) -> dict[str, Any]:
    """Give what a server would not take as words, by kind; kinds that are not met are left out.

    Args:
        prompt: as it came.
        server: one of the servers; Xinference takes all as words.
    """
    met: dict[str, Any] = {}
    if server == "sdcpp":
        met["arguments"] = _ARGUMENTS.findall(prompt)
        prompt = _ARGUMENTS.sub("", prompt)
    if server in _WEB_UI or server == "koboldcpp":
        met["networks"] = [match[0] for match in _NETWORK.finditer(prompt)]
        prompt = _NETWORK.sub("", prompt)
    if server != "xinference":
        met["weights"] = [float(match[2]) for match in _WEIGHT.finditer(prompt) if _is_number(match[2])]
        rest = _WEIGHT.sub("", prompt)
        met["brackets"] = [match[0] for match in _ROUND.finditer(rest)]
        insides = [match[1] for match in _SQUARE.finditer(prompt)]
        met["schedules"] = [inside for inside in insides if ":" in inside]
        met["alternations"] = [inside for inside in insides if "|" in inside and ":" not in inside]
        met["weakened"] = [inside for inside in insides if ":" not in inside and "|" not in inside]
    if server in _WEB_UI:
        met["compositions"] = re.findall(r"\bAND\b", prompt)
        met["breaks"] = re.findall(r"\bBREAK\b", prompt)
        met["wildcards"] = _WILDCARD.findall(prompt)
        met["choices"] = _CHOICE.findall(prompt)
        met["variables"] = _VARIABLE.findall(prompt)
    return {kind: items for kind, items in met.items() if items}


def words_of(prompt: str) -> str:
    """Give a prompt without the arguments within it."""
    return _ARGUMENTS.sub("", prompt).strip()


def arguments_of(prompt: str) -> str:
    """Give the arguments within a prompt, ``""`` where there are none."""
    match = _ARGUMENTS.search(prompt)
    return match[1] if match else ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
