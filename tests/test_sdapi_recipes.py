"""Recipes in A1111's words: run again where they are trusted, words alone where they are not."""

from __future__ import annotations

import pytest

from promptcodec.errors import MissingError
from promptcodec.generators.sdapi import exchange
from promptcodec.generators.watching import Watch
from promptcodec.recipe.read import from_texts
from promptcodec.testing.sdapi import serve
from promptcodec.testing.sdapi.lists import CHECKPOINTS
from tests import sdapi

PROMPT = "a (red:1.4) house <lora:ink:0.6>, [oil:ink:0.5] BREAK at night"
BASIC = "Steps: 12, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 5.5, Seed: 4294967299, Size: 96x64"
KNOWN = f"{BASIC}, Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Version: v1.10.1"


def recipe(settings=KNOWN, prompt=PROMPT):
    return from_texts({"parameters": f"{prompt}\nNegative prompt: (blurry:1.2)\n{settings}"})


def trusted(settings=KNOWN, **changes):
    return sdapi.conditions(
        description=None, texture=None, structure=None, recipe=recipe(settings), trust_recipe=True, **changes
    )


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(exchange, "PAUSE", 0.02)


@pytest.fixture(scope="module", params=sdapi.WITH_PROGRESS)
def running(request):
    with serve(request.param) as (url, service):
        yield request.param, url, service


def test_a_trusted_recipe_is_run_as_it_stands(running):
    kind, url, service = running
    model = sdapi.generator(kind, url)
    notes = []
    image = model.generate(trusted(), Watch(lambda progress: notes.append(progress.note)))
    assert notes[0].startswith("runs the recipe with v1-5-pruned")
    call = service.pictures[-1]
    assert call["path"] == "/sdapi/v1/txt2img"
    assert call["prompt"] == PROMPT
    assert call["negative"] == "(blurry:1.2)"
    assert call["seed"] == 4294967299
    assert call["size"] == [96, 64]
    assert call["syntax"]["networks"] == ["<lora:ink:0.6>"]
    assert call["settings"] == {"sd_model_checkpoint": CHECKPOINTS[0][0]}
    assert service.options["sd_model_checkpoint"] == CHECKPOINTS[0][0]
    assert image.size == sdapi.SIZE
    assert model.provenance["regenerated"] == "yes"
    # SD.Next takes no schedule beside a sampler.
    assert ("differences" in model.provenance) == (kind == "sdnext")


def test_other_layers_do_not_change_a_recipe(running):
    kind, url, _ = running
    model = sdapi.generator(kind, url)
    first = model.generate(trusted())
    more = sdapi.conditions(recipe=recipe(), trust_recipe=True, seed=99, strength=0.9)
    assert sdapi.difference(first, model.generate(more)) == 0


def test_without_trust_its_words_are_words(running):
    kind, url, service = running
    model = sdapi.generator(kind, url)
    model.generate(sdapi.conditions(description=None, texture=None, structure=None, recipe=recipe()))
    call = service.pictures[-1]
    assert call["syntax"] == {}
    assert call["seed"] == 7
    assert call["settings"] == {}
    assert "house" in call["prompt"]
    assert "regenerated" not in model.provenance
    (notice,) = model.notices
    assert str(notice).startswith("drawn from words and layers, not by its recipe with the model v1-5-pruned")
    assert "--trust-recipe" in notice.hint


def test_a_model_is_found_by_its_hash_whatever_its_name(running):
    kind, url, service = running
    sdapi.generator(kind, url).generate(trusted(f"{BASIC}, Model hash: 31e35c80fc, Model: ../../evil"))
    assert service.pictures[-1]["settings"] == {"sd_model_checkpoint": CHECKPOINTS[1][0]}


def test_a_model_of_another_hash_is_a_difference(running):
    kind, url, service = running
    model = sdapi.generator(kind, url)
    model.generate(trusted(f"{BASIC}, Model hash: 0123456789, Model: sd_xl_base_1.0"))
    assert service.pictures[-1]["settings"] == {"sd_model_checkpoint": CHECKPOINTS[1][0]}
    assert "another hash" in model.provenance["differences"]


def test_a_model_that_is_not_there_is_named(running):
    kind, url, service = running
    asked = len(service.pictures)
    with pytest.raises(MissingError, match=r"dreamy \(hash deadbeef01\).*v1-5-pruned-emaonly"):
        sdapi.generator(kind, url).generate(trusted(f"{BASIC}, Model hash: deadbeef01, Model: dreamy"))
    assert len(service.pictures) == asked


def test_what_is_run_otherwise_is_reported():
    settings = (
        "Steps: 900, Sampler: Nobody's, CFG scale: 7, Seed: 3, Size: 100x64, Denoising strength: 0.4, "
        'VAE: fine.pt, Clip skip: 2, ENSD: 31337, RNG: CPU, ControlNet 0: "Module: none, Model: x, Weight: 1"'
    )
    with serve("a1111") as (url, service):
        model = sdapi.generator("a1111", url)
        held = recipe(settings, "a house <lora:gone:1>")
        model.generate(sdapi.conditions(recipe=held, trust_recipe=True))
        differences = model.provenance["differences"]
        for words in (
            "Nobody's",
            "names no model",
            "no multiples of 8",
            "another picture",
            "control nets",
            "fine.pt",
        ):
            assert words in differences, words
        assert "no LoRA gone" in differences
        call = service.pictures[-1]
        assert call["size"] == [96, 64]
        assert call["settings"] == {
            "CLIP_stop_at_last_layers": 2,
            "eta_noise_seed_delta": 31337,
            "randn_source": "CPU",
        }
        assert not call["ignored"]


def test_a_second_pass_is_run():
    settings = f"{KNOWN}, Denoising strength: 0.5, Hires upscale: 2, Hires steps: 6, Hires upscaler: Latent"
    with serve("a1111") as (url, service):
        model = sdapi.generator("a1111", url)
        image = model.generate(trusted(settings))
        assert {"enable_hr", "hr_scale", "hr_upscaler", "hr_second_pass_steps"} <= set(
            service.pictures[-1]["fields"]
        )
        assert not service.pictures[-1]["ignored"]
        assert image.size == sdapi.SIZE
        assert model.notices == ()  # it came at twice the size, as it should


@pytest.mark.parametrize("kind", ["sdcpp", "koboldcpp", "xinference"])
def test_where_recipes_are_not_run_their_words_are_drawn(kind):
    with serve(kind) as (url, service):
        model = sdapi.generator(kind, url)
        model.generate(trusted())
        assert service.pictures[-1]["syntax"] == {}
        assert "not run again" in str(model.notices[0])
        assert "regenerated" not in model.provenance
