"""A generator as a plugin would bring it: draws dots with numpy, in steps, several pictures at once.

``dots:one`` draws one picture at a time; ``dots:N`` up to N at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promptcodec import checks
from promptcodec.errors import GeneratorError, Notice, UsageError
from promptcodec.generators import Conditions
from promptcodec.generators.watching import UNWATCHED, Progress, Watch

STEPS = 20
BATCHES: list[int] = []
"""How many pictures were drawn at once, each time."""
BAD, INTERRUPTING, ALONE = "a bad picture", "an interrupt", "a hermit"
"""Summaries of what cannot be drawn, ends the run, or cannot be drawn with others."""


def draw(conditions: Conditions, done: int) -> Image.Image:
    """Draw dots: as many of them random as there are steps left."""
    width, height = conditions.size
    ground = np.full((height, width, 3), 40.0)
    if conditions.texture is not None:
        ground[:] = np.asarray(conditions.texture.resize((width, height)))
    if conditions.description is not None:
        ground[::2] += 15 * len(conditions.description.cells)
    noise = np.random.default_rng(conditions.seed).uniform(-60, 60, (height, width, 3))
    share = 1 - done / STEPS + 0.2 * conditions.strength
    return Image.fromarray(np.clip(ground + noise * share, 0, 255).astype(np.uint8))


class Dots:
    name = "dots"
    provenance: Mapping[str, str] = {"model": "dots"}

    def __init__(self) -> None:
        self.notices: tuple[Notice, ...] = ()

    def generate(self, conditions: Conditions, watch: Watch = UNWATCHED) -> Image.Image:
        return _drawn(self, [conditions], watch)[0]


class ManyDots(Dots):
    def __init__(self, batch: int) -> None:
        super().__init__()
        self.batch = batch

    def generate_all(
        self, conditions: Sequence[Conditions], watch: Watch = UNWATCHED
    ) -> Sequence[Image.Image]:
        assert 1 <= len(conditions) <= self.batch
        return _drawn(self, conditions, watch)


def _drawn(dots: Dots, conditions: Sequence[Conditions], watch: Watch) -> list[Image.Image]:
    BATCHES.append(len(conditions))
    summaries = [each.description.summary if each.description else "" for each in conditions]
    if INTERRUPTING in summaries:
        raise KeyboardInterrupt
    if ALONE in summaries and len(conditions) > 1:
        raise RuntimeError("out of memory")
    dots.notices = (Notice("dots are never vivid"),) if conditions[0].strength == 1 else ()
    watch.report(Progress("waiting", 2, 3, note="runs \x1b[31mKSampler\x1b[0m"))
    for done in range(STEPS + 1):
        preview = draw(conditions[0], done) if watch.previews and 0 < done < STEPS else None
        watch.report(Progress("drawing", done, STEPS, preview))
        if done and BAD in summaries:
            raise GeneratorError("the dots ran out")
    return [draw(each, STEPS) for each in conditions]


def create(profile: Mapping[str, str]) -> Dots:
    variant = profile.get("variant", "one")
    if variant == "none":
        raise UsageError("dots has no variant 'none'")
    return Dots() if variant == "one" else ManyDots(int(variant))


class Lightness:
    """A check: a picture should be light."""

    name = "lightness"

    def compare(self, conditions: Conditions, image: Image.Image) -> Sequence[checks.Field]:
        share = float(np.asarray(image).mean()) / 255
        return [checks.Field("lightness", "photometry", 1.0, share, share)]


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the plugin known, as one that is installed beside this package."""
    info = folder / "site" / "dots-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dots\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[promptcodec.generators]\ndots = tests.dots:create\n")
    monkeypatch.syspath_prepend(str(folder / "site"))
    BATCHES.clear()
