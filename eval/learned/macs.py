"""Count multiplications and additions a pixel, and weights: ``python -m eval.learned.macs``.

Nothing is computed: torch counts on tensors that have a shape alone. Coding to bytes runs analysis, hyper
analysis and entropy model; decoding runs entropy model and synthesis. The words are 20 tokens.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from eval.learned.blocks import Words
from eval.learned.network import GRAIN, SIZES, Codec

SIDE, TOKENS = 512, 20
PARTS = ("analysis", "entropy model", "synthesis", "text encoder")


def count(size: str) -> tuple[list[float], float]:
    """Give thousands of MACs a pixel by part, for a picture of SIDE x SIDE, and millions of weights."""
    with torch.device("meta"):
        codec = Codec(SIZES[size]).eval()
        words = Words(torch.empty(1, TOKENS, codec.shape.text.width), torch.ones(1, TOKENS, dtype=torch.bool))
        rates = torch.zeros(1, dtype=torch.long)
        hyper = torch.empty(1, codec.shape.hyper, SIDE // GRAIN, SIDE // GRAIN)
        latents = torch.empty(1, codec.shape.latent, SIDE // 16, SIDE // 16)

        def slices() -> None:
            state = codec.start(hyper, words)
            for number in range(codec.shape.slices):
                mean, _ = codec.expect(state, words)
                corrected = codec.correct(state, mean)
                if number < codec.shape.slices - 1:
                    state = codec.remember(state, corrected)

        parts: list[Callable[[], object]] = [
            lambda: codec.analyse(torch.empty(1, 3, SIDE, SIDE), words, rates),
            slices,
            lambda: codec.synthesise(latents, words, rates),
            lambda: codec.text.layers(codec.text.embed(torch.zeros(1, TOKENS, dtype=torch.long))),
        ]
        counts = [_macs(part) / SIDE**2 / 1000 for part in parts]
    return counts, sum(each.numel() for each in codec.parameters()) / 1e6


def _macs(part: Callable[[], object]) -> float:
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        part()
    return counter.get_total_flops() / 2


def main() -> int:
    """Print a table."""
    print("| size | M weights |", " | ".join(f"{part}, kMAC a pixel" for part in PARTS), "|")
    print("|---" * (2 + len(PARTS)) + "|")
    for size in SIZES:
        counts, weights = count(size)
        print(f"| `{size}` | {weights:.2f} |", " | ".join(f"{each:.1f}" for each in counts), "|")
    return 0


if __name__ == "__main__":
    sys.exit(main())
