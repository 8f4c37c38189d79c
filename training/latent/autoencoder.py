"""TAESD as diffusers has it."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import AutoencoderTiny
from safetensors.torch import load_file


def taesd(data: Path) -> AutoencoderTiny:
    """Give TAESD with the weights of ``DATA/weights/taesd``.

    The files number the layers of one sequence. The decoder's begins with the bounding of its input, which
    diffusers does outside it.
    """
    folder = data / "weights" / "taesd"
    weights = {f"encoder.layers.{key}": value for key, value in _read(folder / "taesd_encoder.safetensors")}
    for key, value in _read(folder / "taesd_decoder.safetensors"):
        layer, rest = key.split(".", 1)
        weights[f"decoder.layers.{int(layer) - 1}.{rest}"] = value
    model = AutoencoderTiny()
    model.load_state_dict(weights)
    return model.eval().requires_grad_(requires_grad=False)


def decoder_only(model: AutoencoderTiny) -> AutoencoderTiny:
    """Give half of it: what draws. The encoder is the smallest there is, and gives zeros."""
    half = AutoencoderTiny(encoder_block_out_channels=(1, 1, 1, 1), num_encoder_blocks=(1, 1, 1, 1))
    half.decoder = model.decoder
    for weight in half.encoder.parameters():
        torch.nn.init.zeros_(weight)
    return half.eval().requires_grad_(requires_grad=False)


def _read(path: Path) -> list[tuple[str, torch.Tensor]]:
    return [(key, value.float()) for key, value in load_file(path).items()]
