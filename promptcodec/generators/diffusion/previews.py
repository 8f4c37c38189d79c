"""What a picture looks like so far: latents through a tiny autoencoder, else through a fitted line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from promptcodec.generators.diffusion import pipelines, store
from promptcodec.generators.diffusion.pipelines import Loaded

TILES, TILE = 8, 32
"""A chart of 8 by 8 flat colours, each so large that its middle is free of its neighbours."""
LEVELS = 4
"""Levels of red, green and blue: 64 colours."""

View = Callable[[Any], Image.Image]


def viewer(loaded: Loaded, pipeline: Any, size: tuple[int, int]) -> View:
    """Give what makes a small RGB picture of the first latents of a batch.

    Args:
        loaded: the profile's models.
        pipeline: that draws.
        size: the working size in pixels.
    """
    tiny = loaded.profile.tiny
    folder = store.locate(tiny) if tiny.name else None
    look = _linear(pipeline) if folder is None else _through(loaded, folder)
    return lambda latents: look(_evened(_unpacked(latents[:1], size)))


def _through(loaded: Loaded, folder: Path) -> View:
    from diffusers import AutoencoderTiny  # noqa: PLC0415 - heavy

    tiny = pipelines.read(AutoencoderTiny, folder, loaded.profile.tiny, loaded.dtype).to(loaded.device)
    return lambda latents: decoded(tiny, latents)


def decoded(tiny: Any, latents: Any) -> Image.Image:
    """Give what a tiny autoencoder makes of the first of some latents, RGB."""
    return _picture(tiny.decode(latents[:1].to(tiny.device, tiny.dtype)).sample[0] / 2 + 0.5)


def _linear(pipeline: Any) -> View:
    """Fit colours to latents on a chart that the pipeline's own autoencoder encodes."""
    import torch  # noqa: PLC0415 - heavy
    from torch.nn.functional import adaptive_avg_pool2d  # noqa: PLC0415 - as above

    levels = torch.linspace(0, 1, LEVELS)
    colours = torch.cartesian_prod(levels, levels, levels).T.reshape(3, TILES, TILES)
    chart = colours.repeat_interleave(TILE, 1).repeat_interleave(TILE, 2)[None]
    latents = _encode(pipeline, chart * 2 - 1).float().cpu()
    latents = adaptive_avg_pool2d(latents, TILES)[0].flatten(1).T
    known = torch.cat([latents, torch.ones(len(latents), 1)], 1)
    # A little is added for autoencoders with more channels than the chart has colours.
    square = known.T @ known + 1e-3 * torch.eye(known.shape[1])
    matrix = torch.linalg.solve(square, known.T @ colours.flatten(1).T)

    def view(latents: Any) -> Image.Image:
        each = latents[0].float().cpu()
        weighed = torch.einsum("chw,cd->dhw", each, matrix[:-1]) + matrix[-1][:, None, None]
        return _picture(weighed)

    return view


def _encode(pipeline: Any, chart: Any) -> Any:
    """Encode a picture in -1..1 as the pipeline's own latents."""
    import torch  # noqa: PLC0415 - heavy

    vae = pipeline.vae
    # In half precision some autoencoders overflow, and say so.
    upcast = vae.dtype == torch.float16 and vae.config.force_upcast
    if upcast:
        vae.to(torch.float32)
    try:
        with torch.no_grad():
            chart = chart.to(pipeline._execution_device, vae.dtype)  # noqa: SLF001 - theirs
            if hasattr(pipeline, "_encode_vae_image"):
                return pipeline._encode_vae_image(chart, generator=None)  # noqa: SLF001 - theirs
            latents = vae.encode(chart).latent_dist.mode()
            return (latents - (vae.config.get("shift_factor") or 0)) * vae.config.scaling_factor
    finally:
        if upcast:
            vae.to(torch.float16)


def _unpacked(latents: Any, size: tuple[int, int]) -> Any:
    """Give (1, channels, rows, columns); some pipelines draw rows of a list."""
    if latents.ndim == 4:
        return latents
    places = latents.shape[1]
    columns = round((places * size[0] / size[1]) ** 0.5)
    return latents.transpose(1, 2).reshape(1, latents.shape[2], places // columns, columns)


def _evened(latents: Any) -> Any:
    """Take out the noise's scale, which is large at first with some schedulers."""
    return latents / latents.float().std().clamp(min=1).to(latents.dtype)


def _picture(values: Any) -> Image.Image:
    """Make a picture of (3, h, w) in 0..1."""
    whole = (values.detach().float().nan_to_num().clamp(0, 1) * 255).round().byte().cpu()
    return Image.fromarray(whole.permute(1, 2, 0).numpy(), "RGB")
