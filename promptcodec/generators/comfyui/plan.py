"""What a graph is filled with, before anything is sent: words, sizes, models, which pictures go along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image

from promptcodec.errors import UsageError
from promptcodec.generators import Conditions
from promptcodec.generators.comfyui import models, own_workflow
from promptcodec.generators.comfyui.catalogue import Catalogue
from promptcodec.generators.comfyui.profile import Profile
from promptcodec.generators.comfyui.workflow import Graph, Wanted
from promptcodec.generators.guidance import control_weight, noise_share
from promptcodec.generators.poses import control_picture
from promptcodec.generators.servers import controls
from promptcodec.generators.servers.pictures import sized
from promptcodec.generators.sizes import family, native_area, working_size
from promptcodec.generators.wording import build, prompt_text, syntax

STEP = 8
_GREY = 128


@dataclass(frozen=True, slots=True)
class Plan:
    """What is drawn.

    Attributes:
        wanted: what the graph is filled with; the names of pictures at the server are not known yet.
        pictures: those that are sent, by their place, ``image`` or ``control``; RGB, of the size drawn at.
        unused: a line for each layer that cannot be used, and why.
    """

    wanted: Wanted
    pictures: Mapping[str, Image.Image]
    unused: tuple[str, ...]


def is_drawable(conditions: Conditions) -> bool:
    """Say whether there is anything to draw from: words of a description or a recipe, or pictures."""
    recipe = conditions.recipe
    pictures = (conditions.pixels, conditions.texture, conditions.structure)
    return bool(conditions.description or any(pictures) or (recipe and prompt_text(recipe)))


def plan(conditions: Conditions, profile: Profile, nodes: Catalogue, own: Graph | None) -> Plan:
    """Say what is drawn.

    Args:
        conditions: of the picture.
        profile: of the server.
        nodes: the server's.
        own: a user's own workflow; None for the shipped one.

    Raises:
        UsageError: there is nothing to draw from.
        MissingError: a model that was named is not there, or no checkpoint is.
    """
    title = own_workflow.checkpoint(own) if own else models.checkpoint(nodes, profile.checkpoint)
    title = profile.checkpoint or title
    kind = "long" if family(title) == "long" else "clip"
    prompt = build(profile.prompt or kind, conditions)
    start, lines = conditions.pixels or conditions.texture, conditions.structure
    size = working_size(conditions.size, profile.area or native_area(title), STEP)
    unused = ["texture: the coded picture says more"] if conditions.pixels and conditions.texture else []
    model, why, union = "", "", ""
    if own is None:
        there = models.controls(nodes)
        model, why = controls.pick(conditions, there, title, edges=profile.edges, pose=profile.pose)
        union = models.UNION_TYPE[conditions.skeletons] if controls.is_union(model) else ""
        pictures = {"image": start, "control": lines if model else None}
        sent = {place: picture for place, picture in pictures.items() if picture}
    else:
        # A user's workflow gets what it takes; for a layer that is not there a neutral picture, which then
        # counts nothing.
        neutral = {"image": Image.new("L", (1, 1), _GREY), "control": Image.new("L", (1, 1), 0)}
        takes = own_workflow.takes(own)
        sent = {"image": start or neutral["image"], "control": lines or neutral["control"]}
        sent = {place: picture for place, picture in sent.items() if place in takes}
        why = "the workflow has no place for a control picture" if lines and "control" not in takes else ""
        if start and "image" not in takes:
            name = "pixels" if conditions.pixels else "texture"
            unused.append(f"{name}: the workflow has no place for a picture to start from")
    unused += [f"structure: {why}"] if why else []
    if not (prompt.phrases or (start and "image" in sent) or (lines and "control" in sent)):
        gaps = f" ({'; '.join(unused)})" if unused else ""
        raise UsageError(f"the stream holds neither words nor pictures that ComfyUI could draw from{gaps}")
    share = noise_share(conditions.layer_bytes, conditions.strength) if start else 1.0
    weight = (
        control_weight(conditions.layer_bytes, conditions.strength, skeletons=conditions.skeletons)
        if lines
        else 0.0
    )
    wanted = Wanted(
        positive=syntax.write(prompt, "comfyui"),
        negative=syntax.escape(prompt.negative, "comfyui"),
        size=size,
        seed=conditions.seed,
        checkpoint=title,
        steps=profile.steps,
        guidance=profile.guidance,
        sampler=profile.sampler,
        scheduler=profile.scheduler,
        denoise=round(share, 4) if "image" in sent else 1.0,
        control_model=model,
        union_type=union,
        weight=round(weight, 4),
    )
    return Plan(wanted, {place: _drawn_from(conditions, place, sent, size) for place in sent}, tuple(unused))


def _drawn_from(
    conditions: Conditions, place: str, sent: Mapping[str, Image.Image], size: tuple[int, int]
) -> Image.Image:
    if place == "control" and conditions.structure is not None:
        return control_picture(conditions, size)
    return sized(sent[place], size)
