"""Workflows of ComfyUI's editor for tests: the plain one, and the same with nodes replaced or added."""

from __future__ import annotations

import json

from promptcodec.recipe.read import from_texts

GOOD, BAD = "a kiln in the snow", "mud, smear"
RUN = [41, "fixed", 17, 5.5, "heun", "beta", 1.0]
TYPES = {
    "model": "MODEL",
    "clip": "CLIP",
    "vae": "VAE",
    "positive": "CONDITIONING",
    "negative": "CONDITIONING",
    "latent_image": "LATENT",
    "samples": "LATENT",
    "images": "IMAGE",
    "text": "STRING",
    "seed": "INT",
}
LOADER = ["MODEL", "CLIP", "VAE"]


def box(name, kind, values=(), outputs=(), mode=0, **links):
    """A node of the editor; ``links`` are (node, slot) or None for an open input."""
    inputs = [{"name": key, "type": TYPES.get(key, "*"), "from": value} for key, value in links.items()]
    outs = [{"name": item, "type": item} for item in outputs]
    return {
        "id": name,
        "type": kind,
        "mode": mode,
        "inputs": inputs,
        "outputs": outs,
        "widgets_values": list(values),
    }


def connect(nodes):
    """Number the links of nodes and put them into a list."""
    links = []
    for entry in nodes:
        for slot, item in enumerate(entry["inputs"]):
            origin = item.pop("from")
            item["link"] = None
            if origin:
                links.append([len(links) + 1, origin[0], origin[1], entry["id"], slot, item["type"]])
                item["link"] = len(links)
    return {"nodes": nodes, "links": links, "version": 0.4}


def plain(**changes):
    """The plain graph, with nodes replaced, added, or taken out by None."""
    nodes = {
        "1": box(1, "CheckpointLoaderSimple", ["clay.safetensors"], LOADER),
        "2": box(2, "CLIPTextEncode", [GOOD], ["CONDITIONING"], clip=(1, 1)),
        "3": box(3, "CLIPTextEncode", [BAD], ["CONDITIONING"], clip=(1, 1)),
        "4": box(4, "EmptyLatentImage", [704, 576, 1], ["LATENT"]),
        "5": box(
            5,
            "KSampler",
            RUN,
            ["LATENT"],
            model=(1, 0),
            positive=(2, 0),
            negative=(3, 0),
            latent_image=(4, 0),
        ),
        "8": box(8, "VAEDecode", [], ["IMAGE"], samples=(5, 0), vae=(1, 2)),
        "9": box(9, "SaveImage", ["x"], images=(8, 0)),
    }
    nodes.update({key.strip("_"): value for key, value in changes.items()})
    return connect([entry for entry in nodes.values() if entry])


def read(workflow):
    return from_texts({"workflow": json.dumps(workflow)})


def check(recipe):
    settings = recipe.settings
    assert (settings.prompt, settings.negative) == (GOOD, BAD)
    assert (settings.seed, settings.steps, settings.guidance) == (41, 17, 5.5)
    assert (settings.sampler, settings.scheduler, settings.denoise) == ("heun", "beta", 1)
    assert (settings.width, settings.height) == (704, 576)
    assert (recipe.model.name, recipe.unknown) == ("clay.safetensors", ())


def sampler(values=RUN, kind="KSampler", **links):
    inputs = {"model": (1, 0), "positive": (2, 0), "negative": (3, 0), "latent_image": (4, 0), **links}
    return box(5, kind, values, ["LATENT"], **inputs)
