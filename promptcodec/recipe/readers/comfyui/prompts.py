"""The prompts of a ComfyUI graph: the texts behind the conditioning of a sampler.

A link is followed by what it is called: an output named ``negative`` leads to the inputs named so, also
inside a pipe that carries both. Nothing is taken from the other side: what cannot be followed is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from promptcodec.recipe.readers.comfyui import changes, strings, written
from promptcodec.recipe.readers.comfyui.follow import choices
from promptcodec.recipe.readers.comfyui.graph import MOST_VISITS, Graph, Link, Node
from promptcodec.recipe.readers.comfyui.names import (
    NEGATIVE,
    POSITIVE,
    is_aside,
    is_embeds,
    is_pipe,
    output_name,
    side_of,
)

_STARTS = {
    POSITIVE: (
        "positive",
        "base_positive",
        "conditioning",
        "cond1",
        "cond",
        "positive_prompt",
        "prompt",
        "text",
    ),
    NEGATIVE: ("negative", "base_negative", "neg_conditioning", "negative_prompt"),
}
_GUIDES = ("guider", "base_sampler", "advanced_sampler")  # what is steered in a sampler's place
_EMPTY = ("zeroout", "placeholder")  # conditioning without words
_MISSING = "a node that is missing"
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


def reader(graph: Graph) -> Callable[[Any], str]:
    """Make what gives the text that a value is or links to, ``""`` where the graph does not say it."""
    search = _Search(graph)  # one for all: it bounds the work

    def text_behind(value: Any) -> str:
        lacking = len(search.unknown)
        texts = search.behind(value, POSITIVE, text=True)
        return "" if len(search.unknown) > lacking else "\n".join(texts)

    return text_behind


@dataclass(slots=True)
class _Search:
    """One walk back: links seen with what was wanted of them, and the classes that led nowhere."""

    graph: Graph
    unknown: list[str] = field(default_factory=list)
    seen: set[tuple[Link, str, bool]] = field(default_factory=set)
    done: dict[tuple[Link, str, bool], list[str]] = field(default_factory=dict)
    deep: int = 0

    def at_sampler(self, sampler: str, side: str) -> list[str]:
        """Look at a sampler's own inputs, at its guider's, or into what it is fed through."""
        node = self.graph[sampler]
        start = next((name for name in _STARTS[side] if node.inputs.get(name) is not None), None)
        if start is not None:
            texts = self.behind(node.inputs[start], side, text=strings.takes_text(node, start))
            return self.middle(node, texts) if side == NEGATIVE and "cond2" in node.inputs else texts
        guides = [item for item in node.links() if item[0] in _GUIDES or is_embeds(item[0])]
        for _, link in sorted(guides, key=lambda item: item[0] != "text_embeds"):  # others are of pictures
            if link.node in self.graph and (link, side, False) not in self.seen:
                self.seen.add((link, side, False))
                return self.at_sampler(link.node, side)
        feeds = [link for name, link in node.links() if is_pipe(name)]
        return self.first(feeds, side, node) if feeds or side == POSITIVE else []

    def middle(self, node: Node, texts: list[str]) -> list[str]:
        """Give what a guider of three steers away from: where that is the positive again, the one between."""
        positive = self.behind(node.inputs.get("cond1"), POSITIVE)
        return self.behind(node.inputs["cond2"], NEGATIVE) if texts and texts == positive else texts

    def behind(self, value: Any, want: str, *, text: bool = False) -> list[str]:
        """Give the texts behind a value or a link, ``[""]`` where what is there has no words.

        Args:
            value: a text or a Link.
            want: the side or the output that is looked for.
            text: whether a text is wanted; else conditioning, or either.
        """
        if isinstance(value, str):
            return [value]
        if isinstance(value, list) or (isinstance(value, Link) and value.node not in self.graph):
            self.unknown.append(_MISSING)
        if not isinstance(value, Link) or value.node not in self.graph:
            return []
        node = self.graph[value.node]
        text = strings.gives_text(node, value.slot, text=text)
        step = value, want, text
        if step in self.done:
            return self.done[step]
        if self.deep == _MOST_DEEP or step in self.seen or len(self.seen) == MOST_VISITS:
            self.unknown.append(node.kind)
            return []
        self.seen.add(step)
        self.deep += 1
        before = len(self.unknown)
        output = output_name(node, value.slot)
        texts = self.at(node, value.slot, output if side_of(output) else want, text=text)
        self.deep -= 1
        if node.shown and len(self.unknown) > before:  # what it showed is what the unknown node gave
            del self.unknown[before:]
            texts = [node.shown]
        self.done[step] = list(dict.fromkeys(texts))
        return self.done[step]

    def at(self, node: Node, slot: int, want: str, *, text: bool) -> list[str]:  # noqa: PLR0911 - rule by rule
        """Give the texts that an output of a node gives of the wanted side."""
        kind = node.kind.lower()
        side = side_of(want) or POSITIVE
        if any(word in kind for word in _EMPTY):
            return [""]
        used = strings.used(node)
        if used is not None:
            return [used]
        if strings.is_written(node, text=text) or changes.is_styled(node, text=text):
            self.unknown.append(node.kind)
            return []
        held = strings.held(node, slot)
        named = [held] if held else _named(node, want, side)
        if named:
            return [got for name in named for got in self.inside(node, name, want, text=text)]
        if strings.is_loader(node) and _named(node, want, NEGATIVE if side == POSITIVE else POSITIVE):
            return [""]  # it has words for the other side alone
        chosen = choices(self.graph, node)
        if chosen is not None:
            return self.first([node.inputs[name] for name in chosen], want, node, text=text)
        pipes = [link for name, link in node.links() if is_pipe(name)]
        if pipes:
            return self.first(pipes[::-1] if "merge" in kind else pipes, want, node)
        if not strings.is_encoder(node, text=text):
            worded = self.worded(node, want, text=text)
            if worded is not None:
                return worded
        return self.encoded(node, want, side, text=text)

    def inside(self, node: Node, name: str, want: str, *, text: bool) -> list[str]:
        """Give the texts behind an input of a node of which a text is wanted, or which takes one."""
        return self.behind(node.inputs[name], want, text=text or strings.takes_text(node, name))

    def worded(self, node: Node, want: str, *, text: bool) -> list[str] | None:
        """Give the text that a node joins or changes, None where it does neither."""

        def behind(part: Any) -> list[str]:
            return self.behind(part, want, text=True)

        joined = strings.joined(node, behind)
        if joined is not None or not (text and changes.is_change(node)):
            return joined
        lacking = len(self.unknown)
        changed = changes.changed(self.graph, node, lambda part: strings.one(part, behind))
        if changed is not None:
            return [changed] if len(self.unknown) == lacking else []
        self.unknown.append(node.kind)
        return []

    def encoded(self, node: Node, want: str, side: str, *, text: bool) -> list[str]:
        """Give the node's own texts behind those of the conditioning it adds to, or what it passes on."""
        own = [name for name in strings.texts_of(node) if side_of(name) in (None, side)]
        onward = [link for name, link in node.links() if not is_aside(name) and side_of(name) in (None, side)]
        if own and not (own == ["value"] and onward):  # a lone widget beside links is some setting
            before = [node.inputs[name] for name, _ in node.links() if name.startswith("conditioning")]
            texts = [got for link in before for got in self.behind(link, want)]
            for name in own:
                given = self.inside(node, name, want, text=text)
                texts += given
                if any(given) and not strings.is_encoder(node, text=text):
                    break
            return self.filled(node, texts)
        lacking = len(self.unknown)
        texts = [got for link in onward for got in self.behind(link, want, text=text)]
        if not texts and strings.is_of_pictures(node) and not text:
            del self.unknown[lacking:]
            return [""]
        if not texts and len(self.unknown) == lacking:
            self.unknown.append(node.kind)
        return texts

    def filled(self, node: Node, texts: list[str]) -> list[str]:
        """Give texts that nothing is left to fill in of: what a node puts in there is not in the graph."""
        if not written.is_template(node) or not any(map(written.is_open, texts)):
            return texts
        self.unknown.append(node.kind)
        return []

    def first(self, values: Iterable[Any], want: str, node: Node, *, text: bool = False) -> list[str]:
        """Give the texts behind the first value that leads to some; what the others lacked is no matter."""
        before = len(self.unknown)
        for value in values:
            if texts := self.behind(value, want, text=text):
                del self.unknown[before:]
                return texts
        if len(self.unknown) == before:
            self.unknown.append(node.kind)
        return []


def _named(node: Node, want: str, side: str) -> list[str]:
    """Name the inputs of the wanted side, not of how it is read; a refiner's only where one is wanted."""
    own = [
        name
        for name, value in node.inputs.items()
        if side_of(name) == side and isinstance(value, (str, Link, list)) and not is_aside(name)
    ]
    refiner = want.startswith("refiner")
    return [name for name in own if name.startswith("refiner") == refiner] or ([] if refiner else own)
