"""Codecs of the laboratory: what is decoded comes from the bytes alone, in every form."""

import sys
import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import promptcodec
from eval import codecs, metrics, written
from eval.codecs import ablation, compressai, taesd
from eval.datasets import Item
from eval.missing import NotReached, Unavailable
from eval.rivals.search import psnr
from promptcodec import bitstream
from promptcodec.bitstream import Part
from promptcodec.description import parse_text
from promptcodec.layers import texture
from promptcodec.layers.parts import payload_of


def make(kind, mode="whole", **entry):
    """Give a codec, made anew as the decoding process does."""
    try:
        return codecs.create({"kind": kind, "name": kind, "settings": ["x"], **entry}, mode)
    except Unavailable as reason:
        pytest.skip(f"{kind}: {reason}")


@pytest.fixture(scope="module")
def photo(astronaut):
    return astronaut.crop((100, 0, 340, 160)).resize((120, 80))


@pytest.fixture
def item(tmp_path):
    return Item("set", "a.png", tmp_path / "a.png", prompt="an astronaut, smiling")


@pytest.mark.parametrize("mode", codecs.MODES)
@pytest.mark.parametrize("name", ["jpeg", "jpeg2000", "webp", "avif", "heic", "jxl"])
def test_a_rival_fits_its_bytes_and_decodes_from_them(photo, item, name, mode):
    data = make("rival", mode, format=name).encode(item, photo, "700B")
    assert len(data) <= 700
    drawn = make("rival", mode, format=name).decode(data, photo.size, "")
    assert drawn.size == photo.size
    assert psnr(photo, drawn) > 15


@pytest.mark.parametrize("mode", codecs.MODES)
@pytest.mark.parametrize("name", ["jpeg", "webp"])
def test_a_rival_at_its_own_size(photo, item, name, mode):
    odd = photo.crop((0, 0, 119, 79))
    data = make("rival", mode, format=name).encode(item, odd, "q60")
    assert psnr(odd, make("rival", mode, format=name).decode(data, odd.size, "")) > 24


def test_what_cannot_be_reached_is_said(photo, item):
    with pytest.raises(NotReached, match="nothing within 60 bytes"):
        make("rival", format="jpeg").encode(item, photo, "60B")
    with pytest.raises(Unavailable, match="no format"):
        codecs.create({"kind": "rival", "name": "x", "format": "gif", "settings": ["q1"]}, "whole")
    with pytest.raises(Unavailable, match="no form 'stripped'"):
        codecs.create({"kind": "thumbhash", "name": "x", "settings": ["hash"]}, "stripped")
    with pytest.raises(Unavailable, match="module:Class"):
        codecs.create({"kind": "unheard", "name": "x", "settings": ["x"]}, "whole")


def test_hashes(photo, item):
    data = make("thumbhash").encode(item, photo, "hash")
    assert 15 <= len(data) <= 30
    assert psnr(photo, make("thumbhash").decode(data, photo.size, "")) > 10
    for mode, most in (("whole", 28), ("stripped", 22)):
        data = make("blurhash", mode).encode(item, photo, "4x3")
        assert len(data) <= most + 1
        drawn = make("blurhash", mode).decode(data, photo.size, "")
        if mode == "whole":
            first = drawn
    assert np.array_equal(first, drawn)


@pytest.mark.parametrize("name", ["png", "webp", "jxl"])
def test_lossless_is(photo, item, name):
    data = make("lossless", format=name).encode(item, photo, "lossless")
    assert np.array_equal(make("lossless", format=name).decode(data, photo.size, ""), photo)


