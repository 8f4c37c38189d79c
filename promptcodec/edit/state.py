"""A stream while it is edited: its parts by name, decoded where an operation asks, and written again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from promptcodec import bitstream, reading
from promptcodec.bitstream import Part, Stream
from promptcodec.description import Description
from promptcodec.edit.region import Grid
from promptcodec.entropy.dictionary import AnyDictionary, Dictionary, as_dictionaries
from promptcodec.errors import Notice, UsageError
from promptcodec.layers import about, derived, semantic, texture
from promptcodec.layers.parts import part_of, payload_of, payloads_of, rank
from promptcodec.layers.registry import LAYERS, part_name
from promptcodec.layers.semantic.layer import decode_part


@dataclass(frozen=True, slots=True)
class EditState:
    """A stream that is being edited.

    Attributes:
        size: width and height of the picture.
        payloads: by part name.
        dictionaries: the users' dictionaries at hand.
        named: parts that an operation asked to have as they are.
        warnings: what the user should know.
    """

    size: tuple[int, int]
    payloads: Mapping[str, bytes]
    dictionaries: tuple[Dictionary, ...] = ()
    named: frozenset[str] = frozenset()
    warnings: tuple[Notice, ...] = field(default=())

    def put(self, name: str, payload: bytes) -> EditState:
        """Give a part another payload."""
        return replace(self, payloads={**self.payloads, name: payload})

    def drop(self, name: str) -> EditState:
        """Leave a part out."""
        return replace(self, payloads={key: kept for key, kept in self.payloads.items() if key != name})

    def warn(self, text: str, *, hint: str = "") -> EditState:
        """Add a warning."""
        return replace(self, warnings=(*self.warnings, Notice(text, hint)))

    @property
    def grid(self) -> Grid:
        """Rows and columns of the description."""
        description = self.description if "semantic" in self.payloads else None
        return None if description is None else (description.rows, description.cols)

    @property
    def description(self) -> Description:
        """What the stream says.

        Raises:
            UsageError: it has no semantic part.
            BitstreamError, MissingDictionary: that part cannot be read.
        """
        return _decoded(self.part("semantic"), self.payloads.get(derived.MAP), self.dictionaries)

    @property
    def coloured(self) -> Description:
        """What the stream says, for words that are to do without the colour map: an error of that counts.

        Raises:
            BitstreamError: the map cannot be read; it needs a newer reader, perhaps.
        """
        if derived.MAP in self.payloads:
            texture.check(self.payloads[derived.MAP])
        return self.description

    def part(self, name: str) -> bytes:
        """Give a payload.

        Raises:
            UsageError: there is no such part.
        """
        if name not in self.payloads:
            raise UsageError(
                f"the stream has no {name} part to edit; it has {', '.join(self.payloads)}",
                hint="encode with --layers, or take one over with --transplant",
            )
        return self.payloads[name]

    def say(self, description: Description) -> EditState:
        """Code a description by the text coder it had before, with the dictionary it had.

        Beside a colour map the colours of cells are left out: the map shows them.
        """
        former = self.part("semantic")
        beside = semantic.is_beside(former) and derived.MAP in self.payloads
        stored = derived.strip(description) if beside else description
        payload = semantic.encode_like(former, stored, self.dictionaries, with_map=beside)
        return self.put("semantic", payload)


@lru_cache(maxsize=8)
def _decoded(payload: bytes, beside: bytes | None, dictionaries: tuple[Dictionary, ...]) -> Description:
    """Decode a description once for all that one operation asks of it."""
    description: Description = decode_part(payload, (1, 1), dictionaries, beside)["description"]
    return description


def open_state(data: bytes, dictionaries: Sequence[AnyDictionary] = ()) -> tuple[Stream, EditState]:
    """Read a stream.

    Raises:
        BitstreamError: it is damaged, cut, or needs a newer reader.
    """
    stream = reading.open_stream(data)
    return stream, EditState(
        (stream.width, stream.height), payloads_of(stream), as_dictionaries(dictionaries)
    )


def finish(stream: Stream, state: EditState) -> tuple[bytes, EditState]:
    """Write what became of a stream; parts whose payload is the same are the same bytes."""
    before = payloads_of(stream)
    changed = {name for name, payload in state.payloads.items() if before.get(name) != payload}
    drawn = {layer.name for layer in LAYERS if layer.drawn}
    # Of a stream without words and pictures a picture is drawn from its recipe.
    if changed & drawn or ("recipe" in changed and not drawn & state.payloads.keys()):
        measured = {layer.name for layer in LAYERS if layer.measured}
        for name in [name for name in before if name in measured - state.named]:
            state = state.drop(name).warn(f"the {name} measured the picture before the edit: it was dropped")
    parts = _merged(stream.parts, state.payloads)
    seed = reading.derive_seed(stream)
    fields = about.decode(before["about"]) if "about" in before else {}
    if "seed" not in fields and reading.derive_seed(replace(stream, parts=parts)) != seed:
        # Another seed would change the noise everywhere, not only where the edit was.
        state = state.put("about", about.encode({**fields, "seed": str(seed)}))
        parts = _merged(stream.parts, state.payloads)
    return bitstream.write(replace(stream, parts=parts)), state


def _merged(former: Sequence[Part], payloads: Mapping[str, bytes]) -> tuple[Part, ...]:
    """Put the payloads into the parts they come from, in their order, and new ones where they belong."""
    parts = [
        part
        if payload_of(part) == payloads[name]
        else replace(part_of(name, payloads[name]), critical=part.critical)
        for part in former
        if (name := part_name(part.type)) in payloads
    ]
    there = {part_name(part.type) for part in former}
    for layer in LAYERS:
        if layer.name in payloads and layer.name not in there:
            at = sum(rank(part) < layer.id for part in parts)
            parts.insert(at, part_of(layer.name, payloads[layer.name]))
    return tuple(parts)
