"""Who may write and spend, and how much: tokens, names of the server, other sites, caps, and logs."""

from __future__ import annotations

import contextlib
import threading

import pytest

pytest.importorskip("starlette", reason="needs the extra server")
pytest.importorskip("uvicorn", reason="needs the extra server")

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from promptcodec.api import spending
from promptcodec.errors import SpendingError, UsageError
from promptcodec.server import tokens
from promptcodec.server.guard import Gate, Guard, names
from promptcodec.server.guard.attempts import MOST, SECONDS, Attempts, network
from promptcodec.server.problems import Problem, response
from promptcodec.server.settings import ServeSettings
from tests.live_server import ask, lines_of, live

ANNA, BOB = "anna-0123456789-0123456789", "bob-0123456789-0123456789ab"
TOKENS = (tokens.of("anna", ANNA, 0.05), tokens.of("bob", BOB))


def guarded(**settings):
    """Make an application of one route that says who may write; it answers errors as the server does."""
    guard = Guard(ServeSettings("none.pxa", **settings))

    async def write(request):
        return JSONResponse({"name": guard.require(request, "write").name})

    async def problem(_request, error):
        return response(error)

    async def fault(_request):
        raise KeyError(ANNA)

    routes = [
        Route("/write", write, methods=["GET", "POST"]), Route("/fault", fault),
        Route("/", lambda _: JSONResponse({})),
    ]  # fmt: skip
    return Starlette(
        routes=routes, middleware=[Middleware(Gate, guard=guard)], exception_handlers={Problem: problem}
    )


@pytest.fixture
def serve():
    """Give a function that serves such an application; many requests are asked of one."""
    with contextlib.ExitStack() as stack:
        yield lambda **settings: stack.enter_context(live(guarded(**settings)))


def written(tmp_path, text):
    path = tmp_path / "tokens.toml"
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def test_tokens_of_a_file_and_of_the_environment(tmp_path, monkeypatch):
    path = written(tmp_path, f'[anna]\nsecret = "{ANNA}"\nmax_cost = 2\n["Bob B."]\nsecret = "{BOB}"\n')
    monkeypatch.setenv(tokens.VARIABLE, "0123456789abcdef\n")
    anna, bob, own = tokens.read(path)
    assert (anna.name, anna.max_cost, bob.name, own.name) == ("anna", 2, "Bob B.", "environment")
    assert tokens.match((anna, bob, own), BOB) is bob
    assert tokens.match((anna, bob, own), BOB[:-1]) is None
    assert ANNA not in repr((anna, bob))
    assert not tokens.is_open_to_others(path)
    (tmp_path / "tokens.toml").chmod(0o644)
    assert tokens.is_open_to_others(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "are none"),
        ("[anna", "cannot be read as TOML"),
        ("anna = 1", "has no secret"),
        ('[anna]\nsecret = "short"', "is no secret"),
        (f'[anna]\nsecret = "{ANNA} x"', "has a space"),
        (f'[anna]\nsecret = "{ANNA}ü"', "is no secret"),
        (f'[anna]\nsecret = "{ANNA}"\ncap = 1', "'cap'"),
        (f'[anna]\nsecret = "{ANNA}"\nmax_cost = "1"', "number of dollars"),
        (f'[anna]\nsecret = "{ANNA}"\nmax_cost = nan', "number of dollars"),
        (f'[anna]\nsecret = "{ANNA}"\nmax_cost = -1', "number of dollars"),
        (f'[anna]\nsecret = "{ANNA}"\n[bob]\nsecret = "{ANNA}"', "one secret"),
    ],
)
def test_tokens_that_are_refused(tmp_path, text, says):
    with pytest.raises(UsageError, match=says) as caught:
        tokens.read(written(tmp_path, text))
    assert ANNA not in str(caught.value)


