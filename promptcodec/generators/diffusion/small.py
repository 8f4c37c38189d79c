"""The profile ``tiny``: promptcodec's own small pipeline, drawn on any processor in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import Image

from promptcodec.errors import Notice, UsageError
from promptcodec.generators import Conditions
from promptcodec.generators.diffusion import examine, pipelines, store
from promptcodec.generators.diffusion.profiles import Profile, Weights
from promptcodec.generators.watching import UNWATCHED, Progress, Watch
from promptcodec.readiness import Readiness


class Small:
    """Draw with the pipeline that was trained on promptcodec's own layers."""

    batch = 1
    """It draws one at a time, and pictures of a folder in one process: loading takes longer than drawing."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self.name = f"diffusers:{profile.name}"
        self.provenance: Mapping[str, str] = {}
        self.notices: tuple[Notice, ...] = ()

    def examine(self) -> Sequence[Readiness]:
        """Look whether its libraries and its weights are here."""
        return [examine.row(self._profile)]

    def generate_all(
        self, conditions: Sequence[Conditions], watch: Watch = UNWATCHED
    ) -> Sequence[Image.Image]:
        """Draw several pictures, one after the other."""
        return [self.generate(each, watch) for each in conditions]

    def generate(self, conditions: Conditions, watch: Watch = UNWATCHED) -> Image.Image:
        """Draw an RGB picture of ``conditions.size``.

        Raises:
            MissingError: diffusers or the weights are not on this machine.
            UsageError: the stream holds nothing to draw from.
        """
        shown = replace(conditions, texture=conditions.pixels or conditions.texture)
        skeletons = shown.structure is not None and shown.skeletons
        if not (shown.description or shown.texture or (shown.structure and not skeletons)):
            raise UsageError("the stream holds neither words nor a layer that this pipeline could draw from")
        watch.report(Progress("loading"))
        pipelines.require(self._profile, self._profile.models)
        from promptcodec.generators.diffusion import grid, previews  # noqa: PLC0415 - heavy

        folder = store.folder_of(self._profile.weights)
        pipeline = _load(folder)

        def step(done: int, total: int, latents: Any) -> None:
            preview = previews.decoded(pipeline.vae, latents) if watch.previews else None
            watch.report(Progress("drawing", done, total, preview))

        steps = self._profile.steps
        with pipelines.quiet():
            picture = grid.draw(pipeline, shown, steps=steps, guidance=self._profile.guidance, on_step=step)
        without = f"diffusers:{self._profile.name} does not take skeletons: drawn without them"
        self.notices = (Notice(without),) if skeletons else ()
        self.provenance = {
            "model": self._profile.weights.name,
            "licence": self._profile.weights.licence,
            "scheduler": type(pipeline.scheduler).__name__,
            "steps": str(steps),
            "dtype": "float32",
            "device": str(pipeline.device),
            "diffusers": version("diffusers"),
            "torch": version("torch"),
        } | ({"not_used": "structure"} if skeletons else {})
        return picture


@lru_cache(maxsize=1)
def _load(folder: Path) -> Any:
    import torch  # noqa: PLC0415 - heavy

    from promptcodec.generators.diffusion import grid  # noqa: PLC0415 - heavy

    pipeline = pipelines.read(grid.GridPipeline, folder, Weights(), torch.float32)
    return pipeline.to(pipelines.best_device())
