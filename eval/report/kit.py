"""The kit's page and plot: what was drawn, laid over published points, with the conditions of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from eval.report import Material, overlay, set_distances, summary, tables
from eval.report.plots import log_rates
from eval.report.summary import Point
from eval.report.tables import escape, interval, number
from promptcodec.files import write_whole

PAGE, PLOT = "kit.md", "kit"
DATASET, ALL = "Kodak", 24
LINES = {
    "Text and image (arXiv 2504.21814)": (
        "words",
        "words + texture layer",
        "words + texture layer + structure",
    ),
    "Layers (arXiv 2412.12982)": (
        "words",
        "words + structure",
        "words + texture layer",
        "words + texture layer + structure",
    ),
}
"""The settings of each published line, of the study's codecs."""
# Dataset of eval/published.csv, codec, and what the plot calls it.
OTHERS = (
    ("CMC-Bench", "CMC-Bench text", "CMC-Bench, text"),
    ("CMC-Bench", "CMC-Bench pixel", "CMC-Bench, text + pixels"),
    ("Kodak", "Text-Sketch", "PICS (text + sketch)"),
    ("Kodak 512x512", "CoD-Lite", "CoD-Lite"),
    ("Kodak 512x512", "CoD-pixel", "CoD"),
    ("Kodak", "AEIC-SE", "AEIC-SE"),
    ("Kodak", "PerCo", "PerCo (SD 2.1)"),
    ("Kodak", "VTM", "VTM (VVC)"),
)
USUAL = "768x512, LPIPS of AlexNet"
"""Conditions of published points that name no other; those of our own rows too."""
PANELS = {
    "lpips_alex": "LPIPS, AlexNet (less is better)",
    "dists": "DISTS (less is better)",
    "psnr": "PSNR, dB (more is better)",
    "ms_ssim": "MS-SSIM (more is better)",
}
_MOST_BPP = 0.04
_DPI = 110
_MARKERS = "osv^D<>pPX"


def write(material: Material, about: Sequence[str], missing: Sequence[tuple[str, str]]) -> list[str]:
    """Write the page, and the plot as PNG and SVG, beside the run's results.

    Args:
        material: what the run left.
        about: lines about captioner, generators and cost.
        missing: what could not run and why, and a command that gets it, ``""`` where there is none.

    Returns:
        What could not be written, and why.
    """
    points = summary.points(material.rows, material.columns)
    others = published()
    not_written = []
    try:
        draw(points, others, material.folder)
    except ImportError as error:
        not_written.append(f"{PLOT}.png: {error}")
    text = "\n".join(page(material, points, others, about, missing)) + "\n"
    write_whole(str(material.folder / PAGE), text.encode("utf-8", "replace"), overwrite=True)
    return not_written


def published() -> list[dict[str, Any]]:
    """Give the published points that are shown, with what the plot calls them and their conditions."""
    names = {(dataset, codec): name for dataset, codec, name in OTHERS}
    points = overlay.published([dataset for dataset, _, _ in OTHERS])
    return [
        {
            **each,
            "name": names[key],
            "usual": not each["conditions"],
            "conditions": each["conditions"] or USUAL,
        }
        for each in points
        if (key := (each["dataset"], each["codec"])) in names and each["values"]["bpp"] <= _MOST_BPP
    ]


def page(
    material: Material,
    points: Sequence[Point],
    others: Sequence[Mapping[str, Any]],
    about: Sequence[str],
    missing: Sequence[tuple[str, str]],
) -> Iterator[str]:
    """Give the lines of the page."""
    run = material.run
    yield from (
        f"# {escape(run['title'])}",
        "",
        escape(run["question"].strip()),
        "",
        f"    {run['command']}",
        "",
    )
    yield from ("## What ran", "", *(f"* {escape(line)}" for line in about), "")
    if missing:
        yield from ("## What did not", "", *(_lack(why, get) for why, get in missing), "")
    columns = [column for column in material.columns if any(column in point.values for point in points)]
    for title, codecs in LINES.items():
        yield from (f"## {title}", "", _results(points, codecs, columns).markdown(), "")
    yield from _sets(material)
    yield from ("## Beside published points", "", f"![Points over bits per pixel]({PLOT}.png)", "")
    yield from (f"* {line}" for line in _reading(points, columns))
    yield from ("", _table(others).markdown(), "", "## Metrics", "")
    yield from (f"* `{each['name']}`: {escape(each['says'])}" for each in run["metrics"])


def _lack(why: str, get: str) -> str:
    return f"* {escape(why)}" + (f"\n\n      {get}\n" if get else "")


def _results(points: Sequence[Point], codecs: Sequence[str], columns: Sequence[str]) -> tables.Table:
    shown = [
        (point, generator_of(point))
        for codec in codecs
        for point in points
        if codec_of(point) == codec and point.n
    ]
    shown.sort(key=lambda pair: (pair[0].dataset != DATASET, pair[1]))
    rows = [
        [
            *(point.dataset, generator, codec_of(point), str(point.n), str(point.failed)),
            number(point.values["bytes"].mean),
            number(point.values["bpp"].mean),
            *(interval(point.values.get(column)) for column in columns),
        ]
        for point, generator in shown
    ]
    heads = ["pictures", "drawn by", "from", "n", "failed", "bytes", "bpp", *columns]
    return tables.Table("line", "", "", heads, rows)


