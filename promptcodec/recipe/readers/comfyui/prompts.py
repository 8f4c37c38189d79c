"""The prompts of a ComfyUI graph: the texts behind the conditioning of a sampler."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from promptcodec.recipe.readers.comfyui.graph import MOST_VISITS, Graph, class_of, inputs_of, link_of
from promptcodec.recipe.values import text

_MOST_DEEP = 60  # nodes between a text and what encodes it
_TEXTS = (
    "Text",
    "text", "prompt", "t5xxl", "text_g", "clip_l", "text_l", "text_positive", "positive_prompt", "positive",
    "string", "value", "text_1", "wildcard_text", "populated_text",
)  # fmt: skip
_PLUMBING = {"clip", "vae", "model", "image", "pixels", "samples", "latent_image", "mask", "control_net"}


def prompts_of(graph: Graph, sampler: str) -> tuple[str | None, str | None]:
    """Give the prompt and the negative prompt of a sampler."""
    inputs = inputs_of(graph, sampler)
    for name in ("guider", "text_embeds"):
        link = link_of(graph, inputs.get(name))
        if link:
            inputs = inputs_of(graph, link[0])
    starts = (inputs.get(name) for name in ("positive", "conditioning", "cond1", "cond"))
    start = next((start for start in starts if start is not None), None)
    positive = _unique(_texts(graph, start, "positive"))
    negative = _unique(_texts(graph, inputs.get("negative"), "negative"))
    return "\n".join(positive) or None, "\n".join(negative) or None


def all_texts(graph: Graph) -> list[str]:
    """Give every text that some node encodes, for a graph without a sampler."""
    encoders = (inputs for node in graph if "clip" in (inputs := inputs_of(graph, node)))
    return _unique(value for inputs in encoders for name in _TEXTS if (value := text(inputs.get(name))))


def _texts(graph: Graph, value: Any, side: str) -> Iterator[str]:
    """Give the texts behind a conditioning link, in the order in which they are joined."""
    todo: list[Any] = [value]
    seen: set[tuple[str, int]] = set()
    while todo and len(seen) < MOST_VISITS:
        value = todo.pop(0)
        if isinstance(value, str):
            yield value
            continue
        link = link_of(graph, value)
        if not link or link in seen:
            continue
        seen.add(link)
        inputs = inputs_of(graph, link[0])
        if class_of(graph, link[0]) == "ConditioningZeroOut":
            continue
        if "positive" in inputs and "negative" in inputs:  # passes both through: the slot says which
            todo.insert(0, inputs["positive" if link[1] == 0 else "negative"])
            continue
        encoded = _encoded_texts(graph, inputs, side)
        onward = [v for k, v in inputs.items() if k not in _PLUMBING and link_of(graph, v)]
        joined = [v for k, v in inputs.items() if k.startswith("conditioning") and link_of(graph, v)]
        todo[:0] = [*joined, *encoded] if encoded else onward


def _encoded_texts(graph: Graph, inputs: Mapping[str, Any], side: str) -> list[str]:
    """Give the texts a node encodes: its own, or those behind links in their place."""
    halves = _halves(inputs)
    values = [inputs[name] for name in _TEXTS if name in inputs and name != "negative"]
    if side == "negative" and isinstance(inputs.get("negative"), str):
        values = [inputs["negative"]]
    texts: list[str] = []
    for value in halves or values:
        if isinstance(value, str):
            texts.append(value)
        elif (link := link_of(graph, value)) is not None:
            texts += _linked_text(graph, link[0], set())
    if halves and texts:
        return [_delimiter(inputs).join(texts)]
    return _unique(texts)


def _linked_text(graph: Graph, start: str, seen: set[str]) -> list[str]:
    """Give the text behind a link: of the node, or of the first before it that has one; each node once."""
    if start in seen or len(seen) == _MOST_DEEP:
        return []
    seen.add(start)
    inputs = inputs_of(graph, start)
    halves = _halves(inputs)
    if halves:
        texts = [
            "".join(_linked_text(graph, link[0], seen)) if (link := link_of(graph, half)) else half
            for half in halves
        ]
        return [_delimiter(inputs).join(half for half in texts if isinstance(half, str))]
    own = [inputs[name] for name in _TEXTS if isinstance(inputs.get(name), str) and inputs[name].strip()]
    if own:
        return own[:1]
    for name, value in inputs.items():
        link = link_of(graph, value)
        if link and name not in _PLUMBING and (texts := _linked_text(graph, link[0], seen)):
            return texts
    return []


def _halves(inputs: Mapping[str, Any]) -> list[Any]:
    """Give what a node joins, where it is one that joins texts."""
    return [inputs[name] for name in ("string_a", "string_b") if name in inputs]


def _delimiter(inputs: Mapping[str, Any]) -> str:
    delimiter = inputs.get("delimiter")
    return delimiter if isinstance(delimiter, str) else ""


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text.strip()))
