"""What was paid for is kept, what is billed is counted, and what a server says leaves by one door."""

from __future__ import annotations

import base64
import gzip
import io
import json
import math
import time
import zlib

import pytest
from PIL import Image

import tests.hosted  # noqa: F401 - skips without the extras
from promptcodec import encode
from promptcodec.api import compressed, concessions, fetch, spending
from promptcodec.api.profile import Profile
from promptcodec.api.secrets import Cover
from promptcodec.api.usage import usage_in
from promptcodec.checks.statements import CONTROL, StatementsCheck
from promptcodec.decoding import decode, estimate
from promptcodec.describing import describe
from promptcodec.description import parse_text
from promptcodec.errors import ApiError, MissingError, PromptcodecError, UsageError
from tests.raw_server import http, raw_server

pytestmark = pytest.mark.usefixtures("kept_apart")
KEY = "sk-planted-4f1c9a7be2d05533QzWx"


@pytest.fixture(autouse=True)
def _anew(monkeypatch):
    monkeypatch.setattr(concessions, "_learnt", {})


def coded(size=(1024, 640), kind="PNG"):
    file = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


def described(summary="a wall", rows=2, cols=2):
    cell = dict.fromkeys(("continues", "tone", "arrangement", "texture", "orientation"), "")
    return {
        "medium": "photo", "summary": summary, "style": {"light": "", "mood": ""}, "rows": rows, "cols": cols,
        "cells": [{**cell, "colours": ["red"], "text": "a wall"}] * (rows * cols), "objects": [],
        "lettering": [],
    }  # fmt: skip


def chat(content, **usage):
    return {"choices": [{"message": {"content": content}, "finish_reason": "stop"}], "usage": usage}


PICTURE = http({"data": [{"b64_json": coded()}]})
BAD = http({"error": {"message": "no"}}, "500 Bad")
WORDS = "photo 1x1\nsummary: a red wall\nr1c1 red: a wall\n"


@pytest.fixture
def stream(scene):
    return encode(scene, description=parse_text(WORDS), layers=("semantic",))


def painter(server, **more):
    return f"images:{server.url}?model=m&retries=0" + "".join(f"&{k}={v}" for k, v in more.items())


@pytest.mark.parametrize("more", [{"best_of": 3}, {"check": True, "retries": 2}])
def test_a_picture_stays_where_the_next_cannot_be_drawn(stream, more):
    with raw_server(PICTURE, BAD) as server:
        decoded = decode(stream, generator=painter(server), **more)
    assert len(server.requests) == 2
    assert len(decoded.report.candidates) == 1
    (notice,) = decoded.report.warnings
    assert "another picture could not be drawn" in notice.text
    assert "500" in notice.text


def test_a_picture_stays_where_the_cap_is_reached(stream):
    with raw_server(PICTURE) as server, spending.limited(spending.Limits(requests=2)):
        decoded = decode(stream, generator=painter(server), best_of=3)
    assert len(decoded.report.candidates) == 2
    assert "the cap is reached" in decoded.report.warnings[0].text


def configure(monkeypatch, tmp_path, url, **more):
    entries = "".join(f'{name} = "{value}"\n' for name, value in more.items())
    (tmp_path / "paid.toml").write_text(
        f'[checks.statements]\nurl = "{url}"\nmodel = "j"\nretries = "0"\n{entries}'
    )
    monkeypatch.setenv("PROMPTCODEC_CONFIG", str(tmp_path / "paid.toml"))


@pytest.mark.parametrize("answer", [BAD, http({"error": "key"}, "401 No"), http({}, "404 No"), b""])
def test_a_check_that_cannot_be_asked_leaves_its_fields_not_run(stream, monkeypatch, tmp_path, answer):
    with raw_server(PICTURE) as server, raw_server(answer) as judge:
        configure(monkeypatch, tmp_path, judge.url)
        report = decode(stream, generator=painter(server), check=True).report
    asked = [field for field in report.check.fields if field.name.startswith("It shows")]
    assert [(field.closeness, bool(field.not_run)) for field in asked] == [(None, True)]
    assert "the check statements was not run: " in report.warnings[0].text
    assert report.check.compared == ("words",)
    assert {"not_run": asked[0].not_run}.items() <= report.check.to_json()["fields"][-1].items()


def test_what_a_check_would_refuse_is_refused_before_a_picture_is_paid_for(stream, monkeypatch, tmp_path):
    prices = {"input_price": 1, "output_price": 1, "image_price": 0.01}
    with raw_server(PICTURE) as server:
        configure(monkeypatch, tmp_path, server.url)
        strict = spending.Limits(cost=1.0, strict=True)
        with spending.limited(strict), pytest.raises(UsageError, match="cap on cost cannot be held"):
            decode(stream, generator=painter(server, **prices), check=True)
        configure(monkeypatch, tmp_path, server.url, api_key_env="NOT_THERE")
        with pytest.raises(MissingError, match="NOT_THERE"):
            decode(stream, generator=painter(server), best_of=2)
        assert server.requests == []


