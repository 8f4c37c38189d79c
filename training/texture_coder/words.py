"""Train words beside a trained texture coder, and measure what they are worth.

    python -m training.texture_coder.pack_texts PACKED --data DIR
    python -m training.texture_coder.words PACKED RUN -o OUT --minutes 24
    python -m training.texture_coder.words PACKED RUN -o OUT --measure --data DIR

The coder of RUN stays as it is. Five additions are trained on the same batches: words for the synthesis,
words for the entropy model, both with as many weights and no words, and for the synthesis a text that no
stream has: the mean errors of 4x4 cells, to see whether a text that knows the picture is listened to.
It goes on from OUT/words.pt where there is one.
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
from training.texture_coder.network import FINEST, PRICE, SCALE, Coder, cost
from training.texture_coder.train import QUALITIES, SHARES
from training.texture_coder.words_network import (
    SHADES,
    Entropy,
    Synthesis,
    Tokens,
    hints,
    plain,
    tokens,
    weights,
)

PLACES = 768
"""Grid places of a batch."""
RATE, WARM, MEAN, KEEP = 2e-3, 50, 0.99, 20.0
GATE_RATE = 5
"""Rate of gates, as a multiple: while one is small, so is all behind it."""
NAMES = (
    "words in the synthesis",
    "weights in the synthesis",
    "words in the entropy model",
    "weights in the entropy model",
    "hints in the synthesis",
)
HINTS = NAMES[4]


def additions(count: int) -> nn.ModuleDict:
    """Give all that are trained, by NAMES."""
    words = Synthesis(count), plain(Synthesis, count), Entropy(count), plain(Entropy, count)
    return nn.ModuleDict(zip(NAMES, (*words, Synthesis(SHADES**3)), strict=True))


def text(packed: texts.Texts, picture: int, rng: np.random.Generator) -> list[str]:
    """Choose sources: no description in a tenth of cases, a written one in half of those that have one."""
    chance, given = rng.random(3), []
    if chance[0] > 0.1:
        given.append("written" if packed.has(picture, "written") and chance[1] < 0.5 else "local")
    if packed.has(picture, "prompt") and chance[2] < 0.7:
        given.append("prompt")
    return given


def batch(
    canvases: dict[str, np.ndarray],
    packed: texts.Texts,
    names: list[str],
    share: np.ndarray,
    rng: np.random.Generator,
) -> tuple[torch.Tensor, torch.Tensor, Tokens]:
    """Give pixels in units of SCALE, qualities, and words."""
    name = names[int(rng.choice(len(names), p=share))]
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


def shares(canvases: dict[str, np.ndarray]) -> tuple[list[str], np.ndarray]:
    """Give the names of buckets, and how often each is drawn from, as the coder was trained."""
    names = sorted(canvases)
    counts = np.array([len(canvases[name]) for name in names], float)
    size = np.array([int(name[0]) for name in names])
    share = counts * np.array(SHARES)[size] / np.bincount(size, counts)[size]
    return names, share / share.sum()


def mirrored(box: np.ndarray) -> np.ndarray:
    """Give places as they are in the mirror."""
    return np.stack([box[:, 0], 1 - box[:, 3], box[:, 2], 1 - box[:, 1]], 1)


def losses(
    coder: Coder, added: nn.ModuleDict, pixels: torch.Tensor, quality: torch.Tensor, given: Tokens
) -> torch.Tensor:
    """Give the coder's own loss with each of NAMES, and without any."""
    with torch.no_grad():
        bits, error, levels = coder(pixels, quality)
        bits = bits.sum(1)
        price = PRICE * (FINEST * torch.exp2(quality / 8)) ** 2
        errors = hints(pixels - coder.synthesise(levels, quality))
    result = []
    for name in NAMES:
        with added[name].beside(coder, errors if name == HINTS else given):
            if isinstance(added[name], Synthesis):
                drawn = ((coder.synthesise(levels, quality) - pixels) * SCALE).square().sum((1, 2, 3))
                result.append(torch.log2(drawn + price * (bits + 16)).mean())
            else:
                spent = cost(levels, *coder.expect(levels, quality)).sum((1, 2, 3))
                result.append(torch.log2(error + price * (spent + 16)).mean())
    return torch.stack([*result, torch.log2(error + price * (bits + 16)).mean()])


