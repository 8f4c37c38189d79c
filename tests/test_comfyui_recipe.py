"""A picture made again from the ComfyUI graph in its recipe: exactly, only where trusted, never by a path."""

from __future__ import annotations

import io
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("httpx", reason="needs the extra api")

from promptcodec import decoding
from promptcodec.errors import GeneratorError, MissingError, UsageError
from promptcodec.generators.comfyui import paths, regenerate
from promptcodec.generators.watching import Watch
from promptcodec.recipe import Addon, ModelInfo, Platform, Recipe
from promptcodec.recipe.read import read
from promptcodec.testing.comfyui import serve

sys.path.append(str(Path(__file__).parent))
from comfyui_servers import Server, conditions, draw, node, noticed, prompted, run, stream_of
from recipe_files import with_texts

HOSTILE = {
    "/etc/passwd", "//host/share", "C:\\Users\\x", "c:/x", "\\\\host\\share\\x", "..", "../x", "a/../../x",
    "a\\..\\x", " ../x", "~/x", "~root/x", "$HOME/x", "${HOME}/x", "%USERPROFILE%\\x", "%AppData%",
    "%temp%/x", "http://evil.example/x", "file:///etc/passwd", "FILE:/etc/passwd", "data:text/plain,x",
    "\\x", "a\0b", "\uff0fetc/passwd", "\u2025/x", '"/etc/passwd"', "'..\\x'",
}  # fmt: skip
HARMLESS = {
    "ComfyUI", "old/kiln", "%date:yyyy-MM-dd%/kiln_%KSampler.seed%", "%time_%seed", "a..b", "...", "a b/c d",
    "SDXL\\base.safetensors", "x %HOME%",
}  # fmt: skip


@pytest.fixture(scope="module", params=[True, False], ids=["jobs", "without-jobs"])
def server(request, tmp_path_factory):
    log = tmp_path_factory.mktemp("comfyui") / "log.jsonl"
    with serve(log=log, jobs=request.param) as url:
        yield Server(url, log)


@pytest.fixture(scope="module")
def original(server):
    return run(server.url, prompted({}))


def again(server, data, watch=None, **options):
    watch = watch or Watch()
    return decoding.decode(data, generator=f"comfyui:{server.url}", trust_recipe=True, watch=watch, **options)


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture)) if isinstance(picture, bytes) else picture)


def carried(graph):
    """A recipe that carries a graph, as it is read of a picture."""
    return read(with_texts(prompt=json.dumps(graph)))


def test_the_picture_and_its_recipe_come_back_exactly(server, original):
    notes = []
    decoded = again(server, stream_of(original), Watch(lambda progress: notes.append(progress.note)))
    assert np.array_equal(pixels(decoded.image), pixels(original))
    about = decoded.report.provenance
    assert about["regenerated"] == "yes"
    assert about["comfyui"] == "0.3.76"
    assert about["model"] == "loopback-sd15.safetensors"
    assert "same_recipe" not in about
    (note,) = filter(None, notes)
    assert note.startswith("runs the recipe's nodes: CLIPTextEncode (2), CheckpointLoaderSimple, EmptyLatent")
    assert server.graph() == regenerate.graph_of(read(original))


def test_without_trust_the_words_are_drawn_and_the_nodes_named(server, original):
    decoded = decoding.decode(stream_of(original), generator=f"comfyui:{server.url}?area=64x64")
    sent = server.graph()
    assert node(sent, "positive")["text"] == "kiln, in/out ice"
    assert node(sent, "negative")["text"] == "mud"
    assert "regenerated" not in decoded.report.provenance
    (notice,) = decoded.report.warnings
    assert re.match(r"drawn from words and layers.*graph of 7 nodes.*KSampler.*only where", str(notice))
    assert "--trust-recipe" in notice.hint


def test_without_trust_and_words_nothing_reaches_the_server(server):
    graph = prompted({})
    graph["2"]["inputs"]["text"] = graph["3"]["inputs"]["text"] = ""
    before = server.lines()
    bare = conditions(recipe=carried(graph), description=None, texture=None, structure=None)
    with pytest.raises(UsageError, match=r"nothing to draw from but .* graph of 7 nodes.*KSampler") as caught:
        draw(server.url, bare)
    assert "--trust-recipe" in caught.value.hint
    assert server.lines() == before


def test_the_command_line_says_how_it_is_allowed(server, original, cli):
    Path("kiln.pxt").write_bytes(stream_of(original))
    asked = ("decode", "kiln.pxt", "-o", "kiln.png", "--generator", f"comfyui:{server.url}?area=64x64")
    status, _, errors = cli(*asked)
    assert status == 0
    assert "--trust-recipe runs it" in errors
    assert "KSampler" in errors
    assert cli(*asked, "--trust-recipe", "--overwrite")[0] == 0
    assert np.array_equal(pixels(Path("kiln.png").read_bytes()), pixels(original))
    assert '"regenerated": "yes"' in Image.open("kiln.png").info["promptcodec"]


