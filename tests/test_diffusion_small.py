"""The profile ``tiny`` on the real class of its pipeline with random weights, from the shell too."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from promptcodec import plugins
from promptcodec.description import parse_text
from promptcodec.errors import CancelledError, UsageError
from promptcodec.generators import BatchGenerator, Conditions
from promptcodec.generators.diffusion import create
from promptcodec.generators.watching import Watch
from tests import diffusion_models

WORDS = "photo 1x2\nsummary: A red boat.\nr1c1 sky blue, smooth: sky\nr1c2 navy: sea"
# Importing torch and diffusers alone takes ten seconds.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give the folder of a small pipeline."""
    diffusion_models.need()
    import diffusers
    import torch

    from promptcodec.generators.diffusion.grid import GridPipeline
    from training.latent.network import Network

    torch.manual_seed(0)
    network = Network(["sky", "sea", "boat", "red"])
    # Untrained, it would draw the noise: the last layer begins at nothing.
    torch.nn.init.normal_(network.unet.conv_out.weight, std=0.05)
    tiny = diffusers.AutoencoderTiny(encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4)
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler()
    folder = tmp_path_factory.mktemp("small")
    GridPipeline(unet=network.unet, words=network.words, vae=tiny, scheduler=scheduler).save_pretrained(
        folder
    )
    return folder


@pytest.fixture
def drawing(folder):
    return create({"variant": "tiny", "path": str(folder), "steps": "2"})


def test_it_draws_from_words_and_layers(drawing):
    words = Conditions((61, 45), 7, parse_text(WORDS))
    picture = drawing.generate(words)
    assert (picture.size, picture.mode) == ((61, 45), "RGB")
    assert picture.tobytes() == drawing.generate(words).tobytes()
    red = Conditions((61, 45), 7, parse_text(WORDS), texture=Image.new("RGB", (61, 45), "red"))
    assert picture.tobytes() != drawing.generate(red).tobytes()
    assert drawing.provenance["steps"] == "2"
    assert drawing.examine()[0].ok


def test_it_draws_the_pictures_of_a_folder_in_one_process(drawing):
    assert isinstance(drawing, BatchGenerator)
    words = [Conditions((61, 45), seed, parse_text(WORDS)) for seed in (7, 8)]
    assert [picture.tobytes() for picture in drawing.generate_all(words)] == [
        drawing.generate(each).tobytes() for each in words
    ]


def test_strength_changes_what_is_drawn(drawing):
    words = Conditions((61, 45), 7, parse_text(WORDS))
    drawn = {drawing.generate(replace(words, strength=strength)).tobytes() for strength in (0, 0.5, 1)}
    assert len(drawn) == 3


def test_what_is_shipped_shows_where_colours_are():
    diffusion_models.need()
    drawing = create({"variant": "tiny"})
    told_apart = []
    for left, right in (("sky blue", "dark green"), ("dark green", "sky blue")):
        text = f"photo 1x2\nsummary: A landscape.\nr1c1 {left}, smooth: sky\nr1c2 {right}, soft: tree"
        pixels = np.asarray(drawing.generate(Conditions((192, 96), 3, parse_text(text), strength=1.0)), float)
        halves = pixels[:, :96, 2].mean(), pixels[:, 96:, 2].mean()
        told_apart.append(halves[0] - halves[1])
    # Blue is where blue is named, on whichever side that is.
    assert told_apart[0] > 30 > -30 > told_apart[1]


def test_skeletons_are_left_out_and_named(drawing):
    lines = Image.new("L", (61, 45), 255)
    words = Conditions((61, 45), 7, parse_text(WORDS), structure=lines, skeletons=True)
    drawing.generate(words)
    assert "skeletons" in str(drawing.notices[0])
    assert drawing.provenance["not_used"] == "structure"
    with pytest.raises(UsageError, match="neither words nor a layer"):
        drawing.generate(Conditions((61, 45), 7, structure=lines, skeletons=True))


def test_it_is_watched_and_ended(drawing):
    words = Conditions((61, 45), 7, parse_text(WORDS))
    seen = []
    drawing.generate(words, Watch(seen.append, previews=True))
    assert [(progress.stage, progress.done) for progress in seen] == [
        ("loading", 0),
        ("drawing", 1),
        ("drawing", 2),
    ]
    assert seen[-1].preview.mode == "RGB"

    def end(progress):
        if progress.done:
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        drawing.generate(words, Watch(end))


def test_it_draws_from_the_shell(cli, folder, once, scene, tmp_path, monkeypatch):
    from promptcodec import encode

    data = once(encode, scene, budget=150, layers=["texture", "structure"])
    (tmp_path / "a.pxt").write_bytes(data)
    config = f"[generators.tiny]\nuse = 'diffusers'\npath = '{folder}'\nsteps = 2\nlicence = 'MIT'\n"
    (tmp_path / "config.toml").write_text(config)
    monkeypatch.setenv("PROMPTCODEC_CONFIG", str(tmp_path / "config.toml"))
    code, out, err = cli("decode", "a.pxt", "-o", "a.png", "--generator", "diffusers:tiny", "--json")
    assert code == 0, err
    assert json.loads(out)["generator"] == "diffusers:tiny"
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == scene.size
    assert plugins.create("generators", "diffusers:tiny").examine()[0].licence == "MIT"
