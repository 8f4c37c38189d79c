"""Reading recipes: what tools and their kin write in other words, places and orders."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from promptcodec.recipe import Addon, read, read_metadata
from promptcodec.recipe.model import fields_of
from promptcodec.recipe.read import from_texts
from promptcodec.recipe.values import number

sys.path.append(str(Path(__file__).parent))
import recipe_files

HEAD = "a tram in the rain, night\nNegative prompt: crowd, text\n"
LINE = "Steps: 24, Sampler: DPM++ 2M, CFG scale: 5.5, Seed: 90210, Size: 768x512"


def fields(recipe):
    settings = recipe.settings
    return settings.prompt, settings.negative, settings.steps, settings.seed, settings.width, settings.height


ALL = ("a tram in the rain, night", "crowd, text", 24, 90210, 768, 512)


@pytest.mark.parametrize(
    "parameters",
    [
        HEAD + LINE,
        (HEAD + LINE).replace("\n", "\r\n"),
        (HEAD + LINE).replace("\n", "\r"),
        HEAD.rstrip() + " " + LINE,
        (HEAD + LINE).replace("\n", " "),
        "\ufeff" + HEAD + LINE + "\0",
        HEAD + "Sampler: DPM++ 2M, Steps: 24, Seed: 90210, Size: 768x512",
        HEAD + "Seed: 90210, Size: 768x512, Steps: 24, Model: m",
        HEAD + LINE + ', Note: "one,\ntwo: three, four", Model: m',
        HEAD + LINE + ', Note: "one,\r\ntwo", Model: m',
    ],
)
def test_lines_of_a_parameters_text(parameters):
    recipe = read(recipe_files.with_texts(parameters=parameters))
    assert fields(recipe) == ALL
    assert recipe.model.name == ("m" if "Model: m" in parameters else None)


def test_settings_alone_and_prompts_that_look_like_settings():
    alone = from_texts({"parameters": LINE})
    assert fields(alone) == (None, None, *ALL[2:])
    prompt = "how to bake\nSteps: 3, knead, rest"
    recipe = from_texts(
        {"parameters": f"{prompt}\nNegative prompt: the words Negative prompt: in it\n{LINE}"}
    )
    assert fields(recipe) == (prompt, "the words Negative prompt: in it", *ALL[2:])


def test_templates_behind_the_settings():
    parameters = (
        f"{HEAD}{LINE}, Version: v1.9.4\nTemplate: a {{tram|bus}} in __weather__, Seed: 1\nsecond line\n\n"
        "Negative Template: crowd, {text|letters}"
    )
    recipe = from_texts({"parameters": parameters})
    assert fields(recipe) == ALL
    assert recipe.platform.version == "v1.9.4"
    assert recipe.extra == {
        "Template": "a {tram|bus} in __weather__, Seed: 1\nsecond line",
        "Negative Template": "crowd, {text|letters}",
    }
    quoted = from_texts({"parameters": f'{HEAD}{LINE}, Template: "a, b", Model: m'})
    assert (quoted.model.name, quoted.extra) == ("m", {"Template": "a, b"})


@pytest.mark.parametrize(
    ("ending", "name", "digest"),
    [
        ('Hashes: {"Model:night-fp8": "8e91b68084", "vae": "12"}', "night-fp8", "8e91b68084"),
        ('Hashes: {"model": "8e91b68084"}, Model: night', "night", "8e91b68084"),
        ("Model: night, Model hash: 8e91b68084, VAE: None", "night", "8e91b68084"),
        ('Civitai resources: [{"type":"checkpoint","modelName":"Night"}]', "Night", None),
    ],
)
def test_models_of_a_parameters_text(ending, name, digest):
    recipe = from_texts({"parameters": f"{HEAD}{LINE}, {ending}"})
    assert (recipe.model.name, recipe.model.hash, recipe.model.vae) == (name, digest, None)


@pytest.mark.parametrize(
    ("prompt", "ending", "loras"),
    [
        ("", 'Lora hashes: "wet: aa11, neon: bb22", Lora weights: "wet: 0.5, neon: 0.25"',
         (Addon("wet", 0.5, "aa11"), Addon("neon", 0.25, "bb22"))),
        ("<lora:wet:0.8>", 'Lora hashes: "wet: aa11"', (Addon("wet", 0.8, "aa11"),)),
        ("<lora:wet:0.8:0.5>", 'Hashes: {"LORA:wet": "aa11"}', (Addon("wet", 0.5, "aa11"),)),
        ("<lora:wet:te=0.4:unet=0.9:dyn=8>", "Clip skip: 2", (Addon("wet", 0.9),)),
        ("<lora:wet:te=0.4>", "Clip skip: 2", (Addon("wet", 0.4),)),
        ("<lora:wet:1:lbw=IN,MID:OUT>", "Clip skip: 2", (Addon("wet", 1),)),
        ("", "LoRA 1: wet.pt : 0.5, LoRA 2: neon : 1", (Addon("wet.pt", 0.5), Addon("neon", 1))),
        ("", ("Lora_0 Model name: wet.safetensors, Lora_0 Model hash: aa11, Lora_0 Strength model: 0.7, "
         "Lora_0 Strength clip: 1.0"), (Addon("wet.safetensors", 0.7, "aa11"),)),
        ("", 'Civitai resources: [{"type":"lora","weight":0.6,"modelName":"Wet streets"}]',
         (Addon("Wet streets", 0.6),)),
    ],
)  # fmt: skip
def test_loras_of_a_parameters_text(prompt, ending, loras):
    assert from_texts({"parameters": f"tram {prompt}\n{LINE}, {ending}"}).model.loras == loras


@pytest.mark.parametrize(
    ("ending", "tool"),
    [
        ("Backend: Diffusers, Operations: txt2img", "sd-next"),
        ("Version: stable-diffusion.cpp", "stable-diffusion.cpp"),
        ("Version: f2.0.1v1.10.1-previous-659", "forge"),
        ("Version: Fooocus v2.4.3", "fooocus"),
    ],
)
def test_more_of_the_family(ending, tool):
    assert from_texts({"parameters": f"{HEAD}{LINE}, {ending}"}).platform.tool == tool


RUINED = {
    "Prompt": "a tram in the rain, night", "Negative": "crowd, text", "steps": 24, "cfg": 5.5, "width": 768,
    "height": 512, "seed": 90210, "sampler_name": "dpmpp_2m", "base_model_name": "night.safetensors",
    "base_model_hash": "8e91b68084", "software": "RuinedFooocus",
}  # fmt: skip
MRE = {
    "prompt": "a tram in the rain, night", "negative_prompt": "crowd, text", "steps": 24,
    "real_prompt": ["x"], "positive_prompt_strength": 1.0, "cfg": 5.5, "width": 768, "height": 512,
    "seed": 90210, "sampler": "dpmpp_2m", "base_model": "night.safetensors", "sharpness": 2.0,
}  # fmt: skip
FOOOCUS = {
    "prompt": "a tram in the rain, night", "negative_prompt": "crowd, text", "steps": 24,
    "guidance_scale": 5.5, "resolution": "(768, 512)", "seed": "90210", "sampler": "dpmpp_2m",
    "base_model": "night", "vae": "None",
}  # fmt: skip
EASY = {
    "prompt": "a tram in the rain, night", "negative_prompt": "crowd, text", "num_inference_steps": 24,
    "guidance_scale": 5.5, "width": 768, "height": 512, "seed": 90210, "sampler_name": "dpmpp_2m",
    "use_stable_diffusion_model": "night", "use_vae_model": "None",
}  # fmt: skip


WET, NEON = "wet.safetensors", "neon.safetensors"
TWO = (Addon(WET, 0.7), Addon(NEON, 0.25))
LORAS = [
    (RUINED, {"loras": f"Loras:<{WET} \U0001f5d2\ufe0f:0.7>,<None:0.5>,<{NEON}:0.25>"}),
    (RUINED, {"loras": [[WET, 0.7], [NEON, 0.25], ["None", 1.0]]}),
    (RUINED, {"loras": [["aa11", f"0.7 - {WET}"]]}),
    (MRE, {"l1": WET, "w1": 0.7, "l2": NEON, "w2": 0.25, "l3": "None", "w3": 0.5}),
    (MRE, {"loras": [[WET, 0.7], [NEON, 0.25]]}),
    (FOOOCUS, {"lora_combined_1": f"{WET} : 0.7", "lora_combined_2": f"{NEON} : 0.25"}),
    (FOOOCUS, {"loras": [[WET, 0.7, "aa"], [NEON, 0.25, "bb"]]}),
    (FOOOCUS, {"loras": [[True, WET, 0.7], [True, NEON, 0.25], [False, "x", 1]]}),
    (FOOOCUS, {"loras": f"<lora:{WET}:0.7>, <lora:{NEON}:0.25>"}),
    (EASY, {"use_lora_model": [WET, NEON], "lora_alpha": [0.7, 0.25]}),
    (EASY, {"use_lora_model": f"{WET}, {NEON}", "lora_alpha": "0.7, 0.25"}),
    (EASY, {"use_lora_model": WET, "lora_alpha": 0.7}),
]


@pytest.mark.parametrize(("base", "loras"), LORAS)
def test_loras_of_json(base, loras):
    values = {**base, **loras}
    tool = "easy-diffusion" if base is EASY else "fooocus"
    for texts in (
        {"parameters": json.dumps(values)},
        {"Comment": json.dumps(values)},
        {"UserComment": json.dumps(values)},
    ):
        recipe = from_texts(texts)
        assert recipe.platform.tool == tool
        assert fields(recipe) == ALL
        assert recipe.settings.guidance == 5.5
        assert recipe.model.name.removesuffix(".safetensors") == "night"
        assert recipe.model.vae is None
        plain = tuple(Addon(lora.name, lora.weight) for lora in recipe.model.loras)
        assert plain in (TWO, TWO[:1])
        assert not {"l1", "w1", "lora_combined_1", "loras", "use_lora_model"} & set(recipe.extra)


def test_easy_diffusion_in_chunks():
    chunks = {key: str(value) for key, value in EASY.items()}
    chunks |= {"use_lora_model": "['wet.safetensors', 'neon.safetensors']", "lora_alpha": "[0.7, 0.25]"}
    recipe = from_texts(chunks)
    assert fields(recipe) == ALL
    assert recipe.model.loras == TWO


SWARM = {
    "sui_image_params": {
        "prompt": "a tram in the rain, night", "negativeprompt": "crowd, text", "model": "night",
        "seed": 90210, "steps": 24, "cfgscale": 5.5, "width": 768, "height": 512, "comfyuisampler": "euler",
        "loras": ["wet"], "loraweights": ["0.7"],
    }
}  # fmt: skip


@pytest.mark.parametrize("key", ["parameters", "UserComment", "Model", "Make", "ImageDescription", "comment"])
def test_swarmui_wherever_it_stands(key):
    recipe = from_texts({key: json.dumps(SWARM)})
    assert (recipe.platform.tool, recipe.settings.sampler) == ("swarmui", "euler")
    assert fields(recipe) == ALL
    assert recipe.model.loras == (Addon("wet", 0.7),)


def edge(source, output, target, field):
    return {
        "source": {"node_id": source, "field": output},
        "destination": {"node_id": target, "field": field},
    }


INVOKE = {
    "nodes": {
        "model": {"type": "sdxl_model_loader", "model": {"key": "k", "name": "night", "hash": "blake3:aa"}},
        "lora": {"type": "lora_loader", "lora": {"name": "wet"}, "weight": 0.7},
        "words": {"type": "string", "value": "a tram in the rain, night"},
        "positive": {"type": "sdxl_compel_prompt", "prompt": "", "style": ""},
        "collect": {"type": "collect", "collection": []},
        "negative": {"type": "compel", "prompt": "crowd, text"},
        "seed": {"type": "rand_int", "value": 90210},
        "noise": {"type": "noise", "seed": 0, "width": 768, "height": 512},
        "draw": {
            "type": "denoise_latents",
            "steps": 24,
            "cfg_scale": 5.5,
            "scheduler": "euler",
            "denoising_start": 0,
        },
        "save": {"type": "l2i"},
    },
    "edges": [
        edge("model", "unet", "lora", "unet"),
        edge("lora", "unet", "draw", "unet"),
        edge("words", "value", "positive", "prompt"),
        edge("positive", "conditioning", "collect", "item"),
        edge("collect", "collection", "draw", "positive_conditioning"),
        edge("negative", "conditioning", "draw", "negative_conditioning"),
        edge("seed", "value", "noise", "seed"),
        edge("noise", "noise", "draw", "noise"),
        edge("draw", "latents", "save", "latents"),
    ],
}


def workflow_of(graph):
    """The editor's form of a graph."""
    return {
        "nodes": [
            {"id": key, "type": "invocation", "data": {
                "type": node["type"],
                "inputs": {name: {"value": value} for name, value in node.items() if name != "type"},
            }}
            for key, node in graph["nodes"].items()
        ],
        "edges": [
            {"source": e["source"]["node_id"], "sourceHandle": e["source"]["field"],
             "target": e["destination"]["node_id"], "targetHandle": e["destination"]["field"]}
            for e in graph["edges"]
        ],
    }  # fmt: skip


