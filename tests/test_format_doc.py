"""The tables printed in docs/format.md are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

from promptcodec.bitstream import PART_IDS
from promptcodec.description.palette import PALETTE
from promptcodec.entropy.bits import RATES
from promptcodec.layers import pose

TEXT = (Path(__file__).parent.parent / "docs" / "format.md").read_text("utf-8")


def section(title):
    return re.split(r"^## ", TEXT.split(f"\n## {title}\n")[1], flags=re.MULTILINE)[0]


def test_the_palette():
    block = section("Palette").split("```")[1]
    found = [entry.strip().rsplit(" ", 1) for entry in block.replace("\n", " ").split(",")]
    assert found == [[name, "".join(f"{part:02X}" for part in rgb)] for name, rgb in PALETTE.items()]


def test_the_skeleton():
    rows = re.findall(r"^\| (\d+) \| ([\d -]+) \| (\d+) \| (\d+) \| (\d+) \|$", TEXT, re.MULTILINE)
    found = [
        (int(joint), () if parents == "-" else tuple(map(int, parents.split())), int(hundredths))
        for joint, parents, hundredths, _, _ in rows
    ]
    assert tuple(found) == pose.ORDER
    models = pose._Models()
    for joint, _, _, right, below in rows:
        assert models.right[int(joint)].one == 4096 * int(right)
        assert models.lower[int(joint)].one == 4096 * int(below)


def test_rates_and_parts():
    assert f"`RATE` is {' '.join(map(str, RATES))}." in TEXT.replace("\n", " ")
    for name, number in PART_IDS.items():
        assert f"| {number} | {name} |" in TEXT


def test_no_code_is_needed():
    assert "promptcodec/" not in TEXT
