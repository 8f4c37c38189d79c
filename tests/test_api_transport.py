"""Servers that misbehave: each call ends in time, in little memory, at one host, with one clear error."""

from __future__ import annotations

import gzip
import math
import threading
import time
import tracemalloc
import zlib

import pytest

import tests.hosted  # noqa: F401 - skips without the extras
from promptcodec.api import failures, spending, transport
from promptcodec.api.client import Connection, UnusableAnswerError
from promptcodec.api.profile import Profile, Usage
from promptcodec.errors import ApiError, MissingError, RefusedError, SpendingError, UsageError
from tests.raw_server import http, raw_server

pytestmark = pytest.mark.usefixtures("kept_apart")

GOOD = {"word": "yes", "usage": {"in": 100, "out": 100}}
ESTIMATE = 0.25


def ask(
    url, *, endpoint="chat", timeout=5.0, retries=0, read=lambda answer: answer["word"], env="", salt=None
):
    """Ask once; a million tokens cost a dollar each way."""
    profile = Profile(
        url, "m", env, timeout=timeout, retries=retries, input_price=1, output_price=1, image_price=1
    )
    request = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    if endpoint == "generate":
        request = {"model": "m", "prompt": "x"}
    return Connection(profile).exchange(endpoint, request, read, usage, estimate=ESTIMATE, salt=salt)


def usage(answer):
    counts = answer["usage"]
    return Usage(counts["in"], counts["out"], counts.get("image", 0))


def drip(data, *, seconds=0.2, before=b""):
    """Send one byte after the other."""

    def reply(connection):
        connection.sendall(before)
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(seconds)

    return reply


def silence(connection):
    time.sleep(3)


def reset(connection):
    connection.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER of 0: closing resets
    connection.close()


