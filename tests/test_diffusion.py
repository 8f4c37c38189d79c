"""Pipelines of diffusers before any is loaded: profiles, the hub's folder, what is said of them."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from promptcodec import plugins
from promptcodec.description import Cell, Description
from promptcodec.doctor import extras
from promptcodec.errors import GeneratorError, MissingError, UsageError
from promptcodec.generators import Conditions
from promptcodec.generators.diffusion import create, fetch, pipelines, plan, profiles, store
from promptcodec.generators.diffusion.generator import _picture

WORDS = Description("photo", 1, 1, (Cell(colours=("red",), text="apple"),), summary="a red apple")
FAMILIES = ("sdxl", "sd14", "sd15", "z-image", "klein")
SIXTH = """
[generators.dreamshaper]
use = "diffusers"
repository = "SimianLuo/LCM_Dreamshaper_v7"
licence = "MIT"
steps = 4
guidance = 8.0
area = 262144
multiple = 64
texture = "image"

[generators.dreamshaper.classes]
image = "LatentConsistencyModelImg2ImgPipeline"

[generators.quick]
use = "diffusers"
variant = "sd15"
steps = 12
"""
PICTURE = Conditions((96, 64), 7, WORDS, structure=Image.new("L", (96, 64)), layer_bytes={"structure": 90})


@pytest.fixture(autouse=True)
def _apart(monkeypatch, tmp_path):
    """Give each test a hub's folder and a configuration of its own."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("PROMPTCODEC_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").write_text(SIXTH)


@pytest.mark.parametrize("name", FAMILIES)
def test_shipped_profiles_can_be_read(name):
    profile = profiles.read({"variant": name})
    assert profile.name == name
    assert profile.weights.licence
    assert profile.weights.size > 1e9
    for control in profile.controls:
        assert control.weights.licence
        assert control.weights.size


def test_the_default_is_sdxl():
    assert profiles.read({}) == profiles.read({"variant": "sdxl"})
    assert profiles.shipped()[0] == profiles.DEFAULT


def test_entries_replace_those_of_a_profile():
    profile = profiles.read({"variant": "sd15", "steps": "12", "dtype": "float32"})
    assert (profile.steps, profile.dtype, profile.weights.file_variant) == (12, "float32", "fp16")


def test_another_model_keeps_nothing_of_the_shipped_one():
    weights = profiles.read({"variant": "sd15", "repository": "a/b"}).weights
    assert (weights.licence, weights.size, weights.file_variant, weights.revision) == ("", 0, "", "main")
    assert profiles.read({"variant": "sd15", "path": "/models/mine"}).weights.name == "mine"


@pytest.mark.parametrize("spec", ["diffusers:dreamshaper", "dreamshaper"])
def test_a_sixth_family_is_one_entry(spec):
    (row,) = plugins.create("generators", spec).examine()
    assert row.licence == "MIT"
    assert row.name == "diffusers:dreamshaper"
    assert "python -m promptcodec.generators.diffusion.fetch dreamshaper" in row.why
    entries = plugins.resolve("generators", "dreamshaper")[1]
    profile = profiles.read(entries)
    assert profile.pipeline("image") == "LatentConsistencyModelImg2ImgPipeline"
    # It has no class for words alone: they are drawn from grey, as much noise as there is.
    drawn = plan.plan(profile, Conditions((96, 64), 7, WORDS))
    assert (drawn.kind, drawn.steps) == ("image", 4)
    assert drawn.image.getcolors() == [(drawn.size[0] * drawn.size[1], plan.GREY)]


