"""The compiled core: the one switch between ``native/`` and the Python that is its reference.

A module that the core does a second time ends in ``if core: name = core.name``, so its public
name is the compiled one where there is one. Both give the same bytes and raise the same errors.
"""

from __future__ import annotations

import os

__all__ = ["core", "named"]

_FORBIDDEN = os.environ.get("PROMPTCODEC_PURE", "0") not in ("", "0")
_failure = ""

if not _FORBIDDEN:
    try:
        from promptcodec import _native as core
    except ImportError as error:  # it was installed where there was no compiler, or is for another Python
        core = None  # type: ignore[assignment]
        _failure = f"{error.path} cannot be loaded ({error}): " if "_native" in (error.path or "") else ""
else:
    core = None  # type: ignore[assignment]


def named() -> str:
    """Name the core that runs, and the way to the faster one."""
    if core:
        return "compiled core"
    way = f"{_failure}install a C compiler, then promptcodec again"
    way = "PROMPTCODEC_PURE is set" if _FORBIDDEN else way
    return f"pure Python core, slower: {way}"