def train(options: argparse.Namespace, coder: Coder, packed: texts.Texts) -> None:
    """Train the additions."""
    torch.manual_seed(options.seed)
    canvases = dict(np.load(options.packed / "train.npz"))
    names, share = shares(canvases)
    coder.requires_grad_(False).train().to(memory_format=torch.channels_last)
    added = additions(len(packed.words))
    mean = copy.deepcopy(added)
    gates = [value for key, value in added.named_parameters() if key.endswith("gate")]
    others = [value for key, value in added.named_parameters() if not key.endswith("gate")]
    optimiser = torch.optim.Adam([{"params": others}, {"params": gates}], RATE)
    number, spent = 0, 0.0
    state = options.output / "words.pt"
    if state.exists():
        kept = torch.load(state, weights_only=True)
        added.load_state_dict(kept["added"])
        mean.load_state_dict(kept["mean"])
        optimiser.load_state_dict(kept["optimiser"])
        number, spent = kept["number"], kept["spent"]

    def save() -> None:
        new = state.with_suffix(".new")
        kept = {"added": added.state_dict(), "mean": mean.state_dict(), "optimiser": optimiser.state_dict()}
        torch.save({**kept, "number": number, "spent": spent + time.monotonic() - began}, new)
        new.replace(state)

    rng = np.random.default_rng((options.seed, number))
    began = last = time.monotonic()
    sums = np.zeros(len(NAMES) + 1)
    while (
        gone := spent + time.monotonic() - began
    ) < 60 * options.minutes and not 0 < options.steps <= number:
        part = gone / (60 * options.minutes)
        rate = RATE * min(1, (number + 1) / WARM) * (0.51 + 0.49 * math.cos(math.pi * part))
        optimiser.param_groups[0]["lr"], optimiser.param_groups[1]["lr"] = rate, rate * GATE_RATE
        loss = losses(coder, added, *batch(canvases, packed, names, share, rng))
        optimiser.zero_grad()
        loss.sum().backward()
        for each in added.values():
            nn.utils.clip_grad_norm_(each.parameters(), 0.5)
        optimiser.step()
        with torch.no_grad():
            keep = min(MEAN, (number + 1) / (number + 11))
            for ours, new in zip(mean.parameters(), added.parameters(), strict=True):
                ours.lerp_(new, 1 - keep)
        number += 1
        sums += loss.detach().double().numpy()
        if number % 100 == 0:
            differences = " ".join(f"{each:+.4f}" for each in (sums[:-1] - sums[-1]) / 100)
            print(f"{number} {gone:.0f}s loss {sums[-1] / 100:.4f}, with each {differences}", flush=True)
            sums[:] = 0
        if time.monotonic() - last > KEEP:
            last = time.monotonic()
            save()
    save()
    for name in NAMES:
        gates = [value.item() for key, value in mean[name].state_dict().items() if key.endswith("gate")]
        print(
            f"{number} steps, {name}: {weights(mean[name])} weights, gates",
            *(f"{gate:.2f}" for gate in gates),
        )


def main() -> None:
    """Train, or measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("packed", type=Path, help="folder of pack and pack_texts")
    parser.add_argument("run", type=Path, help="folder of the trained coder")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--texts", type=Path, help="instead of PACKED/texts.npz")
    parser.add_argument("--minutes", type=float, default=24)
    parser.add_argument("--steps", type=int, default=0, help="stop after so many steps; for trying")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--data", type=Path, help="folder with train/ and eval/; for measuring")
    parser.add_argument("--limit", type=int, default=60, help="pictures of a set")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.output.mkdir(parents=True, exist_ok=True)
    coder = load_coder(options.run)
    coder.refined = True
    packed = texts.load(options.texts or options.packed / "texts.npz")
    if not options.measure:
        train(options, coder, packed)
        return
    added = additions(len(packed.words)).eval()
    added.load_state_dict(torch.load(options.output / "words.pt", weights_only=True)["mean"])
    words_measure.measure(options.data, options.output, coder, packed, list(added.values()), options.limit)


if __name__ == "__main__":
    main()