@pytest.mark.parametrize("key", ["invokeai_graph", "invokeai_workflow"])
def test_invokeai_graphs_alone(key):
    value = INVOKE if key == "invokeai_graph" else workflow_of(INVOKE)
    recipe = from_texts({key: json.dumps(value)})
    assert recipe.platform.tool == "invokeai"
    assert fields(recipe) == ALL
    assert (recipe.settings.guidance, recipe.settings.sampler) == (5.5, "euler")
    assert (recipe.model.name, recipe.model.hash, recipe.model.loras) == (
        "night",
        "blake3:aa",
        (Addon("wet", 0.7),),
    )
    metadata = {"app_version": "6.1", "width": 768, "height": 512}
    filled = from_texts({"invokeai_metadata": json.dumps(metadata), key: json.dumps(value)})
    assert fields(filled) == ALL
    assert (filled.platform.version, filled.model.name) == ("6.1", "night")


def test_invokeai_flux_graph():
    graph = {
        "nodes": {
            "m": {"type": "flux_model_loader", "model": {"name": "dev"}, "vae_model": {"name": "ae"}},
            "p": {"type": "flux_text_encoder", "prompt": "a quay"},
            "d": {
                "type": "flux_denoise",
                "num_steps": 28,
                "guidance": 4,
                "seed": 7,
                "width": 64,
                "height": 96,
            },
        },
        "edges": [
            edge("p", "conditioning", "d", "positive_text_conditioning"),
            edge("m", "transformer", "d", "transformer"),
        ],
    }
    recipe = from_texts({"invokeai_graph": json.dumps(graph)})
    assert fields(recipe) == ("a quay", None, 28, 7, 64, 96)
    assert (recipe.model.name, recipe.settings.guidance) == ("dev", 4)


