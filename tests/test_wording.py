"""What becomes of a description for diffusion models: the most salient phrases, or all of it as prose."""

from __future__ import annotations

import gzip

import pytest

from promptcodec.description import Box as Cells
from promptcodec.description import SceneObject, parse_text
from promptcodec.generators import Conditions
from promptcodec.generators.wording import Box, Phrase, Prompt, boxes, build
from promptcodec.generators.wording.prompt import cut
from promptcodec.generators.wording.things import light_words, thing_words
from promptcodec.generators.wording.tokens import clip_tokens
from promptcodec.recipe.model import Chunk
from promptcodec.recipe.read import from_chunks
from tests.test_prompts import TEXT

SCENE = """photo 4x4
summary: A white lighthouse stands on a rocky coast beside a house, above the sea.
light: even, low contrast
mood: calm
r1c1 pale blue, smooth: sky
r1c2 as left
r1c3 as left
r1c4 as left
r2c1 as above
r2c2 as left
r2c3 white beside pale blue: lighthouse
r2c4 pale blue: sky
r3c1 bone: house
r3c2 brownish grey, rough: rock
r3c3 as left
r3c4 navy: water
r4c1 brownish grey, rough: rock
r4c2 as left
r4c3 navy over white: water
r4c4 as left
object r2c3:r3c3 lighthouse, tall, white, black top
object r3c1:r3c1 house, red roof, white walls
object r4c3:r4c4 waves, breaking on rocks
lettering r3c1:r3c1 painted: "HOTEL"
"""


def conditions(text: str = SCENE, **more) -> Conditions:
    return Conditions((96, 64), 1, parse_text(text) if text else None, **more)


def texts(prompt: Prompt) -> list[str]:
    return [phrase.text for phrase in prompt.phrases]


def test_a_short_prompt_has_the_summary_then_what_it_leaves_out():
    assert texts(build("clip", conditions())) == [
        "photo, a white lighthouse stands on a rocky coast beside a house, above the sea",
        "tall white lighthouse with black top on the right",
        "house with red roof and white walls at the bottom left",
        "painted lettering \"'HOTEL'\"",
    ]
    assert texts(build("clip", conditions(), most=110))[3:] == [
        "waves breaking on rocks at the bottom right",
        "painted lettering \"'HOTEL'\"",
        "light blue sky at the top",
        "even light, low contrast",
        "calm mood",
    ]
    assert texts(build("clip", conditions("photo 1x1\nr1c1 red"))) == ["photo", "red tones"]


def test_what_matters_more_weighs_more():
    weights = _weights(SCENE)
    assert 1.3 >= weights["tall"] > weights["house"] > weights["waves"] > weights["light"] >= 0.8
    larger = SCENE.replace("object r3c1:r3c1 house", "object r2c1:r4c2 house")
    assert _weights(larger)["house"] > weights["house"]


def _weights(text: str) -> dict[str, float]:
    """The weight of each phrase, by its first word."""
    return {
        phrase.text.split()[0]: phrase.weight for phrase in build("clip", conditions(text), most=110).phrases
    }


def test_a_long_prompt_says_every_row_from_left_to_right():
    assert build("long", conditions()).plain() == (
        "Photo. A white lighthouse stands on a rocky coast beside a house, above the sea. "
        "Even light, low contrast, calm mood. "
        "Tall white lighthouse with black top on the right, "
        "house with red roof and white walls at the bottom left, "
        "waves breaking on rocks at the bottom right. "
        "Painted lettering \"'HOTEL'\" at the bottom left. "
        "At the top, pale blue sky all across. "
        "Above the middle from left to right: pale blue sky; white and pale blue lighthouse; pale blue sky. "
        "Below the middle from left to right: bone house; brownish grey rock; navy water. "
        "At the bottom from left to right: brownish grey rock; navy and white water."
    )