def test_an_estimate_counts_checks_and_steps(stream, monkeypatch, tmp_path):
    who = "images:http://127.0.0.1:9/v1?model=m&input_price=0&output_price=0&image_price=0.5"
    configure(monkeypatch, tmp_path, "http://127.0.0.1:9/v1", input_price=0, output_price=0)
    assert estimate(stream, generator=who).requests == (1, 2)
    several = estimate(stream, generator=who, best_of=2, retries=1)
    assert (several.requests, several.cost) == ((4, 12), 1.0)
    assert estimate(stream, check=True).requests == (1, 2)  # the picture itself asks nobody


def test_a_control_that_is_affirmed_says_so(scene):
    with raw_server(
        http(chat(json.dumps({"verdicts": [{"number": n, "holds": "yes"} for n in range(1, 5)]})))
    ) as judge:
        check = StatementsCheck(Profile(url=judge.url, model="j", retries=0))
        conditions = __import__("promptcodec.generators").generators.Conditions((8, 8), 1, parse_text(WORDS))
        assert "false of any picture" in check.compare(conditions, scene)[0].not_run
    assert CONTROL.encode() in judge.requests[0]


@pytest.mark.parametrize(
    "second",
    [BAD, http({}, "401 No"), http(chat("I cannot")), http({"choices": [{"message": {"refusal": "no"}}]})],
)
def test_a_good_description_is_cut_here_where_it_is_not_said_shorter(scene, cli, second):
    scene.resize((32, 32)).save("a.png")
    long = json.dumps(described(" ".join(f"word{n} zebra" for n in range(60)), 3, 2))
    with raw_server(http(chat(long)), second) as server:
        who = f"chat:{server.url}?model=m&retries=0"
        code, _, err = cli(
            "encode", "a.png", "-o", "a.pxt", "--budget", "60B", "--layers", "semantic", "--captioner", who
        )
    assert code == 0, err
    assert "did not say it shorter, so that words were cut here" in err


def test_a_placeholder_key_leaves_pictures_as_they_are():
    for key in ("sk-1234567890abcdef", "sk-123456789", "local-abcdefghij"):
        picture = coded((64, 48), "JPEG")
        value = {"data": [{"b64_json": picture}], "text": f"see data:image/jpeg;base64,{picture} by {key}"}
        covered = Cover(key).value(value)
        assert covered["data"] == value["data"]
        assert covered["text"] == f"see data:image/jpeg;base64,{picture} by [key]"


def test_a_key_inside_a_picture_is_covered():
    file = io.BytesIO()
    Image.new("RGB", (64, 48)).save(file, "JPEG", comment=f"--{KEY}--".encode())
    assert "[key]" in Cover(KEY).text(base64.b64encode(file.getvalue()).decode())


def caption(server, monkeypatch):
    monkeypatch.setenv("MY_KEY", KEY)
    image = Image.effect_noise((40, 40), 50).convert("RGB")
    return describe(image, captioner=f"chat:{server.url}?model=m&api_key_env=MY_KEY&retries=0", grid=(2, 2))


def test_a_key_in_a_large_text_or_in_parts_is_covered(monkeypatch, tmp_path):
    escaped = "".join(f"\\u{ord(char):04x}" for char in KEY)
    large = json.dumps(described("QUOTED")).replace("QUOTED", escaped) + " " * (1 << 20)
    text = json.dumps(described(KEY))
    start = text.index(KEY)
    pieces = [text[:start], *(KEY[at : at + 7] for at in range(0, len(KEY), 7)), text[start + len(KEY) :]]
    parts = [{"type": "text", "text": piece} for piece in pieces]
    for content in (large, parts):
        with raw_server(http(chat(content))) as server:
            assert caption(server, monkeypatch).summary == "[key]"
    kept = [path.read_text("latin-1") for path in tmp_path.rglob("*.json")]
    assert not [text for text in kept if KEY[:14] in text or escaped[:60].replace("\\", "\\\\") in text]
    assert not [text for text in kept if KEY[:7] in text]  # nor is one stored that holds it in parts


@pytest.mark.parametrize(
    "answer",
    [
        http(b"", "307 Moved", f"location: http://{KEY.lower()}.example/v1"),
        http(b"x", "200 OK", f"content-encoding: {KEY}"),
        http({"error": {"message": f"\x1b[31m{KEY}\x07"}}, "400 Bad"),
        http(b"", "307 Moved", f"location: http://[{KEY}"),
    ],
)
def test_no_message_holds_the_key_or_steers_a_terminal(monkeypatch, answer):
    with raw_server(answer) as server, pytest.raises(PromptcodecError, match=r"\[key\]") as failed:
        caption(server, monkeypatch)
    assert KEY.lower()[4:] not in str(failed.value).lower()
    assert str(failed.value).isprintable()