def test_an_editors_workflow_alone_is_not_run(server):
    recipe = carried({"nodes": [{"id": 1, "type": "KSampler"}], "links": [], "version": 0.4})
    assert regenerate.graph_of(recipe) is None
    assert noticed(server.url, conditions(recipe=recipe)) == []
    (notice,) = noticed(server.url, conditions(recipe=recipe, trust_recipe=True))
    assert "carries no ComfyUI graph in API format" in notice
    (notice,) = noticed(server.url, conditions(recipe=replace(recipe, chunks=()), trust_recipe=True))
    assert "its fields alone were stored, not its graph" in notice


def test_of_several_pictures_the_one_of_the_stream_is_taken(server):
    small = {
        "14": {"class_type": "EmptyLatentImage", "inputs": {"width": 32, "height": 32, "batch_size": 1}},
        "19": {"class_type": "SaveImage", "inputs": {"images": ["18", 0], "filename_prefix": "small"}},
    }
    graph = prompted(small)
    graph["15"] = {**graph["5"], "inputs": {**graph["5"]["inputs"], "latent_image": ["14", 0], "seed": 5}}
    graph["18"] = {**graph["8"], "inputs": {**graph["8"]["inputs"], "samples": ["15", 0]}}
    graph["4"]["inputs"]["batch_size"] = 3
    outcome, _ = draw(server.url, conditions(size=(32, 32), recipe=carried(graph), trust_recipe=True))
    alone = prompted({"4": small["14"]})
    alone["5"]["inputs"]["seed"] = 5
    assert np.array_equal(pixels(outcome), pixels(run(server.url, alone)))


def test_of_a_batch_the_picture_nearest_to_the_texture_is_taken(server):
    graph = prompted({})
    graph["4"]["inputs"]["batch_size"] = 3
    for number in range(3):
        wanted = pixels(run(server.url, graph, number))
        thumbnail = Image.fromarray(wanted).resize((16, 12))
        given = conditions(size=(64, 48), recipe=carried(graph), trust_recipe=True, texture=thumbnail)
        assert np.array_equal(pixels(draw(server.url, given)[0]), wanted)


def test_a_picture_of_another_size_is_noticed_and_made_to_fit(server):
    given = conditions(size=(33, 21), recipe=carried(prompted({})), trust_recipe=True)
    assert draw(server.url, given)[0].size == (33, 21)
    assert noticed(server.url, given) == ["the graph drew 64x48, the stream's picture has 33x21"]


def test_a_recipe_that_the_server_changes_is_noticed(server):
    graph = prompted({})
    graph["5"]["inputs"]["steps"] = "17"  # the server makes it a number
    given = conditions(size=(64, 48), recipe=carried(graph), trust_recipe=True)
    assert draw(server.url, given)[1]["same_recipe"] == "no"
    assert noticed(server.url, given) == ["the recipe in the new picture differs from the stream's"]


def test_all_that_is_missing_is_named_at_once_with_hashes(server):
    graph = prompted(
        {
            "20": {"class_type": "Evil\x1b[2JNode", "inputs": {}},
            "21": {
                "class_type": "LoraLoader",
                "inputs": {
                    "model": ["1", 0],
                    "clip": ["1", 1],
                    "lora_name": "clay.safetensors",
                    "strength_model": 1,
                },
            },
        }
    )
    graph["1"]["inputs"]["ckpt_name"] = "sd/gone.safetensors"
    graph["5"]["inputs"] |= {"model": ["21", 0], "scheduler": "odd"}
    model = ModelInfo("gone.safetensors", "abcd1234", loras=(Addon("clay", hash="5e5e5e"),))
    chunks = carried(graph).chunks
    recipe = Recipe(Platform("comfyui"), model, chunks=chunks)
    with pytest.raises(MissingError) as caught:
        draw(server.url, conditions(recipe=recipe, trust_recipe=True))
    text = str(caught.value)
    for part in (
        r"the nodes Evil\x1b[2JNode",
        "ckpt_name 'sd/gone.safetensors' of CheckpointLoaderSimple, hash abcd1234",
        "lora_name 'clay.safetensors' of LoraLoader, hash 5e5e5e", "scheduler 'odd' of KSampler",
        "a value for strength_clip of LoraLoader (21)",
    ):  # fmt: skip
        assert part in text
    assert "\x1b" not in text


def test_the_same_file_in_another_folder_is_pointed_at(server):
    graph = prompted({})
    graph["1"]["inputs"]["ckpt_name"] = "loopback-xl.safetensors"
    with pytest.raises(MissingError, match=r"there is sdxl/loopback-xl\.safetensors"):
        draw(server.url, conditions(recipe=carried(graph), trust_recipe=True))


def test_paid_services_are_never_asked(server):
    graph = prompted({"20": {"class_type": "PaidImageNode", "inputs": {"prompt": "x"}}})
    with pytest.raises(UsageError, match=r"asks paid services.*PaidImageNode"):
        draw(server.url, conditions(recipe=carried(graph), trust_recipe=True))


