"""Which coder a texture layer is by: the nearer of both, in its bytes, the same on both cores."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from promptcodec import native
from promptcodec.layers import texture
from promptcodec.layers.parts import part_bytes
from promptcodec.layers.texture import DCT_BYTES, EASY, choice, dct, learned
from promptcodec.layers.texture.coders import DCT, LEARNED, PACKAGES, coder
from tests.drawings import drawing


def noise(size):
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), np.uint8))


PICTURES = {
    "one pixel": Image.new("RGB", (1, 1), (200, 30, 9)),
    "a few": drawing((12, 9)),
    "a line": drawing((2000, 20)),
    "a pole": drawing((20, 2000)),
    "flat": Image.new("RGB", (96, 64), (200, 40, 40)),
    "gradient": Image.linear_gradient("L").resize((96, 64)).convert("RGB"),
    "noise": noise((96, 64)),
    "shapes": drawing((96, 64)),
}


def error(image, payload):
    return choice.error(texture.decode(payload, image.size), np.asarray(image, np.float32))


@pytest.fixture
def tried(monkeypatch):
    """What the coders gave last, by number."""
    given = {}
    for number in PACKAGES:
        own = coder(number)

        def encode(*args, encode=own.encode, number=number, **options):
            given[number] = bytes([number]) + encode(*args, **options)
            return given[number][1:]

        monkeypatch.setattr(own, "encode", encode)
    return given


@pytest.mark.parametrize("image", PICTURES.values(), ids=PICTURES)
def test_the_nearer_one_is_kept_and_every_budget(image, tried):
    cases = [
        (6, True),
        (7, False),
        (24, True),
        (100, False),
        (DCT_BYTES - 1, True),
        (DCT_BYTES, False),
        (300, True),
    ]
    for budget, stored in cases:
        tried.clear()
        payload = texture.encode(image, budget, stored=stored, effort=1)
        texture.check(payload)
        assert (part_bytes("texture", payload) if stored else len(payload)) <= budget
        assert payload in tried.values()
        errors = {number: error(image, each) for number, each in tried.items()}
        # What is drawn differs by a twentieth of a level from what is compared.
        assert error(image, payload) ** 0.5 <= max(min(errors.values()), choice.UNSEEN) ** 0.5 + 0.1
        if DCT not in tried:
            assert budget >= DCT_BYTES
            assert errors[LEARNED] > EASY - 1


@pytest.mark.parametrize("budget", [40, 600])
def test_what_is_simple_takes_few_bytes_whatever_there_are(budget):
    for name, most in (("one pixel", 16), ("flat", 16), ("gradient", 40)):
        image = PICTURES[name]
        payload = texture.encode(image, budget)
        assert len(payload) <= most
        assert error(image, payload) <= choice.UNSEEN


@pytest.mark.parametrize(
    ("errors", "lengths", "best"),
    [
        ((30.0, 20.0), (50, 60), 1),
        ((20.0, 30.0), (60, 50), 0),
        ((20.0, 20.0), (60, 50), 1),
        ((0.0, 0.9), (60, 50), 1),
        ((0.9, 0.0), (60, 60), 0),
        ((1.5, 0.9), (50, 60), 1),
    ],
)
def test_of_errors_that_nobody_sees_the_shorter_payload_is_taken(errors, lengths, best, monkeypatch):
    payloads = [bytes([number]) * length for number, length in enumerate(lengths)]
    monkeypatch.setattr(choice, "apart", lambda _, payload: errors[payload[0]])
    assert choice.nearest(PICTURES["flat"], payloads) == payloads[best]


@pytest.mark.parametrize("number", PACKAGES)
def test_payloads_are_compared_as_they_are_drawn(number, once):
    image = PICTURES["shapes"]
    payload = bytes([number]) + once(coder(number).encode, image, 60)
    assert choice.apart(image, payload) == pytest.approx(error(image, payload), rel=1e-3)


def test_large_pictures_are_compared_small(monkeypatch):
    drawn = []
    for own in (dct, learned):
        module = sys.modules[f"{own.__name__}.encoder"]

        def shown(data, size, draw=module.shown):
            drawn.append(size)
            return draw(data, size)

        monkeypatch.setattr(module, "shown", shown)
    image = drawing((300, 200)).resize((3000, 2000), Image.Resampling.NEAREST)
    assert len(texture.encode(image, 50, effort=1)) <= 50
    assert len(drawn) == 2
    for width, height in {*drawn, choice.reduced(image).size}:
        assert choice.PIXELS / 1.02 < width * height <= choice.PIXELS
        assert width / height == pytest.approx(1.5, rel=0.01)


def test_long_pictures_keep_their_lines():
    for name in ("a line", "a pole", "one pixel"):
        assert choice.reduced(PICTURES[name]) is PICTURES[name]


PROGRAM = """
from promptcodec import native
from promptcodec.layers import texture
from tests.drawings import drawing
cases = ((96, 64), 30), ((20, 90), 60), ((30, 40), 160)
print(bool(native.core), *(texture.encode(drawing(size), budget, effort=2).hex() for size, budget in cases))
"""


@pytest.mark.skipif(native.core is None, reason=f"there is no compiled core: {native.named()}")
def test_both_cores_choose_the_same():
    answers = []
    for pure in ("0", "1"):
        environment = os.environ | {"PROMPTCODEC_PURE": pure, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-P", "-c", PROGRAM]
        answers.append(subprocess.check_output(command, env=environment, text=True).split())
    assert [answer[0] for answer in answers] == ["True", "False"]
    assert answers[0][1:] == answers[1][1:]
