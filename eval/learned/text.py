"""Words to vectors: a small transformer of the codec's own, trained with it.

The published codec asks the text encoder of CLIP, frozen. Its weights are in no package, so this stands in
its place, and knows only what the training pictures' prompts teach. Whoever has CLIP gives ``network.Codec``
another module in this one's place: it has a ``width`` and maps a list of texts to ``Words``.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from eval.learned.blocks import Words

_WORD = re.compile(r"[^\W_]+|[^\w\s]")


@dataclass(frozen=True)
class TextShape:
    """Sizes of the text encoder.

    Attributes:
        width: of a token's vector.
        layers, heads: of the transformer.
        vectors: words share so many by their hash, so that no list of words is kept.
        length: tokens that are read of a text, as many as CLIP reads.
    """

    width: int
    layers: int
    heads: int
    vectors: int
    length: int = 77


class TextEncoder(nn.Module):
    """Token 0 is there in every text, so that the empty text has one as well."""

    def __init__(self, shape: TextShape) -> None:
        super().__init__()
        self.shape = shape
        self.width = shape.width
        self.vectors = nn.Embedding(shape.vectors + 1, shape.width)
        self.places = nn.Parameter(0.02 * torch.randn(shape.length, shape.width))
        layer = nn.TransformerEncoderLayer(
            shape.width, shape.heads, 4 * shape.width, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, shape.layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(shape.width)

    def forward(self, texts: Sequence[str]) -> Words:
        """Give the vectors of texts."""
        device = self.places.device
        lists = [[0, *numbers(text, self.shape.vectors)][: self.shape.length] for text in texts]
        longest = max(map(len, lists))
        padded = torch.tensor([[*each, *[0] * (longest - len(each))] for each in lists], device=device)
        lengths = torch.tensor([len(each) for each in lists], device=device)
        there = torch.arange(longest, device=device) < lengths[:, None]
        return Words(self.norm(self.layers(self.embed(padded), src_key_padding_mask=~there)), there)

    def embed(self, padded: Tensor) -> Tensor:
        """Give the vectors of words in their places."""
        return self.vectors(padded) + self.places[: padded.shape[1]]


def numbers(text: str, vectors: int) -> list[int]:
    """Number the words of a text, 1 to ``vectors``, alike on every machine."""
    return [1 + zlib.crc32(word.encode()) % vectors for word in _WORD.findall(text.lower())]
