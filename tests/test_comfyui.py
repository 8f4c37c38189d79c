"""Drawing at a ComfyUI server: layers, sizes, models, a user's own workflow; over real HTTP."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("httpx", reason="needs the extra api")

from promptcodec.description import parse_text
from promptcodec.errors import GeneratorError, MissingError, UsageError
from promptcodec.generators import poses
from promptcodec.generators.comfyui import create, workflow
from promptcodec.generators.guidance import control_weight, noise_share
from promptcodec.generators.sizes import working_size
from promptcodec.generators.watching import Watch
from promptcodec.testing.comfyui import serve

sys.path.append(str(Path(__file__).parent))
from comfyui_servers import BYTES, WEB, Server, conditions, draw, node, noticed, prompted


@pytest.fixture(scope="module", params=[True, False], ids=["jobs", "without-jobs"])
def both(request, tmp_path_factory):
    log = tmp_path_factory.mktemp("comfyui") / "log.jsonl"
    with serve(log=log, jobs=request.param) as url:
        yield Server(url, log)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    log = tmp_path_factory.mktemp("comfyui") / "log.jsonl"
    with serve(log=log) as url:
        yield Server(url, log)


def same(first, second):
    return np.array_equal(np.asarray(first), np.asarray(second))


def test_the_same_twice_and_every_condition_arrives(both):
    picture, about = draw(both.url)
    assert (picture.size, picture.mode) == ((50, 37), "RGB")
    assert about["model"] == "loopback-sd15.safetensors"
    assert about["host"] in both.url
    assert same(picture, draw(both.url)[0])
    other = Image.new("RGB", (40, 30), "orange")
    for change in (
        {"seed": 8}, {"description": parse_text("picture 1x1\nr1c1 red: a cat")}, {"texture": other},
        {"texture": None}, {"structure": None}, {"strength": 1.0}, {"skeletons": True}, {"pixels": other},
    ):  # fmt: skip
        assert not same(picture, draw(both.url, conditions(**change))[0]), change


@pytest.mark.parametrize(
    ("absent", "titles"),
    [
        ({"texture": None}, {"image", "image encode"}),
        ({"structure": None}, {"control", "control model", "control union", "control apply"}),
    ],
)
def test_nodes_of_layers_that_are_not_there_are_left_out(server, absent, titles):
    draw(server.url, conditions(**absent))
    graph = server.graph()
    left = {one["_meta"]["title"] for one in workflow.shipped().values()} - {
        one["_meta"]["title"] for one in graph.values()
    }
    assert left == titles | ({"empty"} if "image" not in titles else set())


def test_how_far_a_layer_is_followed_comes_from_its_bytes(server):
    draw(server.url)
    graph = server.graph()
    assert node(graph, "sampler")["denoise"] == pytest.approx(noise_share(BYTES, 0.5), abs=1e-4)
    assert node(graph, "control apply")["strength"] == pytest.approx(control_weight(BYTES, 0.5), abs=1e-4)
    assert node(graph, "sampler")["seed"] == 7
    draw(server.url, conditions(texture=None))
    assert node(server.graph(), "sampler")["denoise"] == 1


@pytest.mark.parametrize(
    ("skeletons", "kind"), [(False, "canny/lineart/anime_lineart/mlsd"), (True, "openpose")]
)
def test_a_union_model_is_told_what_it_is_shown(server, skeletons, kind):
    draw(server.url, conditions(skeletons=skeletons))
    graph = server.graph()
    assert node(graph, "control model")["control_net_name"] == "loopback-union.safetensors"
    assert node(graph, "control union")["type"] == kind


def test_people_are_sent_in_the_colours_that_control_models_know(server):
    standing = [(0.5, 0.1 + 0.05 * joint) for joint in range(17)]
    draw(server.url, conditions(skeletons=True, people=[standing]))
    name = node(server.graph(), "control")["image"].removesuffix(" [temp]")
    folder, _, file = name.rpartition("/")
    place = {"filename": file, "subfolder": folder, "type": "temp"}
    shown = Image.open(io.BytesIO(WEB.get(f"{server.url}/view", params=place).content))
    assert np.array_equal(np.asarray(shown), np.asarray(poses.draw([standing], shown.size)))


def test_a_named_control_model_that_is_no_union_model(server):
    draw(server.url, edges="control-depth.safetensors", checkpoint="sdxl/loopback-xl.safetensors")
    graph = server.graph()
    assert node(graph, "control union") is None
    assert node(graph, "control model")["control_net_name"] == "control-depth.safetensors"
    assert node(graph, "checkpoint")["ckpt_name"] == "sdxl/loopback-xl.safetensors"


@pytest.mark.parametrize("size", [(1, 1), (13, 200), (641, 17), (8, 8)])
def test_sizes_that_are_no_multiple_of_8(server, size):
    assert draw(server.url, conditions(size=size))[0].size == size
    width, height = working_size(size, 64 * 64, 8)
    assert width % 8 == height % 8 == 0
    assert min(width, height) >= 16


def test_words_of_a_stranger_stay_words(server):
    hostile = "a (barn:1.9) embedding:evil <lora:x:1> {a|b} [c:d:.5] __w__ \\( ::"
    draw(server.url, conditions(description=parse_text(f"picture 1x1\nr1c1 red: {hostile}")))
    text = node(server.graph(), "positive")["text"]
    assert "barn" in text
    assert not set("<>{}[]|") & set(text)
    assert "embedding:" not in text
    bare = re.sub(r"\\[()]", "", text)
    ours = re.findall(r"\([^()]*:([\d.]+)\)", bare)
    assert bare.count("(") == bare.count(")") == len(ours)  # every bracket is of a phrase's weight
    assert all(0.5 <= float(weight) <= 1.5 for weight in ours)


def test_words_are_needed_or_pictures(server):
    with pytest.raises(UsageError, match="neither words nor pictures"):
        draw(server.url, conditions(description=None, texture=None, structure=None))
    draw(server.url, conditions(description=None))


def test_what_is_not_there_is_named_with_what_is(server):
    with pytest.raises(MissingError, match=r"no checkpoint gone\.safetensors; there are loopback-sd15"):
        draw(server.url, checkpoint="gone.safetensors")
    with pytest.raises(MissingError, match=r"no control model 'x'; it has control-depth"):
        draw(server.url, edges="x")
    with pytest.raises(MissingError, match="sampler_name 'ddim' of KSampler"):
        draw(server.url, sampler="ddim")


def test_a_watch_hears_of_the_queue_and_ends_it(tmp_path):
    log = tmp_path / "log.jsonl"
    heard = []

    def report(progress):
        heard.append((progress.stage, progress.done, progress.total))
        if progress.stage == "drawing":
            raise KeyboardInterrupt

    with serve(["busy:8", "slow:30"], log=log) as url:
        with pytest.raises(KeyboardInterrupt):
            draw(url, watch=Watch(report))
        Server(url, log).wait_for("interrupted")
    assert heard[0] == ("loading", 0, 0)
    places = [done for stage, done, _ in heard if stage == "waiting"]
    assert places == sorted(places, reverse=True)
    assert 2 <= places[0] <= 9
    assert all(1 <= done <= total for stage, done, total in heard if stage == "waiting")


def test_examine_says_what_would_be_used_or_why_not(server):
    (ready,) = create({"url": server.url}).examine()
    assert (ready.ok, ready.name) == (True, f"comfyui:{server.url}")
    assert "0.3.76" in ready.why
    assert "loopback-sd15" in ready.why
    for profile, why in (
        ({}, "name a server"),
        ({"url": "http://127.0.0.1:9"}, "cannot be reached"),
        ({"url": server.url, "checkpoint": "gone"}, "no checkpoint gone"),
        ({"url": server.url, "api_key_env": "NO_SUCH_KEY"}, "NO_SUCH_KEY"),
    ):
        (ready,) = create(profile).examine()
        assert not ready.ok
        assert why in ready.why


@pytest.mark.parametrize(
    ("profile", "why"),
    [
        ({"url": "ftp://x"}, "no http"), ({"url": "http://a:b@c"}, "password"), ({"side": "1"}, "no entry"),
        ({"steps": "many"}, "not a number"), ({"area": "8x8"}, "from 64x64"), ({"key": "k"}, "api_key_env"),
        ({"prompt": "t5"}, "clip or long"), ({"workflow": "no-such-file.json"}, "no-such-file"),
    ],
)  # fmt: skip
def test_a_profile_that_is_wrong(profile, why):
    with pytest.raises(UsageError, match=why):
        create(profile)


def test_without_a_server_the_address_is_asked_for():
    with pytest.raises(UsageError, match=r"comfyui:http://127\.0\.0\.1:8188"):
        create({}).generate(conditions())


def own(folder, graph):
    path = folder / "own.json"
    path.write_text(json.dumps(graph))
    return str(path)


def test_a_workflow_of_ones_own_is_filled(server, tmp_path):
    changed = {
        "4": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
        "6": {"class_type": "VAEEncode", "inputs": {"pixels": ["4", 0], "vae": ["1", 2]}},
    }
    graph = prompted(changed)
    graph["5"]["inputs"]["latent_image"] = ["6", 0]
    path = own(tmp_path, graph)
    assert noticed(server.url, conditions(), workflow=path) == [
        "structure: the workflow has no place for a control picture"
    ]
    sent = server.graph()
    assert "barn" in sent["2"]["inputs"]["text"]
    assert sent["3"]["inputs"]["text"] == ""
    assert sent["4"]["inputs"]["image"].endswith("[temp]")
    assert (sent["5"]["inputs"]["seed"], sent["5"]["inputs"]["steps"]) == (7, 17)
    assert sent["5"]["inputs"]["denoise"] == pytest.approx(noise_share(BYTES, 0.5), abs=1e-4)
    draw(server.url, conditions(texture=None), workflow=path)
    assert server.graph()["5"]["inputs"]["denoise"] == 1


def test_places_of_a_workflow_go_by_title_first(server, tmp_path):
    graph = prompted({"2": {"class_type": "CLIPTextEncode", "inputs": {"text": "style", "clip": ["1", 1]}}})
    graph["3"]["_meta"] = {"title": "Positive"}
    draw(server.url, workflow=own(tmp_path, graph))
    sent = server.graph()
    assert "barn" in sent["3"]["inputs"]["text"]
    assert (sent["4"]["inputs"]["width"], sent["4"]["inputs"]["height"]) == working_size((50, 37), 64 * 64, 8)


@pytest.mark.parametrize(
    ("graph", "why"),
    [
        ({"nodes": [], "links": []}, "no graph in API format"),
        ({"1": {"class_type": "SaveImage", "inputs": {}}}, "no place for words"),
    ],
)
def test_a_workflow_that_cannot_be_used(tmp_path, graph, why):
    with pytest.raises(UsageError, match=why):
        create({"workflow": own(tmp_path, graph)})


def test_a_key_goes_along_and_a_wrong_one_does_not_open(monkeypatch):
    monkeypatch.setenv("COMFY_KEY", "k-123456")
    with serve(key="k-123456") as url:
        draw(url, api_key_env="COMFY_KEY")
        with pytest.raises(Exception, match="401"):
            draw(url)


def test_time_is_bounded(tmp_path):
    log = tmp_path / "log.jsonl"
    with serve(["slow:30"], log=log) as url:
        with pytest.raises(GeneratorError, match=r"not done in 0\.2 s"):
            draw(url, timeout="0.2")
        Server(url, log).wait_for("interrupted")
