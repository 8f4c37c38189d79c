"""Every family of pipelines from its real classes with a few random weights, on the processor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from promptcodec import decode, plugins
from promptcodec.errors import CancelledError, GeneratorError, MissingError
from promptcodec.generators import BatchGenerator
from promptcodec.generators.diffusion import fetch, pipelines, previews, profiles, store, words
from promptcodec.generators.diffusion.generator import Diffusers
from promptcodec.generators.sizes import working_size
from promptcodec.generators.watching import Watch
from tests import diffusion_models
from tests.diffusion_models import BOTH, FAMILIES, SIZE, described, flat, line, small

# Importing torch and diffusers alone takes ten seconds.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """Give a hub's folder with the models of every family."""
    diffusion_models.need()
    folder = tmp_path_factory.mktemp("hub")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_CACHE", str(folder))
        for name in FAMILIES:
            diffusion_models.install(folder, name)
        for control in profiles.read({"variant": "sd14"}).controls:
            fetch.convert(store.folder_of(control.weights))
        yield folder
    pipelines._loaded.clear()


@pytest.fixture(scope="module", params=FAMILIES)
def generator(request, hub):
    """Give the generator of each family, drawing small."""
    return small(request.param)


BLUE = flat((20, 40, 220))
UPRIGHT = line(10, 0, 10, SIZE[1])


def apart(one, other):
    """Give the largest difference of two pictures, 0..255."""
    return int(np.abs(np.asarray(one, int) - np.asarray(other, int)).max())


def test_a_picture_of_the_size_wanted(generator):
    picture = generator.generate(BOTH)
    assert (picture.size, picture.mode) == (SIZE, "RGB")
    about = generator.provenance
    assert about["device"] in {"cpu", "cuda", "mps"}
    assert {"model", "revision", "licence", "scheduler", "steps", "dtype", "diffusers", "torch"} <= set(about)


def test_a_seed_is_one_picture(generator):
    one = generator.generate(BOTH)
    assert apart(one, generator.generate(BOTH)) <= 1
    assert apart(one, generator.generate(replace(BOTH, seed=8))) > 3


def test_every_condition_arrives(generator):
    takes_structure = generator._profile.structure != "none"
    words_only, coloured = replace(BOTH, texture=None, structure=None), replace(BOTH, structure=None)
    pairs = {
        "words": (words_only, replace(words_only, description=described("two dogs in snow"))),
        "texture": (coloured, replace(coloured, texture=BLUE)),
        "structure": (BOTH, replace(BOTH, structure=UPRIGHT)),
    }
    differences = {name: apart(*map(generator.generate, pair)) for name, pair in pairs.items()}
    # The last picture drawn had a structure.
    assert bool(generator.notices) != takes_structure
    if not takes_structure:
        assert differences.pop("structure") == 0
    # A picture is drawn again to within one.
    assert min(differences.values()) > 3, differences


def test_each_layer_alone_is_drawn_from(generator):
    alone = [
        replace(BOTH, texture=None, structure=None),
        replace(BOTH, structure=None),
        replace(BOTH, texture=None),
        replace(BOTH, description=None),
    ]
    pictures = [generator.generate(each) for each in alone]
    assert all(picture.size == SIZE for picture in pictures)
    assert apart(pictures[0], pictures[1]) > 0
    assert (apart(pictures[0], pictures[2]) > 0) == (generator._profile.structure != "none")


def test_several_pictures_are_each_as_one(generator):
    assert isinstance(generator, BatchGenerator)
    wanted = [
        BOTH,
        replace(BOTH, seed=8, texture=BLUE, structure=UPRIGHT, description=described("two dogs")),
        replace(BOTH, texture=None, structure=None, size=(40, 70)),
    ]
    together = generator.generate_all(wanted)
    assert [picture.size for picture in together] == [each.size for each in wanted]
    for picture, each in zip(together, wanted, strict=True):
        # Sums of half precision run in another order.
        assert apart(picture, generator.generate(each)) <= (16 if "b" in generator._profile.dtype else 2)


