"""Rate-distortion plots as PNG and SVG, for papers and for the documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.lab.rows import slug, unused
from eval.report.summary import Point

_MARKERS = "osv^<>pPXd*h"
_DPI = 110


def draw(
    points: Sequence[Point],
    metric: str,
    label: str,
    folder: Path,
    published: Mapping[str, Sequence[Mapping[str, Any]]],
    zoom: float | None,
) -> list[Path]:
    """Draw a metric over bpp for each dataset, whole range and low end.

    Args:
        points: what is drawn.
        metric: a column.
        label: of the vertical axis.
        folder: where files go.
        published: points of others by dataset; hollow grey diamonds.
        zoom: the low end's largest bpp; none draws the whole range only.

    Returns:
        The files.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib as mpl  # noqa: PLC0415 - an extra, and heavy
    from matplotlib.figure import Figure  # noqa: PLC0415

    mpl.rcParams["svg.hashsalt"] = "promptcodec"
    mpl.rcParams["text.parse_math"] = False  # a codec may be named $x$
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for dataset in dict.fromkeys(point.dataset for point in points):
        curves: dict[tuple[str, str], list[Point]] = {}
        for point in points:
            if point.dataset == dataset and point.of_all(metric):
                curves.setdefault((point.codec, point.mode), []).append(point)
        for name, most in (("", None), ("-low", zoom)):
            if not curves or (name and not most):
                continue
            figure = Figure(figsize=(9, 5), layout="constrained")
            axes = figure.add_subplot()
            _curves(axes, curves, metric, most)
            _others(axes, published.get(dataset, ()), metric, most)
            axes.set(xlabel="bits per pixel", ylabel=label, title=dataset)
            if not most:
                log_rates(axes)
            axes.grid(visible=True, alpha=0.3)
            axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
            for suffix in ("png", "svg"):
                path = unused(folder / f"{slug(dataset)}-{slug(metric)}{name}.{suffix}", written)
                figure.savefig(path, dpi=_DPI, metadata={"Date": None} if suffix == "svg" else {})
                written.append(path)
    return written


def log_rates(axes: Any) -> None:
    """Make the horizontal axis logarithmic, with plain numbers: formulas are off, for codecs are named so."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: PLC0415 - an extra

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _curves(
    axes: Any, curves: Mapping[tuple[str, str], Sequence[Point]], metric: str, most: float | None
) -> None:
    from matplotlib import colormaps  # noqa: PLC0415 - an extra, and heavy

    colours = colormaps["tab20"].colors
    for number, ((codec, mode), curve) in enumerate(curves.items()):
        shown = sorted(
            (point for point in curve if not most or point.values["bpp"].mean <= most),
            key=lambda point: point.values["bpp"].mean,
        )
        if not shown:
            continue
        values = [point.values[metric] for point in shown]
        drawn = axes.errorbar(
            [point.values["bpp"].mean for point in shown],
            [value.mean for value in values],
            yerr=[
                [value.mean - value.low for value in values],
                [value.high - value.mean for value in values],
            ],
            marker=_MARKERS[number % len(_MARKERS)],
            linestyle="--" if mode == "stripped" else "-",
            markersize=4,
            linewidth=1,
            capsize=2,
            elinewidth=0.5,
            color=colours[number % len(colours)],
            label=codec if mode == "whole" else f"{codec}, {mode}",
        )
        for bar in (*drawn[1], *drawn[2]):  # pictures differ more than codecs: differences are in a table
            bar.set_alpha(0.25)


def _others(axes: Any, published: Sequence[Mapping[str, Any]], metric: str, most: float | None) -> None:
    points: dict[str, list[tuple[float, float]]] = {}
    for each in published:
        values = each["values"]
        if metric in values and "bpp" in values and (not most or values["bpp"] <= most):
            points.setdefault(each["codec"], []).append((values["bpp"], values[metric]))
    for codec, pairs in points.items():
        axes.plot(
            *zip(*pairs, strict=True),
            "D",
            markerfacecolor="none",
            markersize=5,
            label=f"{codec} (published, not measured here)",
        )