def test_ours_in_both_forms(scene, item):
    whole = make("promptcodec", layers=["semantic"]).encode(item, scene, "60B")
    bare = make("promptcodec", "stripped", layers=["semantic"]).encode(item, scene, "60B")
    assert len(whole) <= 60
    assert len(bare) <= 60
    free = make("promptcodec", "stripped", layers=["semantic"]).encode(item, scene, "55B")
    same = make("promptcodec", layers=["semantic"]).encode(item, scene, "60B")
    drawn = [
        make("promptcodec", mode, layers=["semantic"]).decode(data, scene.size, "builtin")
        for mode, data in (("stripped", free), ("whole", same))
    ]
    assert np.array_equal(*drawn)
    with pytest.raises(NotReached):
        make("promptcodec", layers=["semantic"]).encode(item, scene, "5B")
    with pytest.raises(Unavailable, match="no generator"):
        codecs.create(
            {"kind": "promptcodec", "name": "x", "generators": ["unheard"], "settings": ["9B"]}, "whole"
        )


@pytest.mark.parametrize("mode", codecs.MODES)
@pytest.mark.parametrize(("coder", "number"), [("dct", 2), ("learned", 8)])
def test_the_texture_layer_alone(scene, item, mode, coder, number):
    data = make("texture", mode, coder=coder).encode(item, scene, "80B")
    assert len(data) <= 80
    drawn = make("texture", mode, coder=coder).decode(data, scene.size, "")
    part = Part(number, data) if mode == "stripped" else bitstream.read(data).parts[0]
    assert part.type == number
    assert len(part.payload) > 80 - 20
    assert np.array_equal(drawn, texture.decode(payload_of(part), scene.size))
    assert psnr(scene, drawn) > 15
    with pytest.raises(NotReached):
        make("texture", mode, coder=coder).encode(item, scene, "4B")


def test_a_texture_coder_that_there_is_not():
    with pytest.raises(Unavailable, match="no texture coder 'wavelet'; there are dct, learned"):
        codecs.create({"kind": "texture", "name": "x", "coder": "wavelet", "settings": ["9B"]}, "whole")


def test_a_rival_is_scaled_to_the_sides_that_are_given(photo, item):
    data = make("rival", "stripped", format="webp", sides=[40, 20], patience=1).encode(item, photo, "700B")
    assert data[0] in {0, 1}
    assert (
        make("rival", "stripped", format="webp", sides=[40, 20]).decode(data, photo.size, "").size
        == photo.size
    )


def test_ours_with_written_words(scene, item, monkeypatch, tmp_path):
    path = tmp_path / "set" / "a.png"
    description = parse_text("photo 1x2\nsummary: A red ball at sea.\nr1c1: sea\nr1c2: ball")
    monkeypatch.setattr(written, "descriptions", lambda: {("set/a.png", 200): description})
    entry = {"captioner": "file", "characters": 200}
    data = make("promptcodec", **entry).encode(Item("set", "a.png", path), scene, "100B")
    shown = promptcodec.inspect(data)["description"]
    assert shown["summary"] == "A red ball at sea."
    assert [cell["text"] for cell in shown["cells"]] == ["sea", "ball"]
    bare = make("promptcodec", "stripped", **entry)
    drawn = bare.decode(bare.encode(Item("set", "a.png", path), scene, "100B"), scene.size, "builtin")
    assert drawn.size == scene.size
    with pytest.raises(NotReached, match=r"nobody wrote a description of other/a.png in 200 characters"):
        make("promptcodec", **entry).encode(Item("set", "a.png", tmp_path / "other" / "a.png"), scene, "100B")
    with pytest.raises(NotReached, match="nobody wrote"):
        make("promptcodec", **entry).encode(Item("set", "a.png", path, "in a tar"), scene, "100B")
    for characters in (300, None):
        with pytest.raises(Unavailable, match=rf"characters = {characters}; there are 200"):
            codecs.create(
                {"kind": "promptcodec", "name": "x", "captioner": "file", "characters": characters}, "whole"
            )


def test_shuffled_cells_draw_the_same_picture(scene, item):
    drawn = {}
    for order in ("resolved", "shuffled"):
        data = make("ablation").encode(item, scene, f"grid=2x3 order={order}")
        drawn[order] = (data, make("ablation").decode(data, scene.size, "builtin"))
    assert drawn["resolved"][0] != drawn["shuffled"][0]
    assert np.array_equal(drawn["resolved"][1], drawn["shuffled"][1])
    assert ablation.permutation(6) != list(range(6))
    short = make("ablation").encode(item, scene, "grid=2x3 summary=no objects=no")
    assert len(short) < len(make("ablation").encode(item, scene, "grid=2x3"))


