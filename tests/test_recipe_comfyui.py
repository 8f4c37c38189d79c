"""ComfyUI's graphs of many kinds: the words and numbers that a sampler was really given."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from promptcodec.recipe.model import Addon
from promptcodec.recipe.readers.comfyui import from_graph
from promptcodec.recipe.readers.comfyui.carried import graph_of

sys.path.append(str(Path(__file__).parent))
from recipe_files import node

GOOD, BAD = "a kiln in the snow", "mud, smear"
RUN = {"seed": 41, "steps": 17, "cfg": 5.5, "sampler_name": "heun", "scheduler": "beta", "denoise": 1.0}
BASE = {
    "1": node("CheckpointLoaderSimple", ckpt_name="clay.safetensors"),
    "2": node("CLIPTextEncode", clip=["1", 1], text=GOOD),
    "3": node("CLIPTextEncode", clip=["1", 1], text=BAD),
    "4": node("EmptyLatentImage", width=704, height=576, batch_size=1),
    "8": node("VAEDecode", samples=["5", 0], vae=["1", 2]),
    "9": node("SaveImage", images=["8", 0], filename_prefix="x"),
}
LATENT, MODEL = {"latent_image": ["4", 0]}, {"model": ["1", 0]}


def sampler(positive, negative, **changes):
    inputs = {**MODEL, **LATENT, "positive": positive, "negative": negative, **RUN, **changes}
    return node("KSampler", **inputs)


def recipe(**nodes):
    graph = {
        **BASE,
        "5": sampler(["2", 0], ["3", 0]),
        **{key.strip("_"): value for key, value in nodes.items()},
    }
    return from_graph(graph_of({key: value for key, value in graph.items() if value}, None))


def sides(**nodes):
    settings = recipe(**nodes).settings
    return settings.prompt, settings.negative


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


STRINGS = {
    "wildcards": node(
        "ImpactWildcardEncode",
        model=["1", 0],
        clip=["1", 1],
        wildcard_text="a {kiln|pit}",
        populated_text=GOOD,
    ),
    "box": node("CLIPTextEncode", clip=["1", 1], text=["20", 0]),
    "SDXL, twice the same": node(
        "CLIPTextEncodeSDXL", clip=["1", 1], text_g=GOOD, text_l=GOOD, width=512, height=512
    ),
    "Flux": node("CLIPTextEncodeFlux", clip=["1", 1], clip_l="", t5xxl=GOOD, guidance=5.5),
    "SD3": node(
        "CLIPTextEncodeSD3", clip=["1", 1], clip_l=GOOD, clip_g=GOOD, t5xxl=GOOD, empty_padding="none"
    ),
    "joined": node("CLIPTextEncode", clip=["1", 1], text=["21", 0]),
    "joined by others": node("CLIPTextEncode", clip=["1", 1], text=["22", 0]),
    "functions": node("CLIPTextEncode", clip=["1", 1], text=["23", 0]),
    "replaced": node("CLIPTextEncode", clip=["1", 1], text=["24", 0]),
    "shown": node("CLIPTextEncode", clip=["1", 1], text=["25", 0]),
    "wildcard processor": node("CLIPTextEncode", clip=["1", 1], text=["26", 0]),
}
BOXES = {
    "_20": node("PrimitiveStringMultiline", value=GOOD),
    "_21": node("StringConcatenate", string_a="a kiln", string_b=["27", 0], delimiter=" "),
    "_27": node("Text box", Text="in the snow"),
    "_22": node(
        "Text Concatenate",
        text_a="a kiln in",
        text_b="",
        text_c="the snow",
        delimiter=" ",
        clean_whitespace="true",
    ),
    "_23": node(
        "StringFunction|pysssss",
        action="append",
        tidy_tags="no",
        text_a="a kiln ",
        text_b="in the ",
        text_c="snow",
    ),
    "_24": node("StringReplace", string="a kiln in the sand", find="sand", replace="snow"),
    "_25": node("ShowText|pysssss", text=["20", 0], text_0="what an earlier run showed"),
    "_26": node(
        "ImpactWildcardProcessor", wildcard_text="__where__", populated_text=GOOD, mode="populate", seed=3
    ),
}


@pytest.mark.parametrize("name", STRINGS)
def test_texts_as_they_were_used(name):
    slot = 2 if name == "wildcards" else 0
    assert sides(_2=STRINGS[name], _5=sampler(["2", slot], ["3", 0]), **BOXES) == (GOOD, BAD)


JOINED = {
    "ConditioningCombine": {"conditioning_1": ["2", 0], "conditioning_2": ["10", 0]},
    "ConditioningConcat": {"conditioning_to": ["2", 0], "conditioning_from": ["10", 0]},
    "ConditioningAverage": {
        "conditioning_to": ["2", 0],
        "conditioning_from": ["10", 0],
        "conditioning_to_strength": 0.5,
    },
    "GLIGENTextBoxApply": {
        "conditioning_to": ["2", 0],
        "clip": ["1", 1],
        "text": "smoke",
        "gligen_textbox_model": ["11", 0],
    },
}


@pytest.mark.parametrize("kind", JOINED)
def test_joined_conditioning_keeps_its_order(kind):
    more = node("CLIPTextEncode", clip=["1", 1], text="smoke")
    load = node("GLIGENLoader", gligen_name="boxes.pt")
    read = sides(_6=node(kind, **JOINED[kind]), _10=more, _11=load, _5=sampler(["6", 0], ["3", 0]))
    assert read == (f"{GOOD}\nsmoke", BAD)


def test_regions_have_two_sides():
    region = node("IPAdapterRegionalConditioning", image=["12", 0], positive=["2", 0], negative=["3", 0])
    others = {side: node("CLIPTextEncode", clip=["1", 1], text=side) for side in ("whole", "whole not")}
    read = sides(
        _6=region,
        _12=node("LoadImage", image="in.png"),
        _10=others["whole"],
        _11=others["whole not"],
        _13=node("ConditioningCombineMultiple+", conditioning_1=["6", 1], conditioning_2=["10", 0]),
        _14=node("ConditioningCombineMultiple+", conditioning_1=["6", 2], conditioning_2=["11", 0]),
        _5=sampler(["13", 0], ["14", 0]),
    )
    assert read == (f"{GOOD}\nwhole", f"{BAD}\nwhole not")


def test_zeroed_conditioning_has_no_words_and_nothing_is_unknown():
    read = recipe(_3=node("ConditioningZeroOut", conditioning=["2", 0]))
    assert (read.settings.prompt, read.settings.negative, read.unknown) == (GOOD, None, ())


def test_pictures_as_conditioning_have_no_words():
    read = recipe(
        _12=node("LoadImage", image="in.png"),
        _6=node(
            "SVD_img2vid_Conditioning", clip_vision=["1", 1], init_image=["12", 0], vae=["1", 2], width=704
        ),
        _5=sampler(["6", 0], ["6", 1], latent_image=["6", 2]),
    )
    assert (read.settings.prompt, read.settings.negative, read.unknown) == (None, None, ())


def test_distilled_guidance_without_a_negative():
    read = recipe(
        _6=node("FluxGuidance", conditioning=["2", 0], guidance=3.2),
        _31=node("BasicGuider", conditioning=["6", 0], **MODEL),
        _5=node(
            "SamplerCustomAdvanced",
            noise=["30", 0],
            guider=["31", 0],
            sampler=["32", 0],
            sigmas=["33", 0],
            **LATENT,
        ),
        _30=node("RandomNoise", noise_seed=2),
        _32=node("SamplerEulerAncestral", eta=1.0, s_noise=1.0),
        _33=node("BasicScheduler", scheduler="simple", steps=4, denoise=1.0, **MODEL),
    )
    settings = read.settings
    assert (settings.prompt, settings.negative, settings.guidance) == (GOOD, None, 3.2)
    assert (settings.seed, settings.steps, settings.sampler) == (2, 4, "SamplerEulerAncestral")
    assert read.unknown == ()


UNKNOWN = {
    "a model's text": (
        {
            "_2": node("CLIPTextEncode", clip=["1", 1], text=["20", 0]),
            "_20": node("OllamaGenerate", prompt="say more of a kiln", model="m"),
        },
        "prompt (behind OllamaGenerate)",
    ),
    "a picture's tags": (
        {
            "_2": node("CLIPTextEncode", clip=["1", 1], text=["20", 0]),
            "_20": node("WD14Tagger|pysssss", image=["12", 0], model="m", threshold=0.3),
        },
        "prompt (behind WD14Tagger|pysssss)",
    ),
    "a pipe from nowhere": (
        {
            "_5": sampler(["7", 3], ["7", 4]),
            "_7": node("FromBasicPipe", basic_pipe=["6", 0]),
            "_6": node("RetrieveBackendData //Inspire", key="kept"),
        },
        "prompt (behind RetrieveBackendData //Inspire)",
    ),
    "no seed yet": ({"_5": sampler(["2", 0], ["3", 0], seed=-1)}, "seed"),
    "a computed seed": (
        {
            "_5": sampler(["2", 0], ["3", 0], seed=["20", 0]),
            "_20": node("MathExpression", a=["21", 0], b=["21", 0], expression="a+b"),
            "_21": node("PrimitiveInt", value=4),
        },
        "seed",
    ),
    "a switch that cannot be followed": (
        {
            "_6": node("ImpactSwitch", select=["20", 0], input1=["2", 0], input2=["3", 0]),
            "_20": node("RandomIndex", low=1, high=2),
            "_5": sampler(["6", 0], ["3", 0]),
        },
        "prompt (behind ImpactSwitch)",
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_cannot_be_followed_is_named_and_not_guessed(name):
    nodes, reason = UNKNOWN[name]
    read = recipe(**nodes)
    assert reason in read.unknown
    value = read.settings.seed if reason == "seed" else read.settings.prompt
    assert value is None


def test_a_prompt_is_never_taken_from_the_other_side():
    read = recipe(_6=node("OnlyOneSide", negative=["3", 0]), _5=sampler(["6", 0], ["3", 0]))
    assert (read.settings.prompt, read.settings.negative) == (None, BAD)
    assert read.unknown == ("prompt (behind OnlyOneSide)",)


def test_detectors_and_upscalers_are_no_models():
    read = recipe(
        _5=None,
        _2=None,
        _3=None,
        _1=None,
        _4=None,
        _8=None,
        _20=node("UltralyticsDetectorProvider", model_name="bbox/face.pt"),
        _21=node("UpscaleModelLoader", model_name="big.pth"),
        _22=node("LoadImage", image="in.png"),
        _23=node("ImageUpscaleWithModel", upscale_model=["21", 0], image=["22", 0]),
        _24=node("BboxDetectorSEGS", bbox_detector=["20", 0], image=["23", 0]),
        _9=node("SaveImage", images=["23", 0], filename_prefix="x"),
    )
    assert (read.model.name, read.settings.prompt) == (None, None)
    assert read.unknown == ("prompt (no sampler leads to a picture)", "seed", "model")


def test_a_service_draws_what_its_node_is_told():
    read = recipe(
        _1=None,
        _2=None,
        _3=None,
        _4=None,
        _5=None,
        _8=node(
            "SomeCloudImage",
            prompt=["20", 0],
            negative_prompt=BAD,
            seed=6,
            model="cloud-2",
            aspect_ratio="1:1",
        ),
        _20=node("PrimitiveString", value=GOOD),
    )
    assert (read.settings.prompt, read.settings.negative, read.settings.seed) == (GOOD, BAD, 6)
    assert (read.model.name, read.unknown) == ("cloud-2", ())


LORAS = {
    "rgthree": (
        {
            "lora_1": {"on": True, "lora": "a.safetensors", "strength": 0.5},
            "lora_2": {"on": False, "lora": "b.safetensors", "strength": 1},
        },
        "Power Lora Loader (rgthree)",
    ),
    "stack": (
        {
            "lora_count": 1,
            "input_mode": "simple",
            "lora_name_1": "a.safetensors",
            "lora_wt_1": 0.5,
            "lora_name_2": "b.safetensors",
            "lora_wt_2": 1,
        },
        "LoRA Stacker",
    ),
    "switched stack": (
        {
            "switch_1": "On",
            "lora_name_1": "a.safetensors",
            "model_weight_1": 0.5,
            "switch_2": "Off",
            "lora_name_2": "b.safetensors",
            "model_weight_2": 1,
        },
        "CR LoRA Stack",
    ),
    "manager": (
        {
            "loras": {
                "__value__": [
                    {"name": "a.safetensors", "strength": 0.5, "active": True},
                    {"name": "b.safetensors", "strength": 1, "active": False},
                ]
            }
        },
        "Lora Loader (LoraManager)",
    ),
    "one": ({"lora_name": "a.safetensors", "strength_model": 0.5}, "LoraLoaderModelOnly"),
    "picked from a list with pictures": (
        {"lora_name": {"content": "a.safetensors", "image": None}, "strength_model": 0.5},
        "LoraLoader|pysssss",
    ),
}


@pytest.mark.parametrize("name", LORAS)
def test_loras_that_are_on(name):
    inputs, kind = LORAS[name]
    stack = "Stack" in kind
    nodes = {"_7": node(kind, **inputs, **({} if stack else MODEL))}
    if stack:
        nodes["_6"] = node("CR Apply LoRA Stack", lora_stack=["7", 0], clip=["1", 1], **MODEL)
    read = recipe(**nodes, _5=sampler(["2", 0], ["3", 0], model=["6" if stack else "7", 0]))
    assert read.model.loras == (Addon("a.safetensors", 0.5),)
    assert read.model.name == "clay.safetensors"


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("UNETLoader", {"unet_name": "clay.safetensors", "weight_dtype": "default"}),
        ("UnetLoaderGGUF", {"unet_name": "clay.gguf"}),
        ("WanVideoModelLoader", {"model": "clay.safetensors", "base_precision": "bf16"}),
        ("CheckpointLoader|pysssss", {"ckpt_name": {"content": "clay.safetensors", "image": None}}),
    ],
)
def test_loaders_of_models(kind, inputs):
    name = recipe(_1=node(kind, **inputs)).model.name
    assert name in ("clay.safetensors", "clay.gguf")


def test_the_saved_picture_decides_which_samplers_count():
    other = sampler(["3", 0], ["2", 0], seed=99)
    assert recipe(_0=other, _00=node("PreviewImage", images=["0", 0])).settings.seed == 41


def test_a_picture_that_only_guides_does_not_count():
    read = recipe(
        _60=sampler(["3", 0], ["2", 0], seed=99),
        _61=node("VAEDecode", samples=["60", 0], vae=["1", 2]),
        _62=node(
            "ControlNetApplyAdvanced",
            positive=["2", 0],
            negative=["3", 0],
            image=["61", 0],
            control_net=["63", 0],
            strength=0.7,
        ),
        _63=node("ControlNetLoader", control_net_name="depth.pth"),
        _5=sampler(["62", 0], ["62", 1]),
    )
    assert (read.settings.prompt, read.settings.seed) == (GOOD, 41)
    assert read.model.controlnets == (Addon("depth.pth", 0.7),)
    assert read.settings.hires == {}


def test_the_first_pass_gives_the_settings_and_the_second_is_hires():
    read = recipe(
        _6=node("LatentUpscaleBy", samples=["5", 0], upscale_method="bislerp", scale_by=1.5),
        _7=sampler(["3", 0], ["2", 0], latent_image=["6", 0], seed=9, steps=6, denoise=0.4),
        _8=node("VAEDecode", samples=["7", 0], vae=["1", 2]),
        _10=node("VAEDecode", samples=["5", 0], vae=["1", 2]),
        _11=node("SaveImage", images=["10", 0], filename_prefix="first"),
    )
    assert (read.settings.prompt, read.settings.seed, read.settings.steps) == (GOOD, 41, 17)
    assert read.settings.hires == {
        "steps": 6,
        "denoise": 0.4,
        "sampler": "heun",
        "upscaler": "bislerp",
        "scale": 1.5,
    }


def test_a_detailer_behind_a_sampler_is_no_second_pass():
    read = recipe(
        _7=node(
            "FaceDetailer",
            image=["8", 0],
            positive=["3", 0],
            negative=["2", 0],
            guide_size=384,
            **MODEL,
            **{**RUN, "seed": 9},
        ),
        _9=node("SaveImage", images=["7", 0], filename_prefix="x"),
    )
    assert (read.settings.prompt, read.settings.seed, read.settings.hires) == (GOOD, 41, {})


def test_what_a_node_that_saves_was_told_is_no_sampler():
    saver = node(
        "Image Saver",
        images=["8", 0],
        filename="x",
        seed_value=5,
        steps=3,
        cfg=1,
        positive=BAD,
        negative=GOOD,
    )
    assert sides(_9=saver) == (GOOD, BAD)
