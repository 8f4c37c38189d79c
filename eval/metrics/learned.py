"""Metrics that need weights of others: run where library and weights are here, else they say why not.

pyiqa is under the PolyForm Noncommercial licence: it is for evaluation only, nothing of the package
imports it, and whoever runs these metrics has to keep to it. Nothing is downloaded: weights that are not
in the library's cache are a reason not to run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from eval.metrics.metric import Metric
from eval.missing import Unavailable, offline

_LICENCE = "pyiqa (PolyForm Noncommercial)"


def _pyiqa(name: str, kind: str) -> Callable[[], Callable[..., Any]]:
    def load() -> Callable[..., Any]:
        import pyiqa  # noqa: PLC0415 - heavy, and not free software
        import torch  # noqa: PLC0415

        torch.set_num_threads(1)
        try:
            with offline():
                metric = pyiqa.create_metric(name, device=torch.device("cpu"))
        except Exception as error:  # libraries below it raise what they like
            raise Unavailable(f"{name} of pyiqa: {error}") from error

        def tensor(image: Image.Image) -> Any:
            return torch.from_numpy(np.asarray(image, np.float32).transpose(2, 0, 1)[None] / 255)

        def pair(first: Image.Image, second: Image.Image) -> float:
            with torch.no_grad():
                return float(metric(tensor(second), tensor(first)))

        def alone(image: Image.Image) -> float:
            with torch.no_grad():
                return float(metric(tensor(image)))

        def caption(image: Image.Image, text: str) -> float:
            with torch.no_grad():
                return float(metric(tensor(image), caption_list=[text]))

        return {"pair": pair, "decoded": alone, "caption": caption}[kind]

    return load


def _clip_i() -> Callable[[Image.Image, Image.Image], float]:
    import torch  # noqa: PLC0415 - heavy
    from torchmetrics.functional.multimodal.clip_score import (  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
        _get_clip_model_and_processor,
    )

    torch.set_num_threads(1)
    try:
        with offline():
            model, processor = _get_clip_model_and_processor("openai/clip-vit-base-patch32")
    except Exception as error:
        raise Unavailable(f"CLIP ViT-B/32: {error}") from error

    def measure(first: Image.Image, second: Image.Image) -> float:
        with torch.no_grad():
            embeddings = model.get_image_features(**processor(images=[first, second], return_tensors="pt"))
        embeddings = embeddings / embeddings.norm(dim=-1, keepdim=True)
        return float(embeddings[0] @ embeddings[1])

    return measure


METRICS = (
    Metric("lpips_alex", "pair", -1, "", f"LPIPS v0.1, AlexNet, {_LICENCE}", _pyiqa("lpips", "pair")),
    Metric("lpips_vgg", "pair", -1, "", f"LPIPS v0.1, VGG16, {_LICENCE}", _pyiqa("lpips-vgg", "pair")),
    Metric("dists", "pair", -1, "", f"DISTS (Ding 2020), {_LICENCE}", _pyiqa("dists", "pair")),
    Metric("niqe", "decoded", -1, "", f"NIQE (Mittal 2013), {_LICENCE}", _pyiqa("niqe", "decoded")),
    Metric("musiq", "decoded", 1, "", f"MUSIQ, KonIQ (Ke 2021), {_LICENCE}", _pyiqa("musiq", "decoded")),
    Metric("clip_t", "caption", 1, "", f"CLIPScore of picture and prompt, ViT-B/32, {_LICENCE}",
           _pyiqa("clipscore", "caption")),
    Metric("clip_i", "pair", 1, "", "cosine of CLIP ViT-B/32 embeddings of both, torchmetrics", _clip_i),
)  # fmt: skip
