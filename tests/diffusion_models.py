"""Pipelines of the real classes with a few random weights, laid out as the hub's client does."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw

from promptcodec.description import Cell, Description
from promptcodec.generators import Conditions
from promptcodec.generators.diffusion import pipelines, profiles
from promptcodec.generators.diffusion.generator import Diffusers

FAMILIES = ("sdxl", "sd14", "sd15", "z-image", "klein")
AREA = {"klein": 96 * 96}
SIZE = (61, 45)
"""No multiple of anything."""
COMMIT = "0123456789abcdef0123456789abcdef01234567"
WIDTH = 16
"""Channels of the text encoders."""
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def need():
    """Skip a test where the libraries of pipelines are not installed."""
    if missing := pipelines.lacking():
        pytest.skip(f"the extra diffusers: {missing}")


def small(name, **entries):
    """Give the generator of a family, drawing small."""
    profile = profiles.read({"variant": name})
    return Diffusers(replace(profile, area=AREA.get(name, 64 * 64), steps=3, **entries))


def described(words):
    return Description("photo", 1, 1, (Cell(colours=("red",), text=words),), summary=words)


def flat(colour):
    return Image.new("RGB", SIZE, colour)


def line(*ends):
    picture = Image.new("L", SIZE)
    ImageDraw.Draw(picture).line(ends, 255, 3)
    return picture


BOTH = Conditions(
    SIZE,
    7,
    described("a lighthouse by the sea"),
    texture=flat((220, 30, 30)),
    structure=line(0, 0, *SIZE),
    layer_bytes={"texture": 200, "structure": 200},
)


def install(hub, name):
    """Write the models of a shipped profile into a folder that stands for the hub's; give the profile."""
    import torch

    profile = profiles.read({"variant": name})
    torch.manual_seed(0)
    pipeline, controls = {"z-image": z_image, "klein": klein}.get(name, lambda: stable(profile))()
    put(hub, profile.weights, pipeline)
    for control in profile.controls:
        put(hub, control.weights, controls[control.layer])
    return profile


def put(hub, weights, model):
    """Save a model where the hub's client would keep it."""
    folder = hub / ("models--" + weights.repository.replace("/", "--"))
    commit = weights.revision if re.fullmatch("[0-9a-f]{40}", weights.revision) else COMMIT
    if commit != weights.revision:
        (folder / "refs").mkdir(parents=True, exist_ok=True)
        (folder / "refs" / weights.revision).write_text(commit)
    options = {"variant": weights.file_variant} if weights.file_variant else {}
    model.save_pretrained(folder / "snapshots" / commit, safe_serialization=not weights.pickled, **options)


def letters():
    """Give the 256 letters of byte-level tokenizers."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    return list(bytes_to_unicode().values())


def clip_tokenizer():
    from transformers import CLIPTokenizer

    words = [*letters(), *(f"{letter}</w>" for letter in letters()), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer({word: number for number, word in enumerate(words)}, [], model_max_length=77)


def clip_encoder(tokenizer, *, projected=False):
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
    )
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config)


def autoencoder(channels=4, **options):
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(4, 4, 4, 4),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=channels,
        norm_num_groups=2,
        **options,
    )


def stable(profile):
    """Give a Stable Diffusion pipeline, and its control models by layer."""
    import diffusers

    large = profile.name == "sdxl"
    common = {
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "attention_head_dim": 4,
        "cross_attention_dim": WIDTH * (2 if large else 1),
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    }
    if large:
        common |= {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 4,
            "projection_class_embeddings_input_dim": WIDTH + 6 * 4,
            "use_linear_projection": True,
        }
    tokenizer = clip_tokenizer()
    parts = {
        "unet": diffusers.UNet2DConditionModel(
            sample_size=8, up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), **common
        ),
        "vae": autoencoder(),
        "text_encoder": clip_encoder(tokenizer),
        "tokenizer": tokenizer,
    }
    if large:
        parts |= {
            "scheduler": diffusers.EulerDiscreteScheduler(beta_schedule="scaled_linear"),
            "text_encoder_2": clip_encoder(tokenizer, projected=True),
            "tokenizer_2": tokenizer,
        }
        union = diffusers.ControlNetUnionModel(
            conditioning_embedding_out_channels=(4, 4, 8, 8),
            num_control_type=8,
            num_trans_channel=8,
            num_trans_head=2,
            num_proj_channel=8,
            **common,
        )
        wake(union)
        return diffusers.StableDiffusionXLPipeline(**parts), {"edges": union, "pose": union}
    parts |= {
        "scheduler": diffusers.PNDMScheduler(beta_schedule="scaled_linear", skip_prk_steps=True),
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    }
    pipeline = diffusers.StableDiffusionPipeline(**parts)
    if profile.name == "sd14":
        shape = {"channels": [8, 16], "num_res_blocks": 1, "downscale_factor": 8}
        return pipeline, {
            "edges": diffusers.T2IAdapter(in_channels=1, **shape),
            "colours": diffusers.T2IAdapter(in_channels=3, **shape),
        }
    controls = {
        layer: diffusers.ControlNetModel(conditioning_embedding_out_channels=(4, 4, 8, 8), **common)
        for layer in ("edges", "pose")
    }
    for control in controls.values():
        wake(control)
    return pipeline, controls


def wake(model):
    """Give random weights to what a new control model has at zero, and large ones to what it sees."""
    import torch

    for name, weight in model.named_parameters():
        if weight.ndim > 1 and (not weight.any() or "cond_embedding" in name):
            torch.nn.init.normal_(weight, std=0.5)


def language_model(layers):
    """Give a language model and its tokenizer, which knows letters and marks."""
    from transformers import Qwen2Tokenizer, Qwen3Config, Qwen3ForCausalLM

    words = [*letters(), "<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = Qwen2Tokenizer({word: number for number, word in enumerate(words)}, [])
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    tokenizer.chat_template = CHAT
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=8,
    )
    return Qwen3ForCausalLM(config), tokenizer


def z_image():
    import diffusers
    import torch

    encoder, tokenizer = language_model(2)
    transformer = diffusers.ZImageTransformer2DModel(
        in_channels=4,
        dim=32,
        n_layers=1,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=WIDTH,
        axes_dims=[8, 4, 4],
        axes_lens=[1024, 64, 64],
    )
    # They come without a value.
    torch.nn.init.normal_(transformer.x_pad_token)
    torch.nn.init.normal_(transformer.cap_pad_token)
    pipeline = diffusers.ZImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=autoencoder(shift_factor=0.1),
        text_encoder=encoder.model,
        tokenizer=tokenizer,
        transformer=transformer,
    )
    return pipeline, {}


def klein():
    import diffusers

    # It takes the outputs of layers 9, 18 and 27.
    encoder, tokenizer = language_model(27)
    transformer = diffusers.Flux2Transformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=3 * WIDTH,
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=False,
    )
    vae = diffusers.AutoencoderKLFlux2(
        block_out_channels=(4, 4, 4, 4), layers_per_block=1, latent_channels=4, norm_num_groups=2
    )
    pipeline = diffusers.Flux2KleinPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=vae,
        text_encoder=encoder,
        tokenizer=tokenizer,
        transformer=transformer,
        is_distilled=True,
    )
    return pipeline, {}
