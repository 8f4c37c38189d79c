"""Readers of prompts as servers read them, written from what each publishes of its syntax.

Each gives the words with their weights, and raises ``SyntaxSeenError`` for all else that a prompt can ask of
a server: networks, schedules, wildcards, comments, conjunctions, pauses, settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

Weighted = list[tuple[str, float]]
EMPHASIS = 1.1


class SyntaxSeenError(Exception):
    """A prompt asks for something."""


def refuse(pattern: str, prompt: str) -> None:
    seen = re.search(pattern, prompt, re.DOTALL)
    if seen:
        raise SyntaxSeenError(f"{seen[0]!r} in {prompt!r}")


def webui(prompt: str) -> Weighted:
    """AUTOMATIC1111's and Forge's, with sd-dynamic-prompts and comments, both installed by many."""
    refuse(r"<\w+:[^>]+>", prompt)
    refuse(r"[#{}$%]|__|/\*|//", prompt)
    refuse(r"\bAND\b", prompt)
    refuse(r":\s*[-+]?(\d+\.?|\d*\.\d+)\s*$", prompt)
    return emphasis(prompt, escaped="()[]\\", breaks=r"\bBREAK\b")


def sdnext(prompt: str) -> Weighted:
    """SD.Next's own; a colon counts where a backslash is before it."""
    refuse(r"<\w+:[^>]+>", prompt)
    refuse(r"[{}|\n]|##|__.*?__|_tags_|TE[234]:", prompt)
    refuse(r"\bAND\b", prompt)
    refuse(r":\s*[-+]?(\d+\.?|\d*\.\d+)\s*$", prompt)
    return emphasis(prompt, escaped="()[]\\:", breaks=r"\bBREAK\b|##")


def sdcpp(prompt: str) -> Weighted:
    """stable-diffusion.cpp's: a backslash hides "(" alone, and BREAK counts at the end of a word too."""
    refuse(r"<sd_cpp_extra_args>|<lora:", prompt)
    refuse(r"[\[\]\\]", prompt)
    return emphasis(prompt, escaped="(", breaks=r"BREAK(?![A-Za-z0-9_])")


def koboldcpp(prompt: str) -> Weighted:
    """The same, of what is left when KoboldCpp has cut it."""
    assert prompt.isascii()
    assert len(prompt) <= 800
    return sdcpp(prompt)


def plain(prompt: str) -> Weighted:
    """No parser but a tokenizer, which knows its own tokens in a text."""
    refuse(r"<[^>]*>|\[/?[A-Z]+\]", prompt)
    return [(prompt, 1.0)]


def comfyui(prompt: str) -> Weighted:
    """ComfyUI's core, and its frontend's dynamic prompts and comments."""
    refuse(r"[{}]|/\*|//", prompt)
    hidden = prompt.replace("\\)", "\x01").replace("\\(", "\x02")
    result = []
    for text, weight in _comfyui(hidden, 1.0):
        refuse(r"(^|\s)embedding:", text)
        result.append((text.replace("\x01", ")").replace("\x02", "("), weight))
    return result


def _comfyui(text: str, weight: float) -> Weighted:
    result: Weighted = []
    depth, start = 0, 0
    for at, char in enumerate(text):
        if char == "(":
            if depth == 0:
                result.append((text[start:at], weight))
                start = at + 1
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                inner, _, number = text[start:at].rpartition(":")
                if inner and re.fullmatch(r"\s*[-+]?[\d.]+\s*", number):
                    result += _comfyui(inner, float(number))
                else:
                    result += _comfyui(text[start:at], weight * EMPHASIS)
                start = at + 1
        if depth < 0:
            raise SyntaxSeenError(f"brackets that do not match in {text!r}")
    if depth:
        raise SyntaxSeenError(f"brackets that do not match in {text!r}")
    return [*result, (text[start:], weight)]


def emphasis(prompt: str, *, escaped: str, breaks: str) -> Weighted:
    """Read weights, (a) or (a:1.2); a backslash hides some characters, and is left out before others."""
    read: list[tuple[str, float]] = []
    opened: list[int] = []
    token = re.compile(rf"\\([{re.escape(escaped)}])|:\s*([-+]?[.\d]+)\s*\)|(.)", re.DOTALL)
    at = 0
    while at < len(prompt):
        match = token.match(prompt, at)
        hidden, number, char = match.groups()
        if number and not opened:
            number, char = None, prompt[at]
        at += len(match[0]) if number or hidden else 1
        if hidden:
            read.append((hidden, 1.0))
        elif char == "(":
            opened.append(len(read))
        elif number or (char == ")" and opened):
            heavier(read, opened.pop(), float(number) if number else EMPHASIS)
        elif char in "[]":
            raise SyntaxSeenError(f"a schedule, an alternation or less weight in {prompt!r}")
        elif char != "\\":
            read.append((char, 1.0))
    for start in opened:
        heavier(read, start, EMPHASIS)
    refuse(breaks, prompt)
    return runs(read)


def heavier(read: list[tuple[str, float]], start: int, factor: float) -> None:
    read[start:] = [(char, weight * factor) for char, weight in read[start:]]


def runs(read: Sequence[tuple[str, float]]) -> Weighted:
    """Put characters of one weight together."""
    result: Weighted = []
    for char, weight in read:
        if result and result[-1][1] == weight:
            result[-1] = (result[-1][0] + char, weight)
        else:
            result.append((char, weight))
    return result


PARSERS: dict[str, Callable[[str], Weighted]] = {
    "none": plain,
    "xinference": plain,
    "a1111": webui,
    "forge": webui,
    "sdnext": sdnext,
    "sdcpp": sdcpp,
    "koboldcpp": koboldcpp,
    "comfyui": comfyui,
}
