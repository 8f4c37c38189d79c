"""Answers of language models as servers give them: read where they hold the answer, in words where not."""

from __future__ import annotations

import json
import re

import pytest

from promptcodec.api.client import Connection, UnusableAnswerError
from promptcodec.api.converse import ask_json
from promptcodec.api.dialects import Ask
from promptcodec.api.profile import Profile
from promptcodec.description import SCHEMA, from_json, parse_text, to_json
from promptcodec.errors import ApiError, RefusedError
from tests.scripted import serving

pytest.importorskip("openai", reason="needs the extra api")
pytestmark = pytest.mark.usefixtures("kept_apart")

WANTED = parse_text(
    "photo 1x2\nsummary: A heron stands in {shallow} water: it's still.\n"
    "r1c1 sky blue over white, smooth: sky\nr1c2 as left, darker\n"
    "object r1c1:r1c2 heron, grey\nlettering r1c2:r1c2 painted: MILL 9"
)
VALUE = to_json(WANTED)
JSON = json.dumps(VALUE)
ESCAPED = json.dumps(JSON)
DRAFT = json.dumps(VALUE | {"summary": "A draft."})


@pytest.fixture(scope="module")
def script():
    with serving() as started:
        yield started


def message(content, **more):
    return {"role": "assistant", "content": content} | more


def chat(content, reason="stop", **more):
    return {"choices": [{"index": 0, "message": message(content, **more), "finish_reason": reason}]}


def sse(*events):
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"


def delta(**piece):
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": piece}]}


def tool(arguments):
    return [{"id": "1", "type": "function", "function": {"name": "description", "arguments": arguments}}]


def ask(script, dialect="chat", **more):
    profile = Profile(url=script.url, model="m", retries=0, **more)
    question = Ask("Describe it.", "The picture.", None, "description", SCHEMA, 900)
    return ask_json(Connection(profile), dialect, question, from_json)


def with_types(**changes):
    return json.dumps(VALUE | changes)


