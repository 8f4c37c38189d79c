"""What is fuzzed: each decoder takes any bytes and gives a value or one of our errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

import numpy as np
from PIL import Image

from promptcodec import bitstream, encode, entropy, reading
from promptcodec.layers import registry

SIZE = (96, 64)


def _part(layer: registry.Layer) -> Callable[[bytes], object]:
    import_module(layer.module)  # at once: what is imported later is not instrumented
    return lambda data: layer.decode(data, SIZE, ())


TARGETS: dict[str, Callable[[bytes], object]] = {
    "container": lambda data: bitstream.read(data, partial=True),
    "bare": lambda data: bitstream.read(data, bare=True),
    "text": entropy.decode_text,
    **{layer.name: _part(layer) for layer in registry.LAYERS},
    "stream": reading.inspect,
}


def seeds(target: str) -> Iterator[bytes]:
    """Give valid inputs of a target, made here."""
    across, down = np.meshgrid(np.arange(96), np.arange(64))
    image = Image.fromarray(
        np.stack([across * 2, down * 3, 120 + 100 * np.sin(across / 9)], axis=2).astype(np.uint8)
    )
    layers = ("semantic", "texture", "structure", "signature", "pixels")
    for budget in (120, 400, 2000):
        data = encode(image, budget=budget, layers=layers, seed=7)
        stream = bitstream.read(data)
        if target in {"container", "stream"}:
            yield data
        elif target == "bare":
            yield bitstream.write(stream, bare=True)
        else:
            yield from (part.payload for part in stream.parts if registry.part_name(part.type) == target)
    if target == "text":
        for coder in ("raw", "brotli", "zstd", "ppm"):
            yield entropy.encode_text("A red kite over 3 hills.\nr1c1 sky blue: sky", coder)
