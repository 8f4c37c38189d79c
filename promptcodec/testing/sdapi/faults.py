"""What can go wrong at a server of ``/sdapi/v1``, on demand."""

from __future__ import annotations

import sys

from promptcodec.testing.loopback.faults import Fault

KINDS = {
    "nan": "the picture is black, as of numbers out of range",
    "nan-error": "500, with A1111's words on numbers out of range",
    "disconnect": "the connection breaks in the middle of the answer",
    "slow": "a picture takes up to three seconds, and can be interrupted",
    "html": "502, with a page of HTML",
    "empty": "the answer holds no picture",
    "bad-base64": "the picture's base64 is damaged",
    "wrong-shape": "the picture has another shape than was asked for",
    "wrong-size": "the picture is half as large as was asked for",
    "wrong-seed": "the answer names another seed than was asked for",
    "shapeless": "the answer is JSON of another form",
    "no-controlnet": "the server has no ControlNet, for all pictures",
    "missing-model": "500: the checkpoint that was asked for cannot be loaded",
    "queue-error": "500: out of memory, when the picture's turn comes",
    "loading": "503: a model is being loaded",
}
_LASTING = {"no-controlnet"}


def parse(text: str) -> Fault:
    """Read ``KIND`` or ``KIND:N``.

    Raises:
        ValueError: an unknown kind, or no such form.
    """
    kind, colon, count = text.partition(":")
    if kind not in KINDS:
        raise ValueError(f"unknown fault {kind!r}; there are {', '.join(KINDS)}")
    if colon and not count.isdecimal():
        raise ValueError(f"{text!r} is none of KIND, KIND:N")
    return Fault(kind, int(count or (sys.maxsize if kind in _LASTING else 1)))