def test_the_cover_takes_time_in_proportion():
    start = time.perf_counter()
    for text in ("\\" * 500_000, "a b " * 100_000, "%25" * 100_000):
        assert Cover(KEY).text(text) == text
    assert time.perf_counter() - start < 5


def test_a_location_that_is_no_address_is_one_error():
    with raw_server(http(b"", "307 Moved", "location: http://[::1")) as server:
        with pytest.raises(ApiError, match="redirects to what is no address"):
            describe(Image.new("RGB", (9, 9)), captioner=f"chat:{server.url}?model=m", grid=(1, 1))
        assert len(server.requests) == 1


def thought(answer):
    details = {"reasoning_tokens": 40}
    return {"prompt_tokens": 9, "completion_tokens": answer, "completion_tokens_details": details}


@pytest.mark.parametrize(
    ("usage", "tokens", "cost"),
    [
        ({"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 9150}, (100, 9050), 0),
        ({"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}, (100, 50), 0),
        (thought(50), (9, 50), 0), (thought(5), (9, 45), 0),
        ({"input_tokens": 9, "output_tokens_details": {"reasoning_tokens": 7}}, (9, 7), 0),
        ({"completion_tokens": 5, "total_tokens": 25}, (20, 5), 0),
        ({"prompt_tokens": 1, "completion_tokens": 1, "cost": 3.5}, (1, 1), 3.5),
        ({"cost": {"total_cost": 0.25}}, (0, 0), 0.25),
        ({"cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.2}}, (0, 0), 0.21),
        ({"cost": math.nan}, (0, 0), 0), ({"cost": -1}, (0, 0), 0), ({"cost": "x"}, (0, 0), 0),
        ([], (0, 0), 0),
    ],
)  # fmt: skip
def test_what_is_billed_is_read(usage, tokens, cost):
    read = usage_in({"usage": usage})
    assert (read.input_tokens, read.output_tokens) == tokens
    assert read.cost == pytest.approx(cost)


def test_the_larger_cost_is_counted():
    words = json.dumps(described())
    answer = http(chat(words, prompt_tokens=100, completion_tokens=50, cost=0.7))
    with raw_server(answer) as server, spending.metered() as spent:
        who = f"chat:{server.url}?model=m&input_price=1&output_price=10"
        describe(Image.new("RGB", (9, 9)), captioner=who, grid=(2, 2))
    assert spent.cost == pytest.approx(0.7)


def unlimited(connection_requests):
    return [b"max_tokens" in asked or b"max_completion_tokens" in asked for asked in connection_requests]


def test_an_answer_without_a_limit_is_refused_under_a_cap_else_reserved_for():
    replies = [
        http({"error": {"message": f"Unsupported parameter: '{name}'"}}, "400 Bad")
        for name in ("max_tokens", "max_completion_tokens")
    ]
    good = http(chat(json.dumps(described())))
    image = Image.new("RGB", (9, 9))
    with raw_server(*replies, good) as server:
        who = f"chat:{server.url}?model=m&input_price=1&output_price=10"
        strict = spending.Limits(cost=1.0, strict=True)
        with spending.limited(strict), pytest.raises(UsageError, match="takes no limit of tokens"):
            describe(image, captioner=who, grid=(2, 2))
    assert unlimited(server.requests) == [True, True]
    with raw_server(*replies, good) as server, spending.metered() as spent:
        describe(image, captioner=f"chat:{server.url}?model=m&input_price=1&output_price=10", grid=(2, 2))
    assert unlimited(server.requests) == [True, True, False]
    assert spent.cost > 1.3  # nothing was counted: 131,072 tokens are


def test_a_picture_is_one_however_it_was_asked_for(stream):
    unknown = http({"error": {"message": "modalities is not supported"}}, "400 Bad")
    large = base64.b64encode(bytes(4 << 20)).decode()
    message = {"images": [{"image_url": {"url": f"data:image/png;base64,{coded()}"}}], "padding": large}
    answer = {"choices": [{"message": message}], "usage": {"prompt_tokens": 10, "completion_tokens": 10}}
    prices = {"dialect": "chat", "input_price": 1, "output_price": 1, "image_price": 0.04}
    with raw_server(unknown, http(answer)) as server, spending.metered() as spent:
        decode(stream, generator=painter(server, **prices))
    assert b"modalities" not in server.requests[1]
    assert spent.cost > 0.04


@pytest.mark.parametrize(
    ("status", "message", "asked"),
    [
        ("429 Slow", "Rate limit reached for schema tier, not supported", 1),
        ("401 No", "response_format is not supported for this key", 1),
        ("500 Bad", "grammar backend crashed", 1),
        ("500 Bad", "response_format type must be one of text", 2),
        ("400 Bad", "json_schema is not supported", 2),
        ("422 Bad", "json_schema is not supported", 2),
    ],
)
def test_only_what_may_be_a_fault_of_form_is_asked_otherwise(status, message, asked):
    with raw_server(
        http({"error": {"message": message}}, status), http(chat(json.dumps(described())))
    ) as server:
        spec = f"chat:{server.url}?model=m&retries=0"
        try:
            describe(Image.new("RGB", (9, 9)), captioner=spec, grid=(2, 2))
        except PromptcodecError:
            assert asked == 1
    assert len(server.requests) == asked


def test_strict_alone_is_left_out_and_a_size_that_is_unknown_is_an_error(stream):
    refused = http(
        {"error": {"message": "Unknown parameter: 'response_format.json_schema.strict'"}}, "400 Bad"
    )
    with raw_server(refused, http(chat(json.dumps(described())))) as server:
        describe(Image.new("RGB", (9, 9)), captioner=f"chat:{server.url}?model=m", grid=(2, 2))
    assert b'"json_schema"' in server.requests[1]
    assert b'"strict"' not in server.requests[1]
    with raw_server(http({"error": {"message": "size 1024x640 is not supported"}}, "400 Bad")) as server:
        with pytest.raises(PromptcodecError, match="1024x640"):
            decode(stream, generator=painter(server, sizes="1024x640"))
        assert len(server.requests) == 1


BODY = b"a picture, " * 9000
RAW = zlib.compressobj(wbits=-15)


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("identity", BODY), ("utf-8", BODY), ("None", BODY), ("", BODY), ("gzip", gzip.compress(BODY)),
        ("gzip", gzip.compress(BODY[:500]) + gzip.compress(BODY[500:]) + bytes(20)),
        ("deflate", zlib.compress(BODY)), ("deflate", RAW.compress(BODY) + RAW.flush()),
        ("identity, X-GZIP", gzip.compress(BODY)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", [1, 700, 1 << 20])
def test_bodies_are_made_whole(encoding, data, step):
    expand = compressed.expander(encoding)
    pieces = [piece for at in range(0, len(data), step) for piece in expand(data[at : at + step])]
    assert b"".join(pieces) == BODY
    assert max(map(len, pieces)) <= max(step, 1 << 16)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
def test_what_cannot_be_made_whole_is_named(encoding):
    with pytest.raises(compressed.CompressedError, match=encoding):
        compressed.expander(encoding)


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("::127.0.0.1", True), ("::ffff:0:127.0.0.1", True), ("64:ff9b::7f00:1", True),
        ("64:ff9b::a00:1", True), ("64:ff9b:1::808:808", True), ("2002:7f00:1::", True),
        ("2001:0:4136:e378::1", True), ("fec0::1", True), ("::", True),
        ("64:ff9b::808:808", False), ("2002:808:808::1", False), ("::ffff:8.8.8.8", False),
        ("2606:4700::1111", False),
    ],
)  # fmt: skip
def test_addresses_within_addresses_are_judged(address, private):
    assert fetch.is_private(address) == private


def test_nothing_private_is_connected_to(monkeypatch):
    reached = []
    monkeypatch.setattr(fetch.socket.socket, "connect", lambda _, address: reached.append(address))
    for host in ("127.0.0.1", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]"):
        with pytest.raises(fetch.FetchError, match="private network"):
            fetch.fetch(f"http://{host}:1/a.png", server="http://8.8.8.8/v1", timeout=2)
    assert reached == []


def test_addresses_that_are_none_are_errors_and_those_of_other_letters_are_fetched():
    picture = gzip.compress(b"\x89PNG")
    answer = http(picture, "200 OK", "content-type: image/png", "content-encoding: gzip")
    with raw_server(answer) as server:
        got = fetch.fetch(f"http://127.0.0.1:{server.port}/Bäume.png?a=ü", server=server.url, timeout=5)
        assert got == b"\x89PNG"
    assert b"GET /B%C3%A4ume.png?a=%C3%BC " in server.requests[0]
    for url, asked in (
        ("http://[::zz/a.png", "http://127.0.0.1/v1"),
        ("http://127.0.0.1/a.png", "http://[::zz/v1"),
    ):
        with pytest.raises(fetch.FetchError, match="cannot be fetched"):
            fetch.fetch(url, server=asked, timeout=2)


def test_a_cost_that_is_no_number_is_refused(cli, scene):
    scene.save("a.png")
    code, _, err = cli("encode", "a.png", "-o", "a.pxt", "--max-cost", "nan")
    assert (code, "no sum of dollars" in err) == (2, True)
    with pytest.raises(UsageError, match="nan"):
        spending.Limits(cost=math.nan)
