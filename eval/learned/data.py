"""Training pictures with their prompts, and batches of crops. Listing them needs no torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from eval.datasets.pku import FAMILIES, pku
from eval.learned.stream import RATES
from promptcodec.errors import UsageError
from promptcodec.recipe import prompt_of, read
from promptcodec.vision.formats import SUFFIXES
from promptcodec.vision.load import load_image
from training.generator import held_out
from training.pictures import allowed

_MANIFEST = "manifest.jsonl"
# Share of the examples whose words are left out, so that the codec knows what to do without.
WORDLESS = 0.15
# Share of the crops that are of a picture made smaller.
REDUCED = 0.5


class Example(NamedTuple):
    """A training picture; the prompt, or the kind of picture, is empty where none is known."""

    path: Path
    prompt: str
    kind: str = ""


class Batch(NamedTuple):
    """A batch.

    Attributes:
        pixels: uint8, pictures x side x side x 3.
        texts: of each picture.
        rates: index into LAMBDAS of each.
    """

    pixels: npt.NDArray[np.uint8]
    texts: list[str]
    rates: npt.NDArray[np.int64]


def examples(folder: Path) -> list[Example]:
    """List the training pictures of a folder, by path.

    It may be in the layout of PKU-AIGI-500K (``train/`` of each family); or a folder with ``manifest.jsonl``,
    or with a ``train/`` that has one, whose lines have ``file``, ``prompt`` and ``kind``; or any folder.
    There a prompt is what a .txt of the same stem holds, or what the picture's metadata say. Of a manifest
    whose lines name licences only pictures that the allow-list accepts are taken.

    Raises:
        UsageError: there is no picture.
    """
    inner = folder / "train"
    if any((folder / family / "train").is_dir() for family in FAMILIES):
        listed = [Example(item.path, item.prompt) for item in pku(folder, {"split": "train"})]
    elif (folder / _MANIFEST).is_file():
        listed = _listed(folder)
    elif (inner / _MANIFEST).is_file():
        listed = _listed(inner)
    else:
        paths = [path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()]
        listed = [Example(path, prompt_beside(path)) for path in paths]
    if not listed:
        raise UsageError(f"no pictures in {folder}; name PKU-AIGI-500K's folder, or one with pictures")
    return sorted(listed)


def prompt_beside(path: Path) -> str:
    """Give a picture's prompt: a .txt beside it, or its metadata; empty where neither says one."""
    sidecar = path.with_suffix(".txt")
    if sidecar.is_file():
        return sidecar.read_text("utf-8").strip()
    recipe = read(path.read_bytes())
    return prompt_of(recipe) if recipe else ""


def _listed(folder: Path) -> list[Example]:
    lines = (folder / _MANIFEST).read_text("utf-8").splitlines()
    entries = {folder / entry["file"]: entry for entry in map(json.loads, lines)}
    if any("licence" in entry for entry in entries.values()):
        taken = set(allowed(folder.parent))
        entries = {path: entry for path, entry in entries.items() if path in taken}
    return [
        Example(path, entry.get("prompt") or "", entry.get("kind") or "") for path, entry in entries.items()
    ]


def choose(listed: Sequence[Example], kind: str | None, *, wordless: bool) -> list[Example]:
    """Give the pictures of a kind, or those with a prompt; those without one too where ``wordless``.

    Raises:
        UsageError: there is none.
    """
    if kind:
        chosen = [example for example in listed if example.kind == kind]
        if not chosen:
            kinds = ", ".join(sorted({example.kind for example in listed} - {""}))
            raise UsageError(f"no picture is of kind {kind!r}; there are {kinds or 'no kinds'}")
        return chosen
    chosen = [example for example in listed if example.prompt or wordless]
    if not chosen:
        raise UsageError("no picture has a prompt", hint="Take them all: --all")
    return chosen


def split(listed: Sequence[Example], *, held: bool) -> list[Example]:
    """Give the examples to train on, or those held out."""
    return [example for example in listed if held_out(example.path.name) == held]


class Batches:
    """Batch number n is the same whenever it is made, so a run that goes on sees what it would have seen."""

    def __init__(self, listed: Sequence[Example], batch: int, side: int, seed: int) -> None:
        self.listed, self.batch, self.side, self.seed = listed, batch, side, seed

    def __getitem__(self, number: int) -> Batch:
        """Make batch ``number``."""
        rng = np.random.default_rng((self.seed, number))
        count = len(self.listed)
        # Every picture once before any comes again.
        places = range(number * self.batch, (number + 1) * self.batch)
        orders = {
            turn: np.random.default_rng((self.seed, 1, turn)).permutation(count)
            for turn in {place // count for place in places}
        }
        chosen = [self.listed[orders[place // count][place % count]] for place in places]
        texts = ["" if rng.random() < WORDLESS else example.prompt for example in chosen]
        pixels = np.stack([crop(example.path, self.side, rng) for example in chosen])
        return Batch(pixels, texts, rng.integers(0, RATES, self.batch))


def crop(path: Path, side: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Cut a square out of a picture, mirrored half of the time; small pictures are enlarged."""
    image = load_image(path.read_bytes())
    least = side / min(image.size)
    scale = max(1.0, least)
    if least < 1 and rng.random() < REDUCED:
        scale = rng.uniform(max(least, 0.5), 1)
    size = tuple(max(side, round(length * scale)) for length in image.size)
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    left, top = (int(rng.integers(0, length - side + 1)) for length in image.size)
    pixels = np.asarray(image.crop((left, top, left + side, top + side)).convert("RGB"))
    return np.ascontiguousarray(pixels[:, ::-1] if rng.integers(2) else pixels)
