"""TAESD: a picture as the latents of a tiny autoencoder, quantised and range coded.

The nearest thing to a learned codec that runs without a download: 1.2 million parameters a half, trained
to stand in for the autoencoder of Stable Diffusion, not for rate and distortion (Ollin Boer Bohan, MIT).
Weights are read from a folder of safetensors, ``weights/taesd`` of the data folder where not said.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from eval.codecs import Plain
from eval.datasets import Item, data_folder
from eval.lab import study
from eval.missing import NotReached, Unavailable
from eval.rivals import scaling
from eval.rivals.search import psnr
from promptcodec.entropy.rangecoder import Decoder, Encoder
from promptcodec.entropy.varint import read_varint, write_varint

Levels = npt.NDArray[np.int64]
_SIDES = (64, 96, 128, 192, 256, 384, 512)
_STEPS = tuple(4.0 * 2 ** (-index / 2) for index in range(12))  # of latents, whose deviation is about 1
_GRAIN = 8  # pixels a latent
_LARGEST = 24  # of a level; beyond it is clipped
_RAISE, _HALVE_AT = 32, 1 << 13
_METHOD = "lanczos"


class Taesd(Plain):
    """``model`` is taesd, taesdxl, taesd3 or taef1. Settings are rates: scale and step are searched.

    Stream: width and height of the coded picture in latents (varints), the index of the step, and the
    levels by channel and raster order, each with adaptive counts chosen by its left and upper neighbour.
    """

    def __init__(self, entry: Mapping[str, Any], mode: str) -> None:
        super().__init__(entry, mode)
        model = entry.get("model", "taesd")
        folder = Path(entry.get("weights", data_folder() / "weights" / "taesd"))
        files = [folder / f"{model}_{half}.safetensors" for half in ("encoder", "decoder")]
        if missing := [file.name for file in files if not file.is_file()]:
            raise Unavailable(f"no weights {missing[0]} in {folder.name}")
        self.encoder, self.decoder = (Layers(file) for file in files)
        self.version = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
        self.channels = self.decoder.weights["1.weight"].shape[1]
        self._cached: tuple[bytes, dict[int, Any]] = (b"", {})

    def encode(self, item: Item, image: Image.Image, setting: str) -> bytes:
        """Find the scale and step with the best PSNR within the bytes."""
        room = study.budget(setting, image.size)
        if room is None:
            raise ValueError(f"unknown setting {setting!r}: a rate such as 0.02bpp or 900B")
        key = image.tobytes()
        if key != self._cached[0]:
            self._cached = (key, {})
        best: tuple[float, bytes] | None = None
        for side in _SIDES:
            if side > max(image.size):
                break
            if side not in self._cached[1]:
                small = scaling.shrink(image, scaling.small_size(image.size, side, _GRAIN, _GRAIN), _METHOD)
                self._cached[1][side] = self.encoder.latents(small)
            data = self._finest(self._cached[1][side], room)
            if data is not None:
                score = psnr(image, self.decode(data, image.size, ""))
                if best is None or score > best[0]:
                    best = (score, data)
        if best is None:
            raise NotReached(f"nothing within {room} bytes")
        return best[1]

    def _finest(self, latents: npt.NDArray[np.float32], room: int) -> bytes | None:
        low, high, finest = 0, len(_STEPS) - 1, None
        while low <= high:
            middle = (low + high) // 2
            data = pack(latents, middle)
            if len(data) <= room:
                finest, low = data, middle + 1
            else:
                high = middle - 1
        return finest

    def decode(self, data: bytes, size: tuple[int, int], variant: str) -> Image.Image:
        """Decode and scale up."""
        picture = self.decoder.picture(unpack(data, self.channels))
        return scaling.enlarge(picture, size, _METHOD)


def pack(latents: npt.NDArray[np.float32], index: int) -> bytes:
    """Code latents ``(channels, rows, columns)`` with the step of this index."""
    levels = np.clip(np.rint(latents / _STEPS[index]), -_LARGEST, _LARGEST).astype(np.int64)
    coder = Encoder()
    for value, counts in _walk(levels):
        at = value + _LARGEST
        coder.encode(sum(counts[:at]), counts[at], sum(counts))
        _learn(counts, at)
    return write_varint(levels.shape[2]) + write_varint(levels.shape[1]) + bytes([index]) + coder.finish()


def unpack(data: bytes, channels: int) -> npt.NDArray[np.float32]:
    """Decode what ``pack`` gave."""
    width, at = read_varint(data, 0, "a width")
    height, at = read_varint(data, at, "a height")
    levels = np.zeros((channels, height, width), np.int64)
    coder = Decoder(data[at + 1 :])
    flat = levels.reshape(-1)
    for place, (_, counts) in enumerate(_walk(levels)):
        target, start, symbol = coder.target(sum(counts)), 0, 0
        while start + counts[symbol] <= target:
            start += counts[symbol]
            symbol += 1
        coder.take(start, counts[symbol], sum(counts))
        flat[place] = symbol - _LARGEST
        _learn(counts, symbol)
    return (levels * _STEPS[data[at]]).astype(np.float32)


def _walk(levels: Levels) -> Iterator[tuple[int, list[int]]]:
    """Give each level with its counts; read lazily, so that a decoder can fill them in."""
    start = [1 + (256 >> min(8, abs(value))) for value in range(-_LARGEST, _LARGEST + 1)]
    for plane in levels:
        counts = [list(start) for _ in range(4)]
        for row in range(plane.shape[0]):
            for column in range(plane.shape[1]):
                near = abs(plane[row, column - 1]) if column else 0
                near += abs(plane[row - 1, column]) if row else 0
                yield int(plane[row, column]), counts[min(3, int(near))]


def _learn(counts: list[int], at: int) -> None:
    counts[at] += _RAISE
    if sum(counts) > _HALVE_AT:
        counts[:] = [(count + 1) // 2 for count in counts]


class Layers:
    """One half of the autoencoder: a flat row of convolutions and blocks, keyed by their place."""

    def __init__(self, file: Path) -> None:
        import torch  # noqa: PLC0415 - heavy
        from safetensors.torch import load_file  # noqa: PLC0415

        torch.set_num_threads(1)
        self.torch = torch
        self.weights = {key: value.float() for key, value in load_file(file).items()}
        self.last = max(int(key.partition(".")[0]) for key in self.weights)

    def latents(self, image: Image.Image) -> npt.NDArray[np.float32]:
        """Encode an RGB picture whose sides 8 divides."""
        pixels = self.torch.from_numpy(np.asarray(image, np.float32).transpose(2, 0, 1)[None] / 255)
        return np.asarray(self._run(pixels)[0].numpy(), np.float32)

    def picture(self, latents: npt.NDArray[np.float32]) -> Image.Image:
        """Decode latents."""
        given = self.torch.from_numpy(np.tanh(latents / 3) * 3)[None]
        pixels = self._run(given)[0].clamp(0, 1).numpy().transpose(1, 2, 0)
        return Image.fromarray(np.rint(pixels * 255).astype(np.uint8))

    def _run(self, value: Any) -> Any:
        functional = self.torch.nn.functional
        with self.torch.no_grad():
            for place in range(self.last + 1):
                key = f"{place}.weight"
                if key in self.weights:
                    # An encoder halves where there is no bias, a decoder has doubled the size before it.
                    bias = self.weights.get(f"{place}.bias")
                    halves = bias is None and f"{place - 1}.weight" not in self.weights and self._encodes()
                    value = functional.conv2d(value, self.weights[key], bias, 2 if halves else 1, 1)
                elif f"{place}.conv.0.weight" in self.weights:
                    value = self._block(place, value)
                elif place == 2 and not self._encodes():
                    value = functional.relu(value)
                elif place:  # the decoder's first entry clamps, which was done
                    value = functional.interpolate(value, scale_factor=2, mode="nearest")
        return value

    def _encodes(self) -> bool:
        return "0.weight" in self.weights

    def _block(self, place: int, value: Any) -> Any:
        functional = self.torch.nn.functional
        result = value
        for step in (0, 2, 4):
            weight, bias = (self.weights[f"{place}.conv.{step}.{part}"] for part in ("weight", "bias"))
            result = functional.conv2d(result, weight, bias, 1, 1)
            result = functional.relu(result) if step < 4 else result
        skip = self.weights.get(f"{place}.skip.weight")
        return functional.relu(result + (value if skip is None else functional.conv2d(value, skip)))
