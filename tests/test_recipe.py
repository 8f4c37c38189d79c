"""Reading generation recipes: every tool's form."""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path

import pytest

from promptcodec.recipe import Addon, read, read_metadata
from promptcodec.recipe.model import fields_of
from promptcodec.recipe.read import from_texts

sys.path.append(str(Path(__file__).parent))
import recipe_files


def flat_fields(recipe):
    """The fields of a recipe in one flat object."""
    fields = fields_of(recipe)
    return {**fields["platform"], **fields.get("model", {}), **fields["settings"]}


def test_a1111_with_all_its_parts():
    recipe = read(recipe_files.with_texts(parameters=recipe_files.SETTINGS))
    assert recipe.platform.tool == "a1111-webui"
    assert recipe.platform.version == "v1.10.1"
    assert recipe.model.loras == (Addon("paint_v2", 0.7, "fedcba987654"),)
    assert recipe.model.controlnets == (Addon("control_canny [abc]", 0.8),)
    assert (recipe.model.name, recipe.model.hash, recipe.model.vae) == (
        "seaside_v3",
        "0123456789",
        "coast.pt",
    )
    settings = recipe.settings
    assert settings.prompt == "a lighthouse (at dusk:1.2), <lora:paint_v2:0.7>\nsecond line"
    assert settings.negative == "fog, people"
    assert (settings.sampler, settings.scheduler, settings.steps) == ("DPM++ 2M", "Karras", 28)
    assert (settings.guidance, settings.seed) == (6.5, 4294967290)
    assert (settings.width, settings.height, settings.denoise) == (832, 1216, 0.4)
    assert settings.hires == {"scale": 1.5, "steps": 12, "upscaler": "Latent"}
    assert recipe.extra == {"Mystery key": 7}


@pytest.mark.parametrize(
    ("ending", "tool"),
    [
        ("Version: f2.0.1v1.10.1", "forge"),
        ("Version: neo", "forge"),
        ("App: SD.Next, Version: 1", "sd-next"),
        (
            'Civitai resources: [{"type":"checkpoint","modelName":"Gulls, two"}], Civitai metadata: {}',
            "civitai",
        ),
        ("Version: Fooocus v2.5.0", "fooocus"),
        ("Version: ComfyUI", "comfyui"),
        ("Version: v1.9", "a1111-webui"),
    ],
)
def test_who_of_the_family_wrote_it(ending, tool):
    recipe = from_texts({"parameters": f"gulls\nSteps: 9, Seed: 1, {ending}"})
    assert recipe.platform.tool == tool
    assert (recipe.settings.prompt, recipe.settings.steps) == ("gulls", 9)
    if tool == "civitai":
        assert recipe.model.name == "Gulls, two"


@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-16-le"])
def test_exif_in_every_container(encoding):
    text = "h\u00e1fen \u6d77\nSteps: 20, Sampler: Euler a, Seed: 7"
    jpeg = recipe_files.jpeg_with_comment(text, encoding)
    exif = jpeg[jpeg.index(b"Exif\0\0") :][:400]
    files = [jpeg, *(recipe_files.saved(form, exif=exif) for form in ("WEBP", "AVIF", "PNG"))]
    for file in files:
        recipe = read(file)
        assert (recipe.settings.prompt, recipe.settings.seed) == ("h\u00e1fen \u6d77", 7)


def test_png_text_in_every_kind_and_behind_the_pixels():
    text = b"a pier\nSteps: 20, Seed: 5"
    packed = zlib.compress(text)
    bodies = [
        (b"tEXt", b"parameters\0" + text),
        (b"zTXt", b"parameters\0\0" + packed),
        (b"iTXt", b"parameters\0\0\0\0\0" + text),
        (b"iTXt", b"parameters\0\1\0en\0k\0" + packed),
    ]
    for body in bodies:
        assert read(recipe_files.png(body)).settings.seed == 5
    file = recipe_files.png()
    assert read(file[:-12] + recipe_files.chunk(*bodies[0]) + file[-12:]).settings.seed == 5
    assert (
        read(recipe_files.png((b"tEXt", b"parameters\0caf\xe9\nSteps: 20, Seed: 5"))).settings.prompt
        == "caf\u00e9"
    )


@pytest.mark.parametrize("packed", [True, False])
def test_stealth(packed):
    assert read(recipe_files.stealth("a dune\nSteps: 20, Seed: 5", packed=packed)).settings.prompt == "a dune"
    hidden = {"Software": "NovelAI", "Source": "Diffusion 01234567", "Description": "x"}
    hidden["Comment"] = json.dumps({"prompt": "a cave", "uc": "rain", "steps": 28, "scale": 5.0, "seed": 3})
    recipe = read(recipe_files.stealth(json.dumps(hidden), packed=packed))
    assert (recipe.platform.tool, recipe.settings.prompt, recipe.settings.negative) == (
        "novelai",
        "a cave",
        "rain",
    )
    assert (recipe.model.name, recipe.model.hash) == ("Diffusion", "01234567")


