"""The Batch API's calls: against the loopback server, and against servers that misbehave."""

from __future__ import annotations

import gzip
import io
import json
import time
import tracemalloc
import zlib

import pytest

import tests.hosted  # noqa: F401 - skips without the extras
from promptcodec.api import batches, following, spending, transport
from promptcodec.api.batches import Batch, DeniedError, GoneError, UnsureError
from promptcodec.api.client import Connection, UnusableAnswerError
from promptcodec.api.profile import Profile
from promptcodec.api.usage import usage_in
from promptcodec.errors import ApiError, MissingError, PromptcodecError, RefusedError, UsageError
from promptcodec.testing.loopback import responses, serve
from tests.raw_server import http, raw_server
from tests.test_api_secrets import FORMS, KEY, pieces

pytestmark = pytest.mark.usefixtures("kept_apart")


def connection(url, **more):
    return Connection(Profile(url, "loopback-vision", **{"timeout": 5.0, "retries": 0} | more))


def request(number=0, **more):
    messages = [{"role": "user", "content": f"question {number}"}]
    return {"model": "loopback-vision", "messages": messages} | more


def lines(count):
    return b"".join(batches.line(f"n{i}", "chat", request(i)) for i in range(count))


def created(to, count=5, metadata=None):
    data = lines(count)
    return batches.create(to, batches.upload(to, data, len(data)), "chat", metadata or {})


def ended(to, batch):
    while not batch.is_over:
        time.sleep(0.02)
        batch = batches.state(to, batch.id)
    return batch


def some_batch(**more):
    given = {"id": "batch_1", "status": "completed", "endpoint": "/v1/responses", "input_file": "file-1"}
    rest = {
        "output_file": "file-2",
        "error_file": None,
        "metadata": {},
        "total": 1,
        "completed": 1,
        "failed": 0,
    }
    return Batch(**given | rest | {"problems": ()} | more)


def as_told(**more):
    """Give a batch as a server tells it."""
    return {"id": "batch_1", "status": "completed", "input_file_id": "file-1"} | more


# --- what goes well


def test_a_batch_from_its_lines_to_its_results():
    with serve() as url, spending.metered() as spent:
        to = connection(url)
        batch = created(to, 30, {"run": "7"})
        assert (batch.status, batch.is_over, batch.metadata) == ("validating", False, {"run": "7"})
        batch = ended(to, batch)
        assert (batch.status, batch.total, batch.completed, batch.failed) == ("completed", 30, 30, 0)
        assert (batch.endpoint, batch.error_file, batch.problems) == ("/v1/chat/completions", None, ())
        answers = {line.custom_id: line for line in batches.results(to, batch)}
        assert set(answers) == {f"n{i}" for i in range(30)}
        for line in answers.values():
            assert (line.status, line.code, line.message) == (200, None, None)
            assert "describes pictures" in line.body["choices"][0]["message"]["content"]
    assert (spent.requests, spent.cost) == (0, 0)


def test_a_line_is_the_body_that_the_client_would_send():
    asked = request(extra_body={"top_k": 5, "model": "other"}, extra_headers={"x": "y"}, timeout=3)
    line = batches.line("n1", "responses", asked)
    assert line.count(b"\n") == 1
    assert line.endswith(b"}\n")
    assert json.loads(line) == {
        "custom_id": "n1",
        "method": "POST",
        "url": "/v1/responses",
        "body": {"model": "other", "messages": asked["messages"], "top_k": 5},
    }
    with raw_server(http({})) as server:
        to = connection(server.url)
        to.exchange("chat", asked, len, usage_in, estimate=0.0)
        assert json.loads(server.requests[0].partition(b"\r\n\r\n")[2]) == json.loads(line)["body"]


