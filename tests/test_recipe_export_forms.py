"""What an export says in a tool's own terms, and what it names that the tool's form cannot say."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from promptcodec.recipe import read_metadata
from promptcodec.recipe.model import Addon, ModelInfo, Platform, Recipe, Settings
from promptcodec.recipe.read import from_texts
from promptcodec.recipe.samplers import a1111_names, comfyui_names
from promptcodec.recipe.write import WRITERS, export

sys.path.append(str(Path(__file__).parent))
from recipe_files import GRAPH, node, png, text

BASE = Settings("a pier, gulls", "fog", "euler", "karras", 24, 5.5, 31, 640, 960)
LOADED = ModelInfo("tide.safetensors")


def exported(tool, settings=BASE, model=LOADED, made_by="comfyui", **fields):
    return export(Recipe(Platform(made_by), model, settings, **fields), tool)


def pairs(parameters):
    line = parameters.splitlines()[-1]
    return dict(pair.split(": ", 1) for pair in line.split(", "))


def sampled(graph, kind="KSampler"):
    return next(item["inputs"] for item in json.loads(graph).values() if item["class_type"] == kind)


def two_passes(**resize):
    ends = {"positive": ["2", 0], "negative": ["3", 0], "model": ["1", 0], "sampler_name": "euler"}
    first = {"seed": 31, "steps": 24, "cfg": 5.5, "scheduler": "karras", "denoise": 1.0}
    second = {**first, "steps": 9, "denoise": 0.2}
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name="tide.safetensors"),
        "2": node("CLIPTextEncode", text="a pier", clip=["1", 1]),
        "3": node("CLIPTextEncode", text="fog", clip=["1", 1]),
        "4": node("EmptyLatentImage", width=640, height=960, batch_size=1),
        "5": node("KSampler", latent_image=["4", 0], **ends, **first),
        "6": node("LatentUpscale", samples=["5", 0], upscale_method="bilinear", **resize),
        "7": node("KSampler", latent_image=["6", 0], **ends, **second),
        "8": node("VAEDecode", samples=["7", 0], vae=["1", 2]),
        "9": node("SaveImage", images=["8", 0], filename_prefix="x"),
    }


@pytest.mark.parametrize(
    ("resize", "written"),
    [
        ({"width": 1280, "height": 1920}, {"Hires resize": "1280x1920"}),
        ({"scale_by": 1.5}, {"Hires upscale": "1.5"}),
    ],
)
def test_the_strength_and_size_of_the_second_pass(resize, written):
    recipe = from_texts({"prompt": json.dumps(two_passes(**resize))})
    parameters, notices = export(recipe, "a1111")
    values = pairs(parameters)
    assert notices == ()
    assert (values["Denoising strength"], values["Hires steps"]) == ("0.2", "9")
    assert values["Hires upscaler"] == "Latent"
    assert {key: values[key] for key in values if key in ("Hires resize", "Hires upscale")} == written


def test_a_second_pass_of_unknown_size_is_named():
    settings = replace(BASE, denoise=1, hires={"steps": 9, "denoise": 0.2})
    parameters, notices = exported("a1111", settings)
    assert pairs(parameters)["Denoising strength"] == "0.2"
    assert notices == ("to be added by you, as the recipe does not hold it: the size of the second pass",)


def test_a_whole_strength_is_none():
    assert "Denoising strength" not in exported("a1111", replace(BASE, denoise=1)).text
    assert pairs(exported("a1111", replace(BASE, denoise=0.6)).text)["Denoising strength"] == "0.6"


def test_the_strength_of_a_second_pass_starts_no_picture():
    settings = replace(BASE, denoise=0.3, hires={"scale": 2})
    for tool in ("invokeai", "diffusers"):
        written = exported(tool, settings, made_by="a1111-webui")
        assert "strength" not in json.loads(written.text)
        assert any("second pass" in notice for notice in written.notices)


@pytest.mark.parametrize(
    ("given", "comfyui"),
    [
        (("DPM++ 2M", "Karras"), ("dpmpp_2m", "karras")),
        (("DPM++ 2M Karras", None), ("dpmpp_2m", "karras")),
        (("DPM++ 2M SDE Heun Exponential", None), ("dpmpp_2m_sde_heun", "exponential")),
        (("DPM++ 2M", "Automatic"), ("dpmpp_2m", "karras")),
        (("DPM++ 3M SDE", "Automatic"), ("dpmpp_3m_sde", "exponential")),
        (("Euler a", "Automatic"), ("euler_ancestral", "normal")),
        (("Euler a", None), ("euler_ancestral", "normal")),
        (("DDIM", "Automatic"), ("ddim", "ddim_uniform")),
        (("Euler", "Uniform"), ("euler", "normal")),
        (("Euler", "SGM Uniform"), ("euler", "sgm_uniform")),
        (("Euler", "Polyexponential"), ("euler", "exponential")),
        (("Euler", "Align Your Steps"), ("euler", None)),
        (("PLMS", "Karras"), (None, "karras")),
        (("Restart", "Automatic"), (None, None)),
        (("euler a", "karras"), ("euler_ancestral", "karras")),
        (("k_dpmpp_2m", "native"), ("dpmpp_2m", "normal")),
        (("dpmpp_2m_k", None), ("dpmpp_2m", "karras")),
        (("k_dpm_2_a_ka", None), ("dpm_2_ancestral", "karras")),
        (("euler_a", None), ("euler_ancestral", None)),
        (("DPM++ 2S Ancestral Karras", None), ("dpmpp_2s_ancestral", "karras")),
        (("SamplerDPMPP_2M_SDE", "beta"), ("dpmpp_2m_sde", "beta")),
        (("dpmpp_2m_sde_gpu", "karras"), ("dpmpp_2m_sde_gpu", "karras")),
        (("uni_pc_bh2", "simple"), ("uni_pc_bh2", "simple")),
        (("seeds_2", "linear_quadratic"), ("seeds_2", "linear_quadratic")),
        ((None, None), (None, None)),
    ],
)
def test_names_in_comfyui(given, comfyui):
    assert comfyui_names(*given) == comfyui


@pytest.mark.parametrize(
    ("given", "a1111"),
    [
        (("dpmpp_2m", "karras"), ("DPM++ 2M", "Karras")),
        (("dpmpp_sde_gpu", "normal"), ("DPM++ SDE", "Normal")),
        (("uni_pc_bh2", "ddim_uniform"), ("UniPC", "DDIM")),
        (("euler_ancestral", "kl_optimal"), ("Euler a", "KL Optimal")),
        (("k_dpmpp_2s_ancestral", "karras"), ("DPM++ 2S a", "Karras")),
        (("dpmpp_2m_k", None), ("DPM++ 2M", "Karras")),
        (("euler", "linear_quadratic"), ("Euler", None)),
        (("seeds_3", "simple"), (None, "Simple")),
    ],
)
def test_names_in_a1111(given, a1111):
    assert a1111_names(*given) == a1111


def test_names_come_back():
    for scheduler in ("normal", "karras", "exponential", "sgm_uniform", "simple", "ddim_uniform", "beta"):
        for sampler in (
            "euler",
            "euler_ancestral",
            "heun",
            "dpm_2",
            "lms",
            "dpmpp_sde",
            "dpmpp_3m_sde",
            "lcm",
        ):
            assert comfyui_names(*a1111_names(sampler, scheduler)) == (sampler, scheduler)


@pytest.mark.parametrize("label", ["Uniform", "Automatic", "Polyexponential", "Align Your Steps"])
def test_a_tools_own_names_stay(label):
    settings = replace(BASE, sampler="DPM++ 2M", scheduler=label)
    assert pairs(exported("a1111", settings, made_by="forge").text)["Schedule type"] == label


def test_unknown_names_are_replaced_and_named():
    settings = replace(BASE, sampler="PLMS", scheduler="Align Your Steps")
    graph, notices = exported("comfyui", settings, made_by="a1111-webui")
    assert (sampled(graph)["sampler_name"], sampled(graph)["scheduler"]) == ("euler", "normal")
    names = "sampler euler for PLMS, scheduler normal for Align Your Steps"
    assert notices == (f"otherwise than in the recipe, as comfyui does not know it: {names}",)


def test_names_that_a1111_does_not_know_are_named():
    hires = {"scale": 2, "sampler": "seeds_3", "upscaler": "bislerp"}
    settings = replace(BASE, sampler="seeds_2", scheduler="linear_quadratic", hires=hires)
    parameters, notices = exported("a1111", settings)
    assert pairs(parameters)["Sampler"] == "seeds_2"
    names = (
        "sampler seeds_2, scheduler linear_quadratic, sampler of the second pass seeds_3, upscaler bislerp"
    )
    assert notices == (f"as in the recipe, though a1111 has no such name: {names}",)


def test_names_of_somebodys_nodes_stay_in_comfyui():
    graph = exported("comfyui", replace(BASE, sampler="res_9s", scheduler="own_steps")).text
    assert (sampled(graph)["sampler_name"], sampled(graph)["scheduler"]) == ("res_9s", "own_steps")


FORGE = (
    "a pier\nSteps: 24, Sampler: Euler, Schedule type: Simple, CFG scale: 1, Distilled CFG Scale: 3.5, "
    "Seed: 31, Size: 640x960, Model: flux1-dev, Version: f2.0.1"
)


@pytest.mark.parametrize("texts", [{"prompt": json.dumps(GRAPH)}, {"parameters": FORGE}])
def test_distilled_guidance(texts):
    recipe = replace(from_texts(texts), chunks=())
    values = pairs(WRITERS["a1111"](recipe))
    assert (values["CFG scale"], values["Distilled CFG Scale"]) == ("1", "3.5")
    assert "distilled_guidance" not in values
    graph = WRITERS["comfyui"](recipe)
    assert (sampled(graph)["cfg"], sampled(graph, "FluxGuidance")["guidance"]) == (1, 3.5)
    assert json.loads(graph)[sampled(graph)["positive"][0]]["class_type"] == "FluxGuidance"
    own = json.loads(WRITERS["invokeai"](recipe))
    assert (own["cfg_scale"], own["guidance"]) == (1, 3.5)
    arguments = json.loads(WRITERS["diffusers"](recipe))
    assert arguments["guidance_scale"] == 3.5
    assert "true_cfg_scale" not in arguments
    for tool in WRITERS:
        assert not any("guidance" in notice for notice in export(recipe, tool).notices)


def test_both_kinds_of_guidance():
    arguments = json.loads(exported("diffusers", extra={"distilled_guidance": 3}).text)
    assert (arguments["guidance_scale"], arguments["true_cfg_scale"]) == (3, 5.5)


def test_plain_guidance_stays_plain():
    assert "Distilled" not in exported("a1111").text
    assert "FluxGuidance" not in exported("comfyui").text


def test_nothing_is_invented_for_a1111():
    parameters, notices = exported("a1111", Settings("a pier", seed=31, width=64, height=32))
    assert parameters == "a pier\nSeed: 31, Size: 64x32, Model: tide"
    assert notices == ()


def test_few_settings_are_no_part_of_the_prompt():
    parameters, notices = exported("a1111", Settings("a pier", seed=31))
    assert parameters == "a pier"
    assert notices == ("so few settings that a1111 may not read them: seed 31, model tide",)


def test_what_comfyui_needs_is_named():
    notices = exported("comfyui", Settings("a pier"), ModelInfo()).notices
    names = "seed 0, steps 20, guidance 7, sampler euler, scheduler normal, width 512, height 512"
    assert notices == (
        f"put in, as the recipe does not say: {names}",
        "to be added by you, as the recipe does not hold it: the model",
    )


def test_the_model_of_a_service_is_no_file():
    notices = exported("comfyui", made_by="novelai").notices
    assert notices == ("to be added by you, as the recipe does not hold it: the model",)


def test_what_a_plain_graph_cannot_hold_is_named():
    settings = replace(BASE, denoise=1, hires={"scale": 2, "steps": 9})
    model = ModelInfo("tide", controlnets=(Addon("lines", 0.5),))
    assert exported("comfyui", settings, model).notices == (
        "left out, as the form of comfyui has no place for it: ControlNets lines 0.5, second pass",
    )
    img2img = exported("comfyui", replace(BASE, denoise=0.5)).notices
    assert img2img == (
        "to be added by you, as the recipe does not hold it: the picture that it was made from",
    )


def test_calls_are_loaders_and_no_words():
    prompt = "a pier <lora:wet:0.4:0.9>, gulls\n<lyco:old:te=1:unet=0.5> <hypernet:hue:1>"
    recipe = from_texts(
        {"parameters": f"{prompt}\nSteps: 24, Sampler: Euler, CFG scale: 5, Seed: 3, Size: 8x8"}
    )
    graph, notices = export(recipe, "comfyui")
    loaded = [item["inputs"] for item in json.loads(graph).values() if item["class_type"] == "LoraLoader"]
    weights = [(item["lora_name"], item["strength_model"], item["strength_clip"]) for item in loaded]
    assert weights == [("wet.safetensors", 0.9, 0.4), ("old.safetensors", 0.5, 1)]
    assert sampled(graph, "CLIPTextEncode")["text"] == "a pier, gulls"
    assert notices[0] == "left out, as the form of comfyui has no place for it: hypernetworks hue"
    assert json.loads(WRITERS["diffusers"](recipe))["prompt"] == "a pier, gulls"
    assert json.loads(WRITERS["invokeai"](recipe))["positive_prompt"] == "a pier, gulls"
    assert WRITERS["a1111"](recipe).startswith(prompt)


def test_names_of_files_in_a1111():
    model = ModelInfo("sea\\tide.safetensors", loras=(Addon("a/wet.safetensors", 0.5, "aa11"), Addon("dry")))
    parameters = exported("a1111", replace(BASE, prompt="a pier <lora:dry:1>"), model).text
    assert parameters.splitlines()[0] == "a pier <lora:dry:1> <lora:wet:0.5>"
    assert 'Model: tide, Lora hashes: "wet: aa11"' in parameters


def test_what_is_beside_an_own_graph_is_no_node():
    graph = {**GRAPH, "extraMetadata": json.dumps({"prompt": "a harbour"})}
    recipe = read_metadata(png(text("prompt", json.dumps(graph)))).recipe
    assert json.loads(export(recipe, "comfyui").text) == GRAPH


def test_the_command_line_names_what_is_lost(cli, tmp_path):
    parameters = "a pier\nSteps: 24, Sampler: PLMS, CFG scale: 5, Seed: 3, Size: 64x64, Model: tide"
    (tmp_path / "a.png").write_bytes(png(text("parameters", parameters)))
    code, out, err = cli("recipe", "export", "a.png", "--to", "comfyui")
    assert code == 0
    assert sampled(out)["sampler_name"] == "euler"
    assert "promptcodec: a.png: otherwise than in the recipe" in err
    assert cli("recipe", "export", "a.png", "--to", "a1111")[1:] == (parameters + "\n", "")


@pytest.mark.slow
@pytest.mark.parametrize("tool", WRITERS)
def test_no_sample_changes_in_silence(tool, data_folder):
    """Seeds, steps and sizes, which need no names: the same when read back, or named."""
    seen = 0
    for file in sorted((data_folder / "metadata_samples").glob("*/*.*")):
        recipe = read_metadata(file.read_bytes()).recipe
        if recipe is None:
            continue
        seen += 1
        plain = replace(recipe, chunks=())
        written, notices = export(plain, tool)
        key = {"comfyui": "prompt", "invokeai": "invokeai_metadata"}.get(tool, "parameters")
        again = from_texts({key: written})
        for name in ("seed", "steps", "width", "height"):
            before = getattr(plain.settings, name)
            after = getattr(again.settings, name) if again else None
            assert before == after or any(f"{name} " in notice for notice in notices), (file.name, name)
    assert seen > 150