def test_a_file_of_tokens_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match=r"tokens .*none\.toml"):
        tokens.read(str(tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("header", "host", "hosts", "is_ours"),
    [
        ("localhost:8765", "127.0.0.1", (), True),
        ("127.0.0.1", "127.0.0.1", (), True),
        ("[::1]:9", "::1", (), True),
        ("LOCALHOST.", "localhost", (), True),
        ("", "127.0.0.1", (), False),
        ("evil.example", "127.0.0.1", (), False),
        ("localhost.evil.example", "127.0.0.1", (), False),
        ("192.168.1.7:8765", "127.0.0.1", (), False),
        ("a@localhost", "127.0.0.1", (), False),
        ("localhost/x", "127.0.0.1", (), False),
        ("localhost:x", "127.0.0.1", (), False),
        ("pictures.example:443", "127.0.0.1", ("Pictures.example",), True),
        ("192.168.1.7:8765", "0.0.0.0", (), True),
        ("[fe80::1]", "::", (), True),
        ("evil.example", "0.0.0.0", (), False),
        ("localhost", "0.0.0.0", (), False),
        ("192.168.1.7", "192.168.1.7", (), True),
        ("192.168.1.8", "192.168.1.7", (), False),
    ],
)
def test_names_of_the_server(header, host, hosts, is_ours):
    assert names.is_called(header, host, hosts) is is_ours


SITE, MODE, DEST = "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"


@pytest.mark.parametrize(
    ("method", "path", "headers", "is_other"),
    [
        ("POST", "/images", {}, False),
        ("POST", "/images", {"origin": "http://localhost:8765"}, False),
        ("POST", "/images", {"origin": "https://localhost:8765"}, False),
        ("POST", "/images", {"origin": "http://localhost:1"}, True),
        ("GET", "/images", {"origin": "null"}, True),
        ("GET", "/", {"origin": "http://evil.example"}, True),
        ("GET", "/about", {SITE: "same-origin"}, False),
        ("GET", "/about", {SITE: "none"}, False),
        ("GET", "/about", {SITE: "same-site"}, True),
        ("GET", "/about", {SITE: "cross-site", MODE: "navigate", DEST: "document"}, True),
        ("GET", "/", {SITE: "cross-site", MODE: "navigate", DEST: "document"}, False),
        ("GET", "/", {SITE: "cross-site", MODE: "navigate", DEST: "iframe"}, True),
        ("GET", "/", {SITE: "cross-site", MODE: "no-cors", DEST: "image"}, True),
        ("POST", "/", {SITE: "cross-site", MODE: "navigate", DEST: "document"}, True),
    ],
)
def test_requests_of_other_sites(method, path, headers, is_other):
    assert names.is_of_another_site(method, path, {"host": "localhost:8765", **headers}) is is_other


def test_default_ports_are_left_out_on_either_side():
    for origin, host in (("https://a.example", "a.example:443"), ("http://a.example:80", "A.example")):
        assert not names.is_of_another_site("POST", "/", {"host": host, "origin": origin})


def test_wrong_tokens_are_counted_by_network():
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for number in range(MOST):
        assert not attempts.wait("2001:db8::1")
        attempts.wrong(f"2001:db8::{number}")
    assert attempts.wait("2001:db8::ffff") == SECONDS
    assert not attempts.wait("2001:db8:1::1")
    now[0] = SECONDS
    assert not attempts.wait("2001:db8::1")
    attempts.wrong("2001:db8::1")
    assert not attempts.wait("2001:db8::1")
    assert network("::ffff:10.0.0.1") == network("10.0.0.1")
    for number in range(10_000):
        attempts.wrong(f"10.0.{number >> 8}.{number & 255}")
    assert len(attempts._counts) < 5000


def test_on_this_machine_everybody_may_write(serve):
    port = serve()
    assert ask(port, "POST", "/write").body == b'{"name":"local"}'
    # A client of OpenAI's sends some key.
    assert ask(port, "POST", "/write", "Authorization: Bearer sk-none").status == 200
    for header in ("X-Forwarded-For: 8.8.8.8", "Forwarded: for=8.8.8.8", "Via: 1.1 proxy"):
        assert ask(port, "POST", "/write", header).status == 403


@pytest.mark.parametrize("settings", [{"host": "0.0.0.0"}, {"hosts": ("a.example",)}, {"read_only": True}])
def test_elsewhere_nobody_may(serve, settings):
    port = serve(**settings)
    assert ask(port, "POST", "/write", host="127.0.0.1").problem["kind"] == "forbidden"
    assert ask(port, host="127.0.0.1").status == 200


def test_tokens_over_http(serve, capsys):
    port = serve(tokens=TOKENS)
    assert ask(port, "POST", "/write", f"Authorization: bearer {ANNA}").body == b'{"name":"anna"}'
    none = ask(port, "POST", "/write")
    assert (none.status, none.headers["www-authenticate"]) == (401, 'Bearer realm="promptcodec"')
    for wrong in (f"Bearer {ANNA[:-1]}", f"Basic {ANNA}", "Bearer", f"Bearer {ANNA} {ANNA}", "Bearer \xff"):
        answer = ask(port, "POST", "/write", f"Authorization: {wrong}")
        assert answer.status == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    both = (f"Authorization: Bearer {ANNA}", f"Authorization: Bearer {BOB}")
    assert ask(port, "POST", "/write", *both).status == 401
    logged = lines_of(capsys, 8)
    assert [line["status"] for line in logged] == [200, *[401] * 7]
    assert logged[0]["caller"] == "anna"
    assert "address" not in logged[0]
    assert all(line["address"] == "127.0.0.1" for line in logged[1:])
    assert ANNA[:-1] not in str(logged)


def test_guessing_ends(serve):
    port = serve(tokens=TOKENS)
    statuses = [ask(port, "POST", "/write", f"Authorization: Bearer {n:032}").status for n in range(MOST + 2)]
    assert statuses == [401] * (MOST - 1) + [429] * 3
    held = ask(port, "POST", "/write", f"Authorization: Bearer {ANNA}")
    assert held.problem["kind"] == "rate"
    assert 0 < int(held.headers["retry-after"]) <= SECONDS
    assert ask(port).status == 200  # who only looks may


def test_wrong_names_other_sites_and_preflights_over_http(serve):
    port = serve()
    assert ask(port, host="evil.example").problem["status"] == 421
    assert ask(port, "GET", "/write", "Sec-Fetch-Site: cross-site").problem["status"] == 403
    preflight = ask(
        port, "OPTIONS", "/write", "Origin: http://evil.example", "Access-Control-Request-Method: POST"
    )
    assert preflight.status == 403
    plain = ask(port)
    for answer in (preflight, plain):
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "server" not in plain.headers


def test_a_fault_of_ours_is_logged_without_what_was_worked_on(serve, capsys):
    port = serve()
    assert ask(port, "GET", "/fault?secret=1").problem["kind"] == "unexpected"
    (line,) = lines_of(capsys)
    assert (line["method"], line["path"], line["status"], line["caller"]) == ("GET", "/fault", 500, "local")
    assert line["error"].startswith("KeyError at tests/test_serve_guard.py:")
    assert "secret" not in str(line)
    assert ANNA not in str(line)
    assert line["ms"] > 0
    assert line["bytes"] > 0


def caller(guard, secret):
    scope = {"type": "http", "headers": [(b"authorization", f"Bearer {secret}".encode())], "client": None}
    return guard.caller(Request(scope))


def spend(limits, times, dollars=0.01):
    """Make so many calls in four threads; give how many were allowed."""
    allowed = []

    def work():
        with spending.limited(limits):
            for _ in range(times // 4):
                try:
                    spending.reserve(dollars)
                except SpendingError:
                    continue
                allowed.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(allowed)


def test_caps_of_the_server_and_of_a_token_hold_at_once(monkeypatch, tmp_path):
    monkeypatch.setenv("PROMPTCODEC_CACHE", str(tmp_path))
    settings = ServeSettings(tmp_path, tokens=TOKENS, max_cost=0.08, max_requests=100)
    guard = Guard(settings)
    assert spend(guard.limits(caller(guard, ANNA)), 12) == 5  # her own cap
    assert spend(guard.limits(caller(guard, BOB)), 12) == 3  # what is left of the server's
    assert spend(guard.limits(guard.named("anna")), 4, 0.0) == 4
    restarted = Guard(settings)
    assert spend(restarted.limits(caller(restarted, ANNA)), 4) == 0  # hers is of the day
    assert spend(restarted.limits(caller(restarted, BOB)), 12) == 8  # the server's of its process
    with (
        spending.limited(restarted.limits(restarted.named("anna"))),
        pytest.raises(UsageError, match="price"),
    ):
        spending.reserve(float("nan"))


def test_what_is_not_spent_is_given_back_to_both(monkeypatch, tmp_path):
    monkeypatch.setenv("PROMPTCODEC_CACHE", str(tmp_path))
    guard = Guard(ServeSettings(tmp_path, tokens=TOKENS, max_cost=0.05))
    assert guard.limits(guard.named("nobody")) == spending.NO_SPENDING
    limits = guard.limits(guard.named("anna"))
    with spending.limited(limits):
        spending.reserve(0.05)
        spending.give_back(0.05)
        spending.reserve(0.05)
        spending.settle(spending.Bill(0.05, 0.01, "host", "images", "model", "asked"))
        spending.reserve(0.04)
    for each in limits.all():
        assert spending.counted(each) == (2, pytest.approx(0.05))


def test_who_has_a_name_later(tmp_path):
    guard = Guard(ServeSettings(tmp_path, tokens=TOKENS))
    assert guard.named("bob").may_spend
    assert not guard.named("carol").may_spend
    assert not guard.named("local").may_spend
    assert Guard(ServeSettings(tmp_path)).named("anna").may_spend
