"""A picture that was made again from a recipe: it means the same, and what was otherwise is named."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from promptcodec import check, decode, decoding, encode, plugins
from promptcodec.checks import recaption, run, wrong
from promptcodec.checks.layers import create as create_layers
from promptcodec.checks.regeneration import RegenerationCheck, same
from promptcodec.errors import UsageError
from promptcodec.generators import Conditions
from promptcodec.recipe import SILENT, ModelInfo, Platform, Recipe, Settings, keep, kept_in, read

PARAMETERS = (
    "a red house by the sea\nNegative prompt: fog\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: {seed}, Size: 96x64, "
    "Model hash: {hash}, Model: sea, Version: {version}"
)
RECORDED = PARAMETERS.format(seed=5, hash="abcdef0123", version="v1.9.4")
ELSEWHERE = PARAMETERS.format(seed=5, hash="0123456789", version="v1.10.1")


def picture(hue=0, size=(96, 64)):
    """Give a house under a sky, in colours turned by ``hue``."""
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[:40] = (90, 150, 220)
    pixels[40:] = (40, 90, 60)
    pixels[20:50, 30:60] = (200, 40, 30)
    return Image.fromarray(np.roll(pixels, hue, axis=2)).resize(size, Image.Resampling.NEAREST)


def png(image, parameters=None):
    file, info = io.BytesIO(), PngImagePlugin.PngInfo()
    if parameters:
        info.add_text("parameters", parameters)
    image.save(file, "PNG", pnginfo=info)
    return file.getvalue()


@pytest.fixture(scope="module")
def stream():
    layers = ("semantic", "texture", "signature", "recipe")
    return encode(png(picture(), RECORDED), layers=layers, budget=600)


@pytest.fixture(scope="module")
def bare_recipe():
    return encode(png(picture(), RECORDED), recipe="only")


def fields(report):
    return {field.name: field for field in report.fields if field.aim == "again"}


def test_the_same_picture_from_the_same_recipe(stream):
    report = check(stream, png(picture(), RECORDED))
    assert report.verdict == "pass"
    assert "recipe" in report.compared
    assert "means the same; all that both record is the same" in report.again
    assert "pixels may differ" in report.again
    known = [field.closeness for field in fields(report).values() if field.closeness is not None]
    assert len(known) > 8
    assert min(known) > 0.9
    assert report.to_json()["again"] == report.again


def test_another_platform_is_named_and_moves_no_score(stream):
    silent = check(stream, png(picture()))
    report = check(stream, png(picture(), ELSEWHERE))
    assert "means the same; otherwise than recorded: version v1.10.1 for v1.9.4" in report.again
    assert "model hash 0123456789 for abcdef0123" in report.again
    assert (report.score, report.aims, report.verdict) == (silent.score, silent.aims, silent.verdict)
    assert fields(report)["recorded version"].closeness == 0
    assert silent.again == ""
    assert "again" not in silent.to_json()
    assert not fields(silent)


def test_another_picture_from_the_same_recipe_does_not_mean_the_same(stream):
    report = check(stream, png(picture(hue=1).transpose(Image.Transpose.FLIP_TOP_BOTTOM), RECORDED))
    assert report.verdict == "fail"
    assert "does not mean the same" in report.again
    assert fields(report)["again: colours"].closeness < 0.5


def test_what_generators_are_told_is_about_the_picture_alone(stream):
    report = check(stream, png(picture(hue=1), ELSEWHERE))
    assert "layer CIEDE2000" in wrong(report)
    assert "recorded" not in wrong(report)
    assert "again:" not in wrong(report)


def test_the_size_agrees_half_where_only_the_scale_is_another(stream):
    def size(shown):
        return fields(check(stream, png(picture(size=shown), RECORDED)))["again: size"].closeness

    assert [size((96, 64)), size((192, 128)), size((64, 64))] == [1.0, 0.5, 0.0]


def test_a_recipe_alone_is_checked_on_pictures_made_from_it(bare_recipe):
    report = check(bare_recipe, png(picture(hue=1), ELSEWHERE))
    assert report.compared == ("recipe",)
    assert report.verdict == "pass"
    assert 0.5 < report.score < 1
    assert set(report.aims.values()) == {None}
    assert "nothing else in the stream says what it should show" in report.again
    other_seed = PARAMETERS.format(seed=6, hash="abcdef0123", version="v1.9.4")
    for shown in (png(picture()), png(picture(), other_seed)):
        with pytest.raises(UsageError, match="nothing that a picture could be checked"):
            check(bare_recipe, shown)


def test_pillow_images_bring_what_their_files_said(bare_recipe):
    with Image.open(io.BytesIO(png(picture(), RECORDED))) as image:
        assert kept_in(image) == read(png(picture(), RECORDED))
        assert check(bare_recipe, image).verdict == "pass"
    bare = keep(picture(), png(picture(), RECORDED)).resize((48, 32)).convert("RGB")
    assert kept_in(bare) == read(png(picture(), RECORDED))
    assert kept_in(picture()) is None
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + RECORDED.encode("utf-16-be")
    file = io.BytesIO()
    picture().save(file, "JPEG", exif=exif)
    with Image.open(file) as image:
        assert kept_in(image).settings.seed == 5


def test_tools_name_samplers_and_hashes_in_ways_of_their_own():
    first = Recipe(
        Platform("a1111"), ModelInfo("sea", "abcdef0123"), Settings("a house", sampler="Euler a", seed=5)
    )
    second = Recipe(
        Platform("comfyui"),
        ModelInfo("sea.safetensors", "ABCDEF012345"),
        Settings("a house", sampler="euler_ancestral", scheduler="normal", seed=5),
    )
    assert same(first, second)
    got = RegenerationCheck().compare(Conditions((96, 64), 0, recipe=first, again=second), picture())
    close = {field.name.removeprefix("recorded "): field.closeness for field in got}
    assert [close[name] for name in ("tool", "sampler", "model", "model hash", "seed")] == [0, 1, 1, 1, 1]
    assert not same(first, replace(second, settings=replace(second.settings, prompt="a ship")))
    assert not same(Recipe(Platform("a1111")), Recipe(Platform("a1111")))  # neither says anything
    assert not same(first, None)


def test_cells_stand_for_the_colour_map_where_there_is_no_other(stream):
    conditions = decoding.conditions(stream)
    words = replace(conditions, texture=None, signature=None, again=SILENT)
    checks = [create_layers({}), recaption.create({}), RegenerationCheck()]
    report = run(checks, words, picture())
    assert "again: colours" in fields(report)
    assert "again: embedding" not in fields(report)
    assert "means the same; the picture itself does not say how it was made; pixels" in report.again


class Server:
    """Draws as a server that runs recipes would: the house, with what the tool wrote in its metadata."""

    name = "server"

    def __init__(self, *, regenerated, parameters):
        self.parameters = parameters
        self.provenance = {"regenerated": "yes"} if regenerated else {}

    def generate(self, conditions, watch=None):
        return Image.open(io.BytesIO(png(picture(size=conditions.size), self.parameters)))


@pytest.fixture
def served(monkeypatch):
    def use(*, regenerated, parameters=ELSEWHERE):
        real = plugins.create

        def create(role, spec):
            if (role, spec) == ("generators", "server"):
                return Server(regenerated=regenerated, parameters=parameters)
            return real(role, spec)

        monkeypatch.setattr(plugins, "create", create)

    return use


def test_decoding_checks_what_was_made_again(stream, bare_recipe, served):
    served(regenerated=True)
    drawn = decode(stream, generator="server", trust_recipe=True, check=True).report.check
    assert "version v1.10.1 for v1.9.4" in drawn.again
    assert drawn.verdict == "pass"
    alone = decode(bare_recipe, generator="server", trust_recipe=True, check=True).report.check
    assert alone.compared == ("recipe",)


def test_a_picture_that_says_nothing_is_kept_and_not_checked_by_a_recipe_alone(stream, bare_recipe, served):
    served(regenerated=True, parameters=None)
    assert "does not say how" in decode(stream, generator="server", check=True).report.check.again
    decoded = decode(bare_recipe, generator="server", trust_recipe=True, check=True)
    assert decoded.report.check.verdict == "not run"
    assert any("was not checked" in str(notice.text) for notice in decoded.report.warnings)
    assert decoded.image.size == (96, 64)


def test_a_recipe_alone_is_not_checked_on_what_was_drawn_otherwise(stream, bare_recipe, served):
    served(regenerated=False)
    assert decode(stream, generator="server", check=True).report.check.again == ""
    with pytest.raises(UsageError, match="only a recipe"):
        decode(bare_recipe, generator="server", check=True)
    with pytest.raises(UsageError, match="nothing that a picture could be checked"):
        decode(bare_recipe, generator="server", trust_recipe=True, check=True)


def test_the_command_says_it(stream, cli):
    Path("a.pxt").write_bytes(stream)
    Path("a.png").write_bytes(png(picture(), ELSEWHERE))
    code, out, _ = cli("check", "a.pxt", "a.png")
    flat = " ".join(out.split())
    assert code == 0
    assert (
        "says that it was made from that recipe, means the same; otherwise than recorded: version v1.10.1"
        in flat
    )
    assert "differs: recorded version: said 'v1.9.4', shows 'v1.10.1'" in flat
    _, out, _ = cli("check", "a.pxt", "a.png", "--json")
    assert json.loads(out)["again"].startswith("says that it was made from that recipe")


def test_comfyui_runs_a_recipe_and_the_two_are_compared(tmp_path):
    pytest.importorskip("httpx", reason="needs the extra api")
    from promptcodec.testing.comfyui import serve
    from tests.comfyui_servers import prompted
    from tests.comfyui_servers import run as draw_at

    with serve(log=tmp_path / "log.jsonl") as url:
        original = draw_at(url, prompted({}))
        data = encode(original, recipe="only")
        report = decode(data, generator=f"comfyui:{url}", trust_recipe=True, check=True).report.check
    assert report.verdict == "pass"
    assert report.compared == ("recipe",)
    assert "all that both record is the same; not recorded by both: version, model hash" in report.again
    assert fields(report)["recorded seed"].closeness == 1
