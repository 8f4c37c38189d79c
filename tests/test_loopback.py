"""The loopback server, driven by the openai client itself: as strict, and as shaped, as the real API."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import time

import pytest
from PIL import Image

openai = pytest.importorskip("openai", reason="needs the extra api")
for needed in ("starlette", "uvicorn"):
    pytest.importorskip(needed, reason=f"needs the extra server: no {needed}")

from promptcodec.description import SCHEMA, from_json
from promptcodec.testing.loopback import serve
from promptcodec.testing.loopback.faults import parse


@pytest.fixture(scope="module")
def client():
    with serve() as url:
        yield openai.OpenAI(base_url=url, api_key="any", max_retries=0)


@pytest.fixture(scope="module")
def picture(scene):
    file = io.BytesIO()
    scene.save(file, "PNG")
    return file.getvalue()


def ask(picture):
    url = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    content = [{"type": "text", "text": "describe"}, {"type": "image_url", "image_url": {"url": url}}]
    return {"model": "loopback-vision", "messages": [{"role": "user", "content": content}]}


FORMAT = {"type": "json_schema", "json_schema": {"name": "description", "strict": True, "schema": SCHEMA}}


def test_the_clients_own_types_take_the_answers(client, picture):
    assert [model.id for model in client.models.list()] == ["loopback-vision", "loopback-image"]
    completion = client.chat.completions.create(**ask(picture), response_format=FORMAT, seed=1)
    assert from_json(json.loads(completion.choices[0].message.content)).rows == 4
    assert (
        completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens
    )
    answer = client.responses.create(model="loopback-vision", input="hello", instructions="be brief")
    assert "describes pictures" in answer.output_text
    image = client.images.generate(model="loopback-image", prompt="anything", size="1008x672")
    drawn = Image.open(io.BytesIO(base64.b64decode(image.data[0].b64_json)))
    assert drawn.size == (1008, 672)
    for images in (picture, [("a.png", picture), ("b.png", picture)]):  # sent as image, and as image[]
        edited = client.images.edit(model="loopback-image", image=images, prompt="again", size="1008x672")
        assert edited.usage.input_tokens_details.image_tokens > 0


REFUSED = {
    "an unknown field": (
        lambda c, p: c.chat.completions.create(**ask(p), extra_body={"seeds": 1}),
        "unknown_parameter",
    ),
    "a wrong type": (lambda c, p: c.chat.completions.create(**ask(p), seed="one"), "invalid_type"),
    "a seed in responses": (
        lambda c, p: c.responses.create(model="loopback-vision", input="x", extra_body={"seed": 1}),
        "unknown_parameter",
    ),
    "a missing field": (
        lambda c, p: c.post("/responses", body={"model": "loopback-vision"}, cast_to=object),
        "missing_required_parameter",
    ),
    "a loose schema": (
        lambda c, p: c.chat.completions.create(
            **ask(p),
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "x", "schema": {"type": "object"}},
            },
        ),
        "invalid_json_schema",
    ),
    "no picture": (lambda c, p: c.chat.completions.create(**ask(b"nothing")), "invalid_image_format"),
    "a size not divisible by 16": (
        lambda c, p: c.images.generate(model="loopback-image", prompt="x", size="1000x1000"),
        "invalid_value",
    ),
    "a size too small": (
        lambda c, p: c.images.generate(model="loopback-image", prompt="x", size="512x512"),
        "invalid_value",
    ),
    "a shape too long": (
        lambda c, p: c.images.generate(model="loopback-image", prompt="x", size="2560x640"),
        "invalid_value",
    ),
    "too long a prompt": (
        lambda c, p: c.images.generate(model="loopback-image", prompt="x" * 32_001),
        "string_above_max_length",
    ),
    "a broken upload": (
        lambda c, p: c.images.edit(model="loopback-image", prompt="x", image=("a.png", b"broken")),
        "invalid_image_file",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_the_real_api_refuses_is_refused(client, picture, what):
    call, code = REFUSED[what]
    with pytest.raises(openai.BadRequestError) as refused:
        call(client, picture)
    assert refused.value.code == code


def test_a_model_that_is_not_there_and_a_wrong_key(picture):
    with serve(key="right") as url:
        with pytest.raises(openai.NotFoundError):
            openai.OpenAI(base_url=url, api_key="right").images.generate(model="gpt-gone", prompt="x")
        with pytest.raises(openai.AuthenticationError):
            openai.OpenAI(base_url=url, api_key="wrong").models.list()


def test_a_batch_is_answered_by_custom_id(client):
    lines = [
        {
            "custom_id": f"n{i}",
            "method": "POST",
            "url": "/v1/responses",
            "body": {"model": "loopback-vision", "input": "x"},
        }
        for i in range(5)
    ]
    lines[2]["body"]["inputs"] = 1
    text = "".join(json.dumps(line) + "\n" for line in lines).encode()
    file = client.files.create(file=("in.jsonl", text), purpose="batch")
    batch = client.batches.create(input_file_id=file.id, endpoint="/v1/responses", completion_window="24h")
    for _ in range(100):
        batch = client.batches.retrieve(batch.id)
        if batch.status == "completed":
            break
        time.sleep(0.05)
    assert (batch.request_counts.completed, batch.request_counts.failed) == (4, 1)
    done = [json.loads(line) for line in client.files.content(batch.output_file_id).text.splitlines()]
    assert {line["custom_id"] for line in done} == {"n0", "n1", "n3", "n4"}
    failed = json.loads(client.files.content(batch.error_file_id).text)
    assert (failed["custom_id"], failed["response"]["status_code"]) == ("n2", 400)
    with pytest.raises(openai.BadRequestError):
        client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")


def test_the_command_says_where_it_is_and_logs(tmp_path):
    command = [
        sys.executable,
        "-m",
        "promptcodec.testing.loopback",
        "--log",
        tmp_path / "log",
        "--fault",
        "429",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        url = json.loads(process.stdout.readline())["base_url"]
        client = openai.OpenAI(base_url=url, api_key="any", max_retries=1)
        client.responses.create(model="loopback-vision", input="x")
        process.terminate()
    first, second = map(json.loads, (tmp_path / "log").read_text().splitlines())
    assert set(first) == {"method", "path", "status", "input_sha256"}
    assert (first["status"], second["status"]) == (429, 200)
    assert first["input_sha256"] == second["input_sha256"]


def test_unknown_faults_are_named():
    with pytest.raises(ValueError, match="429"):
        parse("flood")
    assert parse("500:3").left == 3
