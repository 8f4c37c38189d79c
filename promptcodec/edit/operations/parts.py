"""Operations on whole parts."""

from __future__ import annotations

from dataclasses import replace

from promptcodec.edit.state import EditState, open_state
from promptcodec.errors import UsageError
from promptcodec.layers import semantic
from promptcodec.layers.derived import leans
from promptcodec.layers.registry import NAMES, part_name
from promptcodec.reading import read_layers


def transplant(state: EditState, name: str, other: bytes) -> EditState:
    """Take a part from another stream, as it is."""
    if name not in NAMES:
        raise UsageError(f"no part {name[:40]!r} can be transplanted; one of {', '.join(NAMES)}")
    stream, source = open_state(other, state.dictionaries)
    if name not in source.payloads:
        have = ", ".join(part_name(part.type) for part in stream.parts)
        raise UsageError(f"the stream to take the {name} part from has none; it has {have}")
    read_layers(stream, (name,), state.size, state.dictionaries)  # it must be readable here
    if stream.width * state.size[1] != stream.height * state.size[0]:
        state = state.warn(f"the {name} part comes from a picture of another shape: it will be stretched")
    payload = source.payloads[name]
    if name == "semantic" and leans({**state.payloads, name: payload}):
        # There is no colour map here that they could stand beside.
        payload = semantic.encode(source.coloured)
    return replace(state.put(name, payload), named=state.named | {name})
