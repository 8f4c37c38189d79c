"""Make the tables of the learned texture coder from a trained run.

    python -m training.texture_coder.export RUN PACKED --data DIR

Its networks are exported before, by ``export_nets``: headers are counted in what an encoder gives.

It makes ``texture-2``, which decides bits: its weights are whole numbers. ``.export_nets`` makes the others.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from promptcodec import models
from promptcodec.layers.texture.learned import model
from training import tables
from training.pictures import allowed
from training.texture_coder.header import header
from training.texture_coder.network import FINEST, SCALE, Coder, Context
from training.texture_coder.pack import HELD_OUT
from training.texture_coder.train import QUALITIES

SOURCE = "python -m training.texture_coder.export RUN PACKED --data DIR"
HEADS = 4
"""Of so many pictures one is coded to count what headers say."""
FIT_PICTURES, RIDGE = 1500, 1e-4


def load(run: Path) -> Coder:
    """Give the running mean of a run's weights."""
    coder = Coder().eval()
    mean = torch.load(run / "state.pt", weights_only=True)["mean"]
    coder.load_state_dict({name: mean[name] for name in coder.state_dict()})
    return coder


def whole(values: np.ndarray, scale: float, most: int = 4095) -> np.ndarray:
    """Give weights as whole numbers."""
    return np.clip(np.rint(np.asarray(values, np.float64) * scale), -most, most).astype(np.int64)


def group(context: Context, before: int) -> dict[str, np.ndarray]:
    """Give a group's arrays as ``model.Group`` has them."""
    own, hidden, beside = context.own, model.HIDDEN, len(model.BESIDE)

    def of(layer: torch.nn.Conv2d | None) -> np.ndarray:
        return np.zeros((hidden, 0, 3, 3)) if layer is None else layer.weight.detach().double().numpy()

    place = of(context.place)[:, :, 0, 0].T  # quality, one, v, v squared, u, area
    bias = context.place.bias.detach().double().numpy()
    # Training has (quality - 18) / 18, 1, -1..1 and (log2 - 5) / 3, the coder quality, 64, -64..64 and
    # 8 log2 - 40.
    units = np.array([1 / 18, 1 / 64, 1 / 64, 1 / 64, 1 / 64, 1 / 24])
    known = of(context.before).reshape(hidden, 2, before, 9).transpose(3, 1, 2, 0)
    near = of(context.beside)[:, :, 0, 0].reshape(hidden, 2, beside, own).transpose(2, 1, 3, 0)
    direct = of(context.direct)[:, :, 0, 0].reshape(own, beside, own).transpose(1, 2, 0)
    out, third = of(context.out)[:, :, 0, 0].T, context.out.bias.detach().double().numpy().copy()
    third[own:] -= 1
    return {
        # The first layer's sums are in 1/16384: features in 1/16 by weights in 1/1024.
        "place": whole(place * units[:, None], 16384, 2**30),
        "bias1": whole(bias - place[0], 16384, 2**30),
        "before": whole(known, 1024),
        "beside": whole(near, 1024),
        "direct": whole(direct, 1024),
        "second": whole(of(context.second)[:, :, 0, 0].T, 1024),
        "bias2": whole(context.second.bias.detach().numpy(), 65536, 2**30),
        "out": whole(out, 1024),
        "bias3": whole(third, 65536, 2**30),
    }


def steps() -> np.ndarray:
    """Give what a level stands for by quality, in pixel levels."""
    return FINEST * 2 ** (np.arange(model.QUALITIES) / 8)


