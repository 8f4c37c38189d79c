"""From plans to the arguments of a pipeline's call, as each kind of class takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from promptcodec.errors import UsageError
from promptcodec.generators.diffusion.plan import Plan
from promptcodec.generators.diffusion.profiles import Profile


def arguments(profile: Profile, plans: Sequence[Plan], accepted: set[str]) -> dict[str, Any]:
    """Give what a call says beside its words and its noise.

    Args:
        profile: of the pipeline.
        plans: one for each picture; they are alike.
        accepted: the names of arguments that the class takes.

    Raises:
        UsageError: the profile names an argument that it does not take.
    """
    first = plans[0]
    call: dict[str, Any] = {
        "width": first.size[0],
        "height": first.size[1],
        "num_inference_steps": profile.steps,
        "guidance_scale": profile.guidance,
        "output_type": "np",
    }
    # Classes differ: those of img2img take the picture's size.
    call = {key: value for key, value in call.items() if key in accepted}
    if first.image is not None:
        call |= {"image": [plan.image for plan in plans], "strength": first.steps / profile.steps}
    if first.guides:
        call |= _controls(plans, accepted)
    if first.references:
        call["image"] = [picture for picture, _ in first.references]
    if unknown := sorted({key for key, _ in profile.arguments} - accepted):
        raise UsageError(f"the class for {first.kind} of diffusers:{profile.name} takes no {unknown[0]!r}")
    return call | dict(profile.arguments)


def _controls(plans: Sequence[Plan], accepted: set[str]) -> dict[str, Any]:
    # By guide, then by picture.
    pictures = [[plan.guides[number].picture for plan in plans] for number in range(len(plans[0].guides))]
    weights = [guide.weight for guide in plans[0].guides]
    if "adapter_conditioning_scale" in accepted:
        if len(weights) == 1:
            return {"image": pictures[0], "adapter_conditioning_scale": weights[0]}
        return {"image": pictures, "adapter_conditioning_scale": weights}
    if "control_mode" in accepted:
        modes = [guide.control.mode for guide in plans[0].guides]
        return {
            "control_image": pictures,
            "control_mode": modes,
            "controlnet_conditioning_scale": weights,
        }
    name = "control_image" if "control_image" in accepted else "image"
    return {name: pictures[0], "controlnet_conditioning_scale": weights[0]}
