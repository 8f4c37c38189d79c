"""ComfyUI's API graphs for tests: the plain graph, and the same with nodes replaced, added or taken out."""

from __future__ import annotations

import sys
from pathlib import Path

from promptcodec.recipe.readers.comfyui import from_graph
from promptcodec.recipe.readers.comfyui.carried import graph_of

sys.path.append(str(Path(__file__).parent))
from recipe_files import node

GOOD, BAD = "a kiln in the snow", "mud, smear"
RUN = {"seed": 41, "steps": 17, "cfg": 5.5, "sampler_name": "heun", "scheduler": "beta", "denoise": 1.0}
BASE = {
    "1": node("CheckpointLoaderSimple", ckpt_name="clay.safetensors"),
    "2": node("CLIPTextEncode", clip=["1", 1], text=GOOD),
    "3": node("CLIPTextEncode", clip=["1", 1], text=BAD),
    "4": node("EmptyLatentImage", width=704, height=576, batch_size=1),
    "8": node("VAEDecode", samples=["5", 0], vae=["1", 2]),
    "9": node("SaveImage", images=["8", 0], filename_prefix="x"),
}
LATENT, MODEL = {"latent_image": ["4", 0]}, {"model": ["1", 0]}


def sampler(positive, negative, **changes):
    inputs = {**MODEL, **LATENT, "positive": positive, "negative": negative, **RUN, **changes}
    return node("KSampler", **inputs)


def recipe(**nodes):
    graph = {
        **BASE,
        "5": sampler(["2", 0], ["3", 0]),
        **{key.strip("_"): value for key, value in nodes.items()},
    }
    return from_graph(graph_of({key: value for key, value in graph.items() if value}, None))


def sides(**nodes):
    settings = recipe(**nodes).settings
    return settings.prompt, settings.negative
