"""The loopback servers of /sdapi/v1 refuse what the real ones refuse; else they would prove nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from promptcodec.testing.sdapi import serve
from promptcodec.testing.sdapi.drawing import png
from promptcodec.testing.sdapi.faults import parse
from promptcodec.testing.sdapi.prompts import syntax_in
from tests import sdapi

httpx = pytest.importorskip("httpx", reason="needs the extra api: no httpx")
PICTURE = png(sdapi.colours())
SMALL = {"prompt": "a", "seed": 1, "steps": 2, "width": 64, "height": 64}


@pytest.fixture(scope="module")
def servers():
    running = {}
    contexts = [(name, serve(name)) for name in sdapi.SERVERS]
    for name, context in contexts:
        running[name] = context.__enter__()[0]
    yield running
    for _, context in contexts:
        context.__exit__(None, None, None)


@pytest.fixture(scope="module")
def post(servers):
    with httpx.Client(trust_env=False) as client:
        yield lambda name, path, body: client.post(f"{servers[name]}/sdapi/v1/{path}", json=body)


@pytest.mark.parametrize("name", ["a1111", "forge", "sdnext"])
def test_web_uis_check_types(post, name):
    answer = post(name, "txt2img", SMALL | {"steps": "many"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "steps"]
    assert post(name, "txt2img", SMALL | {"sampler_name": "gone"}).json() == {"detail": "Sampler not found"}
    wrong = SMALL | {"override_settings": {"sd_model_checkpoint": "gone"}}
    assert "Unknown checkpoint" in post(name, "txt2img", wrong).json()["errors"]
    assert (
        post(name, "txt2img", SMALL | {"colour": 1}).status_code == 200
    )  # they ignore what they do not know


@pytest.mark.parametrize(
    ("name", "path", "body", "status"),
    [
        ("a1111", "txt2img", {"alwayson_scripts": {"Other": {}}}, 422),
        ("sdnext", "txt2img", {"alwayson_scripts": {"ControlNet": {"args": []}}}, 422),
        ("a1111", "img2img", {}, 404),
        ("a1111", "img2img", {"init_images": ["AAAA"]}, 500),
        ("sdcpp", "txt2img", {"prompt": ""}, 400),
        ("sdcpp", "txt2img", {"prompt": "a <sd_cpp_extra_args>{</sd_cpp_extra_args>"}, 400),
        ("sdcpp", "txt2img", {"width": "wide"}, 500),
        ("xinference", "txt2img", {}, 500),
        ("xinference", "txt2img", {"model": "gone"}, 400),
        ("xinference", "img2img", {"model": "sd15", "init_images": [PICTURE]}, 500),
        (
            "xinference",
            "img2img",
            {"model": "sd15", "init_images": [f"data:image/png;base64,{PICTURE}"]},
            200,
        ),
        ("koboldcpp", "control", {}, 404),
        ("a1111", "control", {}, 404),
    ],
)
def test_each_refuses_its_own(post, name, path, body, status):
    assert post(name, path, SMALL | body).status_code == status


def test_a_unit_with_a_wrong_name_is_passed_over(post):
    unit = {
        "enabled": True,
        "module": "none",
        "model": "control_v11p_sd15_canny [d14c016b]",
        "weight": 1.0,
        "image": png(sdapi.lines().convert("RGB")),
        "resize_mode": "Just Resize",
        "control_mode": "Balanced",
    }

    def drawn(unit):
        body = SMALL | {"alwayson_scripts": {"ControlNet": {"args": [unit]}}}
        return post("a1111", "txt2img", body).json()

    right, wrong = drawn(unit), drawn(unit | {"model": "control_v11p_sd15_canny"})
    assert right["images"] != wrong["images"]
    assert wrong["images"] == post("a1111", "txt2img", SMALL).json()["images"]
    assert "ControlNet 0" in right["info"]
    assert "ControlNet 0" not in wrong["info"]


def test_sizes_that_a_server_rounds(post):
    body = SMALL | {"width": 200, "height": 100}
    assert "ERROR" not in post("koboldcpp", "txt2img", body).text
    info = json.loads(post("koboldcpp", "txt2img", body).json()["info"])
    assert (info["width"], info["height"]) == (192, 64)


@pytest.mark.parametrize(
    ("server", "prompt", "kinds"),
    [
        ("a1111", "a <lora:x:1> b", {"networks"}),
        (
            "a1111",
            "a (b:1.9) ((c)) [d] [e:f:.5] [g|h]",
            {"weights", "brackets", "weakened", "schedules", "alternations"},
        ),
        (
            "a1111",
            "a AND b BREAK c __d__ {e|f} ${g=1}",
            {"compositions", "breaks", "wildcards", "choices", "variables"},
        ),
        ("a1111", r"a \(b:1.9\) \[c\]", set()),
        ("a1111", "an android and a brand", set()),
        ("sdcpp", '<sd_cpp_extra_args>{"a": 1}</sd_cpp_extra_args> (b:1.2)', {"arguments", "weights"}),
        ("koboldcpp", "<lora:x:1>", {"networks"}),
        ("xinference", "(a:1.9) <lora:x:1>", set()),
    ],
)
def test_the_grammar_sees_syntax(server, prompt, kinds):
    assert set(syntax_in(prompt, server)) == kinds


def test_faults_are_named():
    assert parse("nan:3").left == 3
    with pytest.raises(ValueError, match="unknown fault"):
        parse("fire")
    with pytest.raises(ValueError, match="none of KIND"):
        parse("nan:x")


def test_it_runs_as_a_program(tmp_path):
    log = tmp_path / "log.jsonl"
    command = [sys.executable, "-m", "promptcodec.testing.sdapi", "--server", "koboldcpp", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            url = json.loads(program.stdout.readline())["base_url"]
            answer = httpx.post(f"{url}/sdapi/v1/txt2img", json=SMALL, trust_env=False)
            assert answer.json()["images"][0].startswith("iVBOR")
        finally:
            program.terminate()
    (line,) = [json.loads(line) for line in log.read_text().splitlines()]
    assert line["path"] == "/sdapi/v1/txt2img"
    assert line["prompt"] == "a"
