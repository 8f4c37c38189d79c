"""The names of widget values, which an editor's workflow keeps in a bare list.

A newer editor lists every widget as an input, so the names are there. Of an older one the order of the
class's inputs must be known: WIDGETS has it for the nodes that prompts and settings stand in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_RUN = "steps cfg sampler_name scheduler"
_GUIDE = "guide_size guide_size_for max_size seed steps cfg sampler_name scheduler denoise feather noise_mask"
_XL = "width height crop_w crop_h target_width target_height"
_LORAS = " ".join(f"switch_{i} lora_name_{i} model_weight_{i} clip_weight_{i}" for i in (1, 2, 3))
_STACK = " ".join(f"lora_name_{i} lora_wt_{i} model_str_{i} clip_str_{i}" for i in range(1, 51))
WIDGETS: dict[str, str] = {
    "KSampler": f"seed {_RUN} denoise",
    "KSamplerAdvanced": f"add_noise noise_seed {_RUN} start_at_step end_at_step return_with_leftover_noise",
    "KSampler (Efficient)": f"seed {_RUN} denoise preview_method vae_decode",
    "KSampler Adv. (Efficient)": f"add_noise noise_seed {_RUN} start_at_step end_at_step "
    "return_with_leftover_noise preview_method vae_decode",
    "KSampler SDXL (Eff.)": f"noise_seed {_RUN} start_at_step refine_at_step preview_method vae_decode",
    "KSampler //Inspire": f"seed {_RUN} denoise noise_mode batch_seed_mode variation_seed variation_strength",
    "KSamplerAdvanced //Inspire": f"add_noise noise_seed {_RUN} start_at_step end_at_step noise_mode "
    "return_with_leftover_noise batch_seed_mode variation_seed variation_strength",
    "KSamplerProgress //Inspire": f"seed {_RUN} denoise noise_mode interval omit_start_latent",
    "ImpactKSamplerBasicPipe": f"seed {_RUN} denoise",
    "ImpactKSamplerAdvancedBasicPipe": f"add_noise noise_seed {_RUN} start_at_step end_at_step "
    "return_with_leftover_noise",
    "KSamplerProvider": f"seed {_RUN} denoise",
    "KSamplerAdvancedProvider": "cfg sampler_name scheduler sigma_factor",
    "TwoAdvancedSamplersForMask": "seed steps denoise overlap_factor",
    "RegionalSampler": "seed seed_2nd seed_2nd_mode steps base_only_steps denoise overlap_factor",
    "PixelKSampleUpscalerProvider": f"scale_method seed {_RUN} denoise",
    "PixelKSampleUpscalerProviderPipe": f"scale_method seed {_RUN} denoise",
    "PixelTiledKSampleUpscalerProviderPipe": f"scale_method seed {_RUN} denoise",
    "FaceDetailer": _GUIDE,
    "FaceDetailerPipe": _GUIDE,
    "DetailerForEach": _GUIDE,
    "DetailerForEachDebug": _GUIDE,
    "DetailerForEachPipe": _GUIDE,
    "DetailerForEachDebugPipe": _GUIDE,
    "DetailerForEachPipeForAnimateDiff": _GUIDE,
    "SEGSDetailer": "guide_size guide_size_for max_size seed steps cfg sampler_name scheduler denoise",
    "SEGSDetailerForAnimateDiff": "guide_size guide_size_for max_size seed steps cfg sampler_name scheduler "
    "denoise",
    "MaskDetailerPipe": "guide_size guide_size_for max_size mask_mode seed steps cfg sampler_name scheduler "
    "denoise",
    "UltimateSDUpscale": f"upscale_by seed {_RUN} denoise",
    "UltimateSDUpscaleNoUpscale": f"seed {_RUN} denoise",
    "SamplerCustom": "add_noise noise_seed cfg",
    "RandomNoise": "noise_seed",
    "BasicScheduler": "scheduler steps denoise",
    "KarrasScheduler": "steps sigma_max sigma_min rho",
    "ExponentialScheduler": "steps sigma_max sigma_min",
    "AlignYourStepsScheduler": "model_type steps denoise",
    "LTXVScheduler": "steps max_shift base_shift stretch terminal",
    "SDTurboScheduler": "steps denoise",
    "Flux2Scheduler": "steps width height",
    "KSamplerSelect": "sampler_name",
    "CFGGuider": "cfg",
    "DualCFGGuider": "cfg_conds cfg_cond2_negative style",
    "ScheduledCFGGuider //Inspire": "from_cfg to_cfg schedule",
    "FluxGuidance": "guidance",
    "CLIPTextEncode": "text",
    "CLIPTextEncodeFlux": "clip_l t5xxl guidance",
    "CLIPTextEncodeSD3": "clip_l clip_g t5xxl empty_padding",
    "CLIPTextEncodeSDXL": f"{_XL} text_g text_l",
    "CLIPTextEncodeSDXLRefiner": "ascore width height text",
    "CLIPTextEncodeHiDream": "clip_l clip_g t5xxl llama",
    "CLIPTextEncodeHunyuanDiT": "bert mt5xl",
    "CLIPTextEncodeLumina2": "system_prompt user_prompt",
    "TextEncodeQwenImageEdit": "prompt",
    "TextEncodeQwenImageEditPlus": "prompt",
    "TextEncodeHunyuanVideo_ImageToVideo": "prompt image_interleave",
    "TextEncodeAceStepAudio": "tags lyrics lyrics_strength",
    "BNK_CLIPTextEncodeAdvanced": "text token_normalization weight_interpretation",
    "BNK_CutoffBasePrompt": "text",
    "GLIGENTextBoxApply": "text width height x y",
    "ImpactWildcardEncode": "wildcard_text populated_text mode select_lora select_wildcard seed",
    "ImpactWildcardProcessor": "wildcard_text populated_text mode seed select_wildcard",
    "WildcardEncode //Inspire": "token_normalization weight_interpretation wildcard_text populated_text mode "
    "select_lora select_wildcard seed",
    "RegionalConditioningColorMask //Inspire": "mask_color strength set_cond_area prompt",
    "RegionalConditioningSimple //Inspire": "strength set_cond_area prompt",
    "RegionalPromptColorMask //Inspire": "cfg sampler_name scheduler wildcard_prompt mask_color",
    "RegionalPromptSimple //Inspire": "cfg sampler_name scheduler wildcard_prompt",
    "SDXLPromptStyler": "text_positive text_negative style log_prompt",
    "MZ_ChatGLM3": "text",
    "MZ_ChatGLM3_V2": "text",
    "SDParameterGenerator": "ckpt_name vae_name model_version config_name seed steps refiner_start cfg "
    "sampler_name scheduler positive_ascore negative_ascore aspect_ratio width height batch_size",
    "SDPromptMerger": "text_g text_l",
    "CheckpointLoaderSimple": "ckpt_name",
    "CheckpointLoader": "config_name ckpt_name",
    "CheckpointLoaderSimpleShared //Inspire": "ckpt_name key_opt mode",
    "unCLIPCheckpointLoader": "ckpt_name",
    "ImageOnlyCheckpointLoader": "ckpt_name",
    "UNETLoader": "unet_name weight_dtype",
    "UnetLoaderGGUF": "unet_name",
    "MZ_KolorsUNETLoader": "unet_name",
    "MZ_KolorsUNETLoaderV2": "unet_name",
    "VAELoader": "vae_name",
    "LoraLoader": "lora_name strength_model strength_clip",
    "LoraLoaderModelOnly": "lora_name strength_model",
    "LoraLoaderBlockWeight //Inspire": "category_filter lora_name strength_model strength_clip",
    "HypernetworkLoader": "hypernetwork_name strength",
    "CR LoRA Stack": _LORAS,
    "LoRA Stacker": f"input_mode lora_count {_STACK}",
    "Efficient Loader": "ckpt_name vae_name clip_skip lora_name lora_model_strength lora_clip_strength "
    "positive negative token_normalization weight_interpretation empty_latent_width empty_latent_height "
    "batch_size",
    "Eff. Loader SDXL": "base_ckpt_name base_clip_skip refiner_ckpt_name refiner_clip_skip positive_ascore "
    "negative_ascore vae_name positive negative token_normalization weight_interpretation "
    "empty_latent_width empty_latent_height batch_size",
    "ControlNetLoader": "control_net_name",
    "DiffControlNetLoader": "control_net_name",
    "ControlNetApply": "strength",
    "ControlNetApplyAdvanced": "strength start_percent end_percent",
    "ControlNetApplySD3": "strength start_percent end_percent",
    "EmptyLatentImage": "width height batch_size",
    "EmptySD3LatentImage": "width height batch_size",
    "EmptyFlux2LatentImage": "width height batch_size",
    "EmptyHunyuanLatentVideo": "width height length batch_size",
    "EmptyLTXVLatentVideo": "width height length batch_size",
    "EmptyCosmosLatentVideo": "width height length batch_size",
    "EmptyMochiLatentVideo": "width height length batch_size",
    "WanImageToVideo": "width height length batch_size",
    "WanCameraEmbedding": "camera_pose width height length",
    "WanVaceToVideo": "width height length batch_size strength",
    "WanCameraImageToVideo": "width height length batch_size",
    "Wan22ImageToVideoLatent": "width height length batch_size",
    "HunyuanImageToVideo": "width height length batch_size guidance_type",
    "CosmosImageToVideoLatent": "width height length batch_size",
    "CosmosPredict2ImageToVideoLatent": "width height length batch_size",
    "LTXVImgToVideo": "width height length batch_size",
    "SVD_img2vid_Conditioning": "width height video_frames motion_bucket_id fps augmentation_level",
    "StableZero123_Conditioning": "width height batch_size elevation azimuth",
    "StableCascade_EmptyLatentImage": "width height compression batch_size",
    "EmptyLatentImageFromPresetsSD15": "dimensions batch_size",
    "EmptyLatentImageFromPresetsSDXL": "dimensions invert batch_size",
    "SDXL Empty Latent Image (rgthree)": "dimensions clip_scale batch_size",
    "LatentUpscale": "upscale_method width height crop",
    "LatentUpscaleBy": "upscale_method scale_by",
    "ImageScale": "upscale_method width height crop",
    "ImageScaleBy": "upscale_method scale_by",
    "UpscaleModelLoader": "model_name",
    "IterativeLatentUpscale": "upscale_factor steps temp_prefix",
    "IterativeImageUpscale": "upscale_factor steps temp_prefix",
    "SaveImage": "filename_prefix",
    "SaveAnimatedWEBP": "filename_prefix fps lossless quality method",
    "SaveAnimatedPNG": "filename_prefix fps compress_level",
    "SaveWEBM": "filename_prefix codec fps crf",
    "SaveVideo": "filename_prefix format codec",
    "ImpactSwitch": "select sel_mode",
    "ImpactInversedSwitch": "select",
    "ImpactConditionalBranch": "",
    "StringConcatenate": "string_a string_b delimiter",
    "StringReplace": "string find replace",
    "PromptUtilitiesJoinStringList": "separator",
    "GlobalSeed //Inspire": "value mode action last_seed",
    "Seed (rgthree)": "seed",
    "Seed Everywhere": "seed",
}
_SEEDS = ("seed", "noise_seed", "value", "variation_seed", "seed_2nd")
_AFTERWARDS = ("fixed", "increment", "decrement", "randomize")  # what the editor does to a seed next


def widgets_of(node: Mapping[str, Any]) -> dict[str, Any]:  # noqa: PLR0911 - one rule after the other
    """Give a node's widget values by name, as far as names are known."""
    values = node.get("widgets_values")
    if isinstance(values, dict):
        return {str(key): value for key, value in values.items()}
    if not isinstance(values, list):
        return {}
    kind = str(node.get("type"))
    plain = _without_afterwards(values)
    listed = _listed(node)
    if listed and len(listed) == len(plain):
        return dict(zip(listed, plain, strict=True))
    named = _by_table(WIDGETS.get(kind, "").split(), values)
    if named and _fits(named):
        return named
    if run := _run_among(plain):
        return run
    if kind in WIDGETS:  # of another version than the table's
        return {}
    if kind.startswith("Power Lora Loader"):
        loras = [value for value in values if isinstance(value, dict) and "lora" in value]
        return {f"lora_{number}": lora for number, lora in enumerate(loras, 1)}
    if listed and len(listed) == len(values):
        return dict(zip(listed, values, strict=True))
    if len(plain) == 1:
        return {"value": plain[0]}
    return {}