def test_steps_are_reported_with_previews(generator):
    seen = []
    generator.generate(BOTH, Watch(seen.append, previews=True))
    drawing = [progress for progress in seen if progress.stage == "drawing"]
    assert [progress.done for progress in drawing] == list(range(1, len(drawing) + 1))
    assert drawing[-1].done == drawing[-1].total
    assert all(progress.preview.mode == "RGB" for progress in drawing)
    profile = generator._profile
    drawn = working_size(SIZE, profile.area, profile.multiple)
    assert {
        progress.preview.width * drawn[1] - progress.preview.height * drawn[0] for progress in drawing
    } == {0}
    assert seen[0].stage == "loading"


def test_without_a_wish_there_are_no_previews(generator):
    seen = []
    generator.generate(BOTH, Watch(seen.append))
    assert all(progress.preview is None for progress in seen)


def test_a_watch_ends_a_picture(generator):
    before = generator.generate(BOTH)
    steps = []

    def end(progress):
        steps.append(progress)
        if progress.stage == "drawing":
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        generator.generate(BOTH, Watch(end))
    assert [progress.stage for progress in steps].count("drawing") == 1
    assert apart(before, generator.generate(BOTH)) <= 1


def test_a_preview_shows_the_colours_of_the_autoencoder(hub):
    """A line is fitted: what it makes of latents is close to what they were encoded from."""
    import torch

    drawing = small("sd15")
    drawing.generate(BOTH)
    loaded = pipelines.load(drawing._profile)
    look = previews._linear(loaded.base)
    halves = torch.full((1, 3, 64, 64), -0.8)
    halves[..., 32:] = 0.8
    dark, light = np.asarray(look(previews._encode(loaded.base, halves)).convert("L"), int)[4][[1, -2]]
    assert light - dark > 40


def test_a_tiny_autoencoder_shows_more(hub):
    from diffusers import AutoencoderTiny

    drawing = small("sd15")
    tiny = AutoencoderTiny(encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4)
    diffusion_models.put(hub, drawing._profile.tiny, tiny)
    seen = []
    drawing.generate(BOTH, Watch(seen.append, previews=True))
    profile = drawing._profile
    assert seen[-1].preview.size == working_size(SIZE, profile.area, profile.multiple)


def test_weights_of_phrases_change_the_picture(hub, monkeypatch):
    drawing = small("sdxl")
    one = drawing.generate(BOTH)
    monkeypatch.setattr(words, "weighted", lambda embeds, *_: embeds)
    assert apart(one, drawing.generate(BOTH)) > 0


def test_weighted_embeddings_keep_their_magnitude(hub):
    import torch

    from promptcodec.generators.wording import Phrase, Prompt

    tokenizer = diffusion_models.clip_tokenizer()
    embeds = torch.randn(2, 77, 16, generator=torch.Generator().manual_seed(0))
    even, odd = Prompt((Phrase("a cat"),)), Prompt((Phrase("a cat", 1.5), Phrase("snow", 0.5)))
    scaled = words.weighted(embeds, [even, odd], tokenizer)
    assert torch.allclose(scaled[0], embeds[0])
    assert torch.isclose(scaled[1].abs().mean(), embeds[1].abs().mean())
    ratio = scaled[1] / embeds[1]
    # "a", "c", "a", "t" are places 1 to 4; ",", "s", "n", "o", "w" are 5 to 9.
    assert torch.allclose(ratio[1:5] / ratio[0], torch.tensor(1.5))
    assert torch.allclose(ratio[5:10] / ratio[0], torch.tensor(0.5))


def test_skeletons_have_a_control_of_their_own(hub):
    drawing = small("sd15")
    one = drawing.generate(BOTH)
    other = drawing.generate(replace(BOTH, skeletons=True))
    assert apart(one, other) > 0
    assert "openpose" in drawing.provenance["model"]


