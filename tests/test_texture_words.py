"""Words beside the texture coder in training: what is read of them, where they are, that gates begin shut."""

from __future__ import annotations

import numpy as np

from promptcodec.description import parse_text
from training.texture_coder import texts
from training.texture_coder.grids import AREAS
from training.texture_coder.pack import cuts
from training.texture_coder.texts import Word

DESCRIPTION = parse_text(
    "photo 2x3\nsummary: A red boat.\n"
    "r1c1 sky blue, smooth: sky\nr1c2 as left\nr1c3 white over sky blue, soft: cloud\n"
    "r2c1 navy, grainy rising: sea\nr2c2 navy with white, grainy falling: sea\nr2c3 as left\n"
    "object r2c2:r2c3 boat, wooden\nlettering r2c2:r2c2 painted: ANNA"
)


def packed() -> texts.Texts:
    pictures = [
        ("a.webp", "train", "photo", {"local": texts.words_of(DESCRIPTION)}),
        ("b.webp", "train", "ai", {"prompt": texts.words_of_prompt("a Boat, a boat at (sea:1.2) xyz")}),
    ]
    words = ["sky", "sea", "boat", "lettering", "red"]
    return texts.collect(words, pictures, {"0_2_3": np.array([[1, 0, 0, 1, 1]], np.float32)})


def test_words_of_a_description_are_what_stands_beside_a_map():
    words = texts.words_of(DESCRIPTION)
    assert Word("boat", 2, (0.5, 1 / 3, 1.0, 1.0)) in words
    assert Word("sea", 1, (0.5, 0.0, 1.0, 1.0)) in words  # once for its row
    assert Word("rising", 1, (0.5, 0.0, 1.0, 1 / 3)) in words
    assert Word("lettering", 3, (0.5, 1 / 3, 1.0, 2 / 3)) in words
    assert not {"navy", "white", "blue", "anna"} & {word.text for word in words}


def test_texts_are_kept(tmp_path):
    texts.save(tmp_path / "texts.npz", packed())
    again = texts.load(tmp_path / "texts.npz")
    word, kind, box = again.of(1, ["local", "prompt"])
    assert [again.words[number] for number in word] == ["boat", "sea"]
    assert set(kind) == {texts.KINDS.index("prompt")}
    assert np.array_equal(box, [texts.WHOLE] * 2)
    assert (again.has(0, "local"), again.has(1, "local")) == (True, False)
    assert np.array_equal(again.canvases["0_2_3"], packed().canvases["0_2_3"])


def test_a_vocabulary_counts_pictures_not_words():
    once, often = [[Word("red", 0, texts.WHOLE)] * 50], [[Word("sea", 0, texts.WHOLE)]] * texts.FEWEST
    assert texts.vocabulary(once + often) == ["sea"]


def test_a_part_has_the_words_that_are_in_it():
    box = np.array([[0.5, 0, 1, 0.5], [0, 0, 0.2, 1]], np.float32)
    moved = texts.within(box, np.array([0.25, 0.25, 0.75, 0.75]))
    assert moved[0].tolist() == [0.5, 0, 1, 0.5]
    assert moved[1, 0] == moved[1, 2]


def test_parts_lie_in_the_picture_and_are_the_same_again():
    given = list(cuts(200, 100, 4))
    assert given == list(cuts(200, 100, 4))
    assert given != list(cuts(200, 100, 5))
    boxes = [box for _, _, box in given if box]
    assert all(box[0] >= 0 and box[1] >= 0 and box[2] <= 200 and box[3] <= 100 for box in boxes)
    assert sum(box is None for _, _, box in given) == len(AREAS)
