"""What the recipe layer reads and what it costs: ``python -m eval.recipes DIR --json``.

Fields are checked against the hand-checked table ``tests/data/recipes.jsonl``, whose rows name
files by their SHA-256, and against the same table with sd-parsers where that is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import brotli

from promptcodec import bitstream
from promptcodec.files import IMAGE_SUFFIXES
from promptcodec.layers import recipe as layer
from promptcodec.recipe import Recipe, read_metadata
from promptcodec.recipe.model import fields_of
from promptcodec.vision.load import load_image

TABLE = Path(__file__).parent.parent / "tests" / "data" / "recipes.jsonl"
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
    said = recipe.settings
    size = [said.width, said.height] if said.width and said.height else None
    found = {
        "prompt": said.prompt and digest(said.prompt), "negative": said.negative and digest(said.negative),
        "seed": said.seed, "steps": said.steps, "sampler": said.sampler, "guidance": said.guidance,
        "size": size, "model": recipe.model.name,
    }  # fmt: skip
    return {key: [value] for key, value in found.items() if value is not None}


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
    found: dict[str, list[Any]] = defaultdict(list)
    for key, prompts in (("prompt", info.prompts), ("negative", info.negative_prompts)):
        values = [str(prompt.value) for prompt in prompts]
        found[key] += [digest(text) for text in ("\n".join(values), ", ".join(values), *values)]
    found["prompt"].append(digest(str(info.full_prompt)))
    found["negative"].append(digest(str(info.full_negative_prompt)))
    found["model"] = [sampler.model.name for sampler in info.samplers if sampler.model]
    said = [info.metadata, *(sampler.parameters for sampler in info.samplers)]
    said += [
        item
        for items in info.metadata.values()
        if isinstance(items, list)
        for item in items
        if isinstance(item, dict)
    ]
    found["sampler"] = [sampler.name for sampler in info.samplers]
    for values in said:
        low = {str(key).lower(): value for key, value in values.items()}
        for key, names in (("seed", ("seed", "noise_seed")), ("steps", ("steps",))):
            found[key] += [_number(low[name]) for name in names if name in low]
        found["guidance"] += [
            _number(low[name])
            for name in ("cfg_scale", "cfg scale", "scale", "guidance_scale", "cfg", "guidance")
            if name in low
        ]
        if "width" in low and "height" in low:
            found["size"].append([_number(low["width"]), _number(low["height"])])
        for name in ("size", "resolution"):
            sides = str(low.get(name, "")).strip("()").replace("x", ",").split(",")
            found["size"].append([_number(side) for side in sides])
    return dict(found)


def _number(value: Any) -> float | None:
    try:
        return float(value) if "." in str(value) else int(value)
    except (TypeError, ValueError):
        return None


def right(row: dict[str, Any], found: dict[str, list[Any]]) -> int:
    """Count the checked fields of a row that were read right."""
    return sum(key in row and row[key] in found.get(key, ()) for key in CHECKED)


def measure(path: Path) -> dict[str, Any]:
    """Read one file and code its recipe in both forms."""
    data = path.read_bytes()
    found = read_metadata(data)
    row: dict[str, Any] = {"file": str(path), "tool": None, "fields": None, "restored": None}
    row |= dict.fromkeys(
        ("bytes_fields", "bytes_verbatim", "bytes_meta", "bytes_brotli", "bytes_json_brotli"), 0
    )
    row |= {"bytes_file": len(data), "sha256": hashlib.sha256(data).hexdigest(), "c2pa": found.origin.c2pa}
    recipe = found.recipe
    if recipe is None:
        row["tool"] = "c2pa" if found.origin.c2pa else None
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
        said: dict[str, Any] = {"tool": tool, "n": len(group), "checked": 0, "ours": 0, "sd_parsers": 0}
        for row in group:
            known = table.get(row["sha256"])
            if known is None or row["fields"] is None:
                continue
            recipe = read_metadata(Path(row["file"]).read_bytes()).recipe
            assert recipe is not None
            rival = theirs(Path(row["file"]))
            said["checked"] += sum(key in known for key in CHECKED)
            said["ours"] += right(known, ours(recipe))
            said["sd_parsers"] = None if rival is None else said["sd_parsers"] + right(known, rival)
        yield said | _ratios(group)


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
    found = [row for row in rows if row["fields"] is not None]
    said: dict[str, Any] = {
        "files": len(rows),
        "recipes": len(found),
        "restored": sum(row["restored"] for row in found),
    }
    for form in ("verbatim", "fields"):
        ratios = sorted(row["bytes_file"] / row[f"bytes_stream_{form}"] for row in found)
        if ratios:
            said[f"file_to_{form}"] = {
                "median": statistics.median(ratios),
                "best": ratios[-1],
                "worst": ratios[0],
            }
    return said | _ratios(found)


def main() -> None:
    """Measure a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    paths = sorted(path for path in options.folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    rows = [measure(path) for path in paths]
    tools = list(by_tool(rows))
    for row in rows:
        row["file"] = str(Path(row["file"]).relative_to(options.folder))
    if options.json:
        print(json.dumps({"files": rows, "by_tool": tools, "totals": totals(rows)}, ensure_ascii=False))
        return
    print(
        "| tool | files | checked fields | ours | sd-parsers | verbatim / brotli | fields / brotli |\n"
        "|---|---|---|---|---|---|---|"
    )
    for tool in tools:
        cells = [tool["tool"], *(tool[key] for key in ("n", "checked", "ours", "sd_parsers"))]
        ratios = [
            f"{tool[key]:.3f}" if tool[key] else "" for key in ("verbatim_to_brotli", "fields_to_brotli")
        ]
        print("| " + " | ".join(map(str, [*cells, *ratios])) + " |")
    print(json.dumps(totals(rows)))


if __name__ == "__main__":
    main()
