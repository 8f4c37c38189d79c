"""Image files with metadata as tools write it, made here."""

from __future__ import annotations

import io
import json
import struct
import zlib

import numpy as np
from PIL import Image

SETTINGS = (
    "a lighthouse (at dusk:1.2), <lora:paint_v2:0.7>\nsecond line\nNegative prompt: fog, people\n"
    "Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 4294967290, "
    "Size: 832x1216, Model hash: 0123456789, Model: seaside_v3, VAE: coast.pt, "
    'Denoising strength: 0.4, ControlNet 0: "Module: canny, Model: control_canny [abc], Weight: 0.8, '
    'Resize Mode: Crop", Hires upscale: 1.5, Hires steps: 12, '
    'Hires upscaler: Latent, Lora hashes: "paint_v2: fedcba987654", Mystery key: 7, Version: v1.10.1'
)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks):
    """An 8x8 PNG with these ``(kind, body)`` chunks before its pixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(25 * 8)))
    middle = b"".join(chunk(kind, body) for kind, body in chunks)
    return b"\x89PNG\r\n\x1a\n" + head + middle + pixels + chunk(b"IEND", b"")


def text(key, value):
    return b"tEXt", key.encode() + b"\0" + (value if isinstance(value, bytes) else value.encode())


def with_texts(**texts):
    named = {key.replace("_", "-"): value for key, value in texts.items()}
    return png(*(text(key, value) for key, value in named.items()))


def jpeg_with_comment(comment, encoding="utf-16-be"):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + comment.encode(encoding)
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", exif=exif)
    return file.getvalue()


def saved(form, **options):
    file = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(file, form, **options)
    return file.getvalue()


def stealth(hidden, *, packed):
    """A picture with a text in the lowest bits of its alpha channel, down the columns."""
    body = zlib.compress(hidden.encode(), wbits=31) if packed else hidden.encode()
    signature = b"stealth_pngcomp" if packed else b"stealth_pnginfo"
    bits = np.unpackbits(np.frombuffer(signature + struct.pack(">I", 8 * len(body)) + body, np.uint8))
    alpha = np.full(64 * 64, 254, np.uint8)
    alpha[: bits.size] |= bits
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[:, :, 3] = alpha.reshape(64, 64).T
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def node(kind, **inputs):
    return {"class_type": kind, "inputs": inputs}


GRAPH = {
    "1": node("UNETLoader", unet_name="tide.safetensors", weight_dtype="default"),
    "2": node("LoraLoaderModelOnly", model=["1", 0], lora_name="foam.safetensors", strength_model=0.6),
    "3": node("SomebodysTextBox", Text="a harbour, boats"),
    "4": node("CLIPTextEncode", clip=["9", 0], text=["3", 0]),
    "5": node("FluxGuidance", conditioning=["4", 0], guidance=3.5),
    "6": node("BasicGuider", model=["2", 0], conditioning=["5", 0]),
    "7": node("RandomNoise", noise_seed=77),
    "8": node("KSamplerSelect", sampler_name="euler"),
    "9": node("CLIPLoader", clip_name="c.safetensors"),
    "10": node("BasicScheduler", model=["2", 0], scheduler="beta", steps=24, denoise=1.0),
    "11": node("EmptySD3LatentImage", width=["12", 0], height=768, batch_size=1),
    "12": node("PrimitiveInt", value=1344),
    "13": node(
        "SamplerCustomAdvanced",
        noise=["7", 0],
        guider=["6", 0],
        sampler=["8", 0],
        sigmas=["10", 0],
        latent_image=["11", 0],
    ),
    "14": node("SaveImage", images=["13", 0], filename_prefix="x"),
}


def workflow_of(graph):
    """The editor's workflow of a graph, as far as the tests need it: nodes, links and widget values."""
    nodes, links = [], []
    for order, (name, api) in enumerate(graph.items()):
        entries, widgets = [], []
        for slot, (key, value) in enumerate(api["inputs"].items()):
            if isinstance(value, list):
                links.append([len(links) + 1, int(value[0]), value[1], int(name), slot, "X"])
                entries.append({"name": key, "type": "X", "link": len(links)})
            else:
                widgets.append(value)
        nodes.append(
            {
                "id": int(name),
                "type": api["class_type"],
                "pos": [100 + 10 * order, 20.5],
                "size": [210, 58],
                "flags": {},
                "order": order,
                "mode": 0,
                "inputs": entries,
                "outputs": [{"name": "X", "type": "X", "links": []}],
                "properties": {"Node name for S&R": api["class_type"]},
                "widgets_values": widgets,
            }
        )
    for link in links:
        source = next(item for item in nodes if item["id"] == link[1])
        source["outputs"][0]["links"].append(link[0])
    return {
        "last_node_id": len(nodes),
        "last_link_id": len(links),
        "nodes": nodes,
        "links": links,
        "version": 0.4,
    }


def comfy(graph=GRAPH):
    return png(text("prompt", json.dumps(graph)), text("workflow", json.dumps(workflow_of(graph))))