def test_a_file_is_sent_from_its_start(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(lines(3))
    with serve() as url, path.open("rb") as file:
        to = connection(url)
        file.seek(20)
        number = batches.upload(to, file, path.stat().st_size)
        assert transport.send(
            *(to._line, to._line.client.files.with_raw_response.content, {"file_id": number}),
            host="x", most=10_000, seconds=5,
        ) == lines(3)  # fmt: skip
        assert ended(to, batches.create(to, number, "chat", {})).completed == 3


def test_problems_of_a_batch_and_errors_of_its_lines():
    with serve(["line-policy", "line-timeout", "line-500"]) as url:
        to = connection(url)
        batch = ended(to, created(to, 5))
        outcomes = {(one.status, one.code, one.body is None) for one in batches.results(to, batch)}
        assert outcomes == {
            (200, None, False),
            (400, "content_policy_violation", False),
            (None, "request_timeout", True),
            (500, "server_error", False),
        }
        data = lines(2) + b"{\n" + lines(1)
        batch = ended(to, batches.create(to, batches.upload(to, data, len(data)), "chat", {}))
        assert (batch.status, len(batch.problems)) == ("failed", 2)
        assert batch.problems[0] == "invalid_json_line: This line is not parseable as valid JSON. (line 3)"
        assert batch.problems[1].startswith("duplicate_custom_id: ")
        assert list(batches.results(to, batch)) == []


@pytest.mark.parametrize("kind", ["expired", "cancelled"])
def test_a_batch_that_ends_early_gives_both_parts(kind):
    with serve([f"batch-{kind}"]) as url:
        to = connection(url)
        batch = ended(to, created(to, 10))
        codes = [line.code for line in batches.results(to, batch)]
        assert (batch.status, codes) == (kind, [None] * 5 + [f"batch_{kind}"] * 5)


def test_results_that_are_lost_twice_damaged_or_of_another():
    words = []
    with serve(["line-lost", "line-twice", "line-damaged", "line-foreign"]) as url:
        to = connection(url)
        names = [line.custom_id for line in batches.results(to, ended(to, created(to, 10)), words.append)]
    assert len(names) == 8 + 1 + 1
    assert len({name for name in names if len(name) == 2}) == 8
    assert len(words) == 1
    assert "of the output file of batch_" in words[0]
    assert "no JSON, or was cut" in words[0]


def test_a_batch_is_cancelled_and_one_that_is_over_is_as_it_is():
    with serve(["batch-stuck"]) as url:
        to = connection(url, retries=6)
        batch = created(to)
        assert batches.cancel(to, batch.id).status in {"cancelling", "cancelled"}
        batch = ended(to, batch)
        assert (batch.status, batch.failed) == ("cancelled", 5)
        start = time.monotonic()
        assert batches.cancel(to, batch.id) == batch
        assert time.monotonic() - start < 1


def test_a_batch_is_found_by_its_file_or_its_metadata_over_pages():
    with serve() as url:
        to = connection(url)
        data = lines(1)
        one, two = (batches.upload(to, data, len(data)) for _ in range(2))
        wanted = batches.create(to, one, "chat", {"run": "7", "part": "2"})
        for number in range(105):
            batches.create(to, two, "chat", {"run": "8", "part": str(number)})
        assert [batch.metadata["part"] for batch in batches.listed(to, 3)] == ["104", "103", "102"]
        assert len(batches.listed(to)) == 100
        assert len(batches.listed(to, 1000)) == 106
        assert batches.find(to, one, {}).id == wanted.id
        assert batches.find(to, "", {"part": "2", "run": "7"}).id == wanted.id
        assert batches.find(to, two, {}).metadata["part"] == "104"
        assert batches.find(to, "", {"run": "9"}) is None
        assert batches.find(to, "", {}) is None
        assert batches.find(to, one, {}, most=100) is None


def test_files_are_deleted_and_found_by_their_name():
    with serve() as url:
        to = connection(url)
        number = batches.upload(to, b"{}", 2, "mine.jsonl")
        batches.upload(to, b"{}", 2)
        assert batches.files_named(to, "mine.jsonl") == [number]
        batches.delete_file(to, number)
        batches.delete_file(to, number)
        assert batches.files_named(to, "mine.jsonl") == []


# --- what passes, and what does not


def test_what_passes_is_tried_again(monkeypatch):
    monkeypatch.setattr(responses, "_RETRY_AFTER", "0.05")
    with serve(["call-500:2"]) as url:
        assert batches.listed(connection(url, retries=2)) == []
    with serve(["call-429"]) as url:
        to = connection(url, retries=1)
        assert created(to).status == "validating"
    with serve(["call-500:2"]) as url, pytest.raises(ApiError, match="failed after 1 retries"):
        batches.state(connection(url, retries=1), "batch_1")


def test_a_file_whose_answer_was_lost_does_not_stay(monkeypatch):
    with serve(["upload-drop:2"]) as url:
        to = connection(url, retries=3)
        number = batches.upload(to, lines(1), len(lines(1)), "mine.jsonl")
        assert batches.files_named(to, "mine.jsonl") == [number]


def test_a_server_that_lists_no_files_takes_them_all_the_same(monkeypatch, caplog):
    sent = http({"id": "file-1"})
    with raw_server(b"", sent, http(b"", "405 No")) as server:
        assert batches.upload(connection(server.url, retries=1), b"{}\n", 3, "mine.jsonl") == "file-1"
    assert "a file called mine.jsonl may have stayed at 127.0.0.1" in caplog.text


def test_a_batch_that_may_be_there_is_not_created_again():
    for fault in ("create-500", "create-drop"):
        with serve([fault]) as url:
            to = connection(url, retries=3)
            with pytest.raises(UnsureError, match="may have created"):
                created(to, 5, {"run": "7"})
            assert batches.find(to, "", {"run": "7"}).total in {0, 5}
            assert len(batches.listed(to)) == 1


NO_BATCH = {
    "too late": (lambda socket: time.sleep(2), UnsureError),
    "closed": (b"", UnsureError),
    "empty": (http(b""), UnsureError),
    "cut": (http(b'{"id": "batch_1", "sta'), UnsureError),
    "no id": (http({"status": "validating"}), UnsureError),
    "an id to steer with": (http(as_told(id="b\x1b[2J")), UnsureError),
    "no status": (http({"id": "batch_1"}), UnsureError),
    "502": (http(b"", "502 Bad"), UnsureError),
    "408": (http(b"", "408 Late"), UnsureError),
    "400": (http({"error": {"message": "no"}}, "400 Bad"), UsageError),
    "401": (http({"error": {"message": "who"}}, "401 No"), DeniedError),
    "404": (http(b"", "404 No"), GoneError),
    "refused": (
        http({"error": {"message": "no", "code": "moderation_blocked"}}, "400 Bad"), RefusedError
    ),
    "a quota": (
        http({"error": {"message": "no", "code": "insufficient_quota"}}, "429 Slow"), ApiError
    ),
    "elsewhere": (http(b"", "307 Moved", "location: http://localhost:9/v1"), ApiError),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_BATCH)
def test_whether_a_batch_may_have_been_created(name):
    reply, kind = NO_BATCH[name]
    with raw_server(reply) as server, pytest.raises(PromptcodecError) as raised:
        batches.create(connection(server.url, timeout=0.5, retries=3), "file-1", "chat", {})
    assert type(raised.value) is kind
    assert len(server.requests) == 1


def test_nobody_there_created_nothing():
    with raw_server() as server:
        url = server.url
    with pytest.raises(ApiError, match="cannot be reached") as raised:
        batches.create(connection(url), "file-1", "chat", {})
    assert type(raised.value) is ApiError


CALLS = {
    "upload": lambda to: batches.upload(to, b"{}\n", 3),
    "create": lambda to: batches.create(to, "file-1", "chat", {"a": "b"}),
    "state": lambda to: batches.state(to, "batch_1"),
    "listed": batches.listed,
    "results": lambda to: list(batches.results(to, some_batch())),
    "cancel": lambda to: batches.cancel(to, "batch_1"),
    "delete": lambda to: batches.delete_file(to, "file-1"),
    "files": lambda to: batches.files_named(to, "x"),
}


@pytest.mark.parametrize("name", CALLS)
def test_each_call_ends_in_time_at_one_host_and_without_the_key(monkeypatch, name):
    monkeypatch.setenv("MY_KEY", KEY)
    call = CALLS[name]
    start = time.monotonic()
    with raw_server(lambda socket: time.sleep(2)) as server, pytest.raises(ApiError, match=r"within 0\.1 s"):
        call(connection(server.url, timeout=0.1))
    assert time.monotonic() - start < 1.5
    with raw_server(http(b"[]")) as other:
        moved = http(b"", "307 Moved", f"location: {other.url}/x")
        with raw_server(moved) as server, pytest.raises(ApiError, match="redirects to"):
            call(connection(server.url, api_key_env="MY_KEY"))
        assert not other.requests
    for form in ("as it is", "JSON-escaped", "base64", "its first half"):
        for status in ("400 Bad", "401 No", "500 Bad", "200 OK"):
            # A status that no batch has, for the answers that call themselves good.
            quoting = {"error": {"message": f"Bearer {FORMS[form]}"}}
            with raw_server(http(quoting, status)) as server:
                try:
                    call(connection(server.url, api_key_env="MY_KEY"))
                except PromptcodecError as error:
                    assert not [piece for piece in pieces(KEY) if piece in str(error)]
                    assert "[key]" in str(error) or "no list" in str(error)
                else:
                    assert (name, status) in {("delete", "200 OK"), ("results", "200 OK")}


def test_a_redirect_within_the_server_is_followed_and_costs_nothing():
    moved = http(b"", "307 Moved", "location: /v2/batches/batch_1")
    with raw_server(moved, http(as_told())) as server, spending.metered() as spent:
        assert batches.state(connection(server.url), "batch_1").status == "completed"
    assert spent.requests == 0


# --- what a server may say


@pytest.mark.parametrize("name", ["state", "cancel"])
def test_what_is_no_batch(name):
    for answer in ({}, {"id": "x"}, {"id": 5, "status": "completed"}, {"status": "completed"}, [], 5, None):
        with raw_server(http(answer)) as server, pytest.raises(UnusableAnswerError):
            CALLS[name](connection(server.url))
    with raw_server(http(b"", "404 No")) as server, pytest.raises(GoneError, match="no batch batch_1"):
        CALLS[name](connection(server.url))


def test_nothing_of_a_batch_is_taken_on_trust():
    hostile = as_told(
        status="Failed\x1b[2J",
        endpoint=["/v1"],
        output_file_id="../../x\n",
        error_file_id="f" * 300,
        metadata={"a": "b", "c": 5, "d": "x" * 1000},
        request_counts={"total": 10**400, "completed": -5, "failed": True},
        errors={"data": [{"code": "a\x1b[2J", "message": "b\nc" * 1000, "line": 7}, "text", 5, {}] * 50},
    )
    with raw_server(http(hostile)) as server:
        batch = batches.state(connection(server.url), "batch_1")
    assert (batch.status, batch.is_over, batch.endpoint) == ("failed [2j", False, "")
    assert (batch.output_file, batch.error_file, batch.metadata) == (None, None, {"a": "b"})
    assert (batch.total, batch.completed, batch.failed) == (0, 0, 0)
    assert len(batch.problems) == 100
    assert all(problem.isprintable() and len(problem) < 2000 for problem in batch.problems)
    for odd in (
        {"errors": 5, "metadata": [1], "request_counts": "many"},
        {"errors": {"data": 5}},
        {"errors": []},
    ):
        with raw_server(http(as_told(**odd))) as server:
            assert batches.state(connection(server.url), "batch_1") == some_batch(
                endpoint="", output_file=None, total=0, completed=0
            )
    with raw_server(http(as_told(status="COMPLETED"))) as server:
        assert batches.state(connection(server.url), "batch_1").is_over


def test_lists_that_have_no_end_or_are_none():
    for answer in ({}, {"data": 5}, {"data": {}}):
        with raw_server(http(answer)) as server, pytest.raises(UnusableAnswerError, match="no list"):
            batches.listed(connection(server.url))
    with raw_server(http({"data": [{}, 5, as_told(), {"id": "x"}], "has_more": False})) as server:
        assert [batch.id for batch in batches.listed(connection(server.url))] == ["batch_1"]
    for last in ({"id": "batch_1", "status": "x"}, 5):
        page = {"data": [as_told(), last], "has_more": True}
        with raw_server(http(page)) as server:
            assert 1 <= len(batches.listed(connection(server.url), 1000)) <= 4
            assert len(server.requests) <= 2


def answer(name="n1", **more):
    body = {"choices": [{"message": {"content": "yes"}}]}
    return {"custom_id": name, "response": {"status_code": 200, "body": body}, "error": None} | more


def read(data, *headers, **more):
    """Read a file of results; give its lines, and the words about others."""
    words = []
    with raw_server(http(data, "200 OK", *headers)) as server:
        read_lines = list(batches.results(connection(server.url, **more), some_batch(), words.append))
    return read_lines, words


GOOD = json.dumps(answer("good")).encode()
HOSTILE = {
    "50 MB": b'{"custom_id": "' + b"x" * (50 << 20) + b'"}',
    "50 MB of lists": b"[" * (25 << 20) + b"]" * (25 << 20),
    "nested": b"[" * 100_000,
    "nested in the body": b'{"custom_id": "n1", "response": ' + b'{"body": ' * 50_000,
    "a number": b"5",
    "null": b"null",
    "a list": b'[{"custom_id": "n1"}]',
    "no custom_id": b'{"response": {"status_code": 200, "body": {}}}',
    "a custom_id that is a number": b'{"custom_id": 5}',
    "a custom_id that is a list": b'{"custom_id": ["n1"]}',
    "NUL": b"\0" * 1000,
    "NUL in a text": b'{"custom_id": "n\x001"}',
    "no UTF-8": b"\xff\xfe\xfd",
    "a number of many digits": b'{"custom_id": "n1", "x": ' + b"9" * 5000 + b"}",
    "cut": GOOD[: len(GOOD) // 2],
    "two in one": GOOD + GOOD,
    "no JSON": b"\x1b[2J<html>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_line_that_cannot_be_read_is_passed_over(name):
    read_lines, words = read(GOOD + b"\n" + HOSTILE[name] + b"\n\r\n  \n" + GOOD)
    assert [line.custom_id for line in read_lines] == ["good", "good"]
    assert len(words) == 1
    assert words[0].startswith("line 2 of the output file of batch_1")
    assert words[0].isprintable()
    assert len(words[0]) < 400


NOTHING = "there is neither an answer nor an error"
ODD = {
    "no response": (answer(response=None), None, None, NOTHING),
    "a text as response": (answer(response="yes"), None, None, NOTHING),
    "a text as body": (
        answer(response={"status_code": 200, "body": "yes"}), 200, None, NOTHING
    ),
    "a status that is a text": (
        answer(response={"status_code": "200", "body": {}}), None, None, NOTHING
    ),
    "a status that is true": (
        answer(response={"status_code": True, "body": {}}), None, None, NOTHING
    ),
    "an error that is a text": (answer(error="bad\x1b[2J luck"), 200, None, "bad [2J luck"),
    "an error that is a list": (answer(error=[1]), 200, None, None),
    "an error that steers": (
        answer(error={"code": "a\x1b[2J", "message": "b\x07" * 1000}), 200, "a [2J", None
    ),
    "an error in the body": (
        answer(response={"status_code": 429, "body": {"error": {"code": "slow", "message": "down"}}}),
        429, "slow", "down (slow)",
    ),
    "an error without a code": (
        answer(response={"status_code": 500, "body": {"detail": "down"}}), 500, None, "down"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_results_are_read_as_far_as_they_go(name):
    given, status, code, message = ODD[name]
    [line], words = read(json.dumps(given).encode())
    assert (line.custom_id, line.status, line.code, words) == ("n1", status, code, [])
    assert line.message is None or (line.message.isprintable() and len(line.message) < 400)
    assert message in {None, line.message}


def test_forms_of_a_file_that_is_good():
    for data in (GOOD, b"\xef\xbb\xbf" + GOOD + b"\r\n", b"\n\n" + GOOD):
        assert [line.custom_id for line in read(data)[0]] == ["good"]
    assert [line.custom_id for line in read(gzip.compress(GOOD), "content-encoding: gzip")[0]] == ["good"]
    assert read(b"") == ([], [])


def test_the_key_is_covered_in_results(monkeypatch):
    monkeypatch.setenv("MY_KEY", KEY)
    quoting = answer("n1", response={"status_code": 200, "body": {"choices": [{"text": f"it is {KEY}"}]}})
    read_lines, words = read(json.dumps(quoting).encode() + b"\n" + KEY.encode(), api_key_env="MY_KEY")
    assert read_lines[0].body == {"choices": [{"text": "it is [key]"}]}
    assert "[key]" in words[0]
    assert KEY not in words[0]


def test_many_lines_of_nothing_end(monkeypatch):
    monkeypatch.setattr(batches, "_MOST_RESULT_LINES", 1000)
    read_lines, words = read((GOOD + b"\n") * 5000)
    assert (len(read_lines), len(words)) == (1000, 1)
    read_lines, words = read(b"5\n" * 5000)
    assert (len(read_lines), len(words)) == (0, 1001)


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_without_end_ends_in_little_memory(monkeypatch, packed):
    monkeypatch.setattr(batches, "MOST_RESULTS", 100 << 20)

    def reply(socket):
        pack = zlib.compressobj(9, zlib.DEFLATED, 31)
        head = b"content-encoding: gzip\r\n" if packed else b""
        socket.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
        for _ in range(1024):
            socket.sendall(pack.compress(bytes(1 << 20)) if packed else bytes(1 << 20))

    with raw_server(reply) as server:
        tracemalloc.start()
        with pytest.raises(ApiError, match="more than 100 MB"):
            list(batches.results(connection(server.url), some_batch()))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 16 << 20
    huge = b"HTTP/1.1 200 OK\r\ncontent-length: 3000000000\r\n\r\n"
    monkeypatch.undo()
    with raw_server(huge) as server, pytest.raises(ApiError, match="more than 2048 MB"):
        list(batches.results(connection(server.url), some_batch()))


def test_a_file_that_breaks_off_is_asked_for_again(monkeypatch):
    broken = b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + GOOD + b"\n"
    with raw_server(broken, broken, http(GOOD)) as server:
        read_lines = list(batches.results(connection(server.url, retries=2), some_batch()))
        assert [line.custom_id for line in read_lines] == ["good"]
    with raw_server(broken) as server, pytest.raises(ApiError, match="breaks off"):
        list(batches.results(connection(server.url), some_batch()))
    with raw_server(http(b"", "404 No")) as server, pytest.raises(GoneError, match="no file file-2"):
        list(batches.results(connection(server.url), some_batch()))


def test_a_file_has_its_time_for_each_part(monkeypatch):
    def slow(socket):
        socket.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + GOOD + b"\n")
        for _ in range(4):
            time.sleep(0.2)
            socket.sendall(b" " * 1000)

    with raw_server(slow) as server, pytest.raises(ApiError, match=r"within 0\.5 s"):
        list(batches.results(connection(server.url, timeout=0.5), some_batch()))
    monkeypatch.setattr(following, "PACE", 900)
    with raw_server(slow) as server:
        assert len(list(batches.results(connection(server.url, timeout=0.5), some_batch()))) == 1


def test_a_large_file_has_more_time_to_be_sent(monkeypatch):
    def slow(socket):
        time.sleep(0.6)
        socket.sendall(http({"id": "file-1"}))

    monkeypatch.setattr(following, "PACE", 1000)
    with raw_server(slow) as server:
        assert batches.upload(connection(server.url, timeout=0.4), io.BytesIO(bytes(2000)), 2000) == "file-1"


def test_no_room_for_results(monkeypatch):
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", Full)
    with raw_server(http(GOOD)) as server, pytest.raises(MissingError, match=r"No space left .* TMPDIR"):
        list(batches.results(connection(server.url, retries=2), some_batch()))
    assert len(server.requests) == 1
