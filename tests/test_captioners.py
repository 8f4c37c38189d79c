"""What captioners share: answers put right, and the prompt that suits a picture."""

from __future__ import annotations

import json

from PIL import Image, ImageDraw

from promptcodec import prompts
from promptcodec.captioners.normalise import normalise
from promptcodec.captioners.prompt_variant import KINDS, prompt_variant
from promptcodec.description import from_json, parse_text, to_json


def test_slips_between_fields_are_put_right_and_nothing_else():
    answer = to_json(parse_text("photo 1x2\nr1c1 red\nr1c2 as left, lighter"))
    broken = json.loads(json.dumps(answer))
    broken["cells"][0] |= {
        "continues": "above",
        "tone": "darker",
        "colours": ["red", "red"],
        "orientation": "rising",
    }
    broken["objects"] = [
        {"name": "a, b", "box": {"top": 0, "left": 9, "bottom": 1, "right": 1}, "attributes": ["x, y"]}
    ]
    mended = from_json(normalise(broken))
    assert mended.cells[0] == from_json(answer).cells[0]
    assert mended.objects[0].attributes == ("x", "y")
    assert normalise([1]) == [1]
    assert normalise({"rows": 1}) == {"rows": 1}


def test_the_prompt_suits_the_picture(astronaut):
    from skimage import data

    from promptcodec.vision import medium

    page = Image.new("RGB", (512, 512), "white")
    draw = ImageDraw.Draw(page)
    for y in range(20, 500, 14):
        draw.text((20, y), "the quick brown fox jumps over the lazy dog and on " * 2, fill="black")
    assert prompt_variant(page) == "graphic"
    assert prompt_variant(astronaut) == "portrait"
    assert prompt_variant(Image.fromarray(data.coffee())) == "photo"
    # Whatever word the medium has, there is a prompt for it.
    for word in (*medium.MEDIA, "picture"):
        assert f"raster-scan-{KINDS[word]}" in prompts.names()
