"""Reading generation recipes: every tool's form, damaged and hostile metadata, redaction, export."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import warnings
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from promptcodec import inspect
from promptcodec.codec import encode
from promptcodec.errors import ImageError
from promptcodec.recipe import Addon, Chunk, from_chunks, look, read
from promptcodec.recipe.model import fields_of
from promptcodec.recipe.read import from_texts
from promptcodec.recipe.redact import findings, redact
from promptcodec.recipe.take import RecipeWarning
from promptcodec.recipe.write import WRITERS

sys.path.append(str(Path(__file__).parent))
import recipe_files as made


def said(recipe):
    """The fields of a recipe in one flat object."""
    fields = fields_of(recipe)
    return {**fields["platform"], **fields.get("model", {}), **fields["settings"]}


def test_a1111_with_all_its_parts():
    recipe = read(made.with_texts(parameters=made.SETTINGS))
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
    jpeg = made.jpeg_with_comment(text, encoding)
    exif = jpeg[jpeg.index(b"Exif\0\0") :][:400]
    files = [jpeg, *(made.saved(form, exif=exif) for form in ("WEBP", "AVIF", "PNG"))]
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
        assert read(made.png(body)).settings.seed == 5
    file = made.png()
    assert read(file[:-12] + made.chunk(*bodies[0]) + file[-12:]).settings.seed == 5
    assert (
        read(made.png((b"tEXt", b"parameters\0caf\xe9\nSteps: 20, Seed: 5"))).settings.prompt == "caf\u00e9"
    )


@pytest.mark.parametrize("packed", [True, False])
def test_stealth(packed):
    assert read(made.stealth("a dune\nSteps: 20, Seed: 5", packed=packed)).settings.prompt == "a dune"
    hidden = {"Software": "NovelAI", "Source": "Diffusion 01234567", "Description": "x"}
    hidden["Comment"] = json.dumps({"prompt": "a cave", "uc": "rain", "steps": 28, "scale": 5.0, "seed": 3})
    recipe = read(made.stealth(json.dumps(hidden), packed=packed))
    assert (recipe.platform.tool, recipe.settings.prompt, recipe.settings.negative) == (
        "novelai",
        "a cave",
        "rain",
    )
    assert (recipe.model.name, recipe.model.hash) == ("Diffusion", "01234567")


def test_comfyui_finds_settings_behind_links():
    recipe = read(made.comfy())
    assert said(recipe) == {
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
        "1": made.node("CheckpointLoaderSimple", ckpt_name="a.safetensors"),
        "2": made.node("EmptyLatentImage", width=512, height=640, batch_size=1),
        "3": made.node("CLIPTextEncode", clip=["1", 1], text="cliffs"),
        "4": made.node("CLIPTextEncode", clip=["1", 1], text="haze"),
        "5": made.node("LatentUpscaleBy", samples=["7", 0], upscale_method="bislerp", scale_by=1.5),
        "6": made.node(
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
        "7": made.node(
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
        "8": made.node("Seed box", seed=123),
        "9": made.node(
            "ControlNetApplyAdvanced",
            positive=["3", 0],
            negative=["4", 0],
            control_net=["10", 0],
            strength=0.9,
        ),
        "10": made.node("ControlNetLoader", control_net_name="depth.pth"),
        "11": made.node("VAEDecode", samples=["6", 0], vae=["1", 2]),
        "12": made.node("SaveImage", images=["11", 0], filename_prefix="x"),
    }
    recipe = read(made.comfy(graph))
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
    settings = read(made.with_texts(workflow=json.dumps(workflow))).settings
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
    recipe = read(made.png((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet.encode())))
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
    found = look(
        made.png((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp), (b"caBX", b"....jumb....c2pa...."))
    )
    assert (found.recipe, found.marks.c2pa, found.marks.source) == (None, True, "trainedAlgorithmicMedia")
    assert look(made.with_texts(Comment="Created with GIMP")) == look(made.png())


# Damaged and hostile metadata: one warning at most, no error, little time.

RING = {
    str(i): made.node(
        "X",
        positive=[str((i + 1) % 99), 0],
        negative=[str(i * 7 % 99), 0],
        seed=[str(i), 0],
        steps=[str((i + 2) % 99), 0],
        latent_image=[str((i + 5) % 99), 0],
        model=[str(i), 0],
    )
    for i in range(99)
}
DENSE = {
    str(i): made.node(
        "X",
        **{f"a{j}": [str((i * 7 + j) % 200), 0] for j in range(16)},
        positive=[str(i + 1), 0],
        seed=1,
        steps=2,
        latent_image=["0", 0],
    )
    for i in range(200)
}
HOSTILE = {
    "broken JSON": (made.with_texts(prompt='{"3": {"class_type": "KSam'), "prompt could not be read"),
    "50 MB": (made.with_texts(parameters=b"x" * 50_000_000), "more than 262144 bytes"),
    "zTXt bomb": (
        made.png((b"zTXt", b"parameters\0\0" + zlib.compress(bytes(100_000_000)))),
        "more than 262144",
    ),
    "iTXt bomb": (
        made.png((b"iTXt", b"prompt\0\1\0\0\0" + zlib.compress(b"[" * 100_000_000))),
        "more than 262144",
    ),
    "damaged zTXt": (made.png((b"zTXt", b"parameters\0\0junk")), "damaged"),
    "deep": (made.with_texts(prompt='{"a":' * 30000), "prompt could not be read"),
    "nested": (
        made.with_texts(prompt='{"1":{"class_type":"K","inputs":{"x":' + "[" * 500 + "]" * 500 + "}}}"),
        "prompt",
    ),
    "many chunks": (made.png(*[made.text("Comment", "x")] * 5000), "more than 64"),
    "circles": (made.with_texts(prompt=json.dumps(RING)), None),
    "dense graph": (made.with_texts(prompt=json.dumps(DENSE)), None),
    "encodings": (made.with_texts(parameters=b"\xff\xfe\x00\xd8\nSteps: 20, Seed: 1"), None),
    "half a pair": (
        made.with_texts(
            prompt='{"1":{"class_type":"K","inputs":{"positive":"\\ud800","seed":1,"steps":2,'
            '"latent_image":["1",0]}}}'
        ),
        None,
    ),
    "no numbers": (
        made.with_texts(
            prompt='{"1":{"class_type":"K","inputs":{"positive":"a","seed":NaN,"steps":1e999,'
            '"latent_image":["1",0]}}}'
        ),
        None,
    ),
    "huge number": (made.with_texts(parameters="a\nSteps: 20, Seed: " + "9" * 9000), None),
    "quotes": (made.with_texts(parameters='Steps: 20, A: "' * 17000), None),
    "brackets": (made.with_texts(parameters="Steps: 20, " + "A: [, " * 40000), None),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_metadata(name):
    data, told = HOSTILE[name]
    start = time.perf_counter()
    found = look(data)
    assert time.perf_counter() - start < 3  # measured: under 0.7 s
    if told:
        assert found.recipe is None
        assert len(found.warnings) == 1
        assert told in found.warnings[0]
        if "bomb" in name:  # Pillow refuses the picture
            with pytest.raises(ImageError, match="too large"):
                encode(data)
        else:
            with pytest.warns(RecipeWarning):
                assert inspect(encode(data))["recipe"] is None
    else:
        stream = encode(data, recipe="only")
        assert inspect(stream)["recipe"]["fields"] == json.loads(json.dumps(fields_of(found.recipe)))


def test_hostile_metadata_takes_little_memory(tmp_path):
    if not Path("/proc/self/status").exists():
        pytest.skip("needs Linux's account of memory")
    (tmp_path / "x.png").write_bytes(HOSTILE["iTXt bomb"][0])
    code = (
        "import re, sys\nfrom promptcodec.recipe import look\nlook(open(sys.argv[1], 'rb').read())\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "x.png"], capture_output=True, check=True)
    assert int(done.stdout) < 200 * 1024


# Redaction.

PRIVATE = {
    "paths": ("C:\\Users\\jo\\models\\a.ckpt", "a.ckpt"),
    "e-mail addresses": ("jo.doe@example.org", "*" * 18),
    "keys": ("hf_" + "aB3" * 9, "*" * 30),
}


@pytest.mark.parametrize("kind", PRIVATE)
def test_redaction(kind):
    private, left = PRIVATE[kind]
    text = f"a bay\nSteps: 20, Seed: 4, Note: {private}, Version: v1"
    for data in (made.with_texts(parameters=text), made.jpeg_with_comment(text)):
        recipe = read(data)
        assert findings(recipe) == (kind,)
        cleaned = redact(recipe)
        assert findings(cleaned) == ()
        assert private not in str(cleaned)
        assert cleaned.extra["Note"] == left
        assert cleaned.settings == recipe.settings
        with pytest.warns(RecipeWarning, match=kind):
            encode(data, recipe="only")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert inspect(encode(data, recipe="only", redact=True))["recipe"]["fields"] == fields_of(cleaned)


def test_redaction_inside_json():
    graph = {
        **made.GRAPH,
        "20": made.node("Loader", image="/home/jo/in/a.png", api_key="s3cr3t", user="jo d."),
    }
    recipe = read(made.with_texts(prompt=json.dumps(graph)))
    assert findings(recipe) == ("paths", "secrets", "user names")
    inputs = json.loads(redact(recipe).chunks[0].data)["20"]["inputs"]
    assert inputs == {"image": "a.png", "api_key": "******", "user": "*****"}


def test_nothing_private_in_an_ordinary_recipe():
    assert findings(read(made.with_texts(parameters=made.SETTINGS))) == ()
    assert findings(read(made.comfy())) == ()


# Export.

BACK = {
    "a1111": "parameters",
    "comfyui": "prompt",
    "invokeai": "invokeai_metadata",
    "diffusers": "parameters",
}


@pytest.fixture
def fields_only():
    return replace(read(made.with_texts(parameters=made.SETTINGS)), chunks=())


@pytest.mark.parametrize("tool", WRITERS)
def test_what_is_exported_is_read_again(tool, fields_only):
    text = WRITERS[tool](fields_only)
    again = from_chunks((Chunk("tEXt", BACK[tool], text.encode()),)).settings
    first = fields_only.settings
    assert (again.prompt.split("\n")[0], again.negative) == (first.prompt.split("\n")[0], first.negative)
    assert (again.seed, again.steps, again.guidance) == (first.seed, first.steps, first.guidance)
    assert (again.width, again.height) == (first.width, first.height)
    assert again.sampler == ("dpmpp_2m" if tool == "comfyui" else first.sampler)
    if tool == "a1111":
        assert again == first


@pytest.mark.parametrize("tool", ["a1111", "comfyui", "invokeai"])
def test_what_is_exported_is_read_by_sd_parsers(tool, fields_only, tmp_path):
    sd_parsers = pytest.importorskip(
        "sd_parsers", reason="sd-parsers is not installed: pip install -e .[test]"
    )
    # It takes a ControlNet, or the model that comes in through a LoRA, for the model.
    plain = replace(fields_only, model=replace(fields_only.model, loras=(), controlnets=()))
    text = WRITERS[tool](plain)
    texts = {BACK[tool]: text}
    if tool == "comfyui":
        texts["workflow"] = json.dumps(made.workflow_of(json.loads(text)))
    (tmp_path / "x.png").write_bytes(made.png(*(made.text(key, value) for key, value in texts.items())))
    info = sd_parsers.ParserManager().parse(tmp_path / "x.png")
    sampler = info.samplers[0]
    assert str(info.prompts[0]).startswith("a lighthouse (at dusk:1.2)")
    assert str(info.negative_prompts[0]) == "fog, people"
    assert int(sampler.parameters["seed"]) == 4294967290
    assert int(sampler.parameters["steps"]) == 28
    assert float(sampler.parameters["cfg_scale"]) == 6.5
    assert sampler.name == ("dpmpp_2m" if tool == "comfyui" else "DPM++ 2M")
    assert "seaside_v3" in str(sampler.model) or tool == "invokeai"


def test_the_own_graph_is_exported_as_it_was():
    assert json.loads(WRITERS["comfyui"](read(made.comfy()))) == made.GRAPH


def test_the_command_line(cli, tmp_path):
    (tmp_path / "a.png").write_bytes(made.with_texts(parameters=made.SETTINGS + ", Note: jo@example.org"))
    (tmp_path / "b.png").write_bytes(made.png())
    code, _, err = cli("encode", "a.png", "-o", "a.pxt", "--recipe", "only")
    assert code == 0
    assert "e-mail addresses" in err
    code, _, err = cli("encode", "a.png", "-o", "r.pxt", "--recipe", "only", "--recipe-redact")
    assert (code, err) == (0, "")
    for file in ("a.png", "a.pxt"):
        code, out, _ = cli("recipe", "show", file)
        assert code == 0
        assert "seed: 4294967290" in out
        code, out, _ = cli("recipe", "show", file, "--json")
        assert json.loads(out)["recipe"]["fields"]["settings"]["steps"] == 28
        code, out, _ = cli("recipe", "export", file, "--to", "diffusers")
        assert json.loads(out)["num_inference_steps"] == 28
    assert "jo@example.org" not in cli("recipe", "show", "r.pxt")[1]
    assert cli("recipe", "show", "b.png")[:2] == (0, "no recipe\n")
    assert cli("recipe", "export", "b.png", "--to", "a1111")[0] == 2
    assert cli("recipe", "export", "a.png", "--to", "a1111", "-o", "a.pxt")[0] == 2
    assert cli("recipe", "export", "a.png", "--to", "a1111", "-o", "a.txt")[0] == 0
    assert "Sampler: DPM++ 2M" in (tmp_path / "a.txt").read_text()


def test_pillow_never_sees_long_texts():
    from promptcodec.recipe.carriers import without_texts

    bare, told = made.with_texts(), made.with_texts(prompt="a" * 5_000_000, parameters="b")
    assert without_texts(told) == without_texts(bare)
    assert len(without_texts(told)) < 10_000
    assert told[:40].startswith(without_texts(told[:40]))  # cut inside the head of a chunk
    assert without_texts(b"RIFF") == b"RIFF"
