"""What a captioner sees beside what somebody saw: every measure on small descriptions and labels."""

from __future__ import annotations

import json

import pytest

from eval.commands import main
from eval.measure import eyes, eyes_rows
from eval.measure.names import broader, heads, is_person, names_in, singular
from promptcodec.description import Box, Cell, Description, SceneObject
from training.labelled import Label, Thing

KNOWN = {"dog", "cat", "grass", "house", "stone", "wall", "stone wall", "cloud", "tree", "person", "portrait"}
SILENT = (Cell(),) * 4
DOG = Thing(("dog", "animal"), (0, 0, 50, 100), ("brown",))
HOUSE = Thing(("house", "building"), (50, 0, 100, 100), ("red", "white"))


def label(*, cells="sky/cloud sky grass grass", **fields):
    """Give a label of a dog before a house, on a grid of 2x2."""
    values = {
        "file": "kodak/a.png", "medium": ("photo", "3d render"), "subject": ("dog", "animal"), "people": 0,
        "shot": "full", "things": (DOG, HOUSE), "rows": 2, "cols": 2,
        "cells": tuple(tuple(cell.split("/")) for cell in cells.split()),
    }  # fmt: skip
    return Label(**{**values, **fields})


def describe(summary="", *objects, cells=SILENT, medium="photo", rows=2, cols=2):
    return Description(medium, rows, cols, tuple(cells), summary, objects=objects)


def thing(name, *attributes, box=(1, 1, 2, 1)):
    return SceneObject(name, Box(*box), attributes)


def picture(description, looked=None, **fields):
    return eyes.picture(description, label(**fields), KNOWN, looked or {})


@pytest.mark.parametrize(
    ("name", "one"),
    [
        ("Dogs", "dog"), ("glass", "glass"), ("boxes", "box"), ("benches", "bench"), ("berries", "berry"),
        ("bus", "bus"), ("horses", "horse"), ("people", "person"), ("tree leaves", "tree leaf"),
        ("tomatoes", "tomato"), ("gloves", "glove"),
    ],
)  # fmt: skip
def test_singular(name, one):
    assert singular(name) == one


def test_a_name_ends_in_shorter_ones():
    assert heads("red sports cars") == {"red sports car", "sports car", "car"}
    assert heads("bird of prey") == {"bird of prey", "bird"}


def test_broader_words():
    assert broader("parrot") == {"bird", "animal"}
    assert broader("apple") == {"fruit", "food"}
    assert broader("gravel") == set()
    assert is_person("old woman")
    assert is_person("people")
    assert not is_person("statue")


def test_names_in_a_sentence():
    assert names_in("A dog and cats before a stone wall.", KNOWN) == ["dog", "cats", "stone wall"]
    # One name without a word between, two where a mark or a colour stands.
    assert names_in("house wall, grass", KNOWN) == ["house wall", "grass"]
    assert names_in("a stone green house", KNOWN) == ["stone", "house"]
    assert names_in("Mostly brown; an orange area stands out on the left.", {*KNOWN, "orange"}) == []


@pytest.mark.parametrize(
    ("description", "outcome"),
    [
        (describe("Brown dogs on grass."), "right"),
        (describe("A guard dog."), "right"),
        (describe("Grass.", thing("animal")), "right"),
        (describe("A cat on grass."), "wrong"),
        (describe("A stone wall with a dog."), "right"),
        (describe("Grass with a cat."), "missing"),  # the grass is there
        (describe("A building."), "missing"),
        (describe("Mostly brown."), "missing"),
        (describe(""), "missing"),
    ],
)
def test_subject(description, outcome):
    assert eyes.subject(description, label(), KNOWN | {"building"}, {}) == outcome


def test_a_judged_subject_is_missing_not_wrong():
    cat = describe("A cat on grass.")
    assert eyes.subject(cat, label(), KNOWN, {("kodak/a.png", "cat"): True}) == "missing"
    assert eyes.subject(cat, label(), KNOWN, {("kodak/a.png", "cat"): False}) == "wrong"


def test_names_are_right_by_things_subject_cells_and_judgement():
    description = describe("A dog, clouds and a cat, a tree.", thing("buildings"), thing("dogs"))
    row = picture(description)
    assert (row["named"], row["named_right"], row["unjudged"]) == (5, 3, ["cat", "tree"])
    row = picture(description, {("kodak/a.png", "cat"): True, ("kodak/a.png", "tree"): False})
    assert (row["named"], row["named_right"], row["unjudged"]) == (5, 4, [])