def test_invokeai_graphs_that_cannot_be_followed():
    ring = {"nodes": {"d": {"type": "denoise_latents"}, "c": {"type": "collect"}},
            "edges": [edge("c", "x", "c", "item"), edge("c", "x", "d", "positive_conditioning"),
                      edge("d", "x", "d", "seed"),
                      edge("c", "prompt", "c", "prompt")]}  # fmt: skip
    metadata = read_metadata(recipe_files.png(recipe_files.text("invokeai_graph", json.dumps(ring))))
    assert metadata.recipe.settings.prompt is None
    for broken in (
        {"nodes": []},
        {"nodes": 3, "edges": 4},
        {"nodes": {"a": 5}},
        {"nodes": [{"data": 4}], "edges": [4, {}]},
    ):
        chunk = recipe_files.png(recipe_files.text("invokeai_graph", json.dumps(broken)))
        assert read_metadata(chunk).recipe is None
        assert "invokeai_graph" in read_metadata(chunk).warnings[0]


@pytest.mark.parametrize(
    ("description", "prompt", "negative", "seed", "model"),
    [
        ("a tram --ar 3:2 --v 6.1 Job ID: 0a0b0c0d-1111-4222-8333-944455556666",
         "a tram", None, None, "Midjourney 6.1"),
        ("a tram, night Job ID: 0a0b0c0d-1111-4222-8333-944455556666", "a tram, night", None, None, None),
        ("a tram --no crowd, text --seed 90210 --niji 6", "a tram", "crowd, text", 90210, "Niji 6"),
        ("a tram -- or a bus --stylize 250 --chaos 5", "a tram -- or a bus", None, None, None),
        ("https://x.y/z.png a tram::2 rain::1 \u2014ar 16:9 \u2014v 5.2",
         "https://x.y/z.png a tram::2 rain::1", None, None, "Midjourney 5.2"),
    ],
)  # fmt: skip
def test_midjourney(description, prompt, negative, seed, model):
    for key in ("Description", "ImageDescription", "UserComment"):
        recipe = from_texts({key: description})
        assert recipe.platform.tool == "midjourney"
        assert (recipe.settings.prompt, recipe.settings.negative, recipe.settings.seed) == (
            prompt,
            negative,
            seed,
        )
        assert recipe.model.name == model


