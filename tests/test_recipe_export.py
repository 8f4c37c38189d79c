"""Recipes going out again: redaction, export to the tools' own forms, the command line."""

from __future__ import annotations

import json
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from promptcodec import encode, inspect
from promptcodec.errors import EncodeWarning
from promptcodec.recipe import Chunk, from_chunks, read
from promptcodec.recipe.model import fields_of
from promptcodec.recipe.redact import findings, redact
from promptcodec.recipe.write import WRITERS

sys.path.append(str(Path(__file__).parent))
import recipe_files

PRIVATE = {
    "paths": ("C:\\Users\\jo\\models\\a.ckpt", "a.ckpt"),
    "e-mail addresses": ("jo.doe@example.org", "*" * 18),
    "keys": ("hf_" + "aB3" * 9, "*" * 30),
}


@pytest.mark.parametrize("kind", PRIVATE)
def test_redaction(kind):
    private, left = PRIVATE[kind]
    text = f"a bay\nSteps: 20, Seed: 4, Note: {private}, Version: v1"
    for data in (recipe_files.with_texts(parameters=text), recipe_files.jpeg_with_comment(text)):
        recipe = read(data)
        assert findings(recipe) == (kind,)
        cleaned = redact(recipe)
        assert findings(cleaned) == ()
        assert private not in str(cleaned)
        assert cleaned.extra["Note"] == left
        assert cleaned.settings == recipe.settings
        with pytest.warns(EncodeWarning, match=kind):
            encode(data, recipe="only")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert inspect(encode(data, recipe="only", redact=True))["recipe"]["fields"] == fields_of(cleaned)


def test_redaction_inside_json():
    graph = {
        **recipe_files.GRAPH,
        "20": recipe_files.node("Loader", image="/home/jo/in/a.png", api_key="s3cr3t", user="jo d."),
    }
    recipe = read(recipe_files.with_texts(prompt=json.dumps(graph)))
    assert findings(recipe) == ("paths", "secrets", "user names")
    inputs = json.loads(redact(recipe).chunks[0].data)["20"]["inputs"]
    assert inputs == {"image": "a.png", "api_key": "******", "user": "*****"}


def test_nothing_private_in_an_ordinary_recipe():
    assert findings(read(recipe_files.with_texts(parameters=recipe_files.SETTINGS))) == ()
    assert findings(read(recipe_files.comfy())) == ()


BACK = {
    "a1111": "parameters",
    "comfyui": "prompt",
    "invokeai": "invokeai_metadata",
    "diffusers": "parameters",
}


@pytest.fixture
def fields_only():
    return replace(read(recipe_files.with_texts(parameters=recipe_files.SETTINGS)), chunks=())


@pytest.mark.parametrize("tool", WRITERS)
def test_what_is_exported_is_read_again(tool, fields_only):
    text = WRITERS[tool](fields_only)
    again = from_chunks((Chunk("tEXt", BACK[tool], text.encode()),)).settings
    first = fields_only.settings
    called = "a lighthouse (at dusk:1.2), <lora:paint_v2:0.7>"  # which A1111 alone reads from the prompt
    assert again.prompt.split("\n")[0] == (called if tool == "a1111" else "a lighthouse (at dusk:1.2),")
    assert again.negative == first.negative
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
    plain = replace(
        fields_only,
        model=replace(fields_only.model, loras=(), controlnets=()),
        settings=replace(fields_only.settings, prompt="a lighthouse (at dusk:1.2)"),
    )
    text = WRITERS[tool](plain)
    texts = {BACK[tool]: text}
    if tool == "comfyui":
        texts["workflow"] = json.dumps(recipe_files.workflow_of(json.loads(text)))
    (tmp_path / "x.png").write_bytes(
        recipe_files.png(*(recipe_files.text(key, value) for key, value in texts.items()))
    )
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
    assert json.loads(WRITERS["comfyui"](read(recipe_files.comfy()))) == recipe_files.GRAPH


def test_the_command_line(cli, tmp_path):
    (tmp_path / "a.png").write_bytes(
        recipe_files.with_texts(parameters=recipe_files.SETTINGS + ", Note: jo@example.org")
    )
    (tmp_path / "b.png").write_bytes(recipe_files.png())
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
