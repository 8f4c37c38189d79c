"""The rules of the generator sdapi that need no server: profiles, sizes, which model is meant."""

from __future__ import annotations

import base64
import io
import json
import random

import pytest
from PIL import Image

from promptcodec.errors import ImageError, MissingError, UsageError
from promptcodec.generators.sdapi import control, create
from promptcodec.generators.sdapi.encoded import coded, decoded
from promptcodec.generators.sdapi.models import Checkpoint, choose, of_recipe
from promptcodec.generators.servers import controls
from promptcodec.generators.sizes import family, native_area, working_size
from promptcodec.testing.sdapi import serve
from promptcodec.testing.sdapi.lists import CONTROLS, NEXT_CONTROLS
from tests import sdapi


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"variant": "a1111"}, "names no address"),
        ({"url": "ftp://x"}, "http or https"),
        ({"url": "http://u:p@x"}, "api_key_env"),
        ({"url": "http://x", "server": "comfyui"}, "one of a1111"),
        ({"url": "http://x", "colour": "red"}, "no entry 'colour'"),
        ({"url": "http://x", "steps": "many"}, "not a number"),
        ({"url": "http://x", "steps": "0"}, "goes from 1 to 1000"),
        ({"url": "http://x", "cfg": "nan"}, "goes from 0 to 100"),
        ({"url": "http://x", "area": "large"}, "a size such as"),
    ],
)
def test_a_wrong_entry_is_named(entries, words):
    with pytest.raises(UsageError, match=words):
        create(entries)


def test_without_an_address():
    model = create({})
    (ready,) = model.examine()
    assert not ready.ok
    assert "name its address: sdapi:http://127.0.0.1:7860" in ready.why
    with pytest.raises(UsageError, match="name its address"):
        model.generate(sdapi.conditions())


def test_examine_asks_once():
    with serve("koboldcpp") as (url, service):
        (ready,) = create({"url": url}).examine()
        assert ready.ok
        assert "v1-5-pruned-emaonly" in ready.why
        assert [call["path"] for call in service.calls] == ["/sdapi/v1/sd-models"]
        (ready,) = create({"url": url, "model": "other"}).examine()
        assert not ready.ok
        assert "no model 'other'; it has v1-5" in ready.why
    (ready,) = create({"url": url}).examine()
    assert not ready.ok
    assert "is the server running" in ready.why


@pytest.mark.parametrize(
    ("title", "kind", "area"),
    [
        ("v1-5-pruned-emaonly.safetensors [6ce0161689]", "sd1", 512 * 768),
        ("dreamshaper_8", "sd1", 512 * 768),
        ("v2-1_768-ema-pruned", "sd2", 768 * 768),
        ("sd_xl_base_1.0", "xl", 1024 * 1024),
        ("ponyDiffusionV6", "xl", 1024 * 1024),
        ("flux1-dev-fp8", "long", 1024 * 1024),
        ("z_image_turbo", "long", 1024 * 1024),
        ("", "sd1", 512 * 768),
    ],
)
def test_sizes_come_from_the_models_name(title, kind, area):
    assert family(title) == kind
    assert native_area(title) == area


@pytest.mark.parametrize("wanted", [(96, 64), (64, 96), (1, 1), (4000, 3), (3, 4000), (1023, 767)])
@pytest.mark.parametrize(("step", "longest"), [(8, 2048), (64, 1024)])
def test_sizes_are_legal_and_keep_their_shape(wanted, step, longest):
    width, height = working_size(wanted, 1024 * 1024, step, longest)
    assert width % step == height % step == 0
    assert max(width, height) <= longest
    least = 1024**2 if longest > 1024 else 1024 * 256
    assert 0.8 * least <= width * height <= 1.2 * 1024**2
    ratio = min(max(wanted[0] / wanted[1], 1 / 4), 4)
    assert width / height == pytest.approx(ratio, rel=2 * step / min(width, height))


THERE = (
    Checkpoint("a/dream.safetensors [abcdef0123]", "a_dream", ("abcdef0123" + "0" * 54, "abcdef0123")),
    Checkpoint("Other", "Other"),
)


