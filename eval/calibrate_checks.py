"""Calibrate the score of the checks on pictures that match their streams and pictures that do not.

    python -m eval.calibrate_checks collect SCORES.jsonl DIR --split fit --limit 150 [--weights DIR]
    python -m eval.calibrate_checks collect SCORES.jsonl KODAK AIGI --split test [--offset 16] [--weights DIR]
    python -m eval.calibrate_checks fit SCORES.jsonl [--ship]

``collect`` compares every picture's stream, at three settings, with pictures that mean the same
(the decoded one, the original, the same compressed, cropped, shrunk, in another style, and drawn by
other renderers) and with pictures that do not (another one, wrong colours, parts in other places,
mirrored, another object in the same colours and layout). ``fit`` weighs the fields by logistic
regression on the split ``fit``, chooses the threshold there, and prints what they are worth on the
split ``test``: AUC by perturbation and error rates. ``--ship`` writes the table the package uses.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.optimize import minimize

from eval.perturb import MATCHED, WRONG, other_object, redraw
from promptcodec import decode, encode
from promptcodec.checks import layers, recaption
from promptcodec.checks.score import Calibration
from promptcodec.decoding import conditions
from promptcodec.files import IMAGE_SUFFIXES
from promptcodec.vision.load import load_image
from training.tables import write

SETTINGS: dict[str, dict[str, Any]] = {
    "words, 100 B": {"layers": ("semantic",), "budget": 100},
    "words + map, 200 B": {"layers": ("semantic", "texture"), "budget": 200},
    "words + map + signature, 300 B": {"layers": ("semantic", "texture", "signature"), "budget": 300},
}
LONGEST = 320
MAY_BE_UNSEEN = ("mirrored", "other object")
PENALTY = 0.02
"""Of the squared weights: few pictures, many fields."""
FALSE_ALARMS = 0.01
"""Share of matching pictures of the fit split that the threshold lets fail."""

Floats = npt.NDArray[np.float64]


def pictures_of(
    image: Image.Image, other: Image.Image, weights: Path | None, rng: np.random.Generator
) -> Iterator[tuple[str, bool, Image.Image]]:
    """Give what is held against a stream whatever its setting: kind, whether it matches, picture.

    Args:
        image: this picture.
        other: another one, of its size.
        weights: the folder of TAESD's weights, None to leave its drawings out.
        rng: of everything random.
    """
    yield "original", True, image
    for name, change in MATCHED.items():
        yield name, True, change(image, rng)
    if weights is not None:
        yield "drawn by TAESD", True, redraw(image, rng, weights)
    yield "other image", False, other
    for name, change in WRONG.items():
        yield name, False, change(image, rng)
    yield "other object", False, other_object(image, other)


def decoded_of(
    drawn: Image.Image, other: Image.Image, rng: np.random.Generator
) -> Iterator[tuple[str, bool, Image.Image]]:
    """Give the same of what `builtin` draws from this stream, and from another's."""
    yield "decoded", True, drawn
    yield "other image, decoded", False, other
    for name, change in WRONG.items():
        yield f"{name}, decoded", False, change(drawn, rng)


