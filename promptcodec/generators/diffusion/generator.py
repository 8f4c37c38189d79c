"""The generator ``diffusers``: pipelines of the library of that name, on this machine."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from PIL import Image

from promptcodec.errors import GeneratorError, Notice, PromptcodecError
from promptcodec.generators import Conditions
from promptcodec.generators.diffusion import examine, pipelines, plan, previews, store, words
from promptcodec.generators.diffusion.arguments import arguments
from promptcodec.generators.diffusion.pipelines import Loaded
from promptcodec.generators.diffusion.plan import Plan
from promptcodec.generators.diffusion.profiles import Profile
from promptcodec.generators.watching import UNWATCHED, Progress, Watch
from promptcodec.readiness import Readiness

_drawing = threading.Lock()
"""Models are shared in a process, and so are their schedulers' places."""


class Diffusers:
    """Draw with a pipeline of diffusers."""

    def __init__(self, profile: Profile, *, every: bool = False) -> None:
        self._profile = profile
        self.name = f"diffusers:{profile.name}"
        self._every = every
        self.provenance: Mapping[str, str] = {}
        self.notices: tuple[Notice, ...] = ()

    @property
    def batch(self) -> int:
        """The most pictures of one call."""
        return self._profile.batch

    def examine(self) -> Sequence[Readiness]:
        """Look whether its profile would work; every shipped one where none was named."""
        return examine.shipped() if self._every else [examine.row(self._profile)]

    def generate(self, conditions: Conditions, watch: Watch = UNWATCHED) -> Image.Image:
        """Draw an RGB picture of ``conditions.size``: at the pipeline's own size, then resized.

        Raises:
            MissingError: diffusers or a model is not on this machine.
            GeneratorError: the pipeline gave no picture.
            UsageError: the stream holds nothing to draw from.
        """
        return self.generate_all([conditions], watch)[0]

    def generate_all(
        self, conditions: Sequence[Conditions], watch: Watch = UNWATCHED
    ) -> Sequence[Image.Image]:
        """Draw several pictures, those with equal sizes and layers in one call; in order."""
        plans = [plan.plan(self._profile, each) for each in conditions]
        pictures: dict[int, Image.Image] = {}
        self.notices = tuple(
            dict.fromkeys(notice for each in plans for notice in plan.notices(self._profile, each))
        )
        about: list[Mapping[str, str]] = []
        with _drawing:
            for group in _groups(plans, self._profile.batch):
                drawn, each = _draw(
                    self._profile,
                    [plans[index] for index in group],
                    [conditions[index] for index in group],
                    watch,
                )
                pictures |= zip(group, drawn, strict=True)
                about.append(each)
        # What differs between calls, such as the steps, is not true of each picture.
        first, *others = about
        self.provenance = {
            key: value for key, value in first.items() if all(other.get(key) == value for other in others)
        }
        return [
            pictures[index].resize(each.size, Image.Resampling.LANCZOS)
            for index, each in enumerate(conditions)
        ]


def _groups(plans: Sequence[Plan], most: int) -> Iterator[list[int]]:
    """Give the indices of pictures that are drawn in one call."""
    alike: dict[object, list[int]] = {}
    for index, each in enumerate(plans):
        alike.setdefault(each.alike, []).append(index)
    for group in alike.values():
        yield from (group[start : start + most] for start in range(0, len(group), most))


def _draw(
    profile: Profile, plans: Sequence[Plan], conditions: Sequence[Conditions], watch: Watch
) -> tuple[list[Image.Image], Mapping[str, str]]:
    """Draw pictures of one call; a single one that does not fit with the whole model, part by part.

    Returns:
        the pictures, and their provenance.
    """
    watch.report(Progress("loading"))
    first = plans[0]
    pipelines.require(profile, [profile.weights, *(guide.control.weights for guide in first.guides)])
    import torch  # noqa: PLC0415 - heavy

    for whole in (True, False) if len(plans) == 1 else (True,):
        try:
            return _run(pipelines.load(profile, watch, whole=whole), plans, conditions, watch)
        except torch.OutOfMemoryError as error:
            why = pipelines.first_line(error)
        except PromptcodecError:
            raise
        except BaseException:
            # A pipeline that was ended in the middle may have left parts in another precision.
            pipelines.forget()
            raise
        # Not in the handler: what was raised holds what was on the device.
        pipelines.forget()
    parts = " though its parts were moved one by one" if len(plans) == 1 else ""
    raise GeneratorError(
        f"{profile.name} ran out of memory{parts} ({why}): give the profile a smaller area or batch, or take "
        "a smaller one such as diffusers:sd15"
    )