@pytest.mark.parametrize(
    "description", ["a tram in the rain", "rm --version", "a -- b --v 2", "run it with --seed", "Job ID: 5"]
)
def test_descriptions_that_are_no_recipe(description):
    metadata = read_metadata(recipe_files.with_texts(Description=description))
    assert (metadata.recipe, metadata.warnings) == (None, ())


def test_mochi_diffusion():
    words = (
        "Include in Image: a tram; in the rain; Exclude from Image: crowd; Model: night; Steps: 24; "
        "Guidance Scale: 5.5; Seed: 90210; Size: 768x512; Upscaler: RealESRGAN; Scheduler: DPM-Solver++; "
        "ML Compute Unit: CPU & GPU; Generator: Mochi Diffusion 5.2 (123)"
    )
    for key in ("ImageDescription", "Description", "Caption", "comment"):
        recipe = from_texts({key: words})
        assert fields(recipe) == ("a tram; in the rain", "crowd", *ALL[2:])
        assert (recipe.platform.tool, recipe.platform.version) == ("mochi-diffusion", "5.2 (123)")
        assert (recipe.model.name, recipe.settings.scheduler) == ("night", "DPM-Solver++")
        assert recipe.extra == {"Upscaler": "RealESRGAN", "ML Compute Unit": "CPU & GPU"}
    empty = from_texts({"ImageDescription": words.replace("crowd", "")})
    assert empty.settings.negative is None


