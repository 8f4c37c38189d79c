"""Training batches from the shards: crops at random scales, mirrored, recoloured, with layers left out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from promptcodec.description.model import ORIENTATIONS, TEXTURES
from promptcodec.generators import maps
from training.generator import held_out

Floats = np.ndarray
# How often a set of layers is drawn from: texture, structure, words. Without texture it is not asked to draw.
SETS = {
    (True, False, False): 0.40,
    (True, False, True): 0.38,
    (True, True, False): 0.08,
    (True, True, True): 0.14,
}
# Strengths beside the uniform ones, and how often they are drawn.
STRENGTHS, UNIFORM = ((0.0, 0.15), (0.5, 0.45), (1.0, 0.15)), 0.25
# Share of the crops from a picture made smaller.
REDUCED = 0.5
# Standard deviations of the colours' changes: gain and offset of each channel.
GAIN, OFFSET = 0.06, 0.05
_RISING = 6 + len(TEXTURES) + ORIENTATIONS.index("rising")
_FALLING = 6 + len(TEXTURES) + ORIENTATIONS.index("falling")


@dataclass(frozen=True)
class Item:
    """One packed picture, pictures decoded."""

    name: str
    image: Image.Image
    textures: list[Image.Image]
    structure: Image.Image
    field: Floats
    words: Floats


@dataclass(frozen=True)
class Batch:
    """What the decoder is given, and what it should have drawn; first axis the pictures."""

    given: torch.Tensor
    vector: torch.Tensor
    wanted: torch.Tensor
    strength: torch.Tensor


def read(folder: Path, *, held: bool) -> list[Item]:
    """Read the training pictures of all shards, or those held out."""
    items = []
    for shard in sorted(folder.glob("shard-*.zip")):
        with zipfile.ZipFile(shard) as archive:
            for name in archive.namelist():
                if held_out(Path(name).stem) == held:
                    items.append(_item(name, archive.read(name)))  # noqa: PERF401 - clearer
    if not items:
        raise SystemExit(f"no pictures in {folder}; run python -m training.generator.pack first")
    return items


def _item(name: str, data: bytes) -> Item:
    packed = np.load(io.BytesIO(data), allow_pickle=False)

    def picture(key: str, mode: str) -> Image.Image:
        with Image.open(io.BytesIO(packed[key].tobytes())) as file:
            return file.convert(mode)

    textures = [picture(f"texture{number}", "RGB") for number in range(len(packed["budgets"]))]
    field, words = (packed[key].astype(np.float32) for key in ("sites", "words"))
    return Item(name, picture("image", "RGB"), textures, picture("structure", "L"), field, words)


def crop(item: Item, size: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, float]:
    """Cut a training example of ``size`` pixels out of a picture.

    Returns:
        maps, vector, the picture, and the strength drawn.
    """
    width, height = item.image.size
    reduced = 2 ** rng.uniform(*maps.SCALES) * maps.USUAL_SIDE / max(width, height)
    scale = min(reduced, 1.0) if rng.random() < REDUCED else 1.0
    # Small pictures are enlarged so far that the crop fits.
    scale = max(scale, (size + 0.5) / min(width, height))
    side = size / scale
    left, top = rng.uniform(0, width - side), rng.uniform(0, height - side)
    box = (left / width, top / height, (left + side) / width, (top + side) / height)
    texture, structure, words = _which(rng)
    strength = _strength(rng)
    quarter = size // maps.FACTOR

    def part(image: Image.Image, wanted: int, method: Image.Resampling) -> Floats:
        edges = [edge * length for edge, length in zip(box, image.size * 2, strict=True)]
        return maps.pixels(image.resize((wanted, wanted), method, box=tuple(edges)))

    picture = part(item.image, size, Image.Resampling.LANCZOS)
    ground = part(item.textures[rng.integers(len(item.textures))], quarter, Image.Resampling.BILINEAR)
    lines = part(item.structure, 2 * quarter, Image.Resampling.BILINEAR)
    field = maps.sample(item.field, box, (quarter, quarter))
    if rng.random() < 0.5:
        picture, ground, lines, field = (np.flip(each, -1) for each in (picture, ground, lines, field))
        field = field.copy()
        field[[_RISING, _FALLING]] = field[[_FALLING, _RISING]]
    picture, ground, field = _recoloured(picture, ground, field, rng)
    noise = rng.standard_normal((quarter, quarter), dtype=np.float32)
    given = maps.stack(
        ground if texture else None, lines if structure else None, field if words else None, noise
    )
    long = max(width, height) * scale
    vector = maps.vector(long, strength, (texture, structure, words), item.words if words else None)
    return given, vector, picture, strength


def _which(rng: np.random.Generator) -> tuple[bool, bool, bool]:
    return list(SETS)[rng.choice(len(SETS), p=list(SETS.values()))]


def _strength(rng: np.random.Generator) -> float:
    at = rng.choice(len(STRENGTHS) + 1, p=[*(share for _, share in STRENGTHS), UNIFORM])
    return STRENGTHS[at][0] if at < len(STRENGTHS) else float(rng.random())


def _recoloured(
    picture: Floats, ground: Floats, field: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    gain = (1 + GAIN * rng.standard_normal(3)).astype(np.float32)[:, None, None]
    offset = (OFFSET * rng.standard_normal(3)).astype(np.float32)[:, None, None]
    colours = np.concatenate([field[:3] * gain + offset, field[3:6] * gain + offset])
    field = np.concatenate([np.clip(colours, -1, 1), field[6:]])
    return np.clip(picture * gain + offset, -1, 1), np.clip(ground * gain + offset, -1, 1), field


class Batches(torch.utils.data.IterableDataset):
    """Batch number n is the same whenever it is made, so a run that goes on sees what it would have seen."""

    def __init__(self, items: list[Item], batch: int, size: int, seed: int, start: int) -> None:
        self.items, self.batch, self.size, self.seed, self.start = items, batch, size, seed, start

    def __iter__(self) -> Iterator[Batch]:
        worker = torch.utils.data.get_worker_info()
        number, step = (worker.id, worker.num_workers) if worker else (0, 1)
        at = self.start + number
        while True:
            yield self.make(at)
            at += step

    def make(self, number: int) -> Batch:
        """Make batch ``number``."""
        rng = np.random.default_rng((self.seed, number))
        # Every picture once before any comes again.
        count = len(self.items)
        places = np.arange(number * self.batch, (number + 1) * self.batch)
        orders = {
            turn: np.random.default_rng((self.seed, 1, turn)).permutation(count)
            for turn in {*(places // count)}
        }
        chosen = [self.items[orders[place // count][place % count]] for place in places]
        given, vector, wanted, strength = zip(*(crop(item, self.size, rng) for item in chosen), strict=True)
        stacked = [torch.from_numpy(np.ascontiguousarray(np.stack(each))) for each in (given, vector, wanted)]
        return Batch(*stacked, torch.tensor(strength, dtype=torch.float32))
