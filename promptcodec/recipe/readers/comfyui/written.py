"""Texts that are written while a graph runs: by a model, by chance, off a picture, from a file.

What goes into such a node is an instruction, a question or a template, never the prompt. Most are known by
what they are given beside a text: a model or a picture, how to draw words, whom to ask.
"""

from __future__ import annotations

import re
from itertools import pairwise

from promptcodec.recipe.readers.comfyui.graph import Node

# Classes of which nothing but the name tells.
_WRITERS = frozenset(
    (
        "textgenerate", "textgen", "llm", "llms", "ollama", "tagger", "interrogator", "interrogate",
        "florence", "chat", "chatgpt", "gpt", "deepseek", "openai", "gemini", "claude", "groq", "vlm",
        "vqa", "enhance", "enhancer", "expander", "expansion", "rewrite", "rewriter", "superprompt",
        "promptgen", "promptgenerator", "magicprompt", "translate", "translator", "translation", "random",
        "load", "loader", "preset", "retrieve", "reader",
    )
)  # fmt: skip
_SEEN = re.compile(
    r"(?:.*_)?(?:images?|img|pictures?|pixels|videos?|frames|audio|clip_vision)(?:_?[a-d\d]{1,2})?"
)
_MODELS = re.compile(r"(?!opt_)(?:.*_)?(?:model|clip|vlm|llm|pipeline)")
_CALLED = re.compile(r"(?:.*_)?(?:model|llm|vlm|gguf)(?:_(?:name|id|path|file|type|version))?|repo_id")
_ASKED = frozenset(
    (
        "system", "instruction", "instructions", "question", "query", "task", "temperature", "top_p", "top_k",
        "num_beams", "do_sample", "repetition_penalty", "keep_alive", "api_key", "thinking", "max_length",
        "from_translate", "to_translate", "from_lang", "to_lang", "source_lang", "target_lang",
        "source_language", "target_language", "insanitylevel", "api_url", "base_url", "url",
        "host", "endpoint", "provider", "service", "creativity", "max_words", "num_words",
    )
)  # fmt: skip
_ASKED_AS = re.compile(r"(?:system|instruction)_\w+|max_\w*tokens|.*\.(?:temperature|top_[kp]|seed)")
_SETTINGS = frozenset(("steps", "cfg", "sampler_name", "scheduler"))  # a node that holds all of a picture's
_CHANCE = re.compile(r"(?:\w+_)?seed")
_TEMPLATES = frozenset(("wildcard", "wildcards", "dynamic", "noodle", "nsp", "dp", "combinatorial"))
_TEMPLATE = re.compile(r"__[^\s_][^_]*__|\{[^{}|]*\|")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def is_written(node: Node) -> bool:
    """Say whether a node that gives a text writes it while it runs."""
    if is_named(node):
        return True
    names = node.inputs.keys()
    if names & _ASKED or any(_ASKED_AS.fullmatch(name) for name in names):
        return True
    if names & _SETTINGS:
        return False
    if any(_SEEN.fullmatch(name) or _MODELS.fullmatch(name) for name, _ in node.links()):
        return True
    models = (value for name, value in node.plain().items() if _CALLED.fullmatch(name))
    if any(isinstance(value, str) and value for value in models):
        return True
    return any(_CHANCE.fullmatch(name) for name in names) and not is_template(node)


def is_named(node: Node) -> bool:
    """Say whether a node's class tells that it writes."""
    return bool(words_of(node.kind) & _WRITERS)


def is_template(node: Node) -> bool:
    """Say whether a node fills in a template: a text without places to fill in stays as it is."""
    return bool(words_of(node.kind) & _TEMPLATES)


def is_open(text: str) -> bool:
    """Say whether a text has places that something fills in: ``__name__``, ``{this|that}``."""
    return bool(_TEMPLATE.search(text))


def words_of(kind: str) -> set[str]:
    """Give the words of a class's name in small letters, and each two side by side as one."""
    words = [word.lower() for word in _WORD.findall(kind)]
    return {*words, *(first + second for first, second in pairwise(words))}
