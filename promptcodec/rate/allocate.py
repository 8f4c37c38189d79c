"""Spend the bytes of a budget on the layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from promptcodec.bitstream import overhead
from promptcodec.entropy.varint import write_varint
from promptcodec.errors import BudgetError
from promptcodec.layers.parts import part_bytes
from promptcodec.layers.registry import ELASTIC, LAYERS
from promptcodec.rate.shares import Shares

Coder = Callable[[int | None], bytes]
T = TypeVar("T")


def allocate(
    coders: Mapping[str, Coder],
    fixed: Mapping[str, bytes],
    size: tuple[int, int],
    room: int | None,
    shares: Shares,
    *,
    bare: bool = False,
) -> dict[str, bytes]:
    """Code the elastic layers into what a file of ``room`` bytes leaves beside the fixed ones.

    Args:
        coders: elastic layers; each is called with the bytes its part may have (None: no limit) and
            raises BudgetError, or gives a payload that takes more, where that is too little.
        fixed: payloads of the layers that are stored whatever happens.
        size: width and height of the picture.
        room: most bytes of the file, None for no limit.
        shares: which share of the elastic layers' bytes each of them gets. The last in turn takes all
            that is left, since each before it leaves a few bytes of its share.
        bare: the file has no magic and no checksum.

    Returns:
        Payloads by layer in stream order. A layer that does not fit is left out.

    Raises:
        BudgetError: nothing fits; the message says what would.
    """
    if room is None:
        return in_stream_order({name: coder(None) for name, coder in coders.items()} | dict(fixed))
    file = partial(_file_of, size=size, bare=bare)
    fixed_bytes = file_bytes(fixed, size, bare=bare) if fixed else 0
    if fixed_bytes > room:
        raise BudgetError(
            f"the budget of {room} bytes is too small: {', '.join(fixed)} alone need {fixed_bytes}"
        )
    wanted = _planned(tuple(coders), fixed, size, room, shares, bare=bare)
    payloads = dict(fixed)
    taken = _lengths(fixed)
    least: dict[str, int] = {}
    refused: dict[str, BudgetError] = {}
    names = list(wanted)
    for index, name in enumerate(names):
        left = _left(taken, name, room, file)
        later = names[index + 1 :]
        share = min(left, wanted[name]) if later else left
        try:
            payload = coders[name](max(share, 0))
        except BudgetError as error:
            refused[name] = error
            continue
        count = part_bytes(name, payload)
        # What cannot be said in its share may take half of what there is.
        if count <= max(share, left // 2 if later else 0):
            payloads[name], taken[name] = payload, count
        else:
            least[name] = count
    # A layer that was too large may still fit beside what the others took.
    for name in names:
        if name in least and least[name] <= (left := _left(taken, name, room, file)):
            payloads[name] = coders[name](left)
            taken[name] = part_bytes(name, payloads[name])
    return in_stream_order(payloads) if payloads else _alone(coders, refused, least, room, file)


def _alone(
    coders: Mapping[str, Coder],
    refused: Mapping[str, BudgetError],
    least: Mapping[str, int],
    room: int,
    file: Callable[[Mapping[str, int]], int],
) -> dict[str, bytes]:
    """Give one layer all the room, since its share was too small for each of them."""
    reason: BudgetError | None = None
    for name in refused:
        try:
            return {name: coders[name](_left({}, name, room, file))}
        except BudgetError as error:
            reason = error
    if reason is not None and not least:
        raise reason
    needed = [f"{name} needs {file({name: count})}" for name, count in least.items()]
    raise BudgetError(f"the budget of {room} bytes is too small: {'; '.join(needed)}")


def _planned(
    names: Sequence[str],
    fixed: Mapping[str, bytes],
    size: tuple[int, int],
    room: int,
    shares: Shares,
    *,
    bare: bool,
) -> dict[str, int]:
    """Give the bytes that elastic layers are to have, in the order of their turns; see ``allocate``.

    The last may get more, what the others leave.
    """
    total = room - _file_of({**_lengths(fixed), **dict.fromkeys(names, 0)}, size, bare=bare)
    split = shares(max(total, 1), room, room * 8 / (size[0] * size[1]))
    return {name: round(total * split[name]) for name in ELASTIC if name in names}


def in_stream_order(layers: Mapping[str, T]) -> dict[str, T]:
    """Sort what belongs to layers coarse to fine."""
    return {layer.name: layers[layer.name] for layer in LAYERS if layer.name in layers}


def file_bytes(payloads: Mapping[str, bytes], size: tuple[int, int], *, bare: bool = False) -> int:
    """Count the bytes of the file these payloads make."""
    return _file_of(_lengths(payloads), size, bare=bare)


def _lengths(payloads: Mapping[str, bytes]) -> dict[str, int]:
    """Count the bytes that payloads have in a stream."""
    return {name: part_bytes(name, payload) for name, payload in payloads.items()}


def _file_of(taken: Mapping[str, int], size: tuple[int, int], *, bare: bool = False) -> int:
    """Count the bytes of a file whose layers take these bytes."""
    counts = [*in_stream_order(taken).values()]
    return sum(counts) + overhead(counts, size, bare=bare)


def _left(taken: Mapping[str, int], name: str, room: int, file: Callable[[Mapping[str, int]], int]) -> int:
    """Count the bytes a payload of ``name`` may have in a file of ``room`` bytes."""
    left = room - file({**taken, name: 0})
    is_last = next(reversed(in_stream_order({**taken, name: 0}))) == name
    # Where it is not the last, its length is written too; room for one byte of it is in ``left`` already.
    return left if is_last or left < 1 else left - (len(write_varint(left)) - 1)
