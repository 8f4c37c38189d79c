"""Pack the words of pictures beside their canvases.

    python -m training.texture_coder.pack_texts PACKED --data DIR [--jobs 2]

Run it behind ``pack``, on the same pictures. Three sources: what the ``local`` captioner says, descriptions
written by looking at pictures, prompts. A prompt that a held-out picture has too is left out of training:
sheets of styles share one, and their tiles stand on both sides. Pictures of DIR/eval are for measuring alone.
Takes minutes of one core.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import partial
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from PIL import Image

from promptcodec.description import parse_text
from promptcodec.recipe import prompt_of, read
from training.pictures import allowed
from training.texture_coder import texts
from training.texture_coder.pack import HELD_OUT, cuts

ROOT = Path(__file__).parent.parent.parent
CELLS = 24


def grid(width: int, height: int) -> tuple[int, int]:
    """Give rows and columns of about CELLS cells."""
    cols = min(8, max(3, round(math.sqrt(CELLS * width / height))))
    return min(8, max(3, round(CELLS / cols))), cols


def local(data: Path, name: str) -> list[texts.Word]:
    """Give the words of the local captioner."""
    from promptcodec.captioners.local import create  # noqa: PLC0415 - heavy, and per process

    with Image.open(data / name) as file:
        image = file.convert("RGB")
    rows, cols = grid(*image.size)
    return texts.words_of(create({}).describe(image, rows=rows, cols=cols))


def written(path: Path) -> dict[str, list[texts.Word]]:
    """Give the words of the longest written description of each picture, by file name."""
    last: dict[str, list[texts.Word]] = {}
    for line in path.read_text("utf-8").splitlines():
        entry = json.loads(line)
        last[Path(entry["file"]).name] = texts.words_of(parse_text(entry["text"]))
    return last


def prompts(manifest: Path) -> dict[str, str]:
    """Give the prompts that a list of pictures knows, by file name."""
    entries = map(json.loads, manifest.read_text("utf-8").splitlines())
    return {entry["file"]: entry["prompt"] for entry in entries if entry.get("prompt")}


def places(data: Path, names: list[str], train: list[int]) -> dict[str, np.ndarray]:
    """Give picture and box of every packed training canvas, in the order of ``pack``."""
    buckets = defaultdict(list)
    for number in train:
        with Image.open(data / names[number]) as file:
            width, height = file.size
        for size, (rows, columns), box in cuts(width, height, number):
            left, top, right, bottom = box or (0, 0, width, height)
            place = (top / height, left / width, bottom / height, right / width)
            buckets[f"{size}_{rows}_{columns}"].append((number, *place))
    return {key: np.array(members, np.float32) for key, members in buckets.items()}


def gather(data: Path, jobs: int) -> list[tuple[str, str, str, Mapping[str, list[texts.Word]]]]:
    """Give file, set, kind and words by source of all pictures: allowed ones in order, then those of eval."""
    manifest = (data / "train" / "manifest.jsonl").read_text("utf-8").splitlines()
    kinds = {entry["file"]: entry["kind"] for entry in map(json.loads, manifest)}
    prompt = prompts(data / "train" / "manifest.jsonl") | prompts(data / "eval" / "aigi" / "prompts.jsonl")
    description = written(ROOT / "training" / "descriptions" / "written.jsonl")
    names = [path.relative_to(data).as_posix() for path in allowed(data)]
    sets = ["train" if number % HELD_OUT else "held" for number in range(len(names))]
    for folder in ("kodak", "aigi"):
        description |= written(ROOT / "eval" / "descriptions" / f"{folder}.jsonl")
        files = sorted(path for path in (data / "eval" / folder).iterdir() if path.suffix in {".png", ".jpg"})
        names += [path.relative_to(data).as_posix() for path in files]
        sets += [folder] * len(files)
        kinds |= {path.name: "photo" if folder == "kodak" else "ai" for path in files}
    seen = {prompt.get(Path(name).name) for name, group in zip(names, sets, strict=True) if group != "train"}
    with Pool(jobs) as pool:
        by_local = pool.map(partial(local, data), names, chunksize=16)
    result = []
    for name, group, own in zip(names, sets, by_local, strict=True):
        file = Path(name).name
        sources = {"local": own}
        if file in description:
            sources["written"] = description[file]
        if file in prompt and (group != "train" or prompt[file] not in seen):
            sources["prompt"] = texts.words_of_prompt(prompt[file])
        result.append((name, group, kinds[file], sources))
    return result


def report(packed: texts.Texts, data: Path) -> None:
    """Say how many pictures have which text."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for picture, group in enumerate(packed.sets):
        own = group, packed.kinds[picture]
        counts[*own, "pictures"] += 1
        counts.update((*own, source) for source in texts.SOURCES if packed.has(picture, source))
        recipe = read((data / packed.files[picture]).read_bytes())
        counts[*own, "recipe in the file"] += bool(recipe and prompt_of(recipe))
    for key, count in sorted(counts.items()):
        print(*key, count)
    print(len(packed.words), "words have vectors;", len(packed.word), "words in texts")


def main() -> None:
    """Pack."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("packed", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder with train/ and eval/")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    pictures = gather(options.data, options.jobs)
    train = [number for number, each in enumerate(pictures) if each[1] == "train"]
    canvases = places(options.data, [each[0] for each in pictures], train)
    with np.load(options.packed / "train.npz") as file:
        for name in file.files:
            if (count := len(file[name])) != len(canvases[name]):
                raise SystemExit(f"{name}: {count} canvases, but {len(canvases[name])} of these pictures")
    known = texts.vocabulary([w for words in pictures[n][3].values() for w in words] for n in train)
    packed = texts.collect(known, pictures, canvases)
    texts.save(options.packed / "texts.npz", packed)
    report(packed, options.data)


if __name__ == "__main__":
    main()
