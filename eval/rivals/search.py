"""The best a rival can do for a picture at every budget: all settings, scales and qualities.

At one scale and setting, more bytes are a better picture, all but exactly: of all qualities only the
one that fills the budget best is decoded and scored. Over the scales the score has one hill, up to
noise, that moves to larger scales with the budget: the climb starts where the last budget's ended and
goes on until PATIENCE scales in a row are no better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from eval.rivals import Rival, TooLarge, scaling

SIDES = (8, 12, 16, 20, 24, 28, 32, 40, 48, 64, 80, 96, 128, 160)
PATIENCE = 2
# Lengths go down by chance here and there: so many qualities above the bisected one are tried too.
_ABOVE = 2
# dB: a finite number stands for no error at all.
IDENTICAL = float(10 * np.log10(255**2 / 1e-9))


@dataclass(frozen=True)
class Coded:
    """One coded picture: bytes, PSNR in dB, what it looks like at the picture's size, and the payload."""

    bytes: int
    psnr: float
    picture: Image.Image
    payload: bytes


@dataclass
class Scale:
    """One setting at one scale; remembers what it has coded."""

    rival: Rival
    setting: str
    image: Image.Image
    method: str
    small: Image.Image
    payloads: dict[int, bytes | None] = field(default_factory=dict)
    scored: dict[int, Coded] = field(default_factory=dict)

    def payload(self, index: int) -> bytes | None:
        """Code with the quality of this index; None where the encoder fails."""
        if index not in self.payloads:
            try:
                file = self.rival.file(self.small, self.rival.qualities[index], self.setting)
                self.payloads[index] = self.rival.strip(file)
            except TooLarge:
                self.payloads[index] = None
        return self.payloads[index]

    def fits(self, index: int, budget: int) -> bool:
        """Tell whether it does with this quality."""
        payload = self.payload(index)
        return payload is not None and len(payload) <= budget

    def fill(self, budget: int) -> Coded | None:
        """Give the highest quality that fits."""
        low, high = -1, len(self.rival.qualities)  # the last known to fit, the first known not to
        low = max((index for index in self.payloads if self.fits(index, budget)), default=low)
        above = (index for index in self.payloads if index > low)
        high = min(above, default=high)
        while high - low > 1:
            # Most budgets are met at low quality: halve the rest unevenly.
            middle = low + max(1, (high - low) // 3)
            low, high = (middle, high) if self.fits(middle, budget) else (low, middle)
        above = 0 if self.rival.slow else _ABOVE
        for index in range(high + 1, min(high + 1 + above, len(self.rival.qualities))):
            if self.fits(index, budget):
                low = index
        return self.score(low) if low >= 0 else None

    def score(self, index: int) -> Coded:
        """Decode what was coded, from the payload alone."""
        if index not in self.scored:
            payload = self.payload(index)
            assert payload is not None, "only what was coded is scored"
            file = self.rival.restore(payload, self.small.size, self.setting)
            decoded = self.rival.open(file)
            assert decoded.size == self.small.size, "decoded at another size"
            picture = scaling.enlarge(decoded, self.image.size, self.method)
            self.scored[index] = Coded(len(payload), psnr(self.image, picture), picture, payload)
        return self.scored[index]


def psnr(first: Image.Image, second: Image.Image) -> float:
    """Give the PSNR in dB of two RGB pictures of one size, scikit-image's; IDENTICAL where they are equal."""
    with np.errstate(divide="ignore"):
        value = peak_signal_noise_ratio(np.asarray(first), np.asarray(second))
    return min(float(value), IDENTICAL)


def best(
    rival: Rival,
    image: Image.Image,
    budgets: Sequence[int],
    method: str,
    enhance: Callable[[Image.Image], Image.Image],
) -> Iterator[tuple[int, Coded, Coded]]:
    """Search.

    Args:
        rival: the coder.
        image: RGB.
        budgets: payload bytes.
        method: one of scaling.FILTERS.
        enhance: what the second result has had done to it.

    Yields:
        each budget that one can be met, the best without and the best with enhancement; the latter of
        the best of each setting and of the scales next to it, for enhancing is slow.
    """
    scales: dict[tuple[str, int], Scale] = {}
    start = dict.fromkeys(rival.settings, 0)
    for budget in sorted(budgets):
        tops: list[Coded] = []
        for setting in rival.settings:
            by_scale = climb(rival, image, budget, method, setting, start, scales)
            tops += [each for _, each in sorted(by_scale.items(), key=lambda pair: -pair[1].psnr)[:2]]
        if not tops:
            continue
        tops.sort(key=lambda each: -each.psnr)
        enhanced = []
        for top in tops[:2]:
            picture = enhance(top.picture)
            enhanced.append(replace(top, psnr=psnr(image, picture), picture=picture))
        yield budget, tops[0], max(enhanced, key=lambda each: each.psnr)


def climb(
    rival: Rival,
    image: Image.Image,
    budget: int,
    method: str,
    setting: str,
    start: dict[str, int],
    scales: dict[tuple[str, int], Scale],
    sides: Sequence[int] = SIDES,
    patience: int = PATIENCE,
) -> dict[int, Coded]:
    """Give what was found by the index of its scale; set the start of the next climb."""
    by_scale: dict[int, Coded] = {}
    top = -1.0

    def better(at: int) -> bool:
        nonlocal top
        side = sides[at]
        if (setting, side) not in scales:
            size = scaling.small_size(image.size, side, rival.multiple, rival.smallest)
            small = scaling.shrink(image, size, method)
            scales[setting, side] = Scale(rival, setting, image, method, small)
        here = scales[setting, side].fill(budget)
        if here is None:
            return False
        by_scale[at] = here
        gained, top = here.psnr > top, max(top, here.psnr)
        return gained

    for way in (range(start[setting], len(sides)), range(start[setting] - 1, -1, -1)):
        without = 0
        for at in way:
            without = 0 if better(at) else without + 1
            # On the way down something smaller may fit where nothing has yet.
            if without > max(0, patience - (way.step < 0)) and (by_scale or way.step > 0):
                break
    if by_scale:
        start[setting] = max(by_scale, key=lambda at: by_scale[at].psnr)
    return by_scale