def test_the_configuration_may_change_a_shipped_profile():
    assert plugins.create("generators", "diffusers:quick").examine()[0].name == "diffusers:quick"
    assert profiles.read({"variant": "quick"}).steps == 12
    assert profiles.read({"variant": "quick", "steps": "3"}).steps == 3


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({"variant": "nobody"}, "no profile"),
        ({"steps": "many"}, "steps cannot be 'many'"),
        ({"steps": "0"}, "cannot be drawn"),
        ({"guidance": "nan"}, "cannot be drawn"),
        ({"area": "1e30"}, "area cannot be '1e30'"),
        ({"controls": [1]}, "controls cannot be 1"),
        ({"controls": 5}, "controls cannot be 5"),
        ({"tiny": "taesd"}, "tiny cannot be 'taesd'"),
        ({"arguments": [1]}, "arguments cannot be"),
        ({"classes": {"text": 5}, "path": "x"}, "the class for text cannot be 5"),
        ({"pickled": "no"}, "pickled cannot be 'no'"),
        ({"colour": "red"}, "unknown entry 'colour'"),
        ({"texture": "eaten"}, "texture='eaten' is none of image"),
        ({"classes": "{'text': 'A'}"}, "neither a repository nor a path"),
        ({"classes": "{'control': 'A'}", "path": "x"}, "neither for text nor for an image"),
        ({"classes": "__import__('os')", "path": "x"}, "cannot be"),
        ({"controls": "[{'layer': 'edges'}]"}, "lacks the entry 'model'"),
    ],
)
def test_what_is_wrong_in_a_profile_is_named(entries, why):
    with pytest.raises(UsageError, match=why):
        profiles.read(entries)


def test_a_model_that_does_not_fit_is_moved_part_by_part():
    assert pipelines.fits(10**9, None)
    assert pipelines.fits(10**9, 2 * 10**9)
    assert not pipelines.fits(10**9, 10**9)


def whole(folder, variant="fp16"):
    """Write what a pipeline of one model leaves in a folder, without the weights."""
    (folder / "unet").mkdir(parents=True)
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "A", "unet": ["diffusers", "B"]}))
    (folder / "unet" / "config.json").write_text("{}")
    return folder / "unet" / f"diffusion_pytorch_model.{variant}.safetensors"


def test_a_model_is_here_when_all_its_weights_are(tmp_path):
    weights = profiles.read({"variant": "sd15"}).weights
    model = tmp_path / "hub" / "models--stable-diffusion-v1-5--stable-diffusion-v1-5"
    (model / "refs").mkdir(parents=True)
    (model / "refs" / "main").write_text("abc")
    file = whole(model / "snapshots" / "abc")
    assert "begun, but unet has no weights named *.fp16.safetensors" in store.about(weights)
    (file.parent / "diffusion_pytorch_model.bin").touch()
    assert "but pickles, which are never opened" in store.lacks(weights)
    # The hub's client links what it has; one that was not fetched, or only begun, leads nowhere.
    file.symlink_to(model / "blobs" / "x")
    assert store.lacks(weights)
    file.unlink()
    file.touch()
    assert store.locate(weights) == model / "snapshots" / "abc"
    assert store.lacks(replace(weights, file_variant=""))
    index = file.parent / "diffusion_pytorch_model.safetensors.index.fp16.json"
    index.write_text(json.dumps({"weight_map": {"a": "one", "b": "two"}}))
    (file.parent / "one").touch()
    assert store.lacks(weights) == "unet lacks two"
    (file.parent / "two").touch()
    assert not store.lacks(weights)
    index.unlink()
    file.rename(file.parent / "diffusion_pytorch_model-00001-of-00002.fp16.safetensors")
    assert store.lacks(weights)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"unet": ["diffusers", "A"]}', "\xff"])
def test_a_folder_that_cannot_be_read_lacks_something(tmp_path, text):
    (tmp_path / "model_index.json").write_bytes(text.encode("latin-1"))
    row = create({"variant": "sd15", "path": str(tmp_path)}).examine()[0]
    assert not row.ok
    assert store.lacks(profiles.read({"variant": "sd15", "path": str(tmp_path)}).weights)
    assert not create({"variant": "sd15", "path": str(tmp_path / "model_index.json")}).examine()[0].ok


