"""The prompts of a ComfyUI graph: the texts behind the conditioning of a sampler.

A link is followed by what it is called: an output named ``negative`` leads to the inputs named so, also
inside a pipe that carries both. Nothing is taken from the other side: what cannot be followed is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from promptcodec.recipe.readers.comfyui import strings
from promptcodec.recipe.readers.comfyui.follow import choices
from promptcodec.recipe.readers.comfyui.graph import MOST_VISITS, Graph, Link, Node
from promptcodec.recipe.readers.comfyui.names import (
    NEGATIVE,
    PLUMBING,
    POSITIVE,
    is_pipe,
    output_name,
    side_of,
)

_STARTS = {
    POSITIVE: ("positive", "base_positive", "conditioning", "cond1", "cond", "positive_prompt", "prompt"),
    NEGATIVE: ("negative", "base_negative", "neg_conditioning", "negative_prompt"),
}
_GUIDES = (
    "guider",
    "base_sampler",
    "advanced_sampler",
    "text_embeds",
)  # what is steered in a sampler's place
_EMPTY = ("zeroout", "placeholder")  # conditioning without words
_MOST_DEEP = 80  # links between a sampler and a text


@dataclass(slots=True)
class Words:
    """What is behind one side of a sampler: texts as they are joined, and classes not understood."""

    texts: list[str]
    unknown: list[str]

    def joined(self) -> str | None:
        """Give the prompt, None where there is none."""
        return "\n".join(dict.fromkeys(text for text in self.texts if text.strip())) or None


def words_of(graph: Graph, sampler: str, side: str) -> Words:
    """Give the texts of one side of a sampler."""
    search = _Search(graph)
    texts = search.at_sampler(sampler, side)
    return Words(texts, list(dict.fromkeys(search.unknown)))


@dataclass(slots=True)
class _Search:
    """One walk back: links seen with what was wanted of them, and the classes that led nowhere."""

    graph: Graph
    unknown: list[str] = field(default_factory=list)
    seen: set[tuple[Link, str]] = field(default_factory=set)
    done: dict[tuple[Link, str], list[str]] = field(default_factory=dict)
    deep: int = 0

    def at_sampler(self, sampler: str, side: str) -> list[str]:
        """Look at a sampler's own inputs, at its guider's, or into what it is fed through."""
        node = self.graph[sampler]
        start = next((node.inputs[name] for name in _STARTS[side] if node.inputs.get(name) is not None), None)
        if start is not None:
            return self.behind(start, side)
        for name, link in node.links():
            if name in _GUIDES and link.node in self.graph and (link, side) not in self.seen:
                self.seen.add((link, side))
                return self.at_sampler(link.node, side)
        feeds = [link for name, link in node.links() if is_pipe(name)]
        return self.first(feeds, side, node) if feeds or side == POSITIVE else []

    def behind(self, value: Any, want: str) -> list[str]:
        """Give the texts behind a value or a link, ``[""]`` where what is there has no words."""
        if isinstance(value, str):
            return [value]
        if not isinstance(value, Link) or value.node not in self.graph:
            return []
        node = self.graph[value.node]
        if (value, want) in self.done:
            return self.done[value, want]
        if self.deep == _MOST_DEEP or (value, want) in self.seen or len(self.seen) == MOST_VISITS:
            self.unknown.append(node.kind)
            return []
        self.seen.add((value, want))
        self.deep += 1
        before = len(self.unknown)
        output = output_name(node, value.slot)
        texts = self.at(node, output if side_of(output) else want)
        self.deep -= 1
        if node.shown and len(self.unknown) > before:  # what it showed is what the unknown node gave
            del self.unknown[before:]
            texts = [node.shown]
        self.done[value, want] = list(dict.fromkeys(texts))
        return self.done[value, want]

    def at(self, node: Node, want: str) -> list[str]:  # noqa: PLR0911 - one rule after the other
        """Give the texts that a node gives of the wanted side."""
        kind = node.kind.lower()
        side = side_of(want) or POSITIVE
        if any(word in kind for word in _EMPTY):
            return [""]
        if strings.is_written(node):
            self.unknown.append(node.kind)
            return []
        used = strings.used(node)
        if used is not None:
            return [used]
        named = _named(node, want, side)
        if named:
            return [text for name in named for text in self.behind(node.inputs[name], want)]
        chosen = choices(self.graph, node)
        if chosen is not None:
            return self.first([node.inputs[name] for name in chosen], want, node)
        pipes = [link for name, link in node.links() if is_pipe(name)]
        if pipes:
            return self.first(pipes[::-1] if "merge" in kind else pipes, want, node)
        joined = strings.joined(node, lambda part: self.behind(part, want))
        if joined is not None:
            return joined
        return self.encoded(node, want, side)

    def encoded(self, node: Node, want: str, side: str) -> list[str]:
        """Give the node's own texts behind those of the conditioning it adds to, or what it passes on."""
        own = [name for name in strings.texts_of(node) if side_of(name) in (None, side)]
        onward = [
            link for name, link in node.links() if name not in PLUMBING and side_of(name) in (None, side)
        ]
        if own and not (own == ["value"] and onward):  # a lone widget beside links is some setting
            before = [node.inputs[name] for name, _ in node.links() if name.startswith("conditioning")]
            texts = [text for link in before for text in self.behind(link, want)]
            for name in own:
                got = self.behind(node.inputs[name], want)
                texts += got
                if any(got) and not strings.is_encoder(node):
                    break
            return texts
        lacking = len(self.unknown)
        texts = [text for link in onward for text in self.behind(link, want)]
        if not texts and strings.is_of_pictures(node):
            del self.unknown[lacking:]
            return [""]
        if not texts and len(self.unknown) == lacking:
            self.unknown.append(node.kind)
        return texts

    def first(self, values: Iterable[Any], want: str, node: Node) -> list[str]:
        """Give the texts behind the first value that leads to some; what the others lacked is no matter."""
        before = len(self.unknown)
        for value in values:
            if texts := self.behind(value, want):
                del self.unknown[before:]
                return texts
        if len(self.unknown) == before:
            self.unknown.append(node.kind)
        return []


def _named(node: Node, want: str, side: str) -> list[str]:
    """Name the inputs of the wanted side; those of a refiner only where one is wanted."""
    own = [
        name
        for name, value in node.inputs.items()
        if side_of(name) == side and isinstance(value, (str, Link)) and name not in PLUMBING
    ]
    refiner = want.startswith("refiner")
    return [name for name in own if name.startswith("refiner") == refiner] or ([] if refiner else own)