def test_people_are_right_where_there_are_any():
    description = describe("A portrait of a person.", thing("woman"))
    assert picture(description)["named_right"] == 0
    assert picture(description, people=1)["unjudged"] == ["woman"]


def test_broader_words_are_right_and_narrower_are_not():
    assert picture(describe("", thing("plant")), cells="sky sky tree tree")["named_right"] == 1
    assert picture(describe("", thing("poodle")))["named_right"] == 0


def test_things_that_are_named():
    row = picture(describe("A dog.", cells=(Cell(text="wall"), Cell(text="houses"), Cell(), Cell())))
    assert (row["things"], row["things_named"], row["things_named_cells"]) == (2, 1, 2)
    assert picture(describe("", thing("animal"), thing("building")))["things_named"] == 2
    crowd = (Thing(("man", "person"), (0, 0, 50, 50), ()),)
    assert picture(describe("A group in a house."), things=crowd)["things_named"] == 0
    assert eyes.picture(describe("A group."), label(things=crowd), {"group"}, {})["things_named"] == 1


def test_colours_of_objects():
    dog = thing("dog", "large", "light brown")
    assert eyes.colours(describe("", dog), label()) == {"coloured": 1, "coloured_right": 1}
    assert eyes.colours(describe("", thing("dog", "umber")), label())["coloured_right"] == 1
    assert eyes.colours(describe("", thing("dog", "red", "brown")), label())["coloured_right"] == 0
    assert eyes.colours(describe("", thing("dog", "large"), thing("cat", "red")), label())["coloured"] == 0
    colourless = label(things=(Thing(("dog",), (0, 0, 50, 100), ()),))
    assert eyes.colours(describe("", dog), colourless) == {"coloured": 0, "coloured_right": 0}


def test_of_things_of_one_name_the_nearest_is_meant():
    doors = (Thing(("door",), (0, 0, 50, 100), ("red",)), Thing(("door",), (50, 0, 100, 100), ("blue",)))
    right = thing("door", "blue", box=(1, 2, 2, 2))
    assert eyes.colours(describe("", right), label(things=doors))["coloured_right"] == 1
    left = thing("door", "blue", box=(1, 1, 2, 1))
    assert eyes.colours(describe("", left), label(things=doors))["coloured_right"] == 0


def test_cells():
    named = (Cell(text="clouds"), Cell(continues="left"), Cell(text="background"), Cell(colours=("red",)))
    assert eyes.cells(describe(cells=named), label()) == {
        "cells": 4, "cells_named": 3, "cells_right": 1, "plain_named": 2, "plain_right": 1,
    }  # fmt: skip
    plain = eyes.cells(describe(cells=named), label(cells="sky cloud background grass"))
    assert (plain["cells_right"], plain["plain_right"]) == (3 - 1, 1)


def test_cells_accept_broader_nouns():
    def right(noun, labelled, **fields):
        counts = eyes.cells(describe(cells=(Cell(text=noun),) * 4), label(cells=labelled, **fields))
        return counts["cells_right"]

    assert right("water", "sea sea wave tree") == 3
    assert right("sea", "water water water water") == 0
    assert right("bare ground", "ground sand sky sky") == 2
    # Cells are labelled with none of these words: with "animal", and by the dog in the left half.
    assert right("goats", "animal fur sky sky") == 2
    assert right("brown dog", "sky sky sky sky") == 2


def test_cells_of_another_grid_are_read_at_the_centre():
    one = describe(cells=(Cell(text="sky"), Cell(text="grass")), rows=2, cols=1)
    assert eyes.cells(one, label())["cells_right"] == 4


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("photo", "photo"), ("black and white photograph", "photo"), ("3D render", "3d render"),
        ("picture", ""), ("black and white picture", ""),
        ("drawing", "line art"), ("pencil sketch", "line art"), ("anime", "anime"),
        ("illustration", "anime"), ("digital painting", "painting"), ("watercolor", "painting"),
        ("flat graphic", "graphic"), ("vector illustration", "graphic"), ("screenshot", "screenshot"),
        ("text page", "text page"), ("pixel art", "pixel art"), ("photorealistic render", "3d render"),
    ],
)  # fmt: skip
def test_media(words, name):
    assert eyes.medium_of(words) == name


