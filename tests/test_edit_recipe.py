"""Recipes as layers to edit: what they say is changed, stored, exported, drawn by a generator that reads."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import PngImagePlugin

from promptcodec import decode, edit, encode, inspect, verify
from promptcodec.bitstream import Part, Stream, read, write
from promptcodec.edit import Edit
from promptcodec.entropy import dictionary
from promptcodec.errors import GeneratorError, MissingDictionary, PromptcodecError, UsageError
from promptcodec.generators.wording import hosted, prompt_text
from promptcodec.layers import recipe as layer
from promptcodec.layers import signature
from promptcodec.recipe import Recipe, Settings, from_chunks
from promptcodec.recipe.model import Chunk, Platform, fields_of

PROMPT = "a heron on a jetty <lora:reed:0.7>, (mist:1.2)"
TEXT = (
    f"{PROMPT}\nNegative prompt: heron feathers, smeared\n"
    "Steps: 21, Sampler: Euler a, CFG scale: 5.5, Seed: 99, Size: 512x384, Model hash: 0123abcdef, "
    "Model: marsh, Clip skip: 2, Version: v1.9.4"
)
RECIPE = from_chunks((Chunk("tEXt", "parameters", TEXT.encode()),))


def settings_of(data):
    return inspect(data)["recipe"]["fields"]["settings"]


def stream_of(recipe, *others, **options):
    parts = (Part(4, layer.encode(recipe, **options)), *others)
    return write(Stream(64, 48, parts))


@pytest.fixture(scope="module")
def stream():
    """A stream that holds only a recipe, byte for byte."""
    return stream_of(RECIPE)


@pytest.fixture(scope="module")
def beside(scene):
    """A stream with words and a recipe."""
    file = io.BytesIO()
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", TEXT)
    scene.save(file, "PNG", pnginfo=info)
    return encode(file.getvalue(), layers=("semantic",))


def test_settings_are_changed_and_nothing_else(stream):
    edits = [
        Edit("prompt", ("an owl in the snow\nat dusk",)),
        Edit("negative", ("",)),
        Edit("set", ("seed=7",)),
        Edit("set", ("guidance=6.5",)),
        Edit("set", ("sampler= DPM++ 2M",)),
        Edit("set", ("steps=",)),
    ]
    edited = edit.apply(stream, edits)
    shown = inspect(edited.data)["recipe"]
    wanted = {
        "prompt": "an owl in the snow\nat dusk", "sampler": " DPM++ 2M", "guidance": 6.5, "seed": 7,
        "width": 512, "height": 384,
    }  # fmt: skip
    assert shown["fields"]["settings"] == wanted
    before = fields_of(RECIPE)
    assert (shown["fields"]["platform"], shown["fields"]["model"]) == (before["platform"], before["model"])
    mark = "edited prompt, negative, seed, guidance, sampler, steps"
    assert shown["fields"]["extra"] == {**before["extra"], "promptcodec": mark}
    assert shown["chunks"] == []
    assert [warning.text for warning in edited.warnings if "word for word" in warning.text] != []
    assert verify(edited.data)["parts"][0]["coder"] == "fields"


def test_the_own_metadata_is_dropped_once_and_only_where_something_changes(stream):
    assert edit.apply(stream, [Edit("set", ("seed=99",))]).data == stream
    once = edit.assign(stream, "seed=7")
    again = edit.apply(once, [Edit("set", ("seed=8",))])
    assert settings_of(again.data)["seed"] == 8
    assert not any("word for word" in warning.text for warning in again.warnings)


def test_another_model_has_another_hash(stream):
    model = inspect(edit.assign(stream, "model=fen"))["recipe"]["fields"]["model"]
    assert model == {"name": "fen", "loras": [{"name": "reed", "weight": 0.7}]}
    assert inspect(edit.assign(stream, "vae=clear"))["recipe"]["fields"]["model"]["hash"] == "0123abcdef"


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("seed", "write NAME=VALUE, as in seed=7"),
        ("cfg=7", "no setting 'cfg' to change; it has prompt, negative, sampler"),
        ("seed=-1", "seed cannot be set so: it is to be a whole number from 0 to 18446744073709551615"),
        ("seed=18446744073709551616", "seed cannot be set so"),
        ("seed=1.5", "whole number"),
        ("steps=0", "from 1 to 10000, not '0'"),
        ("guidance=nan", "guidance cannot be set so: it is to be a number, not 'nan'"),
        ("guidance=many", "number"),
        ("denoise=1.1", "from 0 to 1"),
        ("width=70000", "from 1 to 65535"),
        ("prompt=\ud800", "not UTF-8"),
    ],
)
def test_values_that_cannot_be(stream, assignment, says):
    with pytest.raises(UsageError, match=says):
        edit.assign(stream, assignment)


def test_the_largest_seed_and_odd_texts_come_back(stream):
    assert settings_of(edit.assign(stream, f"seed={2**64 - 1}"))["seed"] == 2**64 - 1
    for text in ("a\x00b", "null", "0", '{"a": 1}', '"' * 3000, "狐 🦊", "Steps: 3\nNegative prompt: x"):
        assert settings_of(edit.prompt(stream, text))["prompt"] == text


def test_what_could_not_be_read_back_is_not_written(stream):
    with pytest.raises(PromptcodecError, match="too large"):
        edit.prompt(stream, "word " * 150_000)


def test_words_of_the_prompt_are_replaced_and_networks_stay(stream):
    edited = settings_of(edit.replace(stream, "heron", "grebe"))
    assert edited["prompt"] == PROMPT.replace("heron", "grebe")
    assert edited["negative"] == "heron feathers, smeared"
    assert settings_of(edit.replace(stream, "MIST", "fog"))["prompt"] == PROMPT.replace("mist", "fog")
    for old in ("reed", "hero", "feathers"):
        with pytest.raises(UsageError, match="the recipe's prompt nowhere says"):
            edit.replace(stream, old, "x")
    with pytest.raises(UsageError, match="needs words"):
        edit.replace(stream, " ", "x")


def test_beside_words_the_words_come_first(beside):
    words = inspect(beside)["text"]
    edited = edit.apply(beside, [Edit("prompt", ("an owl",))])
    assert inspect(edited.data)["text"] == words
    assert edited.changed == ("recipe",)
    assert any("stay as they were" in warning.text for warning in edited.warnings)
    summary = edit.style(beside, "summary: A heron over the sea.")
    both = edit.apply(summary, [Edit("replace", ("heron", "grebe"))])
    assert inspect(both.data)["description"]["summary"] == "A grebe over the sea."
    assert settings_of(both.data)["prompt"] == PROMPT
    assert any("still says 'heron'" in warning.text for warning in both.warnings)
    alone = edit.apply(summary, [Edit("replace", ("jetty", "pier"))])
    assert alone.changed == ("recipe",)
    assert settings_of(alone.data)["prompt"] == PROMPT.replace("jetty", "pier")


def test_what_else_repeats_the_prompt_follows_or_is_named():
    extra = {"caption": {"base": PROMPT, "n": [1]}, "long": f"{PROMPT}, expanded"}
    recipe = Recipe(Platform("novelai"), settings=Settings(prompt=PROMPT), extra=extra)
    edited = edit.apply(stream_of(recipe, form="fields"), [Edit("prompt", ("an owl",))])
    shown = inspect(edited.data)["recipe"]["fields"]["extra"]
    assert shown["caption"] == {"base": "an owl", "n": [1]}
    assert shown["long"] == f"{PROMPT}, expanded"
    assert any("still holds the prompt" in warning.text for warning in edited.warnings)


def test_seed_and_signature_as_after_other_edits(stream, scene):
    edited = edit.prompt(stream, "an owl")
    assert [part.type for part in read(edited).parts] == [4, 7]  # the stream's own seed stays
    signed = stream_of(RECIPE, Part(5, signature.encode(scene)))
    after = edit.apply(signed, [Edit("prompt", ("an owl",))])
    assert after.changed == ("recipe", "signature", "about")
    assert any("signature" in warning.text for warning in after.warnings)


def test_the_coder_and_the_dictionary_stay():
    own = dictionary.train([f"a heron, a jetty and {word}" for word in ("mist", "reeds", "dusk")] * 40)
    coded = stream_of(RECIPE, form="fields", coder="zstd", dictionary=own)
    edited = edit.prompt(coded, "a heron, a jetty and dusk", dictionaries=[own])
    text = "a heron, a jetty and dusk"
    assert inspect(edited, dictionaries=[own])["recipe"]["fields"]["settings"]["prompt"] == text
    with pytest.raises(MissingDictionary):
        edit.prompt(coded, text)
    for coder in ("brotli", "zstd"):
        payload = read(edit.prompt(stream_of(RECIPE, coder=coder), text)).parts[0].payload
        assert layer.decode(payload).settings.prompt == text


def test_a_stream_without_a_recipe(scene, once):
    words = once(encode, scene, layers=("semantic",))
    with pytest.raises(UsageError, match="no recipe part to edit; it has semantic") as caught:
        edit.prompt(words, "x")
    assert "--replace" in caught.value.hint


def test_command_line_and_exports(cli, tmp_path, stream):
    (tmp_path / "a.pxt").write_bytes(stream)
    code, out, err = cli(
        "edit", "a.pxt", "-o", "b.pxt", "--prompt", "an owl", "--negative", "", "--set", "seed=7",
        "--set", "steps=30", "--json",
    )  # fmt: skip
    result = json.loads(out)
    assert (code, result["changed"], result["builtin_shows"]) == (0, ["recipe", "about"], "nothing")
    assert any("builtin does not draw words" in warning for warning in result["warnings"])
    assert "word for word" in err
    code, out, _ = cli("recipe", "export", "b.pxt", "--to", "a1111")
    again = from_chunks((Chunk("tEXt", "parameters", out.rstrip("\n").encode()),))
    assert (again.settings.prompt, again.settings.seed, again.settings.steps) == (
        "an owl <lora:reed:0.7>", 7, 30,
    )  # fmt: skip
    assert again.extra["promptcodec"] == "edited prompt, negative, seed, steps"
    graph = json.loads(cli("recipe", "export", "b.pxt", "--to", "comfyui")[1])
    assert graph["6"]["inputs"]["text"] == "an owl"
    assert graph["3"]["inputs"]["seed"] == 7
    code, _, err = cli("edit", "a.pxt", "-o", "c.pxt", "--set", "cfg=1")
    assert (code, "it has prompt, negative" in err) == (2, True)
    assert not (tmp_path / "c.pxt").exists()


def test_builtin_says_who_can_draw_it(cli, tmp_path, stream):
    for variant in ("builtin", "builtin:classical"):
        with pytest.raises(GeneratorError, match="only a recipe, and builtin cannot draw words"):
            decode(stream, generator=variant)
    (tmp_path / "a.pxt").write_bytes(stream)
    code, _, err = cli("decode", "a.pxt", "-o", "a.png")
    assert (code, "--generator images" in err, "recipe export" in err) == (2, True, True)


def test_the_prompt_is_the_text_where_there_are_no_words():
    assert prompt_text(RECIPE) == "prompt: a heron on a jetty, mist\nnegative: heron feathers, smeared"
    asked = hosted(None, (640, 480), recipe=RECIPE)
    assert "prompt: a heron on a jetty, mist\nnegative: heron feathers, smeared\n</data " in asked
    assert "640 by 480" in asked
    assert "a map of colours" in hosted(None, (640, 480), ["a map of colours"], recipe=RECIPE)
    assert prompt_text(Recipe(Platform("x"), settings=Settings(negative="y"))) == ""


@pytest.mark.usefixtures("kept_apart")
def test_a_generator_that_reads_draws_the_edited_prompt(stream, server):
    from tests.hosted import painter

    blue = edit.prompt(stream, "a blue sea")
    red = edit.prompt(stream, "a red wall")
    pictures = [decode(data, generator=painter(server)) for data in (blue, red)]
    means = [np.asarray(picture.image, float).mean((0, 1)) for picture in pictures]
    assert means[0][2] > means[0][0] + 40
    assert means[1][0] > means[1][2] + 40
    assert pictures[0].image.size == (64, 48)
    assert pictures[0].report.layers == ("recipe",)
    for options in ({"check": True}, {"best_of": 2}, {"retries": 1}):
        with pytest.raises(UsageError, match="nothing that a picture could be checked against"):
            decode(blue, generator=painter(server), **options)
    assert decode(blue, generator=painter(server)).report.spent.stored == 1  # drawn and paid for once
    with pytest.raises(UsageError, match="its recipe has no prompt"):
        decode(edit.prompt(stream, ""), generator=painter(server))
