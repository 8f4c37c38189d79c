"""Real files against the hand-checked table: ``tests/data/recipes.jsonl``, rows by the files' SHA-256.

Texts stand there as the start of the SHA-256 of their words; a row without a field says that
the file does not hold it.
"""

from __future__ import annotations

import hashlib
import json

import pytest

from eval.measure.recipes import CHECKED, TABLE, digest, ours, right, theirs, totals
from eval.measure.recipes import measure as measured
from promptcodec.recipe import read_metadata

ROWS = [json.loads(line) for line in TABLE.read_text("utf-8").splitlines()]
TOOLS = sorted({row["tool"] for row in ROWS if row["tool"]})


def sample(row, data_folder):
    path = data_folder / "metadata_samples" / row["file"]
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]:
        pytest.skip(f"the sample {row['file']} of the table is not there")
    return path


def test_the_table_is_large_enough():
    assert sum(row["tool"] is not None for row in ROWS) >= 60
    assert len(TOOLS) >= 12


@pytest.mark.parametrize("tool", TOOLS)
def test_every_field_is_right(tool, data_folder):
    for row in (row for row in ROWS if row["tool"] == tool):
        recipe = read_metadata(sample(row, data_folder).read_bytes()).recipe
        assert recipe is not None, row["file"]
        assert recipe.platform.tool == tool
        read = {key: value[0] for key, value in ours(recipe).items()}
        assert read == {key: row[key] for key in CHECKED if key in row}, row["file"]


def test_negatives_have_no_recipe(data_folder):
    for row in (row for row in ROWS if row["tool"] is None):
        seen = read_metadata(sample(row, data_folder).read_bytes())
        assert (seen.recipe, seen.warnings) == (None, ())
        assert seen.origin.c2pa == row["c2pa"]


def test_not_below_sd_parsers(data_folder):
    counts = {}
    for row in (row for row in ROWS if row["tool"]):
        path = sample(row, data_folder)
        rival = theirs(path)
        if rival is None:
            pytest.skip("sd-parsers is not installed: pip install -e .[test]")
        mine, other = counts.get(row["tool"], (0, 0))
        recipe = read_metadata(path.read_bytes()).recipe
        counts[row["tool"]] = (mine + right(row, ours(recipe)), other + right(row, rival))
    assert all(mine >= other for mine, other in counts.values())
    assert sum(mine for mine, _ in counts.values()) > sum(other for _, other in counts.values())


def test_forms_are_small_and_restored(data_folder):
    """Every third row: all files take twenty seconds (``python -m eval recipes``)."""
    rows = [measured(sample(row, data_folder)) for row in ROWS[::3]]
    counts = totals(rows)
    assert counts["restored"] == counts["recipes"] > 30
    assert counts["verbatim_to_brotli"] < 0.6
    assert counts["fields_to_brotli"] < 0.5


def test_the_digest_ignores_white_space():
    assert digest("a  b\n") == digest("a b") != digest("a c")
