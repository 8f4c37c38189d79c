"""The library's whole chain: budgets, layers, seeds, recipes, candidates."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from promptcodec import bitstream, decode, encode, inspect
from promptcodec.bitstream import Part, Stream
from promptcodec.description import parse_text
from promptcodec.errors import BitstreamError, BudgetError, PromptcodecError, UsageError
from promptcodec.layers.registry import NAMES
from tests.effort import examples

ALL = ("semantic", "texture", "structure", "signature", "pixels")


SETS = (("semantic",), ("texture",), ("semantic", "texture"), ALL, ("pixels",))
BUDGETS = (64, 100, 200, 500, 2000)
# Each set and each budget is in the default suite; the pairs that take a second or two are not all in it.
SLOW = {(SETS[1], 200), (SETS[1], 2000), (SETS[2], 100), (SETS[2], 500), (SETS[2], 2000), (SETS[3], 500)}


@pytest.mark.parametrize(
    ("layers", "budget"),
    [
        pytest.param(layers, budget, marks=pytest.mark.slow if (layers, budget) in SLOW else ())
        for layers in SETS
        for budget in BUDGETS
    ],
)
def test_never_over_budget(scene, once, layers, budget):
    try:
        data = once(encode, scene, layers=layers, budget=budget)
    except BudgetError as error:
        assert layers == ("pixels",)  # a whole WebP or AVIF file has a least size
        assert "needs" in str(error)
        return
    assert len(data) <= budget
    account = inspect(data)
    assert account["overhead_bytes"] + sum(part["bytes"] for part in account["parts"]) == len(data)
    assert decode(data).image.size == scene.size


@examples(0.2)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1), st.integers(20, 400))
def test_any_small_picture_any_budget(width, height, seed, budget):
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    try:
        data = encode(Image.fromarray(noise), budget=budget)
    except BudgetError:
        assert budget < 40
        return
    assert len(data) <= budget
    assert decode(data).image.size == (width, height)


def test_more_bytes_come_closer(astronaut, once):
    errors = []
    for budget in (60, 150, 600):
        image = decode(once(encode, astronaut, budget=budget)).image
        errors.append(
            float(((np.asarray(image, np.float32) - np.asarray(astronaut, np.float32)) ** 2).mean())
        )
    assert errors == sorted(errors, reverse=True)


def test_bpp_is_a_budget(scene):
    assert len(encode(scene, bpp=0.05)) <= 192 * 128 * 0.05 / 8
    assert len(encode(scene, bpp=0.05, budget=90)) <= 90


def test_layers_can_be_left_out_when_decoding(scene, once):
    data = once(encode, scene, layers=ALL, budget=2000)
    pictures = {
        decode(data, layers=(name,)).image.tobytes()
        for name in ("semantic", "texture", "structure", "pixels")
    }
    assert len(pictures) == 4
    assert decode(data, size=(50, 40), layers=("semantic",)).image.size == (50, 40)
    with pytest.raises(UsageError, match="has none"):
        decode(encode(scene, layers=("semantic",)), layers=("texture",))


def test_the_seed_is_derived_stored_or_given(scene, once):
    plain = once(encode, scene)
    assert decode(plain).report.seed == decode(plain).report.seed
    seeded = encode(scene, seed=12)
    assert decode(seeded).report.seed == 12
    assert decode(seeded, seed=13).report.seed == 13
    assert decode(plain).report.seed != decode(once(encode, scene, budget=60)).report.seed


def test_a_description_of_ones_own(scene):
    own = parse_text("oil painting 1x2\nsummary: A red kite.\nr1c1 sky blue, smooth\nr1c2 red: the kite")
    data = encode(scene, description=own, layers=("semantic",))
    assert parse_text(inspect(data)["text"]) == own
    short = encode(scene, description=own, layers=("semantic",), budget=36)
    assert len(short) <= 36
    assert inspect(short)["description"]["medium"] == "oil painting"
    with pytest.raises(BudgetError, match="needs"):
        encode(scene, description=own, layers=("semantic",), budget=12)


def test_best_of_and_retries(scene, once):
    report = decode(once(encode, scene), best_of=3).report
    assert len(report.candidates) == 3
    scores = [candidate.score for candidate in report.candidates]
    assert report.check.score == max(scores)
    first = decode(once(encode, scene)).report.seed
    assert report.seed == (first + scores.index(max(scores))) % 2**32


def test_a_recipe_is_kept_verbatim(scene):
    text = (
        "a red disc over the sea, \u00e9t\u00e9\nNegative prompt: people\n"
        "Steps: 20, Sampler: Euler a, Seed: 7, Size: 192x128"
    )
    info = PngImagePlugin.PngInfo()
    info.add_itxt("parameters", text)
    again = "a blue disc\nSteps: 20, Seed: 8"
    info.add_text("Description", again)
    info.add_text("Comment", "not a recipe")
    file = io.BytesIO()
    scene.save(file, "PNG", pnginfo=info)
    data = file.getvalue()
    chunks = [
        {"carrier": "iTXt", "key": "parameters", "text": text},
        {"carrier": "tEXt", "key": "Description", "text": again},
    ]
    assert inspect(encode(data))["recipe"]["chunks"] == chunks
    only = inspect(encode(data, recipe="only"))
    assert only["recipe"]["chunks"] == chunks
    assert [(part["type"], part["coder"]) for part in only["parts"]] == [("recipe", "verbatim")]
    assert inspect(encode(data, recipe="off", layers=("semantic",)))["recipe"] is None
    assert inspect(encode(data, budget=60))["recipe"] is None
    assert inspect(encode(data, budget=600, layers=("semantic",)))["recipe"]["chunks"] == chunks
    small = inspect(encode(data, budget=only["bytes"] - 1, recipe="only"))
    assert [(part["type"], part["coder"]) for part in small["parts"]] == [("recipe", "fields")]
    assert small["recipe"] == {"fields": only["recipe"]["fields"], "chunks": []}
    assert inspect(encode(data, budget=200, layers=("semantic", "recipe")))["recipe"] is not None
    with pytest.raises(BudgetError, match="recipe"):
        encode(data, budget=30, recipe="only")


def test_a_recipe_in_exif_is_found(scene):
    text = "a castle\nSteps: 20, Sampler: Euler a, Seed: 7"
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + text.encode("utf-16-be")
    file = io.BytesIO()
    scene.save(file, "JPEG", exif=exif)
    recipe = inspect(encode(file.getvalue(), layers=("semantic", "recipe")))["recipe"]
    assert recipe["chunks"][0]["text"] == text


def test_unknown_parts_are_skipped_and_unknown_critical_ones_refused(scene, once):
    stream = bitstream.read(once(encode, scene))
    with_part = bitstream.write(Stream(stream.width, stream.height, (*stream.parts, Part(40, b"?"))))
    assert decode(with_part).image.tobytes() == decode(once(encode, scene)).image.tobytes()
    assert inspect(with_part)["parts"][-1]["type"] == "unknown-40"
    critical = Stream(stream.width, stream.height, (*stream.parts, Part(40, b"?", critical=True)))
    with pytest.raises(BitstreamError, match="unknown-40"):
        decode(bitstream.write(critical))


@examples(2)
@given(st.integers(1, 7), st.binary(max_size=60))
def test_hostile_parts_decode_or_are_one_clear_error(kind, payload):
    data = bitstream.write(Stream(16, 16, (Part(kind, payload),)))
    for work in (inspect, decode):
        try:
            work(data)
        except PromptcodecError:
            continue


def test_names_that_do_not_exist(scene):
    for change in ({"layers": ("sound",)}, {"layers": ()}, {"captioner": "x"}, {"recipe": "x"}, {"seed": -1}):
        with pytest.raises(UsageError):
            encode(scene, **change)
    assert NAMES == ("semantic", "texture", "structure", "recipe", "signature", "pixels")
