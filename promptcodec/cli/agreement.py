"""How commands say what came of a check: always with what was compared."""

from __future__ import annotations

from typing import Any

CHECK_FAILED = 3
"""The exit code where a picture does not agree with its stream."""


def agreement(result: dict[str, Any]) -> str:
    """Say what a picture was compared with, and how likely the two belong together."""
    if result["verdict"] == "not run":
        return "not checked"
    *others, last = result["compared"]
    compared = f"{', '.join(others)} and {last}" if others else last
    again = f"; {result['again']}" if "again" in result else ""
    if result["verdict"] == "pass":
        return f"agrees with the stream's {compared}: {result['score']:.2f}{again}"
    least = f"{result['threshold']:.2f} is the least that agrees"
    return f"does not agree with the stream's {compared}: {result['score']:.2f}, where {least}{again}"
