"""Rows on disk: the journal that survives a kill, the tables made of it, CompressAI's JSON."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from promptcodec.files import write_whole

TEXT = ("image", "dataset", "codec", "setting", "mode")
NUMBERS = ("bytes", "width", "height", "bpp", "enc_s", "dec_s")
COLUMNS = (*TEXT, *NUMBERS, "error")
Row = dict[str, Any]

# A spreadsheet takes a cell that starts so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Journal:
    """One JSON object a line, on disk before the next is begun; a line cut by a kill is left out.

    Raises:
        BlockingIOError: another process has it open.
    """

    def __init__(self, path: Path) -> None:
        self.entries: dict[str, dict[str, Any]] = {}
        self._file = path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise
        self._file.seek(0)
        data = self._file.read()
        whole = data[: data.rfind(b"\n") + 1]
        for line in whole.splitlines():
            try:
                entry = json.loads(line)
                self.entries[entry["key"]] = entry
            except (ValueError, KeyError):
                continue
        self._file.truncate(len(whole))

    def add(self, entry: dict[str, Any]) -> None:
        """Keep an entry."""
        self._file.write(json.dumps(entry, allow_nan=False).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.entries[entry["key"]] = entry

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def cell(text: str) -> str:
    """Make a text safe in a spreadsheet: what would be a formula starts with an apostrophe."""
    return "'" + text if text.startswith(_FORMULA) else text


def from_cell(text: str) -> str:
    """Undo `cell`."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def write_csv(path: Path, rows: Iterable[Row], columns: Sequence[str]) -> None:
    """Write a table; an empty cell has no value."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow(
            cell(value) if isinstance(value := row.get(column), str) else "" if value is None else value
            for column in columns
        )
    write_whole(str(path), out.getvalue().encode("utf-8", "surrogateescape"), overwrite=True)


def read_csv(path: Path) -> tuple[list[Row], list[str]]:
    """Give rows and columns of what ``write_csv`` wrote."""
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        reader = csv.DictReader(file)
        columns = list(reader.fieldnames or ())
        return [{key: _value(key, value) for key, value in row.items()} for row in reader], columns


def _value(column: str, text: str) -> Any:
    if column in (*TEXT, "error"):
        return from_cell(text)
    if not text:
        return None
    return int(text) if column in {"bytes", "width", "height"} else float(text)


def write_parquet(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Write the same as Parquet.

    Raises:
        ImportError: pyarrow is not installed.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra
    from pyarrow import parquet  # noqa: PLC0415

    kinds = {
        **dict.fromkeys((*TEXT, "error"), pa.string()),
        **dict.fromkeys(("bytes", "width", "height"), pa.int64()),
    }
    table = pa.table(
        {
            column: pa.array([_clean(row.get(column)) for row in rows], kinds.get(column, pa.float64()))
            for column in columns
        }
    )
    out = pa.BufferOutputStream()
    parquet.write_table(table, out, compression="zstd")
    write_whole(str(path), out.getvalue().to_pybytes(), overwrite=True)


def _clean(value: Any) -> Any:
    """File names that are no UTF-8 are kept as escapes."""
    return (
        value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        if isinstance(value, str)
        else value
    )


def write_compressai(folder: Path, rows: Sequence[Row], machine: str) -> list[Path]:
    """Write one JSON of CompressAI's form for each dataset, codec and mode: means over all of its pictures.

    A setting that gave nothing for some of them is left out.

    Returns:
        The files.
    """
    groups: dict[tuple[str, str, str], dict[str, list[Row]]] = {}
    for row in rows:
        key = (row["dataset"], row["codec"], row["mode"])
        groups.setdefault(key, {}).setdefault(row["setting"], []).append(row)
    names = {
        "bpp": "bpp",
        "psnr": "psnr-rgb",
        "ms_ssim": "ms-ssim-rgb",
        "enc_s": "encoding_time",
        "dec_s": "decoding_time",
    }
    written = []
    for (dataset, codec, mode), all_settings in groups.items():
        settings = {
            setting: group
            for setting, group in all_settings.items()
            if all(not row["error"] and row.get("psnr") is not None for row in group)
        }
        if not settings:
            continue
        points = sorted(
            ({name: mean(row.get(name) for row in group) for name in names} for group in settings.values()),
            key=lambda point: point["bpp"] or 0,
        )
        content = {
            "name": codec,
            "description": f"{codec}, {mode}, {dataset}; means over the pictures of each setting; {machine}",
            "results": {
                name: [point[column] for point in points]
                for column, name in names.items()
                if all(point[column] is not None for point in points)
            },
        }
        path = unused(folder / f"{slug(dataset)}-{slug(codec)}-{mode}.json", written)
        write_whole(str(path), json.dumps(content, indent=2).encode() + b"\n", overwrite=True)
        written.append(path)
    return written


def mean(values: Iterable[float | None]) -> float | None:
    """Give the mean of the values there are."""
    known = [value for value in values if value is not None and not math.isnan(value)]
    return sum(known) / len(known) if known else None


def unused(path: Path, written: Sequence[Path]) -> Path:
    """Give another name where a file of this one was written: two names may have one slug."""
    return path.with_stem(f"{path.stem}-{len(written)}") if path in written else path


def slug(text: str) -> str:
    """Make a file name of a name."""
    return "".join(char if char.isascii() and char.isalnum() else "_" for char in text).strip("_") or "x"
