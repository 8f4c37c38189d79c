"""Search by colour: what is understood, and which made pictures it finds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from promptcodec.archive.indexing import looks
from promptcodec.archive.indexing.looks import CELLS, NOTHING, Look
from promptcodec.archive.searching import colours
from promptcodec.archive.searching.colours import THRESHOLD, parse, score
from promptcodec.description.basic import BASIC, basic_colour
from promptcodec.description.palette import PALETTE
from promptcodec.errors import UsageError

NAMES = list(PALETTE)


def picture(ground: str, *patches: tuple[str, tuple[int, int, int, int]]) -> Look:
    """A picture of one colour with patches of others: left, top, right, bottom in eighths."""
    image = Image.new("RGB", (80, 80), PALETTE[ground])
    for name, box in patches:
        image.paste(PALETTE[name], tuple(10 * side for side in box))
    return Look(None, looks.colours_of_picture(image))


def scores(query: str, *pictures: Look) -> list[float]:
    return score((looks.gather(pictures),), parse(query)).tolist()


NIGHT = picture("navy", ("orange", (3, 3, 6, 6)))
SUNSET = picture("orange", ("navy", (2, 2, 6, 6)))
FIELD = picture("grass green", ("sky blue", (0, 0, 8, 3)))
STAMP = picture("white", ("red", (0, 0, 1, 2)))
CHERRY = picture("red", ("white", (0, 0, 1, 2)))


@pytest.mark.parametrize(
    ("query", "matching", "others"),
    [
        ("mostly navy, orange in the middle", [NIGHT], [SUNSET, FIELD, STAMP, CHERRY]),
        ("Navy", [NIGHT, SUNSET], [FIELD, STAMP]),
        ("mostly orange", [SUNSET], [NIGHT]),
        ("blue at the top and green at the bottom", [FIELD], [NIGHT, STAMP]),
        ("green top", [], [FIELD]),
        ("a little red at the top left", [STAMP], [CHERRY, NIGHT]),
        ("a little red", [STAMP], [CHERRY, FIELD]),
        ("red bottom right", [CHERRY], [STAMP]),
        ("no green", [NIGHT, STAMP], [FIELD, NOTHING]),
        ("mostly white without blue", [STAMP], [FIELD, NIGHT]),
        ("#121f32 corners", [NIGHT], [SUNSET]),
        ("crimson", [CHERRY], [FIELD]),
        ("mostly-white", [STAMP], [CHERRY]),
        ("orange edges", [SUNSET], [NIGHT]),
        ("navy middle left", [NIGHT], [FIELD]),
    ],
)
def test_pictures_are_matched(query, matching, others):
    assert all(value >= THRESHOLD for value in scores(query, *matching)) if matching else True
    assert all(value < THRESHOLD for value in scores(query, *others))


def test_more_of_a_colour_ranks_before_less():
    some = [picture("white", ("blue", (0, 0, 8, rows))) for rows in range(9)]
    for query in ("blue", "mostly blue"):
        values = scores(query, *some)
        assert values == sorted(values)
        assert values[0] == 0
        assert values[-1] > 0.99


@pytest.mark.parametrize("basic", BASIC)
def test_a_basic_word_matches_every_colour_that_goes_by_it(basic):
    for name in NAMES:
        if basic_colour(name).endswith(basic):
            assert scores(basic, picture(name))[0] >= THRESHOLD, name


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_palette_is_known_and_matches_itself_best(name):
    others = [Look(None, bytes([number]) * CELLS) for number in range(len(NAMES))]
    values = scores(name, *others)
    assert values[NAMES.index(name)] == max(values)
    assert values[NAMES.index(name)] > 0.99


@pytest.mark.parametrize(
    "words", ["dark blue", "light green", "gray", "dark gray", "lime", "#abc", "light purple"]
)
def test_what_people_call_colours_is_known(words):
    (clause,) = parse(words)
    assert clause.share == colours.SOME
    assert max(clause.nearness) > 128


def test_colours_say_nothing_of_pictures_without():
    assert scores("navy", NOTHING) == [0]


@pytest.mark.parametrize(
    ("query", "advice"),
    [
        ("dark blue sky", "dark blue"),
        ("nvay", "navy"),
        ("xyzzy", "black"),
        ("mostly", "names no colour"),
        ("", "no colour"),
        ("#12", "#rrggbb"),
        ("navy, in the middle", "names no colour"),
    ],
)
def test_what_is_no_colour_is_refused_with_the_nearest_names(query, advice):
    with pytest.raises(UsageError, match=advice):
        parse(query)


@given(st.text(max_size=40))
def test_any_text_is_understood_or_refused(text):
    try:
        clauses = parse(text)
    except UsageError:
        return
    assert clauses


def test_clauses_say_what_was_asked():
    queries = (
        "mostly navy",
        "a little red at the top left",
        "no green",
        "teal in the middle",
        "gold on the right",
    )
    for query in queries:
        assert [str(clause) for clause in parse(query)] == [query]


def test_cells_that_match_are_named():
    navy, orange, blue = colours.matches(NIGHT.colours, parse("mostly navy, orange in the middle, sky blue"))
    assert orange == tuple(8 * row + col for row in (3, 4, 5) for col in (3, 4, 5))
    assert len(navy) == CELLS - 9
    assert blue == ()


@given(st.lists(st.binary(min_size=CELLS, max_size=CELLS), min_size=1, max_size=5), st.data())
def test_a_score_is_a_chance_and_of_the_picture_alone(maps, data):
    query = data.draw(st.sampled_from(["navy", "no red top", "a little blue, mostly grey", "white edges"]))
    some = [Look(None, one) for one in maps]
    together = scores(query, *some)
    assert all(0 <= value <= 1 for value in together)
    apart = [scores(query, one)[0] for one in some]
    np.testing.assert_allclose(together, apart, atol=1e-6)


def test_no_documents_have_no_scores():
    assert score((), parse("navy")).shape == (0,)
