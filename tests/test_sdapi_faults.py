"""What goes wrong at servers of /sdapi/v1: one error that says the way out, and a picture that is ended."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest
from PIL import Image

from promptcodec import plugins
from promptcodec.errors import ApiError, CancelledError, GeneratorError, MissingError, UsageError
from promptcodec.generators.sdapi import exchange
from promptcodec.generators.watching import Watch
from promptcodec.testing import serving
from promptcodec.testing.sdapi import serve
from tests import sdapi
from tests.raw_server import http, raw_server

MODELS = [{"title": "m", "model_name": "m", "hash": "", "sha256": None, "filename": "m", "config": None}]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(exchange, "PAUSE", 0.02)
    monkeypatch.setattr(exchange, "_LEAVE", 0.4)


@pytest.fixture(scope="module", params=sdapi.SERVERS)
def running(request):
    with serve(request.param) as (url, service):
        yield request.param, url, service


@pytest.fixture(scope="module")
def web_ui():
    with serve("a1111") as (url, service):
        yield url, service


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("nan", GeneratorError, "--no-half"),
        ("nan-error", GeneratorError, "--no-half"),
        ("disconnect", ApiError, "cannot be reached"),
        ("html", GeneratorError, "a page, not with JSON"),
        ("empty", GeneratorError, "drew no picture"),
        ("bad-base64", GeneratorError, "base64 is damaged"),
        ("wrong-shape", GeneratorError, "was asked for"),
        ("shapeless", GeneratorError, "without pictures"),
        ("missing-model", GeneratorError, "cannot load"),
        ("queue-error", GeneratorError, "out of memory"),
    ],
)
def test_faults_end_with_one_error(running, fault, kind, words):
    name, url, service = running
    sdapi.breaks(service, fault)
    model = sdapi.generator(name, url)
    with pytest.raises(kind, match=words):
        model.generate(sdapi.conditions(structure=None))
    assert model.generate(sdapi.conditions(structure=None)).size == sdapi.SIZE


def test_a_picture_that_is_black_may_be_black(web_ui):
    url, service = web_ui
    sdapi.breaks(service, "nan")
    dark = sdapi.conditions(texture=sdapi.colours((3, 0, 5)))
    assert sdapi.generator("a1111", url).generate(dark).getextrema() == ((0, 0),) * 3


def test_who_does_not_react_is_left_soon():
    asked = threading.Event()

    def hang(connection):
        asked.set()
        connection.recv(1)

    with raw_server(http(MODELS), http({}), http({}), hang) as server:
        model = sdapi.generator("a1111", server.url.removesuffix("/v1"))

        def report(progress):
            if asked.is_set():
                raise CancelledError("stop")

        start = time.monotonic()
        with pytest.raises(CancelledError):
            model.generate(sdapi.conditions(structure=None), Watch(report))
        assert time.monotonic() - start < 8


def test_a_server_that_loads_is_waited_for(running):
    name, url, service = running
    sdapi.breaks(service, "loading:3")
    stages = []
    sdapi.generator(name, url).generate(
        sdapi.conditions(structure=None), Watch(lambda progress: stages.append(progress.stage))
    )
    assert stages.count("loading") == 3


def test_a_server_that_loads_for_ever_is_left(web_ui, monkeypatch):
    url, service = web_ui
    monkeypatch.setattr(exchange, "MOST_BUSY", 0.05)
    sdapi.breaks(service, "loading:999")
    with pytest.raises(ApiError, match="still loading"):
        sdapi.generator("a1111", url).generate(sdapi.conditions())


@pytest.mark.parametrize(
    ("fault", "words"), [("wrong-seed", "the seed 8, not 7"), ("wrong-size", "drew 68x44")]
)
def test_an_answer_that_differs_is_noticed(web_ui, fault, words):
    url, service = web_ui
    sdapi.breaks(service, fault)
    model = sdapi.generator("a1111", url)
    assert model.generate(sdapi.conditions()).size == sdapi.SIZE
    assert words in str(model.notices[0])


@pytest.mark.parametrize("name", ["a1111", "forge"])
def test_without_controlnet_the_lines_are_reported(name):
    with serve(name, ["no-controlnet"]) as (url, service):
        model = sdapi.generator(name, url)
        model.generate(sdapi.conditions())
        assert [str(notice) for notice in model.notices] == ["structure: the server has no ControlNet"]
        assert "alwayson_scripts" not in service.pictures[-1]["fields"]


@pytest.mark.parametrize("error", [CancelledError("stop"), KeyboardInterrupt()], ids=["cancelled", "ctrl-c"])
@pytest.mark.parametrize("name", sdapi.WITH_PROGRESS)
def test_ending_a_picture_interrupts_the_server(name, error):
    with serve(name, ["slow"]) as (url, service):
        seen = []

        def report(progress):
            seen.append(progress)
            if progress.stage == "drawing" and progress.done:
                raise error

        with pytest.raises(type(error)):
            sdapi.generator(name, url, steps="20").generate(sdapi.conditions(), Watch(report, previews=True))
        assert service.job.progress(without_image=True)["state"]["interrupted"]
        assert "/sdapi/v1/interrupt" in [call["path"] for call in service.calls]
        assert seen[-1].total == 20
        assert isinstance(seen[-1].preview, Image.Image)
        assert not [thread for thread in threading.enumerate() if "_run" in thread.name]


@pytest.mark.parametrize("name", ["sdcpp", "koboldcpp", "xinference"])
def test_a_server_that_cannot_be_stopped_is_left(name):
    with serve(name, ["slow"]) as (url, service):

        def report(progress):
            if progress.stage == "drawing" and service.job.progress(without_image=True)["state"]["job_count"]:
                raise CancelledError("stop")

        with pytest.raises(CancelledError):
            sdapi.generator(name, url).generate(sdapi.conditions(), Watch(report))
        assert service.job.progress(without_image=True)["state"]["job_count"] == 1  # it draws on
        assert not [thread for thread in threading.enumerate() if "_run" in thread.name]
        service.job.interrupt()  # so that the test does not wait for it


def test_another_ones_picture_is_not_interrupted():
    with serve("a1111", ["slow"]) as (url, service):

        def draw():
            with contextlib.suppress(GeneratorError):  # it is interrupted below
                sdapi.generator("a1111", url).generate(sdapi.conditions())

        other = threading.Thread(target=draw)
        other.start()
        while not service.job.progress(without_image=True)["state"]["job_count"]:
            time.sleep(0.01)
        looks = []

        def report(progress):
            looks.append(progress.stage)
            if len(looks) > 3:
                raise CancelledError("stop")

        with pytest.raises(CancelledError):
            sdapi.generator("a1111", url).generate(sdapi.conditions(seed=8), Watch(report))
        assert set(looks) == {"waiting"}
        assert "/sdapi/v1/interrupt" not in [call["path"] for call in service.calls]
        service.job.interrupt()
        other.join()


def test_a_picture_that_another_interrupts_is_none():
    with serve("a1111", ["slow"]) as (url, service):

        def report(progress):
            if progress.stage == "drawing":
                service.job.interrupt()

        with pytest.raises(GeneratorError, match="somebody interrupted"):
            sdapi.generator("a1111", url).generate(sdapi.conditions(), Watch(report))
        assert sdapi.generator("a1111", url).generate(sdapi.conditions())


@pytest.mark.parametrize(
    ("replies", "words"),
    [
        ([http({"detail": "Not Found"}, "404 Not Found")], "started with --api"),
        ([http(b"<html>router</html>")], "gave no JSON"),
        ([http({"models": []})], "gave no list"),
        ([http({"detail": "Unauthorized"}, "401 Unauthorized")], "api_key_env"),
        ([http(MODELS), http({"a": 1}, "404 N"), http(b"", "404 N"), http(b"", "404 N")], "name it, server="),
    ],
)
def test_what_is_no_such_server(replies, words):
    with raw_server(*replies) as server:
        model = sdapi.generator("", server.url.removesuffix("/v1"))
        with pytest.raises(Exception, match=words):
            model.generate(sdapi.conditions())


def test_a_field_that_is_refused_is_named():
    detail = [
        {"loc": ["body", "steps"], "msg": "Input should be a valid integer\x1b[31m", "type": "int_type"}
    ]
    with raw_server(
        http(MODELS), http({}), http({"model_list": []}), http({}), http({"detail": detail}, "422 U")
    ) as (server):
        model = sdapi.generator("a1111", server.url.removesuffix("/v1"))
        with pytest.raises(GeneratorError, match="steps: Input should be a valid integer") as raised:
            model.generate(sdapi.conditions())
    assert "\x1b" not in str(raised.value)


def test_a_silent_server_is_left():
    with raw_server(http(MODELS), http({}), lambda connection: connection.recv(1)) as server:
        model = sdapi.generator("koboldcpp", server.url.removesuffix("/v1"), timeout="0.2")
        with pytest.raises(ApiError):
            model.generate(sdapi.conditions())


def test_nobody_answers():
    with pytest.raises(ApiError, match="is the server running"):
        sdapi.generator("a1111", "http://127.0.0.1:9").generate(sdapi.conditions())


def test_keys(monkeypatch):
    for key, name in (("user:secret", "a1111"), ("token", "xinference")):
        with serve(name, key=key) as (url, _):
            with pytest.raises(ApiError, match="api_key_env"):
                sdapi.generator(name, url).generate(sdapi.conditions())
            with pytest.raises(MissingError, match="SDAPI_KEY"):
                sdapi.generator(name, url, api_key_env="SDAPI_KEY").generate(sdapi.conditions())
            monkeypatch.setenv("SDAPI_KEY", key)
            assert sdapi.generator(name, url, api_key_env="SDAPI_KEY").generate(sdapi.conditions())
            monkeypatch.delenv("SDAPI_KEY")


def test_an_address_of_https_at_a_server_without_is_named(web_ui):
    with pytest.raises(ApiError, match="it does not speak https: write http://"):
        sdapi.generator("a1111", web_ui[0].replace("http:", "https:")).generate(sdapi.conditions())


def test_servers_for_tests_say_what_they_are_made_of(monkeypatch):
    monkeypatch.setattr(serving.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"starlette.*pip install 'promptcodec\[server\]'"):
        serving.need()


def test_an_address_alone_is_no_generator():
    with pytest.raises(UsageError, match=r"no generator is called 'http'; installed: .*; write NAME:http://"):
        plugins.create("generators", "http://127.0.0.1:7860")
