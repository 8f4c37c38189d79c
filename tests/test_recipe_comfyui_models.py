"""ComfyUI's models, LoRAs, ControlNets and VAEs, and the settings that nodes of their own forms hold."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from promptcodec.recipe.read import from_texts

sys.path.append(str(Path(__file__).parent))
import comfy_editor as editor
from comfy_graphs import BAD, BASE, GOOD, LATENT, recipe, sampler
from recipe_files import node

MODEL = "clay.safetensors"
PARTS = {
    "a motion module": node("ADE_AnimateDiffLoaderGen1", model_name="motion.ckpt", model=["1", 0]),
    "a small ControlNet": node("LLLiteLoader", model_name="lines.safetensors", model=["1", 0]),
    "a patch": node("LoadAndApplyLightUnet", model_path="light.safetensors", model=["1", 0]),
    "a file called as a checkpoint": node("Patch", ckpt_name="patch.safetensors", model=["1", 0]),
}


@pytest.mark.parametrize("name", PARTS)
def test_what_takes_a_model_is_no_model(name):
    read = recipe(_20=PARTS[name], _5=sampler(["2", 0], ["3", 0], model=["20", 0]))
    assert (read.model.name, read.extra, read.unknown) == (MODEL, {}, ())


LOADERS = {
    "a folder": (node("NunchakuFluxDiTLoader", model_path="svdq-int4"), "svdq-int4"),
    "a repository": (node("DownloadAndLoadKolorsModel", model="Kolors/Kolors"), "Kolors/Kolors"),
    "a linked name": (node("UNETLoader", unet_name=["21", 0]), "linked.gguf"),
    "no file yet": (node("CheckpointLoaderSimple", ckpt_name="None"), None),
}


@pytest.mark.parametrize("name", LOADERS)
def test_a_loader_names_its_model(name):
    loader, right = LOADERS[name]
    read = recipe(
        _20=loader,
        _21=node("PrimitiveString", value="linked.gguf"),
        _5=sampler(["2", 0], ["3", 0], model=["20", 0]),
    )
    assert read.model.name == right
    assert read.unknown == (() if right else ("model",))


TAGGED = {
    "a prompt": node("Power Prompt (rgthree)", prompt=f"{GOOD} <lora:glaze:0.7>", opt_model=["1", 0]),
    "a text": node("PCLazyLoraLoader", text="<lora:glaze:0.7>", model=["1", 0], clip=["1", 1]),
    "a linked text": node("LoraTagLoader", text=["30", 0], model=["1", 0], clip=["1", 1]),
    "what was used of a template": node(
        "ImpactWildcardEncode",
        wildcard_text="<lora:{glaze|paint}:1>",
        populated_text="<lora:glaze:0.7>",
        model=["1", 0],
        clip=["1", 1],
    ),
}


@pytest.mark.parametrize("name", TAGGED)
def test_loras_stand_as_tags(name):
    read = recipe(
        _20=TAGGED[name],
        _30=node("StringConcatenate", string_a="<lora:glaze", string_b=":0.7>", delimiter=""),
        _5=sampler(["2", 0], ["3", 0], model=["20", 0]),
    )
    assert [(lora.name, lora.weight) for lora in read.model.loras] == [("glaze", 0.7)]
    assert read.model.name == MODEL


def test_a_sampler_adds_a_lora_itself():
    run = {"lora_name": "glaze.safetensors", "lora_strength": 0.4}
    loras = recipe(_5=sampler(["2", 0], ["3", 0], **run)).model.loras
    assert [(lora.name, lora.weight) for lora in loras] == [("glaze.safetensors", 0.4)]


def test_loras_that_hang_on_a_prompt():
    read = recipe(
        _20=node("CreateHookLora", lora_name="late.safetensors", strength_model=0.7, strength_clip=1.0),
        _21=node("CreateHookLora", lora_name="later.safetensors", strength_model=0.2, prev_hooks=["20", 0]),
        _22=node("SetClipHooks", clip=["1", 1], hooks=["21", 0]),
        _2=node("CLIPTextEncode", clip=["22", 0], text=GOOD),
    )
    loras = {lora.name: lora.weight for lora in read.model.loras}
    assert loras == {"late.safetensors": 0.7, "later.safetensors": 0.2}


def test_a_stack_of_loras_in_a_workflow_alone():
    stack = editor.box(
        10,
        "Lora Loader Stack (rgthree)",
        ["glaze.safetensors", 0.6, "None", 1, "paint.safetensors", 0.3, "None", 1],
        ["MODEL", "CLIP"],
        model=(1, 0),
        clip=(1, 1),
    )
    read = editor.read(editor.plain(_10=stack, _5=editor.sampler(model=(10, 0))))
    editor.check(read)
    loras = [(lora.name, lora.weight) for lora in read.model.loras]
    assert loras == [("glaze.safetensors", 0.6), ("paint.safetensors", 0.3)]


def test_a_node_that_sets_a_controlnet_up_is_not_a_second_one():
    read = recipe(
        _20=node("ControlNetLoader", control_net_name="union.safetensors"),
        _21=node("SetUnionControlNetType", control_net=["20", 0], type="openpose"),
        _22=node("LoadImage", image="in.png"),
        _6=node(
            "ControlNetApplyAdvanced",
            positive=["2", 0],
            negative=["3", 0],
            control_net=["21", 0],
            image=["22", 0],
            strength=0.6,
        ),
        _5=sampler(["6", 0], ["6", 1]),
    )
    assert [(net.name, net.weight) for net in read.model.controlnets] == [("union.safetensors", 0.6)]


def decoder(vae, samples=("5", 0), kind="VAEDecode"):
    return node(kind, samples=list(samples), vae=vae)


VAES = {
    "of the checkpoint, others unused": ({"_20": node("VAELoader", vae_name="no.safetensors")}, None),
    "of the checkpoint, another shown": (
        {
            "_0": node("VAELoader", vae_name="no.safetensors"),
            "_21": decoder(["0", 0]),
            "_22": node("PreviewImage", images=["21", 0]),
        },
        None,
    ),
    "its own, another shown": (
        {
            "_0": node("VAELoader", vae_name="no.safetensors"),
            "_20": node("VAELoader", vae_name="kiln.safetensors"),
            "_21": decoder(["0", 0]),
            "_22": node("PreviewImage", images=["21", 0]),
            "_8": decoder(["20", 0]),
        },
        "kiln.safetensors",
    ),
    "through a switch": (
        {
            "_20": node("VAELoader", vae_name="kiln.safetensors"),
            "_21": node("ImpactSwitch", select=2, input1=["1", 2], input2=["20", 0]),
            "_8": decoder(["21", 0], kind="VAEDecodeTiled"),
        },
        "kiln.safetensors",
    ),
    "in a pipe": (
        {
            "_1": node(
                "easy fullLoader", ckpt_name=MODEL, vae_name="kiln.pt", positive=GOOD, negative=BAD, width=64
            ),
            "_5": node("easy kSampler", pipe=["6", 0]),
            "_6": node("easy preSampling", pipe=["1", 0], seed=4, steps=9),
            "_8": None,
            "_9": node("SaveImage", images=["5", 1], filename_prefix="x"),
        },
        "kiln.pt",
    ),
    "baked": (
        {
            "_1": node(
                "Efficient Loader", ckpt_name=MODEL, vae_name="Baked VAE", positive=GOOD, negative=BAD
            ),
            "_8": decoder(["1", 4]),
            "_5": sampler(["1", 1], ["1", 2]),
        },
        None,
    ),
    "of the decoder, not of a detailer behind it": (
        {
            "_20": node("VAELoader", vae_name="kiln.safetensors"),
            "_21": node("VAELoader", vae_name="no.safetensors"),
            "_8": decoder(["20", 0]),
            "_22": node(
                "FaceDetailer",
                image=["8", 0],
                vae=["21", 0],
                positive=["2", 0],
                negative=["3", 0],
                guide_size=512,
                seed=1,
                steps=4,
            ),
            "_9": node("SaveImage", images=["22", 0], filename_prefix="x"),
        },
        "kiln.safetensors",
    ),
    "called a model": (
        {"_20": node("WanVideoVAELoader", model_name="wan_vae.safetensors"), "_8": decoder(["20", 0])},
        "wan_vae.safetensors",
    ),
    "where nothing is saved": (
        {"_20": node("VAELoader", vae_name="kiln.safetensors"), "_8": decoder(["20", 0]), "_9": None},
        "kiln.safetensors",
    ),
}


@pytest.mark.parametrize("name", VAES)
def test_the_vae_is_that_of_the_saved_picture(name):
    nodes, right = VAES[name]
    assert recipe(**nodes).model.vae == right


def test_a_wrapper_of_one_model_names_its_inputs_after_it():
    read = recipe(
        _1=node("DownloadAndLoadClayModel", model="Clay/Clay", precision="fp16"),
        _2=node("ClayTextEncode", prompt=GOOD, negative_prompt=BAD, chatglm3_model=["3", 0]),
        _3=node("LoadChatGLM3", chatglm3_checkpoint="glm.safetensors"),
        _4=None,
        _5=node(
            "ClaySampler",
            clay_model=["1", 0],
            clay_embeds=["2", 0],
            seed=41,
            steps=17,
            cfg=5.5,
            width=704,
            height=576,
        ),
        _20=node("VAELoader", vae_name="kiln.safetensors"),
        _8=decoder(["20", 0]),
    )
    settings = read.settings
    assert (settings.prompt, settings.negative) == (GOOD, BAD)
    assert (settings.seed, settings.steps, settings.guidance) == (41, 17, 5.5)
    assert (settings.width, settings.height) == (704, 576)
    assert (read.model.name, read.model.vae, read.unknown) == ("Clay/Clay", "kiln.safetensors", ())


def test_a_video_wrapper_with_embedded_guidance():
    read = recipe(
        _1=node("HyVideoModelLoader", model="hy.safetensors"),
        _2=node("HyVideoTextEncode", prompt=GOOD, text_encoders=["3", 0]),
        _3=node("DownloadAndLoadHyVideoTextEncoder", llm_model="llava", clip_model="clip"),
        _5=node(
            "HyVideoSampler",
            model=["1", 0],
            hyvid_embeds=["2", 0],
            width=704,
            height=576,
            steps=17,
            embedded_guidance_scale=6.0,
            seed=41,
        ),
    )
    settings = read.settings
    assert (settings.prompt, settings.seed, settings.steps, settings.guidance) == (GOOD, 41, 17, 6)
    assert (settings.width, settings.height, read.model.name) == (704, 576, "hy.safetensors")


def test_a_service_keeps_the_settings_it_was_given():
    ask = node(
        "DrawForMe",
        prompt=GOOD,
        negative_prompt=BAD,
        size="704x576",
        seed=41,
        num_inference_steps=17,
        guidance_scale=3.5,
    )
    read = recipe(
        _1=None,
        _2=None,
        _3=None,
        _4=None,
        _5=ask,
        _8=None,
        _9=node("SaveImage", images=["5", 0], filename="x"),
    )
    settings = read.settings
    assert (settings.prompt, settings.negative) == (GOOD, BAD)
    assert (settings.seed, settings.steps, settings.guidance) == (41, 17, 3.5)
    assert (settings.width, settings.height) == (704, 576)


SUMS = {
    "an expression": (node("MathExpression|pysssss", expression="a * 64", a=["21", 0]), 832),
    "a value": (node("SimpleMath+", value="min(a, 12) * 64", a=["21", 0]), 768),
    "an operation": (node("easy mathInt", a=["21", 0], b=64, operation="multiply"), 832),
    "what is not whole": (node("SimpleMath+", value="a / 2", a=["21", 0]), None),
    "what is no sum": (node("SimpleMath+", value="open('x')", a=["21", 0]), None),
    "a division by 0": (node("SimpleMath+", value="a / 0", a=["21", 0]), None),
    "a power": (node("SimpleMath+", value="9 ** 9 ** 9", a=["21", 0]), None),
    "too deep": (node("SimpleMath+", value="(" * 240 + "a" + ")" * 240, a=["21", 0]), None),
    "what a parser would warn of": (node("SimpleMath+", value="1or a", a=["21", 0]), None),
    "an attribute": (node("SimpleMath+", value="a.__class__", a=["21", 0]), None),
    "too large": (node("SimpleMath+", value="*".join(["9999999999"] * 20), a=["21", 0]), None),
}


@pytest.mark.parametrize("name", SUMS)
def test_sums_are_worked_out(name):
    counting, right = SUMS[name]
    read = recipe(
        _4=node("EmptyLatentImage", width=["20", 0], height=576, batch_size=1),
        _20=counting,
        _21=node("PrimitiveInt", value=13),
    )
    assert read.settings.width == right


SIZES = {
    "an override": (
        node("SizePicker+", resolution="1024x1024 (1.0)", width_override=704, height_override=576),
        (704, 576),
    ),
    "no override": (
        node("SizePicker+", resolution="704x576 (1.0)", width_override=0, height_override=0),
        (704, 576),
    ),
}


@pytest.mark.parametrize("name", SIZES)
def test_sizes_that_override_a_preset(name):
    picker, right = SIZES[name]
    settings = recipe(_4=picker).settings
    assert (settings.width, settings.height) == right


SCALED = {
    "to these sides": (
        {"upscale_method": "lanczos", "width": 704, "height": 576, "crop": "center"},
        (704, 576),
    ),
    "to a width": ({"upscale_method": "lanczos", "width": 704, "height": 0, "crop": "center"}, (None, None)),
    "within these sides": ({"width": 704, "height": 576, "keep_proportion": True}, (None, None)),
    "stretched": ({"width": 704, "height": 576, "keep_proportion": False}, (704, 576)),
}


@pytest.mark.parametrize("name", SCALED)
def test_a_picture_that_was_scaled_before_it_was_encoded(name):
    inputs, right = SCALED[name]
    read = recipe(
        _20=node("LoadImage", image="in.png"),
        _21=node("ImageScale", image=["20", 0], **inputs),
        _4=node("VAEEncode", pixels=["21", 0], vae=["1", 2]),
    )
    assert (read.settings.width, read.settings.height) == right


def test_a_second_pass_that_a_script_adds():
    fix = node(
        "HighRes-Fix Script",
        upscale_type="pixel",
        latent_upscaler="nearest-exact",
        pixel_upscaler="4x-Kiln.pth",
        upscale_by=1.5,
        seed=999,
        hires_steps=12,
        denoise=0.4,
    )
    run = node(
        "KSampler (Efficient)",
        positive=["2", 0],
        negative=["3", 0],
        model=["1", 0],
        seed=41,
        steps=17,
        cfg=5.5,
        script=["21", 0],
        **LATENT,
    )
    read = recipe(_20=fix, _21=node("Noise Control Script", seed=1, script=["20", 0]), _5=run)
    assert read.settings.hires == {"steps": 12, "denoise": 0.4, "scale": 1.5, "upscaler": "4x-Kiln.pth"}
    assert (read.settings.seed, read.settings.steps) == (41, 17)


@pytest.mark.parametrize(
    ("kind", "right"), [("KarrasScheduler", "karras"), ("BetaSamplingScheduler", "beta")]
)
def test_schedulers_of_their_own_are_named_as_samplers_name_them(kind, right):
    run = node(
        "SamplerCustom",
        positive=["2", 0],
        negative=["3", 0],
        model=["1", 0],
        noise_seed=41,
        cfg=5.5,
        sigmas=["20", 0],
        **LATENT,
    )
    read = recipe(_5=run, _20=node(kind, steps=17))
    assert (read.settings.scheduler, read.settings.steps) == (right, 17)


def test_the_main_seed_is_the_seed():
    read = recipe(
        _5=node("KSamplerVariations", positive=["2", 0], main_seed=41, variation_seed=2, steps=3, **LATENT)
    )
    assert read.settings.seed == 41


def test_a_group_node_with_reroutes_inside():
    def inner(kind, values=(), outputs=(), *inputs):
        return {
            "type": kind,
            "widgets_values": list(values),
            "inputs": [{"name": item, "type": "*", "link": None} for item in inputs],
            "outputs": [{"name": item, "type": item, "links": []} for item in outputs],
        }

    group = {
        "nodes": [
            inner("Reroute", (), ["*"], ""),
            inner("Reroute", (), ["*"], ""),
            inner("Reroute", (), ["*"], ""),
            inner("KSampler", editor.RUN, ["LATENT"], "model", "positive", "negative", "latent_image"),
        ],
        "links": [
            [0, 0, 3, 0, 1, "MODEL"],
            [1, 0, 3, 1, 1, "CONDITIONING"],
            [2, 0, 3, 2, 1, "CONDITIONING"],
            [None, 0, 0, 0, 1, "MODEL"],
        ],
        "external": [[3, 0, "LATENT"]],
        "config": {
            "0": {"input": {"MODEL": {"name": "model"}}},
            "1": {"input": {"CONDITIONING": {"name": "good"}}},
            "2": {"input": {"CONDITIONING": {"name": "bad"}}},
        },
    }
    outer = editor.box(
        5, "workflow/Mine", editor.RUN, ["LATENT"], model=(1, 0), good=(2, 0), bad=(3, 0), latent_image=(4, 0)
    )
    workflow = editor.plain(_5=outer)
    workflow["extra"] = {"groupNodes": {"Mine": group}}
    editor.check(editor.read(workflow))


@pytest.mark.parametrize(
    ("name", "seed", "right"), [("clay", 41, "0123abcdef"), ("mud", 41, None), ("clay", 42, None)]
)
def test_a_text_beside_the_graph_has_the_hash_of_the_same_model(name, seed, right):
    graph = {**BASE, "5": sampler(["2", 0], ["3", 0])}
    words = (
        f"{GOOD}\nNegative prompt: {BAD}\nSteps: 17, Sampler: Heun, CFG scale: 5.5, Seed: {seed}, "
        f"Size: 704x576, Model hash: 0123abcdef, Model: {name}, Version: ComfyUI"
    )
    read = from_texts({"prompt": json.dumps(graph), "parameters": words})
    assert (read.platform.tool, read.model.name, read.model.hash) == ("comfyui", MODEL, right)
