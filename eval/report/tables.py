"""The tables of a report, as Markdown and for the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.report.bd_rate import BdRate
from eval.report.summary import FEWEST, Difference, Estimate, Point

_MARKDOWN = str.maketrans({char: f"&#{ord(char)};" for char in "|<>&`*_[]\\"} | {"\n": " ", "\r": " "})


@dataclass(frozen=True)
class Table:
    """A table: title, a line that says how to read it, heads, and rows of texts."""

    name: str
    title: str
    note: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """Write it as Markdown; whatever would be markup in a cell is escaped."""
        lines = [f"| {' | '.join(map(escape, self.heads))} |", "|---" * len(self.heads) + "|"]
        lines += [f"| {' | '.join(map(escape, row))} |" for row in self.rows]
        return "\n".join(lines)


def escape(text: str) -> str:
    """Make a text plain in Markdown."""
    return text.translate(_MARKDOWN)


def number(value: float | None, *, sign: bool = False) -> str:
    """Write a value with three or four digits that count."""
    if value is None:
        return "-"
    size = abs(value)
    digits = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 3 if size >= 0.1 else 5
    return f"{value:{'+' if sign else ''}.{digits}f}"


def interval(value: Estimate | None, *, sign: bool = False) -> str:
    """Write a mean with its interval."""
    if value is None:
        return "-"
    return (
        f"{number(value.mean, sign=sign)} [{number(value.low, sign=sign)}, {number(value.high, sign=sign)}]"
    )


def means(points: Sequence[Point], columns: Sequence[str]) -> list[Table]:
    """Give a table of means for each dataset."""
    tables = []
    for dataset in dict.fromkeys(point.dataset for point in points):
        here = [point for point in points if point.dataset == dataset]
        shown = [column for column in columns if any(column in point.values for point in here)]
        rows = []
        for point in here:
            size, rate = point.values.get("bytes"), point.values.get("bpp")
            rows.append(
                [
                    point.codec,
                    point.mode,
                    point.setting,
                    f"{point.n}" + (f" ({point.failed} not)" if point.failed else ""),
                    number(size.mean) if size else "-",
                    f"{rate.mean:.5f}" if rate else "-",
                    *(_counted(point.values.get(column), point.n) for column in shown),
                    *(_seconds(point.values.get(column)) for column in ("enc_s", "dec_s")),
                ]
            )
        heads = ["codec", "form", "setting", "n", "bytes", "bpp", *shown, "enc s", "dec s"]
        note = (
            "Means over n pictures with 95 % bootstrap intervals; seconds are medians, of one core. Where n "
            "is not all, the pictures are others than in the rest: such a row is on no curve."
        )
        tables.append(Table("means", f"Means: {dataset}", note, heads, rows))
    return tables


def _counted(value: Estimate | None, count: int) -> str:
    """Write an estimate, with its own number of pictures where that is another."""
    return interval(value) + (f" (n={value.n})" if value and value.n != count else "")


def _seconds(value: Estimate | None) -> str:
    return "-" if value is None else f"{value.mean:.3f}"


def paired(
    differences: Sequence[Difference], columns: Sequence[str], baseline: str, better: Mapping[str, int]
) -> list[Table]:
    """Give a table of differences from the baseline for each dataset."""
    tables = []
    for dataset in dict.fromkeys(each.dataset for each in differences):
        here = [each for each in differences if each.dataset == dataset]
        shown = [
            column for column in columns if better.get(column) and any(column in each.values for each in here)
        ]
        rows = [
            [
                each.codec,
                each.mode,
                each.setting,
                str(each.n),
                f"{each.bytes:.0f} : {each.baseline_bytes:.0f}",
                *(_verdict(each.values.get(column), better[column]) for column in shown),
            ]
            for each in here
        ]
        note = (
            f"What a codec has more than {baseline} (the same form where it has it, else whole files) on the "
            "same picture at the same setting: mean over n pictures and 95 % bootstrap interval; + better, "
            "- worse, = the interval holds 0, "
            f"? fewer than {FEWEST} pictures. Mind the bytes where a codec cannot spend them."
        )
        heads = ["codec", "form", "setting", "n", "bytes", *shown]
        tables.append(Table("paired", f"Against {baseline}: {dataset}", note, heads, rows))
    return tables


def _verdict(value: Estimate | None, better: int) -> str:
    if value is None:
        return "-"
    if value.n < FEWEST:
        return f"? {interval(value, sign=True)}"
    word = "=" if value.low <= 0 <= value.high else "+" if value.mean * better > 0 else "-"
    return f"{word} {interval(value, sign=True)}"


def rates(bd_rates: Sequence[BdRate], metric: str, baseline: str, settings: Sequence[str]) -> Table:
    """Give the table of BD-rates."""
    rows = [
        [
            each.dataset,
            each.codec,
            each.mode,
            "-" if each.value is None else number(each.value, sign=True),
            "-" if each.low is None or each.high is None else _bounds(each.low, each.high),
            each.reason,
        ]
        for each in bd_rates
    ]
    points = f", settings {', '.join(settings)}" if settings else ""
    note = (
        f"Bytes at equal {metric} against {baseline} (the same form where it has it, else whole files), "
        f"percent, PCHIP over mean curves{points}, 95 % bootstrap intervals over pictures; less is better."
    )
    heads = ["dataset", "codec", "form", "BD-rate %", "interval", "why not"]
    return Table("bd-rate", "BD-rate", note, heads, rows)


def _bounds(low: float, high: float) -> str:
    return f"{number(low, sign=True)} .. {number(high, sign=True)}"


def not_run(missing: Sequence[Mapping[str, str]], failed: Mapping[str, str]) -> Table:
    """Give the table of what could not run."""
    rows = [[each["what"], each["name"], each["reason"]] for each in missing]
    rows += [["metric, on some pictures", name, reason] for name, reason in failed.items()]
    return Table(
        "not-run",
        "Not run",
        "Named by the study, and why they are not in it.",
        ["what", "name", "reason"],
        rows,
    )


def sets(distances: Sequence[Mapping[str, Any]]) -> Table:
    """Give the table of distances between sets."""
    rows = [
        [
            each["dataset"],
            each["codec"],
            each["mode"],
            each["setting"],
            each["metric"],
            number(each["value"]),
            str(each["patches"]),
        ]
        for each in distances
    ]
    heads = ["dataset", "codec", "form", "setting", "metric", "value", "patches"]
    note = "Over all pictures of a dataset together. On few patches these say little."
    return Table("sets", "Distances between sets", note, heads, rows)


def published(points: Sequence[Mapping[str, Any]]) -> Table:
    """Give the table of published points."""
    columns = list(dict.fromkeys(key for each in points for key in each["values"]))
    rows = [
        [
            each["dataset"],
            each["codec"],
            each["setting"],
            *(number(each["values"].get(key)) for key in columns),
            each.get("conditions", ""),
            each["source"],
        ]
        for each in points
    ]
    note = "Reported by others, not measured here: other pictures' sizes, other metrics' variants."
    heads = ["dataset", "codec", "setting", *columns, "conditions", "source"]
    return Table("published", "Published points", note, heads, rows)
