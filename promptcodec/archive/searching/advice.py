"""What to know of a search, in words for people."""

from __future__ import annotations

from promptcodec.archive.searching.colours import is_colour
from promptcodec.archive.searching.search import Remarks


def advice(remarks: Remarks, count: int) -> list[str]:
    """Say what to know of a search that was read otherwise than it was typed, or gave little.

    Args:
        remarks: of the search.
        count: how many pictures it gave.
    """
    lines = []
    if remarks.colours:
        lines.append(f'read as color:"{remarks.colours}"; quotation marks make it words')
    if remarks.missing:
        lines.append(f"no picture has: {', '.join(remarks.missing)}")
    if meant := [word for word in remarks.missing.values() if word]:
        lines.append(f"spelt much like that: {', '.join(dict.fromkeys(meant))}")
    for word, field in list(remarks.unused.items())[:3]:
        lines.append(f"{word} is in no text, but in names; {field}:{word} asks for it")
    if coloured := [word for word in remarks.missing if is_colour(word)]:
        lines.append(f"color:{coloured[0]} asks for the colour")
    if remarks.closest:
        lines.append("no picture matches enough of the words; these match the most of them")
    if remarks.nearest:
        lines.append("no picture has these colours; these come nearest to them")
    if not count and not remarks.missing:
        lines.append("no picture matches all of this; leave something out")
    return lines