def test_a_model_is_found_by_title_name_or_file():
    for named in ("a/dream.safetensors [abcdef0123]", "a_dream", "A_DREAM", "dream", "dream.safetensors"):
        assert choose(named, THERE) is THERE[0]
    with pytest.raises(MissingError, match="it has a/dream"):
        choose("drea", THERE)


def test_a_recipes_model_is_found_by_hash_then_name():
    assert of_recipe("nothing", "ABCDEF0123", THERE) == (THERE[0], False)
    assert of_recipe("sub\\dream", "", THERE) == (THERE[0], False)
    assert of_recipe("dream", "ffff", THERE) == (THERE[0], True)
    assert of_recipe("other.ckpt", "ffff", THERE) == (THERE[1], False)
    with pytest.raises(MissingError, match=r"\(hash ffff\)"):
        of_recipe("x\x1b[31m", "ffff", THERE)


def test_a_control_model_follows_the_lines_and_fits_the_checkpoint():
    def chosen(there, title, named="", *, skeletons=False):
        return controls.choose(there, named, skeletons=skeletons, title=title)

    assert chosen(CONTROLS, "v1-5") == "control_v11p_sd15_canny [d14c016b]"
    assert chosen(CONTROLS, "v1-5", skeletons=True) == "control_v11p_sd15_openpose [cab727d4]"
    assert chosen(CONTROLS, "sd_xl_base") == "diffusers_xl_canny_full [2b69fca4]"
    assert chosen(CONTROLS, "sd_xl_base", skeletons=True) == ""
    assert chosen(CONTROLS, "flux") == ""
    assert chosen(CONTROLS, "flux", "control_v11p_sd15_canny") == "control_v11p_sd15_canny [d14c016b]"
    assert chosen(NEXT_CONTROLS, "sd_xl_base", skeletons=True) == "Xinsir Union XL"
    with pytest.raises(MissingError, match="no control model 'gone'; it has control_v11f1p"):
        chosen(CONTROLS, "v1-5", "gone")


def test_a_union_model_is_told_what_it_follows():
    modes = {"Xinsir Union XL": ["openpose", "depth", "canny"]}
    for skeletons, mode in ((False, "canny"), (True, "openpose")):
        unit = control.control_unit("Xinsir Union XL", "x", 0.5, modes, skeletons=skeletons)
        assert unit["mode"] == mode
    assert control.control_unit("Canny", "x", 0.5, None, skeletons=False)["mode"] == "default"
    assert control.unit("a1111", "union_xl", "x", 0.5, skeletons=False)["union_control_type"] == "Hard Edge"


def test_lines_in_a_prompt_stay_short():
    noise = Image.frombytes("L", (512, 512), bytes(random.Random(1).choices((0, 255), k=512 * 512)))
    text = control.in_prompt(noise, 0.5)
    assert len(text) < control.MOST_IN_PROMPT + 200
    assert "\n" not in text
    arguments = json.loads(text.removeprefix("<sd_cpp_extra_args>").removesuffix("</sd_cpp_extra_args>"))
    assert decoded(arguments["control_image"]).width > 100
    limbs = control.in_prompt(Image.new("RGB", (64, 64), (153, 0, 0)), 0.5)
    arguments = json.loads(limbs.removeprefix("<sd_cpp_extra_args>").removesuffix("</sd_cpp_extra_args>"))
    assert decoded(arguments["control_image"]).getpixel((5, 5)) == (153, 0, 0)
    thin = control.in_prompt(sdapi.lines(), 0.5)
    arguments = json.loads(thin.removeprefix("<sd_cpp_extra_args>").removesuffix("</sd_cpp_extra_args>"))
    assert sdapi.difference(decoded(arguments["control_image"]), sdapi.lines().convert("RGB")) == 0


def test_lines_are_sent_in_full_levels():
    image = Image.open(io.BytesIO(base64.b64decode(coded(sdapi.lines()))))
    assert image.mode == "RGB"
    assert image.getextrema() == ((0, 255),) * 3


@pytest.mark.parametrize("text", ["", "%%%", "data:image/png;base64,AAA", base64.b64encode(b"text").decode()])
def test_damaged_pictures_are_refused(text):
    with pytest.raises(ImageError):
        decoded(text)