HTML = b"<html><head><style>p { color: red }</style></head><body><h1>Bad gateway</h1></body></html>"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 60\r\n\r\n"
CHUNKED = b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{"word":\r\n'
# What the server sends; the error; what of it is read; the dollars that are counted.
BAD = {
    "silent": (silence, ApiError, "did not answer whole within 0.5 s", ESTIMATE),
    "a byte at a time": (drip(b"x" * 60, before=HEAD), ApiError, "did not answer whole", ESTIMATE),
    "headers a byte at a time": (drip(b"HTTP/1.1 200 OK" * 5), ApiError, "did not answer whole", ESTIMATE),
    "a chunk at a time": (
        drip(b"1\r\n \r\n" * 20, seconds=0.05, before=CHUNKED), ApiError, "did not answer whole", ESTIMATE
    ),
    "reset": (reset, ApiError, "breaks off", ESTIMATE),
    "closed": (b"", ApiError, "breaks off", ESTIMATE),
    "no HTTP": (b"\0\1\2 hello\r\n\r\n", ApiError, "breaks off", ESTIMATE),
    "cut": (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", ApiError, "breaks off", ESTIMATE),
    "chunks cut off": (CHUNKED, ApiError, "breaks off", ESTIMATE),
    "a chunk of no length": (CHUNKED + b"zz\r\n", ApiError, "breaks off", ESTIMATE),
    "a header with a zero": (b"HTTP/1.1 200 OK\r\nx: \0\r\n\r\n{}", ApiError, "breaks off", ESTIMATE),
    "headers without end": (b"HTTP/1.1 200 OK\r\nx: " + b"a" * 300_000, ApiError, "breaks off", ESTIMATE),
    "a length that is none": (
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n{}", ApiError, "breaks off", ESTIMATE
    ),
    "empty": (http(b""), UnusableAnswerError, "is empty", ESTIMATE),
    "blank": (http(b" \r\n"), UnusableAnswerError, "is empty", ESTIMATE),
    "204": (b"HTTP/1.1 204 No\r\nconnection: close\r\n\r\n", UnusableAnswerError, "is empty", ESTIMATE),
    "no JSON": (http(b"word"), UnusableAnswerError, "no JSON", ESTIMATE),
    "cut JSON": (http(b'{"word": "y'), UnusableAnswerError, "no JSON, or was cut", ESTIMATE),
    "deep JSON": (http(b"[" * 100_000), UnusableAnswerError, "no JSON", ESTIMATE),
    "a number": (http(5), UnusableAnswerError, "no JSON object", ESTIMATE),
    "no such entry": (http({"usage": None}), UnusableAnswerError, "KeyError", ESTIMATE),
    "an error that was billed": (
        http({"usage": {"in": 400_000, "out": 0}}), UnusableAnswerError, "KeyError", 0.4
    ),
    "101": (b"HTTP/1.1 101 Go\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", ApiError, "breaks", ESTIMATE),
    "300": (http(b"", "300 Choices"), ApiError, "status 300", 0),
    "304": (b"HTTP/1.1 304 Same\r\nconnection: close\r\n\r\n", ApiError, "status 304", 0),
    "400": (http({"error": "no such field"}, "400 Bad"), UsageError, "no such field", 0),
    "401": (http({"error": {"message": "who?"}}, "401 No"), ApiError, "does not accept the key", 0),
    "404": (http(b"nothing", "404 No"), ApiError, "is not there", 0),
    "418": (http(b"", "418 Teapot"), UsageError, "refuses the request", 0),
    "429": (http({"error": {"message": "slow"}}, "429 Slow"), ApiError, "rate limit", 0),
    "refused by a filter": (
        http({"error": {"message": "no", "code": "moderation_blocked"}}, "400 Bad"),
        RefusedError, "refused", ESTIMATE,
    ),
    "502": (http(HTML, "502 Bad"), ApiError, "(: |- )Bad gateway$", ESTIMATE),
    "503, nothing": (http(b"", "503 Busy"), ApiError, "failed", ESTIMATE),
    "599": (http(b"\xff\xfe", "599 Odd"), ApiError, "failed", ESTIMATE),
    "unknown compression": (http(b"x", "200 OK", "content-encoding: br"), ApiError, "'br'", ESTIMATE),
    "compressed twice": (
        http(gzip.compress(gzip.compress(b"{}")), "200 OK", "content-encoding: gzip, gzip"),
        ApiError, "gzip, gzip", ESTIMATE,
    ),
    "damaged gzip": (
        http(b"\x1f\x8b\x08 hello", "200 OK", "content-encoding: gzip"), ApiError, "gzip", ESTIMATE
    ),
    "cut gzip": (
        http(gzip.compress(b'{"word": "yes"}')[:-12], "200 OK", "content-encoding: gzip"),
        UnusableAnswerError, "cut", ESTIMATE,
    ),
    "a length beyond the limit": (
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n", ApiError, "more than 4 MB", ESTIMATE
    ),
    "a length of many digits": (
        b"HTTP/1.1 200 OK\r\ncontent-length: " + b"9" * 5000 + b"\r\n\r\n", ApiError, "breaks off", ESTIMATE
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_server_that_misbehaves_is_one_clear_error(name):
    reply, kind, words, cost = BAD[name]
    start = time.monotonic()
    with raw_server(reply) as server, spending.metered() as spent, pytest.raises(kind, match=words):
        ask(server.url, timeout=0.5)
    assert time.monotonic() - start < 1.5
    assert (spent.requests, spent.cost) == (1, pytest.approx(cost))
    assert len(server.requests) == 1


def gzipped(data):
    return http(gzip.compress(data), "200 OK", "content-encoding: gzip")


WHOLE = b'{"word": "yes", "usage": {"in": 100, "out": 100}}'
GOOD_FORMS = {
    "plain": http(GOOD),
    "no length": b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + WHOLE,
    "after a hundred 1xx": b"HTTP/1.1 103 Early\r\n\r\n" * 100 + http(GOOD),
    "chunked": b"HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    + b"%x\r\n%s\r\n0\r\n\r\n" % (len(WHOLE), WHOLE),
    "gzip": gzipped(WHOLE),
    "zlib": http(zlib.compress(WHOLE), "200 OK", "content-encoding: deflate"),
    "byte order mark": http(b"\xef\xbb\xbf" + WHOLE),
    "UTF-16": http(WHOLE.decode().encode("utf-16")),
    "bad UTF-8 in another entry": http(b'{"other": "\xff\xfe", ' + WHOLE[1:]),
    "as HTML": http(WHOLE, "200 OK", "content-type: text/html; charset=nonsense"),
    "a cookie": http(GOOD, "200 OK", "set-cookie: a=b"),
}


@pytest.mark.parametrize("name", GOOD_FORMS)
def test_odd_forms_of_a_good_answer_are_read(name):
    with raw_server(GOOD_FORMS[name]) as server, spending.metered() as spent:
        assert ask(server.url) == "yes"
        assert ask(server.url) == "yes"
    assert (spent.requests, spent.stored, spent.cost) == (1, 1, pytest.approx(200e-6))


def test_nobody_there_costs_nothing():
    with raw_server() as server:
        url = server.url
    for address, words in ((url, "cannot be reached"), ("http://name.invalid/v1", "cannot be reached")):
        with spending.metered() as spent, pytest.raises(ApiError, match=words):
            ask(address)
        assert spent.cost == 0
    with raw_server(http(GOOD)) as server, pytest.raises(ApiError, match="does not speak TLS"):
        ask(server.url.replace("http:", "https:"))


@pytest.mark.parametrize("packed", [False, True])
def test_a_bomb_ends_early_in_little_memory(packed):
    def reply(connection):
        pack = zlib.compressobj(9, zlib.DEFLATED, 31)
        head = b"content-encoding: gzip\r\n" if packed else b""
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
        for _ in range(1024):
            connection.sendall(pack.compress(bytes(1 << 20)) if packed else bytes(1 << 20))
            sent.append(1)

    sent = []
    with raw_server(reply) as server:
        tracemalloc.start()
        with pytest.raises(ApiError, match="more than 4 MB"):
            ask(server.url)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 32 << 20
    assert len(sent) < 1024


def test_pictures_may_be_larger_than_words():
    answer = http({"word": "x" * (5 << 20), "usage": {"in": 1, "out": 300_000}})
    with raw_server(answer) as server:
        assert len(ask(server.url, endpoint="generate")) == 5 << 20
        with pytest.raises(ApiError, match="more than 4 MB"):
            ask(server.url)
    assert transport.MOST_PICTURE > 50 << 20


def test_a_redirect_to_another_host_gets_nothing(monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-planted-0123456789")
    with raw_server(http(GOOD)) as other:
        targets = (other.url, f"http://localhost:{other.port}/", "//example.invalid/x", "file:///etc/passwd")
        for status in (301, 302, 303, 307, 308):
            for target in targets:
                moved = http(b"", f"{status} Moved", f"location: {target}")
                raises = pytest.raises(ApiError, match="redirects to")
                with raw_server(moved) as server, spending.metered() as spent, raises:
                    ask(server.url, env="MY_KEY", retries=2)
                assert (len(server.requests), spent.requests, spent.cost) == (1, 1, 0)
    assert not other.requests


def test_the_host_that_a_redirect_names_is_in_the_error():
    with (
        raw_server(http(b"", "307 Moved", "location: https://elsewhere.invalid/v1")) as server,
        pytest.raises(
            ApiError, match=r"127.0.0.1:\d+ redirects to https://elsewhere.invalid: neither picture"
        ),
    ):
        ask(server.url)


def test_a_redirect_within_the_server_is_followed_and_counted():
    moved = http(b"", "307 Moved", "location: /v2/chat")
    with raw_server(moved, moved, http(GOOD)) as server, spending.metered() as spent:
        assert ask(server.url) == "yes"
    bodies = {request.partition(b"\r\n\r\n")[2] for request in server.requests}
    assert (len(server.requests), spent.requests, len(bodies)) == (3, 3, 1)
    limits = spending.Limits(requests=2)
    with (
        raw_server(moved) as server,
        spending.limited(limits),
        pytest.raises(SpendingError, match="2 requests"),
    ):
        ask(server.url, retries=3, salt=1)
    assert len(server.requests) == 2


def test_redirects_that_lead_nowhere():
    with raw_server(http(b"", "307 Moved", "location: /v1/again")) as server:
        with pytest.raises(ApiError, match="again and again"):
            ask(server.url, retries=2)
        assert len(server.requests) == 4
    with raw_server(http(b"", "302 Found", "location: /login"), http(GOOD)) as server:
        with pytest.raises(ApiError, match="without the question"):
            ask(server.url)
        assert len(server.requests) == 1


def test_every_try_is_a_call_with_its_reservation():
    with raw_server(http(b"", "500 Bad")) as server, spending.metered() as spent:
        with pytest.raises(ApiError, match="after 1 retries"):
            ask(server.url, retries=1)
        assert (len(server.requests), spent.requests, spent.cost) == (2, 2, 2 * ESTIMATE)
    for limits in (spending.Limits(requests=1), spending.Limits(cost=1.5 * ESTIMATE)):
        with raw_server(http(b"", "500 Bad")) as server, spending.limited(limits):
            with pytest.raises(SpendingError, match="the cap is reached"):
                ask(server.url, retries=5)
            assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("header", "calls", "words"),
    [
        ("0", 2, "rate limit"),
        ("-5", 2, "rate limit"),
        ("soon", 2, "rate limit"),
        ("nan", 2, "rate limit"),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 2, "rate limit"),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 1, "asks to wait"),
        ("999999", 1, "asks to wait 999999 s"),
        ("1e9", 1, "asks to wait 1000000000 s"),
        ("inf", 1, "asks to wait"),
    ],
)
def test_how_long_a_server_asks_to_wait(header, calls, words):
    start = time.monotonic()
    slow = http({"error": {"message": "slow"}}, "429 Slow", f"retry-after: {header}")
    with raw_server(slow) as server, spending.metered() as spent, pytest.raises(ApiError, match=words):
        ask(server.url, retries=1)
    assert (len(server.requests), spent.cost) == (calls, 0)
    assert time.monotonic() - start < 2


def test_a_long_wait_does_not_make_a_failure_free():
    busy = http(b"", "503 Busy", "retry-after: 9999")
    with raw_server(busy) as server, spending.metered() as spent, pytest.raises(ApiError, match="9999 s"):
        ask(server.url, retries=1)
    assert (spent.requests, spent.cost) == (1, ESTIMATE)


def test_retry_after_is_seconds_or_a_date():
    soon = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 60))
    assert failures.retry_after("2.5") == 2.5
    assert failures.retry_after(soon) == pytest.approx(60, abs=2)
    assert [failures.retry_after(odd) for odd in ("", "-1", "x", "nan", "0x10", "٣")] == [0, 0, 0, 0, 0, 3]