def test_texts_come_back(scene, item):
    zstandard = make("text", coder="brotli q11")
    data = zstandard.encode(item, scene, "prompt")
    assert make("text", coder="brotli q11").decode(data, scene.size, "") == "an astronaut, smiling"
    with pytest.raises(NotReached, match="prompt is not known"):
        zstandard.encode(Item("s", "b.png", item.path), scene, "prompt")
    run = metrics.load(metrics.find("text"))
    assert run("four", "four", 3) == {"characters": 4, "bits_per_character": 6, "exact": 1}
    assert run("four", "fore", 3)["exact"] == 0


@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 3).flatmap(lambda c: st.tuples(st.just(c), st.integers(1, 6), st.integers(1, 6))),
    st.integers(0, 11),
    st.integers(0, 2**32 - 1),
)
def test_taesd_levels_come_back(shape, index, seed):
    step = 4.0 * 2 ** (-index / 2)
    latents = np.random.default_rng(seed).normal(0, 3, shape).astype(np.float32)
    back = taesd.unpack(taesd.pack(latents, index), shape[0])
    assert back.shape == shape
    inside = np.abs(latents) < 24 * step
    assert np.abs(back - latents)[inside].max(initial=0) <= step / 2 + 1e-4


def test_taesd_runs_where_its_weights_are(photo, item, data_folder, monkeypatch):
    pytest.importorskip("torch", reason="torch is not installed")
    monkeypatch.setenv("PROMPTCODEC_TEST_DATA", str(data_folder))
    small = photo.resize((64, 48))
    data = make("taesd").encode(item, small, "150B")
    assert len(data) <= 150
    assert psnr(small, make("taesd").decode(data, small.size, "")) > 14
    with pytest.raises(Unavailable, match=r"no weights none_encoder"):
        codecs.create({"kind": "taesd", "name": "x", "model": "none", "settings": ["9B"]}, "whole")


@given(
    st.integers(1, 8),
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.lists(st.binary(max_size=300), max_size=4),
)
def test_compressai_files_hold_what_the_decoder_needs(quality, shape, strings):
    assert compressai.unpack(compressai.pack(quality, shape, strings)) == (quality, shape, strings)


def test_pyiqa_is_asked_in_its_own_order(monkeypatch, photo):
    """A stand-in for pyiqa, which is no free software and seldom there: it gets (decoded, original)."""
    pytest.importorskip("torch", reason="torch is not installed")
    asked = []

    class Distance:
        def __call__(self, *given, **named):
            asked.append((self.name, [tuple(each.shape) for each in given], named))
            return given[0].mean() - (given[1].mean() if len(given) > 1 else 0)

    def create_metric(name, device):
        if name == "musiq":
            raise RuntimeError("no weights")
        metric = Distance()
        metric.name = name
        return metric

    stand_in = types.ModuleType("pyiqa")
    stand_in.create_metric = create_metric
    monkeypatch.setitem(sys.modules, "pyiqa", stand_in)
    black = Image.new("RGB", photo.size)
    white = Image.new("RGB", photo.size, "white")
    assert metrics.load(metrics.find("lpips_alex"))(black, white) == pytest.approx(1)
    assert metrics.load(metrics.find("niqe"))(white) == pytest.approx(1)
    metrics.load(metrics.find("clip_t"))(white, "white")
    assert asked[0] == ("lpips", [(1, 3, 80, 120)] * 2, {})
    assert asked[2] == ("clipscore", [(1, 3, 80, 120)], {"caption_list": ["white"]})
    with pytest.raises(Unavailable, match="musiq of pyiqa: no weights"):
        metrics.load(metrics.find("musiq"))
