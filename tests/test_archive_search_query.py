"""Queries: what is taken of what people type, and that nothing of it is syntax of the database."""

from __future__ import annotations

import math
import sqlite3
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec.archive.indexing.documents import add, create, document_of, quoted
from promptcodec.archive.searching.query import ANY, FIELDS, MOST_WORDS, Filter, parse
from promptcodec.archive.searching.ranking import rank
from promptcodec.errors import UsageError
from tests.word_archives import record


def only(text):
    """Give the one filter of a query."""
    (one,) = parse(text).filters
    return one


def test_words_phrases_and_what_is_not_wanted():
    query = parse('Red kite "on the beach" -boat sci-fi red')
    assert query.words == ("red", "kite", "sci", "fi")
    assert query.phrases == ("on the beach",)
    assert query.filters[1] == Filter(ANY, "boat", excluded=True)


def test_fields_have_words_and_quoted_values():
    assert only("model:sdxl") == Filter("model", "sdxl")
    assert only('object:"red kite"') == Filter("object", "red kite")
    assert only("-medium:photo") == Filter("medium", "photo", excluded=True)
    assert only('colour:"orange in the middle"') == Filter("color", "orange in the middle")
    assert only("“on the beach”").text == "on the beach"
    assert only("Model:SDXL").field == "model"


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("people:2", 2, 2), ("people:0", 0, 0), ("people:3..", 3, math.inf), ("people:..3", -math.inf, 3),
        ("people:2..4", 2, 4), ("width:>=1000", 1000, math.inf), ("height:<=1000", -math.inf, 1000),
        ("cfg:7.5", 7.5, 7.5), ("guidance:3.5", 3.5, 3.5), ("steps:=20", 20, 20),
        ("seed:18446744073709551615", 2**64 - 1, 2**64 - 1),
    ],
)  # fmt: skip
def test_ranges(text, low, high):
    assert (only(text).low, only(text).high) == (low, high)


def test_what_is_more_or_less_is_not_equal():
    assert only("width:>1000").low > 1000
    assert only("width:>1000").low < 1001
    assert 999 < only("width:<1000").high < 1000


def moment(*day):
    return datetime(*day).astimezone().timestamp() * 1e3


def test_days_months_and_years():
    year = only("time:2024")
    assert (year.low, year.high) == (moment(2024, 1, 1), moment(2025, 1, 1) - 1)
    month = only("time:2023-12")
    assert (month.low, month.high) == (moment(2023, 12, 1), moment(2024, 1, 1) - 1)
    day = only("time:2024-02-29")
    assert (day.low, day.high) == (moment(2024, 2, 29), moment(2024, 3, 1) - 1)
    assert only("time:2023..2024").low == moment(2023, 1, 1)
    assert only("time:2023..2024").high == moment(2025, 1, 1) - 1
    assert only("before:2024-05").high < moment(2024, 5, 1)
    assert only("after:2024-05").low > moment(2024, 6, 1) - 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kite sise:3", "'sise' at character 6 of the query is no field; there are medium, summary"),
        ('kite "red', "the quotation mark at character 6 of the query is not closed"),
        ('a object:"red', "the quotation mark at character 10 of the query is not closed"),
        ("color: navy", "the field color at character 1 of the query has no value; such as color:navy"),
        ("-people:two", "the field people at character 2 of the query cannot be 'two'; such as 2, 2..,"),
        ("time:2024-13", "cannot be '2024-13'; such as 2024"),
        ("time:2023-02-29", "cannot be '2023-02-29'"),
        ("time:9999", "cannot be '9999'"),
        ("seed:>3", "the field seed at character 1 of the query cannot be '>3'; such as 7"),
        ("seed:99999999999999999999", "cannot be"),
        ("width:²", "cannot be"),
        ("model:!!", "has no letter or digit in its value '!!'"),
    ],
)
def test_errors_say_where_and_what_to_do(text, message):
    with pytest.raises(UsageError) as error:
        parse(text)
    assert message in str(error.value)


def test_words_have_an_end():
    assert len(parse("kite " * 10_000).words) == 1
    many = " ".join(f"w{number}" for number in range(10_000))
    for text in (many, f'"{many}"', many.replace("w", "-w"), f'object:"{many}"', "people:2 " * 10_000):
        with pytest.raises(UsageError, match=f"10000 words; the most is {MOST_WORDS}"):
            parse(text)


def test_a_long_phrase_is_searched_for(base):
    assert rank(base, parse(f'"{"kite " * MOST_WORDS}"')).hits == ()
    assert rank(base, parse(" ".join(f"near{number}" for number in range(MOST_WORDS - 1)) + " kite")).hits


@pytest.fixture(scope="module")
def base():
    with sqlite3.connect(":memory:", isolation_level=None) as connection:
        create(connection)
        add(connection, [document_of(record("kite.png", "Red kite near and or not."), None, ())])
        yield connection


HOSTILE = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                "NEAR(", ")", "AND", "OR", "NOT", '"', "'", "*", "^", "-", ":", "+", "{", "}", "red",
                "said:", "object:", "model:", "name:", "summary:", "--", ";", "DROP", "\0", "\ud800",
                "\u202e", "é", "字", "_", "a_b", "..", "people:", "time:", "2024", "color:", "navy", ",",
            ]
        ),
        max_size=12,
    ).map("".join),
)  # fmt: skip


@given(HOSTILE)
def test_any_text_is_a_query_or_a_usage_error(base, text):
    try:
        query = parse(text)
        rank(base, query)
    except UsageError:
        return
    assert len(query.words) <= MOST_WORDS
    for each in query.filters:
        assert each.field in (*FIELDS, ANY)


@given(
    st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8), min_size=1, max_size=8)
)
def test_words_come_back_as_they_are_each_once(words):
    assert parse(" ".join(words)).words == tuple(dict.fromkeys(word.lower() for word in words))
    assert parse(f'"{" ".join(words)}"').phrases == (" ".join(words),)
    assert quoted(" ".join(words)).strip('"').split(" ") == words