def _fits(named: Mapping[str, Any]) -> bool:
    """Say whether values are of the types that their names ask for."""
    return all(_TYPES[name](value) for name, value in named.items() if name in _TYPES)


def _run_among(values: list[Any]) -> dict[str, Any]:
    """Find seed, steps, guidance, sampler and scheduler side by side, as samplers of all kinds have them."""
    names = ("seed", *_RUN.split())
    for start in range(len(values) - len(names) + 1):
        run = dict(zip(names, values[start:], strict=False))
        if _is_seed(run["seed"]) and run["seed"] is not None and _fits(run):
            rest = values[start + len(names) :]
            return {**run, "denoise": rest[0]} if rest and _is_part(rest[0]) else run
    return {}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_seed(value: Any) -> bool:
    return value is None or _is_count(value)


def _is_part(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and value not in _AFTERWARDS


_MOST = 10_000  # steps; a seed is larger as a rule
_TYPES: dict[str, Callable[[Any], bool]] = {
    "seed": _is_seed,
    "noise_seed": _is_seed,
    "steps": lambda value: _is_count(value) and value <= _MOST,
    "cfg": lambda value: _is_number(value) and value <= _MOST,
    "sampler_name": _is_word,
    "scheduler": _is_word,
    "denoise": _is_part,
    "width": _is_count,
    "height": _is_count,
}


def _listed(node: Mapping[str, Any]) -> list[str]:
    """Give the names of the inputs that are widgets too."""
    inputs = node.get("inputs")
    widgets = (
        (item.get("widget") for item in inputs if isinstance(item, dict)) if isinstance(inputs, list) else ()
    )
    names = (widget.get("name") for widget in widgets if isinstance(widget, dict))
    return [
        name for name in names if isinstance(name, str) and name not in ("upload", "control_after_generate")
    ]


def _without_afterwards(values: list[Any]) -> list[Any]:
    """Leave out the editor's own value behind each seed."""
    kept: list[Any] = []
    for place, value in enumerate(values):
        number = place > 0 and isinstance(values[place - 1], (int, float, type(None)))
        if not (number and isinstance(value, str) and _is_afterwards(value)):
            kept.append(value)
    return kept


def _is_afterwards(value: Any) -> bool:
    """Say whether a value is the editor's own: a word, in old files a bool, a null where it is a button."""
    return value is None or isinstance(value, bool) or (isinstance(value, str) and value in _AFTERWARDS)


def _by_table(names: list[str], values: list[Any]) -> dict[str, Any]:
    """Lay names over values; a seed may be followed by what the editor does to it next, or may not."""
    named: dict[str, Any] = {}
    todo = list(values)
    for name in names:
        if not todo:
            break
        named[name] = todo.pop(0)
        if name in _SEEDS and todo and _is_afterwards(todo[0]):
            todo.pop(0)
    return named
