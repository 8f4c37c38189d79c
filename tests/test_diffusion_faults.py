"""What goes wrong with pipelines: memory, interruptions, damaged files, wrong profiles; on the processor."""

from __future__ import annotations

import gc
import inspect
import shutil
import weakref
from dataclasses import replace

import pytest

from promptcodec.errors import GeneratorError, UsageError
from promptcodec.generators.diffusion import arguments, create, pipelines, plan, profiles, store
from promptcodec.generators.watching import Watch
from tests import diffusion_models
from tests.diffusion_models import BOTH, FAMILIES, small

# Importing torch and diffusers alone takes ten seconds.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """Give a hub's folder with the models of two families."""
    diffusion_models.need()
    folder = tmp_path_factory.mktemp("hub")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_CACHE", str(folder))
        for name in ("sd15", "z-image"):
            diffusion_models.install(folder, name)
        yield folder
    pipelines.forget()


@pytest.fixture
def drawing(hub):
    """Give a generator whose models are in memory, read anew."""
    pipelines.forget()
    drawing = small("sd15")
    drawing.generate(BOTH)
    return drawing


def parts():
    """Give the pipeline that is in memory."""
    return pipelines._loaded[0].base


def raising(error, times):
    """Give what raises errors of a kind so often, and then does what it stands for."""
    left = list(range(times))

    def instead_of(method):
        def call(*args, **options):
            if left:
                left.pop()
                raise error("out of memory\nsee the documentation")
            return method(*args, **options)

        return call

    return instead_of


@pytest.mark.parametrize("name", FAMILIES)
def test_real_classes_take_the_arguments_they_are_given(name):
    diffusion_models.need()
    import diffusers

    profile = profiles.read({"variant": name})
    assert not profile.scheduler or hasattr(diffusers, profile.scheduler)
    for control in profile.controls:
        assert hasattr(getattr(diffusers, control.model), "from_pretrained")
    for gone in ({}, {"texture": None}, {"structure": None}, {"texture": None, "structure": None}):
        drawn = plan.plan(profile, replace(BOTH, **gone))
        kind = getattr(diffusers, profile.pipeline(drawn.kind))
        takes = set(inspect.signature(kind.__call__).parameters)
        given = set(arguments.arguments(profile, [drawn], takes))
        assert given <= takes
        assert {"num_inference_steps", "guidance_scale", "output_type"} <= given
        assert ("strength" in given) == (drawn.image is not None)
        assert bool(drawn.guides) == any(key.endswith("conditioning_scale") for key in given)
        parts = set(inspect.signature(kind.__init__).parameters)
        assert bool(drawn.guides) == bool(parts & {"controlnet", "adapter"})
        assert {"generator"} <= takes
        assert takes & {"callback", "callback_on_step_end"}
        if profile.prompt == "clip":
            assert {"prompt_embeds", "negative_prompt_embeds"} <= takes
            assert {"prompt", "device", "num_images_per_prompt", "do_classifier_free_guidance"} <= set(
                inspect.signature(kind.encode_prompt).parameters
            )
        else:
            assert "prompt" in takes


def test_what_does_not_fit_whole_is_drawn_part_by_part(drawing, monkeypatch):
    import torch

    before = drawing.generate(BOTH)
    full = raising(torch.OutOfMemoryError, 1)
    monkeypatch.setattr(parts().vae, "decode", full(parts().vae.decode))
    assert drawing.generate(BOTH).tobytes() == before.tobytes()
    assert hasattr(parts().vae, "_hf_hook")
    # So are those after it.
    drawing.generate(replace(BOTH, seed=8))
    assert hasattr(parts().vae, "_hf_hook")


def test_out_of_memory_is_one_message_and_nothing_stays(drawing, monkeypatch):
    import torch

    full = raising(torch.OutOfMemoryError, 99)
    kind = type(parts().unet)
    unet = weakref.ref(parts().unet)
    monkeypatch.setattr(kind, "forward", full(kind.forward))
    with pytest.raises(GeneratorError) as caught:
        drawing.generate(BOTH)
    assert str(caught.value) == (
        "sd15 ran out of memory though its parts were moved one by one (out of memory): give the "
        "profile a smaller area or batch, or take a smaller one such as diffusers:sd15"
    )
    # The error is still held here, and holds no model.
    assert unet() is None
    assert not pipelines._loaded


@pytest.mark.parametrize("place", ["unet", "vae"])
def test_an_interrupted_pipeline_is_read_anew(drawing, monkeypatch, place):
    before = drawing.generate(BOTH)
    model, method = (parts().unet, "forward") if place == "unet" else (parts().vae, "decode")
    monkeypatch.setattr(model, method, raising(KeyboardInterrupt, 1)(getattr(model, method)))
    with pytest.raises(KeyboardInterrupt):
        drawing.generate(BOTH)
    assert not pipelines._loaded
    assert drawing.generate(BOTH).tobytes() == before.tobytes()