def collect(
    folders: list[Path], split: str, offset: int, limit: int | None, weights: Path | None
) -> Iterator[dict[str, Any]]:
    """Give one row of field closenesses per picture, setting and kind."""
    checks = [recaption.create({}), layers.create({})]
    for folder in folders:
        paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES][offset:]
        if limit:
            paths = paths[:: max(len(paths) // limit, 1)][:limit]
        pictures = [load_image(path) for path in paths]
        for picture in pictures:
            picture.thumbnail((LONGEST, LONGEST))
        coded = [
            [
                (stream := encode(picture, **how), decode(stream, generator="builtin:classical").image)
                for how in SETTINGS.values()
            ]
            for picture in pictures
        ]
        for index, path in enumerate(paths):
            next_one = (index + 1) % len(paths)
            image, other = pictures[index], pictures[next_one].resize(pictures[index].size)
            rng = np.random.default_rng(index)
            said = [conditions(stream) for stream, _ in coded[index]]
            shown = [
                (number, *one)
                for one in pictures_of(image, other, weights, rng)
                for number in range(len(said))
            ]
            for number, (_, drawn) in enumerate(coded[index]):
                another = coded[next_one][number][1].resize(image.size)
                shown += [(number, *one) for one in decoded_of(drawn, another, rng)]
            for number, kind, matches, picture in shown:
                fields = [field for check in checks for field in check.compare(said[number], picture)]
                close = {
                    f.name: f.closeness
                    for f in fields
                    if f.closeness is not None and not re.match(r"r\dc\d ", f.name)
                }
                yield {
                    "split": split,
                    "file": path.name,
                    "setting": list(SETTINGS)[number],
                    "kind": kind,
                    "matches": matches,
                    "fields": close,
                }
            print(f"{folder.name} {index + 1}/{len(paths)}", end="\r", file=sys.stderr, flush=True)


def fit(rows: list[dict[str, Any]]) -> Calibration:
    """Fit weights of at least 0, so that no field agreeing better ever lowers the score.

    Every kind weighs the same within its side, and both sides the same. A field that was not run
    counts as at its mean, that is, not at all.
    """
    names = sorted({name for row in rows for name in row["fields"]})
    values = [[row["fields"][name] for row in rows if name in row["fields"]] for name in names]
    centres = np.array([np.mean(value) for value in values])
    x = _matrix(rows, names, centres)
    y = np.array([row["matches"] for row in rows], float)
    kinds: dict[tuple[bool, str], int] = defaultdict(int)
    for row in rows:
        kinds[row["matches"], row["kind"]] += 1
    sides = [len({kind for matches, kind in kinds if matches == side}) for side in (False, True)]
    weight = np.array([0.5 / (kinds[row["matches"], row["kind"]] * sides[row["matches"]]) for row in rows])

    def loss(p: Floats) -> tuple[float, Floats]:
        logit = x @ p[:-1] + p[-1]
        wrong = 1 / (1 + np.exp(-np.clip(logit, -60, 60))) - y
        value = weight @ (np.logaddexp(0, logit) - y * logit) + PENALTY / 100 * p[:-1] @ p[:-1]
        gradient = np.append(x.T @ (weight * wrong) + PENALTY / 50 * p[:-1], weight @ wrong)
        return float(value), gradient

    bounds = [(0.0, None)] * len(names) + [(None, None)]
    found = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    kept = {
        name: (round(float(w), 4), round(float(c), 4))
        for name, w, c in zip(names, found[:-1], centres, strict=True)
        if w >= 0.01
    }
    model = Calibration(kept, round(float(found[-1]), 4), 0.5)
    matched = [model.score(row["fields"]) for row in rows if row["matches"]]
    return Calibration(model.weights, model.bias, round(float(np.quantile(matched, FALSE_ALARMS)), 2))


def _matrix(rows: list[dict[str, Any]], names: list[str], centres: Floats) -> Floats:
    return np.array(
        [[row["fields"].get(n, c) - c for n, c in zip(names, centres, strict=True)] for row in rows], float
    )


def auc(matched: list[float], wrong: list[float]) -> float:
    """Give how often a matching picture scores above one that does not match; ties count half."""
    a, b = np.array(matched), np.array(wrong)
    return float(((a[:, None] > b[None]).mean() + (a[:, None] >= b[None]).mean()) / 2)


def tell(rows: list[dict[str, Any]], model: Calibration) -> dict[str, Any]:
    """Give AUC and error rate by kind and setting."""
    scores: dict[tuple[str, bool, str], list[float]] = defaultdict(list)
    for row in rows:
        scores[row["setting"], row["matches"], row["kind"]].append(model.score(row["fields"]))
    told: dict[str, Any] = {}
    for setting in SETTINGS:
        matched = [value for (s, m, _), values in scores.items() if s == setting and m for value in values]
        for (s, matches, kind), values in scores.items():
            if s != setting:
                continue
            wrong = float(np.mean([(value >= model.threshold) != matches for value in values]))
            entry = {"n": len(values), "wrong": round(wrong, 4), "median": round(float(np.median(values)), 3)}
            if not matches:
                entry["auc"] = round(auc(matched, values), 4)
            told.setdefault(setting, {})[kind] = entry
    return told


def show(told: dict[str, Any]) -> None:
    """Print the table of docs/checks.md."""
    settings = list(told)
    print("| picture shown | " + " | ".join(f"{s}: AUC, wrong" for s in settings) + " |")
    print("|---" * (len(settings) + 1) + "|")
    for kind in told[settings[0]]:
        cells = []
        for setting in settings:
            entry = told[setting][kind]
            value = f"{entry['auc']:.3f}, " if "auc" in entry else "-, "
            cells.append(f"{value}{entry['wrong']:.1%}")
        print(f"| {kind} | " + " | ".join(cells) + " |")


def main() -> None:
    """Collect or fit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    gather = commands.add_parser("collect", help="compare streams with pictures")
    gather.add_argument("scores", type=Path)
    gather.add_argument("folders", nargs="+", type=Path)
    gather.add_argument("--split", choices=("fit", "test"), required=True)
    gather.add_argument("--offset", type=int, default=0, help="pictures left out at the start of a folder")
    gather.add_argument("--limit", type=int, help="pictures per folder, spread over it")
    gather.add_argument("--weights", type=Path, help="folder of TAESD's weights")
    weigh = commands.add_parser("fit", help="fit, test, and ship")
    weigh.add_argument("scores", type=Path)
    weigh.add_argument("--ship", action="store_true", help="write promptcodec/models/checks-1.json")
    options = parser.parse_args()
    if options.command == "collect":
        with options.scores.open("a", encoding="utf-8") as file:
            for row in collect(
                options.folders, options.split, options.offset, options.limit, options.weights
            ):
                file.write(json.dumps(row) + "\n")
        return
    rows = [json.loads(line) for line in options.scores.read_text("utf-8").splitlines()]
    model = fit([row for row in rows if row["split"] == "fit"])
    told = {split: tell([row for row in rows if row["split"] == split], model) for split in ("fit", "test")}
    print(json.dumps({"weights": model.weights, "bias": model.bias, "threshold": model.threshold}, indent=1))
    for split, values in told.items():
        print(f"\n{split}, {len({row['file'] for row in rows if row['split'] == split})} pictures\n")
        show(values)
    if options.ship:
        content = json.dumps(
            {
                "weights": model.weights,
                "bias": model.bias,
                "threshold": model.threshold,
                "wrong": {
                    split: {s: {k: e["wrong"] for k, e in v.items()} for s, v in t.items()}
                    for split, t in told.items()
                },
            },
            indent=1,
        )
        source = "python -m eval.calibrate_checks fit SCORES.jsonl --ship"
        write("checks-1", "checks-1.json", content.encode(), source=source)


if __name__ == "__main__":
    main()
