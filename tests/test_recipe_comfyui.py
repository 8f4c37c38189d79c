"""ComfyUI's graphs of many kinds: both prompts and every number that a sampler was really given."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
from comfy_graphs import BAD, GOOD, LATENT, MODEL, RUN, recipe, sampler
from recipe_files import node

PIPE = {
    "_6": node(
        "ToBasicPipe", model=["1", 0], clip=["1", 1], vae=["1", 2], positive=["2", 0], negative=["3", 0]
    )
}
CONTEXT = {
    "_6": node("Context (rgthree)", model=["1", 0], positive=["2", 0], negative=["3", 0], seed=41),
    "_5": sampler(["7", 4], ["7", 5], model=["7", 1], seed=["7", 8]),
}
EFFICIENT = node(
    "Efficient Loader",
    ckpt_name="clay.safetensors",
    vae_name="Baked VAE",
    lora_name="glaze.safetensors",
    lora_model_strength=0.4,
    positive=GOOD,
    negative=BAD,
    empty_latent_width=704,
    empty_latent_height=576,
)
TWO_SIDED = {
    "pipe": {
        **PIPE,
        "_7": node("FromBasicPipe", basic_pipe=["6", 0]),
        "_5": sampler(["7", 3], ["7", 4], model=["7", 0]),
    },
    "second form of the pipe": {
        **PIPE,
        "_7": node("FromBasicPipe_v2", basic_pipe=["6", 0]),
        "_5": sampler(["7", 4], ["7", 5], model=["7", 1]),
    },
    "edited pipe": {
        **PIPE,
        "_2": node("CLIPTextEncode", clip=["1", 1], text="replaced"),
        "_10": node("CLIPTextEncode", clip=["1", 1], text=GOOD),
        "_11": node("EditBasicPipe", basic_pipe=["6", 0], positive=["10", 0]),
        "_7": node("FromBasicPipe", basic_pipe=["11", 0]),
        "_5": sampler(["7", 3], ["7", 4], model=["7", 0]),
    },
    "sampler that takes a pipe": {
        **PIPE,
        "_5": node("ImpactKSamplerBasicPipe", basic_pipe=["6", 0], **LATENT, **RUN),
        "_8": node("VAEDecode", samples=["5", 1], vae=["1", 2]),
    },
    "detailer pipe": {
        **PIPE,
        "_7": node("BasicPipeToDetailerPipe", basic_pipe=["6", 0], bbox_detector=["20", 0]),
        "_20": node("UltralyticsDetectorProvider", model_name="bbox/face.pt"),
        "_21": node("LoadImage", image="in.png"),
        "_5": node("FaceDetailerPipe", image=["21", 0], detailer_pipe=["7", 0], guide_size=384, **RUN),
        "_9": node("SaveImage", images=["5", 0], filename_prefix="x"),
    },
    "context": {**CONTEXT, "_7": node("Context (rgthree)", base_ctx=["6", 0])},
    "context switch": {**CONTEXT, "_7": node("Context Switch (rgthree)", ctx_02=["6", 0])},
    "crossed ControlNet": {
        "_6": node(
            "ControlNetApplyAdvanced", positive=["3", 0], negative=["2", 0], control_net=["7", 0], strength=1
        ),
        "_7": node("ControlNetLoader", control_net_name="lines.pth"),
        "_5": sampler(["6", 1], ["6", 0]),
    },
    "unknown node with two sides": {
        "_6": node("NobodyKnowsThis", positive=["2", 0], negative=["3", 0], strength=0.5),
        "_5": sampler(["6", 1], ["6", 2]),
    },
    "unknown pipe": {
        "_6": node("PackAll", model=["1", 0], pos=["2", 0], neg=["3", 0]),
        "_7": node("UnpackAll", my_pipe=["6", 0]),
        "_5": sampler(["7", 5], ["7", 6], model=["7", 0]),
    },
    "efficient loader": {
        "_1": None,
        "_2": None,
        "_3": None,
        "_4": None,
        "_6": EFFICIENT,
        "_5": node(
            "KSampler (Efficient)",
            model=["6", 0],
            positive=["6", 1],
            negative=["6", 2],
            latent_image=["6", 3],
            **RUN,
        ),
        "_9": node("SaveImage", images=["5", 5], filename_prefix="x"),
    },
    "loader with a pipe": {
        "_1": None,
        "_2": None,
        "_3": None,
        "_4": None,
        "_6": node(
            "easy fullLoader",
            ckpt_name="clay.safetensors",
            positive=GOOD,
            negative=BAD,
            resolution="704 x 576",
            empty_latent_width=512,
            empty_latent_height=512,
        ),
        "_5": node("easy fullkSampler", pipe=["6", 0], **RUN),
        "_9": node("SaveImage", images=["5", 1], filename_prefix="x"),
    },
    "detailer on a picture": {
        "_21": node("LoadImage", image="in.png"),
        "_5": node("FaceDetailer", image=["21", 0], positive=["2", 0], negative=["3", 0], **MODEL, **RUN),
        "_9": node("SaveImage", images=["5", 0], filename_prefix="x"),
    },
    "upscaler that samples": {
        "_21": node("LoadImage", image="in.png"),
        "_22": node("UpscaleModelLoader", model_name="big.pth"),
        "_5": node(
            "UltimateSDUpscale",
            image=["21", 0],
            positive=["2", 0],
            negative=["3", 0],
            upscale_model=["22", 0],
            upscale_by=2.0,
            **MODEL,
            **RUN,
        ),
        "_9": node("SaveImage", images=["5", 0], filename_prefix="x"),
    },
    "sampler in parts": {
        "_5": node(
            "SamplerCustomAdvanced",
            noise=["30", 0],
            guider=["31", 0],
            sampler=["32", 0],
            sigmas=["33", 0],
            **LATENT,
        ),
        "_30": node("RandomNoise", noise_seed=41),
        "_31": node("CFGGuider", positive=["2", 0], negative=["3", 0], cfg=5.5, **MODEL),
        "_32": node("KSamplerSelect", sampler_name="heun"),
        "_33": node("BasicScheduler", scheduler="beta", steps=17, denoise=1.0, **MODEL),
    },
    "two guidances": {
        "_5": node(
            "SamplerCustomAdvanced",
            noise=["30", 0],
            guider=["31", 0],
            sampler=["32", 0],
            sigmas=["33", 0],
            **LATENT,
        ),
        "_30": node("RandomNoise", noise_seed=41),
        "_31": node(
            "DualCFGGuider", cond1=["2", 0], cond2=["3", 0], negative=["3", 0], cfg_conds=5.5, **MODEL
        ),
        "_32": node("KSamplerSelect", sampler_name="heun"),
        "_33": node("BasicScheduler", scheduler="beta", steps=17, denoise=1.0, **MODEL),
    },
    "providers": {
        **PIPE,
        "_6": node("ToBasicPipe", model=["1", 0], positive=["2", 0], negative=["3", 0]),
        "_7": node("KSamplerProvider", basic_pipe=["6", 0], **RUN),
        "_5": node(
            "TwoSamplersForMask", base_sampler=["7", 0], mask_sampler=["7", 0], mask=["40", 1], **LATENT
        ),
        "_40": node("LoadImage", image="m.png"),
    },
    "advanced providers": {
        **PIPE,
        "_7": node(
            "KSamplerAdvancedProvider", basic_pipe=["6", 0], cfg=5.5, sampler_name="heun", scheduler="beta"
        ),
        "_5": node(
            "TwoAdvancedSamplersForMask",
            base_sampler=["7", 0],
            mask_sampler=["7", 0],
            samples=["4", 0],
            mask=["40", 1],
            seed=41,
            steps=17,
            denoise=1.0,
        ),
        "_40": node("LoadImage", image="m.png"),
    },
    "styles": {
        "_6": node("SDXLPromptStyler", text_positive=GOOD, text_negative=BAD, style="base"),
        "_2": node("CLIPTextEncode", clip=["1", 1], text=["6", 0]),
        "_3": node("CLIPTextEncode", clip=["1", 1], text=["6", 1]),
    },
    "one node for both texts": {
        "_6": node("Two Clip Text Encode", clip=["1", 1], prompt=GOOD, negative_prompt=BAD),
        "_5": sampler(["6", 0], ["6", 1]),
    },
    "video": {
        "_6": node(
            "WanImageToVideo",
            positive=["2", 0],
            negative=["3", 0],
            vae=["1", 2],
            width=704,
            height=576,
            length=33,
        ),
        "_5": sampler(["6", 0], ["6", 1], latent_image=["6", 2]),
        "_9": node("SaveVideo", video=["8", 0], filename_prefix="x"),
    },
    "text embeddings": {
        "_2": node("WanVideoTextEncode", positive_prompt=GOOD, negative_prompt=BAD, t5=["1", 1]),
        "_5": node("WanVideoSampler", text_embeds=["2", 0], samples=["4", 0], **MODEL, **RUN),
    },
    "switch": {
        "_10": node("CLIPTextEncode", clip=["1", 1], text="not this one"),
        "_6": node("ImpactSwitch", select=2, input1=["10", 0], input2=["2", 0], sel_mode=False),
        "_5": sampler(["6", 0], ["3", 0]),
    },
    "switch by a truth": {
        "_10": node("CLIPTextEncode", clip=["1", 1], text="not this one"),
        "_11": node("PrimitiveBoolean", value=False),
        "_6": node("ComfySwitchNode", switch=["11", 0], on_true=["10", 0], on_false=["2", 0]),
        "_5": sampler(["6", 0], ["3", 0]),
    },
    "numbers behind links": {
        "_5": sampler(
            ["2", 0], ["3", 0], seed=["50", 0], steps=["51", 0], cfg=["52", 0], sampler_name=["53", 3]
        ),
        "_50": node("Seed (rgthree)", seed=41),
        "_51": node("PrimitiveInt", value=17),
        "_52": node("Reroute", _=["54", 0]),
        "_54": node("PrimitiveFloat", value=5.5),
        "_53": node(
            "Input Parameters (Image Saver)", seed=1, steps=2, cfg=3, sampler_name="heun", scheduler="x"
        ),
    },
    "size behind links": {
        "_4": node("EmptyLatentImage", width=["50", 0], height=["51", 1], batch_size=1),
        "_50": node("INTConstant", value=704),
        "_51": node("Some Resolutions", resolution="704x576 (wide)"),
        "_5": sampler(["2", 0], ["3", 0]),
    },
}


@pytest.mark.parametrize("name", TWO_SIDED)
def test_both_sides_and_every_number(name):
    read = recipe(**TWO_SIDED[name])
    settings = read.settings
    assert (settings.prompt, settings.negative) == (GOOD, BAD)
    assert (settings.seed, settings.steps, settings.guidance) == (41, 17, 5.5)
    assert (settings.sampler, settings.scheduler, settings.denoise) == ("heun", "beta", 1)
    assert read.model.name == "clay.safetensors"
    size = None if any(value and "in.png" in str(value) for value in TWO_SIDED[name].values()) else (704, 576)
    assert (settings.width, settings.height) == (size or (None, None))
    assert read.unknown == ()
