"""Training batches from the packed pictures: crops, mirrored, with layers left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from promptcodec.description import parse_text
from promptcodec.generators import maps
from promptcodec.generators.diffusion import grid_maps
from promptcodec.generators.diffusion.grid_maps import Given, Layers, Words
from training.latent import held_out
from training.latent.pack import read

Floats = np.ndarray
CROP = 24  # latents
# How often a set of layers is drawn from: texture, structure, colours, words.
SETS = {
    (False, False, True, True): 0.57,
    (True, False, True, True): 0.14,
    (True, True, True, True): 0.08,
    (False, True, True, True): 0.05,
    (False, False, True, False): 0.10,
    (True, False, True, False): 0.02,
    (True, False, False, False): 0.04,
}
# Share of the times (0 the picture, 1 noise) drawn evenly; the others lie towards the middle.
EVEN = 0.3
# Pictures in which a word stands, to have a vector of its own.
COMMON = 6


@dataclass
class Item:
    """One packed picture; of each text, what it comes to is kept once it was asked for."""

    name: str
    latents: Floats
    textures: Floats
    structure: Floats
    texts: list[str]
    known: dict[int, tuple[Floats, Words, tuple[int, int]]] = field(default_factory=dict)

    def text(self, number: int, numbers: dict[str, int]) -> tuple[Floats, Words, tuple[int, int]]:
        """Give the colour field, the words and the grid of a text."""
        if number not in self.known:
            description = parse_text(self.texts[number])
            grid = description.rows, description.cols
            colours = maps.colour_field(description).astype(np.float16)
            self.known[number] = colours, grid_maps.words(description, numbers), grid
        return self.known[number]


class Batch(NamedTuple):
    """What the network is given, and what it should have drawn; first axis the pictures."""

    given: list[torch.Tensor]
    latents: torch.Tensor
    noise: torch.Tensor
    times: torch.Tensor


def items(folder: Path, *, held: bool) -> list[Item]:
    """Read the packed pictures to train on, or those held out."""
    read_in = []
    for name, packed in read(folder):
        if held_out(name) == held:
            textures = np.stack([maps.pixels(each) for each in map(_image, packed["textures"])])
            lines = grid_maps.contours(_image(packed["structure"])).astype(np.float16)
            texts = [str(text) for text in packed["texts"]]
            read_in.append(Item(name, packed["latents"], textures.astype(np.float16), lines, texts))
    if not read_in:
        raise SystemExit(f"no pictures in {folder}; run python -m training.latent.pack first")
    return read_in


def _image(values: Floats) -> Image.Image:
    return Image.fromarray(values)


def vocabulary(texts: Iterable[list[str]]) -> list[str]:
    """Give the words that stand in the texts of COMMON pictures or more, the most common first."""
    counts: Counter[str] = Counter()
    for each in texts:
        counts.update({word for text in each for word in grid_maps.every_word(parse_text(text))})
    return sorted(
        (word for word, count in counts.items() if count >= COMMON), key=lambda word: (-counts[word], word)
    )


def crop(item: Item, numbers: dict[str, int], rng: np.random.Generator) -> tuple[Given, Floats]:
    """Cut a training example of CROP x CROP latents out of a picture."""
    mirror = int(rng.integers(2))
    latents = item.latents[mirror]
    rows, columns = latents.shape[1:]
    top, left = rng.integers(0, rows - CROP + 1), rng.integers(0, columns - CROP + 1)
    box = (left / columns, top / rows, (left + CROP) / columns, (top + CROP) / rows)
    inside = np.s_[..., 2 * top : 2 * (top + CROP), 2 * left : 2 * (left + CROP)]
    texture, structure, colours, words = list(SETS)[rng.choice(len(SETS), p=list(SETS.values()))]
    nodes, spoken, grid = item.text(int(rng.integers(len(item.texts))), numbers)
    ground, lines = item.textures[rng.integers(len(item.textures))], item.structure
    if mirror:
        ground, lines, nodes = ground[..., ::-1], lines[..., ::-1], grid_maps.mirrored(nodes)
        spoken = turned(spoken, grid[1])
    layers = Layers(
        ground[inside].astype(np.float32) if texture else None,
        lines[inside].astype(np.float32) if structure else None,
        maps.sample(nodes.astype(np.float32), box, (CROP, CROP)) if colours else None,
        spoken if words else None,
    )
    wanted = latents[:, top : top + CROP, left : left + CROP].astype(np.float32)
    return grid_maps.give(layers, grid, box, (CROP, CROP)), wanted


def turned(words: Words, columns: int) -> Words:
    """Mirror the words of the cells and of the things."""
    cells, things = words.cells.copy(), words.things.copy()
    for each in (cells, things):
        each[:, :columns] = each[:, :columns][:, ::-1]
    return words._replace(cells=cells, things=things)


class Batches:
    """Batch number n is the same whenever it is made, so a run that goes on sees what it would have seen."""

    def __init__(self, pictures: list[Item], numbers: dict[str, int], batch: int, seed: int) -> None:
        self.pictures, self.numbers, self.batch, self.seed = pictures, numbers, batch, seed

    def make(self, number: int) -> Batch:
        """Make batch ``number``."""
        rng = np.random.default_rng((self.seed, number))
        # Every picture once before any comes again.
        count = len(self.pictures)
        places = np.arange(number * self.batch, (number + 1) * self.batch)
        orders = {
            turn: np.random.default_rng((self.seed, 1, turn)).permutation(count)
            for turn in {*(places // count)}
        }
        chosen = [self.pictures[orders[place // count][place % count]] for place in places]
        given, wanted = zip(*(crop(item, self.numbers, rng) for item in chosen), strict=True)
        latents = np.stack(wanted)
        even = rng.random(self.batch) < EVEN
        middle = 1 / (1 + np.exp(-rng.standard_normal(self.batch)))
        times = np.where(even, rng.random(self.batch), middle).astype(np.float32)
        noise = rng.standard_normal(latents.shape, dtype=np.float32)
        return Batch(together(given), *map(torch.from_numpy, (latents, noise, times)))


def together(given: Iterable[Given]) -> list[torch.Tensor]:
    """Stack what is given of several pictures."""
    return [torch.from_numpy(np.stack(each)) for each in zip(*given, strict=True)]
