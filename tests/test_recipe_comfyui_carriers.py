"""ComfyUI's pipes and contexts: what carries a sampler's settings is no sampler."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

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
