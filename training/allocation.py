"""Make the table of shares, ``allocation-1``: what the bytes of each layer are worth under ``builtin``.

Run: python -m training.allocation --data DIR [--limit N] [--jobs N]

Of every picture each layer is coded at several sizes, and every combination is drawn and compared with
the original, 512 pixels' long side, by 1 - MS-SSIM (luma, five scales, pytorch-msssim). Means over the
pictures, interpolated between the sizes, say what any split of any number of bytes gives. For each set of
layers and number of bytes the table keeps the split with the most words among those within TIE of the
best: words can be read, searched and edited as well.

Needs the ``eval`` extra. Run it again when the generator or a layer changes; measurements are kept in
``build/`` under a name that their code and tables give.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from promptcodec import bitstream, decode, encode
from promptcodec.bitstream import Stream
from promptcodec.errors import BudgetError
from promptcodec.layers.parts import part_of, payload_of, rank
from training import local_texts, tables
from training.texts import DATA, HERE

Floats = NDArray[np.float64]
# Bytes each layer is coded at; 0 leaves it out.
SIZES = {
    "semantic": (0, 7, 12, 17, 24, 48, 100),
    "structure": (0, 5, 24, 64),
    "texture": (0, 14, 24, 40, 70, 120, 210, 380, 700, 1300),
}
LAYERS = tuple(SIZES)
# Bytes of the elastic layers that the table knows.
BYTES = (20, 32, 50, 80, 128, 200, 320, 512, 820, 1300)
SETS = [names for count in (2, 3) for names in itertools.combinations(LAYERS, count)]
SIDE = 512
# Splits so close to the best are as good: the pictures differ by more.
TIE = 0.01
STEPS = 40
# Head, size of the picture and checksum, so that a layer alone in a file may have its bytes.
_AROUND = 10
# Mean bytes lie a little below the sizes asked for; so far beyond the least the curve is trusted.
_NEAR = 0.05


def code(image: Image.Image, layer: str, size: int) -> bytes | None:
    """Code one layer of a picture in at most ``size`` bytes; None where it does not fit."""
    if not size:
        return b""
    try:
        stream = encode(image, layers=(layer,), budget=size + _AROUND)
    except BudgetError:
        return None
    return payload_of(bitstream.read(stream).parts[0])


def measure(folder: Path, name: str) -> tuple[Floats, Floats]:
    """Give the bytes and the loss of one picture at every combination of sizes.

    Returns:
        bytes of each layer, ``(layers, *sizes)``, and 1 - MS-SSIM, ``(*sizes,)``; nan where a layer does
        not fit, or there is nothing to draw from.
    """
    from eval.metrics import ms_ssim  # noqa: PLC0415 - torch, and per process

    with Image.open(folder / name) as file:
        image = file.convert("RGB")
    scale = SIDE / max(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    payloads = {layer: [code(image, layer, size) for size in sizes] for layer, sizes in SIZES.items()}
    shape = tuple(map(len, SIZES.values()))
    sizes, losses = np.full((len(LAYERS), *shape), np.nan), np.full(shape, np.nan)
    for at in np.ndindex(*shape):
        chosen = {layer: payloads[layer][index] for layer, index in zip(LAYERS, at, strict=True)}
        if None in chosen.values() or not any(chosen.values()):
            continue
        parts = {layer: part_of(layer, data) for layer, data in chosen.items() if data}
        drawn = decode(bitstream.write(Stream(*image.size, tuple(sorted(parts.values(), key=rank))))).image
        sizes[(slice(None), *at)] = [len(parts[layer].payload) if layer in parts else 0 for layer in LAYERS]
        losses[at] = 1 - ms_ssim(image, drawn)
    return sizes, losses


def splits(count: int) -> Iterator[tuple[float, ...]]:
    """Give the shares of ``count`` layers in steps of 1 / STEPS, each layer with one step at least."""
    for cut in itertools.combinations(range(1, STEPS), count - 1):
        yield tuple((b - a) / STEPS for a, b in itertools.pairwise((0, *cut, STEPS)))


def expected(losses: Floats, sizes: dict[str, Floats], room: dict[str, float]) -> float:
    """Interpolate the mean loss of so many bytes for each layer, linear in their logarithms.

    Args:
        losses: ``(*sizes,)``; the first of each axis is the layer left out.
        sizes: mean bytes of each layer at each of its sizes.
        room: bytes of the layers that are stored.
    """
    value = losses
    for layer in LAYERS:
        if layer not in room:
            value = value[0]
            continue
        known = np.log(sizes[layer][1:])
        at = np.log(room[layer])
        if at < known[0] - _NEAR:
            return float("inf")
        upper = min(max(int(np.searchsorted(known, at)), 1), len(known) - 1)
        way = min(max((at - known[upper - 1]) / (known[upper] - known[upper - 1]), 0.0), 1.0)
        value = value[upper] * (1 - way) + value[upper + 1] * way
    # A size that some picture does not fit into counts for nothing.
    return float(np.nan_to_num(value, nan=np.inf))


def best_split(
    names: tuple[str, ...], room: int, losses: Floats, sizes: dict[str, Floats], least: float
) -> tuple[float, ...]:
    """Give the shares with the most words among those as good as the best; of the first, ``least`` bytes."""
    losses_by_split = {
        shares: expected(
            losses, sizes, {name: share * room for name, share in zip(names, shares, strict=True)}
        )
        for shares in splits(len(names))
    }
    bound = min(losses_by_split.values()) * (1 + TIE)
    if not np.isfinite(bound):  # too few bytes for all of them: as even as can be
        return tuple(1 / len(names) for _ in names)
    near = [shares for shares, loss in losses_by_split.items() if loss <= bound]
    # Contours come last: what they show, colours show as well.
    best = max(near, key=lambda shares: (shares[0], shares[-1]) if names[0] == "semantic" else shares[::-1])
    if names[0] != "semantic" or best[0] * room >= least:
        return best
    # More bytes never mean fewer words.
    first = least / room
    return first, *(share * (1 - first) / (1 - best[0]) for share in best[1:])


def table(results: list[tuple[Floats, Floats]]) -> dict[str, object]:
    """Make the table of shares from the measurements of all pictures."""
    # A combination counts if every picture has it: means stay comparable.
    losses = np.nan_to_num(np.mean([loss for _, loss in results], axis=0), nan=np.inf)
    every = np.mean([size for size, _ in results], axis=0)
    sizes = {
        layer: np.array(
            [np.nanmax(np.moveaxis(every[axis], axis, 0)[index]) for index in range(len(SIZES[layer]))]
        )
        for axis, layer in enumerate(LAYERS)
    }
    sets = []
    for names in SETS:
        shares: list[list[float]] = []
        for room, before in zip(BYTES, (0, *BYTES), strict=False):
            least = shares[-1][0] * before if shares else 0.0
            shares.append([round(each, 4) for each in best_split(names, room, losses, sizes, least)])
        sets.append({"layers": list(names), "shares": shares})
    return {"bytes": list(BYTES), "sets": sets}


def _fingerprint() -> str:
    digest = hashlib.sha256(repr((SIZES, SIDE)).encode())
    for folder in ("generators", "layers", "entropy"):
        for file in sorted((HERE.parent / "promptcodec" / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    for name in ("generator-*", "synthesis-*", "texture-*"):
        for file in sorted((HERE.parent / "promptcodec" / "models").glob(name)):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def main() -> None:
    """Measure what is not measured yet and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=HERE.parent / DATA)
    parser.add_argument("--limit", type=int, default=24, help="pictures")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    names = local_texts.pictures(args.data, args.limit)
    cache = HERE.parent / "build" / f"allocation-{_fingerprint()}"
    cache.mkdir(parents=True, exist_ok=True)
    missing = [name for name in names if not (cache / f"{Path(name).name}.npz").exists()]
    with ProcessPoolExecutor(args.jobs) as pool:
        measured = pool.map(partial(measure, args.data / "train"), missing)
        for number, (name, (sizes, losses)) in enumerate(zip(missing, measured, strict=True), 1):
            np.savez(cache / f"{Path(name).name}.npz", sizes=sizes, losses=losses)
            print(f"{number}/{len(missing)} {name}", flush=True)
    results = []
    for name in names:
        with np.load(cache / f"{Path(name).name}.npz") as file:
            results.append((file["sizes"], file["losses"]))
    shares_table = table(results)
    content = json.dumps(shares_table, indent=1).encode()
    tables.write("allocation-1", "allocation-1.json", content, source="python -m training.allocation")
    for entry in shares_table["sets"]:  # type: ignore[attr-defined]
        print(entry["layers"])
        for room, shares in zip(BYTES, entry["shares"], strict=True):
            print(f"  {room:5} {shares}")


if __name__ == "__main__":
    main()
