"""The configuration of the multimodal line (arXiv 2504.21814), run by the command line: rows and tables.

A multimodal model writes the structured raster-scan description, an image model draws it again, from
text alone and from text plus an extremely small picture.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

MODES: dict[str, tuple[str, ...]] = {
    "text only": ("--layers", "semantic", "--budget", "100B"),
    "text + tiny picture": ("--layers", "semantic,texture", "--budget", "200B"),
}
COLUMNS = (
    "image",
    "mode",
    "bytes",
    "bpp",
    "semantic",
    "texture",
    "score",
    "verdict",
    "calls",
    "stored",
    "cost",
    "seconds",
)


def command(*args: str) -> list[dict[str, Any]]:
    """Run the command line; give its JSON lines, errors among them."""
    code = "from promptcodec.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *args, "--json"], stdout=subprocess.PIPE, text=True, check=False
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def estimate(images: list[str], out: Path, captioner: str, generator: str) -> tuple[float | None, int]:
    """Give dollars (None where a price is unknown) and calls of a whole study; asks nobody.

    Drawing is estimated on streams of the local captioner, which are as long.
    """
    cost: float | None = 0.0
    calls = 0
    for mode, how in MODES.items():
        estimates = command("encode", *images, "--dry-run", "--captioner", captioner, *how)
        draft = out / "estimate" / mode.replace(" ", "-")
        command("encode", *images, "-o", f"{draft}/", "--overwrite", *how)
        estimates += command("decode", str(draft), "--dry-run", "--generator", generator)
        for one in estimates:
            calls += one["requests"]
            cost = None if cost is None or one["cost"] is None else cost + one["cost"]
    return cost, calls


def study(
    images: list[str], out: Path, captioner: str, generator: str, caps: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Encode, decode and check every picture in both modes; give one row for each."""
    rows = []
    for mode, how in MODES.items():
        folder = out / mode.replace(" ", "-")
        coded = command(
            "encode",
            *images,
            "-o",
            f"{folder}/streams/",
            "--overwrite",
            "--captioner",
            captioner,
            *how,
            *caps,
        )
        drawn = command(
            "decode", f"{folder}/streams", "-o", f"{folder}/pictures/", "--overwrite", "--check",
            "--generator", generator, *caps,
        )  # fmt: skip
        pictures = {Path(one["file"]).name: one for one in drawn}
        for stream in coded:
            row: dict[str, Any] = {"image": Path(stream["file"]).name, "mode": mode}
            picture = pictures.get(f"{row['image']}.pxt", {"ok": False})
            if not (stream["ok"] and picture["ok"]):
                failed = picture if stream["ok"] else stream
                rows.append(row | {"verdict": failed.get("error", {}).get("message", "no picture")})
                continue
            spent = [one.get("spent", {}) for one in (stream, picture)]
            costs = [one.get("cost", 0.0) for one in spent]
            row |= {part["type"]: part["bytes"] for part in stream["parts"]}
            row |= {"bytes": stream["bytes"], "bpp": round(stream["bpp"], 5)}
            row |= {"score": round(picture["check"]["score"], 3), "verdict": picture["check"]["verdict"]}
            row |= {
                key: sum(one.get(name, 0) for one in spent)
                for key, name in (("calls", "requests"), ("stored", "stored"))
            }
            row |= {"cost": None if None in costs else round(sum(costs), 5)}
            rows.append(row | {"seconds": round(stream["seconds"] + picture["seconds"], 2)})
    return rows


def write(rows: list[dict[str, Any]], out: Path, note: str) -> str:
    """Write ``study.csv`` and ``study.md``; give the latter."""
    with (out / "study.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, restval="")
        table.writeheader()
        table.writerows({key: row.get(key, "") for key in COLUMNS} for row in rows)
    lines = [note, "", f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    lines += ["| " + " | ".join(str(row.get(key, "")) for key in COLUMNS) + " |" for row in rows]
    for mode in MODES:
        good = [row for row in rows if row["mode"] == mode and "score" in row]
        if good:
            means = {
                key: round(float(np.mean([row.get(key) or 0 for row in good])), 4)
                for key in (
                    "bytes",
                    "bpp",
                    "semantic",
                    "texture",
                    "score",
                    "calls",
                    "stored",
                    "cost",
                    "seconds",
                )
            }
            lines.append(
                f"| **mean of {len(good)}** | {mode} | "
                + " | ".join(str(means.get(key, "")) for key in COLUMNS[2:])
                + " |"
            )
    text = "\n".join(lines) + "\n"
    (out / "study.md").write_text(text, encoding="utf-8")
    return text