def test_medium():
    assert [eyes.medium(words, label()) for words in ("photo", "3D render", "picture", "painting")] == [
        "right", "right", "undecided", "wrong",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("description", "count"),
    [
        (describe("A dog."), 0),
        (describe("No people."), 0),
        (describe("A portrait of a woman."), 1),
        (describe("A man and a woman with a dog."), 2),
        (describe("Two people on grass."), 2),
        (describe("Three tall women, a dog."), 3),
        (describe("Two dogs, people."), 3),
        (describe("A couple of people in a field."), 2),
        (describe("A group of people."), 3),
        (describe("A person.", thing("man"), thing("woman")), 2),
        (describe("Two people.", thing("person")), 2),
        (describe("", thing("person"), thing("person"), thing("person"), thing("child")), 3),
        (describe("", thing("crowd")), 3),
        (describe("", thing("statue")), 0),
    ],
)
def test_people(description, count):
    assert eyes.people(description) == count


def test_people_are_right_by_the_number_up_to_three():
    assert picture(describe("A group of people."), people=7)["people_right"]
    assert not picture(describe("Two people."), people=1)["people_right"]


def test_shares():
    rows = [
        picture(describe("A dog.", thing("dog", "brown"), cells=(Cell(text="sky"),) * 4), file="kodak/a.png"),
        picture(describe("A cat.", medium="picture"), file="aigi/b.png", people=1),
    ]
    for row, mrr in zip(rows, (1, 0.25), strict=True):
        row |= {"mrr": mrr, "mrr_written": 1}
    kodak, aigi, every = eyes_rows.means(rows, "local")
    assert [row["pictures"] for row in (kodak, aigi, every)] == ["kodak", "aigi", "all"]
    assert (kodak["subject_right"], aigi["subject_wrong"], every["subject_right"]) == (1, 1, 0.5)
    assert (kodak["named_right"], aigi["named_right"], every["named_right"]) == (1, 0, 0.5)
    assert (every["named"], every["things_named"], every["coloured"], every["coloured_right"]) == (
        1,
        0.25,
        1,
        1,
    )
    assert (every["cells_named"], every["cells_right"], aigi["cells_right"]) == (0.5, 0.5, None)
    assert (every["medium_right"], every["medium_undecided"], every["medium_wrong"]) == (0.5, 0.5, 0)
    assert (every["people_right"], every["mrr"], every["mrr_of_written"]) == (0.5, 0.625, 0.625)


def test_ranks_are_among_these_pictures():
    names = [label.file for label in eyes.labels()[:2]]
    rows = [{"file": name} for name in names]
    eyes_rows.add_ranks(rows, dict.fromkeys(names, describe("nothing")))
    # Both are alike: they share the mean of the two ranks.
    assert [row["mrr"] for row in rows] == pytest.approx([1 / 1.5] * 2)
    assert all(0.5 < row["mrr_written"] <= 1 for row in rows)


def test_end_to_end_on_two_pictures(data_folder, tmp_path, capsys):
    if not (data_folder / "eval" / "kodak").is_dir():
        pytest.skip(f"the evaluation pictures are not in {data_folder}")
    words = ["eyes", "--images", str(data_folder / "eval"), "--limit", "1", "--json", "-o", str(tmp_path)]
    assert main(words) == 0
    tables = json.loads(capsys.readouterr().out)
    assert [(row["pictures"], row["n"]) for row in tables["eyes"]] == [("kodak", 1), ("aigi", 1), ("all", 2)]
    assert {row["cells"] for row in tables["pictures"]} == {24}
    assert {path.name for path in tmp_path.iterdir()} == {"eyes.csv", "pictures.csv"}
    assert main([*words[:5], "--written"]) == 0
    table = capsys.readouterr().out
    assert "| source | written-400 | written-400 | written-400 |" in table
    assert "| mrr_of_written | 1.000 | 1.000 | 1.000 |" in table
    assert main([*words[:5], "--written", "--unjudged"]) == 0
    assert {tuple(json.loads(line)) for line in capsys.readouterr().out.splitlines()} == {("file", "noun")}


def test_a_folder_without_labelled_pictures_is_an_error(tmp_path, capsys):
    assert main(["eyes", "--images", str(tmp_path)]) == 4
    assert "no labelled picture" in capsys.readouterr().err
