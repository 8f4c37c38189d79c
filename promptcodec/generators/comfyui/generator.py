"""Draw at a ComfyUI server."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from PIL import Image

from promptcodec.api.servers import Server
from promptcodec.errors import GeneratorError, Notice, PromptcodecError, UsageError
from promptcodec.generators import Conditions
from promptcodec.generators.comfyui import (
    catalogue,
    jobs,
    missing,
    models,
    own_workflow,
    plan,
    regenerate,
    results,
    workflow,
)
from promptcodec.generators.comfyui.profile import EXAMPLE, Profile, read
from promptcodec.generators.servers.pictures import fitted, is_failed
from promptcodec.generators.servers.profile import connect
from promptcodec.generators.shown import shown
from promptcodec.generators.watching import UNWATCHED, Progress, Watch
from promptcodec.readiness import Readiness

_SHORT = 0.4


class ComfyUI:
    """Draw by words, thumbnail and control picture, or make a picture again from its own graph."""

    name = "comfyui"

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._own = own_workflow.read(profile.workflow) if profile.workflow else None
        self.provenance: Mapping[str, str] = {}
        self.notices: tuple[Notice, ...] = ()

    @functools.cached_property
    def _server(self) -> Server:
        profile = self._profile
        if not profile.url:
            raise UsageError(f"the comfyui profile names no server: write {EXAMPLE}")
        return connect(profile.url, profile.api_key_env, jobs.SILENCE)

    @functools.cached_property
    def _nodes(self) -> catalogue.Catalogue:
        """What the server has; asked for once."""
        return catalogue.read(self._server)

    def generate(self, conditions: Conditions, watch: Watch = UNWATCHED) -> Image.Image:
        """Draw an RGB picture of ``conditions.size``.

        A stream whose recipe carries a ComfyUI graph is made again by that graph if its recipe is trusted;
        else it is drawn from what it has besides.

        Raises:
            GeneratorError: the graph was refused or failed, or its picture is black.
            UsageError: a graph that is not trusted and nothing else, or one that names what no recipe may
                choose.
            MissingError: the server lacks nodes or models.
            ApiError: it cannot be reached.
        """
        recipe = conditions.recipe
        graph = regenerate.graph_of(recipe)
        if graph and not conditions.trust_recipe and not plan.is_drawable(conditions):
            raise regenerate.need_trust(graph)
        self.provenance = {"host": self._server.host}
        watch.report(Progress("loading"))
        if graph and conditions.trust_recipe:
            drawn, notices = self._again(graph, conditions, watch)
        else:
            drawn, notices = self._draw(conditions, watch)
            if graph:
                notices.append(regenerate.not_run(graph))
            elif recipe and conditions.trust_recipe:
                notices.append(regenerate.no_graph(recipe))
        if is_failed(drawn, conditions):
            raise GeneratorError(
                "every pixel of the picture is black: numbers overflowed (NaN); start ComfyUI with "
                "--fp32-vae or --force-upcast-attention, or name another checkpoint"
            )
        self.notices = tuple(notices)
        return fitted(drawn, conditions.size)

    def _draw(self, conditions: Conditions, watch: Watch) -> tuple[Image.Image, list[Notice]]:
        planned = plan.plan(conditions, self._profile, self._nodes, self._own)
        sent = {place: results.upload(self._server, picture) for place, picture in planned.pictures.items()}
        wanted = replace(planned.wanted, image=sent.get("image", ""), control=sent.get("control", ""))
        if self._own is None:
            graph = workflow.build(workflow.shipped(), wanted)
        else:
            graph = own_workflow.build(self._own, wanted, checkpoint=self._profile.checkpoint)
        missing.check(graph, self._nodes, {}, self._server.host)
        if wanted.checkpoint:
            self.provenance = {**self.provenance, "model": shown(wanted.checkpoint)}
        outputs = jobs.run(self._server, graph, watch, self._profile.timeout)
        (drawn,) = results.fetch(self._server, outputs, watch, most=1)
        return drawn.image, list(map(Notice, planned.unused))

    def _again(
        self, graph: regenerate.Graph, conditions: Conditions, watch: Watch
    ) -> tuple[Image.Image, list[Notice]]:
        """Run the recipe's own graph, and see whether its picture carries the same."""
        recipe = conditions.recipe
        assert recipe is not None
        regenerate.check(graph, recipe, self._nodes, self._server.host)
        watch.report(Progress("loading", note=f"runs the recipe's nodes: {regenerate.classes(graph)}"))
        outputs = jobs.run(self._server, graph, watch, self._profile.timeout)
        drawn = results.choose(results.fetch(self._server, outputs, watch), conditions)
        about = {"regenerated": "yes", "seed_used": "no", "comfyui": self._version()}
        about |= {"model": shown(recipe.model.name)} if recipe.model.name else {}
        notices = []
        same = regenerate.is_same(graph, drawn.file)
        if not same:
            about["same_recipe"] = "no" if same is False else "unknown"
            what = "differs from the stream's" if same is False else "is missing, so that it is not compared"
            notices.append(Notice(f"the recipe in the new picture {what}"))
        if drawn.image.size != conditions.size:
            drew, has = ("{}x{}".format(*size) for size in (drawn.image.size, conditions.size))
            notices.append(Notice(f"the graph drew {drew}, the stream's picture has {has}"))
        self.provenance = {**self.provenance, **about}
        return drawn.image, notices

    def _version(self) -> str:
        """Give the server's version; a picture that is drawn is not lost where it does not tell."""
        answer: Any = None
        with contextlib.suppress(PromptcodecError):
            answer = self._server.get("/system_stats", timeout=jobs.SHORT)
        return _version_in(answer) or "unknown"

    def examine(self) -> Sequence[Readiness]:
        """Ask the server whether it is there and has a checkpoint."""
        name = f"comfyui:{self._profile.url}" if self._profile.url else "comfyui"
        if not self._profile.url:
            return [Readiness(name, ok=False, why=f"name a server: {EXAMPLE}")]
        try:
            version = _version_in(self._server.get("/system_stats", timeout=_SHORT))
            if not version:
                return [Readiness(name, ok=False, why=f"{self._profile.url} is no ComfyUI server")]
            nodes = catalogue.read(self._server, models.CHECKPOINT[0], timeout=_SHORT)
            used = models.checkpoint(nodes, self._profile.checkpoint)
        except PromptcodecError as error:
            return [Readiness(name, ok=False, why=str(error))]
        return [Readiness(name, ok=True, why=f"ComfyUI {version}, checkpoint {shown(used)}")]


def _version_in(answer: Any) -> str:
    system = answer.get("system") if isinstance(answer, dict) else None
    version = system.get("comfyui_version") if isinstance(system, dict) else None
    return shown(str(version or ""))


def create(profile: Mapping[str, str]) -> ComfyUI:
    """Make the generator; see docs/guide/comfyui.md for the entries of a profile.

    Raises:
        UsageError: an entry is wrong, or the workflow it names cannot be used.
    """
    return ComfyUI(read(profile))