def test_iptc_fields():
    texts = {"AIPromptInformation": "a tram", "AISystemUsed": "Painter", "AISystemVersionUsed": "3"}
    recipe = from_texts(texts)
    assert (recipe.platform.tool, recipe.platform.version, recipe.settings.prompt) == (
        "Painter",
        "3",
        "a tram",
    )


def test_novelai_without_its_name_and_as_a_comment():
    values = {
        "prompt": "a tram",
        "uc": "crowd",
        "scale": 5.5,
        "steps": 24,
        "seed": 90210,
        "sampler": "k",
        "signed_hash": "x",
    }
    bare = from_texts({"Comment": json.dumps(values)})
    assert (bare.platform.tool, bare.settings.prompt, bare.settings.negative) == (
        "novelai",
        "a tram",
        "crowd",
    )
    packed = {"Comment": json.dumps(values), "Software": "NovelAI", "Source": "Night 8E91B680"}
    recipe = from_texts({"UserComment": json.dumps(packed)})
    assert (recipe.model.name, recipe.model.hash, recipe.settings.seed) == ("Night", "8E91B680", 90210)


def test_draw_things_without_xml():
    values = {"c": "a tram", "uc": "crowd", "seed": 90210, "scale": 5.5, "steps": 24, "size": "768x512",
              "model": "night", "lora": [{"model": "wet", "weight": 0.7}]}  # fmt: skip
    recipe = from_texts({"UserComment": json.dumps(values)})
    assert (recipe.platform.tool, recipe.model.loras) == ("draw-things", (Addon("wet", 0.7),))
    assert fields(recipe) == ("a tram", "crowd", *ALL[2:])


