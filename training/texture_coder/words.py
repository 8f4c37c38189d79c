"""Train words beside a trained texture coder, and measure what they are worth.

    python -m training.texture_coder.pack_texts PACKED --data DIR
    python -m training.texture_coder.words PACKED RUN -o OUT --minutes 20
    python -m training.texture_coder.words PACKED RUN -o OUT --measure --data DIR

The coder of RUN stays as it is. Five additions are trained on the same batches: words for the synthesis,
words for the entropy model, both with as many weights and no words, and for the synthesis a text that no
stream has: the mean errors of cells, to see whether a text that knows the picture is listened to.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from training.texture_coder import texts, words_measure
from training.texture_coder.export import load as load_coder
from training.texture_coder.network import SCALE, Coder
from training.texture_coder.train import HEAD_BITS, QUALITIES, SHARES
from training.texture_coder.words_measure import LARGEST
from training.texture_coder.words_network import (
    ENTROPY,
    SHADES,
    SYNTHESIS,
    Addition,
    Tokens,
    draw,
    hints,
    plain,
    see,
    spend,
    tokens,
    weights,
)

PLACES = 768
"""Grid places of a batch."""
RATE, WARM, MEAN, SHOW = 2e-3, 50, 0.99, 100
NAMES = (
    "words in the synthesis",
    "weights in the synthesis",
    "hints in the synthesis",
    "words in the entropy model",
    "weights in the entropy model",
)


def additions(count: int) -> nn.ModuleDict:
    """Give all that are trained, by NAMES."""
    drawing = Addition(SYNTHESIS, count), plain(SYNTHESIS, count), Addition(SYNTHESIS, SHADES**3)
    model = Addition(ENTROPY, count), plain(ENTROPY, count)
    return nn.ModuleDict(zip(NAMES, drawing + model, strict=True))


def text(packed: texts.Texts, picture: int, rng: np.random.Generator) -> list[str]:
    """Choose sources: no description in a tenth of cases, a written one in half of those that have one."""
    chance, given = rng.random(3), []
    if chance[0] > 0.1:
        given.append("written" if packed.has(picture, "written") and chance[1] < 0.5 else "local")
    if packed.has(picture, "prompt") and chance[2] < 0.7:
        given.append("prompt")
    return given


def batch(
    canvases: dict[str, np.ndarray], packed: texts.Texts, share: np.ndarray, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor, Tokens]:
    """Give pixels in units of SCALE, qualities, and words."""
    name = list(canvases)[int(rng.choice(len(canvases), p=share))]
    size, rows, columns = map(int, name.split("_"))
    count = max(2, PLACES // (rows * columns))
    chosen = rng.integers(0, len(canvases[name]), count)
    pixels = canvases[name][chosen]
    flip = rng.random(count) < 0.5
    pixels[flip] = pixels[flip, :, ::-1]
    given = []
    for turned, (picture, *cut) in zip(flip, packed.canvases[name][chosen], strict=True):
        word, kind, box = packed.of(int(picture), text(packed, int(picture), rng))
        box = texts.within(box, np.array(cut))
        given.append((word, kind, mirrored(box) if turned else box))
    quality = torch.from_numpy(rng.uniform(*QUALITIES[size], count).astype(np.float32))
    return (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - 127.5) / SCALE, quality, tokens(given)


def shares(canvases: dict[str, np.ndarray]) -> np.ndarray:
    """Give how often each bucket is drawn from, as the coder was trained."""
    counts = np.array([len(each) for each in canvases.values()], float)
    size = np.array([int(name[0]) for name in canvases])
    share = counts * np.array(SHARES)[size] / np.bincount(size, counts)[size]
    return share / share.sum()


def mirrored(box: np.ndarray) -> np.ndarray:
    """Give places as they are in the mirror."""
    return np.stack([box[:, 0], 1 - box[:, 3], box[:, 2], 1 - box[:, 1]], 1)


def losses(
    coder: Coder, added: nn.ModuleDict, pixels: torch.Tensor, quality: torch.Tensor, given: Tokens
) -> torch.Tensor:
    """Give binary logarithms with each of NAMES against the coder alone: of the error, or of bits."""
    with torch.no_grad():
        bits, error, levels = coder(pixels, quality)
        seen = see(coder, levels, quality)
    result = []
    for name in NAMES:
        if "synthesis" in name:
            own = hints(pixels - seen.drawn, quality) if "hints" in name else given
            drawn = draw(coder, seen, quality, added[name], own)
            ratio = ((drawn - pixels) * SCALE).square().sum((1, 2, 3)) / error
        else:
            ratio = (spend(levels, seen, added[name], given) + HEAD_BITS) / (bits.sum(1) + HEAD_BITS)
        result.append(torch.log2(ratio).mean())
    return torch.stack(result)


def train(path: Path, output: Path, coder: Coder, packed: texts.Texts, minutes: float) -> None:
    """Train the additions."""
    torch.manual_seed(7)
    rng = np.random.default_rng(7)
    with np.load(path) as file:
        canvases = {name: file[name] for name in file.files if int(name[0]) <= LARGEST}
    share = shares(canvases)
    coder.requires_grad_(False).train().to(memory_format=torch.channels_last)
    added = additions(len(packed.words))
    mean = copy.deepcopy(added)
    optimiser = torch.optim.Adam(added.parameters(), RATE)
    began, number, part, sums = time.monotonic(), 0, 0.0, np.zeros(len(NAMES))
    while part < 1:
        rate = RATE * min(1, (number + 1) / WARM) * (0.51 + 0.49 * math.cos(math.pi * part))
        optimiser.param_groups[0]["lr"] = rate
        loss = losses(coder, added, *batch(canvases, packed, share, rng))
        optimiser.zero_grad()
        loss.sum().backward()
        for each in added.values():
            nn.utils.clip_grad_norm_(each.parameters(), 0.5)
        optimiser.step()
        keep = min(MEAN, (number + 1) / (number + 11))
        with torch.no_grad():
            for ours, new in zip(mean.parameters(), added.parameters(), strict=True):
                ours.lerp_(new, 1 - keep)
        number += 1
        part = (time.monotonic() - began) / (60 * minutes)
        sums += loss.detach().double().numpy()
        if number % SHOW == 0 or part >= 1:
            shown = " ".join(f"{each / (number % SHOW or SHOW):+.4f}" for each in sums)
            print(f"{number} batches, {100 * part:.0f} % of the time: {shown}", flush=True)
            torch.save(mean.state_dict(), output / "words.pt")
            sums[:] = 0
    print(", ".join(f"{name}: {weights(each)} weights" for name, each in mean.items()))


def main() -> None:
    """Train, or measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("packed", type=Path, help="folder of pack and pack_texts")
    parser.add_argument("run", type=Path, help="folder of the trained coder")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--data", type=Path, help="folder with train/ and eval/; for measuring")
    parser.add_argument("--limit", type=int, default=16, help="pictures of a set")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.output.mkdir(parents=True, exist_ok=True)
    coder = load_coder(options.run)
    coder.refined = True
    packed = texts.load(options.packed / "texts.npz")
    if not options.measure:
        train(options.packed / "train.npz", options.output, coder, packed, options.minutes)
        return
    added = additions(len(packed.words)).eval()
    added.load_state_dict(torch.load(options.output / "words.pt", weights_only=True))
    words_measure.measure(options.data, coder, packed, list(added.values()), options.limit)


if __name__ == "__main__":
    main()
