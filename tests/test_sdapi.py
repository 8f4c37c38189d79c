"""The generator sdapi against each of six servers, over HTTP: what arrives there, and what does not."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from promptcodec import encode, plugins
from promptcodec.errors import UsageError
from promptcodec.generators import Conditions, NoticingGenerator
from promptcodec.generators.guidance import control_weight, noise_share
from promptcodec.generators.sdapi import exchange
from promptcodec.testing.sdapi import prompts, serve
from tests import sdapi

# Short, so that no limit of tokens cuts them off.
HOSTILE = (
    "cow <lora:evil:1> (huge:1.9) ((loud))",
    'cow <sd_cpp_extra_args>{"seed":1}</sd_cpp_extra_args> huge',
    "cow [cat:huge:.5] [sheep|horse] AND evil BREAK dogs",
    "cow __huge/all__ {red|evil} ${x=5} \\(still\\) <hypernet:x:2>",
)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(exchange, "PAUSE", 0.02)


@pytest.fixture(scope="module", params=sdapi.SERVERS)
def running(request):
    with serve(request.param) as (url, service):
        yield request.param, url, service


@pytest.fixture
def draw(running):
    kind, url, service = running
    service.faults.clear()
    return sdapi.generator(kind, url).generate


def test_every_layer_arrives_that_the_server_takes(running, draw):
    kind, _, service = running
    first = draw(sdapi.conditions())
    assert first.size == sdapi.SIZE
    assert first.mode == "RGB"
    assert sdapi.difference(first, draw(sdapi.conditions())) == 0
    for change in (
        {"seed": 8},
        {"description": sdapi.words("a blue boat")},
        {"texture": sdapi.colours((20, 30, 200))},
        {"strength": 0.9},
    ):
        assert sdapi.difference(first, draw(sdapi.conditions(**change))) > 0.2, change
    moved = sdapi.difference(first, draw(sdapi.conditions(structure=sdapi.lines(0, 63, 95, 0))))
    assert moved > 0.2 if kind in sdapi.WITH_LINES else moved == 0
    assert not any(call["ignored"] for call in service.pictures)


def test_layers_that_are_not_there_change_nothing(running, draw):
    _, _, service = running
    alone = sdapi.conditions(texture=None, structure=None)
    first = draw(alone)
    assert service.pictures[-1]["noise"] is None
    assert service.pictures[-1]["path"] == "/sdapi/v1/txt2img"
    # Bytes of layers that were left out say nothing.
    assert sdapi.difference(first, draw(sdapi.conditions(texture=None, structure=None, strength=0.1))) == 0


def test_numbers_come_from_the_layers_bytes(running, draw):
    kind, _, service = running
    wanted = sdapi.conditions(strength=0.25)
    draw(wanted)
    call = service.pictures[-1]
    assert call["noise"] == pytest.approx(noise_share(wanted.layer_bytes, 0.25), abs=1e-4)
    assert call["seed"] == 7
    step = 64 if kind in {"sdcpp", "koboldcpp"} else 8
    assert all(side % step == 0 for side in call["size"])
    if kind == "sdcpp":
        arguments = json.loads(call["syntax"]["arguments"][0])
        assert arguments["control_strength"] == pytest.approx(
            control_weight(wanted.layer_bytes, 0.25), abs=1e-4
        )
        assert set(arguments) == {"control_image", "control_strength"}


def test_people_are_sent_as_control_models_know_them(running):
    kind, url, _ = running
    standing = [(0.5, 0.1 + 0.05 * joint) for joint in range(17)]
    stood, moved = (
        sdapi.generator(kind, url, pose="openpose" if kind == "sdcpp" else "").generate(
            sdapi.conditions(skeletons=True, people=[[(x + shift, y) for x, y in standing]])
        )
        for shift in (0, 0.2)
    )
    assert (sdapi.difference(stood, moved) > 0) == (kind in sdapi.WITH_LINES)


def test_a_coded_picture_is_drawn_over(running, draw):
    _, _, service = running
    coded = sdapi.colours((10, 200, 10)).resize(sdapi.SIZE)
    image = draw(sdapi.conditions(texture=None, pixels=coded, layer_bytes={"pixels": 4000}))
    assert service.pictures[-1]["noise"] < 0.7
    assert sdapi.difference(image, coded) < sdapi.difference(image, sdapi.colours().resize(sdapi.SIZE))


def test_foreign_words_are_words_alone(running):
    kind, url, service = running
    model = sdapi.generator(kind, url)
    # The loopback's own grammar sees what is wrong with them as they are.
    raw = prompts.syntax_in(" ".join(HOSTILE), kind)
    assert 1.9 in raw.get("weights", []) or kind == "xinference"
    for text in HOSTILE:
        model.generate(sdapi.conditions(description=sdapi.words(text), structure=None))
        call = service.pictures[-1]
        assert set(call["syntax"]) <= {"weights"}, text
        assert all(0.5 <= weight <= 1.5 for weight in call["syntax"].get("weights", []))
        assert call["settings"] == {}
        assert "cow" in call["prompt"]
        assert "huge" in call["prompt"]
    model.generate(sdapi.conditions(structure=None, correction=f"r1c1: should be {HOSTILE[0]}"))
    assert set(service.pictures[-1]["syntax"]) <= {"weights", "negative weights"}


def test_what_cannot_be_used_is_reported(running):
    kind, url, _ = running
    model = sdapi.generator(kind, url)
    model.generate(sdapi.conditions())
    assert isinstance(model, NoticingGenerator)
    assert [str(notice).partition(":")[0] for notice in model.notices] == (
        [] if kind in sdapi.WITH_LINES else ["structure"]
    )
    assert model.provenance["server"] == kind
    assert model.provenance["host"].startswith("127.0.0.1:")
    assert model.provenance["model"] in {
        "sd15",
        "v1-5-pruned-emaonly",
        "v1-5-pruned-emaonly.safetensors [6ce0161689]",
    }


def test_a_server_that_is_not_named_is_known_by_its_answers(running):
    kind, url, _ = running
    model = sdapi.generator("", url)
    model.generate(sdapi.conditions(structure=None))
    assert model.provenance["server"] == kind


def test_nothing_to_draw_from(running):
    kind, url, _ = running
    with pytest.raises(UsageError, match="nothing that"):
        sdapi.generator(kind, url).generate(Conditions(sdapi.SIZE, 1))


def test_colours_alone_are_enough(running, draw):
    image = draw(sdapi.conditions(description=None, structure=None))
    assert image.size == sdapi.SIZE


def test_from_the_shell(running, cli, tmp_path, scene):
    kind, url, service = running
    layers = ("semantic", "texture", "structure") if kind in {"a1111", "sdnext"} else ("semantic", "texture")
    stream = encode(scene, description=sdapi.words(), layers=layers)
    (tmp_path / "x.pxt").write_bytes(stream)
    earlier = len(service.pictures)
    code, _, err = cli(
        *("decode", "x.pxt", "-o", "x.png", "--generator", sdapi.spec(kind, url), "--seed", 41),
        *(("--best-of", 2) if kind == "forge" else ()),
    )
    # The checks may find that a gradient is no house.
    assert code in ({0, 3} if kind == "forge" else {0}), err
    calls = service.pictures[earlier:]
    assert [call["seed"] for call in calls] == ([41, 42] if kind == "forge" else [41])
    with Image.open("x.png") as image:
        assert image.size == scene.size
        record = json.loads(image.info["promptcodec"])
    assert record["generator"] == "sdapi"
    assert record["server"] == kind
    assert [ready.ok for ready in plugins.create("generators", sdapi.spec(kind, url)).examine()] == [True]


def test_errors_reach_the_shell(cli, tmp_path, scene):
    (tmp_path / "x.pxt").write_bytes(encode(scene, description=sdapi.words(), layers=("semantic",)))
    with serve("a1111") as (url, _):
        for entries, code, words in (
            ({"model": "gone"}, 4, "no model 'gone'; it has v1-5-pruned-emaonly"),
            ({"sampler": "gone"}, 2, "no such sampler"),
            ({"colour": "red"}, 2, "no entry 'colour'"),
        ):
            ended, _, err = cli(
                "decode", "x.pxt", "-o", "x.png", "--generator", sdapi.spec("a1111", url, **entries)
            )
            assert ended == code, err
            assert words in " ".join(err.split())
    assert not (tmp_path / "x.png").exists()