def test_comfyui_finds_settings_behind_links():
    recipe = read(recipe_files.comfy())
    assert flat_fields(recipe) == {
        "tool": "comfyui",
        "name": "tide.safetensors",
        "loras": [{"name": "foam.safetensors", "weight": 0.6}],
        "prompt": "a harbour, boats",
        "sampler": "euler",
        "scheduler": "beta",
        "steps": 24,
        "guidance": 3.5,
        "seed": 77,
        "width": 1344,
        "height": 768,
        "denoise": 1,
    }


def test_comfyui_first_pass_and_second():
    graph = {
        "1": recipe_files.node("CheckpointLoaderSimple", ckpt_name="a.safetensors"),
        "2": recipe_files.node("EmptyLatentImage", width=512, height=640, batch_size=1),
        "3": recipe_files.node("CLIPTextEncode", clip=["1", 1], text="cliffs"),
        "4": recipe_files.node("CLIPTextEncode", clip=["1", 1], text="haze"),
        "5": recipe_files.node("LatentUpscaleBy", samples=["7", 0], upscale_method="bislerp", scale_by=1.5),
        "6": recipe_files.node(
            "UnheardOfSampler",
            model=["1", 0],
            positive=["9", 0],
            negative=["9", 1],
            latent_image=["5", 0],
            seed=2,
            steps=8,
            cfg=5,
            sampler_name="heun",
            scheduler="simple",
            denoise=0.5,
        ),
        "7": recipe_files.node(
            "KSampler",
            model=["1", 0],
            positive=["9", 0],
            negative=["9", 1],
            latent_image=["2", 0],
            seed=["8", 0],
            steps=20,
            cfg=7.0,
            sampler_name="lms",
            scheduler="normal",
            denoise=1,
        ),
        "8": recipe_files.node("Seed box", seed=123),
        "9": recipe_files.node(
            "ControlNetApplyAdvanced",
            positive=["3", 0],
            negative=["4", 0],
            control_net=["10", 0],
            strength=0.9,
        ),
        "10": recipe_files.node("ControlNetLoader", control_net_name="depth.pth"),
        "11": recipe_files.node("VAEDecode", samples=["6", 0], vae=["1", 2]),
        "12": recipe_files.node("SaveImage", images=["11", 0], filename_prefix="x"),
    }
    recipe = read(recipe_files.comfy(graph))
    settings = recipe.settings
    assert (settings.prompt, settings.negative, settings.seed, settings.steps) == ("cliffs", "haze", 123, 20)
    assert (settings.width, settings.height, settings.sampler) == (512, 640, "lms")
    assert settings.hires == {
        "steps": 8,
        "denoise": 0.5,
        "sampler": "heun",
        "upscaler": "bislerp",
        "scale": 1.5,
    }
    assert recipe.model.controlnets == (Addon("depth.pth", 0.9),)


def test_comfyui_workflow_alone_with_a_subgraph():
    inner = {
        "id": "b8a1",
        "nodes": [{"id": 5, "type": "CLIPTextEncode", "inputs": [], "widgets_values": ["an inlet"]}],
        "links": [{"id": 1, "origin_id": 5, "origin_slot": 0, "target_id": -20, "target_slot": 0}],
    }
    sampler = {
        "id": 2,
        "type": "KSampler",
        "widgets_values": [9, "fixed", 12, 4.5, "euler", "simple", 1],
        "inputs": [{"name": "positive", "link": 7}, {"name": "latent_image", "link": 8}],
    }
    latent = {"id": 3, "type": "EmptyLatentImage", "widgets_values": [640, 512, 1]}
    workflow = {
        "nodes": [{"id": 1, "type": "b8a1", "inputs": []}, sampler, latent],
        "links": [[7, 1, 0, 2, 0, "CONDITIONING"], [8, 3, 0, 2, 1, "LATENT"]],
        "definitions": {"subgraphs": [inner]},
    }
    settings = read(recipe_files.with_texts(workflow=json.dumps(workflow))).settings
    assert (settings.prompt, settings.seed, settings.steps, settings.guidance) == ("an inlet", 9, 12, 4.5)
    assert (settings.width, settings.height) == (640, 512)


