"""ComfyUI's models and passes: which LoRAs were on, which sampler counts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from promptcodec.recipe.model import Addon

sys.path.append(str(Path(__file__).parent))
from comfy_graphs import BAD, GOOD, MODEL, RUN, recipe, sampler, sides
from recipe_files import node

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
