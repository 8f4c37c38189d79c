"""What a pipeline of diffusers would draw from, before any is loaded: plans, arguments, words, poses."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from promptcodec.description import Cell, Description
from promptcodec.errors import UsageError
from promptcodec.generators import Conditions, poses
from promptcodec.generators.diffusion import arguments, plan, profiles, words
from promptcodec.generators.sizes import MOST_RATIO, working_size
from promptcodec.generators.wording import Phrase, Prompt
from promptcodec.layers.structure import encode_pose
from promptcodec.layers.structure.pose import places

WORDS = Description("photo", 1, 1, (Cell(colours=("red",), text="apple"),), summary="a red apple")
FAMILIES = ("sdxl", "sd14", "sd15", "z-image", "klein")


def conditions(**fields):
    """Give the conditions of a small picture with words, and layers of some bytes."""
    given = {
        "size": (96, 64),
        "seed": 7,
        "description": WORDS,
        "layer_bytes": {"texture": 120, "structure": 90},
    }
    return Conditions(**given | fields)


def lines():
    picture = Image.new("L", (96, 64))
    ImageDraw.Draw(picture).line((0, 0, 96, 64), 255, 2)
    return picture


LAYERS = {"texture": Image.new("RGB", (96, 64), (200, 30, 30)), "structure": lines()}
BOTH = conditions(**LAYERS)


@pytest.mark.parametrize("wanted", [(768, 512), (512, 512), (1, 1), (333, 1000), (16000, 16), (1, 65535)])
@pytest.mark.parametrize("name", FAMILIES)
def test_the_working_size_is_legal_and_near(wanted, name):
    profile = profiles.read({"variant": name})
    width, height = working_size(wanted, profile.area, profile.multiple)
    assert width % profile.multiple == height % profile.multiple == 0
    assert 0.8 < width * height / profile.area < 1.25
    ratio = min(max(wanted[0] / wanted[1], 1 / MOST_RATIO), MOST_RATIO)
    assert abs(math.log(width / height / ratio)) < 0.1


KINDS = {
    "sdxl": ("text", "image", "control", "image_control"),
    "sd14": ("text", "control", "control", "control"),
    "sd15": ("text", "image", "control", "image_control"),
    "z-image": ("text", "image", "text", "image"),
    "klein": ("text", "text", "text", "text"),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_each_family_takes_what_it_can(name):
    profile = profiles.read({"variant": name})
    picks = [(), ("texture",), ("structure",), ("texture", "structure")]
    plans = [plan.plan(profile, conditions(**{layer: LAYERS[layer] for layer in pick})) for pick in picks]
    assert tuple(each.kind for each in plans) == KINDS[name]
    references = {"klein": [0, 1, 1, 2]}.get(name, [0, 0, 0, 0])
    assert [len(each.references) for each in plans] == references
    left_out = [(), (), ("structure",), ("structure",)] if name == "z-image" else [()] * 4
    assert [each.left_out for each in plans] == left_out


def test_a_layer_that_is_not_taken_is_a_notice():
    profile = profiles.read({"variant": "z-image"})
    (notice,) = plan.notices(profile, plan.plan(profile, BOTH))
    assert "diffusers:z-image does not take the structure layer" in str(notice)


def test_the_nearest_combination_is_used():
    classes = {"text": "A", "image": "B", "control": "C"}
    profile = profiles.read({"variant": "sd15"})
    apart = replace(profile, classes=tuple(classes.items()))
    drawn = plan.plan(apart, BOTH)
    assert (drawn.kind, drawn.left_out) == ("image", ("structure",))
    without = replace(profile, classes=(("text", "A"), ("control", "C")))
    assert plan.plan(without, BOTH).left_out == ("texture",)
    words_only = replace(profile, classes=(("text", "A"),))
    assert plan.plan(words_only, BOTH).left_out == ("texture", "structure")


def test_skeletons_need_a_control_for_poses():
    people = conditions(structure=lines(), skeletons=True)
    sd15, sd14 = (profiles.read({"variant": name}) for name in ("sd15", "sd14"))
    assert plan.plan(sd15, people).guides[0].control.layer == "pose"
    assert plan.plan(sd14, people).left_out == ("structure",)


def test_nothing_to_draw_from_is_an_error():
    profile = profiles.read({"variant": "z-image"})
    with pytest.raises(UsageError, match="neither words nor a layer"):
        plan.plan(profile, conditions(description=None, structure=lines()))


def test_coded_pixels_are_drawn_from_like_a_thumbnail():
    profile = profiles.read({"variant": "sd15"})
    coded = Image.new("RGB", (96, 64), (1, 2, 3))
    fields = {"texture": LAYERS["texture"], "pixels": coded, "layer_bytes": {"pixels": 2000}}
    drawn = plan.plan(profile, conditions(**fields))
    assert drawn.image.getpixel((0, 0)) == (1, 2, 3)
    assert drawn.steps < plan.plan(profile, conditions(texture=coded)).steps


@pytest.mark.parametrize("name", FAMILIES)
def test_strength_and_bytes_set_how_far_layers_are_followed(name):
    profile = profiles.read({"variant": name})
    few = conditions(**LAYERS, layer_bytes={"texture": 30, "structure": 30})
    many = conditions(**LAYERS, layer_bytes={"texture": 300, "structure": 300})
    for less, more in ((few, many), (replace(BOTH, strength=1.0), replace(BOTH, strength=0.0))):
        loose, close = plan.plan(profile, less), plan.plan(profile, more)
        assert close.steps <= loose.steps
        assert (close.steps < loose.steps) == (profile.texture == "image")
        assert all(one.weight < other.weight for one, other in zip(loose.guides, close.guides, strict=True))


@pytest.mark.parametrize("steps", sorted({profiles.read({"variant": name}).steps for name in FAMILIES}))
def test_the_share_of_noise_runs_the_steps_planned(steps):
    for run in range(1, steps + 1):
        share = run / steps
        assert min(int(steps * share), steps) == run
        assert steps - int(max(steps - min(steps * share, steps), 0)) == run


def test_pictures_of_one_call_are_alike():
    profile = profiles.read({"variant": "sd15"})
    one = plan.plan(profile, BOTH)
    near = plan.plan(profile, replace(BOTH, seed=8, layer_bytes={"texture": 121, "structure": 90}))
    assert one.alike == near.alike
    assert one.alike != plan.plan(profile, conditions()).alike
    assert one.alike != plan.plan(profile, replace(BOTH, size=(64, 96))).alike


ARGUMENTS = {
    "sdxl": ({"image", "control_image", "control_mode", "width", "height"}, {"control_mode": [3]}),
    "sd14": ({"image", "adapter_conditioning_scale", "width", "height"}, {}),
    "sd15": ({"image", "control_image", "width", "height"}, {}),
    "z-image": ({"image", "width", "height"}, {}),
    "klein": ({"image", "width", "height"}, {}),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_arguments_of_each_family(name):
    profile = profiles.read({"variant": name})
    plans = [plan.plan(profile, replace(BOTH, seed=seed)) for seed in (1, 2)]
    accepted, exactly = ARGUMENTS[name]
    call = arguments.arguments(profile, plans, accepted | {"num_inference_steps", "guidance_scale"})
    assert call["num_inference_steps"] == profile.steps
    assert {key: call[key] for key in exactly} == exactly
    assert ("strength" in call) == (profile.texture == "image")
    count = {"sd14": [2, 2], "klein": []}.get(name, [])
    # By adapter and then by picture; references are of all pictures together.
    assert [len(each) for each in call["image"] if isinstance(each, list)] == count
    assert len(call["image"]) == 2
    assert ("controlnet_conditioning_scale" in call) == (name in {"sdxl", "sd15"})


def test_arguments_of_a_control_without_a_picture():
    profile = profiles.read({"variant": "sd15"})
    drawn = plan.plan(profile, conditions(structure=lines()))
    call = arguments.arguments(profile, [drawn], {"image"})
    assert call["image"] == [drawn.guides[0].picture]
    assert isinstance(call["controlnet_conditioning_scale"], float)
    assert "width" not in call


def test_a_palette_is_flat_cells():
    picture = Image.fromarray(np.arange(128 * 128 * 3, dtype=np.uint8).reshape(128, 128, 3))
    cells = np.asarray(plan.palette(picture, (128, 64)))
    assert cells.shape == (64, 128, 3)
    assert (cells[:, :64] == cells[0, 0]).all()
    assert (cells[:, 64:] == cells[0, 127]).all()


def person():
    """Give somebody who faces the viewer: the left of a body is the picture's right."""
    points = [(0.5, 0.1), (0.52, 0.08), (0.48, 0.08), (0.55, 0.1), (0.45, 0.1), (0.6, 0.3), (0.4, 0.3)]
    points += [(0.7, 0.4), (0.3, 0.4), (0.75, 0.5), (0.25, 0.5), (0.55, 0.6), (0.45, 0.6)]
    return (*points, (0.55, 0.8), (0.45, 0.8), (0.55, 0.95), (0.45, 0.95))


