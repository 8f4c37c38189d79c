"""What is fuzzed: each decoder takes any bytes and gives a value or one of our errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

import numpy as np
from PIL import Image

from promptcodec import bitstream, encode, entropy, reading
from promptcodec.layers import derived, registry

SIZE = (96, 64)


ALONE = {"semantic": b"\0photo 1x1\nr1c1 red", "texture": bytes.fromhex("00b2687b60b9")}
"""Parts that stand beside the one that is fuzzed; the texture layer gives cells their colours."""


def _part(layer: registry.Layer) -> Callable[[bytes], object]:
    import_module(layer.module)  # at once: what is imported later is not instrumented
    return lambda data: layer.decode(data, SIZE, (), ALONE)


def _colours(data: bytes) -> object:
    """Read the colours of a grid off a texture part; the grid is the first byte's."""
    rows, cols = divmod(data[0] & 63 if data else 0, 8)
    return derived.cell_colours(data[1:], rows + 1, cols + 1)


TARGETS: dict[str, Callable[[bytes], object]] = {
    "container": lambda data: bitstream.read(data, partial=True),
    "partial": bitstream.whole_parts,
    "bare": lambda data: bitstream.read(data, bare=True),
    "text": entropy.decode_text,
    **{layer.name: _part(layer) for layer in registry.LAYERS},
    "colours": _colours,
    "stream": reading.inspect,
}


def _words(image: Image.Image) -> Iterator[bytes]:
    """Give words in all their forms: alone and beside a texture layer, by several text coders."""
    for coder in ("ppm", "raw", "zstd"):
        for layers in (("semantic",), ("semantic", "texture")):
            data = encode(image, budget=300, layers=layers, text_coder=coder)
            yield bitstream.read(data).parts[0].payload


def seeds(target: str) -> Iterator[bytes]:
    """Give valid inputs of a target, made here."""
    across, down = np.meshgrid(np.arange(96), np.arange(64))
    image = Image.fromarray(
        np.stack([across * 2, down * 3, 120 + 100 * np.sin(across / 9)], axis=2).astype(np.uint8)
    )
    layers = ("semantic", "texture", "structure", "signature", "pixels")
    if target == "semantic":
        yield from _words(image)
    for budget in (120, 400, 2000):
        data = encode(image, budget=budget, layers=layers, seed=7)
        stream = bitstream.read(data)
        if target in {"container", "partial", "stream"}:
            yield data
        elif target == "bare":
            yield bitstream.write(stream, bare=True)
        else:
            payloads = reading.payloads_of(stream)
            if target == "colours" and "texture" in payloads:
                yield bytes([budget % 64]) + payloads["texture"]
            elif target in payloads:
                yield payloads[target]
    if target == "text":
        for coder in ("raw", "brotli", "zstd", "ppm"):
            yield entropy.encode_text("A red kite over 3 hills.\nr1c1 sky blue: sky", coder)
