"""Whatever a server answers, reading it gives a value or an error of ours, and soon."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec.api import complaints, pictures, replies, streams
from promptcodec.api.conform import conform
from promptcodec.api.json_text import objects
from promptcodec.api.profile import Profile
from promptcodec.api.usage import usage_in
from promptcodec.captioners.normalise import normalise
from promptcodec.description import SCHEMA, from_json
from promptcodec.errors import DescriptionError, PromptcodecError
from promptcodec.generators import image_answers

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
        for value in objects(content, SCHEMA["properties"], cut=reply.cut):
            try:
                from_json(normalise(conform(value, SCHEMA)))
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


def test_pictures_are_bounded_in_number():
    answer = {"data": [{"url": f"http://127.0.0.1/{number}"} for number in range(10_000)]}
    assert len(list(pictures.pictures(answer))) == 16
