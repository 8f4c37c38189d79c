"""A small latent diffusion pipeline that draws what the cells of a description say, where they say it.

Its own UNet, trained on promptcodec's layers, over the latents of TAESD. The layers reach it as maps beside
the noise; the words of the whole picture reach it as tokens too.

Source: Y. Lipman and others, "Flow matching for generative modeling", 2023; guidance, J. Ho and T. Salimans,
"Classifier-free diffusion guidance", 2022.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import (
    AutoencoderTiny,
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
    ImagePipelineOutput,
    UNet2DConditionModel,
)
from diffusers.image_processor import VaeImageProcessor
from PIL import Image

from promptcodec.description import Description
from promptcodec.generators import Conditions, faithful, maps
from promptcodec.generators.diffusion import grid_maps
from promptcodec.generators.diffusion.grid_maps import FACTOR, Layers
from promptcodec.generators.diffusion.grid_words import WordTable

STEPS, GUIDANCE = 12, 2.0
# Share of the noise at strength 0 and at strength 1. Chosen on pictures held out of the training.
NOISE = (0.8, 1.0)


class GridPipeline(DiffusionPipeline):  # type: ignore[misc]
    """Draw from a description, and from a texture and a structure where there are any.

    Args:
        unet: gives the flow of the latents.
        words: the vectors of the words.
        vae: TAESD.
        scheduler: of the flow.
    """

    model_cpu_offload_seq = "words->unet->vae"
    _callback_tensor_inputs = ["latents"]  # noqa: RUF012 - as pipelines have it

    def __init__(
        self,
        unet: UNet2DConditionModel,
        words: WordTable,
        vae: AutoencoderTiny,
        scheduler: FlowMatchEulerDiscreteScheduler,
    ) -> None:
        super().__init__()
        self.register_modules(unet=unet, words=words, vae=vae, scheduler=scheduler)
        self.image_processor = VaeImageProcessor(vae_scale_factor=FACTOR)

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def __call__(
        self,
        description: Description | None = None,
        texture: Image.Image | None = None,
        structure: Image.Image | None = None,
        width: int = grid_maps.SIDE,
        height: int = grid_maps.SIDE,
        num_inference_steps: int = STEPS,
        guidance_scale: float = GUIDANCE,
        noise_scale: float = 1.0,
        generator: torch.Generator | None = None,
        callback_on_step_end: Callable[..., dict[str, Any]] | None = None,
        output_type: str = "pil",
    ) -> ImagePipelineOutput:
        """Draw one picture.

        Args:
            description: what it shows.
            texture: RGB, the texture layer's picture.
            structure: mode L, 255 on contours.
            width: in pixels, a multiple of 8.
            height: the same; what is drawn best has an area of SIDE x SIDE.
            num_inference_steps: how often the network is asked.
            guidance_scale: 1 draws what is likely; more keeps closer to the words.
            noise_scale: less than 1 draws smoother pictures, nearer to the mean of all that are likely.
            generator: of the noise, on the CPU.
            callback_on_step_end: as diffusers has it; it may change ``latents``.
            output_type: ``pil``, ``np``, ``pt`` or ``latent``.
        """
        size = width // FACTOR, height // FACTOR
        layers = layers_of(description, texture, structure, size, self.words.numbers)
        grid = (description.rows, description.cols) if description else (1, 1)
        guided = guidance_scale != 1 and layers.words is not None
        sets = [layers, layers._replace(words=None)] if guided else [layers]
        given = [grid_maps.give(each, grid, (0, 0, 1, 1), size) for each in sets]
        tensors = [
            torch.from_numpy(np.stack(each)).to(self._execution_device) for each in zip(*given, strict=True)
        ]
        stacked, *numbers, vector = tensors
        spread, vectors = self.words(*numbers)
        shape = (1, self.unet.config.out_channels, size[1], size[0])
        latents = noise_scale * torch.randn(shape, generator=generator).to(self._execution_device)
        self.scheduler.set_timesteps(num_inference_steps, device=self._execution_device)
        for step, time in enumerate(self.progress_bar(self.scheduler.timesteps)):
            asked = torch.cat([latents.expand(len(sets), -1, -1, -1), stacked, spread], 1)
            flow = self.unet(asked, time, vectors, class_labels=vector, return_dict=False)[0]
            if guided:
                flow = flow[1:] + guidance_scale * (flow[:1] - flow[1:])
            latents = self.scheduler.step(flow, time, latents, return_dict=False)[0]
            if callback_on_step_end is not None:
                latents = callback_on_step_end(self, step, time, {"latents": latents}).get("latents", latents)
        self.maybe_free_model_hooks()
        if output_type == "latent":
            return ImagePipelineOutput(images=latents)
        decoded = self.vae.decode(latents, return_dict=False)[0].clamp(-1, 1)
        return ImagePipelineOutput(images=self.image_processor.postprocess(decoded, output_type=output_type))


def layers_of(
    description: Description | None,
    texture: Image.Image | None,
    structure: Image.Image | None,
    size: tuple[int, int],
    numbers: dict[str, int],
) -> Layers:
    """Give the layers at the size of the latents, ``size`` being columns and rows."""
    half = 2 * size[0], 2 * size[1]
    return Layers(
        None if texture is None else maps.pixels(texture.resize(half, Image.Resampling.BICUBIC)),
        None if structure is None else grid_maps.contours(structure.resize(half, Image.Resampling.BOX)),
        None if description is None else maps.sample(maps.colour_field(description), (0, 0, 1, 1), size),
        None if description is None else grid_maps.words(description, numbers),
    )


def load(folder: Path) -> GridPipeline:
    """Read a pipeline that ``save_pretrained`` wrote."""
    pipeline: GridPipeline = GridPipeline.from_pretrained(folder, local_files_only=True).to(torch.float32)
    return pipeline


def draw(
    pipeline: GridPipeline,
    conditions: Conditions,
    *,
    steps: int = STEPS,
    guidance: float = GUIDANCE,
    on_step: Callable[[int, int, torch.Tensor], None] | None = None,
) -> Image.Image:
    """Draw the conditions: at an area of SIDE x SIDE, then resized.

    Strength 1 shows what the pipeline draws. With less, its noise is less, and without a texture the colours
    of its drawing are moved by what is missing towards those of the cells.

    Args:
        pipeline: of ``load``.
        conditions: description, texture and structure are looked at.
        steps: how often the network is asked.
        guidance: 1 draws what is likely; more keeps closer to the words.
        on_step: called after every step with how many are done, how many there are, and the latents.

    Returns:
        RGB of ``conditions.size``.
    """
    width, height = grid_maps.drawn_size(conditions.size)

    def after(
        _pipeline: GridPipeline, step: int, _time: torch.Tensor, kept: dict[str, Any]
    ) -> dict[str, Any]:
        if on_step is not None:
            on_step(step + 1, steps, kept["latents"])
        return kept

    pipeline.set_progress_bar_config(disable=True)
    picture: Image.Image = pipeline(
        conditions.description,
        conditions.texture,
        # It was trained on contours, and would draw limbs as edges.
        None if conditions.skeletons else conditions.structure,
        width,
        height,
        steps,
        guidance,
        NOISE[0] + (NOISE[1] - NOISE[0]) * conditions.strength,
        torch.Generator("cpu").manual_seed(conditions.seed),
        after,
    ).images[0]
    if conditions.texture is None and conditions.description is not None:
        picture = _held(picture, conditions.description, 1 - conditions.strength)
    same = picture.size == conditions.size
    return picture if same else picture.resize(conditions.size, Image.Resampling.BICUBIC)


def _held(picture: Image.Image, description: Description, share: float) -> Image.Image:
    """Move a drawing towards the colours of the cells."""
    drawn = np.asarray(picture, np.float32)
    moved = drawn + share * (faithful.to_cells(drawn, description) - drawn)
    return Image.fromarray(np.rint(np.clip(moved, 0, 255)).astype(np.uint8))