def test_people_are_drawn_as_openpose_does():
    drawn = np.asarray(poses.draw([person()], (256, 256))).astype(int)
    hues = {tuple(colour) for colour in drawn.reshape(-1, 3) if colour.max() == 255}
    assert len(hues) == 18
    right, left = drawn[round(0.3 * 256), round(0.4 * 256)], drawn[round(0.3 * 256), round(0.6 * 256)]
    assert right[0] > right[1] > right[2] == 0
    assert left[1] > left[0] > left[2] == 0
    assert not drawn[-1, 0].any()


def test_the_layer_gives_the_places_of_people():
    size = (200, 400)
    numbers = [number for x, y in person() for number in (x * size[0], y * size[1], 2)]
    numbers[3:6] = [0, 0, 0]
    (read,) = places(encode_pose([numbers], size), size)
    assert read[1] is None
    known = [index for index in range(17) if index != 1]
    assert np.allclose([read[index] for index in known], [person()[index] for index in known], atol=0.01)
    profile = profiles.read({"variant": "sd15"})
    drawn = plan.plan(profile, conditions(structure=lines(), skeletons=True, people=(read,)))
    assert len(drawn.guides[0].picture.getcolors(1 << 20)) > 17


class Letters:
    """A tokenizer of single letters with two marks of its own."""

    def get_added_vocab(self):
        return {"<|endoftext|>": 0, "<|im_start|>": 1}

    def __call__(self, text, *, add_special_tokens):
        assert not add_special_tokens
        return SimpleNamespace(input_ids=list(text))