def test_the_deadline_ends_one_call_not_those_beside_it():
    def slow(connection):
        time.sleep(0.8)
        connection.sendall(http(GOOD))

    results = []

    def run(timeout):
        try:
            results.append(ask(server.url, timeout=timeout, salt=timeout))
        except ApiError as error:
            results.append(str(error))

    with raw_server(slow) as server:
        threads = [threading.Thread(target=run, args=(timeout,)) for timeout in (0.3, 5.0)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert "within 0.3 s" in results[0]
    assert results[1] == "yes"


COUNTS = {
    "both": ({"in": 1000, "out": 1000}, 0.002),
    "one": ({"in": 1000, "out": 0}, ESTIMATE),
    "none": (None, ESTIMATE),
    "text": ("many", ESTIMATE),
    "a list": ([1], ESTIMATE),
    "null": ({"in": None, "out": None}, ESTIMATE),
    "negative": ({"in": -(10**9), "out": -(10**9)}, ESTIMATE),
    "one negative": ({"in": -(10**9), "out": 900_000}, 0.9),
    "infinite": ({"in": math.inf, "out": 5}, ESTIMATE),
    "not a number": ({"in": math.nan, "out": 5}, ESTIMATE),
    "1e20": ({"in": 10**20, "out": 5}, ESTIMATE),
    "of 400 digits": ({"in": 10**400, "out": 5}, ESTIMATE),
    "more of pictures than of all": ({"in": 1000, "out": 1000, "image": 10**8}, 0.002),
}


@pytest.mark.parametrize("name", COUNTS)
def test_no_count_of_tokens_loses_an_answer_or_gives_credit(name):
    counts, cost = COUNTS[name]
    with raw_server(http({"word": "yes", "usage": counts})) as server, spending.metered() as spent:
        assert ask(server.url) == "yes"
        assert ask(server.url) == "yes"
    assert (len(server.requests), spent.stored) == (1, 1)
    assert spent.cost == pytest.approx(cost)


def test_a_picture_counted_at_next_to_nothing_is_billed_by_the_piece():
    tokens = {"in": 5, "out": 5}
    with raw_server(http({"word": "yes", "usage": tokens})) as server, spending.metered() as spent:
        ask(server.url, endpoint="generate")
    assert spent.cost == ESTIMATE


def test_a_key_that_no_header_can_carry(monkeypatch):
    for bad, words in (
        ("sk-\x01abcdefgh", "is no key"),
        ("sk-\u00e9abcdefgh", "is no key"),
        (" \n", "holds no"),
    ):
        monkeypatch.setenv("MY_KEY", bad)
        with pytest.raises(MissingError, match=words):
            ask("http://127.0.0.1:9/v1", env="MY_KEY")
    monkeypatch.setenv("MY_KEY", "sk-abcdefgh\r\n")
    with raw_server(http(GOOD)) as server:
        assert ask(server.url, env="MY_KEY") == "yes"
    assert b"Bearer sk-abcdefgh\r\n" in server.requests[0]
