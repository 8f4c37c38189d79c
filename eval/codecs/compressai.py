"""The learned codecs of CompressAI's zoo, where their weights have been downloaded before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from eval.codecs import Plain
from eval.datasets import Item
from eval.missing import Unavailable, offline
from promptcodec.entropy.varint import read_varint, write_varint

_GRAIN = 64


class CompressAI(Plain):
    """``model`` as the zoo names it; the setting is its quality, ``1`` .. ``8``; nothing is downloaded.

    Stream: a byte of quality, the latent's height and width, and each string after its length (varints).
    """

    def __init__(self, entry: Mapping[str, Any], mode: str) -> None:
        super().__init__(entry, mode)
        from compressai.zoo import image_models  # noqa: PLC0415 - heavy, and seldom there

        self.make = image_models[entry.get("model", "cheng2020-anchor")]
        self.metric = entry.get("metric", "mse")
        self.networks: dict[int, Any] = {}
        self.network(int(entry["settings"][0]))

    def network(self, quality: int) -> Any:
        """Load the weights of a quality.

        Raises:
            Unavailable: they are not here.
        """
        if quality not in self.networks:
            try:
                with offline():
                    network = self.make(quality=quality, metric=self.metric, pretrained=True)
            except OSError as error:
                raise Unavailable(
                    f"no weights of {self.entry.get('model')} {quality} here: {error}"
                ) from error
            network.eval()
            network.update()
            self.networks[quality] = network
        return self.networks[quality]

    def encode(self, item: Item, image: Image.Image, setting: str) -> bytes:
        """Code, padded to what the network divides by."""
        import torch  # noqa: PLC0415 - heavy

        pixels = np.asarray(image, np.float32).transpose(2, 0, 1) / 255
        padding = [(0, -length % _GRAIN) for length in pixels.shape[1:]]
        padded = np.pad(pixels, ((0, 0), *padding), mode="edge")
        with torch.no_grad():
            coded = self.network(int(setting)).compress(torch.from_numpy(padded)[None])
        return pack(int(setting), tuple(coded["shape"]), [strings[0] for strings in coded["strings"]])

    def decode(self, data: bytes, size: tuple[int, int], variant: str) -> Image.Image:
        """Decode and crop."""
        import torch  # noqa: PLC0415 - heavy

        quality, shape, strings = unpack(data)
        with torch.no_grad():
            output = self.network(quality).decompress([[each] for each in strings], shape)["x_hat"]
        pixels = output[0].clamp(0, 1).numpy().transpose(1, 2, 0)[: size[1], : size[0]]
        return Image.fromarray(np.rint(pixels * 255).astype(np.uint8))


def pack(quality: int, shape: tuple[int, ...], strings: list[bytes]) -> bytes:
    """Write one file."""
    head = bytes([quality, len(strings)]) + b"".join(map(write_varint, shape))
    return head + b"".join(write_varint(len(each)) + each for each in strings)


def unpack(data: bytes) -> tuple[int, tuple[int, int], list[bytes]]:
    """Read what ``pack`` wrote."""
    height, at = read_varint(data, 2, "a height")
    width, at = read_varint(data, at, "a width")
    strings = []
    for _ in range(data[1]):
        length, at = read_varint(data, at, "a length")
        strings.append(data[at : at + length])
        at += length
    return data[0], (height, width), strings