def test_the_hub_s_folder_is_where_its_client_has_it(monkeypatch, tmp_path):
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert store.hub() == tmp_path / "hub"
    monkeypatch.setenv("HF_HOME", "$SOMEWHERE/hf")
    monkeypatch.setenv("SOMEWHERE", str(tmp_path))
    assert store.hub() == tmp_path / "hf" / "hub"
    monkeypatch.delenv("HF_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert store.hub() == tmp_path / "huggingface" / "hub"


def test_all_shipped_profiles_are_examined():
    rows = plugins.create("generators", "diffusers").examine()
    assert [row.name for row in rows] == [f"diffusers:{name}" for name in profiles.shipped()]
    own = rows.pop()
    # It comes with promptcodec: only libraries may be missing.
    assert own.name == "diffusers:tiny"
    assert own.ok == (not pipelines.lacking())
    assert own.licence == "Apache-2.0 AND MIT"
    for row in rows:
        assert not row.ok
        assert "python -m promptcodec" in row.why
        assert len(row.why) < 200
        assert row.licence
        assert row.size
    # Edges and poses are controls of one model, which is counted once.
    assert rows[0].size == 6_940_000_000 + 2_510_000_000


def test_what_is_missing_is_said_at_once(monkeypatch):
    drawing = plugins.create("generators", "diffusers")
    monkeypatch.setattr(pipelines, "lacking", lambda: "torch is not installed")
    assert "pip install 'promptcodec[diffusers]' (torch is not installed)" in drawing.examine()[0].why
    with pytest.raises(MissingError) as caught:
        drawing.generate(PICTURE)
    for text in (
        "torch is not installed: pip install 'promptcodec[diffusers]'",
        "stable-diffusion-xl-base-1.0 (6.94 GB; CreativeML",
        "(2.51 GB; Apache-2.0)",
        "python -m promptcodec.generators.diffusion.fetch sdxl",
    ):
        assert text in str(caught.value)


def test_libraries_that_are_too_old_are_named(monkeypatch):
    monkeypatch.setattr(extras.facts, "version", lambda name: {"diffusers": "0.30.1"}.get(name, "99.0"))
    assert pipelines.lacking() == "diffusers 0.30.1 is not >=0.42"


@pytest.mark.parametrize("error", ["ImportError", "OSError"])
def test_a_broken_library_is_named(monkeypatch, tmp_path, error):
    monkeypatch.setattr(pipelines, "lacking", list)
    monkeypatch.setattr(store, "missing", lambda *_: "")
    for name in ("torch", "diffusers", "transformers"):
        monkeypatch.delitem(sys.modules, name, raising=False)
        (tmp_path / f"{name}.py").write_text(f"raise {error}('libcudart.so.12: cannot open it')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingError, match=r"cannot be imported: libcudart.so.12.*--force-reinstall"):
        plugins.create("generators", "diffusers").generate(PICTURE)


def test_a_local_folder_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(pipelines, "lacking", list)
    with pytest.raises(MissingError, match="put a folder as save_pretrained"):
        create({"variant": "sd15", "path": str(tmp_path / "none")}).generate(PICTURE)


def test_files_of_half_precision_in_a_folder_of_one_s_own(tmp_path):
    whole(tmp_path / "mine").touch()
    entries = {"variant": "sd15", "path": str(tmp_path / "mine"), "controls": []}
    assert not create(entries).examine()[0].ok
    assert (
        create(entries | {"file_variant": "fp16"})
        .examine()[0]
        .why.startswith(("draws with mine", "pip install"))
    )


def test_a_name_that_is_no_profile_s_cannot_be_fetched(capsys, tmp_path):
    assert fetch.main(["nobody"]) == 2
    assert "no profile of diffusers is called 'nobody'" in capsys.readouterr().err
    (tmp_path / "config.toml").write_text("[generators.mine]\nuse='diffusers'\npath='/none'\n")
    assert fetch.main(["mine"]) == 4
    assert "put a folder as save_pretrained writes it" in capsys.readouterr().err


def test_what_is_no_picture_is_an_error_with_the_way_out():
    torch_s = SimpleNamespace(profile=profiles.read({"variant": "sdxl"}), dtype="torch.float16")
    grey = np.full((8, 8, 3), 0.5, np.float32)
    assert _picture(torch_s, grey, flagged=False).getpixel((0, 0)) == (128, 128, 128)
    # Night is black, and no fault.
    assert _picture(torch_s, grey * 0, flagged=False).getbbox() is None
    grey[3, 3] = np.nan
    with pytest.raises(GeneratorError, match="float16: give the profile dtype=float32"):
        _picture(torch_s, grey, flagged=False)
    torch_s.dtype = "torch.float32"
    with pytest.raises(GeneratorError, match="weights are damaged"):
        _picture(torch_s, grey, flagged=False)
    with pytest.raises(GeneratorError, match="safety checker"):
        _picture(torch_s, grey, flagged=True)
