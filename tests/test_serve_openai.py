"""OpenAI's official client against the server: it draws, edits and describes, and its errors are read."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

openai = pytest.importorskip("openai", reason="needs the extra api")
for needed in ("starlette", "uvicorn"):
    pytest.importorskip(needed, reason=f"needs the extra server: no {needed}")

from promptcodec import bitstream, encode
from promptcodec.decoding import conditions, decode
from promptcodec.description import SCHEMA, format_text, from_json, parse_text
from promptcodec.description.palette import PALETTE
from promptcodec.layers.registry import part_name
from promptcodec.layers.structure.encoder.contours import dilate
from promptcodec.server import tokens
from promptcodec.server.app import make
from promptcodec.server.openai.drawable import of_pictures, of_words
from promptcodec.server.settings import ServeSettings
from promptcodec.testing.loopback import serve as loopback
from tests.hosted import calls, painter
from tests.live_server import ask, live
from tests.serving import write_archive

WORDS = "photo 1x2\nsummary: A red barn.\nr1c1 sky blue, smooth\nr1c2 dark red: barn"
FORMAT = {"type": "json_schema", "json_schema": {"name": "description", "strict": True, "schema": SCHEMA}}
SECRET = "anna-0123456789-0123456789"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("face") / "six.pxa"
    write_archive(path)
    return path


@pytest.fixture(scope="module")
def port(archive):
    settings = ServeSettings(archive, cache=archive.parent / "cache", render_side=1024)
    with live(make(settings)) as port:
        yield port


def client_at(port, key="any"):
    return openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=key, max_retries=0)


@pytest.fixture(scope="module")
def client(port):
    return client_at(port)


def opened(coded):
    return Image.open(io.BytesIO(base64.b64decode(coded)))


def file_of(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def messages(picture, *more):
    url = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    parts = [{"type": "text", "text": "what is it?"}, {"type": "image_url", "image_url": {"url": url}}]
    return [*more, {"role": "user", "content": parts}]


@pytest.fixture(scope="module")
def picture(scene):
    return file_of(scene)


def test_generators_and_captioners_are_models(client):
    assert [model.id for model in client.models.list()] == ["builtin", "local"]
    assert client.models.retrieve("local").owned_by == "promptcodec"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-image-2")


def test_a_description_is_drawn_as_the_library_draws_it(client):
    answer = client.images.generate(model="builtin", prompt=WORDS, size="96x64")
    stream = of_words(WORDS, (96, 64), "builtin").stream
    assert conditions(stream, bare=True).description == parse_text(WORDS)
    own = decode(stream, bare=True).image
    assert np.array_equal(np.asarray(opened(answer.data[0].b64_json)), np.asarray(own))
    assert (answer.size, answer.output_format) == ("96x64", "png")
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens


def test_the_shape_of_a_description_is_that_of_its_grid():
    assert of_words(WORDS, None, "builtin").size == (1024, 512)
    assert of_words("anything", None, "builtin").size == (1024, 1024)


def test_several_pictures_differ_and_have_the_format_asked_for(client):
    answer = client.images.generate(
        model="builtin", prompt="a red kite over a beach", size="64x64", n=3, output_format="webp"
    )
    assert len({item.b64_json for item in answer.data}) == 3
    assert {opened(item.b64_json).format for item in answer.data} == {"WEBP"}


def test_a_picture_may_be_fetched_instead(client, port):
    asked = {"model": "builtin", "prompt": WORDS, "size": "96x64"}
    url = client.images.generate(**asked, response_format="url").data[0].url
    assert url.startswith(f"http://127.0.0.1:{port}/jobs/")
    fetched = ask(port, "GET", "/" + url.split("/", 3)[3]).body
    assert fetched == base64.b64decode(client.images.generate(**asked).data[0].b64_json)


def test_plain_words_are_seen_in_the_picture(client):
    answer = client.images.generate(model="builtin", prompt="a red kite over a beach", size="192x128")
    values = np.asarray(opened(answer.data[0].b64_json).convert("RGB"), np.int16)
    sky, sand = values[4:20, 130:].mean((0, 1)), values[-16:].mean((0, 1))
    assert sky[2] > sky[0] + 40
    assert sand[0] > sand[2] + 40
    red = (values[..., 0] > values[..., 1] + 80) & (values[..., 0] > values[..., 2] + 80)
    assert 0.01 < red.mean() < 0.2


def test_a_stream_shows_smaller_pictures_first(client):
    asked = {"model": "builtin", "prompt": "a house", "size": "128x128", "stream": True}
    events = list(client.images.generate(**asked, partial_images=2))
    assert [event.type.rpartition(".")[2] for event in events] == ["partial_image"] * 2 + ["completed"]
    assert [opened(event.b64_json).width for event in events] == [32, 64, 128]
    assert [event.partial_image_index for event in events[:2]] == [0, 1]
    [alone] = client.images.generate(**asked)
    assert alone.b64_json == events[-1].b64_json


def test_an_edit_keeps_to_the_picture(client, scene, picture):
    answer = client.images.edit(model="builtin", image=("a.png", picture), prompt="the same, in oil")
    drawn = opened(answer.data[0].b64_json).convert("RGB")
    assert drawn.size == scene.size
    first, second = (
        np.asarray(each.resize((8, 8), Image.Resampling.BOX), np.int16) for each in (scene, drawn)
    )
    assert np.abs(first - second).mean() < 12
    events = list(client.images.edit(model="builtin", image=[picture], prompt="x", size="64x64", stream=True))
    assert [event.type for event in events] == ["image_edit.completed"]


def test_white_lines_on_black_are_the_contours(scene):
    lines = Image.new("RGB", (192, 128))
    ImageDraw.Draw(lines).line([(20, 100), (90, 20), (170, 100)], "white", 3)
    photo = Image.new("RGB", (192, 128), (180, 30, 20))
    with_lines, with_photo = (
        conditions(of_pictures("x", [scene, other], (192, 128)).stream, bare=True, size=(192, 128))
        for other in (lines, photo)
    )
    assert with_lines.description.summary == "x"
    drawn, given = (np.asarray(each.convert("L")) > 127 for each in (with_lines.structure, lines))
    assert (drawn & dilate(given)).sum() > 0.9 * drawn.sum() > 0
    assert (dilate(dilate(drawn)) & given).sum() > 0.8 * given.sum()
    assert not np.array_equal(drawn, np.asarray(with_photo.structure) > 127)


def test_a_picture_is_described(client, picture):
    completion = client.chat.completions.create(model="local", messages=messages(picture))
    choice = completion.choices[0]
    described = parse_text(choice.message.content)
    assert (choice.finish_reason, described.summary != "") == ("stop", True)
    coded = client.chat.completions.create(model="local", messages=messages(picture), response_format=FORMAT)
    assert from_json(json.loads(coded.choices[0].message.content)) == described
    chunks = list(
        client.chat.completions.create(
            model="local", messages=messages(picture), stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == format_text(described)
    assert chunks[-1].usage == completion.usage
    assert [chunk.choices[0].finish_reason for chunk in chunks[-2:-1]] == ["stop"]


def spoil(**more):
    return lambda c, _: c.images.generate(**{"model": "builtin", "prompt": "x", "size": "64x64"} | more)


def talk(*parts, **more):
    content = [{"role": "user", "content": list(parts) or "hello"}]
    return lambda c, _: c.chat.completions.create(**{"model": "local", "messages": content} | more)


ELSEWHERE = {"type": "image_url", "image_url": {"url": "http://127.0.0.1:9/a.png"}}
LOCAL_FILE = {"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}
REFUSED = {
    "a captioner that is to draw": (spoil(model="local"), 404, "model_not_found"),
    "a path as a model": (spoil(model="../builtin"), 404, "model_not_found"),
    "no prompt": (spoil(prompt=""), 400, "string_above_max_length"),
    "a long prompt": (spoil(prompt="x" * 32_001), 400, "string_above_max_length"),
    "a large size": (spoil(size="1040x64"), 400, "invalid_value"),
    "no size": (spoil(size="large"), 400, "invalid_value"),
    "many pictures": (spoil(n=11), 400, "integer_above_max_value"),
    "many pixels": (spoil(n=2, size="1024x1024"), 400, "invalid_value"),
    "transparency": (spoil(background="transparent"), 400, "invalid_value"),
    "several in a stream": (spoil(n=2, stream=True), 400, "invalid_value"),
    "an unknown format": (spoil(output_format="gif"), 400, "invalid_value"),
    "a picture elsewhere": (talk(ELSEWHERE), 400, "invalid_base64"),
    "a file of the server": (talk(LOCAL_FILE), 400, "invalid_base64"),
    "no picture": (talk(), 400, "invalid_value"),
    "a generator that is to describe": (talk(model="builtin"), 404, "model_not_found"),
    "a text without text": (talk({"type": "text"}), 400, "missing_required_parameter"),
    "two answers": (talk(n=2), 400, "integer_above_max_value"),
    "much text": (talk({"type": "text", "text": "x" * 64_001}), 400, "string_above_max_length"),
    "another schema": (
        lambda c, p: c.chat.completions.create(
            model="local",
            messages=messages(p),
            response_format={
                "type": "json_schema",
                "json_schema": {
                    "name": "x",
                    "schema": {
                        "type": "object",
                        "properties": {"a": {"type": "string"}},
                        "required": ["a"],
                        "additionalProperties": False,
                    },
                },
            },
        ),
        400,
        "invalid_json_schema",
    ),
    "an edit of no picture": (
        lambda c, _: c.images.edit(model="builtin", image=("a.png", b"none"), prompt="x"),
        415,
        "image",
    ),
    "a mask": (
        lambda c, p: c.images.edit(model="builtin", image=p, mask=p, prompt="x"),
        400,
        "unknown_parameter",
    ),
    "another endpoint": (lambda c, _: c.embeddings.create(model="local", input="x"), 404, "missing"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_done_is_an_error_of_the_api(client, picture, what):
    call, status, code = REFUSED[what]
    with pytest.raises(openai.APIStatusError) as refused:
        call(client, picture)
    assert (refused.value.status_code, refused.value.code) == (status, code)
    assert refused.value.body["message"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"[1]"),
        ("application/json", b"{"),
        ("application/json", b"[" * 100_000),
        ("application/json", b'{"model": [' + b"[]," * 200_000 + b"[]]}"),
        ("application/json", b'{"model": ["builtin"], "prompt": "x"}'),
        ("application/json", b'{"model": "builtin", "prompt": "x", "n": true}'),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--y\r\n\r\n"),
    ],
)
def test_bodies_that_are_none_are_refused(port, kind, body):
    for path in ("images/generations", "images/edits", "chat/completions"):
        answer = ask(port, "POST", f"/v1/{path}", f"Content-Type: {kind}", body=body)
        assert 400 <= answer.status < 500
        assert set(json.loads(answer.body)["error"]) == {"message", "type", "param", "code"}


def test_fields_that_make_no_difference_here_are_let_pass(client):
    client.images.generate(
        model="builtin", prompt=WORDS, size="96x64", quality="hd", style="vivid", user="me", moderation="low"
    )


def test_pages_of_other_sites_read_the_apis_form(port):
    answer = ask(port, "POST", "/v1/images/generations", "Origin: http://evil.example", body=b"{}")
    assert (answer.status, json.loads(answer.body)["error"]["type"]) == (403, "permission_error")


@pytest.mark.usefixtures("kept_apart")
def test_promptcodecs_own_captioner_and_generator_ask_it(port, scene):
    url = f"http://127.0.0.1:{port}/v1"
    stream = encode(scene, budget=200, captioner=f"chat:{url}?model=local&api_key_env=", effort=1)
    parts = bitstream.read(stream).parts
    assert {part_name(part.type) for part in parts} >= {"semantic", "texture"}
    for layers in (("semantic", "texture"), ("semantic",)):
        drawn = decode(stream, layers=layers, generator=f"images:{url}?model=builtin&api_key_env=")
        assert drawn.image.size == scene.size


@pytest.mark.usefixtures("kept_apart")
def test_a_model_that_costs_money_needs_a_key_and_gets_the_prompt_itself(archive, tmp_path):
    with loopback(log=tmp_path / "log") as url:
        paid = painter(url, api_key_env="")
        settings = ServeSettings(
            archive,
            ("builtin", paid),
            tokens=(tokens.of("anna", SECRET),),
            cache=tmp_path / "renders",
            max_cost=1.0,
            max_requests=9,
        )
        with live(make(settings)) as port:
            asked = {"model": paid, "prompt": "a red kite (very:1.9)", "size": "64x64"}
            with pytest.raises(openai.AuthenticationError) as refused:
                client_at(port, "wrong").images.generate(**asked)
            assert refused.value.code == "invalid_api_key"
            client_at(port, "wrong").images.generate(**asked | {"model": "builtin"})
            assert not (tmp_path / "log").exists()
            own = client_at(port, SECRET)
            first, second = (own.images.generate(**asked).data[0].b64_json for _ in range(2))
    assert first == second
    assert len(calls(tmp_path / "log")) == 1
    stream = of_words("a red kite (very:1.9)", (64, 64), paid).stream
    assert conditions(stream, bare=True).recipe.settings.prompt == "a red kite (very:1.9)"


def test_every_word_of_the_lexicon_can_be_drawn():
    from promptcodec.server.openai import scenes
    from promptcodec.server.openai.scenes.lexicon import lexicon

    words = lexicon()
    fills = {"main", "dark", "light", "sky", "ground"}
    for entry in words.things.values():
        assert entry["colour"] in PALETTE
        for fill, numbers in entry["pieces"]:
            assert fill in fills | set(PALETTE)
            assert len(numbers) == 4 or len(numbers) % 2 == 0
    for colours in (each["colours"] for each in (*words.skies.values(), *words.bands.values())):
        assert set(colours) <= set(PALETTE)
    for prompt in ("", "\0 ,,. ", "of of of", "über 火", "two red " * 300, " ".join(words.things)):
        picture, boxes = scenes.sketch(scenes.read(prompt), (90, 60))
        assert picture.size == (384, 256)
        scenes.description_of(scenes.read(prompt), boxes, 4, 6)
