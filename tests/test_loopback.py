"""The loopback server, driven by the openai client itself: as strict, and as shaped, as the real API."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import socket
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
from promptcodec.testing.loopback.faults import choose, choose_line, parse


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


def lines_of(count, **more):
    """Make lines of a batch, as text."""
    body = {"model": "loopback-vision", "input": "x"} | more
    return [
        {"custom_id": f"n{i}", "method": "POST", "url": "/v1/responses", "body": body | {"user": str(i)}}
        for i in range(count)
    ]


def uploaded(client, lines):
    text = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
    return client.files.create(file=("in.jsonl", text.encode()), purpose="batch").id


def started(client, lines, **more):
    return client.batches.create(
        input_file_id=uploaded(client, lines), endpoint="/v1/responses", completion_window="24h", **more
    )


def ended(client, batch):
    """Wait for a batch that is over; give it, and the statuses that it went through."""
    seen = [batch.status]
    while batch.status not in {"completed", "failed", "expired", "cancelled"}:
        time.sleep(0.01)
        batch = client.batches.retrieve(batch.id)
        seen += [batch.status] if batch.status != seen[-1] else []
    return batch, seen


def results(client, file_id):
    return [json.loads(line) for line in client.files.content(file_id).text.splitlines()] if file_id else []


def test_a_batch_is_answered_by_custom_id(client):
    lines = lines_of(20)
    lines[2]["body"]["inputs"] = 1
    batch, seen = ended(client, started(client, lines, metadata={"run": "7"}))
    assert (seen[0], seen[-1]) == ("validating", "completed")
    assert batch.metadata == {"run": "7"}
    assert batch.created_at <= batch.in_progress_at <= batch.completed_at <= batch.expires_at
    counts = batch.request_counts
    assert (counts.total, counts.completed, counts.failed) == (20, 19, 1)
    done = results(client, batch.output_file_id)
    names = [f"n{i}" for i in range(20) if i != 2]
    assert [line["custom_id"] for line in done] != names  # the order says nothing
    assert sorted(line["custom_id"] for line in done) == sorted(names)
    assert {line["response"]["status_code"] for line in done} == {200}
    [failed] = results(client, batch.error_file_id)
    assert (failed["custom_id"], failed["response"]["status_code"], failed["error"]) == ("n2", 400, None)
    assert failed["response"]["body"]["error"]["code"] == "unknown_parameter"


def changed(index, **more):
    lines = lines_of(3)
    lines[index] |= more
    return lines


INVALID = {
    "no JSON": ([*lines_of(2), "{\n"], "invalid_json_line", 3),
    "deep JSON": (["[" * 100_000 + "\n"], "invalid_json_line", 1),
    "no object": (["5\n"], "invalid_json_line", 1),
    "nothing": (["\n \n"], "empty_file", None),
    "too many": (lines_of(31), "too_many_tasks", None),
    "no custom_id": (changed(1, custom_id=None), "missing_required_parameter", 2),
    "a custom_id that is a number": (changed(1, custom_id=5), "missing_required_parameter", 2),
    "no body": (changed(1, body={}), "missing_required_parameter", 2),
    "one more field": (changed(1, model="m"), "unknown_parameter", 2),
    "GET": (changed(1, method="GET"), "invalid_method", 2),
    "another endpoint": (changed(1, url="/v1/chat/completions"), "invalid_url", 2),
    "a custom_id twice": (changed(1, custom_id="n0"), "duplicate_custom_id", 2),
    "two models": (changed(1, body={"model": "loopback-image"}), "mismatched_model", 2),
    "a model that is not there": (changed(1, body={"model": "gone"}), "model_not_found", 2),
}


def test_what_is_wrong_with_lines_is_said_later():
    with serve(most_lines=30) as url:
        client = openai.OpenAI(base_url=url, api_key="any", max_retries=0)
        for lines, code, number in INVALID.values():
            batch, seen = ended(client, started(client, lines))
            assert (seen, batch.status, batch.errors.object) == (["validating", "failed"], "failed", "list")
            assert [(error.code, error.line) for error in batch.errors.data] == [(code, number)]
            assert batch.output_file_id is None


def test_what_is_known_at_once_is_refused_at_once(client):
    file = uploaded(client, lines_of(1))
    good = {"input_file_id": file, "endpoint": "/v1/responses", "completion_window": "24h"}
    output = ended(client, client.batches.create(**good))[0].output_file_id
    for more in (
        {"endpoint": "/v1/embeddings"},
        {"completion_window": "48h"},
        {"input_file_id": output},
        {"metadata": {str(i): "x" for i in range(17)}},
        {"metadata": {"k" * 65: "x"}},
        {"metadata": {"k": "x" * 513}},
        {"metadata": {"k": 5}},
        {"extra_body": {"priority": 1}},
    ):
        with pytest.raises(openai.BadRequestError):
            client.batches.create(**good | more)
    client.batches.create(**good, metadata={f"{i:064}": "x" * 512 for i in range(16)})
    for name, purpose in (("a.jsonl", "vision"), ("a.txt", "batch")):
        with pytest.raises(openai.BadRequestError):
            client.files.create(file=(name, b"{}"), purpose=purpose)
    for call in (
        lambda: client.batches.create(**good | {"input_file_id": "file-none"}),
        lambda: client.batches.retrieve("batch_none"),
        lambda: client.batches.cancel("batch_none"),
        lambda: client.files.content("file-none"),
        lambda: client.files.delete("file-none"),
    ):
        with pytest.raises(openai.NotFoundError):
            call()


def test_a_file_may_have_so_many_bytes():
    with serve(most_bytes=1000) as url:
        client = openai.OpenAI(base_url=url, api_key="any", max_retries=0)
        client.files.create(file=("in.jsonl", bytes(1000)), purpose="batch")
        with pytest.raises(openai.BadRequestError, match="1000 bytes"):
            client.files.create(file=("in.jsonl", bytes(1001)), purpose="batch")


def test_files_are_listed_and_deleted():
    with serve() as url:
        client = openai.OpenAI(base_url=url, api_key="any", max_retries=0)
        ids = [uploaded(client, lines_of(1)) for _ in range(5)]
        assert [file.id for file in client.files.list(limit=2)] == ids[::-1]  # over all pages
        assert [file.id for file in client.files.list(order="asc")] == ids
        file = client.files.retrieve(ids[0])
        assert (file.filename, file.purpose, file.object) == ("in.jsonl", "batch", "file")
        assert client.files.delete(ids[0]).deleted
        assert ids[0] not in [file.id for file in client.files.list()]
        ended(
            client,
            client.batches.create(input_file_id=ids[1], endpoint="/v1/responses", completion_window="24h"),
        )
        assert len(list(client.files.list(purpose="batch"))) == 4
        assert len(list(client.files.list(purpose="batch_output"))) == 1


def test_batches_are_listed_newest_first_and_in_pages():
    with serve() as url:
        client = openai.OpenAI(base_url=url, api_key="any", max_retries=0)
        asked = {"endpoint": "/v1/responses", "completion_window": "24h"}
        asked["input_file_id"] = uploaded(client, lines_of(1))
        ids = [client.batches.create(**asked, metadata={"number": str(i)}).id for i in range(25)]
        page = client.batches.list()
        assert (len(page.data), page.has_more, page.last_id) == (20, True, ids[5])
        assert [batch.id for batch in page] == ids[::-1]
        assert [batch.metadata["number"] for batch in client.batches.list(after=ids[2])] == ["1", "0"]
        for asked in ({"limit": 0}, {"limit": 101}, {"after": "batch_none"}):
            with pytest.raises(openai.BadRequestError):
                client.batches.list(**asked)


def outcome(fault, count=40, log=None):
    """Run a batch into a fault; give the batch, the results, and those of the error file."""
    with serve([fault], log) as url:
        client = openai.OpenAI(base_url=url, api_key="any", max_retries=0)
        batch = ended(client, started(client, lines_of(count)))[0]
        done = client.files.content(batch.output_file_id).text.splitlines() if batch.output_file_id else []
        return batch, done, results(client, batch.error_file_id)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("line-400", 400, "invalid_value"),
        ("line-policy", 400, "content_policy_violation"),
        ("line-429", 429, "rate_limit_exceeded"),
        ("line-500", 500, None),
    ],
)
def test_lines_that_fail_are_in_the_error_file(tmp_path, kind, status, code):
    batch, done, failed = outcome(f"{kind}:3", 10, tmp_path / "log")
    assert (batch.status, len(done), len(failed)) == ("completed", 7, 3)
    for line in failed:
        assert line["response"]["status_code"] == status
        assert line["response"]["body"]["error"]["code"] == code
    logged = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    tried = [line for line in logged if line["method"] == "BATCH"]
    assert sorted(line["status"] for line in tried) == [200] * 7 + [status] * 3
    bodies = [json.dumps(line["body"], sort_keys=True, separators=(",", ":")) for line in lines_of(10)]
    assert {line["input_sha256"] for line in tried} == {
        hashlib.sha256(body.encode()).hexdigest() for body in bodies
    }
    assert {line["path"] for line in tried} == {"/v1/responses"}


def test_results_that_are_not_as_they_should_be():
    batch, done, failed = outcome("line-timeout:2", 10)
    assert [line["error"]["code"] for line in failed] == ["request_timeout"] * 2
    assert {line["response"] for line in failed} == {None}
    for kind, lines in (("lost", 8), ("twice", 12), ("foreign", 12), ("damaged", 10)):
        batch, done, failed = outcome(f"line-{kind}:2", 10)
        assert (len(done), len(failed), batch.request_counts.completed) == (lines, 0, 10)
        names = [json.loads(line)["custom_id"] for line in done if line.endswith("}")]
        expected = {f"n{i}" for i in range(10)}
        assert len(set(names) & expected) == (8 if kind in {"lost", "damaged"} else 10)
        assert len(set(names) - expected) == (2 if kind == "foreign" else 0)
        assert len(names) - len(set(names)) == (2 if kind == "twice" else 0)


def test_answers_in_a_batch_may_be_refused_or_cut():
    _, done, _ = outcome("truncated:2", 6)
    assert [json.loads(line)["response"]["body"]["status"] for line in done].count("incomplete") == 2
    _, done, _ = outcome("refusal:2", 6)
    assert sum('"refusal"' in line for line in done) == 2


@pytest.mark.parametrize(
    ("kind", "code"), [("batch-failed", "internal_error"), ("batch-queue", "token_limit_exceeded")]
)
def test_whole_batches_that_fail(kind, code):
    batch, done, failed = outcome(kind)
    assert (batch.status, batch.errors.data[0].code, done, failed) == ("failed", code, [], [])


@pytest.mark.parametrize("kind", ["expired", "cancelled"])
def test_a_batch_that_ends_early_gives_what_is_done(kind):
    batch, done, failed = outcome(f"batch-{kind}")
    assert (batch.status, len(done), len(failed)) == (kind, 20, 20)
    assert {line["error"]["code"] for line in failed} == {f"batch_{kind}"}
    assert getattr(batch, f"{kind}_at")


def test_a_batch_is_cancelled():
    with serve(["batch-stuck"]) as url:
        client = openai.OpenAI(base_url=url, api_key="any", max_retries=0)
        batch = started(client, lines_of(10))
        while client.batches.retrieve(batch.id).status != "in_progress":
            time.sleep(0.01)
        assert client.batches.cancel(batch.id).status in {"cancelling", "cancelled"}
        batch, _ = ended(client, client.batches.retrieve(batch.id))
        assert (batch.status, batch.request_counts.failed) == ("cancelled", 10)
        with pytest.raises(openai.ConflictError, match="cancelled"):
            client.batches.cancel(batch.id)


def test_a_share_of_lines_is_hit_once():
    def hit(fault, count=400):
        faults = [parse(fault)]
        strikes = [choose_line(faults, f"n{i}", new=True, picture=False) for i in range(count)]
        assert not any(choose_line(faults, f"n{i}", new=False, picture=False) for i in range(count))
        return {i for i, kind in enumerate(strikes) if kind}

    assert 20 <= len(hit("line-500:10%")) <= 60
    assert hit("line-500:10%") == hit("line-500:10%") == hit("line-500:400/10")
    assert hit("line-500:10%") != hit("line-429:10%")
    assert hit("line-500:3/10") == set(sorted(hit("line-500:400/10"))[:3])
    assert (len(hit("line-lost:100%")), len(hit("line-lost:0%"))) == (400, 0)
    faults = [parse("schema:1/10")]
    assert not any(choose(faults, picture=False) for _ in range(100))  # no line, no share


def test_a_line_that_is_sent_again_is_not_hit_again():
    with serve(["line-500:100%"]) as url:
        client = openai.OpenAI(base_url=url, api_key="any", max_retries=0)
        counts = [ended(client, started(client, lines_of(5)))[0].request_counts for _ in range(2)]
        again = lines_of(5)
        for line in again:
            line["custom_id"] += "-again"
        counts.append(ended(client, started(client, again))[0].request_counts)
    assert [count.failed for count in counts] == [5, 0, 0]


def test_requests_about_batches_fail_on_demand():
    with serve(["call-429", "call-500", "call-drop", "create-500", "create-drop", "upload-drop"]) as url:
        client = openai.OpenAI(base_url=url, api_key="any", max_retries=0)
        with pytest.raises(openai.RateLimitError):
            client.files.create(file=("in.jsonl", bytes(3_000_000)), purpose="batch")
        with pytest.raises(openai.InternalServerError):
            client.files.list()
        with pytest.raises(openai.APIConnectionError):
            uploaded(client, lines_of(1))
        with pytest.raises(openai.APIConnectionError):
            uploaded(client, lines_of(2))
        file = next(iter(client.files.list()))
        asked = {"input_file_id": file.id, "endpoint": "/v1/responses", "completion_window": "24h"}
        with pytest.raises(openai.InternalServerError):
            client.batches.create(**asked)
        with pytest.raises(openai.APIConnectionError):
            client.batches.create(**asked)
        assert len(list(client.files.list(purpose="batch"))) == len(list(client.batches.list())) == 2


def test_clients_that_are_killed_leave_a_server_that_answers():
    with serve() as url:
        client = openai.OpenAI(base_url=url, api_key="any", max_retries=0)
        host, port = url.split("/")[2].split(":")
        form = (
            b"POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer any\r\ncontent-length: 5000000\r\n"
            b"content-type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
            b'content-disposition: form-data; name="file"; filename="in.jsonl"\r\n\r\n'
        )
        for sent in (b"", form[:30], form, form + bytes(2_000_000)) * 20:
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(sent)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        batch = started(client, lines_of(20))
        assert ended(client, batch)[0].request_counts.completed == 20


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
    for wrong in ("500:", "500:x", "500:-1", "line-500:1/0", "line-500:5%%", "line-500:1/2/3"):
        with pytest.raises(ValueError, match="KIND:N"):
            parse(wrong)
    for wrong in ("500:10%", "batch-failed:1/2"):
        with pytest.raises(ValueError, match="no share"):
            parse(wrong)
    assert parse("500:3").left == 3