@torch.no_grad()
def coarse(coder: Coder, packed: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Fit the coarse picture.

    Returns:
        ``(9 * LATENTS, samples * 3)`` from amplitudes in pixel levels to pixel levels, and what is shown of
        no levels, around the middle.
    """
    rng = np.random.default_rng(1)
    step = torch.from_numpy(steps()).float()
    product, wanted = 0.0, 0.0
    for name in sorted(packed):
        members = packed[name][rng.permutation(len(packed[name]))[: FIT_PICTURES // len(packed)]]
        pixels = (torch.from_numpy(members).permute(0, 3, 1, 2).float() - 127.5) / SCALE
        low, high = QUALITIES[int(name.partition("_")[0])]
        quality = torch.from_numpy(rng.integers(low, high + 1, len(members)))
        _, _, levels = coder(pixels, quality.float())
        drawn = (coder.synthesise(levels, quality.float()) * SCALE).clamp(-127.5, 127.5)
        means = functional.avg_pool2d(drawn, 8 // model.COARSE)
        goal = functional.pixel_unshuffle(means, model.COARSE)  # colours, then samples
        goal = goal.unflatten(1, (3, -1)).permute(0, 3, 4, 2, 1).flatten(3).flatten(0, 2)
        seen = functional.unfold(levels * step[quality, None, None, None], 3, padding=1)
        seen = seen.unflatten(1, (model.LATENTS, 9)).permute(0, 3, 2, 1).flatten(2).flatten(0, 1)
        given = torch.cat([seen, torch.ones(len(seen), 1)], 1).double().numpy()
        product = product + given.T @ given
        wanted = wanted + given.T @ goal.double().numpy()
    fitted = np.linalg.solve(product + RIDGE * np.diag(np.diag(product)), wanted)
    return fitted[:-1], fitted[-1]


def pack(coder: Coder, packed: dict[str, np.ndarray], header: dict[str, np.ndarray]) -> bytes:
    """Give the content of ``texture-2``.

    Args:
        coder: trained.
        packed: canvases to fit the coarse picture to.
        header: frequencies of ``shapes``, ``sizes``, ``qualities``, ``counts``.
    """
    logit = np.arange(model.HEAD["chances"][1]) * 16 / 256
    rate = np.arange(model.SCALE_LOW, model.SCALE_HIGH + 1)
    head = {
        "chances": np.minimum(np.rint(65536 / (1 + np.exp(-logit))), 65535),
        "rates": np.rint(2.0 ** (14 - rate / 16)),
        **header,
    }
    shown, ground = coarse(coder, packed)
    tail = {
        "steps": whole(steps(), model.STEP_UNIT, 2**30),
        "coarse": whole(shown, 4096, 32767),
        "ground": whole(ground + 127.5, 16, 32767),
    }
    parts = [head[name].astype(f"<{kind}").tobytes() for name, (_, _, kind) in model.HEAD.items()]
    for context, before in zip(coder.contexts, model.before_counts(), strict=True):
        arrays = group(context, before)
        parts += [
            arrays[name].astype(f"<{kind}4" if kind == "i" else "<i2").tobytes()
            for name, (_, kind) in model.group_parts(before, context.own).items()
        ]
    parts += [tail[name].astype(f"<{kind}").tobytes() for name, (_, _, kind) in model.TAIL.items()]
    return b"".join(parts)


def write(content: bytes) -> None:
    """Write ``texture-2``, for whoever loads it next."""
    tables.write("texture-2", "texture-2.bin", content, source=SOURCE)
    models.load.cache_clear()
    model.tables.cache_clear()


def main() -> None:
    """Export."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("packed", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder with train/")
    options = parser.parse_args()
    torch.set_num_threads(1)
    coder, packed = load(options.run), dict(np.load(options.packed / "train.npz"))
    # Headers are counted in what is coded by a table that knows nothing of them.
    flat = {name: np.ones(model.HEAD[name][:2]) for name in ("shapes", "sizes", "qualities", "counts")}
    write(pack(coder, packed, flat))
    paths = [path for index, path in enumerate(allowed(options.data)) if index % HELD_OUT][::HEADS]
    content = pack(coder, packed, header(paths))
    write(content)
    print(len(content), "bytes")


if __name__ == "__main__":
    main()