def test_hexadecimal_seeds():
    texts = ("0xFF", "0Xff ", "0xffffffffffffffff", "0x", "ff", "0x1" + "0" * 16)
    assert [number(text) for text in texts] == [255, 255, 2**64 - 1, None, None, None]
    for parameters in (
        f"tram\n{LINE.replace('90210', '0x16062')}",
        json.dumps({**FOOOCUS, "seed": "0x16062"}),
    ):
        assert from_texts({"parameters": parameters}).settings.seed == 90210


def test_recipes_without_anything_warn():
    for texts, reason in (
        (
            {"parameters": "Steps: 20, Sampler: Euler"},
            "no prompt, seed or model could be read from the metadata of a1111-webui",
        ),
        (
            {"invokeai_metadata": '{"app_version": "6.1"}'},
            "no prompt, seed or model could be read from the metadata of invokeai",
        ),
    ):
        metadata = read_metadata(
            recipe_files.png(*(recipe_files.text(key, value) for key, value in texts.items()))
        )
        assert metadata.recipe is not None
        assert [reason in warning for warning in metadata.warnings] == [True]
        assert "\n" not in metadata.warnings[0]
    settings_alone = read_metadata(recipe_files.with_texts(parameters=LINE))
    assert settings_alone.warnings == ()


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        (
            "dreamer",
            json.dumps({"text": "a tram", "seed": 4, "steps": 20, "sampler": "x", "model": "y"}),
            "dreamer",
        ),
        ("Comment", "prompt=a tram; seed=4; steps=20; cfg_scale=3", "Comment"),
        ("odd\nkey", "Prompt: a tram\nSeed: 4\nModel: y", "'odd\\nkey'"),
    ],
)
def test_unknown_metadata_is_named(key, value, named):
    metadata = read_metadata(recipe_files.png(recipe_files.text(key, value)))
    assert metadata.recipe is None
    assert metadata.warnings == (
        f"the metadata {named} looks like a recipe in a form that is not known here",
    )


@pytest.mark.parametrize(
    "value", ["Created with GIMP", "Model: EOS R5", "a text on seed: and steps", "Steps to the harbour", "{}"]
)
def test_other_texts_are_left_alone(value):
    assert read_metadata(recipe_files.with_texts(Comment=value)) == read_metadata(recipe_files.png())


def test_damage_beside_a_recipe_is_named():
    metadata = read_metadata(recipe_files.with_texts(parameters=HEAD + LINE, prompt='{"1": {"class_type"'))
    assert fields(metadata.recipe) == ALL
    assert metadata.warnings == ("the metadata prompt could not be read",)


def test_what_was_asked_of_civitais_generator():
    extra = {"prompt": "a tram in the rain, night", "negativePrompt": "crowd, text", "seed": 90210,
             "cfgScale": 5.5, "steps": 24, "width": 768, "height": 512, "workflowId": "txt2img"}  # fmt: skip
    graph = {"1": recipe_files.node("Painter", model="night"), "extra": {"airs": ["urn:a"]}}
    for value in (json.dumps(extra), extra):
        recipe = from_texts({"prompt": json.dumps({**graph, "extraMetadata": value})})
        assert fields(recipe) == ALL
        assert (recipe.settings.guidance, recipe.extra["workflowId"]) == (5.5, "txt2img")
    sampled = {**recipe_files.GRAPH, "extraMetadata": json.dumps(extra)}
    recipe = from_texts({"prompt": json.dumps(sampled)})
    assert fields(recipe)[:4] == ("a harbour, boats", "crowd, text", 24, 77)  # the graph is what ran


