"""The compiled core: the one switch between ``native/`` and the Python that is its reference.

A module that the core does a second time ends in ``if core: name = core.name``, so its public
name is the compiled one where there is one. Both give the same bytes and raise the same errors.
"""

from __future__ import annotations

import os

__all__ = ["core"]

if os.environ.get("PROMPTCODEC_PURE", "0") in ("", "0"):
    try:
        from promptcodec import _native as core
    except ImportError:  # it was installed where there was no compiler
        core = None  # type: ignore[assignment]
else:
    core = None  # type: ignore[assignment]
