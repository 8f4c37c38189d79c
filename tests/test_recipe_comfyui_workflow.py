"""The editor's workflow without an API graph: what only the editor knows is seen through."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import pytest

from promptcodec.recipe.model import Addon
from promptcodec.recipe.read import from_texts
from promptcodec.recipe.readers.comfyui.widgets import widgets_of

sys.path.append(str(Path(__file__).parent))
from comfy_editor import BAD, GOOD, RUN, box, check, connect, plain, read, sampler
from recipe_files import GRAPH, workflow_of

SEEN_THROUGH = {
    "plain": {},
    "reroute": {"_6": box(6, "Reroute", [], ["CONDITIONING"], _=(2, 0)), "_5": sampler(positive=(6, 0))},
    "primitive": {
        "_6": box(6, "PrimitiveNode", [41, "randomize"], ["INT"]),
        "_5": sampler([9, "fixed", *RUN[2:]], seed=(6, 0)),
    },
    "getters": {
        "_6": box(6, "SetNode", ["words"], ["*"], CONDITIONING=(2, 0)),
        "_7": box(7, "GetNode", ["words"], ["CONDITIONING"]),
        "_5": sampler(positive=(7, 0)),
    },
    "bypassed": {
        "_6": box(
            6, "LoraLoader", ["off.safetensors", 1, 1], ["MODEL", "CLIP"], mode=4, model=(1, 0), clip=(1, 1)
        ),
        "_2": box(2, "CLIPTextEncode", [GOOD], ["CONDITIONING"], clip=(6, 1)),
        "_5": sampler(model=(6, 0)),
    },
    "muted": {
        "_6": box(
            6,
            "KSampler",
            [9, "fixed", 99, 1, "lms", "x", 1],
            ["LATENT"],
            mode=2,
            model=(1, 0),
            positive=(3, 0),
            negative=(2, 0),
            latent_image=(4, 0),
        )
    },
    "pipe": {
        "_6": box(
            6,
            "ToBasicPipe",
            [],
            ["BASIC_PIPE"],
            model=(1, 0),
            clip=(1, 1),
            vae=(1, 2),
            positive=(2, 0),
            negative=(3, 0),
        ),
        "_7": box(
            7, "FromBasicPipe", [], ["model", "clip", "vae", "positive", "negative"], basic_pipe=(6, 0)
        ),
        "_5": sampler(model=(7, 0), positive=(7, 3), negative=(7, 4)),
    },
    "seed without what comes next": {"_5": sampler([41, *RUN[2:]])},
    "seed with a truth": {"_5": sampler([41, True, *RUN[2:]])},
    "seed with a button": {"_5": sampler([41, None, *RUN[2:], "auto", "true"], "KSampler (Efficient)")},
    "sampler nobody knows": {"_5": sampler(["on", *RUN, "more", 3], "KSampler of Somebody")},
    "notes": {"_6": box(6, "Note", ["a text for people"]), "_7": box(7, "MarkdownNote", ["# more"])},
}


@pytest.mark.parametrize("name", SEEN_THROUGH)
def test_what_only_the_editor_knows_is_seen_through(name):
    check(read(plain(**SEEN_THROUGH[name])))


def test_widgets_that_are_listed_as_inputs_give_the_names():
    workflow = plain()
    node = next(entry for entry in workflow["nodes"] if entry["id"] == 5)
    node["type"] = "SomebodysSampler"
    node["widgets_values"] = ["heun", 5.5, 41, "randomize", "beta", 17, 1.0]
    names = ("sampler_name", "cfg", "seed", "scheduler", "steps", "denoise")
    node["inputs"] += [{"name": name, "type": "*", "widget": {"name": name}, "link": None} for name in names]
    check(read(workflow))


def test_a_widget_whose_link_leads_nowhere_is_unknown():
    workflow = plain(_6=box(6, "SomeSeeds", [1, 2, 3], ["INT"], mode=2), _5=sampler(seed=(6, 0)))
    recipe = read(workflow)
    assert (recipe.settings.seed, recipe.unknown) == (None, ("seed",))


def broadcast(kept):
    """Model, CLIP and both prompts go to every open input."""
    workflow = plain(
        _2=box(2, "CLIPTextEncode", [GOOD], ["CONDITIONING"], clip=None),
        _3=box(3, "CLIPTextEncode", [BAD], ["CONDITIONING"], clip=None),
        _5=sampler(model=None, positive=None, negative=None),
        _6=box(6, "Anything Everywhere3", [], MODEL=(1, 0), CLIP=(1, 1)),
        _7=box(7, "Prompts Everywhere", [], CONDITIONING=(2, 0), CONDITIONING_=(3, 0)),
    )
    if kept:
        rows = [(5, 0, 1, 0), (5, 1, 2, 0), (5, 2, 3, 0), (2, 0, 1, 1), (3, 0, 1, 1)]
        names = ("downstream", "downstream_slot", "upstream", "upstream_slot")
        workflow["extra"] = {"ue_links": [dict(zip(names, row, strict=True)) for row in rows]}
        workflow["nodes"] = [entry for entry in workflow["nodes"] if entry["id"] not in (6, 7)]
    return workflow


@pytest.mark.parametrize("kept", [True, False])
def test_broadcasts(kept):
    check(read(broadcast(kept)))


def test_broadcasts_to_inputs_by_name():
    workflow = plain(
        _5=sampler(positive=None, negative=None),
        _6=box(6, "Anything Everywhere?", [".*", "^positive$"], anything=(2, 0)),
        _7=box(7, "Anything Everywhere?", ["KSampler", "negative"], anything=(3, 0)),
    )
    check(read(workflow))


def subgraph(*, values=(), proxies=(), widgets=True, linked=None):
    """A sampler and its prompt in a subgraph that shows prompt and steps outside."""
    inner = connect(
        [
            box(2, "CLIPTextEncode", ["the template's words"], ["CONDITIONING"], clip=None),
            box(5, "KSampler", [7, "fixed", 8, *RUN[3:]], ["LATENT"], positive=(2, 0)),
        ]
    )
    inner["links"] = [
        {"id": row[0], "origin_id": row[1], "origin_slot": row[2], "target_id": row[3], "target_slot": row[4]}
        for row in inner["links"]
    ]
    for slot, (name, target) in enumerate(
        [
            ("text", 2),
            ("steps", 5),
            ("seed", 5),
            ("model", 5),
            ("clip", 2),
            ("negative", 5),
            ("latent_image", 5),
        ]
    ):
        node = next(entry for entry in inner["nodes"] if entry["id"] == target)
        node["inputs"] = [item for item in node["inputs"] if item["name"] != name]
        node["inputs"].append({"name": name, "link": 100 + slot})
        inner["links"].append(
            {"id": 100 + slot, "origin_id": -10, "origin_slot": slot, "target_id": target, "target_slot": 9}
        )
    inner["links"].append({"id": 200, "origin_id": 5, "origin_slot": 0, "target_id": -20, "target_slot": 0})
    names = ("text", "steps", "seed", "model", "clip", "negative", "latent_image")
    types = {"text": "STRING", "steps": "INT", "seed": "INT"}
    inner |= {"id": "5ub6-7a9h", "inputs": [{"name": name, "type": types.get(name, "*")} for name in names]}
    outer = box(
        50,
        "5ub6-7a9h",
        values,
        ["LATENT"],
        text=linked,
        steps=None,
        seed=None,
        model=(1, 0),
        clip=(1, 1),
        negative=(3, 0),
        latent_image=(4, 0),
    )
    for item in outer["inputs"][: 3 if widgets else 0]:
        item["widget"] = {"name": item["name"]}
    outer["properties"] = {"proxyWidgets": list(proxies)}
    workflow = plain(_2=None, _5=outer, _8=box(8, "VAEDecode", [], ["IMAGE"], samples=(50, 0), vae=(1, 2)))
    return {**workflow, "definitions": {"subgraphs": [inner]}}


SUBGRAPHS = {
    "widgets by place": {"values": [GOOD, 17, 41]},
    "widgets by type": {"values": [GOOD, 17, 41], "widgets": False},
    "widgets by name": {
        "values": [17, 41, GOOD],
        "proxies": [["-1", "steps"], ["5", "seed"], ["-1", "text"]],
    },
}


@pytest.mark.parametrize("name", SUBGRAPHS)
def test_what_a_subgraph_shows_outside_is_what_ran(name):
    check(read(subgraph(**SUBGRAPHS[name])))


def test_a_subgraph_without_outer_values_runs_its_own():
    settings = read(subgraph()).settings
    assert (settings.prompt, settings.steps, settings.seed) == ("the template's words", 8, 7)


def test_subgraphs_of_one_definition_keep_apart_and_may_hold_each_other():
    workflow = subgraph(values=[GOOD, 17, 41])
    inside = {
        "id": "outer",
        "inputs": [],
        "nodes": [box(77, "5ub6-7a9h", [GOOD, 17, 41], ["LATENT"])],
        "links": [{"id": 1, "origin_id": 77, "origin_slot": 0, "target_id": -20, "target_slot": 0}],
    }
    workflow["definitions"]["subgraphs"].append(inside)
    workflow["nodes"].append({"id": 60, "type": "outer", "inputs": [], "outputs": []})
    check(read(workflow))


def test_a_subgraph_that_holds_itself_ends():
    inner = {
        "id": "ring",
        "inputs": [],
        "links": [],
        "nodes": [{"id": 1, "type": "ring"}, {"id": 2, "type": "ring"}],
    }
    workflow = plain(_6={"id": 6, "type": "ring", "inputs": [], "outputs": []})
    check(read({**workflow, "definitions": {"subgraphs": [inner]}}))


def test_group_nodes_of_older_editors():
    encode = {
        "type": "CLIPTextEncode",
        "inputs": [{"name": "clip", "type": "CLIP"}],
        "outputs": [{"name": "CONDITIONING"}],
    }
    group = {
        "nodes": [
            {**encode, "widgets_values": ["the template's words"]},
            {**encode, "widgets_values": ["the template's other words"]},
            {
                "type": "CLIPSetLastLayer",
                "inputs": [{"name": "clip"}],
                "outputs": [{"name": "CLIP"}],
                "widgets_values": [-1],
            },
        ],
        "links": [[2, 0, 0, 0, 1, "CLIP"], [2, 0, 1, 0, 1, "CLIP"]],
        "external": [],
    }
    workflow = plain(
        _2=box(2, "workflow>Both", [GOOD, BAD, -2], ["CONDITIONING", "CONDITIONING"], clip=(1, 1)),
        _3=None,
        _5=sampler(negative=(2, 1)),
    )
    check(read({**workflow, "extra": {"groupNodes": {"Both": group}}}))


def test_outputs_of_the_workflow_name_those_of_the_api_graph():
    workflow = plain(
        _6=box(6, "Nobody knows this pack", [], ["BUNDLE"], model=(1, 0), positive=(2, 0), negative=(3, 0)),
        _7=box(7, "Nobody knows this unpack", [], ["NEGATIVE", "POSITIVE"], my_pipe=(6, 0)),
        _5=sampler(positive=(7, 1), negative=(7, 0)),
    )
    api = {str(entry["id"]): {"class_type": entry["type"], "inputs": {}} for entry in workflow["nodes"]}
    links = {row[0]: [str(row[1]), row[2]] for row in workflow["links"]}
    for entry in workflow["nodes"]:
        inputs = api[str(entry["id"])]["inputs"]
        inputs |= widgets_of(entry)
        inputs |= {item["name"]: links[item["link"]] for item in entry["inputs"] if item["link"]}
    texts = {"prompt": json.dumps(api), "workflow": json.dumps(workflow)}
    check(from_texts(texts))


def test_what_a_node_showed_stands_for_a_text_that_was_written_while_it_ran():
    workflow = plain(
        _20=box(20, "Florence2Run", ["m", "caption", 3], ["STRING"], image=None),
        _21=box(21, "ShowText|pysssss", [[GOOD]], ["STRING"], text=(20, 0)),
        _2=box(2, "CLIPTextEncode", [""], ["CONDITIONING"], clip=(1, 1), text=(21, 0)),
    )
    check(read(workflow))


def test_wildcards_of_a_workflow():
    values = ["a {kiln|pit}", GOOD, "populate", "Select", "Select", 3, "fixed"]
    encode = box(
        2,
        "ImpactWildcardEncode",
        values,
        ["MODEL", "CLIP", "CONDITIONING", "STRING"],
        model=(1, 0),
        clip=(1, 1),
    )
    check(read(plain(_2=encode, _5=sampler(positive=(2, 2)))))


def test_power_loras_of_a_workflow():
    loras = [None, {"type": "header"}, {"on": True, "lora": "a.safetensors", "strength": 0.3}, None]
    node = box(6, "Power Lora Loader (rgthree)", loras, ["MODEL", "CLIP"], model=(1, 0), clip=(1, 1))
    recipe = read(plain(_6=node, _5=sampler(model=(6, 0))))
    assert recipe.model.loras == (Addon("a.safetensors", 0.3),)


@pytest.mark.parametrize("key", ["UserComment", "comment", "Description", "any"])
def test_a_graph_that_is_a_whole_comment(key):
    settings = from_texts({key: json.dumps({**GRAPH, "extra": {}, "extraMetadata": "{}"})}).settings
    assert (settings.prompt, settings.seed) == ("a harbour, boats", 77)
    both = json.dumps({"prompt": json.dumps(GRAPH), "workflow": workflow_of(GRAPH)})
    assert from_texts({key: both}).settings.seed == 77


def broken(value, dice):
    """Put something of another shape somewhere into a JSON value."""
    if dice.random() < 0.02:
        return dice.choice([None, 7, -1, "x", [], {}, [[]], {"a": 1}, True, 1.5, ["5", 0], [{}, {}]])
    if isinstance(value, dict):
        return {key: broken(item, dice) for key, item in value.items()}
    return [broken(item, dice) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", range(120))
def test_damaged_workflows_raise_nothing(seed):
    dice = random.Random(seed)
    group = {
        "nodes": [{"type": "CLIPTextEncode", "widgets_values": ["a"]}],
        "links": [[0, 0, 0, 0]],
        "external": [[0, 0]],
    }
    sources = [subgraph(values=[GOOD, 17, 41]), broadcast(kept=True), broadcast(kept=False)]
    workflow = broken(
        {**sources[seed % 3], "extra": {"groupNodes": {"g": group}, **sources[seed % 3].get("extra", {})}},
        dice,
    )
    recipe = from_texts({"workflow": json.dumps(workflow), "prompt": json.dumps(broken(GRAPH, dice))})
    from_texts({"workflow": json.dumps(workflow)})
    assert recipe is None or recipe.platform.tool == "comfyui"