@pytest.mark.parametrize("value", sorted(HOSTILE))
def test_paths_and_addresses_are_refused_where_a_file_is_named(value):
    for key in ("filename_prefix", "path", "imageFolder", "file_paths", "base_dir", "savepath"):
        graph = {"1": {"class_type": "Any", "inputs": {key: value}}}
        assert paths.refused(graph, {}), key
    info = {"Any": {"input": {"required": {"ckpt": [["x"]], "net": ["COMBO", {"options": ["x"]}]}}}}
    for key in ("ckpt", "net"):
        assert paths.refused({"1": {"class_type": "Any", "inputs": {key: value}}}, info), key
    nested = {"1": {"class_type": "Any", "inputs": {"row": {"on": True, "lora_path": [value]}}}}
    assert paths.refused(nested, {})
    assert paths.refused({"1": {"class_type": "Any", "inputs": {"file": {"__value__": value}}}}, {})


@pytest.mark.parametrize("value", sorted(HARMLESS))
def test_names_inside_the_folders_stay(value):
    info = {"Any": {"input": {"required": {"ckpt": [["x"]]}}}}
    for key in ("filename_prefix", "ckpt", "text"):
        assert paths.refused({"1": {"class_type": "Any", "inputs": {key: value}}}, info) == []


@pytest.mark.parametrize(
    "text",
    ["a cat / a dog", "24/7 diner, and/or", "one\n../two\n/three", "see http://x.example now", "~*~", "/ "],
)
def test_prompts_keep_their_slashes(text):
    assert paths.refused({"1": {"class_type": "CLIPTextEncode", "inputs": {"text": text}}}, {}) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("base_url", "x.example"), ("host", "10.0.0.1"), ("api_key", "k"), ("server_address", "a:1"),
        ("auth_token", "t"), ("webhook", "x"), ("text", "http://evil.example/x"), ("value", "C:\\a b\\c"),
        ("text", "../../x"), ("video", '"/etc/passwd"'), ("video", "/home/a b/c"), ("video", "../a b"),
        ("video", "~/.ssh/id"), ("text", "$HOME/x"), ("imageurl", "x"), ("images", "/a/b"),
        ("filename_prefix", ["2", 0]), ("url", ["2", 0]),
    ],
)  # fmt: skip
def test_addresses_secrets_and_computed_names_are_refused(key, value):
    assert paths.refused({"1": {"class_type": "Any", "inputs": {key: value}}}, {})


def test_what_is_no_address_is_not_refused():
    inputs = {
        "token_normalization": "none",
        "import_mode": "x",
        "report": "y",
        "profile": "/x",
        "images": ["2", 0],
        "seed": 1,
    }
    assert paths.refused({"1": {"class_type": "Any", "inputs": inputs}}, {}) == []


def test_halves_of_characters_are_not_sent(server):
    graph = prompted({})
    graph["2"]["inputs"]["text"] = "\ud800"
    with pytest.raises(UsageError, match="halves of characters"):
        draw(server.url, conditions(recipe=carried(graph), trust_recipe=True))


def test_classes_that_deserve_a_look_are_shown_first():
    graph = prompted({"20": {"class_type": "ZRunsCode\x1b", "inputs": {}}})
    assert "stream: ZRunsCode\\x1b, CLIPTextEncode (2), " in str(regenerate.need_trust(graph))
    many = {str(number): {"class_type": f"Node{number}", "inputs": {}} for number in range(999)}
    refusal = regenerate.need_trust(many)
    assert "and 987 more" in str(refusal)
    assert len(f"{refusal}; {refusal.hint}") < 600  # what the command line shows
    assert regenerate.classes(many).count("Node") == 200


def test_a_hostile_graph_never_gets_to_the_queue(server):
    graph = prompted({})
    graph["9"]["inputs"]["filename_prefix"] = "../../.ssh/authorized_keys"
    asked = sum(line.get("path", "").endswith("/prompt") for line in server.lines())
    with pytest.raises(UsageError, match="filename_prefix of SaveImage"):
        draw(server.url, conditions(recipe=carried(graph), trust_recipe=True))
    assert sum(line.get("path", "").endswith("/prompt") for line in server.lines()) == asked


@pytest.mark.parametrize("link", [["5", 0], ["404", 0], ["1", 9]])
def test_a_graph_that_is_no_graph_is_refused_by_the_server(server, link):
    graph = prompted({})
    graph["5"]["inputs"]["latent_image"] = link
    with pytest.raises(GeneratorError, match="refused the graph"):
        draw(server.url, conditions(recipe=carried(graph), trust_recipe=True))


def test_real_graphs_hold_nothing_that_is_refused(data_folder):
    samples = sorted((data_folder / "metadata_samples" / "comfyui").glob("comfyui*"))[:12]
    graphs = [graph for path in samples if (graph := regenerate.graph_of(read(path.read_bytes())))]
    assert len(graphs) > 8
    assert [bad for graph in graphs for bad in paths.refused(graph, {})] == []
