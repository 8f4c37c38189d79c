"""Words that find their picture: how they are ranked, what survives in a stream, bytes beside a map."""

from __future__ import annotations

import json

import pytest

from eval import written
from eval.commands import main
from eval.measure import beside_map, findability, survival, word_streams
from eval.measure.word_streams import Setting
from promptcodec import describe
from promptcodec.description import (
    Box,
    Cell,
    Description,
    Lettering,
    SceneObject,
    format_text,
    parse_text,
    resolve,
)

DOCUMENTS = {
    "harbour": "photo\nBoats in a harbour at night.\nboat, white",
    "kitchen": "oil painting\nA woman cooks in a kitchen.\nstove",
    "cat": "photo\nA black cat sleeps on a chair.\ncat",
    "dog": "photo\nA brown dog runs on grass.\ndog",
    "hill": "photo\nA tree on a hill.\ntree",
}


def grid(*rows, **more):
    """Give a description whose cells have these nouns."""
    cells = tuple(Cell(text=noun) for row in rows for noun in row.split())
    return Description("photo", len(rows), len(rows[0].split()), cells, **more)


def test_the_document_of_the_query_is_first():
    queries = [("cat", "sleeping cats"), ("harbour", "boat at night"), ("kitchen", "woman cooking")]
    assert findability.ranks(DOCUMENTS, queries) == [1, 1, 1]
    assert findability.ranks(DOCUMENTS, [("dog", "cat")]) == [3.5]


def test_more_words_of_a_query_rank_higher_than_fewer():
    documents = {"both": "a red door", "one": "a red car", "none": "a blue sea", "other": "a blue sky"}
    assert findability.ranks(documents, [("both", "red door"), ("one", "red door")]) == [1, 2]


def test_equal_documents_share_the_mean_of_their_ranks():
    documents = {"a": "a boat", "b": "a boat", "c": "a boat", "d": "the sea", "e": "the sea"}
    assert findability.ranks(documents, [("a", "boat"), ("c", "boat"), ("e", "boat")]) == [2, 2, 4.5]


def test_what_no_word_matches_shares_the_ranks_behind():
    assert findability.ranks(DOCUMENTS, [("dog", "boat"), ("dog", "submarine")]) == [3.5, 3]
    assert findability.ranks({**DOCUMENTS, "empty": ""}, [("empty", "boat")]) == [4]


def test_a_query_is_words_and_no_syntax():
    queries = [("cat", 'cat"'), ("cat", "cat AND NOT*"), ("cat", "words:cat"), ("cat", "(cat - near)")]
    assert findability.ranks(DOCUMENTS, queries) == [1, 1, 1, 1]


def test_figures():
    assert findability.figures([1, 2, 10.5, 4]) == pytest.approx(
        {"mrr": (1 + 1 / 2 + 1 / 10.5 + 1 / 4) / 4, "recall_1": 1 / 4, "recall_10": 3 / 4}
    )


def test_colours_and_textures_of_cells_answer_for_nothing():
    cells = (
        Cell(colours=("sand", "salmon"), arrangement="over", texture="rough", text="wall"),
        Cell(colours=("gold",), text="wall"),
    )
    description = Description(
        "oil painting", 1, 2, cells, "A house.", "sunset", "calm",
        (SceneObject("door", Box(1, 1, 1, 1), ("red",)),), (Lettering("OPEN", Box(1, 2, 1, 2), "neon"),),
    )  # fmt: skip
    words = findability.words_of(description)
    assert " ".join(words.split()) == "oil painting A house. sunset calm door red neon OPEN wall"


def test_stems_leave_grammar_out():
    assert findability.stems("The Boats, with a boat") == {"boat"}
    assert findability.stems("") == set()


def test_a_cell_is_kept_where_its_centre_shows_the_same():
    whole = grid("sky sky sky sky", "sea sea boat boat")
    assert survival.cells_kept(whole, whole) == (8, 8)
    assert survival.cells_kept(whole, grid("sky sky", "sea boat")) == (8, 8)
    assert survival.cells_kept(whole, grid("sky sea")) == (2, 8)
    # The centre of the middle cell is on the border: it is of the cell right of it.
    assert survival.cells_kept(grid("sky tree sea"), grid("sky tree")) == (2, 3)
    silent = Description("photo", 1, 2, (Cell(text="sky"), Cell()))
    assert survival.cells_kept(silent, grid("sky sea")) == (1, 1)
    inherited = Description(
        "photo", 1, 2, (Cell(colours=("grey",), text="sky"), Cell(continues="left", tone="darker"))
    )
    assert survival.cells_kept(grid("sky sky"), inherited) == (2, 2)


def test_words_are_kept_wherever_they_stand():
    whole = grid("sky boat", summary="A boat on the sea.", objects=(SceneObject("lamps", Box(1, 1, 1, 1)),))
    stream = grid("sky lamp", summary="Boats.")
    assert survival.words_kept(whole, stream) == (3, 4)


