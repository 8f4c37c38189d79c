"""ComfyUI's texts that are written while a graph runs, and texts that nodes change."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
import comfy_editor as editor
from comfy_graphs import BAD, GOOD, MODEL, recipe, sampler, sides
from recipe_files import node

ASKED = "say more of a kiln"
WRITERS = {
    "a model of the graph's": node("TextGenerate", clip=["1", 1], prompt=ASKED, max_length=99),
    "a model it names": node("AnyModelText", prompt=ASKED, model="some-7b"),
    "a model it is linked to": node("Answer", prompt=ASKED, language_model=["1", 0]),
    "a picture it sees": node("Look", prompt=ASKED, image=["12", 0]),
    "a second picture": node("Look", prompt=ASKED, image_2=["12", 0]),
    "a system prompt": node("Ask", system_prompt="You are kind", prompt=ASKED),
    "an instruction": node("Superprompt", instruction_prompt="Expand", prompt=ASKED),
    "how words are drawn": node("Ask", prompt=ASKED, temperature=0.7),
    "how many words": node("Ask", text=ASKED, max_new_tokens=77),
    "settings under another": node("Ask", text=ASKED, **{"mode.temperature": 0.2}),
    "a server": node("Ask", prompt=ASKED, base_url="http://localhost:1234"),
    "a file of a model": node("Ask", prompt=ASKED, gguf_path="some-7b.gguf"),
    "a seed": node("Longer", text=ASKED, seed=7),
    "a question": node("Understanding", question=ASKED, image=["12", 0]),
    "languages": node("Words", text=ASKED, from_translate="auto", to_translate="english"),
    "a name alone": node("VideoPromptRewrite", prompt=ASKED),
    "a name of two words": node("ChatGPTNode", text=ASKED),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("field", ["text", "t5xxl", "prompt"])
def test_what_a_writer_is_asked_is_no_prompt(name, field):
    read = recipe(
        _2=node("CLIPTextEncode", clip=["1", 1], **{field: ["20", 0]}),
        _12=node("LoadImage", image="in.png"),
        _20=WRITERS[name],
    )
    assert (read.settings.prompt, read.settings.negative) == (None, BAD)
    assert read.unknown == (f"prompt (behind {WRITERS[name]['class_type']})",)


SEERS = {
    "DeepBooru": {"threshold": 0.5},
    "ImageMetadataReader": {},
    "ImageToPrompt": {"mode": "fast"},
}


@pytest.mark.parametrize("kind", SEERS)
@pytest.mark.parametrize("field", ["text", "words"])
def test_words_read_off_a_picture_are_unknown_and_not_absent(kind, field):
    read = recipe(
        _2=node("CLIPTextEncode", clip=["1", 1], **{field: ["20", 0]}),
        _12=node("LoadImage", image="in.png"),
        _20=node(kind, image=["12", 0], **SEERS[kind]),
    )
    assert read.settings.prompt is None
    assert read.unknown == (f"prompt (behind {kind})",)


def test_words_read_off_a_picture_for_a_loader():
    read = recipe(
        _1=node("Efficient Loader", ckpt_name="clay.safetensors", positive=["20", 0], negative=BAD),
        _12=node("LoadImage", image="in.png"),
        _20=node("ImageToPrompt", image=["12", 0]),
        _5=sampler(["1", 1], ["1", 2]),
    )
    assert (read.settings.prompt, read.settings.negative) == (None, BAD)
    assert read.unknown == ("prompt (behind ImageToPrompt)",)


def test_an_encoder_with_a_system_prompt_is_no_writer():
    encoder = node("CLIPTextEncodeLumina2", clip=["1", 1], system_prompt="superior", user_prompt=GOOD, seed=1)
    assert sides(_2=encoder) == (GOOD, BAD)


KEPT = {
    "a box called after a captioner": node("CaptionBox", text=GOOD),
    "load within a word": node("Workload Text", text=GOOD),
    "load within a word in capitals": node("CM_StringPayload", text=GOOD),
    "a wildcard node with nothing to fill in": node("easy wildcards", text=GOOD, seed=3),
    "a node that holds all settings": node("Settings", positive=GOOD, negative="", seed=3, steps=4, cfg=2.0),
    "what a power prompt gives as text": node("Power Prompt (rgthree)", prompt=GOOD, opt_clip=["1", 1]),
}


@pytest.mark.parametrize("name", KEPT)
def test_a_text_that_nothing_changes(name):
    assert sides(_2=node("CLIPTextEncode", clip=["1", 1], text=["20", 0]), _20=KEPT[name]) == (GOOD, BAD)


@pytest.mark.parametrize("text", ["a {kiln|pit} in the snow", "a __place__"])
@pytest.mark.parametrize("linked", [True, False])
def test_a_template_that_is_filled_in_while_it_runs_is_unknown(text, linked):
    read = recipe(
        _2=node("CLIPTextEncode", clip=["1", 1], text=["20", 0]),
        _20=node("easy wildcards", text=["21", 0] if linked else text, seed=3),
        _21=node("PrimitiveString", value=text),
    )
    assert read.settings.prompt is None
    assert read.unknown == ("prompt (behind easy wildcards)",)


CHANGED = {
    "upper case": (node("CaseConverter", string=GOOD, mode="UPPERCASE"), GOOD.upper()),
    "trimmed": (node("StringTrim", string=f"  {GOOD}\n", mode="Both"), GOOD),
    "a part": (node("StringSubstring", string=f"so {GOOD} it is", start=3, end=21), GOOD),
    "a pattern": (
        node("RegexReplace", string="a XXX in the snow", regex_pattern="X+", replace="kiln", count=0),
        GOOD,
    ),
    "a pattern once": (
        node("RegexReplace", string="a k in the snow k", regex_pattern="k", replace="kiln", count=1),
        f"{GOOD} k",
    ),
    "two pairs": (
        node("CR Text Replace", text="a X in Y", find1="X", replace1="kiln", find2="Y", replace2="the snow"),
        GOOD,
    ),
    "old and new": (node("String Replace", string="a X in the snow", old="X", new="kiln"), GOOD),
    "filled in": (node("StringFormat", f_string="a {what} in {x}", what="kiln", x=["21", 0]), GOOD),
    "four parts": (node("CR Combine Prompt", part1="a kiln", part2="in the snow", separator=" "), GOOD),
    "a list": (node("Text List to Text", delimiter=" ", text_list=["22", 0]), GOOD),
    "a switch over texts": (node("easy textIndexSwitch", index=1, text0="no", text1=GOOD), GOOD),
}


@pytest.mark.parametrize("name", CHANGED)
def test_what_a_node_makes_of_a_text_is_worked_out(name):
    changed, right = CHANGED[name]
    read = recipe(
        _2=node("CLIPTextEncode", clip=["1", 1], text=["20", 0]),
        _20=changed,
        _21=node("PrimitiveString", value="the snow"),
        _22=node("Text List", text_a="a kiln", text_b="in the snow"),
    )
    assert (read.settings.prompt, read.settings.negative, read.unknown) == (right, BAD, ())


def test_a_node_that_holds_several_texts_gives_the_linked_one():
    texts = node("Text String", text="no", text_b=GOOD, text_c="", text_d="")
    assert sides(_2=node("CLIPTextEncode", clip=["1", 1], text=["20", 1]), _20=texts) == (GOOD, BAD)


UNKNOWN = {
    "groups": node("RegexReplace", string=GOOD, regex_pattern="(k|g)iln", replace="pit"),
    "extracted": node("RegexExtract", string=GOOD, regex_pattern="k..n"),
    "shuffled": node("TextShuffle", text=GOOD, separator=","),
    "split": node("CR Split String", text=GOOD, delimiter=" "),
    "by a dictionary": node("Text Find and Replace by Dictionary", text=GOOD, dictionary=["21", 0]),
    "a place that nothing fills": node("StringFormat", f_string="a {what}", other="kiln"),
    "upper case of what is unknown": node("CaseConverter", string=["21", 0], mode="UPPERCASE"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_a_node_makes_of_a_text_is_never_the_text_it_takes(name):
    read = recipe(
        _2=node("CLIPTextEncode", clip=["1", 1], text=["20", 0]),
        _20=UNKNOWN[name],
        _21=node("Load Text", file_path="in.txt"),
    )
    assert (read.settings.prompt, read.settings.negative) == (None, BAD)
    assert len(read.unknown) == 1
    assert read.unknown[0].startswith("prompt (behind ")


@pytest.mark.parametrize("pattern", ["(a+)+$", "a*a*a*a*a*b", "(?:a|a)*b", "a" * 100_000])
def test_a_pattern_never_runs_away(pattern):
    started = time.process_time()
    read = recipe(
        _2=node("CLIPTextEncode", clip=["1", 1], text=["20", 0]),
        _20=node("RegexReplace", string="a" * 4000 + "c", regex_pattern=pattern, replace=""),
    )
    assert read.settings.prompt is None
    assert time.process_time() - started < 1


def test_how_a_side_is_read_is_no_text_of_it():
    manners = {
        f"{side}_{what}": value
        for side in ("positive", "negative")
        for what, value in (("token_normalization", "none"), ("weight_interpretation", "comfy"))
    }
    loader = node(
        "ttN pipeLoader_v2",
        ckpt_name="clay.safetensors",
        loras="<lora:glaze:0.8>",
        positive=GOOD,
        negative=BAD,
        **manners,
    )
    read = recipe(_1=loader, _5=node("ttN pipeKSampler_v2", pipe=["1", 0], seed=4, steps=9, cfg=5.0))
    assert (read.settings.prompt, read.settings.negative) == (GOOD, BAD)
    assert [(lora.name, lora.weight) for lora in read.model.loras] == [("glaze", 0.8)]


def test_a_loader_of_one_side_has_no_words_for_the_other():
    loader = node(
        "easy fluxLoader", ckpt_name="None", positive=GOOD, model_override=["30", 0], clip_override=["31", 0]
    )
    read = recipe(
        _1=loader,
        _30=node("UNETLoader", unet_name="flux.safetensors"),
        _31=node("CLIPLoader", clip_name="t5.safetensors"),
        _6=node("easy preSamplingCustom", pipe=["1", 0], seed=4, steps=9, cfg=3.5),
        _5=None,
        _8=node("easy kSamplerCustom", pipe=["6", 0]),
        _9=node("SaveImage", images=["8", 1], filename_prefix="x"),
    )
    assert (read.settings.prompt, read.settings.negative, read.unknown) == (GOOD, None, ())
    assert read.model.name == "flux.safetensors"


@pytest.mark.parametrize(
    ("away", "right"), [(["2", 0], BAD), (["3", 0], BAD), (["13", 0], "fog")], ids=["positive", "same", "own"]
)
def test_a_guider_of_three_steers_away_from_the_one_that_is_not_the_positive(away, right):
    read = recipe(
        _13=node("CLIPTextEncode", clip=["1", 1], text="fog"),
        _6=node("DualCFGGuider", cond1=["2", 0], cond2=["3", 0], negative=away, cfg_conds=3.0, **MODEL),
        _5=node("SamplerCustomAdvanced", guider=["6", 0], latent_image=["4", 0], noise=["7", 0], sigmas=[]),
        _7=node("RandomNoise", noise_seed=3),
    )
    assert (read.settings.prompt, read.settings.negative) == (GOOD, right)


COMMENTS = {
    f"{GOOD}/* not this */": GOOD,
    f"/* one\ntwo */{GOOD}// nor this": GOOD,
    f"{GOOD} /* open": f"{GOOD} /* open",
    f"{GOOD} /*/": f"{GOOD} /*/",
}


@pytest.mark.parametrize("text", COMMENTS)
def test_the_editor_takes_comments_out(text):
    changed = editor.box(2, "CLIPTextEncode", [text], ["CONDITIONING"], clip=(1, 1))
    assert editor.read(editor.plain(_2=changed)).settings.prompt == COMMENTS[text]


def test_open_comments_without_end_take_no_time():
    text = "/* " * 100_000 + GOOD
    started = time.process_time()
    changed = editor.box(2, "CLIPTextEncode", [text], ["CONDITIONING"], clip=(1, 1))
    assert editor.read(editor.plain(_2=changed)).settings.prompt == text
    assert time.process_time() - started < 1


def test_types_of_outputs_tell_a_text_from_conditioning():
    writer = editor.box(20, "Any Node", [ASKED], ["STRING"], image=(12, 0))
    changed = editor.box(2, "CLIPTextEncode", [""], ["CONDITIONING"], clip=(1, 1), text=(20, 0))
    read = editor.read(
        editor.plain(_2=changed, _20=writer, _12=editor.box(12, "LoadImage", ["in.png"], ["IMAGE"]))
    )
    assert (read.settings.prompt, read.unknown) == (None, ("prompt (behind Any Node)",))


def test_changes_of_changes_are_worked_out():
    chain = {
        f"_{place}": node("CaseConverter", string=[str(place + 1), 0], mode="lowercase")
        for place in range(30, 50)
    }
    read = recipe(
        _2=node("CLIPTextEncode", clip=["1", 1], text=["30", 0]),
        _50=node("PrimitiveString", value=GOOD.upper()),
        **chain,
    )
    assert read.settings.prompt == GOOD
