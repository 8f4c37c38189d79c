"""``python -m eval chain``: bytes by part, seconds, PSNR and SSIM of the whole chain."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import click

import promptcodec
from eval.images import listed
from eval.metrics.distance import ssim
from eval.options import example, folders_argument, json_option, limit_option
from eval.rivals.search import psnr
from promptcodec.vision.load import load_image

SETTINGS: dict[str, dict[str, Any]] = {
    "text only, no budget": {"layers": ("semantic",), "recipe": "off"},
    "text only, 100 B": {"layers": ("semantic",), "budget": 100},
    "64 B": {"budget": 64},
    "100 B": {"budget": 100},
    "200 B": {"budget": 200},
    "300 B": {"budget": 300},
    "500 B": {"budget": 500},
}
COLUMNS = ("bytes", "overhead", "semantic", "texture", "recipe", "bpp", "enc_s", "dec_s", "psnr", "ssim")


@click.command(epilog=example("python -m eval chain ../shared/data/eval/kodak --limit 2"))
@folders_argument
@limit_option
@json_option
def command(folders: tuple[Path, ...], limit: int | None, *, as_json: bool) -> None:
    """Measure the whole chain: bytes, time, PSNR.

    A row holds the means of a folder at a setting. Every picture is encoded from its file, decoded with
    "builtin:classical", and compared with the original at its own size. Bytes are the length of the stream.
    See docs/measurements/results.md.
    """
    if not as_json:
        click.echo(f"| folder | setting | n | {' | '.join(COLUMNS)} |")
        click.echo("|---" * (len(COLUMNS) + 3) + "|")
    for folder in folders:
        paths = listed(folder, limit)
        for name, setting in SETTINGS.items():
            means: dict[str, float] = defaultdict(float)
            for path in paths:
                for key, value in measure(path, setting).items():
                    means[key] += value / len(paths)
            if as_json:
                click.echo(json.dumps({"folder": folder.name, "setting": name, "n": len(paths), **means}))
            else:
                cells = (f"{means[column]:.{5 if column == 'bpp' else 2}f}" for column in COLUMNS)
                click.echo(f"| {folder.name} | {name} | {len(paths)} | {' | '.join(cells)} |")


def measure(path: Path, setting: dict[str, Any]) -> dict[str, float]:
    """Encode and decode one picture; give its figures."""
    data = path.read_bytes()
    original = load_image(data)
    start = time.perf_counter()
    stream = promptcodec.encode(data, **setting)
    encoded = time.perf_counter()
    decoded = promptcodec.decode(stream, generator="builtin:classical").image
    done = time.perf_counter()
    outline = promptcodec.inspect(stream)
    parts = {part["type"]: part["bytes"] for part in outline["parts"]}
    assert outline["bytes"] == len(stream) == outline["overhead_bytes"] + sum(parts.values())
    assert len(stream) <= setting.get("budget", len(stream))
    return {
        "bytes": len(stream),
        "bpp": outline["bpp"],
        "overhead": outline["overhead_bytes"],
        **parts,
        "enc_s": encoded - start,
        "dec_s": done - encoded,
        "psnr": psnr(original, decoded),
        "ssim": ssim(original, decoded),
    }
