"""How near the pictures of codecs come to one original, by several metrics; kept in a cache.

psnr, ms_ssim_luma, ssimulacra2, sharpness and vgg are as in ``eval.metrics``; for vgg_lpips and what is kept
of patches and embedding see ``eval.metrics.vgg``. Scores are kept under a hash of the pixels and of what
measured them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from eval import metrics
from eval.measure import bits, contact_sheet
from eval.measure.drawings import CACHE, digest, ours, theirs
from eval.metrics import vgg
from promptcodec.generators.builtin import variants

PAIRS = ("psnr", "ms_ssim_luma", "ssimulacra2", "sharpness")
PER_PICTURE = (*PAIRS, "vgg", "vgg_lpips")
# Raised when a measure changes; vgg.py's text counts by itself.
MEASURES = 2
Scores = dict[str, Any]


def check() -> None:
    """Load what measures.

    Raises:
        Unavailable: something of it is not here.
    """
    vgg.weights()
    for name in PAIRS:
        metrics.load(metrics.find(name))


def measure(
    path: Path,
    *,
    budgets: Sequence[int],
    strengths: Sequence[float],
    rivals: Sequence[str],
    data: Path,
    sheet: bool,
) -> dict[tuple[str, int], Scores]:
    """Give the scores of one picture by codec and budget; its own under ("original", 0).

    Args:
        path: the picture.
        budgets: bytes.
        strengths: of the generator.
        rivals: modules of ``eval.rivals``; all where empty, none where it holds ``none``.
        data: the folder with ``weights/lpips_v0.1``.
        sheet: leave this picture's part of the contact sheet where ``sheet_of`` says.
    """
    image = bits.load(path)
    pixels = image.tobytes()
    drawn = {
        (name, budget): coded for budget in budgets for name, coded in ours(image, budget, strengths).items()
    }
    if "none" not in rivals:
        drawn |= theirs(image, budgets, rivals)
    truth = cache(lambda: vgg.features(image))
    scores = {("original", 0): _remembered(lambda: _statistics(truth()), pixels)}
    for key, (size, picture) in drawn.items():
        measured = _remembered(partial(_score, image, truth, picture, data), pixels, picture.tobytes())
        scores[key] = measured | {"bytes": size}
    if sheet:
        contact_sheet.strip(image, {key: picture for key, (_, picture) in drawn.items()}, sheet_of(path))
    return scores


def sheet_of(path: Path) -> Path:
    """Give where a picture's part of the contact sheet is left."""
    return CACHE / "sheet" / f"{path.stem}.png"


def gain(scores: dict[tuple[str, int], Scores], budgets: Sequence[int]) -> float:
    """Give by how much less one picture's vgg is with the best of ours than with bicubic, 0 none, 1 all."""
    best = f"builtin:{variants()[0]}"
    return float(
        np.mean([1 - scores[best, size]["vgg"] / scores["bicubic", size]["vgg"] for size in budgets])
    )


def _remembered(make: Callable[[], Scores], *parts: bytes) -> Scores:
    """Give scores, measured once."""
    file = CACHE / "scores" / f"{digest(Path(vgg.__file__).read_bytes(), bytes([MEASURES]), *parts)}.npz"
    if not file.exists():
        packed = io.BytesIO()
        np.savez(packed, **make())
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(f".{digest(packed.getvalue())}")
        temporary.write_bytes(packed.getvalue())
        temporary.rename(file)
    with np.load(file, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _statistics(features: Sequence[np.ndarray]) -> Scores:
    """Give what statistics over many pictures need of one's features."""
    count, total, products = vgg.moments(vgg.patches(features))
    return {"count": count, "sum": total, "products": products, "embedding": vgg.embedding(features)}


def _score(
    image: Image.Image, truth: Callable[[], list[np.ndarray]], drawn: Image.Image, data: Path
) -> Scores:
    """Compare one picture with its original, whose features ``truth`` gives."""
    features = vgg.features(drawn)
    return {
        **{name: metrics.load(metrics.find(name))(image, drawn) for name in PAIRS},
        **vgg.distances(truth(), features, data),
        **_statistics(features),
    }