def test_nouns_get_the_colours_of_another_description(scene):
    nouns = Description(
        "photo", 2, 3, tuple(Cell(text=text) for text in ("sky", "sky", "", "sea", "", "sea"))
    )
    local = describe(scene, grid=(2, 3))
    both = beside_map.coloured(nouns, local)
    assert [cell.text for cell in resolve(both)] == [cell.text for cell in nouns.cells]
    assert [cell.texture for cell in resolve(both)] == [cell.texture for cell in resolve(local)]
    assert all(cell.colours for cell in resolve(both))


def test_other_sources_than_the_first_have_one_tune():
    wanted = word_streams.settings(("written-400", "local"), ("balanced", "pixels"), (100, 200))
    assert [setting.budget for setting in wanted[:4]] == [0] * 4
    assert [(setting.source, setting.tune) for setting in wanted[4::2]] == [
        ("written-400", "balanced"), ("written-400", "pixels"), ("local", "balanced"),
    ]  # fmt: skip


def test_every_written_picture_has_three_lengths_and_three_queries():
    known = written.descriptions()
    files = {file for file, _ in known}
    assert files <= set(written.queries())
    assert set(known) == {(file, characters) for file in files for characters in (80, 200, 400)}
    assert all(len(queries) == 3 for queries in written.queries().values())


@pytest.fixture
def pictures(scene, tmp_path, monkeypatch):
    """Two pictures somebody wrote of, in a folder as the evaluation pictures are in."""
    texts = {"a": ("sky", "A red sun over the sea."), "b": ("wall", "A dog before a wall.")}
    lines, queries = [], []
    (tmp_path / "pictures" / "kodak").mkdir(parents=True)
    for name, (noun, summary) in texts.items():
        scene.save(tmp_path / "pictures" / "kodak" / f"{name}.png")
        text = format_text(grid(*[" ".join([noun] * 4)] * 3, summary=summary))
        file = f"kodak/{name}.png"
        lines += [{"file": file, "characters": count, "text": text} for count in (80, 200, 400)]
        queries.append({"file": file, "queries": [noun, summary, "nothing"]})
    (tmp_path / "written").mkdir()
    for name, rows in (("kodak", lines), ("queries", queries)):
        (tmp_path / "written" / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    descriptions, asked = written.descriptions(tmp_path / "written"), written.queries(tmp_path / "written")
    monkeypatch.setattr(written, "descriptions", lambda: descriptions)
    monkeypatch.setattr(written, "queries", lambda: asked)
    return tmp_path / "pictures"


def test_end_to_end_on_two_pictures(pictures, tmp_path, capsys):
    words = ["findability", "--images", str(pictures), "--budgets", "200", "--tunes", "balanced", "--json"]
    words += ["--sources", "written-200", "--survival", "--beside-map", "--jobs", "1"]
    words += ["-o", str(tmp_path / "out")]
    assert main(words) == 0
    tables = json.loads(capsys.readouterr().out)
    rows = {(row["source"], row["tune"]): row for row in tables["findability"]}
    assert set(rows) == {
        ("written-400", "whole"), ("written-200", "whole"), ("written-80", "whole"), ("local", "whole"),
        ("written-200", "balanced"),
    }  # fmt: skip
    # "nothing" matches neither picture: both have the mean rank of two.
    assert rows["written-400", "whole"]["mrr"] == pytest.approx((1 + 1 + 1 / 1.5) / 3)
    stream = rows["written-200", "balanced"]
    assert stream["ratio"] == stream["ratio_own"] == 1
    assert 0 < stream["words"] < stream["file"] <= 200
    assert [row["share"] for row in tables["survival"]] == [1, 1]
    assert {row["kind"] for row in tables["beside-map"]} == set(beside_map.KINDS)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "journal.jsonl", "pictures.csv", "findability.csv", "survival.csv", "beside-map.csv",
        "report.md",
    }  # fmt: skip
    # What is kept is not coded again.
    before = (tmp_path / "out" / "journal.jsonl").read_bytes()
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out) == tables
    assert (tmp_path / "out" / "journal.jsonl").read_bytes() == before


def test_a_folder_without_written_pictures_is_an_error(tmp_path, capsys):
    assert main(["findability", "--images", str(tmp_path)]) == 4
    assert "no picture with a written description" in capsys.readouterr().err


def test_written_words_find_evaluation_pictures(data_folder):
    folder = data_folder / "eval" / "kodak"
    if not folder.is_dir():
        pytest.skip(f"the evaluation pictures are not in {folder}")
    paths = [folder / f"kodim{number:02}.png" for number in (3, 23)]
    (pictures,) = word_streams.code(paths, [Setting("written-400", "balanced", 200)], None, 1, pixels=False)
    documents = {one.name: findability.words_of(one.description) for one in pictures}
    asked = [(name, written.queries()[name][0]) for name in documents]
    assert findability.ranks(documents, asked) == [1, 1]
    assert all(one.file <= 200 for one in pictures)
    assert all(parse_text(format_text(one.description)) for one in pictures)
