"""A process that is asked to do one thing at a time, and says what it took: a JSON object a line, both ways.

There is one for each core, the compiled and the pure one, so that both are asked in turn.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from eval.measure.speed_stages import DECODE, ENCODE, staged
from eval.measure.times import peak_mb
from promptcodec import entropy
from promptcodec.decoding import decode
from promptcodec.encoding import encode_full
from promptcodec.provenance import record
from promptcodec.settings import EncodeSettings
from promptcodec.vision.load import load_image

QUALITY = 10
"""Of the other codecs' files, where they take one: about the fewest bytes that anybody uses."""
DISTANCE = 15.0
RIVALS: dict[str, dict[str, dict[str, Any]]] = {
    "WebP": {"fast": {"method": 0}, "default": {"method": 4}, "slow": {"method": 6}},
    "AVIF": {"fast": {"speed": 9}, "default": {"speed": 6}, "slow": {"speed": 2}},
    "JPEG XL": {"fast": {"effort": 3}, "default": {"effort": 7}, "slow": {"effort": 9}},
}


def core() -> dict[str, Any]:
    """Say which core runs."""
    try:
        native = importlib.import_module("promptcodec.native")
    except ModuleNotFoundError:
        return {"compiled": False}
    return {"compiled": native.core is not None}


def encode(path: str, budget: int | None, layers: list[str], effort: int | None) -> dict[str, Any]:
    """Encode a file; give CPU seconds by stage and the stream."""
    data = Path(path).read_bytes()
    more: dict[str, Any] = {} if effort is None else {"effort": effort}
    settings = EncodeSettings(budget=budget, layers=tuple(layers), recipe="off", **more)
    with staged(ENCODE) as spent:
        encoded = encode_full(data, settings)
    return {"stages": spent, "stream": encoded.data.hex()}


def draw(stream: str) -> dict[str, Any]:
    """Decode a stream to a PNG file; give CPU seconds by stage."""
    with staged(DECODE) as spent:
        decoded = decode(bytes.fromhex(stream))
        # Looked up there, where it is timed.
        importlib.import_module("promptcodec.provenance").save(decoded.image, "", record(decoded.report))
    return {"stages": spent}


def text(texts: list[str]) -> dict[str, Any]:
    """Code texts by the token PPM and back; give characters and CPU seconds of both."""
    start = time.process_time()
    coded = [entropy.encode_text(each, "ppm") for each in texts]
    middle = time.process_time()
    again = [entropy.decode_text(each) for each in coded]
    end = time.process_time()
    assert again == texts
    return {"characters": sum(map(len, texts)), "encode": middle - start, "decode": end - middle}


def rival(path: str, codec: str, speed: str) -> dict[str, Any]:
    """Encode with another codec; give CPU seconds and bytes, or which package is missing."""
    image = load_image(path)
    options = RIVALS[codec][speed]
    write = {"WebP": _webp, "AVIF": _avif, "JPEG XL": _jxl}[codec](image, options)
    if isinstance(write, str):
        return {"missing": write}
    start = time.process_time()
    data = write()
    return {"seconds": time.process_time() - start, "bytes": len(data)}


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _webp(image: Image.Image, options: dict[str, Any]) -> Callable[[], bytes]:
    return lambda: _saved(image, "WEBP", quality=QUALITY, **options)


def _avif(image: Image.Image, options: dict[str, Any]) -> Callable[[], bytes] | str:
    from PIL import features  # noqa: PLC0415 - needed here alone

    if not features.check("avif"):
        return "a Pillow with AVIF"
    return lambda: _saved(image, "AVIF", quality=QUALITY, max_threads=1, **options)


def _jxl(image: Image.Image, options: dict[str, Any]) -> Callable[[], bytes] | str:
    try:
        importlib.import_module("pillow_jxl")
    except ImportError:
        try:
            codecs = importlib.import_module("imagecodecs")
        except ImportError:
            return "pillow-jxl-plugin or imagecodecs"
        pixels = np.asarray(image)
        return lambda: bytes(
            codecs.jpegxl_encode(pixels, distance=DISTANCE, lossless=False, numthreads=1, **options)
        )
    return lambda: _saved(image, "JXL", quality=QUALITY, num_threads=1, **options)


def peak() -> dict[str, Any]:
    """Give the most memory this process had, in MB; None where the system does not say it."""
    return {"mb": peak_mb()}


ANSWERS: dict[str, Callable[..., dict[str, Any]]] = {
    "core": core, "encode": encode, "draw": draw, "text": text, "rival": rival, "peak": peak,
}  # fmt: skip


def main() -> None:
    """Answer until nobody asks."""
    # What libraries print goes where nobody takes it for an answer.
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)
        for line in sys.stdin:
            asked = json.loads(line)
            print(json.dumps(ANSWERS[asked.pop("do")](**asked)), file=out, flush=True)


if __name__ == "__main__":
    main()
