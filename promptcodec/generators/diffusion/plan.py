"""What is drawn from, before any model is loaded: which call, which pictures, how far each is followed."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from promptcodec.errors import Notice, UsageError
from promptcodec.generators import Conditions
from promptcodec.generators.diffusion.profiles import Control, Profile
from promptcodec.generators.guidance import LEAST_NOISE, control_weight, noise_share
from promptcodec.generators.poses import control_picture
from promptcodec.generators.sizes import working_size
from promptcodec.generators.wording import prompt_text

PALETTE_CELL = 64
"""Pixels of a cell of the colour map that adapters for colours were trained on."""
WEIGHT_STEP = 0.05
"""Weights are rounded to this, so that pictures with layers of about equal bytes are drawn in one call."""
GREY = (128, 128, 128)
_BLURRED = "is the picture blurred to a few pixels: keep its colours and its layout, not its blur."
_CODED = "is the picture with coding artefacts: keep its content, layout and colours, not the artefacts."
_OUTLINES = "is an edge map, white outlines on black: follow the outlines, draw none of its lines."
_LIMBS = "shows how people stand, coloured limbs on black: give people these poses, draw no lines of it."


@dataclass(frozen=True, slots=True)
class Guide:
    """A control model, the picture it sees, and its weight, 0..1."""

    control: Control
    picture: Image.Image
    weight: float


@dataclass(frozen=True, slots=True)
class Plan:
    """One picture to be drawn.

    Attributes:
        kind: of call, one of ``profiles.KINDS``.
        size: the working size in pixels.
        seed: of its noise.
        image: what drawing starts from, RGB at ``size``, if anything.
        steps: steps that are run.
        guides: control models.
        references: pictures shown, RGB at ``size``, and what is said of each.
        left_out: layers that are there and not used.
    """

    kind: str
    size: tuple[int, int]
    seed: int
    image: Image.Image | None
    steps: int
    guides: tuple[Guide, ...]
    references: tuple[tuple[Image.Image, str], ...]
    left_out: tuple[str, ...]

    @property
    def alike(self) -> tuple[object, ...]:
        """What pictures of one call have in common."""
        guides = tuple((guide.control, guide.weight) for guide in self.guides)
        return self.kind, self.size, self.steps, guides


def plan(profile: Profile, conditions: Conditions) -> Plan:
    """Decide how one picture is drawn.

    Raises:
        UsageError: there is nothing to draw from.
    """
    size = working_size(conditions.size, profile.area, profile.multiple)
    colours = conditions.pixels or conditions.texture
    image = colours if profile.texture == "image" else None
    guides = _guides(profile, conditions, size)
    # Where a class takes less: the thumbnail says more of a picture than its outlines.
    for image, guides in ((image, guides), (image, ()), (None, guides), (None, ())):  # noqa: B020
        if profile.pipeline(_kind(image, guides)):
            break
    references = _references(profile, conditions, size)
    words = conditions.description or (conditions.recipe and prompt_text(conditions.recipe))
    if not (words or image or guides or references):
        raise UsageError("the stream holds neither words nor a layer that this pipeline could draw from")
    share = noise_share(conditions.layer_bytes, conditions.strength) if image else 1.0
    followed = {guide.control.layer for guide in guides}
    used = {
        "texture": colours is None or image or "colours" in followed or profile.texture == "reference",
        "structure": conditions.structure is None
        or followed & {"edges", "pose"}
        or profile.structure == "reference",
    }
    if not (image or guides or profile.pipeline("text")):
        # No class draws from words alone: grey, all of it noise.
        image = Image.new("RGB", size, GREY)
    return Plan(
        kind=_kind(image, guides),
        size=size,
        seed=conditions.seed,
        image=image and image.convert("RGB").resize(size, Image.Resampling.BICUBIC),
        steps=max(1, round(share * profile.steps)),
        guides=guides,
        references=references,
        left_out=tuple(layer for layer, taken in used.items() if not taken),
    )


def notices(profile: Profile, drawn: Plan) -> tuple[Notice, ...]:
    """Say what of a stream a pipeline could not use."""
    return tuple(
        Notice(f"diffusers:{profile.name} does not take the {layer} layer here: drawn without it")
        for layer in drawn.left_out
    )


def _kind(image: Image.Image | None, guides: tuple[Guide, ...]) -> str:
    return "_".join(["image"] * bool(image) + ["control"] * bool(guides)) or "text"


def _guides(profile: Profile, conditions: Conditions, size: tuple[int, int]) -> tuple[Guide, ...]:
    controls = {control.layer: control for control in profile.controls}
    guides = []
    lines = controls.get("pose" if conditions.skeletons else "edges")
    if conditions.structure is not None and profile.structure == "control" and lines:
        weight = control_weight(conditions.layer_bytes, conditions.strength, skeletons=conditions.skeletons)
        guides.append(Guide(lines, control_picture(conditions, size).convert(lines.sees), _rounded(weight)))
    colours = conditions.pixels or conditions.texture
    if colours and profile.texture == "control" and "colours" in controls:
        # As far as img2img would leave it as it is.
        weight = 1 + LEAST_NOISE - noise_share(conditions.layer_bytes, conditions.strength)
        guides.append(Guide(controls["colours"], palette(colours, size), _rounded(weight)))
    return tuple(guides)


def _references(
    profile: Profile, conditions: Conditions, size: tuple[int, int]
) -> tuple[tuple[Image.Image, str], ...]:
    shown = []
    colours = conditions.pixels or conditions.texture
    if colours and profile.texture == "reference":
        picture = colours.convert("RGB").resize(size, Image.Resampling.BICUBIC)
        shown.append((picture, _CODED if conditions.pixels else _BLURRED))
    if conditions.structure is not None and profile.structure == "reference":
        shown.append((control_picture(conditions, size), _LIMBS if conditions.skeletons else _OUTLINES))
    return tuple((picture, f"Image {number} {what}") for number, (picture, what) in enumerate(shown, 1))


def palette(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Give the flat cells of colour that adapters for colours see; RGB, ``size``."""
    cells = max(1, size[0] // PALETTE_CELL), max(1, size[1] // PALETTE_CELL)
    small = picture.convert("RGB").resize(cells, Image.Resampling.BICUBIC)
    return small.resize(size, Image.Resampling.NEAREST)


def _rounded(weight: float) -> float:
    return round(round(weight / WEIGHT_STEP) * WEIGHT_STEP, 2)
