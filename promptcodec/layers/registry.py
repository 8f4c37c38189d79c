"""The one table of layers: what each part of a stream is, who codes it, and what it is good for.

Adding a part is a row here and a module of its own. A row is light: the module is imported when one of
its functions is first called, so a reader of one layer never loads the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from promptcodec.errors import UsageError

if TYPE_CHECKING:
    from promptcodec.entropy.dictionary import Dictionary
    from promptcodec.layers.job import EncodeJob


PROBE_SIZE = (64, 64)
"""Layers are read at this size where nothing is drawn from them."""


class LayerModule(Protocol):
    """A layer's functions, and ``check_part(payload)`` where that is less work than to decode."""

    def encode_part(self, job: EncodeJob, room: int | None) -> bytes | None:
        """Code the layer; see ``Layer.encode``."""
        ...

    def decode_part(
        self, payload: bytes, size: tuple[int, int], dictionaries: Sequence[Dictionary], *beside: bytes | None
    ) -> Mapping[str, Any]:
        """Give what a generator is told; see ``Layer.decode``."""
        ...

    def show_part(
        self, payload: bytes, dictionaries: Sequence[Dictionary], *beside: bytes | None
    ) -> Mapping[str, Any]:
        """Give what people are shown; only for layers that are ``shown``."""
        ...

    def coder_name(self, payload: bytes) -> str:
        """Name how a part is coded, without decoding it."""
        ...


@dataclass(frozen=True, slots=True)
class Layer:
    """One row of the table.

    Attributes:
        id: the type byte of the part, 1..63; part of the format, never given to anything else.
        name: what people call it. Parts stand in the order of the rows: coarse to fine.
        module: where its functions are, a ``LayerModule``.
        turn: whose turn it is to take its share of a budget, lowest first; None: it takes what it
            takes, before the others share.
        share: the part of a budget it takes before the others share by measured tables; None: it is
            in those tables.
        default_bytes: what it may spend where there is no budget; None: what it takes.
        drawn: a picture drawn from it shows something of it.
        shown: what it says is shown to people by ``inspect``.
        measured: it says how the original picture measured: no longer true where an edit changes what is
            drawn.
        selectable: people name it, to store it, draw from it, cut it off or transplant it.
        coded: a second type byte. The payloads of the layer begin with the id of a coder: parts of the type
            ``id`` are of coder 0 and leave it out, those of this type hold it. See ``layers.parts``; None:
            the payload is the part.
        beside: the layer that says a part of what this one says; its functions are given that one's
            payload too, None where the stream has none.
    """

    id: int
    name: str
    module: str
    turn: int | None = None
    share: float | None = None
    default_bytes: int | None = None
    drawn: bool = False
    shown: bool = False
    measured: bool = False
    selectable: bool = True
    coded: int | None = None
    beside: str = ""

    @property
    def _functions(self) -> LayerModule:
        return cast("LayerModule", import_module(self.module))

    def encode(self, job: EncodeJob, room: int | None) -> bytes | None:
        """Code it.

        Args:
            job: what is to be coded, and how.
            room: bytes it may have; for a layer without a turn, bytes a file of it alone may have.

        Returns:
            The payload; None where there is nothing to store.

        Raises:
            BudgetError: the room is too small.
        """
        return self._functions.encode_part(job, room)

    def decode(
        self,
        payload: bytes,
        size: tuple[int, int],
        dictionaries: Sequence[Dictionary],
        others: Mapping[str, bytes],
    ) -> Mapping[str, Any]:
        """Give what a generator is told by a part: fields of ``Conditions``.

        Args:
            payload: the whole part, untrusted.
            size: width and height of the picture wanted, in pixels.
            dictionaries: the users' dictionaries at hand.
            others: the stream's payloads by layer.

        Raises:
            BitstreamError, DescriptionError, MissingDictionary: it cannot be read.
            NewerError: it uses something that only a newer reader knows.
        """
        return self._functions.decode_part(payload, size, dictionaries, *self._beside(others))

    def check(self, payload: bytes, dictionaries: Sequence[Dictionary], others: Mapping[str, bytes]) -> None:
        """Read a part for nothing but its errors, which are those of ``decode``."""
        functions = self._functions
        if hasattr(functions, "check_part"):  # it reads less than it draws from
            functions.check_part(payload)
        else:
            self.decode(payload, PROBE_SIZE, dictionaries, others)

    def show(
        self, payload: bytes, dictionaries: Sequence[Dictionary], others: Mapping[str, bytes]
    ) -> Mapping[str, Any]:
        """Give what ``inspect`` shows of a part, as JSON values; raises as ``decode``."""
        return self._functions.show_part(payload, dictionaries, *self._beside(others))

    def _beside(self, others: Mapping[str, bytes]) -> tuple[bytes | None, ...]:
        return (others.get(self.beside),) if self.beside else ()

    def coder_name(self, payload: bytes) -> str:
        """Name how a part is coded, without decoding it."""
        return self._functions.coder_name(payload)


LAYERS = (
    Layer(
        1, "semantic", "promptcodec.layers.semantic.layer", turn=3, drawn=True, shown=True, beside="texture"
    ),
    Layer(2, "texture", "promptcodec.layers.texture.layer", turn=4, default_bytes=128, drawn=True, coded=8),
    Layer(3, "structure", "promptcodec.layers.structure.layer", turn=2, default_bytes=128, drawn=True),
    Layer(4, "recipe", "promptcodec.layers.recipe.layer", shown=True),
    Layer(5, "signature", "promptcodec.layers.signature", measured=True),
    Layer(6, "pixels", "promptcodec.layers.pixels", turn=1, share=0.8, default_bytes=2000, drawn=True),
    Layer(7, "about", "promptcodec.layers.about", selectable=False),
)
BY_ID = {number: layer for layer in LAYERS for number in (layer.id, layer.coded) if number is not None}
"""By the type byte of a part; a layer may have two."""
BY_NAME = {layer.name: layer for layer in LAYERS}
PART_IDS = {layer.name: layer.id for layer in LAYERS}
NAMES = tuple(layer.name for layer in LAYERS if layer.selectable)
"""The layers that people name, in stream order."""

ELASTIC = tuple(
    layer.name for layer in sorted(LAYERS, key=lambda layer: layer.turn or 0) if layer.turn is not None
)
"""The layers that share a budget, in the order of their turns."""


def part_name(number: int) -> str:
    """Name a part type; a type this version does not know is ``unknown-N``."""
    return BY_ID[number].name if number in BY_ID else f"unknown-{number}"


def check_layers(names: Sequence[str]) -> tuple[str, ...]:
    """Give the layers in stream order, each once.

    Raises:
        UsageError: one is unknown, or there is none.
    """
    unknown = [name for name in names if name not in NAMES]
    if unknown or not names:
        raise UsageError(
            f"unknown layers {', '.join(unknown) or '(none given)'}; there are {', '.join(NAMES)}"
        )
    return tuple(name for name in NAMES if name in names)
