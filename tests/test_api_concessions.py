"""Servers that do not know a way to ask are asked otherwise, once learnt for the run."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from promptcodec.api import concessions
from promptcodec.api.client import Connection
from promptcodec.api.converse import ask_json
from promptcodec.api.dialects import Ask
from promptcodec.api.profile import Profile
from promptcodec.errors import ApiError, PromptcodecError, UsageError
from tests.scripted import serving

pytest.importorskip("openai", reason="needs the extra api")
pytestmark = pytest.mark.usefixtures("kept_apart")

SCHEMA = {
    "type": "object",
    "properties": {"size": {"type": "integer"}},
    "required": ["size"],
    "additionalProperties": False,
}


@pytest.fixture
def script(monkeypatch):
    monkeypatch.setattr(concessions, "_learnt", {})
    with serving() as started:
        yield started


def chat(text='{"size": 7}'):
    return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}


def ask(script, dialect="chat", text="Which?", **more):
    profile = Profile(
        url=script.url, model="m", **{"retries": 0, "input_price": 1.0, "output_price": 1.0} | more
    )
    question = Ask("Answer.", text, None, "answer", SCHEMA, 50)
    return ask_json(Connection(profile), dialect, question, lambda value: value["size"])


def refuse(message, status=400, **more):
    return status, {"error": {"message": message, "type": "invalid_request_error"} | more}


def takes(*forms, message="response_format type must be one of {}, but got: {}", status=400):
    """A server that knows these types of response_format, ``None`` for a question without one."""

    def answer(asked):
        form = asked.get("response_format", {}).get("type")
        if form in forms:
            return chat()
        return refuse(message.format(", ".join(filter(None, forms)), form), status)

    return answer


FORMATS = [
    ('response_format type must be one of "text" or "json_object", but got: json_schema', 500),
    ("This response_format type is unavailable now", 400),
    (
        "Failed to deserialize the body: response_format.type `json_schema` is unavailable now",
        422,
    ),
    ("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.", 400),
    ("This model does not support structured outputs.", 400),
    ("guided decoding is not available", 501),
    ("Invalid schema for response_format 'description'", 400),
    ("Failed to parse grammar", 500),
]


@pytest.mark.parametrize(("message", "status"), FORMATS)
def test_a_server_without_schemas_is_asked_for_an_object_with_the_schema_in_words(script, message, status):
    script.begin(takes("json_object", message=message, status=status))
    assert ask(script) == 7
    assert [asked["response_format"]["type"] for asked in script.asked] == ["json_schema", "json_object"]
    assert json.dumps(SCHEMA) in script.asked[1]["messages"][0]["content"]
    assert ask(script, text="And now?") == 7  # learnt
    assert len(script.asked) == 3
    assert ask(script) == 7  # stored, under the question as it was first put
    assert len(script.asked) == 3


def test_a_server_without_any_form_is_asked_in_words_alone(script):
    script.begin(takes(None))
    assert ask(script) == 7
    assert [asked.get("response_format", {}).get("type") for asked in script.asked] == [
        "json_schema",
        "json_object",
        None,
    ]


def test_an_error_that_calls_itself_good_teaches_the_same(script):
    error = {"error": {"message": "json_schema is not supported by this provider", "code": 400}}
    script.begin(error, chat())
    assert ask(script) == 7
    assert script.asked[1]["response_format"] == {"type": "json_object"}


def test_a_server_that_refuses_every_form_is_one_clear_error(script):
    script.begin(refuse('response_format must be "text" or "json_object"', 500))
    with pytest.raises(ApiError, match="json_object"):
        ask(script)
    assert len(script.asked) == 3


@pytest.mark.parametrize(("form", "sent"), [("json_object", {"type": "json_object"}), ("none", None)])
def test_the_profile_may_name_the_form(script, form, sent):
    script.begin(chat())
    assert ask(script, response_format=form) == 7
    assert script.asked[0].get("response_format") == sent
    assert json.dumps(SCHEMA) in script.asked[0]["messages"][0]["content"]


def test_responses_fall_back_alike(script):
    answer = {"status": "completed", "output": [{"type": "message", "content": '{"size": 7}'}]}
    script.begin(
        refuse("Unsupported: text.format json_schema"), refuse("text.format is not supported"), answer
    )
    assert ask(script, "responses") == 7
    assert [asked.get("text", {}).get("format", {}).get("type") for asked in script.asked] == [
        "json_schema",
        "json_object",
        None,
    ]
    assert json.dumps(SCHEMA) in script.asked[2]["instructions"]


SPARE = [
    ("chat", {"effort": "none"}, "reasoning_effort", "Unknown parameter: 'reasoning_effort'."),
    ("chat", {"effort": "low"}, "reasoning_effort", "reasoning_effort is not supported by this model"),
    ("chat", {}, "max_tokens", "Unrecognized request argument supplied: max_tokens"),
    ("responses", {}, "store", "Unsupported parameter: store"),
    (
        "responses",
        {"effort": "low"},
        "reasoning",
        "Unsupported parameter: 'reasoning.effort' is not supported.",
    ),
    ("responses", {}, "max_output_tokens", "unexpected keyword argument 'max_output_tokens'"),
]


@pytest.mark.parametrize(("dialect", "more", "name", "message"), SPARE)
def test_a_parameter_that_a_server_does_not_know_is_left_out(script, dialect, more, name, message):
    def answer(asked):
        known = {"status": "completed", "output": [{"type": "message", "content": '{"size": 7}'}]} | chat()
        return refuse(message) if name in asked else known

    script.begin(answer)
    assert ask(script, dialect, **more) == 7
    assert name in script.asked[0]
    assert name not in script.asked[1]
    assert len(script.asked) == 2


def test_a_parameter_named_in_a_list_of_faults_is_left_out(script):
    detail = [
        {
            "type": "extra_forbidden",
            "loc": ["body", "reasoning_effort"],
            "msg": "Extra inputs are not permitted",
        }
    ]
    script.begin((422, {"detail": detail}), chat())
    assert ask(script, effort="low") == 7
    assert "reasoning_effort" not in script.asked[1]


@pytest.mark.parametrize(
    ("sent", "other", "message"),
    [
        (
            "max_tokens",
            "max_completion_tokens",
            "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
        ),
        ("max_completion_tokens", "max_tokens", "Unknown parameter: 'max_completion_tokens'."),
    ],
)
def test_the_limit_is_called_what_the_server_calls_it(script, sent, other, message):
    script.begin(refuse(message), chat())
    assert ask(script, limit_field=sent) == 7
    assert sent not in script.asked[1]
    assert script.asked[1][other] == 50


def test_a_model_without_a_system_role_is_told_in_the_question(script):
    script.begin(refuse("System role not supported", 500), chat())
    assert ask(script) == 7
    (message,) = script.asked[1]["messages"]
    assert message["role"] == "user"
    assert [part["text"] for part in message["content"]] == ["Answer.", "Which?"]


def test_a_model_that_only_streams_is_asked_to(script):
    piece = {"choices": [{"delta": {"content": '{"size": 7}'}, "finish_reason": "stop"}]}

    def answer(asked):
        only = "This model only supports stream mode, please enable the stream parameter"
        return f"data: {json.dumps(piece)}\n\ndata: [DONE]\n\n" if asked.get("stream") else refuse(only)

    script.begin(answer)
    assert ask(script) == 7
    assert len(script.asked) == 2


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("max_tokens is too large: 6000. This model supports at most 4096 completion tokens.", 400),
        ("You are over your rate limit of tokens", 429),
        ("The model `m` does not exist", 404),
        ("Invalid API key", 401),
        ("The server had an error", 500),
        ("Unknown parameter: 'messages'", 400),
    ],
)
def test_other_errors_teach_nothing(script, message, status):
    script.begin(refuse(message, status))
    with pytest.raises(PromptcodecError, match=message[:20]):
        ask(script)
    assert len(script.asked) == 1


def test_nothing_is_asked_for_ever(script):
    names = (
        "reasoning_effort max_tokens max_completion_tokens store detail strict response_format system role"
    )
    script.begin(refuse(f"Unsupported parameters: {names}"))
    with pytest.raises(UsageError, match="Unsupported parameters"):
        ask(script, effort="low")
    assert len(script.asked) <= 10


def test_threads_that_ask_at_once_learn_once(script):
    script.begin(takes("json_object"))
    together = threading.Barrier(4)

    def work(number):
        together.wait()
        return ask(script, text=f"Question {number}")

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [7] * 4
    assert all("response_format" in asked for asked in script.asked)  # nobody went on to no form at all
    assert len(script.asked) <= 8


def test_an_unknown_form_is_named(script):
    with pytest.raises(UsageError, match="json_schema, json_object, none"):
        ask(script, response_format="yaml")
    assert script.paths == []


def test_what_was_learnt_of_one_model_is_not_believed_of_another(script):
    script.begin(takes("json_object"))
    assert ask(script) == 7
    script.begin(chat())
    profile = Profile(url=script.url, model="other", retries=0)
    question = Ask("Answer.", "Which?", None, "answer", SCHEMA, 50)
    assert ask_json(Connection(profile), "chat", question, lambda value: value["size"]) == 7
    assert script.asked[0]["response_format"]["type"] == "json_schema"
