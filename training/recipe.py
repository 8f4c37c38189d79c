"""Make the shipped table of the recipe coder, ``promptcodec/models/recipe-1.bin``: values it has seen before.

Run: python -m training.recipe --data DIR [--hold-out N]

The words and objects are those of ``recipe_words.toml``, written for this. Of the sample files only
facts are taken: how the nodes of a class are drawn (names and types of inputs and outputs, sizes),
never a text, a title or an arrangement; nodes are put together anew, by class.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import tomllib
import zlib
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from promptcodec.layers.recipe.json_styles import literal
from promptcodec.recipe import read
from training import tables

NAME = "recipe-1"
WORDS = Path(__file__).with_name("recipe_words.toml")
TOGETHER = 10  # nodes in one made-up workflow
VARIANTS = 2  # ways to draw one class


def main() -> None:
    """Make the table and print what it does on held-out files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with metadata_samples/")
    parser.add_argument("--hold-out", type=int, default=0, help="use only files whose hash is not 0 modulo N")
    parser.add_argument("--out", type=Path, help="write the values here instead of shipping them")
    options = parser.parse_args()
    files = sorted((options.data / "metadata_samples").glob("*/*.png"))
    if options.hold_out:
        files = [file for file in files if not is_held_out(file, options.hold_out)]
    values = make(files)
    packed = zlib.compress(json.dumps(values, separators=(",", ":")).encode(), 9)
    print(f"{len(values)} values, {len(packed)} bytes")
    if options.out:
        options.out.write_bytes(packed)
    else:
        tables.write(NAME, f"{NAME}.bin", packed, source="python -m training.recipe --data DIR")


def is_held_out(file: Path, n: int) -> bool:
    """Choose one file in ``n`` by its name."""
    return hashlib.sha256(file.name.encode()).digest()[0] % n == 0


def make(files: list[Path]) -> list[Any]:
    """Give the values, what is rarer first: what comes last is fresher in the coder's memory."""
    words = tomllib.loads(WORDS.read_text("utf-8"))
    return [*fields(words), *objects(words), *workflows(files, words), *settings(words)]


def settings(words: dict[str, Any]) -> list[Any]:
    """Give parameters texts of the A1111 family, one for each value that is known."""
    given = words["settings"]
    known = {key: words[value] if isinstance(value, str) else value for key, value in given.items()}
    common = (
        "Steps",
        "Sampler",
        "Schedule type",
        "CFG scale",
        "Seed",
        "Size",
        "Model hash",
        "Model",
        "Version",
    )
    chunks = []
    for turn in range(max(map(len, known.values()))):
        keys = [key for key in known if key in common or (turn < len(known[key]) and turn < 2)]
        values = {key: (known[key] or [""])[turn % max(len(known[key]), 1)] for key in keys}
        chunks.append([["tEXt", "parameters", {"utf-8": {"a1111": ["", "", values]}}]])
    # EXIF as the family writes it: one directory, one UserComment, big-endian.
    head = b"MM\0*\0\0\0\x08\0\x01\x87i\0\x04\0\0\0\x01\0\0\0\x1a\0\0\0\0\0\x01"
    head += b"\x92\x86\0\x07\0\0\2\xae\0\0\0(UNICODE\0"
    values = {key: (known[key] or [""])[0] for key in common}
    chunks.append([["exif", "", {"bytes": list(head)}, {"utf-16-be": {"a1111": ["", "", values]}}]])
    chunks.append([["iTXt", "parameters", {"utf-8": {"a1111": ["", "", values]}}]])
    chunks.append([["tEXt", "parameters", {"utf-8": {"a1111": ["", None, values]}}]])
    chunks.append([["tEXt", "parameters", {"utf-8": {"a1111": ["", "", values]}}]])
    return numbers(chunks)


