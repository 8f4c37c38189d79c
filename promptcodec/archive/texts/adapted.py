"""Parts of a stream whose text is coded with a table of the archive's own texts.

    text  := head bits          head: TEXT + slot, bit 6 set where the text had been coded with ppm-2
    words := head bits          head: JOINED + slot, for a description whose words are among its symbols

The slot names the table; the bits are what the coder with the shipped table would write, had it known the
texts of the table. No text coder has such a number, so a part says by itself whether it is adapted.
"""

from __future__ import annotations

from contextlib import suppress

from promptcodec.archive.texts.table import SLOTS
from promptcodec.bitstream import Part
from promptcodec.entropy.ppm import coder as ppm
from promptcodec.entropy.ppm.model import DESCRIPTIONS, NAME, Model, shipped
from promptcodec.entropy.text import PPM_MAX
from promptcodec.errors import BitstreamError
from promptcodec.layers import recipe, semantic
from promptcodec.layers.registry import BY_NAME
from promptcodec.layers.semantic import beside

TEXT, JOINED = 32, 48
_SECOND = 64
_SHIPPED = {4: NAME, 6: DESCRIPTIONS}
"""The shipped table by the head of a text coded with it."""
_SEMANTIC = BY_NAME["semantic"].id
_LAYERS = {_SEMANTIC: semantic, BY_NAME["recipe"].id: recipe}
"""The layers whose parts hold coded text, by type."""


def slot_of(part: Part) -> int | None:
    """Give the slot of the table that a part needs; None where it needs none, or cannot be read at all."""
    if _is_joined(part, JOINED, SLOTS):
        return part.payload[0] - JOINED
    with suppress(BitstreamError):
        slot = (_head(part) & ~_SECOND) - TEXT
        return slot if 0 <= slot < SLOTS else None
    return None


def text_of(part: Part) -> tuple[bytes, str] | None:
    """Give the text of a part that is coded by the token PPM, and with which shipped table; else None.

    Raises:
        BitstreamError: it is damaged.
    """
    if _is_joined(part, beside.JOINED):
        return beside.joined_words(part.payload), DESCRIPTIONS
    name = _SHIPPED.get(_head(part))
    if name is None:
        return None
    return ppm.decode(part.payload[_start(part) + 1 :], shipped(name), PPM_MAX), name


def adapt(part: Part, model: Model, slot: int) -> bytes | None:
    """Give the payload of a part with its text coded by the table's model; None where it has no such text.

    Raises:
        BitstreamError: it is damaged.
    """
    if _is_joined(part, beside.JOINED):
        return bytes([JOINED + slot]) + beside.with_model(part.payload, shipped(DESCRIPTIONS), model)[1:]
    coded = text_of(part)
    if coded is None:
        return None
    text, name = coded
    head = TEXT + slot + (_SECOND if name == DESCRIPTIONS else 0)
    return part.payload[: _start(part)] + bytes([head]) + ppm.encode(text, model)


def restore(part: Part, model: Model) -> bytes:
    """Give the payload that ``adapt`` was given.

    Raises:
        BitstreamError: it is damaged.
    """
    if _is_joined(part, JOINED, SLOTS):
        joined = bytes([beside.JOINED]) + part.payload[1:]
        return beside.with_model(joined, model, shipped(DESCRIPTIONS))
    start = _start(part)
    text = ppm.decode(part.payload[start + 1 :], model, PPM_MAX)
    head, name = (6, DESCRIPTIONS) if part.payload[start] & _SECOND else (4, NAME)
    return part.payload[:start] + bytes([head]) + ppm.encode(text, shipped(name))


def _is_joined(part: Part, first: int, count: int = 1) -> bool:
    """Say whether a part is a description whose head is one of ``count`` from ``first``."""
    return part.type == _SEMANTIC and bool(part.payload) and first <= part.payload[0] < first + count


def _head(part: Part) -> int:
    """Give the head of the coded text of a part; as of a raw text where it has none."""
    return next(iter(part.payload[_start(part) :]), 0)


def _start(part: Part) -> int:
    """Give where the coded text of a part starts; its end where there is none."""
    layer = _LAYERS.get(part.type)
    return len(part.payload) - (len(layer.coded_text(part.payload)) if layer else 0)
