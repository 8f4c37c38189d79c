"""Pictures are taken from wherever a server puts them, and addresses fetched within bounds."""

from __future__ import annotations

import base64
import io
import json
import textwrap

import numpy as np
import pytest
from PIL import Image

from promptcodec import plugins
from promptcodec.api import concessions, fetch
from promptcodec.api.pictures import decode
from promptcodec.description import parse_text
from promptcodec.errors import ApiError, GeneratorError, UsageError
from promptcodec.generators import Conditions
from tests.scripted import serving

pytest.importorskip("openai", reason="needs the extra api")
pytestmark = pytest.mark.usefixtures("kept_apart")

GIVEN = Conditions((64, 64), 1, parse_text("photo 1x1\nr1c1 dark red"))
RED, GREEN = (170, 30, 40), (20, 150, 60)


def picture(colour=RED, size=(32, 32), form="PNG"):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, form)
    return file.getvalue()


def noise():
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (32, 32, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


PNG = picture()
CODED = base64.b64encode(PNG).decode()
DRAFT = base64.b64encode(picture(GREEN)).decode()
DATA = f"data:image/png;base64,{CODED}"
DRAFT_URL = f"data:image/png;base64,{DRAFT}"


@pytest.fixture(scope="module")
def script():
    with serving() as started:
        yield started


def draw(script, conditions=GIVEN, **more):
    given = {
        "model": "m",
        "retries": "0",
        "input_price": "1",
        "output_price": "1",
        "image_price": "0.01",
    } | more
    spec = f"images:{script.url}?" + "&".join(f"{name}={value}" for name, value in given.items())
    return plugins.create("generators", spec).generate(conditions)


def colour(image):
    return image.getpixel((image.width // 2, image.height // 2))


def data(**item):
    return {"created": 1, "data": [item]}


def chat(**message):
    return {
        "choices": [{"message": {"role": "assistant", "content": None} | message, "finish_reason": "stop"}]
    }


def response(*output):
    return {"object": "response", "status": "completed", "output": list(output)}


def sse(*events):
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)


FINAL = {"type": "image_generation.completed", "b64_json": CODED, "usage": {"input_tokens": 3}}
PARTIAL = {"type": "image_generation.partial_image", "b64_json": DRAFT, "partial_image_index": 0}
CALL = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": CODED}
URL = {"type": "image_url", "image_url": {"url": DATA}}

ANSWERS = {
    "as it should be": data(b64_json=CODED, revised_prompt="Red."),
    "a data URL for base64": data(b64_json=DATA),
    "a data URL with parameters": data(b64_json=DATA.replace(";", ";name=a.png;", 1)),
    "a data URL as url": data(url=DATA),
    "a null beside": data(url=None, b64_json=CODED),
    "an empty text beside": data(url="", b64_json=CODED),
    "line feeds": data(b64_json="\n".join(textwrap.wrap(CODED, 20)) + "\r\n"),
    "the alphabet of addresses": data(b64_json=base64.urlsafe_b64encode(PNG).decode()),
    "padding missing": data(b64_json=CODED.rstrip("=")),
    "padding twice": data(b64_json=CODED + "=="),
    "WebP": data(b64_json=base64.b64encode(picture(form="WEBP")).decode()),
    "JPEG": data(b64_json=base64.b64encode(picture(form="JPEG")).decode()),
    "an image that is no list": {"data": {"b64_json": CODED}},
    "texts for objects": {"data": [CODED]},
    "images of objects": {"images": [{"url": DATA, "content_type": "image/png"}]},
    "images of texts": {"images": [CODED], "info": "{}"},
    "artifacts": {"artifacts": [{"base64": CODED, "finishReason": "SUCCESS"}]},
    "output of addresses": {"output": [DATA]},
    "image alone": {"image": CODED},
    "usage null": data(b64_json=CODED) | {"usage": None},
    "usage of nulls": data(b64_json=CODED) | {"usage": {"input_tokens": None, "input_tokens_details": None}},
    "usage of lists": data(b64_json=CODED) | {"usage": {"input_tokens": [], "input_tokens_details": [1]}},
    "an error of null": data(b64_json=CODED) | {"error": None},
    "the second of two": {"data": [{"b64_json": "!!"}, {"b64_json": CODED}]},
    "the picture and nothing else": PNG,
    "a JPEG and nothing else": picture(form="JPEG"),
    "chat: images": chat(content="Here.", images=[URL]),
    "chat: images without types": chat(images=[{"image_url": DATA}]),
    "chat: images of texts": chat(images=[DATA]),
    "chat: parts": chat(content=[{"type": "text", "text": "Here."}, URL]),
    "chat: output_image": chat(content=[{"type": "output_image", "image_url": DATA}]),
    "chat: output_image of base64": chat(content=[{"type": "output_image", "b64_json": CODED}]),
    "chat: inline_data": chat(content=[{"inline_data": {"mime_type": "image/png", "data": CODED}}]),
    "chat: inlineData": chat(content=[{"inlineData": {"mimeType": "image/png", "data": CODED}}]),
    "chat: source": chat(
        content=[{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": CODED}}]
    ),
    "chat: image": chat(content=[{"type": "image", "image": DATA}]),
    "chat: Markdown": chat(content=f"Here it is:\n\n![red]({DATA})\n\nDo you like it?"),
    "chat: a data URL in prose": chat(content=f"Look: {DATA} "),
    "chat: a data URL alone": chat(content=DATA),
    "chat: base64 alone": chat(content=CODED),
    "candidates": {"candidates": [{"content": {"parts": [{"inlineData": {"data": CODED}}]}}]},
    "responses: a call": response({"type": "reasoning", "summary": []}, CALL),
    "responses: a call and words": response(
        CALL, {"type": "message", "content": [{"type": "output_text", "text": "Red."}]}
    ),
    "responses: in a message": response({"type": "message", "content": [URL]}),
    "a stream": sse(PARTIAL, FINAL),
    "a stream whose final comes first": sse(FINAL, PARTIAL),
    "a stream of several partial ones": sse(PARTIAL, PARTIAL, FINAL, PARTIAL),
    "a stream of an edit": sse(
        PARTIAL | {"type": "image_edit.partial_image"}, FINAL | {"type": "image_edit.completed"}
    ),
    "a stream of responses": sse(
        {"type": "response.image_generation_call.partial_image", "partial_image_b64": DRAFT},
        {"type": "response.output_item.done", "item": CALL},
        {"type": "response.completed", "response": response(CALL)},
    ),
    "progress without types": "".join(
        f"data: {json.dumps(event)}\n\n"
        for event in ({"b64_json": DRAFT, "progress": 0.3}, {"b64_json": CODED, "progress": 1.0})
    ),
    "order without types": "".join(
        f"data: {json.dumps({'b64_json': picture})}\n\n" for picture in (DRAFT, CODED)
    ),
    "responses: the last call": response(CALL | {"result": DRAFT}, CALL),
    "responses: the last that is complete": response(
        CALL | {"result": DRAFT}, CALL, CALL | {"status": "incomplete", "result": DRAFT}
    ),
    "responses: a call that is all there is": response(CALL | {"status": "generating"}),
    "chat: the last of two": chat(images=[{"type": "image_url", "image_url": {"url": DRAFT_URL}}, URL]),
    "chat: the last in Markdown": chat(content=f"Draft: ![a]({DRAFT_URL}) Final: ![b]({DATA})"),
    "chat: a part of a thought": chat(
        content=[URL, {"type": "reasoning", "content": [{"type": "image", "image": DRAFT_URL}]}]
    ),
    "candidates: a thought": {
        "candidates": [
            {
                "content": {
                    "parts": [
                        {"inlineData": {"data": CODED}},
                        {"thought": True, "inlineData": {"data": DRAFT}},
                    ]
                }
            }
        ]
    },
    "predictions": {"predictions": [{"bytesBase64Encoded": CODED, "mimeType": "image/png"}]},
    "a stream of chat": "".join(
        f"data: {json.dumps({'choices': [{'index': 0, 'delta': piece}]})}\n\n"
        for piece in ({"content": "Here."}, {"images": [URL]})
    )
    + "data: [DONE]\n\n",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_picture_is_taken_wherever_it_is(script, name):
    script.begin(ANSWERS[name])
    image = draw(script)
    assert image.size == (64, 64)
    assert np.abs(np.subtract(colour(image), RED)).max() < 6
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    "text",
    [
        "é" + CODED,
        CODED[:40],
        "iVBORw0KGgo",
        "",
        "data:image/png;base64,",
        "not a picture",
        "<html></html>",
        "A" * 5,
    ],
)
def test_what_is_no_picture_is_said_to_be_none(script, text):
    script.begin(data(b64_json=text))
    with pytest.raises(GeneratorError, match="no picture that can be read"):
        draw(script)
    assert len(script.asked) == 2


def test_decoding_base64_takes_its_forms_and_nothing_else():
    data = noise()
    plain = base64.b64encode(data).decode()
    assert {"+", "/"} <= set(plain)
    assert decode(f" DATA:image/png;base64,{base64.urlsafe_b64encode(data).decode().rstrip('=')}\n") == data
    for wrong in ("é", plain[:-3] + "€", "a" * 5, "%41"):
        with pytest.raises(ValueError, match=r"base64|ASCII"):
            decode(wrong)


WORDS = "model does not support that prompt"


@pytest.mark.parametrize(
    "answer",
    [
        {"created": 1, "data": [], "error": WORDS},
        {"data": None, "error": {"message": WORDS, "code": 500}},
        {"data": [{"error": {"message": WORDS}}]},
        {"data": [{"b64_json": None, "url": None}], "message": WORDS},
        {"error": {"message": WORDS}},
        {"choices": [{"error": {"message": WORDS, "code": 502}, "message": {"content": ""}}]},
        response(
            {"type": "image_generation_call", "status": "failed", "error": {"message": WORDS}, "result": None}
        ),
        {"status": "failed", "output": [], "error": {"code": "server_error", "message": WORDS}},
        sse({"type": "error", "error": {"message": WORDS}}),
        sse(PARTIAL, {"type": "error", "message": WORDS}),
        {"code": 50501, "message": WORDS, "images": []},
    ],
)
def test_no_picture_and_an_error_are_told_in_the_servers_words(script, answer):
    script.begin(answer)
    with pytest.raises(ApiError, match=WORDS):
        draw(script)
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"artifacts": [{"base64": "", "finishReason": "CONTENT_FILTERED"}]},
        {"artifacts": [{"base64": CODED, "finishReason": "CONTENT_FILTERED"}]},
        {"images": [CODED], "finish_reasons": ["Filter reason: output image"]},
        {"predictions": [{"raiFilteredReason": "It may show a person."}]},
        {"data": [{"b64_json": CODED, "content_filter_results": {"violence": {"filtered": True}}}]},
        {"candidates": [{"content": {"parts": []}, "finishReason": "IMAGE_SAFETY"}]},
        {"data": [{"content_filter_results": {"sexual": {"filtered": True, "severity": "high"}}}]},
        {"data": [], "error": {"message": "Rejected", "code": "moderation_blocked"}},
        chat(refusal="I cannot draw that."),
        {
            "choices": [
                {"message": {"content": ""}, "native_finish_reason": "IMAGE_SAFETY", "finish_reason": "stop"}
            ]
        },
        {"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]},
        (400, {"error": {"message": "Rejected by the safety system.", "code": "moderation_blocked"}}),
        response({"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}),
    ],
)
def test_a_refusal_to_draw_is_named_and_not_asked_again(script, answer):
    script.begin(answer)
    with pytest.raises(GeneratorError, match="refused"):
        draw(script)
    assert len(script.asked) == 1


def test_a_model_that_writes_instead_of_drawing_is_quoted(script):
    script.begin(chat(content="I can only describe pictures."))
    with pytest.raises(GeneratorError, match="but wrote: I can only describe"):
        draw(script)
    assert len(script.asked) == 2


@pytest.mark.parametrize("words", ["See {} for plans.", "Here you are: {}.", "[banner]({})", "{} and {}"])
def test_a_link_among_words_is_not_the_picture(script, words):
    url = at(script, "/banner.png")
    script.begin(chat(content=words.replace("{}", url)), files={"/banner.png": good()})
    with pytest.raises(GeneratorError, match="but wrote"):
        draw(script)
    assert "/banner.png" not in script.paths


def test_a_stream_of_partial_pictures_alone_has_no_picture(script):
    script.begin(sse(PARTIAL, PARTIAL))
    with pytest.raises(GeneratorError, match="no picture"):
        draw(script)


def at(script, path):
    return script.url.removesuffix("/v1") + path


def good(content=PNG, kind="image/png"):
    return 200, {"content-type": kind}, content


def test_a_picture_elsewhere_is_fetched_without_key_once_and_stored(script, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-planted-0123456789")
    script.begin(data(url=at(script, "/files/a.png?sig=1")), files={"/files/a.png?sig=1": good()})
    assert colour(draw(script, api_key_env="MY_KEY")) == RED
    assert script.paths == ["/v1/images/generations", "/files/a.png?sig=1"]
    assert "sk-planted" in {name.lower(): value for name, value in script.headers[0].items()}["authorization"]
    assert not {"authorization", "cookie"} & {name.lower() for name in script.headers[1]}
    script.files = {}  # addresses expire
    assert colour(draw(script, api_key_env="MY_KEY")) == RED
    assert len(script.paths) == 2


@pytest.mark.parametrize(
    "answer",
    [
        lambda url: data(url=url),
        lambda url: chat(content=f"![red]({url})"),
        lambda url: chat(content=url),
        lambda url: chat(content=f"Here you are: ![]({url})."),
        lambda url: chat(images=[{"image_url": {"url": url}}]),
        lambda url: {"images": [{"url": url}]},
        lambda url: {"output": [url]},
        lambda url: {"output": url},
        lambda url: sse({"type": "image_generation.partial_succeeded", "url": url}),
        lambda _: data(url="/a.png"),
    ],
)
def test_addresses_are_found_where_pictures_are(script, answer):
    script.begin(answer(at(script, "/a.png")), files={"/a.png": good(kind="application/octet-stream")})
    assert colour(draw(script)) == RED


def test_a_picture_that_cannot_be_fetched_is_asked_for_itself(script):
    script.begin(data(url=at(script, "/gone.png")), data(b64_json=CODED))
    assert colour(draw(script)) == RED
    assert "response_format" not in script.asked[0]
    assert script.asked[1]["response_format"] == "b64_json"


def test_the_profile_may_ask_for_the_picture_itself(script):
    script.begin(data(b64_json=CODED))
    assert colour(draw(script, response_format="b64_json")) == RED
    assert script.asked[0]["response_format"] == "b64_json"


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ((404, {}, b""), "HTTP 404"),
        (good(b"<html>", "text/html; charset=utf-8"), "no picture but text/html"),
        ((200, {"content-type": "image/png", "content-length": "99999"}, PNG), "cannot be fetched"),
        ((302, {"location": "file:///etc/passwd"}, b""), "cannot be fetched"),
        ((302, {"location": "ftp://127.0.0.1/a"}, b""), "cannot be fetched"),
        ((302, {"location": "/a.png"}, b""), "cannot be fetched"),
    ],
)
def test_an_address_that_leads_to_no_picture_is_named(script, file, words):
    script.begin(data(url=at(script, "/a.png")), files={"/a.png": file})
    with pytest.raises(GeneratorError, match=words) as caught:
        draw(script)
    assert "/a.png" in str(caught.value)
    assert "b64_json" in str(caught.value)


def test_a_redirect_to_the_place_of_storage_is_followed(script):
    script.begin(
        data(url=at(script, "/a.png")),
        files={"/a.png": (302, {"location": at(script, "/b")}, b""), "/b": good(kind="image/webp")},
    )
    assert colour(draw(script)) == RED


def test_a_fetch_is_bounded_in_bytes(script):
    script.begin(files={"/a.png": good(bytes(5000))})
    with pytest.raises(fetch.FetchError, match="larger than 0 MB"):
        fetch.fetch(at(script, "/a.png"), server=script.url, timeout=5, most=4000)


def test_a_fetch_is_bounded_in_time_though_bytes_drip():
    import socket
    import threading
    import time

    listener = socket.create_server(("127.0.0.1", 0))

    def drip():
        client, _ = listener.accept()
        try:
            client.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n")
            while True:
                client.sendall(b"x")
                time.sleep(0.05)
        except OSError:
            pass

    threading.Thread(target=drip, daemon=True).start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    begun = time.monotonic()
    with pytest.raises(fetch.FetchError, match=r"within 0\.3 s"):
        fetch.fetch(url, server=url, timeout=0.3)
    assert time.monotonic() - begun < 2
    listener.close()


def test_a_public_server_names_no_private_address(script):
    script.begin(files={"/a.png": good()})
    local = script.url.partition(":")[2].partition(":")[2]
    port = local.partition("/")[0]
    for host in ("127.0.0.1", "localhost", "2130706433"):
        with pytest.raises(fetch.FetchError, match="private network"):
            fetch.fetch(f"http://{host}:{port}/a.png", server="http://93.184.216.34/v1", timeout=2)
    assert script.paths == []  # nothing was sent there
    assert fetch.fetch(f"http://127.0.0.1:{port}/a.png", server="http://127.0.0.1/v1", timeout=2) == PNG


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("10.0.0.1", True),
        ("169.254.169.254", True),
        ("::1", True),
        ("fe80::1%eth0", True),
        ("::ffff:10.0.0.1", True),
        ("100.64.0.1", True),
        ("224.0.0.1", True),
        ("93.184.216.34", False),
        ("2606:2800:220:1::1", False),
    ],
)
def test_private_addresses_are_known(address, private):
    assert fetch.is_private(address) == private


def test_a_chat_model_is_asked_for_a_picture_by_its_modalities(script):
    wide = base64.b64encode(picture(size=(48, 32))).decode()
    script.begin(chat(images=[{"image_url": {"url": f"data:image/png;base64,{wide}"}}]))
    tall = Conditions((96, 64), 1, GIVEN.description, texture=Image.new("RGB", (6, 4), RED))
    assert draw(script, tall, dialect="chat").size == (96, 64)
    (asked,) = script.asked
    assert script.paths == ["/v1/chat/completions"]
    assert asked["modalities"] == ["image", "text"]
    assert asked["image_config"] == {"aspect_ratio": "3:2"}
    (question,) = asked["messages"]
    text, reference = question["content"]
    assert "dark red" in text["text"]
    assert "1248" in text["text"]
    sent = Image.open(io.BytesIO(decode(reference["image_url"]["url"])))
    assert sent.size == (1248, 832)
    assert sent.getpixel((600, 400)) == RED


def test_what_a_chat_server_does_not_know_is_left_out(script, monkeypatch):
    monkeypatch.setattr(concessions, "_learnt", {})

    def answer(asked):
        if "image_config" in asked:
            return 400, {"error": {"message": "Unrecognized request argument supplied: image_config"}}
        return chat(images=[URL])

    script.begin(answer)
    assert colour(draw(script, dialect="chat")) == RED
    assert "image_config" not in script.asked[1]


def test_the_responses_api_is_asked_for_its_tool(script):
    script.begin(response(CALL))
    assert colour(draw(script, dialect="responses", quality="low")) == RED
    (asked,) = script.asked
    assert script.paths == ["/v1/responses"]
    assert asked["tools"] == [{"type": "image_generation", "size": "816x816", "quality": "low"}]
    assert asked["tool_choice"] == {"type": "image_generation"}


def test_a_size_that_a_server_does_not_know_is_left_out_or_told(script, monkeypatch):
    monkeypatch.setattr(concessions, "_learnt", {})
    refused = (400, {"error": {"message": "Unknown parameter: 'size'."}})
    script.begin(refused, data(b64_json=CODED))
    assert colour(draw(script)) == RED
    assert "size" not in script.asked[1]
    monkeypatch.setattr(concessions, "_learnt", {})
    script.begin(refused)
    with pytest.raises(UsageError, match="Unknown parameter: 'size'"):
        draw(script, Conditions((64, 48), 1, GIVEN.description))


def test_an_unknown_dialect_is_named(script):
    with pytest.raises(UsageError, match="images, chat, responses"):
        draw(script, dialect="smoke")


def test_the_tokens_of_any_api_are_counted(script):
    from promptcodec.api import spending

    script.begin(chat(images=[URL]) | {"usage": {"prompt_tokens": 300, "completion_tokens": 1290}})
    with spending.metered() as spent:
        draw(script, dialect="chat")
    assert (spent.input_tokens, spent.output_tokens) == (300, 1290)
