"""The modules of the compiled core a second time, in Python alone, to compare the two."""

from __future__ import annotations

import importlib
import sys
from unittest import mock

from promptcodec import native


def modules(*names):
    """Import modules of ``promptcodec.entropy`` again without the core; the others keep theirs."""
    mine = {name for name in sys.modules if name.startswith("promptcodec.entropy")}
    others = {name: module for name, module in sys.modules.items() if name not in mine}
    with mock.patch.dict(sys.modules, others, clear=True), mock.patch.object(native, "core", None):
        return [importlib.import_module(f"promptcodec.entropy.{name}") for name in names]
