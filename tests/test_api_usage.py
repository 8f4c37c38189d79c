"""Token counts of servers: what is a count is read, all else is 0."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec.api.usage import MOST_TOKENS, tokens_in


@pytest.mark.parametrize(
    ("value", "tokens"),
    [
        (12, 12),
        (0, 0),
        (1.5, 2),
        (7.0, 7),
        ("12", 12),
        (" 12 ", 12),
        ("12.0", 12),
        (MOST_TOKENS, MOST_TOKENS),
        (MOST_TOKENS + 1, 0),
        (10**400, 0),
        ("9" * 5000, 0),
        (1e20, 0),
        (-5, 0),
        ("-5", 0),
        (math.inf, 0),
        (-math.inf, 0),
        (math.nan, 0),
        ("nan", 0),
        ("inf", 0),
        ("many", 0),
        ("", 0),
        (None, 0),
        (True, 0),
        ([1], 0),
        ({"a": 1}, 0),
    ],
)
def test_one_count(value: Any, tokens: int) -> None:
    assert tokens_in({"prompt_tokens": value}, "prompt_tokens") == tokens


@pytest.mark.parametrize("usage", [None, [], [1], "x", True, 5, math.nan, {}])
def test_usage_that_is_no_object(usage: Any) -> None:
    assert tokens_in(usage, "prompt_tokens") == 0


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_anything_is_a_count_within_bounds(value: Any) -> None:
    tokens = tokens_in({"n": value}, "n")
    assert type(tokens) is int
    assert 0 <= tokens <= MOST_TOKENS
