"""Prompts in the syntax of each server, with foreign words that no parser takes for syntax.

What each parser reads, and what is done about it, is in docs/guide/prompts.md.
"""

from __future__ import annotations

import re
import unicodedata

from promptcodec.generators.wording.prompt import Phrase, Prompt, cut, one_line

PLAIN = ("none", "xinference")
"""No parser: only what a tokenizer may take for one of its own tokens is kept out."""
WEBUIS = ("a1111", "forge", "sdnext")
CPP = ("sdcpp", "koboldcpp")
SYNTAXES = (*PLAIN, *WEBUIS, *CPP, "comfyui")
KOBOLD_CHARACTERS = 800
"""KoboldCpp cuts a prompt there, and reads ASCII alone."""

_TOKENS = str.maketrans("<>[]", "()()")
_ALIKE = str.maketrans("<>[]{}|\\", "()()()//")
_WEBUI = str.maketrans({"#": " ", "_": " ", "$": " dollar ", "%": " percent "})
_COMMENT = re.compile(r"/+(\*?)")
# A word of its own; stable-diffusion.cpp takes BREAK at the end of a word too.
_KEYWORD = re.compile(r"\w*BREAK(?![A-Za-z0-9_])|\bAND\b")
_BRACKET = re.compile(r"[()]")
# A number after a colon that ends a prompt is the weight of all of it.
_WEIGHT_OF_ALL = re.compile(r":(?=\s*[-+]?[\d.]+$)")
_COMPEL = re.compile(r"(?<=\S)(?:\++|-+)(?=[\s,.;:]|$)")
# SD.Next's parser drops a colon that has no backslash; its older one fails on a backslash after a space.
_LONE_COLON = re.compile(r"(?:^|(?<=\s)):[:\s]*")


def escape(text: str, syntax: str) -> str:
    """Write foreign words so that the parser of a server takes them as words alone.

    Args:
        text: anything.
        syntax: one of SYNTAXES.

    Returns:
        one line without characters that nobody sees.
    """
    text = one_line(_ascii(text) if syntax == "koboldcpp" else text)
    if syntax in PLAIN:
        return text.translate(_TOKENS)
    text = _COMMENT.sub(lambda match: "/ *" if match[1] else "/", text.translate(_ALIKE))
    if syntax in WEBUIS:
        text = text.translate(_WEBUI)
    elif syntax == "comfyui":
        text = text.replace("embedding:", "embedding ")
    text = one_line(_KEYWORD.sub(lambda match: match[0].lower(), text))
    if syntax in CPP:
        return one_line(_BRACKET.sub(" ", text))
    if syntax == "sdnext":
        text = one_line(_LONE_COLON.sub(" ", _COMPEL.sub("", text)))
    text = _BRACKET.sub(r"\\\g<0>", _WEIGHT_OF_ALL.sub(";", text))
    return text.replace(":", r"\:") if syntax == "sdnext" else text


def write(prompt: Prompt, syntax: str) -> str:
    """Write a prompt's phrases one after the other, with weights where the syntax has them.

    KoboldCpp gets the first phrases that it reads whole.
    """
    if syntax in PLAIN:
        return escape(prompt.plain(), syntax)
    phrases = list(prompt.phrases)
    if syntax == "koboldcpp":
        while len(_joined(phrases, syntax)) > KOBOLD_CHARACTERS:
            last = phrases.pop()
            if not phrases:
                phrases = [
                    Phrase(cut(last.text, lambda text: len(escape(text, syntax)) <= KOBOLD_CHARACTERS))
                ]
    return _joined(phrases, syntax)


def _joined(phrases: list[Phrase], syntax: str) -> str:
    texts = list(filter(None, (_weighted(phrase, syntax) for phrase in phrases)))
    # A colon before a comma begins no weight.
    parts = [text if text.endswith((".", "!", "?")) else f"{text}," for text in texts[:-1]]
    return " ".join([*parts, *texts[-1:]])


def _weighted(phrase: Phrase, syntax: str) -> str:
    text = escape(phrase.text, syntax)
    return f"({text}:{phrase.weight:g})" if text and phrase.weight != 1 else text


def _ascii(text: str) -> str:
    """Give the ASCII letters that stand for a text's, such as "e" for an accented one."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