def test_a_sixth_family_from_the_user_s_configuration(hub, tmp_path, monkeypatch):
    import diffusers

    pipeline, _ = diffusion_models.stable(profiles.read({"variant": "sd15"}))
    parts = {
        **pipeline.components,
        "scheduler": diffusers.LCMScheduler(),
        "unet": diffusers.UNet2DConditionModel.from_config(pipeline.unet.config, time_cond_proj_dim=8),
    }
    sixth = diffusers.LatentConsistencyModelImg2ImgPipeline(**parts, requires_safety_checker=False)
    sixth.save_pretrained(tmp_path / "sixth")
    (tmp_path / "config.toml").write_text(
        f"""
        [generators.sixth]
        use = "diffusers"
        path = '{tmp_path / "sixth"}'
        steps = 4
        guidance = 8.0
        area = 4096
        multiple = 16
        classes.image = "LatentConsistencyModelImg2ImgPipeline"
        arguments.original_inference_steps = 50
        """
    )
    monkeypatch.setenv("PROMPTCODEC_CONFIG", str(tmp_path / "config.toml"))
    drawing = plugins.create("generators", "sixth")
    assert drawing.examine()[0].ok
    one = drawing.generate(replace(BOTH, structure=None))
    assert one.size == SIZE
    assert apart(one, drawing.generate(replace(BOTH, structure=None, texture=BLUE))) > 0
    words_only = replace(BOTH, structure=None, texture=None)
    first, second = (
        drawing.generate(replace(words_only, description=described(text))) for text in ("a", "zebras")
    )
    assert apart(first, second) > 0


def test_a_whole_model_is_ready(hub):
    rows = {row.name: row for row in plugins.create("generators", "diffusers").examine()}
    assert all(rows[f"diffusers:{name}"].ok for name in FAMILIES)


def test_a_control_that_is_missing_is_named_when_it_is_needed(hub):
    drawing = small("sd15")
    control = store.locate(drawing._profile.controls[0].weights)
    away = control.with_name("away")
    control.rename(away)
    try:
        assert drawing.generate(replace(BOTH, structure=None)).size == SIZE
        with pytest.raises(MissingError, match=r"control_v11p_sd15_canny \(0.72 GB; OpenRAIL\)"):
            small("sd15", guidance=2.0).generate(BOTH)
    finally:
        away.rename(control)


def test_weights_that_are_damaged_are_named(hub, tmp_path):
    import shutil

    source = store.locate(profiles.read({"variant": "sd15"}).weights)
    shutil.copytree(source, tmp_path / "model")
    (tmp_path / "model" / "unet" / "diffusion_pytorch_model.fp16.safetensors").write_bytes(b"no weights")
    profile = profiles.read({"variant": "sd15", "path": str(tmp_path / "model"), "file_variant": "fp16"})
    with pytest.raises(GeneratorError, match="cannot be read from"):
        Diffusers(profile).generate(BOTH)


def test_a_stream_is_decoded_and_what_was_left_out_is_reported(hub, once, scene, monkeypatch):
    from promptcodec import encode

    data = once(encode, scene, budget=150, layers=["texture", "structure"])
    monkeypatch.setattr(plugins, "create", lambda role, spec: small(spec.partition(":")[2]))
    for name, left_out in (("sd15", 0), ("z-image", 1)):
        decoded = decode(data, generator=f"diffusers:{name}")
        assert decoded.image.size == scene.size
        notices = [notice for notice in decoded.report.warnings if "structure layer" in str(notice)]
        assert len(notices) == left_out
        assert decoded.report.provenance.get("not_used", "") == ("structure" if left_out else "")


@pytest.mark.parametrize("name", ["sd15", "klein"])
def test_parts_are_moved_one_by_one_where_the_whole_does_not_fit(hub, monkeypatch, name):
    whole = small(name).generate(BOTH)
    monkeypatch.setattr(pipelines, "fits", lambda *_: False)
    # A profile of its own, so that it is placed anew.
    drawing = small(name, batch=3)
    seen = []
    assert apart(whole, drawing.generate(BOTH, Watch(seen.append, previews=True))) <= 1
    assert seen[-1].preview is not None
    loaded = pipelines._loaded[0]
    assert hasattr(loaded.base.vae, "_hf_hook")
    # Pictures of another kind take another class, whose parts are moved as well.
    drawing.generate(replace(BOTH, texture=None, structure=None))
    assert hasattr(loaded.base.vae, "_hf_hook")
    monkeypatch.undo()
    monkeypatch.setenv("HF_HUB_CACHE", str(hub))
    assert apart(whole, drawing.generate(BOTH)) <= 1
    assert hasattr(loaded.base.vae, "_hf_hook") == (name == "klein")