def objects(words: dict[str, Any]) -> list[Any]:
    """Give the JSON other tools write."""
    styles = {
        "invokeai_metadata": "json compact",
        "generation_data": "json compact",
        "parameters-json": "json net",
    }
    chunks = []
    for key, tools in words["objects"].items():
        for name, example in tools.items():
            style = "json indent 2" if name == "swarm" else styles.get(key, "json")
            chunk = ["tEXt", key, {"utf-8": {style: json.loads(example)}}]
            if key == "Comment":
                texts = (("Title", "NovelAI generated image"), ("Description", ""), ("Software", "NovelAI"))
                source = [
                    ["tEXt", k, {"utf-8": v}] for k, v in (*texts, ("Source", ""), ("Generation time", "1.0"))
                ]
                chunks.append([*source, chunk])
            else:
                chunks.append([chunk])
    return numbers(chunks)


def fields(words: dict[str, Any]) -> list[Any]:
    """Give recipes as fields: names in their order, and the values that are known."""
    recipes: list[Any] = []
    lists = [(*words[name], "") for name in ("samplers", "web_samplers", "other_samplers")]
    tools = [
        "a1111-webui", "forge", "sd-next", "civitai", "comfyui", "invokeai", "novelai", "fooocus", "swarmui",
        "stability-matrix", "tensorart", "huggingface-space", "draw-things", "easy-diffusion",
    ]  # fmt: skip
    schedulers = {0: words["schedulers"], 1: words["web_schedulers"], 2: words["schedulers"]}
    for kind, names in enumerate(lists):
        for turn, name in enumerate(names):
            side = words["sides"][turn % len(words["sides"])]
            settings = {
                "prompt": "", "negative": "", "sampler": name,
                "scheduler": schedulers[kind][turn % len(schedulers[kind])],
                "steps": (20, 25, 30, 28, 50)[turn % 5], "guidance": (7, 5, 6, 8, 4.5, 3.5, 1)[turn % 7],
                "seed": 1, "width": int(side), "height": int(side), "denoise": 1,
                "hires": {"scale": 2, "steps": 10, "upscaler": words["models"][turn % len(words["models"])]},
            }  # fmt: skip
            for key in ("negative", "scheduler", "denoise", "hires")[: turn % 5]:
                del settings[key]
            platform = {"tool": tools[turn % len(tools)]}
            if turn % 3:
                platform["version"] = words["settings"]["Version"][turn % len(words["settings"]["Version"])]
            model = {"name": words["models"][turn % len(words["models"])]}
            if kind:
                model["hash"] = ""
            if turn % 6 == 1:
                model |= {
                    "vae": words["models"][turn % len(words["models"])],
                    "loras": [{"name": "", "weight": 0.8}],
                }
            extra = {"extra": {"Clip skip": 2, "RNG": "CPU"}} if turn % 4 == 0 else {}
            recipes.append({"platform": platform, "model": model, "settings": settings, **extra})
    resource = {"type": "checkpoint", "modelVersionId": 1, "modelName": "", "modelVersionName": ""}
    lora = {"type": "lora", "weight": 0.8, "modelVersionId": 1, "modelName": "", "modelVersionName": ""}
    for resources in ([resource, lora], [resource]):
        civitai = {"Clip skip": 2, "Created Date": "", "Civitai resources": resources, "Civitai metadata": {}}
        platform, model = {"tool": "civitai"}, {"name": ""}
        recipes.append({"platform": platform, "model": model, "settings": settings, "extra": civitai})
    bare = {"prompt": "", "sampler": "Euler a", "steps": 20, "guidance": 7, "seed": 1}
    recipes.append({"platform": {"tool": "a1111-webui"}, "settings": bare})
    recipes += [{"platform": {"tool": tool}, "model": {"name": ""}, "settings": settings} for tool in tools]
    read_ = [recipe_of(words, key, name) for key, tools_ in words["objects"].items() for name in tools_]
    return numbers([*recipes, *filter(None, read_)])


def recipe_of(words: dict[str, Any], key: str, name: str) -> Any:
    """Give the fields of one of the objects: what stays ``extra`` is then known too."""
    from promptcodec.recipe.model import fields_of  # noqa: PLC0415
    from promptcodec.recipe.read import from_texts  # noqa: PLC0415

    recipe = from_texts({key: words["objects"][key][name], "Software": "NovelAI"})
    return fields_of(recipe) if recipe else None


