"""What names of inputs and outputs mean: which side of the prompt, what kind of thing.

Classes of nodes are open, so meaning is read off names. OUTPUTS adds the names of outputs where a bare API
graph has only their place: of classes that give several things, in the order of their own definition.
"""

from __future__ import annotations

import re

from promptcodec.recipe.readers.comfyui.graph import Node

POSITIVE, NEGATIVE = "positive", "negative"
_SIDES = {
    POSITIVE: {"positive", "pos", "positives", "pprompt"},
    NEGATIVE: {"negative", "neg", "negatives", "nprompt", "uncond"},
}
_PAIR = "positive negative"
_XL_PIPE = "model clip vae positive negative bbox sam segm hook refiner_model refiner_clip"
_EFFICIENT = "model positive negative latent vae"
_CONTEXT = "context model clip vae positive negative latent image seed"
_BIG = f"{_CONTEXT} steps step_refiner cfg ckpt_name sampler_name scheduler clip_width clip_height text_pos_g"
OUTPUTS: dict[str, str] = {
    "FromBasicPipe": f"model clip vae {_PAIR}",
    "FromBasicPipe_v2": f"basic_pipe model clip vae {_PAIR}",
    "FromDetailerPipe": f"model clip vae {_PAIR} bbox sam segm hook",
    "FromDetailerPipe_v2": f"detailer_pipe model clip vae {_PAIR} bbox sam segm hook",
    "FromDetailerPipeSDXL": f"detailer_pipe {_XL_PIPE} refiner_positive refiner_negative",
    "Context (rgthree)": _CONTEXT,
    "Context Switch (rgthree)": _CONTEXT,
    "Context Merge (rgthree)": _CONTEXT,
    "Context Big (rgthree)": f"{_BIG} text_pos_l text_neg_g text_neg_l mask control_net",
    "Context Switch Big (rgthree)": f"{_BIG} text_pos_l text_neg_g text_neg_l mask control_net",
    "Context Merge Big (rgthree)": f"{_BIG} text_pos_l text_neg_g text_neg_l mask control_net",
    "Efficient Loader": f"{_EFFICIENT} clip dependencies",
    "KSampler (Efficient)": f"{_EFFICIENT} image",
    "KSampler Adv. (Efficient)": f"{_EFFICIENT} image",
    "Eff. Loader SDXL": "sdxl_tuple latent vae dependencies",
    "KSampler SDXL (Eff.)": "sdxl_tuple latent vae image",
    "Unpack SDXL Tuple": "base_model base_clip base_positive base_negative refiner_model refiner_clip "
    "refiner_positive refiner_negative",
    "easy fullLoader": f"pipe model vae clip {_PAIR} latent",
    "easy a1111Loader": "pipe model vae",
    "easy comfyLoader": "pipe model vae",
    "easy pipeOut": f"pipe model {_PAIR} latent vae clip image seed",
    "easy preSampling": "pipe",
    "easy kSampler": "pipe image",
    "easy fullkSampler": f"pipe image model {_PAIR} latent vae clip seed",
    "easy stylesSelector": _PAIR,
    "ttN pipeOUT": f"model {_PAIR} latent vae clip image seed pipe",
    "ttN pipeLoader": f"pipe model {_PAIR} latent vae clip seed",
    "ttN pipeLoader_v2": f"pipe model {_PAIR} latent vae clip seed",
    "ttN pipeKSampler": f"pipe model {_PAIR} latent vae clip image seed",
    "ttN pipeKSampler_v2": f"pipe model {_PAIR} latent vae clip image seed",
    "CR Data Bus Out": "pipe",
    "CR Module Pipe Loader": f"pipe model {_PAIR} latent vae clip controlnet image seed",
    "CR Module Output": f"pipe model {_PAIR} latent vae clip controlnet image seed",
    "ControlNetApplyAdvanced": _PAIR,
    "ControlNetApplySD3": _PAIR,
    "ACN_AdvancedControlNetApply": f"{_PAIR} model",
    "CR Apply Multi-ControlNet": _PAIR,
    "ControlNetInpaintingAliMamaApply": _PAIR,
    "InpaintModelConditioning": f"{_PAIR} latent",
    "InstructPixToPixConditioning": f"{_PAIR} latent",
    "ApplyInstantID": f"model {_PAIR}",
    "ApplyInstantIDAdvanced": f"model {_PAIR}",
    "IPAdapterRegionalConditioning": f"params {_PAIR}",
    "StableZero123_Conditioning": f"{_PAIR} latent",
    "SVD_img2vid_Conditioning": f"{_PAIR} latent",
    "SV3D_Conditioning": f"{_PAIR} latent",
    "SD_4XUpscale_Conditioning": f"{_PAIR} latent",
    "WanImageToVideo": f"{_PAIR} latent",
    "WanVaceToVideo": f"{_PAIR} latent trim_latent",
    "WanFirstLastFrameToVideo": f"{_PAIR} latent",
    "WanFunControlToVideo": f"{_PAIR} latent",
    "WanCameraImageToVideo": f"{_PAIR} latent",
    "HunyuanImageToVideo": "positive latent",
    "LTXVConditioning": _PAIR,
    "LTXVImgToVideo": f"{_PAIR} latent",
    "LTXVAddGuide": f"{_PAIR} latent",
    "LTXVCropGuides": f"{_PAIR} latent",
    "PairConditioningCombine": _PAIR,
    "PairConditioningSetProperties": _PAIR,
    "PairConditioningSetPropertiesAndCombine": _PAIR,
    "SDXLPromptStyler": _PAIR,
    "SDXLPromptStylerAdvanced": "positive_text_g positive_text_l positive negative_text_g negative_text_l "
    "negative",
    "Two Clip Text Encode": _PAIR,
    "SDPromptReader": f"image mask {_PAIR} seed steps cfg width height model_name filename settings",
    "SDParameterGenerator": "model_name vae_name model clip vae seed steps refiner_start cfg sampler_name "
    "scheduler positive_ascore negative_ascore width height batch_size parameters",
    "Input Parameters (Image Saver)": "seed steps cfg sampler_name scheduler denoise",
    "CheckpointLoaderSimple": "model clip vae",
    "ImpactWildcardEncode": "model clip conditioning populated_text",
    "CLIPTextEncodeWithWildcards": "conditioning",
    "Power Prompt (rgthree)": "conditioning model clip text",
    "WanVideoTextEncode": "text_embeds",
}


