"""What codecs make of a picture within a budget: ours drawn by the built-in generator, and rivals'.

Ours are drawn from a texture layer of the budget, part type and length not counted; rivals have no
headers, and the best of all settings, scales and qualities by PSNR (see ``rivals``). ``bicubic`` is our
texture layer at a long side of SMALL, enlarged. Rivals are kept in CACHE.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from PIL import Image

from eval import rivals
from eval.datasets import ROOT
from eval.rivals import scaling, search
from promptcodec import decode
from promptcodec.bitstream import Stream, write
from promptcodec.generators.builtin import variants
from promptcodec.layers import texture
from promptcodec.layers.parts import part_of
from promptcodec.settings import STRENGTH

SMALL = 128
CACHE = ROOT / "build" / "eval-builtin"


def ours(image: Image.Image, budget: int, strengths: Sequence[float]) -> dict[str, tuple[int, Image.Image]]:
    """Give our codecs' bytes and pictures."""
    payload = texture.encode(image, budget, stored=True)
    part = part_of("texture", payload)
    stream = write(Stream(*image.size, (part,)))
    small = texture.decode(payload, scaling.small_size(image.size, SMALL, 1, 1))
    drawn = {"bicubic": small.resize(image.size, Image.Resampling.BICUBIC)}
    for variant in variants():
        for strength in strengths if variant != "classical" else (STRENGTH,):
            name = f"builtin:{variant}" + ("" if strength == STRENGTH else f" {strength:g}")
            drawn[name] = decode(stream, generator=f"builtin:{variant}", strength=strength).image
    return {name: (len(part.payload), picture) for name, picture in drawn.items()}


def theirs(
    image: Image.Image, budgets: Sequence[int], only: Sequence[str]
) -> dict[tuple[str, int], tuple[int, Image.Image]]:
    """Give the rivals' bytes and pictures by name and budget; of each module the one with least headers."""
    drawn = {}
    best = {module: name for module, name, _ in rivals.PICTURES if not only or module in only}
    for (module, name, _), (_, rival) in zip(rivals.PICTURES, rivals.pictures(), strict=True):
        if best.get(module) != name or isinstance(rival, rivals.Unavailable):
            continue
        key = digest(image.tobytes(), rival.name.encode(), repr(sorted(budgets)).encode())
        folder = CACHE / "rivals" / key
        if not (folder / "done").exists():
            folder.mkdir(parents=True, exist_ok=True)
            for budget, plain, _ in search.best(rival, image, budgets, "lanczos", lambda picture: picture):
                plain.picture.save(folder / f"{budget}-{plain.bytes}.png")
            (folder / "done").touch()
        for file in folder.glob("*.png"):
            budget, size = map(int, file.stem.split("-"))
            with Image.open(file) as picture:
                drawn[rival.name, budget] = size, picture.convert("RGB")
    return drawn


def digest(*parts: bytes) -> str:
    """Name some bytes."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:24]