def test_an_interrupt_while_models_are_read_leaves_nothing_half_done(hub, monkeypatch):
    pipelines.forget()
    with monkeypatch.context() as patch:
        patch.setattr(pipelines, "place", raising(KeyboardInterrupt, 1)(pipelines.place))
        with pytest.raises(KeyboardInterrupt):
            small("sd15").generate(BOTH)
    assert not pipelines._loaded
    assert small("sd15").generate(BOTH).size == BOTH.size


@pytest.mark.parametrize("whole", [True, False])
def test_another_profile_frees_the_first(hub, monkeypatch, whole):
    pipelines.forget()
    with monkeypatch.context() as patch:
        patch.setattr(pipelines, "fits", lambda *_: whole)
        small("sd15").generate(BOTH)
    assert hasattr(parts().unet, "_hf_hook") != whole
    unet = weakref.ref(parts().unet)
    gc.disable()
    try:
        small("z-image").generate(BOTH)
    finally:
        gc.enable()
    assert unet() is None


def test_edges_and_poses_of_one_model_are_read_once(hub):
    profile = profiles.read({"variant": "sd15"})
    one = tuple(replace(control, weights=profile.controls[0].weights) for control in profile.controls)
    drawing = small("sd15", controls=one)
    drawing.generate(BOTH)
    drawing.generate(replace(BOTH, skeletons=True))
    assert len(pipelines._loaded[0]._controls) == 1


def test_pictures_of_several_calls_share_only_what_is_true_of_each(drawing):
    few = replace(BOTH, layer_bytes={"texture": 60000, "structure": 200})
    drawing.generate(few)
    steps = drawing.provenance["steps"]
    drawing.generate(BOTH)
    assert drawing.provenance["steps"] != steps
    drawing.generate_all([BOTH, few])
    assert "steps" not in drawing.provenance
    assert drawing.provenance["device"]
    revisions = drawing.provenance["revision"].split(" + ")
    assert len(revisions) == len(drawing.provenance["model"].split(" + ")) == 2


@pytest.mark.parametrize("part", ["text_encoder", "tokenizer", "scheduler", "unet", "vae"])
def test_damaged_files_are_named(hub, tmp_path, part):
    shutil.copytree(store.locate(profiles.read({"variant": "sd15"}).weights), tmp_path / "model")
    for file in (tmp_path / "model" / part).iterdir():
        file.write_bytes(b"damaged")
    drawing = create({"variant": "sd15", "path": str(tmp_path / "model"), "file_variant": "fp16"})
    with pytest.raises(GeneratorError, match=r"cannot be read from .*; fetch its files again"):
        drawing.generate(BOTH)


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({"arguments": {"nonsense": 1}}, "takes no 'nonsense'"),
        ({"arguments": {"prompt": "x"}}, "does not draw with the profile sd15"),
        ({"scheduler": "FlowMatchEulerDiscreteScheduler"}, "does not draw with the profile sd15: Attrib"),
        ({"scheduler": "NoScheduler"}, "has no class 'NoScheduler'"),
        ({"dtype": "fp16"}, "torch has no dtype 'fp16'"),
        ({"prompt": "clip", "variant": "z-image"}, "does not draw with the profile z-image: TypeError"),
    ],
)
def test_a_profile_that_does_not_go_together_is_named(hub, entries, why):
    drawing = create({"variant": "sd15", "area": "4096", "steps": "2"} | entries)
    with pytest.raises((UsageError, GeneratorError), match=why) as caught:
        drawing.generate(replace(BOTH, structure=None))
    assert len(str(caught.value)) < 500


def test_a_local_folder_is_named_without_where_it_is(hub, tmp_path):
    shutil.copytree(store.locate(profiles.read({"variant": "sd15"}).weights), tmp_path / "mine")
    drawing = create(
        {
            "variant": "sd15",
            "path": str(tmp_path / "mine"),
            "file_variant": "fp16",
            "area": "4096",
            "steps": "1",
        }
    )
    drawing.generate(replace(BOTH, structure=None))
    assert drawing.provenance["model"] == "mine"
    assert str(tmp_path) not in str(drawing.provenance)
    assert "revision" not in drawing.provenance


def test_a_processor_is_said_to_be_slow_once(hub):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    pipelines.forget()
    notes = []
    for _ in range(2):
        small("sd15").generate(BOTH, Watch(lambda progress: notes.append(progress.note)))
    assert [note for note in notes if note] == [pipelines.NO_GPU]


def test_black_that_is_no_fault_is_drawn(drawing, monkeypatch):
    import torch

    decode = parts().vae.decode

    def dark(latents, *args, **options):
        values = decode(latents, return_dict=False)[0]
        return (torch.full_like(values, level),)

    monkeypatch.setattr(parts().vae, "decode", dark)
    level = -1.0
    assert drawing.generate(BOTH).getbbox() is None
    level = float("nan")
    with pytest.raises(GeneratorError, match="no numbers for colours, in float32"):
        drawing.generate(BOTH)