def test_rows_that_are_alike_are_one_sentence():
    rows = "\n".join(
        f"r{row}c1 {'sky blue: sky' if row < 4 else 'grass green: grass'}" for row in range(1, 6)
    )
    prompt = build("long", conditions(f"photo 5x1\n{rows}"))
    assert texts(prompt) == [
        "Photo.",
        "In the upper part, sky blue sky all across.",
        "In the lower part, grass green grass all across.",
    ]
    assert texts(build("long", conditions("photo 1x1\nr1c1 red: wall")))[1:] == ["Red wall all over."]


def test_a_scan_that_is_too_long_is_said_more_coarsely_before_it_is_cut():
    colours = ("red", "grass green", "navy", "white")
    cells = [
        f"r{row}c{col} {colours[(row + col) % 4]}: thing {row} {col}"
        for row in range(1, 9)
        for col in range(1, 9)
    ]
    text = "photo 8x8\n" + "\n".join(cells)
    whole = build("long", conditions(text), most=5000).plain()
    assert "thing 8 8" in whole
    coarse = build("long", conditions(text), most=300).plain()
    assert clip_tokens(coarse) <= 300
    assert "At the bottom" in coarse or "In the lower part" in coarse
    short = build("long", conditions(text), most=40).plain()
    assert 0 < clip_tokens(short) <= 40
    assert short.endswith((".", "8"))


@pytest.mark.parametrize("most", [1, 2, 10, 20, 40, 75])
@pytest.mark.parametrize("family", ["clip", "long"])
def test_no_prompt_is_longer_than_asked_for(family, most):
    for correction in ("", "medium: should be photo, was oil painting", "a word too many " * 30):
        prompt = build(family, conditions(correction=correction), most=most)
        assert clip_tokens(prompt.plain()) <= most
    counted = build(family, conditions(), most=most, count=lambda text: len(text.split())).plain()
    assert len(counted.split()) <= most


@pytest.mark.parametrize("family", ["clip", "long"])
def test_corrections_are_heeded(family):
    wrong = (
        "r1c1 colour: should be pale blue, was #204020\nlettering: should be HOTEL, was HOTFL\n"
        "medium: should be photo, was oil painting\ncells CIEDE2000: should be 0, was 31.2\n"
        "A house is at the left.: should be yes, was no\nkinds of things: should be ['building'], was []\n"
        "r7c7 colour: should be red, was #000000\nbrighter"
    )
    prompt = build(family, conditions(correction=wrong), most=512)
    heavy = [phrase.text for phrase in prompt.phrases if phrase.weight == 1.3]
    assert heavy == [
        *("pale blue sky at the top left", 'lettering "HOTEL"', "photo", "A house is at the left."),
        *("building", "brighter"),
    ]
    assert prompt.negative == "oil painting"


RECIPE = (
    "a (red:1.3) barn, <lora:ink:0.6>, pale sky\nNegative prompt: blurry, (hands:1.2)\n"
    "Steps: 20, Sampler: Euler a"
)


@pytest.mark.parametrize("family", ["clip", "long"])
def test_without_a_description_the_recipes_prompt_stands_in(family):
    recipe = from_chunks((Chunk("tEXt", "parameters", RECIPE.encode()),))
    assert build(family, conditions("", recipe=recipe)) == Prompt(
        (Phrase("a red barn"), Phrase("pale sky")), "blurry, hands"
    )
    corrected = build(family, conditions("", recipe=recipe, correction="redder"))
    assert corrected.plain() == "redder, a red barn, pale sky"
    assert build(family, conditions("", recipe=recipe), most=2).plain() == "a red"
    assert build(family, conditions(recipe=recipe)) == build(family, conditions())
    assert build(family, conditions("")) == Prompt(())


@pytest.mark.parametrize("family", ["clip", "long"])
def test_nothing_unseen_gets_into_a_prompt(family):
    hidden = SCENE.replace("lighthouse,", "light\U000e0041house,").replace("calm", "ca\u200blm")
    prompt = build(family, conditions(hidden, correction="\x1b[31m a\0b"))
    assert prompt.plain().isprintable()
    assert "lighthouse with black top" in prompt.plain()