def _sets(material: Material) -> Iterator[str]:
    """Give KID, which needs features; FID on so few pictures says nothing, so that it is not there."""
    distances = [each for each in set_distances(material) if each["metric"] == "kid"]
    if distances:
        yield from ("## KID", "", tables.sets(distances).markdown(), "")
        yield "FID is left out: on a few dozen pictures it says nothing, and KID is noisy on few patches."
        yield ""


def _reading(points: Sequence[Point], columns: Sequence[str]) -> Iterator[str]:
    here = [point for point in points if point.dataset == DATASET and point.n]
    pictures = max((point.n for point in here), default=0)
    few = "" if pictures == ALL else f" These are {pictures} of its {ALL} pictures, the others' are all."
    yield f"Ours are of {DATASET} at {USUAL}; bars are 95 % intervals over pictures.{few}"
    yield "Hollow marks were published by others, not measured here; some under other conditions."
    for column in (column for column in PANELS if column not in columns):
        yield f"`{column}` of ours was not measured: its panel shows what was published alone."


def _table(others: Sequence[Mapping[str, Any]]) -> tables.Table:
    rows = [
        [
            *(each["name"], each["setting"], number(each["values"]["bpp"])),
            *(number(each["values"].get(column)) for column in PANELS),
            *(each["conditions"], each["source"]),
        ]
        for each in others
    ]
    return tables.Table(
        "published", "", "", ["codec", "setting", "bpp", *PANELS, "conditions", "source"], rows
    )


def codec_of(point: Point) -> str:
    """Give the study's name of the codec, without who drew."""
    return point.codec.partition(" by ")[0]


def generator_of(point: Point) -> str:
    """Give who drew; of an address its model, or its host."""
    spec = point.codec.partition(" by ")[2] or "builtin"
    name, _, address = spec.partition(":")
    parts = urlsplit(address)
    if not parts.netloc:
        return spec
    return f"{name}, {dict(parse_qsl(parts.query)).get('model', parts.netloc)}"


def draw(points: Sequence[Point], others: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Plot four metrics over bits per pixel.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib as mpl  # noqa: PLC0415 - an extra, and heavy
    from matplotlib.figure import Figure  # noqa: PLC0415

    mpl.rcParams["svg.hashsalt"] = "promptcodec"
    mpl.rcParams["text.parse_math"] = False  # a generator may be named $x$
    figure = Figure(figsize=(11, 9.5), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True).ravel()
    for at, (metric, label) in zip(axes, PANELS.items(), strict=True):
        _others(at, others, metric)
        measured = _ours(at, points, metric)
        at.set_ylabel(label)
        log_rates(at)
        at.set_title("" if measured else "not measured here: published points alone", fontsize=9, loc="left")
        at.grid(visible=True, alpha=0.3)
    for at in axes[2:]:
        at.set_xlabel("bits per pixel")
    entries = {
        label: handle for at in axes for handle, label in zip(*at.get_legend_handles_labels(), strict=True)
    }
    figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=3, fontsize=8)
    for suffix in ("png", "svg"):
        metadata = {"Date": None} if suffix == "svg" else {}
        figure.savefig(folder / f"{PLOT}.{suffix}", dpi=_DPI, metadata=metadata)


def _ours(axes: Any, points: Sequence[Point], metric: str) -> bool:
    from matplotlib import colormaps  # noqa: PLC0415 - an extra, and heavy

    shown = [point for point in points if point.dataset == DATASET and metric in point.values]
    generators = list(dict.fromkeys(generator_of(point) for point in shown))
    codecs = list(dict.fromkeys(codec_of(point) for point in shown))
    for point in shown:
        value, number_of = point.values[metric], codecs.index(codec_of(point))
        axes.errorbar(
            [point.values["bpp"].mean],
            [value.mean],
            yerr=[[value.mean - value.low], [value.high - value.mean]],
            marker=_MARKERS[generators.index(generator_of(point)) % len(_MARKERS)],
            color=colormaps["tab10"].colors[number_of % 10],
            linestyle="none",
            capsize=3,
            elinewidth=0.7,
            label=f"{codec_of(point)}, {generator_of(point)}",
        )
    return bool(shown)


def _others(axes: Any, others: Sequence[Mapping[str, Any]], metric: str) -> None:
    from matplotlib import colormaps  # noqa: PLC0415 - an extra, and heavy

    names = list(dict.fromkeys(name for _, _, name in OTHERS))
    for name in names:
        here = [each for each in others if each["name"] == name and metric in each["values"]]
        if not here:
            continue
        pairs = sorted((each["values"]["bpp"], each["values"][metric]) for each in here)
        usual = here[0]["usual"]
        axes.plot(
            *zip(*pairs, strict=True),
            marker=_MARKERS[names.index(name)],
            linestyle="-" if usual else "--",
            linewidth=0.8,
            markersize=7,
            markerfacecolor="none",
            color=colormaps["Set2"].colors[names.index(name)],
            label=f"{name}, published" + ("" if usual else ", other conditions"),
        )
