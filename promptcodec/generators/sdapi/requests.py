"""From the conditions to what is asked of a server, and what of them it cannot use."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from promptcodec.errors import UsageError
from promptcodec.generators import Conditions
from promptcodec.generators.guidance import control_weight, noise_share
from promptcodec.generators.poses import control_picture
from promptcodec.generators.sdapi import control
from promptcodec.generators.sdapi.dialects import DIALECTS
from promptcodec.generators.sdapi.encoded import coded
from promptcodec.generators.sdapi.profile import Profile
from promptcodec.generators.servers import controls
from promptcodec.generators.servers.pictures import sized
from promptcodec.generators.sizes import family, native_area, working_size
from promptcodec.generators.wording import build, syntax

_NO_WORDS = "picture"
"""The prompt where there are no words: stable-diffusion.cpp takes no empty one."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a server.

    Attributes:
        kind: of DIALECTS.
        title: of the model that will draw; ``""`` where the server does not tell.
        checkpoint: what it is asked to load; ``""`` for what it has.
        controls: its control models; None where it knows of none of the kind.
        modes: what SD.Next tells of its union models.
    """

    kind: str
    title: str = ""
    checkpoint: str = ""
    controls: tuple[str, ...] | None = None
    modes: Any = None


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked.

    Attributes:
        path, body: of the POST.
        seed, size: what the answer must have; width and height in pixels.
        unused: a line for each layer that cannot be used, and why.
        controlled: a control unit is in it.
        differences: what of a recipe is known to be run otherwise.
        regenerated: a recipe is run.
    """

    path: str
    body: dict[str, Any]
    seed: int
    size: tuple[int, int]
    unused: tuple[str, ...] = ()
    controlled: bool = False
    differences: tuple[str, ...] = ()
    regenerated: bool = False


def plan(conditions: Conditions, profile: Profile, facts: Facts) -> Request:
    """Say what to ask for: img2img where there are colours, a control unit where there are lines.

    Raises:
        UsageError: nothing of the conditions can be used there.
        MissingError: a control model that was named is not there.
    """
    dialect = DIALECTS[facts.kind]
    size = working_size(
        conditions.size, profile.area or native_area(facts.title), dialect.step, dialect.longest
    )
    words, negative = _words(conditions, facts)
    first = conditions.pixels or conditions.texture
    unused = []
    if conditions.pixels and conditions.texture:
        unused.append("texture: the coded picture says more")
    model, why = _control_model(conditions, profile, facts)
    if why:
        unused.append(f"structure: {why}")
    if not (words or first or model):
        gaps = f" ({'; '.join(unused)})" if unused else ""
        raise UsageError(f"the stream holds nothing that {dialect.title} could draw from{gaps}")
    body: dict[str, Any] = {
        "prompt": words,
        "negative_prompt": negative,
        "seed": conditions.seed,
        "width": size[0],
        "height": size[1],
        **settings(profile, facts),
    }
    path = "/sdapi/v1/txt2img"
    if first is not None:
        path = "/sdapi/v1/img2img"
        body["init_images"] = [coded(sized(first, size), data_url=dialect.data_urls)]
        body["denoising_strength"] = round(noise_share(conditions.layer_bytes, conditions.strength), 4)
    if model and conditions.structure is not None:
        path, body = _with_lines(path, body, conditions, facts, model)
    if not body["prompt"] and facts.kind == "sdcpp":
        body["prompt"] = _NO_WORDS
    return Request(path, body, conditions.seed, size, tuple(unused), bool(model))


def settings(profile: Profile, facts: Facts) -> dict[str, Any]:
    """Give the fields of the sampler and of the checkpoint.

    Raises:
        UsageError: the profile names a scheduler, and the server takes none.
    """
    dialect = DIALECTS[facts.kind]
    if profile.scheduler and not dialect.schedulers:
        raise UsageError(f"{dialect.title} takes no scheduler beside its sampler: leave out scheduler=")
    cfg = dialect.cfg if math.isnan(profile.cfg) else profile.cfg
    body: dict[str, Any] = {
        "steps": profile.steps or dialect.steps,
        "cfg_scale": cfg,
        "sampler_name": profile.sampler,
        "scheduler": profile.scheduler,
    }
    body = {key: value for key, value in body.items() if value or (key == "cfg_scale" and profile.cfg == 0)}
    return body | checkpoint(facts)


def checkpoint(facts: Facts) -> dict[str, Any]:
    """Give the fields that ask for the checkpoint, for this picture alone."""
    if not facts.checkpoint:
        return {}
    if facts.kind == "xinference":
        return {"model": facts.checkpoint}
    return {
        "override_settings": {"sd_model_checkpoint": facts.checkpoint},
        "override_settings_restore_afterwards": True,
    }


def _words(conditions: Conditions, facts: Facts) -> tuple[str, str]:
    """Write the prompt and the negative one; no word of a stream is syntax there."""
    prompt = build("long" if family(facts.title) == "long" else "clip", conditions)
    return syntax.write(prompt, facts.kind), syntax.escape(prompt.negative, facts.kind)


def _control_model(conditions: Conditions, profile: Profile, facts: Facts) -> tuple[str, str]:
    """Choose the control model; where there is none, say why."""
    dialect = DIALECTS[facts.kind]
    if conditions.structure is None:
        return "", ""
    if not dialect.control:
        return "", f"{dialect.title} takes no control pictures"
    there = facts.controls
    if dialect.control == "prompt":
        entry, named = ("pose", profile.pose) if conditions.skeletons else ("edges", profile.edges)
        if not named:
            return "", f"{dialect.title} does not tell whether a control net is loaded; {entry}=NAME says so"
        there = (named,)
    if there is None:
        return "", "the server has no ControlNet"
    return controls.pick(conditions, there, facts.title, edges=profile.edges, pose=profile.pose)


def _with_lines(
    path: str, body: dict[str, Any], conditions: Conditions, facts: Facts, model: str
) -> tuple[str, dict[str, Any]]:
    assert conditions.structure is not None
    weight = round(
        control_weight(conditions.layer_bytes, conditions.strength, skeletons=conditions.skeletons), 4
    )
    size = body["width"], body["height"]
    if facts.kind == "sdcpp":
        # Contours go as they are: scaled up they would have more bits.
        lines = control_picture(conditions, size) if conditions.people else conditions.structure
        arguments = control.in_prompt(lines, weight)
        return path, body | {"prompt": f"{body['prompt'] or _NO_WORDS} {arguments}"}
    picture = coded(control_picture(conditions, size))
    skeletons = conditions.skeletons
    if facts.kind != "sdnext":
        unit = control.unit(facts.kind, model, picture, weight, skeletons=skeletons)
        return path, body | {"alwayson_scripts": {"ControlNet": {"args": [unit]}}}
    return "/sdapi/v1/control", _as_control(
        body, control.control_unit(model, picture, weight, facts.modes, skeletons=skeletons)
    )


def _as_control(body: dict[str, Any], unit: dict[str, Any]) -> dict[str, Any]:
    """Write a request in the fields of SD.Next's control: init pictures are ``inits`` there."""
    rest = dict(body)
    first = rest.pop("init_images", [])
    overridden = rest.pop("override_settings", {})
    rest.pop("override_settings_restore_afterwards", None)
    rest |= {
        "width_before": rest.pop("width"),
        "height_before": rest.pop("height"),
        "unit_type": "controlnet",
    }
    rest |= {"control": [unit], "input_type": 2 if first else 0}
    return rest | ({"inits": first} if first else {}) | ({"extra": overridden} if overridden else {})
