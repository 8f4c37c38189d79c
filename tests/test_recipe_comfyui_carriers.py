"""ComfyUI's nodes that carry or pass on: pipes, contexts, stacks, styles, and links that lead nowhere."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from promptcodec.recipe.model import Addon
from promptcodec.recipe.readers.comfyui import models
from promptcodec.recipe.readers.comfyui.carried import graph_of
from tests.work import lines_run

sys.path.append(str(Path(__file__).parent))
from comfy_graphs import BAD, GOOD, LATENT, MODEL, RUN, recipe, sampler
from recipe_files import node

SIDES = {"positive": ["2", 0], "negative": ["3", 0]}
TIMED = {"seed": ["20", 0], "steps": ["21", 0]}
VALUES = {"_20": node("Seed (rgthree)", seed=41), "_21": node("INTConstant", value=17)}
CONTEXT = {**MODEL, **SIDES, "latent": ["4", 0]}
TAKEN = {"model": ["7", 1], "positive": ["7", 4], "negative": ["7", 5], "latent_image": ["7", 6]}
CARRIED = {
    "a context": {
        "_7": node("Context Big (rgthree)", **CONTEXT, **TIMED),
        "_5": sampler(**{**TAKEN, "seed": ["7", 8], "steps": ["7", 9]}),
    },
    "a context with how to sample": {
        "_7": node("Context Big (rgthree)", **CONTEXT, **TIMED, cfg=5.5, sampler="heun", scheduler="beta"),
        "_5": sampler(**{**TAKEN, "seed": ["7", 8], "steps": ["7", 9], "scheduler": ["7", 14]}),
    },
    "a context beside the latent": {
        "_7": node("Context Big (rgthree)", **CONTEXT, seed=["20", 0], steps=17),
        "_5": sampler(["7", 4], ["7", 5]),
    },
    "a context in a context": {
        "_7": node("Context Merge Big (rgthree)", ctx_01=["6", 0], ctx_02=None),
        "_6": node("Context Big (rgthree)", **CONTEXT, **TIMED),
        "_5": sampler(**{**TAKEN, "seed": ["7", 8], "steps": ["7", 9]}),
    },
    "a pipe of another pack": {
        "_7": node("KilnPipeIn", **CONTEXT, **TIMED),
        "_5": sampler(["7", 2], ["7", 3], latent_image=["7", 4], seed=["7", 5], steps=["7", 6]),
    },
}


@pytest.mark.parametrize("name", CARRIED)
def test_what_carries_a_seed_and_steps_is_no_sampler(name):
    read = recipe(**VALUES, **CARRIED[name])
    settings = read.settings
    assert (settings.prompt, settings.negative, settings.hires) == (GOOD, BAD, {})
    assert (settings.sampler, settings.scheduler, settings.guidance) == ("heun", "beta", 5.5)
    assert (settings.seed, settings.steps, settings.width, settings.height) == (41, 17, 704, 576)
    assert (read.model.name, read.unknown) == ("clay.safetensors", ())


SAMPLERS = {
    "few inputs": node("KilnDraw", **MODEL, **LATENT, conditioning=["2", 0], seed=41, steps=17),
    "few inputs, no latent": node("KilnDraw", **MODEL, **SIDES, seed=41, steps=17),
    "a wrapper": node("WanVideoSampler", **MODEL, text_embeds=["6", 0], seed=41, steps=17),
    "a retouch": node(
        "FaceDetailerPipe", detailer_pipe=["6", 0], image=["11", 0], guide_size=512, seed=41, steps=17
    ),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_of_few_inputs_stays_one(name):
    settings = recipe(
        _5=SAMPLERS[name],
        _6=node("ToBasicPipe", **MODEL, **SIDES),
        _11=node("LoadImage", image="in.png"),
        _9=node("Image Saver", images=["8", 0], filename="x", seed_value=["5", 1], steps=["5", 2]),
    ).settings
    assert (settings.seed, settings.steps, settings.prompt) == (41, 17, GOOD)


def test_a_sampler_that_also_gives_what_it_took_is_the_first_of_two():
    first = node("KSampler (Efficient)", **MODEL, **SIDES, **LATENT, **RUN)
    second = sampler(["5", 1], ["5", 2], model=["5", 0], latent_image=["5", 3], seed=9, steps=4, denoise=0.3)
    settings = recipe(_5=first, _6=second, _8=node("VAEDecode", samples=["6", 0], vae=["1", 2])).settings
    assert (settings.prompt, settings.negative, settings.seed, settings.steps) == (GOOD, BAD, 41, 17)
    assert settings.hires == {"steps": 4, "denoise": 0.3, "sampler": "heun"}


MISSING = {
    "a missing node": {"_5": sampler(["66", 0], ["3", 0])},
    "a place that is a text": {"_5": sampler(["2", "0"], ["3", 0])},
    "a missing text": {"_2": node("CLIPTextEncode", clip=["1", 1], text=["66", 0])},
    "a missing pipe": {
        "_5": sampler(["6", 3], ["3", 0]),
        "_6": node("FromBasicPipe", basic_pipe=["66", 0]),
    },
    "a missing node behind another": {
        "_5": sampler(["6", 0], ["3", 0]),
        "_6": node("ConditioningSetTimestepRange", conditioning=["66", 0], start=0.0, end=0.5),
    },
}


@pytest.mark.parametrize("name", MISSING)
def test_a_link_that_leads_nowhere_leaves_the_prompt_unknown(name):
    read = recipe(**MISSING[name])
    assert (read.settings.prompt, read.settings.negative) == (None, BAD)
    assert read.unknown == ("prompt (behind a node that is missing)",)


def test_a_missing_part_of_a_prompt_is_unknown():
    joined = node("ConditioningConcat", conditioning_to=["2", 0], conditioning_from=["66", 0])
    read = recipe(_5=sampler(["6", 0], ["66", 0]), _6=joined)
    assert read.settings.negative is None
    assert read.unknown == (
        "prompt (behind a node that is missing)",
        "negative (behind a node that is missing)",
    )


def test_a_lora_that_is_linked_to_a_loader_counts_once():
    read = recipe(
        _20=node("WanVideoLoraSelect", lora="glaze.safetensors", strength=0.6, prev_lora=["21", 0]),
        _21=node("WanVideoLoraSelect", lora="paint.safetensors", strength=0.3),
        _1=node("WanVideoModelLoader", model="clay.safetensors", lora=["20", 0]),
    )
    assert read.model.loras == (Addon("glaze.safetensors", 0.6), Addon("paint.safetensors", 0.3))


def test_loras_that_a_node_of_their_own_sets():
    read = recipe(
        _20=node("WanVideoLoraSelect", lora="glaze.safetensors", strength=0.6),
        _21=node("WanVideoSetLoRAs", model=["1", 0], lora=["20", 0]),
        _5=sampler(["2", 0], ["3", 0], model=["21", 0]),
    )
    assert read.model.loras == (Addon("glaze.safetensors", 0.6),)


def styled(kind, **inputs):
    encoder = node("CLIPTextEncode", clip=["1", 1], text=["20", 0])
    return recipe(_2=encoder, _20=node(kind, **inputs))


STYLERS = {
    "SDXLPromptStyler": ("style", {"text_positive": GOOD, "text_negative": "", "log_prompt": False}),
    "easy stylesSelector": ("select_styles", {"styles": "house", "positive": GOOD, "negative": ""}),
    "MilehighStyler": ("milehigh", {"text_positive": GOOD, "text_negative": ""}),
    "Words And Look": ("style_name", {"text": GOOD}),
}


@pytest.mark.parametrize("kind", STYLERS)
@pytest.mark.parametrize("style", ["cine-dark", "none, moody"])
def test_a_text_that_is_put_into_a_style_is_unknown(kind, style):
    name, texts = STYLERS[kind]
    read = styled(kind, **texts, **{name: style})
    assert read.settings.prompt is None
    assert read.unknown == (f"prompt (behind {kind})",)


@pytest.mark.parametrize("kind", STYLERS)
@pytest.mark.parametrize("style", ["none", "None", "no_style", "No Style", "base", "-", ""])
def test_a_text_without_a_style_stays_as_it_is(kind, style):
    name, texts = STYLERS[kind]
    read = styled(kind, **texts, **{name: style})
    assert (read.settings.prompt, read.unknown) == (GOOD, ())


def test_a_linked_text_stands_in_place_of_a_box():
    read = styled("Textbox", text="old words", passthrough=["2", 0])
    assert read.settings.prompt is None  # in a circle
    read = recipe(
        _2=node("CLIPTextEncode", clip=["1", 1], text=["20", 0]),
        _20=node("Textbox", text="old words", passthrough=["21", 0]),
        _21=node("PrimitiveString", value=GOOD),
    )
    assert (read.settings.prompt, read.unknown) == (GOOD, ())


@pytest.mark.parametrize("switch", ["On", "Off"])
def test_a_stack_of_controlnets_that_are_on(switch):
    stack = {
        "switch_1": "On",
        "controlnet_1": "depth.pth",
        "controlnet_strength_1": 0.6,
        "switch_2": "Off",
        "controlnet_2": "lines.pth",
        "controlnet_strength_2": 1.0,
        "switch_3": "On",
        "controlnet_3": "None",
        "controlnet_strength_3": 1.0,
    }
    more = {"switch_1": "On", "controlnet_1": "pose.pth", "controlnet_strength_1": 0.2}
    read = recipe(
        _20=node("CR Multi-ControlNet Stack", image_1=["23", 0], controlnet_stack=["21", 0], **stack),
        _21=node("CR Multi-ControlNet Stack", image_1=["23", 0], **more),
        _22=node(
            "CR Apply Multi-ControlNet",
            base_positive=["2", 0],
            base_negative=["3", 0],
            switch=switch,
            controlnet_stack=["20", 0],
        ),
        _23=node("LoadImage", image="in.png"),
        _5=sampler(["22", 0], ["22", 1]),
    )
    on = (Addon("depth.pth", 0.6), Addon("pose.pth", 0.2))
    assert read.model.controlnets == (on if switch == "On" else ())
    assert (read.settings.prompt, read.settings.negative) == (GOOD, BAD)


@pytest.mark.parametrize("name", ["control_net", "controlnet_stack"])
def test_many_nodes_that_apply_a_controlnet_take_bounded_work(name):
    nodes = {str(place): node("Apply", strength=1, **{name: [str(place + 1), 0]}) for place in range(1000)}
    graph = graph_of(nodes, None)
    assert lines_run(lambda: models.controlnets_of(graph, "0")) < 1_500_000
