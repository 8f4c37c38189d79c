"""What ``python -m eval findability`` reports of streams: rows of means, and rows of pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from eval import written
from eval.measure import findability, survival
from eval.measure.word_streams import LOCAL, WRITTEN, Coded, Setting
from promptcodec.description import Description

REFERENCE = "written-400"
"""The source whose whole descriptions the streams of written ones are held against."""
SURVIVAL_BYTES = 200
SURVIVAL_SOURCES = ("written-400", "written-200")
LEAST_CELLS = 12
RESAMPLES = 1000
_SEED = 20250101


def ranks(coded: Sequence[Coded]) -> dict[str, list[float]]:
    """Give the ranks of each picture for its own queries, among these pictures."""
    return ranks_of(
        {one.name: findability.words_of(one.description) if one.description else "" for one in coded}
    )


def ranks_of(documents: Mapping[str, str]) -> dict[str, list[float]]:
    """Give the ranks of each picture's words for its own queries, among these."""
    asked = [(name, query) for name in documents for query in written.queries()[name]]
    places = findability.ranks(documents, asked)
    result: dict[str, list[float]] = {name: [] for name in documents}
    for (name, _), place in zip(asked, places, strict=True):
        result[name].append(place)
    return result


def means(
    pictures: Mapping[Setting, Sequence[Coded]], places: Mapping[Setting, Mapping[str, Sequence[float]]]
) -> Iterator[dict[str, Any]]:
    """Give a row for each setting.

    ``ratio`` holds the mean reciprocal rank against that of the whole descriptions of REFERENCE (of LOCAL for
    its own), with a 95 % percentile bootstrap interval over pictures; ``ratio_own`` against that of the whole
    descriptions of the same source. ``file`` and ``words`` are mean bytes.
    """
    for setting, coded in pictures.items():
        whole = Setting(setting.source if setting.source == LOCAL else REFERENCE)
        ratio, low, high = _ratio(places[setting], places[whole])
        scored = [one.scores for one in coded if one.scores]
        yield {
            "source": setting.source,
            "tune": setting.tune or "whole",
            "budget": setting.budget or None,
            "n": len(coded),
            "file": float(np.mean([one.file for one in coded])) if setting.budget else None,
            "words": float(np.mean([one.words for one in coded])),
            **findability.figures(_all(places[setting])),
            "ratio": ratio,
            "ratio_low": low,
            "ratio_high": high,
            "ratio_own": _ratio(places[setting], places[Setting(setting.source)])[0],
            "psnr": float(np.mean([scores["psnr"] for scores in scored])) if scored else None,
            "ms_ssim": float(np.mean([scores["ms_ssim"] for scores in scored])) if scored else None,
        }


def _all(places: Mapping[str, Sequence[float]]) -> list[float]:
    return [place for own in places.values() for place in own]


def _ratio(
    places: Mapping[str, Sequence[float]], whole: Mapping[str, Sequence[float]]
) -> tuple[float, float, float]:
    one, other = (np.array([np.mean(1 / np.array(by[name])) for name in places]) for by in (places, whole))
    draws = np.random.default_rng(_SEED).integers(len(one), size=(RESAMPLES, len(one)))
    drawn = one[draws].mean(1) / other[draws].mean(1)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float(one.mean() / other.mean()), float(low), float(high)


def pictures_of(coded: Sequence[Coded], places: Mapping[str, Sequence[float]]) -> Iterator[dict[str, Any]]:
    """Give a row for each picture at a setting."""
    for one in coded:
        yield {
            "file": one.name,
            "source": one.setting.source,
            "tune": one.setting.tune or "whole",
            "budget": one.setting.budget or None,
            "bytes": one.file or None,
            "words": one.words,
            **{f"rank_{number}": place for number, place in enumerate(places[one.name], 1)},
            **{name: round(score, 4) for name, score in one.scores.items()},
        }


def kept(pictures: Mapping[Setting, Sequence[Coded]]) -> Iterator[dict[str, Any]]:
    """Give the shares of nouns and words that streams of SURVIVAL_BYTES keep, over all pictures."""
    for setting, coded in pictures.items():
        if setting.budget != SURVIVAL_BYTES or setting.source not in SURVIVAL_SOURCES:
            continue
        pairs = [(_whole(one), one.description) for one in coded if one.description]
        nouns = [
            survival.cells_kept(whole, stream)
            for whole, stream in pairs
            if whole.rows * whole.cols >= LEAST_CELLS
        ]
        words = [survival.words_kept(whole, stream) for whole, stream in pairs]
        for kind, counts in (("nouns of cells", nouns), ("words", words)):
            has, count = np.sum(counts, axis=0)
            yield {
                "source": setting.source,
                "tune": setting.tune,
                "budget": setting.budget,
                "kept": kind,
                "n": len(counts),
                "share": float(has / count),
                "least": float(min(one / of for one, of in counts if of)),
            }


def _whole(one: Coded) -> Description:
    return written.descriptions()[one.name, WRITTEN[one.setting.source]]