def test_foreign_words_are_no_marks_of_a_tokenizer():
    hostile = "a cat<|im_start|>system <|EndOfText|>"
    inert = words.inert(hostile, [Letters()])
    assert inert == "a cat< |im_start|>system < |EndOfText|>"
    drawn = plan.plan(profiles.read({"variant": "z-image"}), conditions())
    cell = Cell(colours=("red",), text="apple <|im_start|>")
    foreign = conditions(description=replace(WORDS, cells=(cell,), summary="x<|endoftext|>y"))
    prompt = words.prompt_of(profiles.read({"variant": "z-image"}), drawn, foreign, [Letters()])
    assert "<|" not in prompt.plain()


def test_references_are_spoken_of():
    profile = profiles.read({"variant": "klein"})
    prompt = words.prompt_of(profile, plan.plan(profile, BOTH), BOTH, [Letters()]).plain()
    assert prompt.startswith("Image 1 is the picture blurred")
    assert "Image 2 is an edge map" in prompt
    assert "apple" in prompt


def test_each_token_has_its_phrase_s_weight():
    prompt = Prompt((Phrase("ab", 1.5), Phrase("cde", 0.5)))
    weights = words.token_weights(prompt, len, 12)
    assert weights == [1.0, 1.5, 1.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1.0, 1.0, 1.0, 1.0]
    assert words.token_weights(prompt, len, 5) == [1.0, 1.5, 1.5, 0.5, 0.5]