def numbers(values: list[Any]) -> list[Any]:
    """Check that they are JSON the coder takes."""
    literal(values)
    return values


def workflows(files: list[Path], words: dict[str, Any]) -> list[Any]:
    """Give made-up workflows of all classes of nodes that two files or more draw alike."""
    drawn: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    graphs: dict[str, Counter[str]] = defaultdict(Counter)
    frames: Counter[str] = Counter()
    keep = known_words(words)
    for file in files:
        recipe = read(file.read_bytes())
        if recipe is None:
            continue
        texts = {key: text for chunk in recipe.chunks for key, text in chunk.texts().items()}
        for node, era in nodes_of(texts.get("workflow")):
            drawn[str(node["type"]), era][json.dumps(skeleton(node, keep))] += 1
        for node in graph_of(texts.get("prompt")).values():
            if isinstance(node, dict) and "class_type" in node:
                graphs[node["class_type"]][json.dumps(api_skeleton(node, keep))] += 1
        frame = loaded(texts.get("workflow"))
        frames[json.dumps(list(frame))] += 1 if frame else 0
    chosen = []
    for (_, era), variants in sorted(drawn.items()):
        common = [text for text, count in variants.most_common(VARIANTS) if count > 1]
        chosen += [(era, json.loads(text)) for text in common]
    apis = {
        kind: [json.loads(text) for text, count in variants.most_common(VARIANTS) if count > 1]
        for kind, variants in graphs.items()
    }
    keys = [json.loads(frame) for frame, count in frames.most_common(6) if count > 1]
    return build(chosen, apis, keys, words)


def known_words(words: dict[str, Any]) -> set[str]:
    """Give all single words of the lists."""
    lists = ("samplers", "schedulers", "switches", "models", "groups", "titles", "sides")
    flat = {word for name in lists for word in words[name]}
    return flat | {colour for pair in words["colours"] for colour in pair}


def loaded(text: str | None) -> dict[str, Any]:
    """Parse an object, an empty one where it is none."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


graph_of = loaded


def nodes_of(text: str | None) -> list[tuple[dict[str, Any], str]]:
    """Give a workflow's nodes and which generation of the editor drew them."""
    nodes = loaded(text).get("nodes")
    listed = [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []
    era = "new" if "revision" in loaded(text) else "old"
    return [(node, era) for node in listed if "type" in node]


TEXTS = {
    "name",
    "type",
    "localized_name",
    "dir",
    "color",
    "bgcolor",
    "label",
    "Node name for S&R",
    "cnr_id",
    "class_type",
}


def skeleton(node: dict[str, Any], keep: set[str]) -> Any:
    """Keep how a node is drawn: names, types and sizes; its texts and numbers become blanks."""
    drawn: dict[str, Any] = {}
    for key, value in node.items():
        if key in ("id", "order", "mode"):
            drawn[key] = 0
        elif key == "pos":
            drawn[key] = {"0": 100, "1": 200} if isinstance(value, dict) else [100, 200]
        elif key == "size":
            sides = value.values() if isinstance(value, dict) else value
            rounded = [int(side) if isinstance(side, (int, float)) else 0 for side in sides]
            drawn[key] = {"0": rounded[0], "1": rounded[1]} if isinstance(value, dict) else rounded
        elif key == "title":
            drawn[key] = value if value in keep else ""
        else:
            drawn[key] = blank(value, key, keep)
    return drawn


def blank(value: Any, key: str, keep: set[str]) -> Any:
    """Blank a value unless it is a name or one of the known words."""
    if isinstance(value, dict):
        return {name: blank(item, name, keep) for name, item in value.items()}
    if isinstance(value, list):
        return [blank(item, key, keep) for item in value[:12]]
    if isinstance(value, str):
        return value if key in TEXTS or value in keep else ""
    if isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool)):
        return (
            value
            if key in ("slot_index", "shape") or str(value) in keep or value in (0, 1, 8, 20, 0.5)
            else 1
        )
    return value


