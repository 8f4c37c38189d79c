"""What the recipe layer reads and what it costs.

Fields are checked against the hand-checked table ``tests/data/recipes.jsonl``, whose rows name
files by their SHA-256, and against the same table with sd-parsers where that is installed.
"""

from __future__ import annotations

import hashlib
import json
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import brotli

from eval.datasets import ROOT
from promptcodec import bitstream
from promptcodec.layers import recipe as layer
from promptcodec.recipe import Recipe, read_metadata
from promptcodec.recipe.model import fields_of
from promptcodec.vision.load import load_image

TABLE = ROOT / "tests" / "data" / "recipes.jsonl"
CHECKED = ("prompt", "negative", "seed", "steps", "sampler", "guidance", "size", "model")


def digest(text: str) -> str:
    """Give the name of a text in the table: it does not depend on white space."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16]


def load_table() -> dict[str, dict[str, Any]]:
    """Give the hand-checked rows by the SHA-256 of the file."""
    rows = (json.loads(line) for line in TABLE.read_text("utf-8").splitlines())
    return {row["sha256"]: row for row in rows}


def ours(recipe: Recipe) -> dict[str, list[Any]]:
    """Give what we read of the checked fields, each as a list of one."""
    settings = recipe.settings
    size = [settings.width, settings.height] if settings.width and settings.height else None
    values = {
        "prompt": settings.prompt and digest(settings.prompt),
        "negative": settings.negative and digest(settings.negative),
        "seed": settings.seed, "steps": settings.steps, "sampler": settings.sampler,
        "guidance": settings.guidance, "size": size, "model": recipe.model.name,
    }  # fmt: skip
    return {key: [value] for key, value in values.items() if value is not None}


def theirs(path: Path) -> dict[str, list[Any]] | None:
    """Give what sd-parsers reads: everything that any sampler it finds says, the better for it."""
    try:
        from sd_parsers import Eagerness, ParserManager  # noqa: PLC0415 - a test extra
    except ImportError:
        return None
    try:
        info = ParserManager(eagerness=Eagerness.EAGER).parse(path)
    except Exception:  # noqa: BLE001 - a rival's failure is a file it does not read
        info = None
    if info is None:
        return {}
    values: dict[str, list[Any]] = defaultdict(list)
    for key, prompts in (("prompt", info.prompts), ("negative", info.negative_prompts)):
        texts = [str(prompt.value) for prompt in prompts]
        values[key] += [digest(text) for text in ("\n".join(texts), ", ".join(texts), *texts)]
    values["prompt"].append(digest(str(info.full_prompt)))
    values["negative"].append(digest(str(info.full_negative_prompt)))
    values["model"] = [sampler.model.name for sampler in info.samplers if sampler.model]
    mappings = [info.metadata, *(sampler.parameters for sampler in info.samplers)]
    mappings += [
        item
        for items in info.metadata.values()
        if isinstance(items, list)
        for item in items
        if isinstance(item, dict)
    ]
    values["sampler"] = [sampler.name for sampler in info.samplers]
    for mapping in mappings:
        low = {str(key).lower(): value for key, value in mapping.items()}
        for key, names in (("seed", ("seed", "noise_seed")), ("steps", ("steps",))):
            values[key] += [_number(low[name]) for name in names if name in low]
        values["guidance"] += [
            _number(low[name])
            for name in ("cfg_scale", "cfg scale", "scale", "guidance_scale", "cfg", "guidance")
            if name in low
        ]
        if "width" in low and "height" in low:
            values["size"].append([_number(low["width"]), _number(low["height"])])
        for name in ("size", "resolution"):
            sides = str(low.get(name, "")).strip("()").replace("x", ",").split(",")
            values["size"].append([_number(side) for side in sides])
    return dict(values)


def _number(value: Any) -> float | None:
    try:
        return float(value) if "." in str(value) else int(value)
    except (TypeError, ValueError):
        return None


def right(row: dict[str, Any], values: dict[str, list[Any]]) -> int:
    """Count the checked fields of a row that were read right."""
    return sum(key in row and row[key] in values.get(key, ()) for key in CHECKED)


def measure(path: Path) -> dict[str, Any]:
    """Read one file and code its recipe in both forms."""
    data = path.read_bytes()
    metadata = read_metadata(data)
    row: dict[str, Any] = {"file": str(path), "tool": None, "fields": None, "restored": None}
    row |= dict.fromkeys(
        ("bytes_fields", "bytes_verbatim", "bytes_meta", "bytes_brotli", "bytes_json_brotli"), 0
    )
    row |= {"bytes_file": len(data), "sha256": hashlib.sha256(data).hexdigest(), "c2pa": metadata.origin.c2pa}
    recipe = metadata.recipe
    if recipe is None:
        row["tool"] = "c2pa" if metadata.origin.c2pa else None
        return row
    meta = b"".join(chunk.data for chunk in recipe.chunks)
    compact = json.dumps(fields_of(recipe), ensure_ascii=False, separators=(",", ":")).encode()
    verbatim, fields = layer.encode(recipe), layer.encode(recipe, form="fields")
    back = layer.decode(verbatim)
    # The payloads as they stand in a file, picture size included, of the smallest stream.
    around = bitstream.overhead([0], load_image(data).size)
    return row | {
        "tool": recipe.platform.tool, "fields": fields_of(recipe),
        "bytes_fields": len(fields), "bytes_verbatim": len(verbatim), "bytes_meta": len(meta),
        "bytes_brotli": len(brotli.compress(meta, quality=11)),
        "bytes_json_brotli": len(brotli.compress(compact, quality=11)),
        "bytes_stream_verbatim": around + len(verbatim), "bytes_stream_fields": around + len(fields),
        "restored": back.chunks == recipe.chunks and fields_of(layer.decode(fields)) == fields_of(recipe),
    }  # fmt: skip


def by_tool(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Sum up by tool: files, checked fields, those read right, and ratios of summed bytes."""
    table = load_table()
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["tool"] or "none"].append(row)
    for tool, group in sorted(groups.items()):
        sums: dict[str, Any] = {"tool": tool, "n": len(group), "checked": 0, "ours": 0, "sd_parsers": 0}
        for row in group:
            known = table.get(row["sha256"])
            if known is None or row["fields"] is None:
                continue
            recipe = read_metadata(Path(row["file"]).read_bytes()).recipe
            assert recipe is not None
            rival = theirs(Path(row["file"]))
            sums["checked"] += sum(key in known for key in CHECKED)
            sums["ours"] += right(known, ours(recipe))
            sums["sd_parsers"] = None if rival is None else sums["sd_parsers"] + right(known, rival)
        yield sums | _ratios(group)


def _ratios(group: list[dict[str, Any]]) -> dict[str, float | None]:
    sums = {
        key: sum(row[key] for row in group)
        for key in ("bytes_fields", "bytes_verbatim", "bytes_brotli", "bytes_json_brotli")
    }
    return {
        "verbatim_to_brotli": sums["bytes_verbatim"] / sums["bytes_brotli"] if sums["bytes_brotli"] else None,
        "fields_to_brotli": sums["bytes_fields"] / sums["bytes_json_brotli"]
        if sums["bytes_json_brotli"]
        else None,
    }


def totals(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Sum up all files with a recipe: restored, ratios, and how much smaller a whole stream is."""
    with_recipe = [row for row in rows if row["fields"] is not None]
    result: dict[str, Any] = {
        "files": len(rows),
        "recipes": len(with_recipe),
        "restored": sum(row["restored"] for row in with_recipe),
    }
    for form in ("verbatim", "fields"):
        ratios = sorted(row["bytes_file"] / row[f"bytes_stream_{form}"] for row in with_recipe)
        if ratios:
            result[f"file_to_{form}"] = {
                "median": statistics.median(ratios),
                "best": ratios[-1],
                "worst": ratios[0],
            }
    return result | _ratios(with_recipe)