def output_name(node: Node, slot: int) -> str:
    """Name an output in small letters, ``""`` where nothing says what it is."""
    if 0 <= slot < len(node.outputs):
        output = node.outputs[slot]
        named = output.name.lower().strip().replace(" ", "_")
        return {"conditioning+": POSITIVE, "conditioning-": NEGATIVE}.get(named, named)
    names = OUTPUTS.get(node.kind, "").split()
    return names[slot] if 0 <= slot < len(names) else ""


def side_of(name: str) -> str | None:
    """Say which prompt a name speaks of: ``positive``, ``negative``, or None."""
    words = set(re.split(r"[^a-z]+", name.lower()))
    return next((side for side, own in _SIDES.items() if words & own), None)


def is_pipe(name: str) -> bool:
    """Say whether an input carries many things at once."""
    lower = name.lower()
    return (
        "pipe" in lower
        or "context" in lower
        or lower.startswith(("ctx_", "base_ctx"))
        or lower.endswith("_config")
        or lower in ("sdxl_tuple", "bus", "base_sampler", "advanced_sampler", "guider")
        or is_embeds(lower)
    )


def is_embeds(name: str) -> bool:
    """Say whether an input takes the prompts of both sides as one, as wrappers of single models do."""
    own, _, rest = name.rpartition("_")
    return rest == "embeds" and own not in _EMBEDS_OF_OTHERS


def is_aside(name: str) -> bool:
    """Say whether a prompt never comes through an input: plumbing, or how a prompt is read."""
    return name in PLUMBING or name.endswith("_override") or bool(_MANNERS & set(name.lower().split("_")))


_EMBEDS_OF_OTHERS = {"image", "clip", "ip", "face", "pose", "audio", "control", "id", "add_cond"}
_MANNERS = {"token", "tokens", "weight", "weights", "normalization", "interpretation", "ascore", "strength"}

# Inputs that a prompt never comes through.
PLUMBING = frozenset(
    (
        "clip", "vae", "model", "image", "images", "pixels", "samples", "latent", "latent_image", "latents",
        "mask", "masks", "control_net", "clip_vision", "clip_vision_output", "style_model", "upscale_model",
        "sam_model", "sam_model_opt", "bbox_detector", "segm_detector", "segs", "insightface", "ipadapter",
        "noise", "sampler", "sigmas", "gligen_textbox_model", "bbox_model", "optional_vae", "opt_clip",
        "opt_model", "lora_stack", "cnet_stack", "image_embeds", "reference_latent",
    )
)  # fmt: skip
