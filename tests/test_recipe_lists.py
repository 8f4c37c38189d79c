"""Reading recipes: texts of lines, lists of models, and keys of old versions."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from promptcodec.recipe import Addon, read
from promptcodec.recipe.read import from_texts
from promptcodec.recipe.readers.loras import Call, calls, without_calls

sys.path.append(str(Path(__file__).parent))
from recipe_files import jpeg_with_comment, png, saved, text

LABELLED = {
    "Prompt": "a kite, wind: strong", "Seed": 4711, "Stable Diffusion model": "meadow-v2",
    "Sampler": "euler_a", "VAE model": "None", "Use Face Correction": "None",
    "Negative Prompt": "people", "Steps": 22,
    "Guidance Scale": 6.5, "Width": 640, "Height": 448, "Prompt Strength": 0.7, "LoRA model": "breeze",
    "LoRA Strength": 0.4, "Latent Upscaler Steps": 10,
}  # fmt: skip
LINES = "\n".join(f"{key}: {value}" for key, value in LABELLED.items())
# The oldest files have no label before the prompt.
OLDEST = "a kite\nwind: strong\n" + "\n".join(LINES.splitlines()[1:])


@pytest.mark.parametrize(
    "file",
    [
        png(text("parameters", LINES)),
        jpeg_with_comment(LINES),
        saved("JPEG", comment=LINES.replace("\n", "\r\n")),
    ],
)
def test_easy_diffusion_in_lines(file):
    recipe = read(file)
    settings = recipe.settings
    assert recipe.platform.tool == "easy-diffusion"
    assert (settings.prompt, settings.negative) == ("a kite, wind: strong", "people")
    assert (settings.seed, settings.steps, settings.guidance, settings.sampler) == (4711, 22, 6.5, "euler_a")
    assert (settings.width, settings.height, settings.denoise) == (640, 448, 0.7)
    assert (recipe.model.name, recipe.model.vae) == ("meadow-v2", None)
    assert recipe.model.loras == (Addon("breeze", 0.4),)
    assert recipe.extra["Latent Upscaler Steps"] == "10"


def test_lines_without_a_label_go_on_with_the_prompt():
    assert from_texts({"Description": OLDEST}).settings.prompt == "a kite\nwind: strong"
    negative = LINES.replace("Negative Prompt: people", "Negative Prompt: people\ndogs")
    assert from_texts({"Comment": negative}).settings.negative == "people\ndogs"


@pytest.mark.parametrize(
    "other",
    [
        "a kite\nNegative prompt: people\nSteps: 22, Sampler: Euler a, Seed: 4711, Size: 64x64",
        "a kite\nSteps: 22\nSampler: Euler a\nSeed: 4711\nSize: 640x448\nModel: meadow",
    ],
)
def test_other_texts_of_lines_stay_with_their_tool(other):
    recipe = from_texts({"parameters": other})
    assert (recipe.platform.tool, recipe.settings.prompt, recipe.settings.seed) == (
        "a1111-webui",
        "a kite",
        4711,
    )


def test_lines_of_an_unknown_tool_are_not_of_easy_diffusion():
    lines = "Motif: a kite\nSeed: 4711\nSteps: 22\nGuidance Scale: 6.5\nSampler: euler"
    recipe = from_texts({"parameters": lines})
    assert recipe is None or recipe.platform.tool != "easy-diffusion"


@pytest.mark.parametrize(
    ("prompt", "call"),
    [
        ("<lora:breeze>", Call("breeze", None, None)),
        ("<lora:breeze:0.5>", Call("breeze", 0.5, 0.5)),
        ("<lora:breeze:0.5:0.9>", Call("breeze", 0.9, 0.5)),
        ("<lyco:breeze:0.5:0.9:16>", Call("breeze", 0.9, 0.5)),
        ("<lora:breeze:te=0.5:unet=0.9>", Call("breeze", 0.9, 0.5)),
        ("<lora:breeze:unet=0.9>", Call("breeze", 0.9, None)),
        ("<lora:breeze:0.5:lbw=IN>", Call("breeze", 0.5, 0.5)),
        ("<LORA:breeze:many>", Call("breeze", None, None)),
    ],
)
def test_two_weights_of_a_call(prompt, call):
    assert list(calls(f"a kite {prompt}")) == [call]
    assert without_calls(f"a kite {prompt}, wind") == "a kite, wind"
    assert without_calls(" a kite\n") == " a kite\n"
    recipe = from_texts({"parameters": f"a kite {prompt}\nSteps: 3, Sampler: Euler, Seed: 1"})
    assert recipe.model.loras == (Addon("breeze", call.weight),)


def test_models_of_tensorart():
    values = {
        "prompt": "a kite", "seed": "5", "scheduleName": "karras",
        "models": [
            {"type": "BASE_MODEL", "label": "Meadow", "modelFileName": "meadow-v2", "hash": "M1"},
            {"type": "LORA", "label": "Breeze", "modelFileName": "breeze-v1", "weight": 0.6, "hash": "L1"},
            {"type": "LORA", "label": "Mist", "weight": "0.25"},
            {"type": "EMBEDDING", "label": "hands"},
            "no object",
        ],
    }  # fmt: skip
    recipe = from_texts({"generation_data": json.dumps(values) + "\0"})
    assert recipe.model.loras == (Addon("breeze-v1", 0.6, "L1"), Addon("Mist", 0.25))
    assert (recipe.model.name, recipe.model.hash) == ("meadow-v2", "M1")
    assert recipe.settings.scheduler == "karras"
    assert recipe.extra["models"][3] == {"type": "EMBEDDING", "label": "hands"}


def test_old_keys_of_controlnets():
    first = "ControlNet Module: canny, ControlNet Model: lines [ab12], ControlNet Weight: 1"
    first = f"ControlNet Enabled: True, {first}"
    second = "ControlNet-1 Model: depth [cd34], ControlNet-1 Weight: 0.5, ControlNet-1 Guidance End: 0.8"
    unused = "ControlNet-2 Enabled: False, ControlNet-2 Model: pose, ControlNet-3 Model: None"
    recipe = from_texts(
        {"parameters": f"a kite\nSteps: 3, Sampler: Euler, Seed: 1, {first}, {second}, {unused}"}
    )
    assert recipe.model.controlnets == (Addon("lines [ab12]", 1), Addon("depth [cd34]", 0.5))
    assert recipe.extra == {"ControlNet Module": "canny", "ControlNet-1 Guidance End": 0.8}


@pytest.mark.parametrize("name", ["None", "Default (model)", "Automatic", " none "])
def test_the_models_own_vae_is_no_vae(name):
    fooocus = {"base_model": "meadow", "metadata_scheme": "fooocus", "prompt": "a kite", "vae": name}
    assert from_texts({"parameters": json.dumps(fooocus)}).model.vae is None
    assert (
        from_texts({"parameters": f"a kite\nSteps: 3, Sampler: Euler, VAE: {name}, Seed: 1"}).model.vae
        is None
    )
