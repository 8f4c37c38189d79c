"""The ComfyUI server for tests refuses what the real one refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

httpx = pytest.importorskip("httpx", reason="needs the extra api")

from promptcodec.testing.comfyui import serve
from promptcodec.testing.comfyui.nodes import NODES
from promptcodec.testing.comfyui.validate import validate

sys.path.append(str(Path(__file__).parent))
from comfyui_servers import prompted

PLAIN = prompted({})


def changed(name, **inputs):
    graph = json.loads(json.dumps(PLAIN))
    graph[name]["inputs"] |= inputs
    return graph


def without(name, key):
    graph = json.loads(json.dumps(PLAIN))
    del graph[name]["inputs"][key]
    return graph


def kinds(graph):
    verdict = validate(graph, NODES, lambda name: name == "there.png")
    reasons = {(at, one["type"]) for at, node in verdict.node_errors.items() for one in node["errors"]}
    return verdict.error and verdict.error["type"], reasons


FAILED = "prompt_outputs_failed_validation"


@pytest.mark.parametrize(
    ("graph", "error", "reasons"),
    [
        (PLAIN, None, set()),
        (PLAIN | {"99": {"class_type": "Nowhere", "inputs": {}}}, "missing_node_type", set()),
        (PLAIN | {"99": {"inputs": {}}}, "missing_node_type", set()),
        ({"1": PLAIN["1"]}, "prompt_no_outputs", set()),
        (without("5", "steps"), FAILED, {("5", "required_input_missing")}),
        (changed("1", ckpt_name="x"), FAILED, {("1", "value_not_in_list")}),
        (changed("5", denoise=1.5), FAILED, {("5", "value_bigger_than_max")}),
        (changed("5", steps=0), FAILED, {("5", "value_smaller_than_min")}),
        (changed("5", steps="many"), FAILED, {("5", "invalid_input_type")}),
        (changed("5", model=["1", 1]), FAILED, {("5", "return_type_mismatch")}),
        (changed("5", model=["1"]), FAILED, {("5", "bad_linked_input")}),
        (changed("5", model=["404", 0]), FAILED, {("9", "exception_during_validation")}),
        (changed("5", model=["1", 7]), FAILED, {("9", "exception_during_validation")}),
        (changed("8", samples=["8", 0]), FAILED, {("8", "return_type_mismatch")}),
    ],
)
def test_graphs_are_checked_as_the_queue_does(graph, error, reasons):
    assert kinds(json.loads(json.dumps(graph))) == (error, reasons)


def test_a_circle_a_picture_that_is_not_there_and_half_a_graph():
    loader = {"class_type": "LoadImage", "inputs": {"image": "gone.png"}}
    scale = {
        "class_type": "ImageScale",
        "inputs": {
            "image": ["31", 0],
            "upscale_method": "lanczos",
            "width": 8,
            "height": 8,
            "crop": "center",
        },
    }
    shown = {"class_type": "PreviewImage", "inputs": {"images": ["30", 0]}}
    assert kinds({"30": loader, "32": shown}) == (FAILED, {("30", "custom_validation_failed")})
    circle = {"30": scale, "31": {**scale, "inputs": {**scale["inputs"], "image": ["30", 0]}}, "32": shown}
    assert "dependency_cycle" in {kind for _, kind in kinds(circle)[1]}
    # One output is sound, and is drawn; the other is only named.
    assert kinds(PLAIN | {"30": loader, "32": shown}) == (None, {("30", "custom_validation_failed")})


def test_requests_that_are_refused():
    with serve(["node-errors-200"]) as url, httpx.Client(base_url=url) as client:
        assert client.post("/prompt", json={"prompt": PLAIN, "prompt_id": "mine"}).status_code == 400
        assert client.post("/prompt", json={}).json()["error"]["type"] == "no_prompt"
        assert client.post("/prompt", json={"prompt": PLAIN}).json()["node_errors"]
        files = {"image": ("x.png", b"x", "image/png")}
        assert client.post("/upload/image", files=files, data={"subfolder": "../up"}).status_code == 400
        assert client.post("/upload/image", files=files, data={"type": "etc"}).status_code == 400
        assert client.post("/upload/image", data={"type": "temp"}).status_code == 400
        for name in ("/etc/passwd", "../x", "gone.png"):
            assert client.get("/view", params={"filename": name}).status_code in {400, 404}
        assert client.get("/api/jobs/4c0b1e62-0000-0000-0000-000000000000").status_code == 404
        assert client.get("/history/x").json() == {}
        assert client.post("/api/jobs/x/cancel").json() == {"cancelled": False}


def test_the_program_says_where_it_is_and_which_faults_there_are():
    program = [sys.executable, "-m", "promptcodec.testing.comfyui"]
    with subprocess.Popen([*program, "--without-jobs"], stdout=subprocess.PIPE, text=True) as process:
        url = json.loads(process.stdout.readline())["base_url"]
        assert httpx.get(f"{url}/system_stats").json()["system"]["comfyui_version"]
        assert httpx.get(f"{url}/api/jobs").status_code == 404
        process.terminate()
    wrong = subprocess.run([*program, "--fault", "fire"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, "there are node-errors-200" in wrong.stderr) == (2, True)
