"""Foreign words before CLIP's real vocabulary: never more than its places, never its marks."""

from __future__ import annotations

import gzip

import pytest

from promptcodec.description import Cell, Description
from promptcodec.generators import Conditions
from promptcodec.generators.diffusion import plan, profiles, words
from tests import diffusion_models

# transformers takes seconds to import.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
PLACES, BEGIN, END = 77, 49406, 49407
HOSTILE = (
    "<|endoftext|> x",
    "x<|EndOfText|>y <|startoftext|>",
    "</s> <image> <|im_end|>",
    "<|<|endoftext|>endoftext|>",
    "猫が窓の外を見ている" * 20,
    "😀👨‍👩‍👧‍👦" * 30,
    "a.b!c? d: e; f " * 30,
    "≮|endoftext|> <|\u017ftartoftext|>",
    "1234567890" * 20,
    "x" * 500,
    "…—“”" * 60,
)


@pytest.fixture(scope="module")
def clip(data_folder):
    """Give the tokenizer of Stable Diffusion's encoders, from OpenAI's list of merges."""
    diffusion_models.need()
    from transformers import CLIPTokenizer

    from tests.diffusion_models import letters

    file = data_folder / "weights" / "clip_bpe" / "bpe_simple_vocab_16e6.txt.gz"
    lines = gzip.decompress(file.read_bytes()).decode().split("\n")
    merges = [tuple(line.split()) for line in lines[1 : 49152 - 256 - 2 + 1]]
    alone = letters()
    known = [*alone, *(f"{letter}</w>" for letter in alone), *map("".join, merges)]
    known += ["<|startoftext|>", "<|endoftext|>"]
    numbers = {word: number for number, word in enumerate(known)}
    tokenizer = CLIPTokenizer(numbers, merges, model_max_length=PLACES)
    assert tokenizer("a photo of a cat").input_ids == [BEGIN, 320, 1125, 539, 320, 2368, END]
    return tokenizer


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_words_fit_and_are_words(clip, text):
    hostile = " ".join(text.split())
    profile = profiles.read({"variant": "sdxl"})
    for place, summary in ((hostile, hostile), ("sea", hostile), (hostile, "A red boat.")):
        cells = tuple(Cell(colours=("red",), text=place) for _ in range(9))
        described = Conditions((64, 64), 1, Description("photo", 3, 3, cells, summary=summary))
        prompt = words.prompt_of(profile, plan.plan(profile, described), described, [clip])
        numbers = clip(prompt.plain()).input_ids
        assert len(numbers) <= PLACES
        assert (numbers.count(BEGIN), numbers.count(END)) == (1, 1)
        weights = words.token_weights(prompt, words.counter([clip]), PLACES)
        assert (len(weights), weights[0], weights[-1]) == (PLACES, 1, 1)


def test_marks_of_every_tokenizer_are_broken(clip):
    class Sentences:
        """A tokenizer with T5's marks."""

        def get_added_vocab(self):
            return {"</s>": 1, "<extra_id_0>": 2}

    inert = words.inert("a</s> <extra_id_0> <|endoftext|>", [clip, Sentences()])
    assert inert == "a< /s> < extra_id_0> < |endoftext|>"
