"""What ``python -m eval eyes`` reports of pictures: rows of shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from eval import written
from eval.measure import findability, findability_rows
from eval.measure.eyes import DATASETS
from promptcodec.description import Description

REFERENCE = 400
"""Characters of the written descriptions whose findability is 1."""

ALL = "all"


def add_ranks(rows: Sequence[dict[str, Any]], descriptions: Mapping[str, Description]) -> None:
    """Add to rows the mean reciprocal rank of the pictures' queries, and that of what was written of them."""
    own = _reciprocal(descriptions)
    reference = _reciprocal({name: written.descriptions()[name, REFERENCE] for name in descriptions})
    for row in rows:
        row["mrr"], row["mrr_written"] = own[row["file"]], reference[row["file"]]


def _reciprocal(descriptions: Mapping[str, Description]) -> dict[str, float]:
    """Give the mean of 1 / rank of each picture's queries, among these pictures."""
    ranks = findability_rows.ranks_of(
        {name: findability.words_of(each) for name, each in descriptions.items()}
    )
    return {name: float((1 / np.array(places)).mean()) for name, places in ranks.items()}


def means(pictures: Sequence[Mapping[str, Any]], source: str) -> Iterator[dict[str, Any]]:
    """Give a row for each dataset and one for all; None for a share of nothing."""
    for dataset in (*DATASETS, ALL):
        rows = [row for row in pictures if dataset in (ALL, row["file"].split("/")[0])]
        if rows:
            yield {"pictures": dataset, "source": source, "n": len(rows), **_shares(rows)}


def _shares(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    total = {
        column: sum(row[column] for row in rows)
        for column, value in rows[0].items()
        if isinstance(value, int | float)
    }

    def share(part: str, of: str) -> float | None:
        return total[part] / total[of] if total[of] else None

    def outcome(column: str, value: str) -> float:
        return [row[column] for row in rows].count(value) / len(rows)

    return {
        **{f"subject_{value}": outcome("subject", value) for value in ("right", "missing", "wrong")},
        "named": total["named"] / len(rows),
        "named_right": share("named_right", "named"),
        "things_named": share("things_named", "things"),
        "things_named_cells": share("things_named_cells", "things"),
        "coloured": total["coloured"],
        "coloured_right": share("coloured_right", "coloured"),
        "cells_named": share("cells_named", "cells"),
        "cells_right": share("cells_right", "cells_named"),
        "plain_named": share("plain_named", "cells"),
        "plain_right": share("plain_right", "plain_named"),
        **{f"medium_{value}": outcome("medium", value) for value in ("right", "undecided", "wrong")},
        "people_right": total["people_right"] / len(rows),
        "mrr": total["mrr"] / len(rows),
        "mrr_of_written": share("mrr", "mrr_written"),
    }
