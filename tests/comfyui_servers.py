"""What tests of the generator ``comfyui`` share: a server, what it was sent, streams with graphs in them."""

from __future__ import annotations

import json
import time

import httpx
from PIL import Image

from promptcodec import encode
from promptcodec.description import parse_text
from promptcodec.generators import Conditions
from promptcodec.generators.comfyui import create, jobs
from promptcodec.generators.watching import Watch

# What is drawn here takes no time.
jobs.FIRST_PAUSE, jobs.PAUSE = 0.01, 0.02
WEB = httpx.Client(verify=False, trust_env=False)

BARN = "picture 1x1\nr1c1 red: a barn"
BYTES = {"texture": 100, "structure": 100, "semantic": 40}


class Server:
    """A server's address and its log."""

    def __init__(self, url, log):
        self.url, self.log = url, log

    def lines(self):
        text = self.log.read_text() if self.log.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def events(self):
        return [line["event"] for line in self.lines() if "event" in line]

    def wait_for(self, event, seconds=30):
        until = time.monotonic() + seconds
        while event not in self.events():
            assert time.monotonic() < until, self.events()
            time.sleep(0.01)

    def graph(self):
        """The newest graph it has run."""
        name = [line["job"] for line in self.lines() if line.get("event") == "success"][-1]
        return WEB.get(f"{self.url}/history/{name}").json()[name]["prompt"][2]


def node(graph, title):
    """The inputs of the node with a title, None where there is none."""
    return next((one["inputs"] for one in graph.values() if one["_meta"]["title"] == title), None)


def conditions(**changes):
    lines = Image.new("L", (40, 30), 0)
    lines.paste(255, (10, 0, 16, 30))
    given = {
        "size": (50, 37), "seed": 7, "description": parse_text(BARN), "layer_bytes": BYTES,
        "texture": Image.new("RGB", (40, 30), "teal"), "structure": lines,
    }  # fmt: skip
    return Conditions(**(given | changes))


def draw(url, given=None, watch=None, **entries):
    generator = create({"url": url, "area": "64x64", **entries})
    return generator.generate(given or conditions(), watch or Watch()), generator.provenance


def noticed(url, given, **entries):
    """What a picture's notices say."""
    generator = create({"url": url, "area": "64x64", **entries})
    generator.generate(given)
    return [str(notice) for notice in generator.notices]


def prompted(graph, size=(64, 48)):
    """A graph that draws ``size``, in API format: the plain one of text to image, with changes by node."""
    base = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "loopback-sd15.safetensors"}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "kiln, in/out (ice:1.2)", "clip": ["1", 1]}},
        "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "mud", "clip": ["1", 1]}},
        "4": {
            "class_type": "EmptyLatentImage",
            "inputs": {"width": size[0], "height": size[1], "batch_size": 1},
        },
        "5": {
            "class_type": "KSampler",
            "inputs": {
                "model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0], "latent_image": ["4", 0],
                "seed": 2**60 + 1, "steps": 17, "cfg": 5.5, "sampler_name": "heun", "scheduler": "karras",
                "denoise": 1,
            },
        },
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "old/kiln"}},
    }  # fmt: skip
    return {name: one for name, one in {**base, **graph}.items() if one}


def run(url, graph, index=-1):
    """Queue a graph and give the file of a picture it draws, as its user would have got it."""
    job = WEB.post(f"{url}/prompt", json={"prompt": graph}).raise_for_status().json()["prompt_id"]
    entry = {}
    while not entry:
        entry = WEB.get(f"{url}/history/{job}").json()
    places = [image for shown in entry[job]["outputs"].values() for image in shown["images"]]
    return WEB.get(f"{url}/view", params=places[index]).raise_for_status().content


def stream_of(file, layers=("recipe",)):
    return encode(file, layers=layers, budget=100_000)