def test_what_no_reader_follows_is_no_field():
    recipe = read(recipe_files.png(recipe_files.text("invokeai_graph", json.dumps(INVOKE))))
    assert "unknown" not in fields_of(recipe)


ITEMS = (
    "Styles: a, b", "Wildcards: a, b, c", "Foo: (1, 2, 3)", "Foo: ['a', 'b']", "resources used: a, b",
    "Face restoration: , ", "2nd pass: on", "[Ext] mode: 2", "提示增强: 开", "Bob's mode: 1",
    "a " * 34 + "key: 1",
    'Styles: "x" and "y"', 'Note: "unclosed, y', "Note: \u201cq, r\u201d",
)  # fmt: skip


@pytest.mark.parametrize("item", ITEMS)
def test_an_odd_item_of_the_settings_hides_no_other(item):
    line = f"Steps: 28, Sampler: Euler a, {item}, CFG scale: 7, Seed: 90417, Size: 512x768, Model: reed, v2"
    recipe = from_texts({"parameters": f"a heron\nNegative prompt: mud\n{line}"})
    settings = recipe.settings
    assert (settings.steps, settings.sampler, settings.guidance) == (28, "Euler a", 7)
    assert (settings.seed, settings.width, settings.height) == (90417, 512, 768)
    assert recipe.model.name == "reed, v2"


def test_settings_without_blanks():
    settings = from_texts({"parameters": "a heron\nSteps: 28,Sampler: Euler a,Seed: 90417"}).settings
    assert (settings.steps, settings.sampler, settings.seed) == (28, "Euler a", 90417)


@pytest.mark.parametrize(
    "behind",
    [
        "\nTemplate: a __bird__\nSteps: 4, cook, Seed: 3\nNegative Template: z",
        ', CN prompt: "x\nSteps: 4, y", Version: v1.9',
    ],
)
def test_the_line_with_the_most_settings_is_the_one(behind):
    line = "Steps: 28, Sampler: Euler a, CFG scale: 7, Seed: 90417, Model: reed"
    settings = from_texts({"parameters": f"a heron\nNegative prompt: mud\n{line}{behind}"}).settings
    assert (settings.prompt, settings.negative) == ("a heron", "mud")
    assert (settings.steps, settings.seed) == (28, 90417)


@pytest.mark.parametrize("label", ["negative prompt", "Negative Prompt"])
def test_the_negative_prompt_in_other_letters(label):
    settings = from_texts({"parameters": f"a heron\n{label}: mud\nSteps: 28, Seed: 1"}).settings
    assert (settings.prompt, settings.negative) == ("a heron", "mud")


@pytest.mark.parametrize(
    "texts",
    [
        {"parameters": "{heron|crane} on a marsh\nSteps: 28, Sampler: Euler a, Seed: 1"},
        {
            "Software": "NovelAI",
            "Comment": json.dumps(
                {"prompt": "{{{heron}}}, marsh", "steps": 28, "seed": 1, "sampler": "k_euler"}
            ),
        },
    ],
)
def test_braces_of_a_prompt_are_no_broken_object(texts):
    metadata = read_metadata(recipe_files.with_texts(**texts))
    assert metadata.recipe.settings.prompt.startswith("{")
    assert metadata.warnings == ()


def test_a_sure_parameters_text_under_another_key():
    line = "Steps: 28, Sampler: Euler a, CFG scale: 7, Seed: 90417, Size: 512x768"
    metadata = read_metadata(recipe_files.with_texts(sd_parameters=f"a heron\nNegative prompt: mud\n{line}"))
    assert (metadata.recipe.settings.prompt, metadata.recipe.settings.seed) == ("a heron", 90417)
    assert metadata.warnings == ()
    assert read_metadata(recipe_files.with_texts(Recipe="Bread\nSteps: 3, knead, rest")).recipe is None
