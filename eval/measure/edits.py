"""Does an edit change the picture where it should, and nowhere else?

Each picture is encoded with the default shares, edited with every operation and decoded before and after.
``inside`` is the mean CIEDE2000 between the two within the region the operation names, ``outside`` the same
beyond one more cell around it. Operations on all of the picture have no outside.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from eval.images import listed
from eval.measure.edit_cases import Case, around, cases, draw, enlarged
from promptcodec import encode
from promptcodec.edit import apply
from promptcodec.errors import UsageError
from promptcodec.vision.colour import ciede2000
from promptcodec.vision.load import load_image

LAYERS = ("semantic", "texture", "structure")
BUDGET = 400
WANTED = 5.0
# Below this nothing is seen to change, and a ratio means nothing.
VISIBLE = 0.5


def measure(data: bytes, case: Case, before: Image.Image, generator: str) -> dict[str, float | None]:
    """Edit a stream; give CIEDE2000 inside and outside, bytes and CPU time."""
    start = time.process_time()
    edited = apply(data, [case.edit])
    seconds = time.process_time() - start
    after = draw(edited.data, generator)
    apart = ciede2000(np.asarray(before.reduce(2)), np.asarray(after.reduce(2)))
    row: dict[str, float | None] = {
        "bytes": len(data),
        "bytes_after": len(edited.data),
        "milliseconds": seconds * 1000,
        "inside": float(apart.mean()),
        "outside": None,
    }
    if case.cells is not None:
        inside, outside = enlarged(case.cells, apart.shape), ~enlarged(around(case.cells), apart.shape)
        row["inside"] = float(apart[inside].mean())
        row["outside"] = float(apart[outside].mean()) if outside.any() else None
    return row


def summary(operation: str, rows: list[dict[str, float | None]]) -> dict[str, object]:
    """Bring the rows of one operation into one."""
    pairs = [(row["inside"], row["outside"]) for row in rows]
    ratios = [
        inside / max(outside, 1e-3) for inside, outside in pairs if inside is not None and outside is not None
    ]

    def mean(key: str) -> float:
        values = [row[key] for row in rows]
        return round(float(np.mean([value for value in values if value is not None])), 2)

    result: dict[str, object] = {"operation": operation, "n": len(rows), "inside": mean("inside")}
    if ratios:
        result |= {
            "outside": mean("outside"),
            "ratio_least": round(min(ratios), 1),
            "ratio_median": round(float(np.median(ratios)), 1),
            "local": sum(ratio >= WANTED for ratio in ratios),
            "of": len(ratios),
            "seen": sum((inside or 0) >= VISIBLE for inside, _ in pairs),
        }
    times = sorted(row["milliseconds"] or 0 for row in rows)
    grown = [(row["bytes_after"] or 0) - (row["bytes"] or 0) for row in rows]
    return result | {
        "milliseconds": round(times[len(times) // 2], 1),
        "milliseconds_most": round(times[-1], 1),
        "bytes_added": round(float(np.mean(grown)), 1),
    }


def run(
    folders: Sequence[Path], limit: int | None, budget: int, layers: tuple[str, ...], generator: str
) -> Iterator[dict[str, object]]:
    """Measure every operation; one row each."""
    by_operation: dict[str, list[dict[str, float | None]]] = {}
    for folder in folders:
        for path in listed(folder, limit):
            data = encode(load_image(path), layers=layers, budget=budget, structure="edges")
            before = draw(data, generator)
            for case in cases(data):
                try:
                    row = measure(data, case, before, generator)
                except UsageError as error:
                    raise UsageError(
                        f"{path.name}: {case.edit.operation} {case.edit.arguments}: {error}"
                    ) from None
                by_operation.setdefault(case.edit.operation, []).append(row)
    for operation, rows in by_operation.items():
        yield summary(operation, rows)
