"""ComfyUI's texts: joined, changed and written by nodes, or not to be followed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from promptcodec.recipe.model import fields_of, from_fields
from promptcodec.recipe.read import from_texts
from promptcodec.recipe.readers.comfyui import from_graph
from promptcodec.recipe.readers.comfyui.carried import graph_of
from tests.work import lines_run

sys.path.append(str(Path(__file__).parent))
from comfy_graphs import BAD, BASE, GOOD, LATENT, MODEL, recipe, sampler, sides
from recipe_files import node

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
    "a line by chance": (
        {
            "_2": node("CLIPTextEncode", clip=["1", 1], text=["20", 0]),
            "_20": node("Text Random Line", text="red\nblue", seed=1),
        },
        "prompt (behind Text Random Line)",
    ),
    "a computed seed": (
        {
            "_5": sampler(["2", 0], ["3", 0], seed=["20", 0]),
            "_20": node("MathExpression", a=["21", 0], b=["21", 0], expression="a+random(b)"),
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


def test_a_text_beside_the_graph_completes_it():
    graph = {
        **BASE,
        "2": node("CLIPTextEncode", clip=["1", 1], text=["20", 0]),
        "5": sampler(["2", 0], ["3", 0], seed=-1),
    }
    graph["20"] = node("OllamaGenerate", prompt="say more of a kiln", model="m")
    numbers = "Steps: 3, Sampler: Euler, CFG scale: 1, Seed: 12, Size: 8x8, Version: ComfyUI"
    parameters = f"{GOOD}\nNegative prompt: other\n{numbers}"
    read = from_texts({"prompt": json.dumps(graph), "parameters": parameters})
    settings = read.settings
    assert (settings.prompt, settings.negative, settings.seed, settings.steps) == (GOOD, BAD, 12, 17)
    assert read.unknown == ()
    other = from_texts({"prompt": json.dumps(graph), "parameters": parameters.replace("ComfyUI", "v1.10.1")})
    assert (other.settings.prompt, other.settings.seed) == (None, None)  # it may be of another picture


def test_what_is_unknown_is_not_stored():
    read = recipe(_5=sampler(["2", 0], ["3", 0], seed=-1))
    assert read.unknown == ("seed",)
    assert from_fields(fields_of(read)) == read
    assert from_fields(fields_of(read)).unknown == ()


@pytest.mark.parametrize(
    "kind", ["Reroute", "Switch", "Pipe", "StringConcatenate", "ConditioningCombine", "ComfySwitchNode"]
)
def test_circles_and_long_chains_end(kind):
    names = (
        "pipe_1",
        "pipe_2",
        "input1",
        "string_a",
        "string_b",
        "conditioning_1",
        "on_true",
        "switch",
        "select",
    )
    for count, step in ((900, 1), (60, 7), (3, 1)):
        nodes = {
            str(place): node(
                kind,
                **{
                    name: [str((place * step + number) % count), number % 3]
                    for number, name in enumerate(names)
                },
            )
            for place in range(count)
        }
        nodes["s"] = node(
            "KSampler",
            **{name: ["0", 0] for name in ("positive", "negative", "latent_image", "model", "seed", "steps")},
        )
        graph = graph_of(nodes, None)
        assert lines_run(lambda graph=graph: from_graph(graph)) < 3_000_000
        read = from_graph(graph)
        assert (read.settings.prompt, read.settings.seed, read.model.name) == (None, None, None)
        assert len(read.unknown) == 5


def test_texts_joined_again_and_again_stay_short():
    nodes = {
        str(place): node("StringConcatenate", string_a=[str(place + 1), 0], string_b=[str(place + 1), 0])
        for place in range(60)
    }
    nodes["60"] = node("StringReplace", string="aaaaaaaaaa" * 100, find="a", replace="b" * 10_000)
    nodes["s"] = sampler(["0", 0], ["0", 0])
    assert len(from_graph(graph_of({**BASE, **nodes}, None)).settings.prompt) < 1 << 17
