"""Spend the bytes of a budget on the layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from promptcodec.bitstream import PART_IDS, overhead
from promptcodec.errors import BudgetError
from promptcodec.rate.shares import Shares

Coder = Callable[[int | None], bytes]
# Who is served first. Each leaves a few bytes of its share: the last takes all that is left, and a
# colour map fills it to the byte.
SERVED = ("pixels", "structure", "semantic", "texture")


def allocate(
    coders: Mapping[str, Coder],
    fixed: Mapping[str, bytes],
    size: tuple[int, int],
    room: int | None,
    shares: Shares,
) -> dict[str, bytes]:
    """Code the elastic layers into what a file of ``room`` bytes leaves beside the fixed ones.

    Args:
        coders: elastic layers; each is called with the bytes it may spend (None: no limit) and
            raises BudgetError, or returns more, where that is too little.
        fixed: payloads of the layers that are stored whatever happens.
        size: width and height of the picture.
        room: most bytes of the file, None for no limit.
        shares: which share of the elastic layers' bytes each of them gets.

    Returns:
        Payloads by layer in stream order. A layer that does not fit is left out.

    Raises:
        BudgetError: nothing fits; the message says what would.
    """
    if room is None:
        return in_stream_order({name: coder(None) for name, coder in coders.items()} | dict(fixed))
    fixed_bytes = file_bytes(fixed, size) if fixed else 0
    if fixed_bytes > room:
        raise BudgetError(
            f"the budget of {room} bytes is too small: {', '.join(fixed)} alone need {fixed_bytes}"
        )
    total = room - file_bytes({**fixed, **dict.fromkeys(coders, b"")}, size)
    split = shares(max(total, 1), room * 8 / (size[0] * size[1]))
    payloads = dict(fixed)
    least: dict[str, int] = {}
    names = [name for name in SERVED if name in coders]
    for index, name in enumerate(names):
        left = _left(payloads, name, size, room)
        later = names[index + 1 :]
        share = left if not later else min(left, round(total * split[name]))
        try:
            payload = coders[name](max(share, 0))
        except BudgetError:
            if payloads or least or later:
                continue
            raise
        # What cannot be said in its share may take half of what there is.
        if len(payload) <= max(share, left // 2 if later else 0):
            payloads[name] = payload
        else:
            least[name] = len(payload)
    # A layer that was too large may still fit beside what the others took.
    for name in names:
        if name in least and least[name] <= (left := _left(payloads, name, size, room)):
            payloads[name] = coders[name](left)
    if not payloads:
        needed = [f"{name} needs {file_bytes({name: bytes(count)}, size)}" for name, count in least.items()]
        said = "; ".join(needed) or f"nothing of {', '.join(coders)} fits"
        raise BudgetError(f"the budget of {room} bytes is too small: {said}")
    return in_stream_order(payloads)


def in_stream_order(payloads: Mapping[str, bytes]) -> dict[str, bytes]:
    """Sort payloads coarse to fine."""
    return {name: payloads[name] for name in PART_IDS if name in payloads}


def file_bytes(payloads: Mapping[str, bytes], size: tuple[int, int]) -> int:
    """Count the bytes of the file these payloads make."""
    lengths = [len(payload) for payload in in_stream_order(payloads).values()]
    return sum(lengths) + overhead(lengths, size)


def _left(payloads: Mapping[str, bytes], name: str, size: tuple[int, int], room: int) -> int:
    """Count the bytes a payload of ``name`` may have in a file of ``room`` bytes."""
    left = room - file_bytes({**payloads, name: b""}, size)
    is_last = next(reversed(in_stream_order({**payloads, name: b""}))) == name
    return left if is_last or left <= 0x80 else left - 1  # a longer length is one byte more
