"""Searching an archive: what ranks, what decides, and why a picture matches."""

from __future__ import annotations

import json
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval import written
from eval.measure import findability
from promptcodec.archive import store
from promptcodec.archive.indexing import index, people
from promptcodec.archive.indexing.facts import beginnings, squeezed
from promptcodec.archive.indexing.looks import Look
from promptcodec.archive.searching import query, ranking
from promptcodec.archive.searching.search import search
from promptcodec.description import Box, Cell, Lettering, SceneObject
from promptcodec.errors import UsageError
from promptcodec.recipe.model import Addon, ModelInfo, Platform, Recipe, Settings
from tests.word_archives import DAY, description, record


def thing(name, *attributes):
    return SceneObject(name, Box(1, 1, 1, 1), attributes)


SDXL = Recipe(
    Platform("a1111"),
    ModelInfo("sd_xl_base_1.0.safetensors", loras=(Addon("InkDrawing_v2", 0.6),)),
    Settings(
        "a (red:1.2) lighthouse <lora:ink:0.6>", sampler="DPM++ 2M", steps=20, guidance=7, seed=2**64 - 1
    ),
)
FLUX = Recipe(Platform("comfyui"), ModelInfo("flux1-dev"), Settings("a dog", sampler="euler", seed=7))
KITE = description(
    "A red kite flies above a beach.", light="bright", mood="cheerful",
    cells=(
        Cell(colours=("sky blue",), text="sky"), Cell(continues="left"),
        Cell(colours=("sand",), text="beach"),
    ),
    objects=(thing("kite", "red"), thing("two women")),
    lettering=(Lettering("OPEN", Box(1, 1, 1, 1), "neon"),),
)  # fmt: skip
RECORDS = (
    record("2024/kite.jpg", KITE, size=(1600, 900), time=19_800 * DAY, tags=("holiday",)),
    record("boats.jpg", description("Boats in a harbour.", objects=(thing("boat"),)), time=19_000 * DAY),
    record("tower.png", "A lighthouse.", SDXL, size=(1024, 1024), time=19_500 * DAY),
    record("IMG_2034.png", description("A dog.", medium="oil painting", objects=(thing("dog"),)), FLUX),
    record("crowd.jpg", description("A street.", objects=(thing("people"),))),
    record("unread.jpg", None, time=20_000 * DAY),
)  # fmt: skip


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Give a function that searches an archive of RECORDS."""
    with store.create(tmp_path_factory.mktemp("search") / "a.pxa") as archive:
        archive.put(RECORDS)
        with index.open(archive) as own:

            def run(text, **more):
                return search(archive, own, text, **more)

            yield run


@pytest.fixture(scope="module")
def names(opened):
    """Give a function that gives the names of what matches, best first."""
    return lambda text, **more: [each.record.name for each in opened(text, **more).results]


def reasons(results, number=0):
    return [(reason.field, reason.text) for reason in results.results[number].why]


def test_words_of_all_fields_match_by_their_stems(names):
    assert names("kites") == ["kite.jpg"]
    assert names("cheerfulness") == ["kite.jpg"]
    assert names("holidays") == ["kite.jpg"]
    assert names("open neon") == ["kite.jpg"]
    assert names("red") == ["tower.png", "kite.jpg"]  # the prompt of the first


def test_phrases_exclusions_and_fields_decide(names):
    assert names('"red kite"') == ["kite.jpg"]
    assert names('"flies kite" beach') == []
    assert names("red -beach") == ["tower.png"]
    assert names("prompt:red") == ["tower.png"]
    assert names("object:red") == ["kite.jpg"]
    assert names("cell:beach tag:holiday mood:cheerful lettering:open") == ["kite.jpg"]
    assert names("medium:painting") == ["IMG_2034.png"]
    assert names("-medium:photo") == ["unread.jpg", "IMG_2034.png"]


@pytest.mark.parametrize("typed", ["sdxl", "SDXL", '"SDXL 1.0"', "sd_xl_base", "sd_xl_base_1.0.safetensors"])
def test_names_match_however_they_are_written(names, typed):
    if typed == '"SDXL 1.0"':
        assert names(f"model:{typed}") == []  # it is sdxl base 1.0
    else:
        assert names(f"model:{typed}") == ["tower.png"]


def test_fields_of_recipes(names):
    assert names("lora:ink") == names("tool:a1111") == names("sampler:dpmpp_2m") == ["tower.png"]
    assert names("seed:18446744073709551615") == names("steps:20 cfg:7.0") == ["tower.png"]
    assert names("seed:7") == names("model:flux") == ["IMG_2034.png"]
    assert names("seed:8") == []


def test_names_of_files(names):
    assert names("name:2024") == names("name:kite.jpg") == names("name:2024/kite") == ["kite.jpg"]
    assert names('name:"img 2034"') == names("name:IMG_20") == ["IMG_2034.png"]


def test_people_are_counted_from_objects(names):
    assert names("people:2") == ["kite.jpg"]
    assert names("people:3..") == ["crowd.jpg"]
    assert set(names("people:0")) == {"boats.jpg", "tower.png", "IMG_2034.png"}  # nobody knows of unread.jpg


def test_sizes_and_times(names):
    assert names("width:>=1000 height:<1000") == ["kite.jpg"]
    assert names("time:2024-03") == ["kite.jpg"]
    assert names("time:2024") == ["unread.jpg", "kite.jpg"]
    assert names("before:2023 after:1971") == ["boats.jpg"]
    assert names("after:2024-05-31") == ["unread.jpg"]


def test_fields_alone_give_the_newest_first(names):
    assert names("width:640..") == [
        "unread.jpg", "kite.jpg", "tower.png", "boats.jpg", *names("before:1971"),
    ]  # fmt: skip
    assert names("width:640..", limit=2) == ["unread.jpg", "kite.jpg"]


def test_a_picture_must_match_enough_of_the_words(names):
    assert names("red lighthouse") == ["tower.png"]
    assert names("red lighthouse", everything=True) == ["tower.png", "kite.jpg"]
    assert names("kite beach lighthouse harbour") == ["kite.jpg"]
    assert set(names("kite beach lighthouse harbour", everything=True)) == {
        "kite.jpg",
        "tower.png",
        "boats.jpg",
    }


def test_words_that_no_picture_has_are_named(opened):
    results = opened("submarine kite")
    assert results.missing == {"submarine": ""}
    assert [each.record.name for each in results.results] == ["kite.jpg"]
    assert opened("submarine medium:photo").results == ()


def test_names_answer_where_no_text_has_any_word(opened, names):
    assert names("kite.jpg") == ["kite.jpg"]  # as a word of its texts
    assert names("IMG_2034.png") == names("2034") == ["IMG_2034.png"]
    assert names("flux1-dev") == names("Euler a") == ["IMG_2034.png"]
    assert names("InkDrawing") == names("18446744073709551615") == ["tower.png"]
    assert reasons(opened("euler")) == [("sampler", "euler")]
    assert names("photo crowd") == ["crowd.jpg"]  # most are photos
    assert names("9" * 21) == names("9" * 5000) == []
    results = opened("euler kite")  # names hide nothing that texts say
    assert [each.record.name for each in results.results] == ["kite.jpg"]
    assert results.unused == {"euler": "sampler"}


def test_words_of_grammar_decide_nothing(opened, names):
    assert names("a submarine") == names("the in over a submarine") == []
    assert opened("a submarine").missing.keys() == {"submarine"}
    assert names("a kite over the beach") == ["kite.jpg"]
    assert "kite.jpg" in names("a")


def test_what_matches_most_comes_where_nothing_matches_enough(opened):
    results = opened("kite harbour lighthouse")
    assert results.closest
    assert {each.record.name for each in results.results} == {"kite.jpg", "boats.jpg", "tower.png"}
    assert not opened("kite lighthouse").closest


def test_a_word_that_is_spelt_much_like_a_missing_one_is_named(opened):
    assert opened("lighthosue").missing == {"lighthosue": "lighthouse"}
    assert opened("cheerfull kite").missing == {"cheerfull": "cheerful"}
    assert opened("xylophone").missing == {"xylophone": ""}


def test_colours_that_no_picture_has_give_the_nearest(tmp_path):
    cells = (*[Cell(colours=("navy",))] * 5, Cell(colours=("orange",)))
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put([
            record("boat.jpg", description("A boat.", cells=cells)),
            coloured("hill.jpg", "green", "hill", "A hill."),
        ])  # fmt: skip
        with index.open(archive) as own:
            for text in ('color:"mostly orange"', "mostly orange", 'color:"mostly orange" boat'):
                results = search(archive, own, text)
                assert [each.record.name for each in results.results] == ["boat.jpg"]
                assert results.nearest
                assert results.results[0].score < 0.5
            for text in ("color:pink", '"mostly orange"', 'color:"mostly orange" hill'):
                assert search(archive, own, text).results == ()
            assert not search(archive, own, "color:green").nearest


def test_a_query_of_nothing_is_refused(opened):
    for text in ("", "  ", "-", '""', "?!"):
        with pytest.raises(UsageError, match="names nothing"):
            opened(text)


def test_results_say_why(opened):
    assert reasons(opened('kites "a beach" sky')) == [
        ("summary", "A red kite flies above a beach."), ("object", "kite, red"),
        ("cell r1c1", "sky"), ("cell r1c2", "sky"),
    ]  # fmt: skip
    assert reasons(opened("lettering:open people:2 width:1600")) == [
        ("lettering", "neon: OPEN"), ("people", "2"), ("width", "1600"),
    ]  # fmt: skip
    assert reasons(opened("prompt:lighthouse model:sdxl")) == [
        ("prompt", "a red lighthouse"), ("model", "sd_xl_base_1.0.safetensors"),
    ]  # fmt: skip
    (tag, _), (field, text) = reasons(opened("holiday time:2024"))
    assert (tag, field, text[:7]) == ("tag", "time", "2024-03")


def test_of_long_texts_the_matching_part_is_shown(tmp_path):
    long = " ".join(f"word{number}" for number in range(200))
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put([record("long.jpg", f"{long} kite {long}")])
        with index.open(archive) as own:
            ((_, text),) = reasons(search(archive, own, "kite"))
    assert "kite" in text
    assert text.startswith("...")
    assert len(text) < 500


def coloured(name, colour, noun, summary):
    return record(name, description(summary, cells=(Cell(colours=(colour,), text=noun),) * 4))


def test_a_query_names_only_so_many_colours(opened):
    assert opened("color:red " * ranking.MOST_COLOURS)
    for more in ("color:red " * 17, f'color:"{"red, " * 17}"'):
        with pytest.raises(UsageError, match="more than 16 colours"):
            opened(more)


def test_colours_never_answer_for_things(tmp_path):
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put([
            coloured("pink wall.jpg", "salmon", "wall", "A wall."),
            coloured("fish.jpg", "silver", "fish", "A salmon on ice."),
            coloured("sunset.jpg", "orange", "sky", "A sunset; an orange area stands out on the right."),
            coloured("blur.jpg", "silver", "wall", "Mostly orange over light grey."),
            coloured("fruit.jpg", "brown", "table", "An orange on a table."),
        ])  # fmt: skip
        with index.open(archive) as own:

            def names(text):
                return [each.record.name for each in search(archive, own, text).results]

            assert names("salmon") == ["fish.jpg"]
            assert names("orange") == ["fruit.jpg"]
            assert names("color:salmon") == ["pink wall.jpg"]
            assert names("colour:orange") == ["sunset.jpg"]
            assert names("-color:orange sky") == []
            assert names("color:orange sunset") == ["sunset.jpg"]
            result = search(archive, own, 'color:"mostly orange"').results[0]
            assert result.why[-1].text == "mostly orange: 100 % of the picture"
            assert 0 < result.score <= 1


def test_pictures_like_another_come_by_likeness(tmp_path):
    pictures = {"red.jpg": "red", "rust.jpg": "rust", "navy.jpg": "navy"}
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put([coloured(name, colour, "wall", "A wall.") for name, colour in pictures.items()])
        with index.open(archive) as own:
            (first,) = search(archive, own, "name:red").results
            look = own_look(own, first.record.id)
            results = search(archive, own, "", like=look).results
            assert [each.record.name for each in results][:2] == ["red.jpg", "rust.jpg"]
            assert results[0].score >= results[1].score > 0
            assert results[0].why[0].field == "like"
            assert [each.record.name for each in search(archive, own, "name:rust", like=look).results] == [
                "rust.jpg"
            ]
            assert search(archive, own, "dog", like=look).results == ()


def own_look(own, id_) -> Look:
    from promptcodec.archive.indexing import looks

    (doc,) = own.base.execute("SELECT doc FROM doc WHERE id = ?", (id_,)).fetchone()
    return looks.load(own.base)[0].look(doc)


def test_what_is_asked_of_very_many_is_stricter(monkeypatch, tmp_path):
    summaries = ["sky", "sea", "sky sea", "sky sea sand", "town", "hill", "lake", "road", "wood", "rock"] * 3
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put([record(f"{number}.jpg", text) for number, text in enumerate(summaries)])
        with index.open(archive) as own:

            def count(text, **more):
                return len(search(archive, own, text, limit=50, **more).results)

            assert count("sky sea") == 12
            monkeypatch.setattr(ranking, "MOST", 6)
            assert len(search(archive, own, "sky sea", limit=3).results) == 3
            assert {each.record.id for each in search(archive, own, "sky sea", limit=6).results} == {
                each.id for each in archive.records() if b"sky sea" in each.stream
            }
            assert count("sky sea") == 12  # with a limit that the stricter search does not reach
            assert count("photo") == 30  # says nothing of any: the newest first
            assert search(archive, own, "photo").results[0].score == 0


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory):
    """Give an open archive of the written descriptions of 200 characters, and these by name."""
    texts = {file: words for (file, characters), words in written.descriptions().items() if characters == 200}
    grey = {
        file: description(
            words.summary, medium=words.medium, light=words.light, mood=words.mood, objects=(), cells=tuple(
                Cell(colours=("grey",), text=cell.text) for cell in words.cells[:8]
            ),
        ) for file, words in texts.items()
    }  # fmt: skip
    with store.create(tmp_path_factory.mktemp("laboratory") / "a.pxa") as archive:
        archive.put(record(file, words) for file, words in grey.items())
        with index.open(archive) as own:
            yield archive, own, grey


def test_the_order_is_that_of_the_laboratory(laboratory):
    archive, own, texts = laboratory
    asked = [(file, text) for file in texts for text in written.queries()[file]]
    wanted = findability.ranks({file: findability.words_of(words) for file, words in texts.items()}, asked)
    names = {doc: archive.get(id_).places[0].path for doc, id_ in own.base.execute("SELECT doc, id FROM doc")}
    for (file, text), place in zip(asked, wanted, strict=True):
        answer = ranking.rank(own.base, query.parse(text), limit=len(texts), everything=True)
        scores = {names[hit.doc]: hit.score for hit in answer.hits}
        if file in scores:
            better = sum(score > scores[file] for score in scores.values())
            equal = sum(score == scores[file] for score in scores.values())
            assert better + (equal + 1) / 2 == place, text
        else:
            assert place == len(scores) + (len(texts) - len(scores) + 1) / 2, text


@given(data=st.data())
def test_every_result_is_what_was_asked_for(laboratory, data):
    archive, own, texts = laboratory
    words = data.draw(
        st.lists(st.sampled_from(["dog", "red", "woman", "beach", "house", "night"]), min_size=1)
    )
    without = data.draw(st.sampled_from(["tree", "sky", "photo"]))
    limit = data.draw(st.integers(1, 20))
    results = search(archive, own, f"{' '.join(words)} -{without}", limit=limit).results
    assert len(results) <= limit
    assert [each.score for each in results] == sorted((each.score for each in results), reverse=True)
    for each in results:
        text = findability.words_of(texts[each.record.places[0].path])
        assert findability.stems(" ".join(words)) & findability.stems(text)
        assert not findability.stems(without) & findability.stems(text)
        assert each.why


@pytest.mark.parametrize(
    ("names", "number"),
    [
        ([], 0), (["woman"], 1), (["two women"], 2), (["a young man", "girl"], 2), (["man's hat"], 0),
        (["statue of a woman"], 0), (["group of people"], 4), (["group of three women"], 3), (["couple"], 2),
        (["couple of dogs"], 0), (["crowd"], 10), (["people"], 4), (["pair of shoes"], 0), (["face"], 1),
        (["face", "woman"], 1), (["rider on a horse"], 1), (["3 men"], 3), (["two couples"], 0),
        (["row of chairs"], 0), (["men"], 2), (["soldiers"], 2), (["two towers"], 0), (["Woman in red"], 1),
        (["99999999 men"], 2),
    ],
)  # fmt: skip
def test_people_among_objects(names, number):
    assert people.count(names) == number


@given(st.lists(st.text(max_size=40), max_size=4))
def test_any_names_of_objects_can_be_counted(names):
    assert people.count(names) >= 0


@given(st.text(min_size=1, max_size=30))
def test_a_name_begins_with_itself(name):
    if squeezed(name):
        assert any(word.startswith(squeezed(name)) for word in beginnings(name).split())


def test_the_command_line(cli, tmp_path):
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put(RECORDS)
    code, out, err = cli("archive", "search", "a.pxa", "red", "kite", "--json")
    (line,) = out.splitlines()
    value = json.loads(line)
    assert (code, err) == (0, "")
    assert list(value) == ["id", "name", "score", "why"]
    assert (value["name"], value["why"][0]) == (
        "kite.jpg", {"field": "summary", "text": "A red kite flies above a beach."},
    )  # fmt: skip
    code, out, _ = cli("archive", "search", "a.pxa", "kite", "--paths", "--json")
    assert json.loads(out)["paths"] == ["2024/kite.jpg"]
    code, out, _ = cli("archive", "search", "a.pxa", "kites sky", "--paths")
    assert "kite.jpg" in out
    assert "at 2024/kite.jpg" in out
    assert "cell r1c1 r1c2: sky" in out


def test_the_command_line_takes_units_that_the_shell_has_unquoted(cli, tmp_path):
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put(RECORDS)

    def names(*words):
        _, out, _ = cli("archive", "search", "a.pxa", *words, "--json")
        return [json.loads(line)["name"] for line in out.splitlines()]

    assert names("flies kite") == ["kite.jpg"]  # one argument is the whole query
    assert names("red kite", "beach") == ["kite.jpg"]
    assert names("flies kite", "beach") == []
    assert names("object:kite red", "sky") == ["kite.jpg"]
    assert names("color:blue at the left") == ["kite.jpg"]
    assert names("-object:kite red", "red") == ["tower.png"]


def test_no_result_is_no_error(cli, tmp_path):
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put(RECORDS)
    code, out, err = cli("archive", "search", "a.pxa", "submarine")
    assert (code, out) == (0, "")
    assert "no picture has: submarine" in err
    code, out, err = cli("archive", "search", "a.pxa", "people:x", "--json")
    assert code == 2
    assert json.loads(out)["error"]["kind"] == "usage"
    assert cli("archive", "search", "none.pxa", "kite")[0] == 2
    assert cli("archive", "search", "a.pxa")[0] == 2


def test_pictures_like_a_file(cli, tmp_path, scene):
    scene.save(tmp_path / "scene.png")
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put(RECORDS)
    code, out, _ = cli("archive", "search", "a.pxa", "--like", "scene.png", "--limit", "1", "--json")
    assert code == 0
    assert json.loads(out)["why"][0]["field"] == "like"
    assert cli("archive", "search", "a.pxa", "--like", "none.png")[0] == 2


def test_untrusted_names_do_not_steer_a_terminal(cli, tmp_path):
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put([record("kite\x1b[2J\n.jpg", "A kite.", tags=("kite \x1b[31m",))])
    _, out, _ = cli("archive", "search", "a.pxa", "kite", "--paths")
    assert "\x1b" not in out
    assert len(out.splitlines()) == 4


def test_reindex(cli, tmp_path):
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put(RECORDS)
    code, out, _ = cli("archive", "reindex", "a.pxa", "--json")
    assert code == 0
    assert json.loads(out) == {
        "file": "a.pxa",
        "ok": True,
        "index": str((tmp_path / "a.pxa.index").resolve()),
        "records": 6,
    }
    with sqlite3.connect(tmp_path / "a.pxa.index") as base:
        assert base.execute("SELECT count(*) FROM doc").fetchone() == (6,)
