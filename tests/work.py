"""Work that is counted, not timed: the same on any machine, whatever else runs there."""

from __future__ import annotations

import sys


def lines(call):
    """Count the lines of Python that ``call()`` runs; what numpy and other C code does within a line is one."""
    count = 0

    def trace(_frame, event, _argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count