CASES = {
    "invokeai": {
        "invokeai_metadata": {
            "positive_prompt": "a bay",
            "negative_prompt": "n",
            "seed": 4,
            "steps": 30,
            "cfg_scale": 7.5,
            "scheduler": "euler_a",
            "width": 640,
            "height": 512,
            "model": {"name": "m"},
            "loras": [{"model": {"name": "l"}, "weight": 0.5}],
            "app_version": "6.0",
        }
    },
    "swarmui": {
        "parameters": {
            "sui_image_params": {
                "prompt": "a bay",
                "negativeprompt": "n",
                "model": "m",
                "seed": 4,
                "steps": 30,
                "cfgscale": 7.5,
                "width": 640,
                "height": 512,
                "sampler": "euler_a",
                "loras": ["l"],
                "loraweights": ["0.5"],
                "swarm_version": "6.0",
            },
            "sui_models": [],
        }
    },
    "stability-matrix": {
        "parameters-json": {
            "PositivePrompt": "a bay",
            "NegativePrompt": "n",
            "Steps": 30,
            "Sampler": "euler_a",
            "CfgScale": 7.5,
            "Seed": 4,
            "Width": 640,
            "Height": 512,
            "ModelName": "m",
        }
    },
    "huggingface-space": {
        "parameters": {
            "prompt": "a bay",
            "negative_prompt": "n",
            "resolution": "640 x 512",
            "guidance_scale": 7.5,
            "num_inference_steps": 30,
            "seed": 4,
            "sampler": "euler_a",
            "Model": "m",
        }
    },
    "tensorart": {
        "generation_data": {
            "prompt": "a bay",
            "negativePrompt": "n",
            "width": 640,
            "height": 512,
            "steps": 30,
            "cfgScale": 7.5,
            "seed": "4",
            "ksamplerName": "euler_a",
            "baseModel": {"modelFileName": "m"},
        }
    },
    "fooocus": {
        "parameters": {
            "prompt": "a bay",
            "negative_prompt": "n",
            "resolution": "(640, 512)",
            "steps": 30,
            "guidance_scale": 7.5,
            "seed": "4",
            "sampler": "euler_a",
            "base_model": "m",
            "loras": [["l", 0.5, "ab"]],
        },
        "fooocus_scheme": "fooocus",
    },
    "easy-diffusion": {
        "UserComment": {
            "prompt": "a bay",
            "negative_prompt": "n",
            "seed": 4,
            "width": 640,
            "height": 512,
            "num_inference_steps": 30,
            "guidance_scale": 7.5,
            "sampler_name": "euler_a",
            "use_stable_diffusion_model": "m",
        }
    },
}


@pytest.mark.parametrize("tool", CASES)
def test_tools_of_json(tool):
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in CASES[tool].items()}
    recipe = from_texts(texts)
    assert recipe.platform.tool == tool
    settings = recipe.settings
    assert (settings.prompt, settings.negative, settings.seed, settings.steps) == ("a bay", "n", 4, 30)
    assert (settings.guidance, settings.sampler) == (7.5, "euler_a")
    assert (settings.width, settings.height, recipe.model.name) == (640, 512, "m")
    assert [lora.weight for lora in recipe.model.loras] in ([], [0.5])


def test_draw_things_and_the_older_forms_of_invokeai():
    values = json.dumps(
        {"c": "a bay", "uc": "n", "seed": 4, "steps": 30, "scale": 7.5, "size": "640x512", "model": "m"}
    )
    packet = (
        "<xmp:CreatorTool>Draw Things</xmp:CreatorTool><exif:UserComment><rdf:li xml:lang='x'>"
        + values.replace('"', "&quot;")
        + "</rdf:li></exif:UserComment>"
    )
    recipe = read(recipe_files.png((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet.encode())))
    assert (recipe.platform.tool, recipe.settings.prompt, recipe.settings.width) == (
        "draw-things",
        "a bay",
        640,
    )
    dream = from_texts({"Dream": '"a bay [n]" -s 30 -S 4 -W 640 -H 512 -C 7.5 -A k_lms'}).settings
    assert (dream.prompt, dream.negative, dream.seed, dream.guidance, dream.height) == (
        "a bay",
        "n",
        4,
        7.5,
        512,
    )
    image = {"prompt": [{"prompt": "a bay [n]", "weight": 1}], "seed": 4, "steps": 30, "sampler": "k_lms"}
    older = from_texts({"sd-metadata": json.dumps({"model_weights": "m", "image": image})})
    assert (older.settings.prompt, older.settings.negative, older.model.name) == ("a bay", "n", "m")


def test_marks_without_a_recipe():
    xmp = b"<x>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia</x>"
    metadata = read_metadata(
        recipe_files.png((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp), (b"caBX", b"....jumb....c2pa...."))
    )
    assert (metadata.recipe, metadata.origin.c2pa, metadata.origin.source) == (
        None,
        True,
        "trainedAlgorithmicMedia",
    )
    assert read_metadata(recipe_files.with_texts(Comment="Created with GIMP")) == read_metadata(
        recipe_files.png()
    )
