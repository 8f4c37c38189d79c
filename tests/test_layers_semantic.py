"""Grid symbols: exact round trips of any grid, bounded work on any bytes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from promptcodec.description import PALETTE, Cell, Description, format_text, parse_text
from promptcodec.description.model import ARRANGEMENTS, ORIENTATIONS, TEXTURES, TONES
from promptcodec.errors import PromptcodecError
from promptcodec.layers import semantic
from promptcodec.layers.semantic import cells
from tests.effort import examples


@st.composite
def descriptions(draw):
    rows, cols = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    grid = []
    for index in range(rows * cols):
        near = (["left"] if index % cols else []) + (["above"] if index >= cols else [])
        continues = draw(st.sampled_from(["", *near]))
        names = draw(st.lists(st.sampled_from(sorted(PALETTE)), max_size=2))
        texture = draw(st.sampled_from(("", *TEXTURES)))
        grid.append(
            Cell(
                continues,
                draw(st.sampled_from(("", *TONES))) if continues else "",
                tuple(names),
                draw(st.sampled_from(ARRANGEMENTS)) if len(names) == 2 else "",
                texture,
                draw(st.sampled_from(("", *ORIENTATIONS))) if texture else "",
                draw(st.sampled_from(("", "a red kite"))) if continues or names else "a wall",
            )
        )
    return Description("photo", rows, cols, tuple(grid), draw(st.sampled_from(("", "A kite.", "light: x"))))


@examples(2)
@given(descriptions())
def test_round_trip(description):
    data = cells.encode(description.cells, description.rows, description.cols)
    grid, rows, cols, end = cells.decode(data + b"more")
    assert (rows, cols, end) == (description.rows, description.cols, len(data))
    assert grid == [replace(cell, text="text" if cell.text else "") for cell in description.cells]
    assert semantic.decode(semantic.encode(description)) == description


@examples(4)
@given(st.binary(max_size=80))
def test_any_bytes_are_a_description_or_an_error(data):
    for read in (cells.decode, semantic.decode):
        try:
            read(data)
        except PromptcodecError:
            continue


def test_a_cell_that_continues_costs_little():
    plain = parse_text("photo 8x8\n" + "\n".join(
        f"r{r}c{c} " + ("grey, smooth" if r == c == 1 else "as left" if c > 1 else "as above")
        for r in range(1, 9) for c in range(1, 9)))  # fmt: skip
    assert len(cells.encode(plain.cells, 8, 8)) < 16
    assert format_text(semantic.decode(semantic.encode(plain))) == format_text(plain)
