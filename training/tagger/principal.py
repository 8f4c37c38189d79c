"""Make ``principal-1``: the directions in which the embeddings of pictures differ, for the signature.

Run: python -m training.tagger.principal --data DIR [--measure]

``--measure`` fits without every 7th picture, then says for those how well the parts of a signature tell
the same picture (JPEG quality 30, half size, middle 90 %, blur of radius 2) from the others.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from promptcodec.layers import signature
from promptcodec.vision import network
from training import tables
from training.tagger.labels import manifest
from training.texts import DATA

EVERY = 7


def fit(embeddings: np.ndarray) -> bytes:
    """Give the table, as ``signature`` reads it.

    Args:
        embeddings: ``(n, 1280)``.
    """
    centre = embeddings.mean(0)
    _, spread, axes = np.linalg.svd(embeddings - centre, full_matrices=False)
    axes = axes[: signature.DIRECTIONS]
    deviations = spread[: signature.DIRECTIONS] / np.sqrt(len(embeddings))
    steps = np.abs(axes).max(1, keepdims=True) / 127
    matrix = np.rint(axes / steps).astype("i1")
    scales = steps[:, 0] / deviations
    offsets = scales * (matrix @ centre)
    # Half whitened: the first directions are coarse (photograph or drawing), the last are noise.
    weights = np.sqrt(deviations / deviations.max())
    head = np.stack([scales, offsets, weights]).astype("<f4")
    return head.tobytes() + matrix.tobytes()


def changed(image: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    """Give the same picture after what happens to pictures."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=30)
    yield "JPEG 30", Image.open(file).convert("RGB")
    width, height = image.size
    yield "half size", image.resize((max(width // 2, 1), max(height // 2, 1)), Image.Resampling.BICUBIC)
    box = [round(value) for value in (width * 0.05, height * 0.05, width * 0.95, height * 0.95)]
    yield "middle 90 %", image.crop((box[0], box[1], box[2], box[3]))
    yield "blur 2", image.filter(ImageFilter.GaussianBlur(2))


def auc(same: np.ndarray, other: np.ndarray) -> float:
    """Give the chance that a same pair is nearer than another."""
    both = np.concatenate([same, other])
    ranks = both.argsort().argsort()[: len(same)]
    return 1 - float((ranks.sum() - len(same) * (len(same) - 1) / 2) / (len(same) * len(other)))


def measure(data: Path, files: list[str]) -> None:
    """Print, for each part of the signature, how well it separates and where."""
    originals, same = [], []
    for file in files:
        image = Image.open(data / "train" / file).convert("RGB")
        originals.append(signature.encode(image))
        same += [(len(originals) - 1, name, signature.encode(again)) for name, again in changed(image)]
    chance = np.random.default_rng(0)
    pairs = [(a, b) for a in range(len(files)) for b in chance.integers(0, len(files), 20) if a != b]
    for part in ("content", "layout", "colour", "distance"):

        def compare(first: bytes, second: bytes, part: str = part) -> float:
            if part == "distance":
                return signature.distance(first, second)
            return signature.parts(first, second)[part]

        other = np.array([compare(originals[a], originals[b]) for a, b in pairs])
        near = np.array([compare(originals[index], again) for index, _, again in same])
        limits = np.linspace(0, 1, 201)
        errors = [((near > limit).mean() + (other <= limit).mean()) / 2 for limit in limits]
        best = int(np.argmin(errors))
        print(f"{part}: AUC {auc(near, other):.4f}, best limit {limits[best]:.3f}, wrong {errors[best]:.2%}")
        for name in ("JPEG 30", "half size", "middle 90 %", "blur 2"):
            values = np.array([value for value, (_, kind, _) in zip(near, same, strict=True) if kind == name])
            low, high = np.quantile(values, (0.5, 0.95))
            print(f"    {name:12} AUC {auc(values, other):.4f}  median {low:.2f}  95 % {high:.2f}")
        print(f"    others       5 % {np.quantile(other, 0.05):.2f}  median {np.median(other):.2f}")


def main() -> None:
    """Write the table, or measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(DATA))
    parser.add_argument("--measure", action="store_true")
    options = parser.parse_args()
    files = [item["file"] for item in manifest(options.data)]
    images = (Image.open(options.data / "train" / file).convert("RGB") for file in files)
    embeddings = np.concatenate([network.look([image])[1] for image in images])
    if not options.measure:
        table = fit(embeddings)
        tables.write("principal-1", "principal-1.f32", table, source="python -m training.tagger.principal")
        return
    tested = np.arange(len(files)) % EVERY == 0
    table = signature.parse(fit(embeddings[~tested]))
    signature._directions = lambda: table  # noqa: SLF001 - measured without the tested pictures
    measure(options.data, [file for file, out in zip(files, tested, strict=True) if out])


if __name__ == "__main__":
    main()
