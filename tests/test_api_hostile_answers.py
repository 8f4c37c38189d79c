"""Whatever a server answers, reading it gives a value or an error of ours, and soon."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec.api import complaints, json_text, pictures, replies, streams
from promptcodec.api.conform import conform
from promptcodec.api.json_text import objects
from promptcodec.api.profile import Profile
from promptcodec.api.usage import usage_in
from promptcodec.captioners.normalise import normalise
from promptcodec.description import SCHEMA, from_json
from promptcodec.errors import DescriptionError, PromptcodecError
from promptcodec.generators import image_answers
from tests.work import lines_run

FIELDS = """choices message delta content text type role parsed tool_calls function arguments reasoning
refusal finish_reason usage error code output result response status data b64_json images image_url parts
source candidates medium rows cols cells style objects lettering box colours"""
NAMES = st.sampled_from(re.findall(r"\w+", FIELDS))
TEXTS = st.sampled_from(
    [
        "",
        "{",
        '{"rows": 1}',
        '"{\\"rows\\": 1}"',
        "data:image/png;base64,iVBORw0KGgo",
        "iVBORw0",
        "SAFETY",
        "error",
        "\ud800",
    ]
)
ANSWERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=25,
)
NOWHERE = Profile(url="http://127.0.0.1:9/v1", model="m", timeout=1)


def read(answer):
    complaints.failure(answer)
    usage_in(answer)
    reply = replies.read(answer)
    for content in reply.contents:
        for candidate in objects(content, SCHEMA["properties"], cut=reply.cut):
            try:
                from_json(normalise(conform(candidate.value, SCHEMA)))
            except DescriptionError:
                continue


@given(st.dictionaries(NAMES, ANSWERS, max_size=6))
def test_any_answer_is_read_or_refused(answer):
    try:
        read(answer)
        image_answers.read(answer, NOWHERE)
    except PromptcodecError:
        pass


@given(st.lists(st.dictionaries(NAMES, ANSWERS, max_size=4), max_size=5), st.integers(0, 400))
def test_any_stream_is_put_together_or_left(events, end):
    text = "".join(f"event: x\ndata: {json.dumps(event)}\n" for event in events)
    for stream in (text, text[:end], "\n".join(map(json.dumps, events))):
        whole = streams.whole(stream)
        if whole.startswith("{"):
            try:
                read(json.loads(whole))
            except (PromptcodecError, json.JSONDecodeError):
                pass


@pytest.mark.parametrize(
    "text",
    [
        '{"a":' * 100_000,
        "{" * 900_000,
        "}]" * 400_000,
        '{"rows": ' * 50_000,
        '{\\"' * 200_000,
        ("{'rows" + "x" * 1000) * 500 + "}",
        "rows cols " * 80_000 + "{",
        "</think>" * 100_000,
        "<think>" + '{"rows": 1}' * 20_000,
        json.dumps([{"x": "{" * 1000}] * 500),
    ],
)
def test_a_hostile_text_is_done_with_soon(text):
    begun = time.process_time()
    for _ in objects(text, SCHEMA["properties"]):
        pass
    assert time.process_time() - begun < 5


def wrapped(levels):
    text = '{"rows": 1}'
    for _ in range(levels):
        text = json.dumps({"a": f"</think>{text}", "b": "{"})
    return text


# What is never closed, said again, nested, or goes back and forth in what repairs it.
WORK = {
    "an object in the text of an object": (wrapped(6), wrapped(12)),
    "objects that all end far away": tuple('{"rows":' * (n // 80) + "[" + "1," * n for n in (20_000, 80_000)),
    "names without quotes": tuple("{rows: " + "a:b," * n + "}" for n in (2000, 8000)),
    "brackets that never close": tuple('{"rows": ' + "{" * n + "}" for n in (4000, 16_000)),
    "names in one object": tuple("{" + "rows: " * n for n in (4000, 16_000)),
    "marks of thoughts": tuple("[think]</think>" * n for n in (2000, 8000)),
}


@pytest.mark.parametrize("name", WORK)
def test_work_is_bounded_whatever_a_text_holds(name, monkeypatch):
    monkeypatch.setattr(json_text, "_MOST_REPAIRS", 20_000)  # a reading is some twenty lines
    for text in WORK[name]:
        lines = lines_run(lambda text=text: objects(text, SCHEMA["properties"]))
        assert lines < 600_000 + 10 * len(text)


def test_a_text_that_is_too_much_work_yields_nothing_of_what_stands_before_it():
    whole = dict.fromkeys(SCHEMA["properties"], "x")
    text = json.dumps(whole) + '{"rows":' * 900 + "[" + "1," * 240_000
    assert [one.value for one in objects(text, SCHEMA["properties"])] == [None]


def test_pictures_are_bounded_in_number():
    answer = {"data": [{"url": f"http://127.0.0.1/{number}"} for number in range(10_000)]}
    assert len(list(pictures.pictures(answer))) == 16
