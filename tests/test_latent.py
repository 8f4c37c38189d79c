"""The small latent pipeline: its maps, drawings, training. Weights are random, of the real classes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promptcodec.description import Description, parse_text
from promptcodec.generators import Conditions, maps


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """Load what draws: it takes seconds, and only one worker runs these tests."""
    global torch, diffusers, grid, grid_maps, data, train, Network  # noqa: PLW0603 - as imports are
    torch = pytest.importorskip("torch", reason="the latent pipeline needs torch (the diffusers extra)")
    diffusers = pytest.importorskip("diffusers", reason="the latent pipeline needs diffusers (its extra)")
    from promptcodec.generators.diffusion import grid, grid_maps
    from training.latent import data, train
    from training.latent.network import Network


WORDS = ["sky", "sea", "photo", "boat", "calm", "red"]
TEXT = (
    "photo 2x3\nsummary: A red boat.\nlight: calm\n"
    "r1c1 sky blue, smooth: sky\nr1c2 as left\nr1c3 white over sky blue, soft: sky\n"
    "r2c1 navy, grainy rising: sea\nr2c2 navy with white, busy falling: sea\nr2c3 as left\n"
    "object r2c2:r2c3 boat, red"
)
NUMBERS = {word: number for number, word in enumerate(WORDS, 1)}


def description() -> Description:
    return parse_text(TEXT)


def texture(side: int = 192) -> Image.Image:
    ramp = np.linspace(0, 255, side, dtype=np.uint8)
    return Image.fromarray(np.stack(np.broadcast_arrays(ramp[:, None], ramp, np.uint8(90)), -1))


def structure(side: int = 192) -> Image.Image:
    lines = np.zeros((side, side), np.uint8)
    lines[side // 3, :] = lines[:, side // 2] = 255
    return Image.fromarray(lines)


def item(seed: int = 0) -> data.Item:
    half = 2 * data.CROP, 2 * data.CROP
    latents = np.random.default_rng(seed).standard_normal((2, 4, data.CROP, data.CROP)).astype(np.float16)
    ground = maps.pixels(texture().resize(half, Image.Resampling.BICUBIC))
    lines = grid_maps.contours(structure().resize(half, Image.Resampling.BOX))
    return data.Item(f"picture{seed}", latents, ground[None], lines, [TEXT])


@pytest.fixture(scope="module")
def pipeline() -> grid.GridPipeline:
    torch.manual_seed(0)
    network = Network(WORDS)
    # Untrained, it would draw the noise: the last layer begins at nothing.
    torch.nn.init.normal_(network.unet.conv_out.weight, std=0.05)
    return grid.GridPipeline(
        unet=network.unet,
        words=network.words,
        vae=diffusers.AutoencoderTiny(
            encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
    )


def latents(pipeline: grid.GridPipeline, **given: object) -> np.ndarray:
    defaults = {
        "description": description(), "width": 96, "height": 64, "num_inference_steps": 2,
        "generator": torch.Generator("cpu").manual_seed(3), "output_type": "latent",
    }  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    return pipeline(**(defaults | given)).images.numpy()


def test_training_sees_the_maps_that_drawing_sees() -> None:
    shown = item()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        mirror = rng.integers(2)
        given, _ = data.crop(shown, NUMBERS, np.random.default_rng(seed))
        present = given.vector[: len(grid_maps.LAYERS)]
        if not mirror and present.all():
            break
    layers = grid.layers_of(description(), texture(), structure(), (data.CROP, data.CROP), NUMBERS)
    wanted = grid_maps.give(layers, (2, 3), (0, 0, 1, 1), (data.CROP, data.CROP))
    assert present.all()
    for one, other in zip(given, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)


def test_mirrored_maps_are_those_of_the_mirrored_description() -> None:
    spoken = grid_maps.words(description(), NUMBERS)
    turned = data.turned(spoken, 3)
    np.testing.assert_array_equal(turned.cells[:, :3], spoken.cells[:, 2::-1])
    assert (turned.cells[:, 3:] == grid_maps.NOTHING).all()
    nodes = maps.colour_field(description())
    back = grid_maps.mirrored(grid_maps.mirrored(nodes))
    np.testing.assert_array_equal(back, nodes)
    assert not np.array_equal(grid_maps.mirrored(nodes)[:, ::-1], nodes)  # what rose falls


def test_words_are_laid_out_where_they_stand() -> None:
    spoken = grid_maps.words(description(), NUMBERS)
    assert spoken.cells[0, 0, 0] == NUMBERS["sky"]
    assert spoken.things[1, 1].tolist()[:2] == [NUMBERS["boat"], NUMBERS["red"]]
    assert not spoken.things[0].any()
    assert {*spoken.tokens.tolist()} == {0, *(NUMBERS[word] for word in ("photo", "red", "boat", "calm"))}


def test_what_a_stream_says_changes_the_drawing(pipeline: grid.GridPipeline) -> None:
    base = latents(pipeline)
    np.testing.assert_array_equal(base, latents(pipeline))
    words = parse_text(TEXT.replace(": sea", ": sky"))
    colours = parse_text(TEXT.replace("navy", "bright red"))
    assert not np.allclose(base, latents(pipeline, description=words), atol=1e-4)
    assert not np.allclose(base, latents(pipeline, description=colours), atol=1e-4)
    ground = latents(pipeline, texture=texture())
    assert not np.allclose(base, ground, atol=1e-4)
    assert not np.allclose(base, latents(pipeline, structure=structure()), atol=1e-4)
    turned = texture().transpose(Image.Transpose.ROTATE_90)
    assert not np.allclose(ground, latents(pipeline, texture=turned), atol=1e-4)
    assert not np.allclose(
        base, latents(pipeline, generator=torch.Generator("cpu").manual_seed(4)), atol=1e-4
    )


def test_what_is_not_there_changes_nothing(pipeline: grid.GridPipeline) -> None:
    given = Conditions((64, 64), 5, description(), structure=structure())
    limbs = grid.draw(pipeline, replace(given, skeletons=True), steps=2)
    assert limbs.tobytes() == grid.draw(pipeline, replace(given, structure=None), steps=2).tobytes()
    assert limbs.tobytes() != grid.draw(pipeline, given, steps=2).tobytes()
    # Without words there is nothing that guidance could keep closer to.
    bare = {"description": None, "texture": texture()}
    np.testing.assert_array_equal(
        latents(pipeline, **bare, guidance_scale=1.0), latents(pipeline, **bare, guidance_scale=3.0)
    )


@pytest.mark.parametrize("size", [(1, 1), (37, 211), (500, 333)])
def test_any_size_is_drawn(pipeline: grid.GridPipeline, size: tuple[int, int]) -> None:
    steps: list[tuple[int, int]] = []
    drawn = grid.draw(
        pipeline,
        Conditions(size, 1, description()),
        steps=2,
        on_step=lambda done, of, kept: steps.append((done, of)) or kept,
    )
    assert drawn.size == size
    assert drawn.mode == "RGB"
    assert steps == [(1, 2), (2, 2)]


def test_a_pipeline_is_saved_and_read(pipeline: grid.GridPipeline, tmp_path: Path) -> None:
    pipeline.save_pretrained(tmp_path)
    again = grid.load(tmp_path)
    np.testing.assert_allclose(latents(pipeline), latents(again), atol=1e-5)
    assert again.words.numbers == NUMBERS


@pytest.mark.slow
def test_training_goes_on_where_it_stopped() -> None:
    batches = data.Batches([item(seed) for seed in range(3)], NUMBERS, 2, 7)

    def trained(steps: range, trainer: train.Trainer) -> train.Trainer:
        for step in steps:
            assert trainer.iteration == step
            trainer.step(batches.make(step), step / 10)
        return trainer

    straight = trained(range(10), train.Trainer(WORDS))
    stopped = trained(range(5), train.Trainer(WORDS)).state()
    again = train.Trainer(WORDS)
    begun = again.network.unet.conv_out.weight.clone()
    again.restore(stopped)
    trained(range(5, 10), again)
    for one, other in zip(straight.shown.parameters(), again.shown.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    assert not torch.equal(begun, again.network.unet.conv_out.weight)
