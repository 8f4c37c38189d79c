"""The generator ``sdapi``: draw with a server of ``/sdapi/v1``."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from PIL import Image

from promptcodec.api.servers import Server, StatusError
from promptcodec.errors import ApiError, Notice, PromptcodecError, UsageError
from promptcodec.generators import Conditions
from promptcodec.generators.sdapi import answers, control, exchange, kinds, models, recipes, requests
from promptcodec.generators.sdapi.dialects import DIALECTS
from promptcodec.generators.sdapi.models import Checkpoint
from promptcodec.generators.sdapi.profile import Profile, named
from promptcodec.generators.sdapi.requests import Facts, Request
from promptcodec.generators.servers.pictures import fitted
from promptcodec.generators.servers.profile import connect
from promptcodec.generators.shown import shown
from promptcodec.generators.watching import UNWATCHED, Progress, Watch
from promptcodec.readiness import Readiness

_EXAMINED = 0.8


class SdApi:
    """Draw with A1111's web UI, Forge, SD.Next, stable-diffusion.cpp, KoboldCpp or Xinference."""

    name = "sdapi"

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self.provenance: Mapping[str, str] = {}
        self.notices: tuple[Notice, ...] = ()

    def examine(self) -> Sequence[Readiness]:
        """Ask the server for its models, once."""
        name = f"sdapi:{self._profile.url}" if self._profile.url else "sdapi"
        if why := named(self._profile):
            return [Readiness(name, False, why)]
        try:
            there = models.listed(models.ask(self._connect(_EXAMINED), _EXAMINED))
            if self._profile.model:
                there = (models.choose(self._profile.model, there),)
        except PromptcodecError as error:
            return [Readiness(name, False, str(error))]
        if not there:
            return [Readiness(name, False, f"{self._profile.url} has no model: load one there")]
        return [Readiness(name, True, f"the server has {models.shown(there)}")]

    def generate(self, conditions: Conditions, watch: Watch = UNWATCHED) -> Image.Image:
        """Draw an RGB picture of ``conditions.size``: at a size the model draws well, then resized.

        Raises:
            GeneratorError: the server drew none that can be used.
            ApiError: it cannot be asked.
            MissingError: the model, or the control model, is not there.
            UsageError: no address is named, or nothing of the stream can be used.
        """
        request, facts = self._request(conditions)
        title = DIALECTS[facts.kind].title
        about = [*request.unused, *request.differences]
        if request.regenerated:
            watch.report(Progress("waiting", note=recipes.summary(request, facts)))
        try:
            answer = exchange.ask(self._server, request, watch, interrupts=DIALECTS[facts.kind].interrupts)
        except StatusError as error:
            raise answers.explained(error, f"{title} at {self._server.host}", facts.checkpoint) from None
        image = answers.picture(answer, request, conditions, f"{title} at {self._server.host}")
        about += answers.notices(answer, image, request)
        not_run = recipes.not_run(conditions, facts.kind)
        self.notices = (*map(Notice, about), *([not_run] if not_run else []))
        self.provenance = _record(request, facts, self._server.host)
        return fitted(image, conditions.size)

    def _connect(self, timeout: float) -> Server:
        return connect(self._profile.url, self._profile.api_key_env, timeout)

    @functools.cached_property
    def _server(self) -> Server:
        if why := named(self._profile):
            raise UsageError(f"the sdapi profile names no server: {why}")
        return self._connect(self._profile.timeout)

    @functools.cached_property
    def _listed(self) -> list[dict[str, Any]]:
        try:
            return models.ask(self._server)
        except StatusError as error:
            raise answers.explained(error, self._server.host, "") from None

    @functools.cached_property
    def _kind(self) -> str:
        listed = self._listed
        return self._profile.server or kinds.find(self._server, listed)

    def _request(self, conditions: Conditions) -> tuple[Request, Facts]:
        there = models.listed(self._listed)
        recipe = conditions.recipe
        if recipe is not None and recipes.runnable(conditions, self._kind):
            facts, other = self._facts_of_recipe(recipe.model.name or "", recipe.model.hash or "", there)
            request = recipes.plan(
                recipe, conditions, facts, self._names("/sdapi/v1/samplers") or (), self._loras()
            )
            return _differing(request, other=other), facts
        facts = self._facts(there)
        way = DIALECTS[self._kind].control
        if conditions.structure is not None and way in {"units", "control"}:
            modes = self._tell("/sdapi/v1/control-modes") if way == "control" else None
            facts = replace(facts, controls=control.names(self._server, way), modes=modes)
        return requests.plan(conditions, self._profile, facts), facts

    def _facts(self, there: Sequence[Checkpoint]) -> Facts:
        """Say which model draws: the one the profile names, else the one that is loaded."""
        kind = self._kind
        if self._profile.model:
            chosen = models.choose(self._profile.model, there)
            return Facts(kind, chosen.title, chosen.title if DIALECTS[kind].checkpoints else "")
        if kind == "xinference":
            if len(there) != 1:
                raise UsageError(
                    f"Xinference has to be told which model draws, model=NAME; it has {models.shown(there)}"
                )
            return Facts(kind, there[0].title, there[0].title)
        options = self._tell("/sdapi/v1/options")
        loaded = options.get("sd_model_checkpoint") if isinstance(options, dict) else None
        return Facts(kind, loaded if isinstance(loaded, str) else "")

    def _facts_of_recipe(self, name: str, digest: str, there: Sequence[Checkpoint]) -> tuple[Facts, bool]:
        if not (name or digest):
            return self._facts(there), False
        chosen, other = models.of_recipe(name, digest, there)
        return Facts(self._kind, chosen.title, chosen.title), other

    def _loras(self) -> Sequence[str] | None:
        return self._names("/sdapi/v1/loras")

    def _names(self, path: str) -> tuple[str, ...] | None:
        listed = self._tell(path)
        if not isinstance(listed, list):
            return None
        names = (item.get("name") for item in listed if isinstance(item, dict))
        return tuple(name for name in names if isinstance(name, str))

    def _tell(self, path: str) -> Any:
        """Give what a server answers at a path, None where it has none such."""
        with contextlib.suppress(ApiError):
            return self._server.get(path)
        return None


def _differing(request: Request, *, other: bool) -> Request:
    if not other:
        return request
    more = "the model of that name has another hash than the recipe's"
    return replace(request, differences=(*request.differences, more))


def _record(request: Request, facts: Facts, host: str) -> dict[str, str]:
    record = {"model": shown(facts.title) or "unknown", "host": host, "server": facts.kind}
    if request.regenerated:
        record["regenerated"] = "yes"
    if request.differences:
        record["differences"] = "; ".join(request.differences)
    return record