def test_boxes_are_shares_of_the_picture():
    assert boxes(parse_text(SCENE)) == (
        Box("tall white lighthouse with black top", 0.5, 0.25, 0.75, 0.75),
        Box("house with red roof and white walls", 0.0, 0.5, 0.25, 0.75),
        Box("waves breaking on rocks", 0.5, 0.75, 1.0, 1.0),
        Box("painted lettering \"'HOTEL'\"", 0.0, 0.5, 0.25, 0.75),
    )


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        (("red", "wooden"), "red wooden thing"),
        (("white", "black"), "white and black thing"),
        (("dark green",), "dark green thing"),
        (("red and white",), "red and white thing"),
        (("rays", "face paint"), "thing with rays and face paint"),
        (("old", "in a red hat", "lying on grass"), "old thing in a red hat lying on grass"),
        ((), "thing"),
    ],
)
def test_attributes_stand_where_a_person_puts_them(attributes, words):
    assert thing_words(SceneObject("thing", Cells(1, 1, 1, 1), attributes)) == words


@pytest.mark.parametrize(
    ("light", "words"),
    [
        ("even", "even light"),
        ("bright, warm", "bright, warm light"),
        ("even, low contrast", "even light, low contrast"),
        ("hard sunlight with long shadows", "hard sunlight with long shadows"),
        ("dusk", "dusk"),
        ("", ""),
    ],
)
def test_light_is_named_light_once(light, words):
    assert light_words(light) == words


def test_a_text_is_cut_where_a_clause_ends_else_between_words():
    assert cut("a cat, on a mat", lambda text: len(text) < 12) == "a cat"
    assert cut("a cat on a mat", lambda text: len(text) < 12) == "a cat on a"
    assert cut("A cat sits. Behind, a dog runs", lambda text: len(text) < 20) == "A cat sits"
    assert cut("uncuttable", lambda text: len(text) < 3) == ""
    assert cut("猫が窓辺で眠っている、水彩画", lambda text: len(text) < 12) == "猫が窓辺で眠っている"
    assert cut("猫が窓辺で眠っている、水彩画", lambda text: len(text) < 5) == "猫が窓辺"


LONG_TEXTS = (
    "a hyperdetailed biomechanical cathedral, Zdzislaw Beksinski, octane render, 8k, artstation, " * 4,
    "Schloss Neuschwanstein im Nebel, Gegenlicht, Weitwinkelaufnahme " * 5,
    "猫が窓辺で眠っている、水彩画、柔らかい光 " * 6,
    "1girl, (masterpiece:1.2), k-on!!, ^_^, 4k, c++, 3.14159, <lora:x:0.8> " * 5,
)


def test_clip_prompts_never_pass_77_tokens(data_folder):
    clip = clip_tokenizer(data_folder / "weights" / "clip_bpe" / "bpe_simple_vocab_16e6.txt.gz")

    def count(text: str) -> int:
        return len(clip.encode(text.lower()).tokens)

    for text in LONG_TEXTS:
        described = TEXT.replace("A red barn under a pale sky, seen from a meadow.", text.strip())
        assert 20 < count(build("clip", conditions(described)).plain()) <= 75
        assert 60 < count(build("clip", conditions(described), count=count).plain()) <= 75


def clip_tokenizer(path):
    tokenizers = pytest.importorskip("tokenizers", reason="needs tokenizers to count CLIP's tokens")
    merges = gzip.decompress(path.read_bytes()).decode().split("\n")[1 : 49152 - 256 - 2 + 1]
    pairs = [tuple(merge.split()) for merge in merges]
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    words = [*alphabet, *(char + "</w>" for char in alphabet), *("".join(pair) for pair in pairs)]
    clip = tokenizers.Tokenizer(
        tokenizers.models.BPE({w: n for n, w in enumerate(words)}, pairs, end_of_word_suffix="</w>")
    )
    split = tokenizers.Regex(r"'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+")
    clip.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Split(split, "removed", invert=True),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return clip