TEXTS = {
    "as it is": JSON,
    "indented": json.dumps(VALUE, indent=2),
    "prose before": f"Here is the description you asked for:\n\n{JSON}",
    "prose behind": f"{JSON}\n\nI hope this helps! Let me know about {{rows}}.",
    "prose with braces around": f"I fill {{medium}} and {{}} first. {JSON} As in {{'a': 1}}.",
    "fence": f"```json\n{JSON}\n```",
    "fence on one line": f"```json {JSON} ```",
    "fence without language": f"```\n{JSON}\n```",
    "fence of another language": f"```javascript\n{JSON}\n```",
    "fence of tildes": f"~~~json\n{JSON}\n~~~",
    "fence that never closes": f"```json\n{JSON}",
    "fence in prose": f"Sure!\n```JSON\r\n{JSON}\r\n```\r\nDone.",
    "several fences": f'Its form:\n```json\n{{"medium": "...", "rows": 1}}\n```\nSo:\n```json\n{JSON}\n```',
    "a draft, then better": f"First {DRAFT}\nwith the summary put right: {JSON}",
    "thought aloud": f"<think>\nIs it {DRAFT}? {{no}}\n</think>\n\n{JSON}",
    "thought that only closes": f"So I say {DRAFT} first.\n</think>\n{JSON}",
    "thought that never closes": f"<think>It is a heron. {JSON}",
    "thought in other tags": f"<thinking>{DRAFT}</thinking><answer>{JSON}</answer>",
    "channels": f"<|channel|>analysis<|message|>A heron.<|end|><|channel|>final<|message|>{JSON}<|return|>",
    "box tokens": f"<|begin_of_box|>{JSON}<|end_of_box|>",
    "byte order mark": f"\ufeff{JSON}",
    "no width around": f"\u200b{JSON}\u200b",
    "no width between": JSON.replace('", "', '",\u200b "').replace('{"', '{\ufeff"'),
    "hard blanks": JSON.replace('": ', '":\u00a0'),
    "trailing commas": JSON.replace("}]", "},]").replace('"}', '",}'),
    "raw line feed and tab": with_types(summary="@").replace(
        "@", "A heron stands\nin {shallow}\twater: it's still."
    ),
    "as Python writes it": repr(VALUE),
    "Python in a fence": f"```python\n{VALUE!r}\n```",
    "comments": JSON.replace('"rows"', '/* the grid */ "rows"').replace('"cells"', '// all of them\n"cells"'),
    "smart quotes": re.sub(r'"([^"]*)"', "“\\1”", JSON),
    "names without quotes": JSON.replace('"medium"', "medium").replace('"rows"', "rows"),
    "a comma forgotten": JSON.replace(', "rows"', ' "rows"'),
    "JSON in a JSON text": ESCAPED,
    "JSON in a JSON text in a fence": f"```json\n{ESCAPED}\n```",
    "quotes escaped without need": ESCAPED[1:-1],
    "wrapped": json.dumps({"description": VALUE}),
    "wrapped twice": json.dumps({"result": {"description": VALUE}, "status": "ok"}),
    "wrapped as text": json.dumps({"arguments": JSON}),
    "wrapped as a call": json.dumps({"name": "description", "arguments": VALUE}),
    "wrapped as a schema": json.dumps({"type": "object", "properties": VALUE}),
    "wrapped in a list": json.dumps([VALUE]),
    "wrapped in tool tags": f'<tool_call>\n{{"name": "description", "arguments": {JSON}}}\n</tool_call>',
    "the last bracket missing": JSON[:-1],
    "both last brackets missing": JSON[:-2],
    "a bracket too many": f"{JSON}}}",
    "numbers as texts": with_types(rows="1", cols=" 2 "),
    "numbers with a point": with_types(rows=1.0, cols="2.0"),
    "a field nobody asked for": with_types(confidence=0.9, notes=["x"]),
    "words of a set in capitals": JSON.replace('"over"', '"Over"').replace('"sky blue"', '"Sky_Blue "'),
    "cells row by row": with_types(cells=[VALUE["cells"]]),
    "nothing as null": JSON.replace('"mood": ""', '"mood": null').replace('"tone": ""', '"tone": null'),
    "one text for a list": JSON.replace('["grey"]', '"grey"'),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_description_is_read_out_of_what_a_model_wrote(script, name):
    script.begin(chat(TEXTS[name]))
    assert ask(script) == WANTED
    assert len(script.asked) == 1


FORMS = {
    "parts of text": chat([{"type": "text", "text": JSON[:50]}, {"type": "text", "text": JSON[50:]}]),
    "thoughts beside text": chat(
        [{"type": "thinking", "thinking": [{"type": "text", "text": DRAFT}]}, {"type": "text", "text": JSON}]
    ),
    "a part that holds its text deeper": chat([{"type": "text", "text": {"value": JSON}}]),
    "parts that are texts": chat([JSON[:9], JSON[9:]]),
    "an object for a text": chat(VALUE),
    "a part for a list": chat({"type": "text", "text": JSON}),
    "in reasoning_content": chat(None, reasoning_content=JSON),
    "in reasoning": chat("", reasoning=f"{JSON}\n"),
    "draft in reasoning": chat(JSON, reasoning_content=DRAFT),
    "in parsed": chat(None, parsed=VALUE),
    "in a tool's call": chat(None, tool_calls=tool(JSON), reason="tool_calls"),
    "in a tool's call, as an object": chat("", tool_calls=tool(VALUE)),
    "in a function's call": chat(None, function_call={"name": "description", "arguments": JSON}),
    "a refusal that is empty": chat(JSON, refusal=""),
    "as a completion": {"choices": [{"text": JSON, "finish_reason": "stop"}]},
    "without choices": {"message": message(JSON), "done": True, "done_reason": "stop"},
    "a choice for a list": {"choices": {"message": message(JSON)}},
    "whole, though cut behind it": chat(f"{JSON}\n\nI have described", reason="length"),
    "usage null": chat(JSON) | {"usage": None},
    "usage of nulls": chat(JSON) | {"usage": {"prompt_tokens": None, "completion_tokens": None}},
    "usage of texts": chat(JSON) | {"usage": {"prompt_tokens": "12", "completion_tokens": 3.5}},
    "usage a list": chat(JSON) | {"usage": [1]},
    "an error of null": chat(JSON) | {"error": None},
    "an error that is empty": chat(JSON) | {"error": {"code": 0, "message": ""}},
    "a mark before the body": "\ufeff" + json.dumps(chat(JSON)),
    "blanks before the body": "\n\n   " + json.dumps(chat(JSON)),
    "as Responses": {"output": [{"type": "message", "content": [{"type": "output_text", "text": JSON}]}]},
    "as Anthropic": {
        "type": "message",
        "content": [{"type": "text", "text": JSON}],
        "stop_reason": "end_turn",
    },
    "as Gemini": {"candidates": [{"content": {"parts": [{"text": JSON}]}, "finishReason": "STOP"}]},
    "as Ollama's generate": {"response": JSON, "done": True},
    "a stream": sse(delta(role="assistant", content=""), delta(content=JSON[:70]), delta(content=JSON[70:])),
    "a stream of one event": sse(delta(content=JSON)),
    "a stream with comments": ": PROCESSING\n\n: PROCESSING\n\n" + sse(delta(content=JSON)),
    "a stream without empty lines": sse(delta(content=JSON[:7]), delta(content=JSON[7:])).replace(
        "\n\n", "\n"
    ),
    "a stream of CRLF without blanks": sse(delta(content=JSON))
    .replace("\n", "\r\n")
    .replace("data: ", "data:"),
    "a stream with thoughts": sse(
        delta(reasoning_content="Hm "), delta(reasoning_content=DRAFT), delta(content=JSON)
    ),
    "a stream of tool calls": sse(
        delta(tool_calls=[{"index": 0, "function": {"name": "description", "arguments": JSON[:20]}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": JSON[20:]}}]),
    ),
    "a stream with usage last": sse(delta(content=JSON), {"choices": [], "usage": {"prompt_tokens": 5}}),
    "a stream with null choices": sse(delta(content=JSON), {"choices": None}),
    "a stream without its end": sse(delta(content=JSON)).replace("data: [DONE]", ""),
    "a stream of parts": sse(delta(content=[{"type": "text", "text": JSON}])),
    "a stream that says all again": sse(
        {"choices": [{"message": message(JSON[:40])}]}, {"choices": [{"message": message(JSON)}]}
    ),
    "lines of JSON": "\n".join(
        json.dumps({"message": message(text), "done": not text}) for text in (JSON[:30], JSON[30:], "")
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_description_is_read_wherever_a_server_puts_it(script, name):
    script.begin(FORMS[name])
    assert ask(script) == WANTED
    assert len(script.asked) == 1


def response(*output, **more):
    return {"id": "r", "object": "response", "status": "completed", "output": list(output)} | more


def output(content, kind="message"):
    return {"type": kind, "role": "assistant", "content": content}


RESPONSES = {
    "as it should be": response(output([{"type": "output_text", "text": JSON}])),
    "thoughts before it": response(
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": DRAFT}]},
        output([{"type": "output_text", "text": JSON}]),
    ),
    "content a text": response(output(JSON)),
    "parts of another name": response(output([{"type": "text", "text": JSON}])),
    "output_text alone": response(output_text=JSON),
    "output a text": response() | {"output": JSON},
    "no type": response({"role": "assistant", "content": [{"text": JSON}]}),
    "in a function's call": response({"type": "function_call", "name": "description", "arguments": JSON}),
    "in thoughts alone": response(
        {"type": "reasoning", "content": [{"type": "reasoning_text", "text": JSON}]}
    ),
    "incomplete_details null": response(output(JSON), incomplete_details=None, error=None),
    "usage null": response(output(JSON), usage=None),
    "a stream": "event: response.created\n"
    + sse(
        {"type": "response.created", "response": response()},
        {"type": "response.output_text.delta", "delta": JSON[:9]},
        {"type": "response.completed", "response": response(output(JSON))},
    ),
    "a stream of pieces": sse(
        {"type": "response.output_text.delta", "delta": JSON[:9]},
        {"type": "response.output_text.delta", "delta": JSON[9:]},
    ),
    "a stream whose end is empty": sse(
        {"type": "response.output_item.done", "item": output([{"type": "output_text", "text": JSON}])},
        {"type": "response.completed", "response": response()},
    ),
    "as Chat Completions": chat(JSON),
    "events named beside": "event: response.completed\n" + sse({"response": response(output(JSON))}),
}


@pytest.mark.parametrize("name", RESPONSES)
def test_a_description_is_read_out_of_responses(script, name):
    script.begin(RESPONSES[name])
    assert ask(script, "responses") == WANTED
    assert len(script.asked) == 1


WORDS = "free tier: 50 a day"
ERRORS = {
    "an object": {"error": {"message": WORDS, "code": 429}, "user_id": "x"},
    "a text": {"error": WORDS},
    "choices null": {"choices": None, "error": {"message": WORDS, "code": 503}},
    "choices empty": {"choices": [], "error": {"message": WORDS}},
    "in the choice": {
        "choices": [{"error": {"message": WORDS}, "message": message(""), "finish_reason": "error"}]
    },
    "a provider's words inside": {
        "error": {"message": "Provider returned error", "metadata": {"raw": WORDS}}
    },
    "an object called error": {"object": "error", "message": WORDS, "code": 40303},
    "detail": {"detail": WORDS},
    "details": {"detail": [{"loc": ["body", "model"], "msg": WORDS, "type": "value_error"}]},
    "base_resp": {"choices": None, "base_resp": {"status_code": 1008, "status_msg": WORDS}},
    "msg": {"code": 1113, "msg": WORDS, "success": False},
    "errors": {"errors": [{"message": WORDS, "code": 7003}], "result": None},
    "error_msg": {"error_code": 17, "error_msg": WORDS},
    "a stream": sse({"error": {"message": WORDS, "code": 502}, "choices": []}),
    "a stream's event": f"event: error\ndata: {json.dumps({'message': WORDS})}\n\n",
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_that_calls_itself_good_is_told_in_the_servers_words_and_not_paid_for_again(script, name):
    script.begin(ERRORS[name])
    with pytest.raises(ApiError, match=WORDS):
        ask(script)
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        response(status="failed", error={"code": "server_error", "message": WORDS}),
        {"response": response(error={"message": WORDS})},
        sse({"type": "response.failed", "response": response(status="failed", error={"message": WORDS})}),
        sse({"type": "error", "code": "x", "message": WORDS}),
    ],
)
def test_a_response_that_failed_is_told_in_the_servers_words(script, answer):
    script.begin(answer)
    with pytest.raises(ApiError, match=WORDS):
        ask(script, "responses")
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        chat(None, refusal="I cannot help with that."),
        chat("", "content_filter"),
        chat("", "SAFETY"),
        {"candidates": [{"content": {"parts": []}, "finishReason": "PROHIBITED_CONTENT"}]},
        chat("", "content_filter: PROHIBITED_CONTENT"),
        {"choices": None, "error": {"message": "blocked", "code": "content_policy_violation"}},
        {"choices": [], "error": {"message": "The response was filtered", "code": "content_filter"}},
    ],
)
def test_a_refusal_is_named_and_not_asked_again(script, answer):
    script.begin(answer)
    with pytest.raises(RefusedError, match="refused"):
        ask(script)
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I see a heron in shallow water.",
        "{}",
        "[]",
        "null",
        "{{{{{{",
        '{"medium": ' * 3000,
        '"' * 5000,
        "[" * 100_000,
        json.dumps({"error": "no"}),
        json.dumps(VALUE["cells"]),
        JSON.replace('"medium": "photo", ', ""),
        # Cut in the middle of the last text: nothing that the model did not say is put in.
        json.dumps({k: v for k, v in VALUE.items() if k != "summary"} | {"summary": VALUE["summary"]})[:-9],
        with_types(rows=1e400),
        with_types(rows="one"),
        with_types(rows=True),
        with_types(cells="many"),
        with_types(cells=None),
        with_types(style=[]),
    ],
)
def test_what_is_not_there_is_not_invented(script, text):
    script.begin(chat(text))
    with pytest.raises(UnusableAnswerError, match="no usable answer, twice"):
        ask(script)
    assert len(script.asked) == 2


def test_prose_first_and_json_when_asked_again_with_the_schema(script):
    script.begin(chat("A heron."), chat(JSON))
    assert ask(script) == WANTED
    first, second = (asked["messages"][0]["content"] for asked in script.asked)
    assert '"additionalProperties"' not in first
    assert '"additionalProperties"' in second
    assert "A heron." in script.asked[1]["messages"][1]["content"][0]["text"]


def test_a_cut_answer_gets_twice_the_room(script):
    script.begin(chat(JSON[:-40], "length"), chat(JSON))
    assert ask(script) == WANTED
    assert [asked["max_tokens"] for asked in script.asked] == [900, 1800]


@pytest.mark.parametrize(
    "answer",
    [
        {"type": "message", "content": [{"type": "text", "text": JSON[:90]}], "stop_reason": "max_tokens"},
        {"candidates": [{"content": {"parts": [{"text": JSON[:90]}]}, "finishReason": "MAX_TOKENS"}]},
        chat("", "length", reasoning_content="I think that"),
        {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": []},
    ],
)
def test_a_limit_is_known_by_any_name(script, answer):
    script.begin(answer, chat(JSON))
    assert ask(script) == WANTED
    assert script.asked[1]["max_tokens"] == 1800


@pytest.mark.parametrize("body", ["Error: model overloaded", "<html><h1>model overloaded</h1></html>"])
def test_a_body_that_is_no_json_is_quoted(script, body):
    script.begin(body)
    with pytest.raises(UnusableAnswerError, match=r"no JSON.*model overloaded"):
        ask(script)


def test_a_stream_that_broke_off_is_asked_for_again(script):
    broken = sse(delta(content=JSON[:200])).replace("data: [DONE]", "")
    script.begin(broken, chat(JSON))
    assert ask(script) == WANTED
    assert len(script.asked) == 2


BROKEN = JSON.replace(', "rows"', ' "rows"')
OTHER_GRID = json.dumps(VALUE | {"rows": 2})
THOUGHT_ALOUD = [
    "<think>{}</think>",
    "<think>\n{} <reflection>no</reflection></think>",
    "[THINK]{}[/THINK]",
    "◁think▷{}◁/think▷",
    "<seed:think>{}</seed:think>",
    "<longcat_think>{}</longcat_think>",
    "<|begin_of_thought|>{}<|end_of_thought|>",
    "<|START_THINKING|>{}<|END_THINKING|>",
    "<|inner_prefix|>{}<|inner_suffix|>",
    "<unused94>thought\n{}<unused95>",
    "<|channel>thought\n{}<channel|>",
    "<|channel|>analysis<|message|>{}<|end|><|start|>assistant<|channel|>final<|message|>",
    "analysis{}assistantfinal",
    '<details type="reasoning" done="true">{}</details>',
    "<scratchpad>{}</scratchpad>",
    "<draft>{}</draft><final_answer>",
    "【thinking】{}【/thinking】",
    "{} So much for it.</reasoning>",
]


@pytest.mark.parametrize("form", THOUGHT_ALOUD)
@pytest.mark.parametrize("final", [JSON, BROKEN, f"```json\n{BROKEN}\n```\nI hope it helps."])
def test_a_draft_in_a_thought_never_stands_in_for_the_answer(script, form, final):
    script.begin(chat(form.format(f"Perhaps {DRAFT}? No.") + final))
    assert ask(script) == WANTED
    assert len(script.asked) == 1


@pytest.mark.parametrize("form", THOUGHT_ALOUD)
def test_an_answer_that_is_cut_behind_a_thought_is_asked_for_again(script, form):
    script.begin(chat(form.format(f"Perhaps {DRAFT}? No.") + JSON[:200], "length"), chat(JSON))
    assert ask(script) == WANTED
    assert [asked["max_tokens"] for asked in script.asked] == [900, 1800]


AGAIN = {
    "a thought that goes on": chat(f"<think>Perhaps {DRAFT} no, that is wrong, the"),
    "a thought that is cut": chat(f"<think>{DRAFT} but better,", "length"),
    "a thought and nothing behind it": chat(f"<think>{DRAFT}</think>"),
    "words, and a thought beside them": chat("I cannot describe it.", reasoning_content=DRAFT),
    "a short answer, and a thought beside it": chat("Done.", reasoning_content=DRAFT),
    "a cut answer, and a thought beside it": chat(JSON[:99], "length", reasoning_content=DRAFT),
    "another grid, and a thought beside it": chat(OTHER_GRID, reasoning_content=DRAFT),
    "a thought beside nothing that goes on": chat(None, reasoning_content=f"{DRAFT} No: r1c1 is"),
    "a thought beside nothing that is cut": chat(None, "length", reasoning_content=DRAFT),
    "a thought that broke off": chat(None, "network_error", reasoning_content=DRAFT),
    "a part that is a thought": chat(
        [{"type": "reasoning", "text": DRAFT}, {"type": "text", "text": "I cannot."}]
    ),
    "Gemini's thought": {
        "candidates": [
            {"content": {"parts": [{"text": DRAFT, "thought": True}, {"text": JSON[:99]}]}}
            | {"finishReason": "MAX_TOKENS"}
        ]
    },
    "a stream that broke off": sse(delta(reasoning_content=DRAFT), delta(content=JSON[:99])).replace(
        "data: [DONE]", ""
    ),
    "an example, then another grid": chat(f"Example: {DRAFT}\nNow the real one:\n{OTHER_GRID}"),
    "an answer, then a bad one": chat(f"{JSON}\n\nA bad answer would be: {DRAFT}"),
    "an answer, then another": chat(f"{JSON}\n\nAn alternative description: {DRAFT}"),
    "two that nobody tells apart": chat(f"{DRAFT}\n{JSON}"),
    "a list of two": chat(f"[{DRAFT}, {JSON}]"),
    "a draft, then the beginning of another": chat(f"{DRAFT}\nFinal: {JSON[:120]}"),
    "a draft, then one beyond repair": chat(f'{DRAFT}\nFinal: {{"medium": "photo"'),
    "a draft, then a part of one": chat(
        f'{DRAFT}\nFinal: {{"medium": "photo", "summary": "A heron.", "rows": 1}}'
    ),
    "an answer in words, and an example": chat(json.dumps({"example": VALUE, "answer": "I cannot."})),
}


@pytest.mark.parametrize("name", AGAIN)
def test_nothing_stands_in_for_an_answer_that_is_not_there(script, name):
    script.begin(AGAIN[name], chat(with_types(summary="It was asked again.")))
    assert ask(script).summary == "It was asked again."
    assert len(script.asked) == 2


LAST = {
    "an example, then the answer": chat(f"Example of the format: {DRAFT}\n\n{JSON}"),
    "a draft, then the answer repaired": chat(
        f"Let me draft: {DRAFT}\nThe final answer:\n```json\n{BROKEN}\n```"
    ),
    "corrected": chat(f"{DRAFT}\nWait, I made an error. Corrected:\n{JSON}"),
    "the same twice": chat(f"{JSON}\n{JSON}"),
    "a mark of thoughts inside the answer": chat(JSON.replace("painted", "</think> [think]")),
    "by its key": chat(json.dumps({"answer": VALUE, "example": json.loads(DRAFT)})),
    "by its key, first the example": chat(json.dumps({"schema_example": json.loads(DRAFT), "result": VALUE})),
    "a wrapper with a summary": chat(json.dumps({"summary": "outer", "description": VALUE})),
    "a wrapper with half of it": chat(json.dumps({"medium": "x", "rows": 9, "cols": 9, "result": VALUE})),
    "its own schema behind it": chat(f"{JSON}\nas in {json.dumps({'properties': SCHEMA['properties']})}"),
    "Gemini's thought": {
        "candidates": [{"content": {"parts": [{"text": DRAFT, "thought": True}, {"text": BROKEN}]}}]
    },
    "a part that is a thought": chat([{"type": "thinking", "text": DRAFT}, {"type": "text", "text": BROKEN}]),
    "a redacted part": chat([{"type": "redacted_thinking", "data": "x"}, {"type": "text", "text": JSON}]),
    "Gemini's call": {
        "candidates": [{"content": {"parts": [{"functionCall": {"name": "d", "args": VALUE}}]}}]
    },
    "Anthropic's tool": {
        "type": "message",
        "content": [{"type": "text", "text": "So:"}, {"type": "tool_use", "name": "d", "input": VALUE}],
        "stop_reason": "tool_use",
    },
    "Bedrock": {"output": {"message": {"content": [{"text": JSON}]}}, "stopReason": "end_turn"},
    "a call with parameters": chat(None, tool_calls=[{"function": {"name": "d", "parameters": VALUE}}]),
    "DashScope": {
        "output": {"choices": [{"finish_reason": "stop", "message": {"content": [{"text": JSON}]}}]}
    },
    "DashScope's text": {"output": {"text": JSON, "finish_reason": "stop"}},
    "Cloudflare": {"result": {"response": JSON}, "success": True, "errors": [], "messages": []},
    "Cloudflare, parsed": {"result": {"response": VALUE}, "success": True, "errors": [], "messages": []},
    "Baidu": {"result": JSON, "is_truncated": False},
    "what Groq calls no JSON": {
        "error": {"message": "Failed", "code": "json_validate_failed", "failed_generation": BROKEN}
    },
    "a comment before plain JSON": ": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n"
    + json.dumps(chat(JSON)),
    "a stream of carriage returns": sse(delta(content=JSON[:50]), delta(content=JSON[50:])).replace(
        "\n", "\r"
    ),
    "a stream of two choices": sse(
        *(
            {"choices": [{"index": index, "delta": {"content": text}}]}
            for half in (slice(50), slice(50, None))
            for index, text in ((1, DRAFT[half]), (0, JSON[half]))
        )
    ),
    "Anthropic's stream": sse(
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": DRAFT}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": JSON}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
    ),
    "Gemini's stream": sse(
        {"candidates": [{"content": {"parts": [{"text": DRAFT, "thought": True}]}}]},
        {"candidates": [{"content": {"parts": [{"text": JSON}]}, "finishReason": "STOP"}]},
    ),
}


@pytest.mark.parametrize("name", LAST)
def test_the_answer_is_the_object_that_is_meant(script, name):
    script.begin(LAST[name])
    got = ask(script)
    assert (got.summary, len(script.asked)) == (WANTED.summary, 1)


def test_a_prompt_that_is_blocked_is_a_refusal(script):
    script.begin({"promptFeedback": {"blockReason": "SAFETY"}})
    with pytest.raises(RefusedError, match="SAFETY"):
        ask(script)


def test_what_nobody_sees_is_left_out_of_words(script):
    hidden = "A\u200e heron\u061c \U000e0041\u2062in \ufe0f\ufe01sha\u00addows, ❤\ufe0f\u200d🔥."
    script.begin(chat(with_types(summary=hidden)))
    assert ask(script).summary == "A heron in shadows, ❤\ufe0f\u200d🔥."
