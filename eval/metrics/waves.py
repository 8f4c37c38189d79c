"""Plane waves where the original is flat: the weave that a global basis leaves in skies and faces."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image
from skimage.morphology import reconstruction

from eval.images import scaled
from eval.metrics.metric import Metric

Floats = npt.NDArray[np.float64]

SIDE = 512
WINDOW = 64
STEP = 16
FLAT = 3.0  # levels: a window of the original departs from a smooth surface by less
LONGEST = 32  # pixels: a longer wave cannot be told from a slope within a window
THRESHOLD = 8.0  # times the noise floor: white noise of one channel passes 0.3 % of its energy

_HANN = np.hanning(WINDOW + 1)[:-1]
_TAPER = np.outer(_HANN, _HANN)
_DOWN, _ACROSS = np.mgrid[:WINDOW, :WINDOW].reshape(2, -1) / (WINDOW / 2) - 1
_SURFACES = np.stack([np.ones(WINDOW**2), _DOWN, _ACROSS, _DOWN**2, _DOWN * _ACROSS, _ACROSS**2])
_FIT = np.linalg.solve((_SURFACES * _TAPER.ravel()) @ _SURFACES.T, _SURFACES * _TAPER.ravel())
_FREQUENCIES = np.fft.fftshift(np.fft.fftfreq(WINDOW))
_SLOPES = np.hypot(*np.meshgrid(_FREQUENCIES, _FREQUENCIES)) < 1 / LONGEST


def waves(first: Image.Image, second: Image.Image) -> float:
    """Give the energy of plane waves in the second picture's error where the first is flat.

    Both are scaled to a long side of SIDE. Of the first alone it depends which windows of WINDOW pixels, one
    every STEP, are flat: those that depart by less than FLAT levels, root mean square, from the nearest
    quadratic surface. The error of a flat window (the difference, less its own quadratic surface, under a
    Hann taper) has a power spectrum, the mean of those of R, G and B. Peaks are the frequencies of
    wavelength 2 to LONGEST pixels that have more than THRESHOLD times the noise floor, which is the mean of
    the white noise that has the spectrum's median. Of a peak counts what it has above the noise floor, and
    above the highest level at which a path through the spectrum joins it to the long waves: so what falls
    off from there, as the halo of an edge that was blurred, counts nothing.

    Many waves closer than a window can resolve look like noise of their band. They count, for the floor is
    that of white noise, and so does any mottle of that band.

    Args:
        first: the original, RGB.
        second: the decoded picture, RGB of the same size.

    Returns:
        Mean squared levels (0..255), averaged over R, G, B and the flat windows: a wave of amplitude a in
        all three channels has a * a / 2. NaN where no window is flat.

    Source:
        A windowed periodogram with Welch's taper and normalisation (1967); grey-scale reconstruction of
        Vincent (1993), by which a peak's height is its prominence. The measure as a whole is this
        project's.
    """
    values = [float(peaks(spectrum(error)).sum()) for error in flat_errors(first, second).values()]
    return float(np.mean(values)) if values else float("nan")


def flat_errors(first: Image.Image, second: Image.Image) -> dict[tuple[int, int], Floats]:
    """Give the error in each flat window of the first, ``(3, WINDOW, WINDOW)``, by its top and left."""
    original, decoded = (
        np.asarray(each if max(each.size) == SIDE else scaled(each, SIDE), np.float64).transpose(2, 0, 1)
        for each in (first, second)
    )
    errors = {}
    for top in _starts(original.shape[1]):
        for left in _starts(original.shape[2]):
            window = np.s_[:, top : top + WINDOW, left : left + WINDOW]
            if spectrum(original[window]).sum() < FLAT**2:
                errors[top, left] = decoded[window] - original[window]
    return errors


def spectrum(window: Floats) -> Floats:
    """Give the power of each frequency of a window, zero in the middle.

    Args:
        window: ``(channels, WINDOW, WINDOW)``.

    Returns:
        ``(WINDOW, WINDOW)``, the mean of the channels; it sums to the mean square under the taper.
    """
    flat = window.reshape(len(window), -1)
    rest = (flat - flat @ _FIT.T @ _SURFACES).reshape(window.shape)
    power = (np.abs(np.fft.fft2(rest * _TAPER)) ** 2).mean(axis=0)
    shifted: Floats = np.fft.fftshift(power) / (np.sum(_TAPER**2) * WINDOW**2)
    return shifted


def peaks(power: Floats) -> Floats:
    """Give what of a spectrum stands out as plane waves, as `waves` defines it; zero elsewhere."""
    floor = float(np.median(power[~_SLOPES])) / np.log(2)  # power of white noise has a decaying exponential
    joined: Floats = reconstruction(  # type: ignore[no-untyped-call]
        np.where(_SLOPES, power, np.minimum(power, floor)), power
    )
    outstanding: Floats = np.where(~_SLOPES & (power > THRESHOLD * floor), power - joined, 0.0)
    return outstanding


def _starts(length: int) -> list[int]:
    """Give where windows start, every STEP and at the end; none where the length is below a window's."""
    if length < WINDOW:
        return []
    return sorted({*range(0, length - WINDOW + 1, STEP), length - WINDOW})


METRICS = (
    Metric("waves", "pair", -1, "squared levels",
           "energy of plane waves of 2 to 32 pixels in the error where the original is flat, at a long side "
           "of 512", lambda: waves),
)  # fmt: skip