def _run(
    loaded: Loaded, plans: Sequence[Plan], conditions: Sequence[Conditions], watch: Watch
) -> tuple[list[Image.Image], Mapping[str, str]]:
    import torch  # noqa: PLC0415 - heavy

    profile = loaded.profile
    pipeline = loaded.pipeline(plans[0])
    accepted = set(inspect.signature(type(pipeline).__call__).parameters)
    call = arguments(profile, plans, accepted)
    seen: previews.View | None = None

    def step(number: int, latents: Any) -> None:
        done = min(number + 1, plans[0].steps)
        watch.report(Progress("drawing", done, plans[0].steps, seen(latents) if seen else None))

    try:
        with torch.no_grad(), pipelines.quiet():
            if watch.previews and len(plans) == 1:
                seen = previews.viewer(loaded, pipeline, plans[0].size)
            result = pipeline(
                **words.arguments(profile, pipeline, plans, conditions),
                **call,
                **_callback(step, accepted),
                # Made on the processor, so that every device draws from the same noise.
                generator=[torch.Generator("cpu").manual_seed(each.seed) for each in plans],
            )
    except (PromptcodecError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        raise GeneratorError(
            f"{type(pipeline).__name__} does not draw with the profile {profile.name}: "
            f"{type(error).__name__}: {pipelines.first_line(error)}"
        ) from error
    finally:
        pipeline.maybe_free_model_hooks()
    flags = getattr(result, "nsfw_content_detected", None) or [False] * len(plans)
    drawn = [
        _picture(loaded, values, flagged=bool(flag))
        for values, flag in zip(result.images, flags, strict=True)
    ]
    return drawn, _provenance(loaded, plans[0])


def _callback(step: Callable[[int, Any], None], accepted: set[str]) -> dict[str, Any]:
    """Give what makes a pipeline call ``step``; what it raises ends the pipeline."""
    if "callback_on_step_end" not in accepted:
        return {"callback": lambda number, _, latents: step(number, latents)}

    def end(_: Any, number: int, __: Any, tensors: Mapping[str, Any]) -> dict[str, Any]:
        step(number, tensors["latents"])
        return {}

    return {"callback_on_step_end": end}


def _picture(loaded: Loaded, values: Any, *, flagged: bool) -> Image.Image:
    """Make a picture of values in 0..1, shape (height, width, 3)."""
    if flagged:
        raise GeneratorError(
            f"the safety checker of {loaded.profile.weights.name} blackened the picture: "
            "draw with another seed, or from an edited description"
        )
    if not np.isfinite(values).all():
        dtype = _dtype(loaded)
        way = "its weights are damaged" if dtype == "float32" else "give the profile dtype=float32"
        raise GeneratorError(f"{loaded.profile.name} gave no numbers for colours, in {dtype}: {way}")
    return Image.fromarray((values * 255).round().astype(np.uint8), "RGB")


def _dtype(loaded: Loaded) -> str:
    return str(loaded.dtype).removeprefix("torch.")


def _provenance(loaded: Loaded, drawn: Plan) -> dict[str, str]:
    models = dict.fromkeys([loaded.profile.weights, *(guide.control.weights for guide in drawn.guides)])
    folders = {weights.name: store.folder_of(weights).name for weights in models if not weights.path}
    about = {
        "model": " + ".join(weights.name for weights in models),
        "revision": " + ".join(folders.values()),
        "licence": " + ".join(dict.fromkeys(weights.licence for weights in models if weights.licence)),
        "scheduler": type(loaded.base.scheduler).__name__,
        "steps": str(drawn.steps),
        "dtype": _dtype(loaded),
        "device": loaded.device,
        "diffusers": version("diffusers"),
        "torch": version("torch"),
        "not_used": ", ".join(drawn.left_out),
    }
    return {key: value for key, value in about.items() if value}
