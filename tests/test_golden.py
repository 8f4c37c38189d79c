"""Streams of the frozen format decode to what they decoded to when it was frozen."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from promptcodec import bitstream
from promptcodec.layers import recipe, registry, semantic, structure
from promptcodec.layers.semantic import beside

sys.path.append(str(Path(__file__).parent.parent))
from tests.golden.__main__ import FOLDER, NAMES, changed_tables, compare


@pytest.mark.parametrize("name", NAMES)
def test_golden_stream(name):
    assert compare(name) == ""


def test_the_tables_are_those_of_the_format():
    assert changed_tables() == []


def test_every_part_and_coder_has_one():
    heads = {}
    for name in NAMES:
        data = (FOLDER / f"{name}.pxt").read_bytes()
        options = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["options"]
        for part in bitstream.read(data, **options).parts:
            if part.payload:
                heads.setdefault(registry.part_name(part.type), set()).add(part.payload[0])
    assert set(registry.PART_IDS) <= set(heads)
    assert {head & 63 for head in heads["semantic"]} == {*range(7), semantic.GRID, beside.BESIDE}
    assert heads["semantic"] >= {beside.APART, beside.JOINED}
    assert {head >> 6 for head in heads["structure"]} == set(range(len(structure.KINDS)))
    assert heads["recipe"] == set(range(len(recipe.FORMS)))
    assert heads["pixels"] == {0, 1}


def test_another_value_is_seen(monkeypatch):
    from tests.golden import __main__ as golden

    monkeypatch.setattr(golden, "values", lambda *_, **__: {"width": 1})
    assert "other values" in compare("text-raw")
