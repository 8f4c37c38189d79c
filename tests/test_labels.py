"""Labels made by looking: all in one form, training and evaluation apart, and two looks that agree."""

from __future__ import annotations

import json

import pytest

from eval.measure import eyes
from training.agreement import EVALUATION, EXCLUDED, SECOND, agreement, is_same, pairs
from training.labelled import FOLDER, Label, Thing, is_right, label, read, shipped
from training.pictures import allowed

SHIPPED = sorted(FOLDER.glob("*.jsonl"))
LEAST = 600
"""Fewest training pictures with labels."""


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def path_id(path):
    return "-".join((*path.parts[-3:-1], path.stem))


def thing(*nouns, box=(0, 0, 50, 50), colours=()):
    return Thing(nouns, box, colours)


def look(**fields):
    """Give a label of a picture that is all sky, with other fields."""
    sky = Label("a.webp", ("photo",), ("landscape",), 0, "wide", (), 4, 6, (("sky",),) * 24)
    return Label(**{name: fields.get(name, getattr(sky, name)) for name in Label.__slots__})


@pytest.mark.parametrize(
    "path", [*SHIPPED, SECOND, *EVALUATION], ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_every_line_has_the_form(path):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((FOLDER / "schema.json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    words = set(schema["$defs"]["cell"]["enum"])
    for line in lines(path):
        assert not [error.message for error in validator.iter_errors(line)], line["file"]
        assert {word for row in line["grid"] for cell in row.split() for word in cell.split("/")} <= words
        for each in line["things"]:
            left, top, right, bottom = each["box"]
            assert left < right, line["file"]
            assert top < bottom, line["file"]


def test_grids_have_24_cells():
    labels = [*shipped(), *shipped(EXCLUDED), *read([SECOND, *EVALUATION])]
    assert {(each.rows, each.cols, len(each.cells)) for each in labels} == {(4, 6, 24), (6, 4, 24)}


def test_training_and_evaluation_are_apart():
    training = [each.file for each in shipped()]
    evaluation = [each.file for each in read(EVALUATION)]
    assert len(training) == len(set(training)) >= LEAST
    assert len(evaluation) == len(set(evaluation)) == 89
    assert {file.rsplit("/", 1)[-1] for file in evaluation}.isdisjoint(training)
    assert all(file.startswith(("kodak/", "aigi/")) for file in evaluation)


def test_about_half_are_photographs():
    photographs, generated = (len(lines(FOLDER / f"{name}.jsonl")) for name in ("photographs", "generated"))
    assert abs(photographs - generated) <= 0.1 * (photographs + generated)


def test_labelled_pictures_may_train(data_folder):
    kinds = {entry["file"]: entry["kind"] for entry in lines(data_folder / "train" / "manifest.jsonl")}
    may_train = {path.name for path in allowed(data_folder)}
    assert {each.file for each in shipped()} <= may_train
    assert {each.file for each in shipped(EXCLUDED)}.isdisjoint(may_train)
    assert {kinds[each["file"]] for each in lines(FOLDER / "photographs.jsonl")} == {"photo"}
    assert "photo" not in {kinds[each["file"]] for each in lines(FOLDER / "generated.jsonl")}


def test_labels_are_of_the_evaluation_pictures(data_folder):
    if not (data_folder / "eval").is_dir():
        pytest.skip(f"the evaluation pictures are not in {data_folder}")
    assert all((data_folder / "eval" / each.file).is_file() for each in read(EVALUATION))


def test_two_looks_agree():
    looks = pairs()
    assert len(looks) == len(lines(SECOND)) == 60
    shares = {field: alike / count for field, (alike, count) in agreement(looks).items()}
    # Which of several right nouns is the best one is a matter of taste.
    assert shares.pop("best cell") > 0.7
    assert set(shares) == {"medium", "subject", "people", "shot", "things", "colours", "cell"}
    assert min(shares.values()) >= 0.8


def test_agreement_counts_each_field():
    one = look(people=4, things=(thing("car", colours=("red",)),), cells=(("sea",),) * 24)
    other = look(
        people=9, medium=("painting", "photo"), subject=("sky",), shot="full",
        things=(thing("car", "vehicle", colours=("blue",)), thing("tree")), cells=(("water",),) * 24,
    )  # fmt: skip
    assert agreement([(one, other)]) == {
        "medium": (1, 1), "subject": (0, 1), "people": (1, 1), "shot": (0, 1), "things": (1, 2),
        "colours": (0, 1), "cell": (24, 24), "best cell": (0, 24),
    }  # fmt: skip


def test_things_are_one_by_noun_and_box():
    car = thing("car", "vehicle")
    assert is_same(car, thing("vehicle", box=(0, 0, 50, 40)))
    assert not is_same(car, thing("tree"))
    assert not is_same(car, thing("car", box=(40, 40, 90, 90)))


def test_broader_nouns_are_right_and_narrower_are_not():
    assert is_right("sea", ("sea", "sky"))
    assert is_right("water", ("sea",))
    assert not is_right("sea", ("water",))


def test_a_line_is_read():
    value = {
        "file": "a.webp", "medium": ["photo"], "subject": ["sea"], "people": 0, "shot": "wide",
        "things": [{"nouns": ["boat"], "box": [0, 0, 10, 10], "colours": ["red"]}],
        "grid": ["sky sky/cloud sky sky", *["sea sea sea sea"] * 5],
    }  # fmt: skip
    read_back = label(value)
    assert (read_back.rows, read_back.cols, read_back.cells[1]) == (6, 4, ("sky", "cloud"))
    assert read_back.nouns() == {"sea", "boat", "sky", "cloud"}
    assert read_back.things == (Thing(("boat",), (0, 0, 10, 10), ("red",)),)


def test_judged_nouns_are_of_labelled_pictures():
    files = {each.file for each in read(EVALUATION)}
    judged = lines(eyes.FOLDER / eyes.JUDGED)
    assert {each["file"] for each in judged} <= files
    assert all(set(each) == {"file", "noun", "there"} and isinstance(each["there"], bool) for each in judged)
    assert len({(each["file"], each["noun"]) for each in judged}) == len(judged)
    # What a label names is not judged again.
    labels = {each.file: each for each in read(EVALUATION)}
    assert not [each for each in judged if each["noun"] in labels[each["file"]].nouns()]