def api_skeleton(node: dict[str, Any], keep: set[str]) -> Any:
    """Keep the names of a graph node's inputs, and which are links."""
    inputs = node.get("inputs")
    kept = {}
    for name, value in inputs.items() if isinstance(inputs, dict) else ():
        link = isinstance(value, list) and len(value) == 2
        kept[name] = ["", value[1]] if link else blank(value, name, keep)
    return {key: kept if key == "inputs" else blank(value, key, keep) for key, value in node.items()}


def build(
    chosen: list[Any], apis: dict[str, Any], frames: list[list[str]], words: dict[str, Any]
) -> list[Any]:
    """Put nodes together to workflows and their graphs."""
    built = []
    turn = itertools.count()
    for era in ("old", "new"):
        nodes = [node for which, node in chosen if which == era]
        for start in range(0, len(nodes), TOGETHER):
            part = nodes[start : start + TOGETHER]
            keys = next(
                (frame for frame in frames if ("revision" in frame) == (era == "new")), ["nodes", "links"]
            )
            built.append(workflow(part, apis, keys, words, next(turn)))
    return numbers(built)


def workflow(  # noqa: C901 - one workflow from end to end
    part: list[Any], apis: dict[str, Any], keys: list[str], words: dict[str, Any], turn: int
) -> Any:
    """Link nodes one to the next, and give graph and workflow as a file's chunks."""
    links: list[list[Any]] = []
    outputs: dict[str, list[tuple[int, int, dict[str, Any]]]] = defaultdict(list)
    for number, node in enumerate(part, 1):
        node["id"], node["order"] = number, number - 1
        if turn % 3 == 0 and "color" in node:
            node["color"], node["bgcolor"] = words["colours"][(turn + number) % len(words["colours"])]
        for slot, output in enumerate(node.get("outputs") or ()):
            output["links"] = []
            outputs[str(output.get("type"))].append((number, slot, output))
    for node in part:
        for slot, entry in enumerate(node.get("inputs") or ()):
            sources = [source for source in outputs[str(entry.get("type"))] if source[0] != node["id"]]
            if sources and entry.get("link") is not None:
                origin, from_slot, output = sources[(node["id"] + slot) % len(sources)]
                entry["link"] = len(links) + 1
                output["links"].append(len(links) + 1)
                links.append([len(links) + 1, origin, from_slot, node["id"], slot, entry.get("type")])
            else:
                entry["link"] = None
    graph = {}
    for node in part:
        variants = apis.get(node["type"], [])
        if variants:
            api = json.loads(json.dumps(variants[turn % len(variants)]))
            ends = {entry.get("name"): entry.get("link") for entry in node.get("inputs") or ()}
            for name, value in api["inputs"].items():
                if isinstance(value, list) and len(value) == 2 and ends.get(name):
                    link = links[ends[name] - 1]
                    api["inputs"][name] = [str(link[1]), link[2]]
                elif isinstance(value, list) and len(value) == 2:
                    api["inputs"][name] = [str(1 + turn % len(part)), value[1]]
            graph[str(node["id"])] = api
    frame = {
        "last_node_id": len(part), "last_link_id": len(links), "nodes": part, "links": links, "config": {},
        "groups": [group(words, turn)] if turn % 2 else [], "version": 0.4, "revision": 0, "id": "",
        "extra": {"ds": {"scale": 1, "offset": [0, 0]}} if turn % 3 else {},
    }  # fmt: skip
    return [
        ["tEXt", "prompt", {"utf-8": {"json": graph}}],
        ["tEXt", "workflow", {"utf-8": {"json": {key: frame[key] for key in keys if key in frame}}}],
    ]


def group(words: dict[str, Any], turn: int) -> Any:
    """Give a group of nodes as the editor draws it."""
    frame = {
        "title": "Group",
        "bounding": [100, 100, 400, 300],
        "color": words["groups"][turn % len(words["groups"])],
    }
    return frame | ({"font_size": 24} if turn % 4 == 1 else {"font_size": 24, "locked": False})


if __name__ == "__main__":
    main()
