"""What a picture mainly shows: sure words alone, the surest first."""

from __future__ import annotations

import pytest
from PIL import Image

from promptcodec.vision import maps
from promptcodec.vision.heads import shipped
from promptcodec.vision.subject import TABLE, subjects


@pytest.mark.parametrize(("name", "words"), [("astronaut", {"person"}), ("chelsea", {"animal"})])
def test_photographs(name, words):
    from skimage import data

    image = Image.fromarray(getattr(data, name)())
    ranked = subjects(maps.look(image))
    assert {word for word, _ in ranked} & words
    assert subjects(maps.look(image.copy())) == ranked
    chances = [chance for _, chance in ranked]
    assert chances == sorted(chances, reverse=True)


def test_no_word_tells_sex_or_age():
    assert not {"woman", "man", "girl", "boy", "child"} & set(shipped(TABLE).words)


def test_words_that_were_not_borne_out_are_never_said():
    head = shipped(TABLE)
    never = {word for word, least in zip(head.words, head.least.tolist(), strict=True) if least > 1}
    assert {"castle", "hand"} <= never
    assert "person" not in never
