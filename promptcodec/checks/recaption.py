"""Describe the decoded picture again and compare it field by field with the stream's description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from promptcodec.captioners import NOTHING, Captioner, Estimate, PaidCaptioner, PricedCaptioner
from promptcodec.captioners.prompt import kinds
from promptcodec.checks import scales
from promptcodec.checks.measure import Floats, closeness, correlation, reduce
from promptcodec.checks.places import compare_places
from promptcodec.checks.report import Field
from promptcodec.description import Description, ResolvedCell, resolve
from promptcodec.description.model import TEXTURES
from promptcodec.generators import Conditions
from promptcodec.plugins import create as create_plugin
from promptcodec.vision.colour import cell_colours, ciede2000, to_srgb


def create(profile: Mapping[str, str]) -> RecaptionCheck:
    """Make the check; ``captioner`` in the profile names the one that looks again."""
    return RecaptionCheck(profile.get("captioner", "local"))


class RecaptionCheck:
    """Looks at the picture with a captioner and holds its words against the stream's."""

    name = "recaption"

    def __init__(self, captioner: str) -> None:
        self._captioner: Captioner = create_plugin("captioners", captioner)

    def prepare(self, conditions: Conditions) -> None:
        """Refuse what a captioner that is paid would refuse; raises as ``PaidCaptioner.prepare``."""
        if isinstance(self._captioner, PaidCaptioner) and conditions.description is not None:
            self._captioner.prepare()

    def estimate(self, conditions: Conditions) -> Estimate:
        """Say what ``compare`` will come to; ask nobody."""
        wanted = conditions.description
        if wanted is None or not isinstance(self._captioner, PricedCaptioner):
            return NOTHING
        blank = Image.new("RGB", conditions.size)
        return self._captioner.estimate(blank, rows=wanted.rows, cols=wanted.cols)

    def compare(self, conditions: Conditions, image: Image.Image) -> list[Field]:
        """Compare an RGB picture with the semantic layer; nothing to do without one."""
        if conditions.description is None:
            return []
        wanted = conditions.description
        seen = self._captioner.describe(image, rows=wanted.rows, cols=wanted.cols)
        return [
            *_compare_style(wanted, seen),
            *_compare_colours(_counted(conditions, wanted), wanted.rows, wanted.cols, image),
            *_compare_texture(resolve(wanted), resolve(seen)),
            *_compare_things(wanted, seen),
        ]


def _counted(conditions: Conditions, wanted: Description) -> list[ResolvedCell]:
    """Give the cells, without the colours that were read off a texture layer that is compared itself."""
    cells = resolve(wanted)
    if conditions.texture is None:
        return [*cells]
    return [replace(cell, colours=(), arrangement="") if cell.derived else cell for cell in cells]


def _compare_things(wanted: Description, seen: Description) -> list[Field]:
    """Compare what is shown, by kinds of things: people, animals, nature, buildings, ...

    What a captioner does not name it may only not have seen: silence is no disagreement.
    """
    named, shown = (
        " ".join((one.summary, *(thing.name for thing in one.objects), *(cell.text for cell in one.cells)))
        for one in (wanted, seen)
    )
    first, second = kinds(named), kinds(shown)
    alike = len(first & second) / min(len(first), len(second)) if first and second else None
    return [
        Field("kinds of things", "semantics", sorted(first), sorted(second), alike),
        Field("summary", "semantics", wanted.summary, seen.summary, None),
        *(Field(f"object {thing.name}", "semantics", thing.name, None, None) for thing in wanted.objects),
    ]


def _compare_style(wanted: Description, seen: Description) -> list[Field]:
    # A captioner that is not sure says "picture": that agrees with nothing and contradicts nothing.
    sure = "picture" not in (wanted.medium.split() + seen.medium.split())
    medium = _word_overlap(wanted.medium, seen.medium) if sure else None
    fields = [Field("medium", "style", wanted.medium, seen.medium, medium)]
    if wanted.light:
        fields.append(
            Field("light", "photometry", wanted.light, seen.light, _word_overlap(wanted.light, seen.light))
        )
    if wanted.mood:
        fields.append(Field("mood", "style", wanted.mood, None, None))
    return fields


def _word_overlap(first: str, second: str) -> float:
    """Give the share of words two phrases have in common (Jaccard)."""
    a, b = ({word.strip(",") for word in text.lower().split()} for text in (first, second))
    return len(a & b) / len(a | b)


def compare_colours(wanted: Description, image: Image.Image) -> list[Field]:
    """Compare the colours of an RGB picture with those that the cells name; nothing where none does."""
    return _compare_colours(resolve(wanted), wanted.rows, wanted.cols, image)


def _compare_colours(cells: Sequence[ResolvedCell], rows: int, cols: int, image: Image.Image) -> list[Field]:
    """Compare the mean colour of each cell that names colours, and the layout of light and dark."""
    expected = np.array([_mean_colour(cell) for cell in cells], np.float32)
    shown = reduce(image, rows, cols).reshape(-1, 3)
    named = [index for index, cell in enumerate(cells) if cell.colours]
    if not named:
        return []
    differences = ciede2000(expected[named], shown[named])
    mean = float(differences.mean())
    layout = correlation(expected[named].mean(axis=1), shown[named].mean(axis=1))
    fields = [
        Field("cells CIEDE2000", "photometry", 0, round(mean, 2), closeness(mean, scales.CELL_COLOUR)),
        Field("cells layout of light", "geometry", 1, round(layout, 3), max(layout, 0.0)),
    ]
    grid = np.full((rows * cols, 3), np.nan, np.float32)
    grid[named] = expected[named]
    fields += compare_places("cells", grid.reshape(rows, cols, 3), shown.reshape(rows, cols, 3))
    for index, difference in zip(named, differences, strict=True):
        row, col = divmod(index, cols)
        name = f" {cells[index].arrangement} ".join(cells[index].colours)
        got = "#{:02x}{:02x}{:02x}".format(*np.round(shown[index]).astype(int))
        fields.append(
            Field(f"r{row + 1}c{col + 1} colour", "photometry", name, got, _cell_closeness(difference))
        )
    return fields


def _cell_closeness(difference: float) -> float:
    return closeness(float(difference), scales.CELL_COLOUR)


def _mean_colour(cell: ResolvedCell) -> Floats:
    """Give the sRGB a cell's words stand for on average; mid-grey where it names no colour."""
    return to_srgb(cell_colours(cell).mean(axis=0)) if cell.colours else np.full(3, 128, np.float32)


def _compare_texture(wanted: Sequence[ResolvedCell], seen: Sequence[ResolvedCell]) -> list[Field]:
    """Compare texture classes (steps apart) and orientations of the cells that name them."""
    fields = []
    pairs = [(a, b) for a, b in zip(wanted, seen, strict=True) if a.texture and b.texture]
    if pairs:
        steps = sum(abs(TEXTURES.index(a.texture) - TEXTURES.index(b.texture)) for a, b in pairs) / len(pairs)
        fields.append(
            Field(
                "texture, steps apart", "features", 0, round(steps, 2), closeness(steps, scales.TEXTURE_STEPS)
            )
        )
    lined = [(a, b) for a, b in pairs if a.orientation]
    if lined:
        share = sum(a.orientation == b.orientation for a, b in lined) / len(lined)
        fields.append(Field("orientation, share the same", "features", 1, round(share, 2), share))
    return fields
