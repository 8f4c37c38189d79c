"""Work that is counted, not timed: the same on any machine, whatever else runs there."""

from __future__ import annotations

import sys


def lines_run(call):
    """Count the lines of Python that ``call()`` runs; a line that calls C code, such as numpy's, is one."""
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
