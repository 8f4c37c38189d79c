"""Contact sheets of searches: the first results with their names, so that somebody counts which are right."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from eval.measure import contact_sheet

FIRST = 10
"""Results that are shown of each search."""
_NAME = 30
"""Letters of a name that fit above a picture."""


def draw(
    searches: Sequence[str], find: Callable[[str], Sequence[str]], folder: Path, target: Path
) -> dict[str, list[str]]:
    """Write the sheets: TARGET, TARGET-1, ...

    Args:
        searches: what is searched for.
        find: gives the names of the results of a search, the best first.
        folder: of the pictures.
        target: the first sheet; its suffix says the format.

    Returns:
        The names that are shown, by search.
    """
    shown = {search: list(find(search)[:FIRST]) for search in searches}
    with tempfile.TemporaryDirectory() as work:
        parts = []
        for number, (search, names) in enumerate(shown.items()):
            file = Path(work, f"{number}.png")
            pictures = [(name[:_NAME], _picture(folder / name)) for name in names]
            title = search if names else f"{search}: nothing"
            contact_sheet.results(title, pictures, file)
            parts.append(file)
        contact_sheet.assemble(parts, target)
    return shown


def _picture(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")
