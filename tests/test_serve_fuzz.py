"""The whole API against generated requests; ``python -m tests.fuzz.api`` does so for longer."""

from __future__ import annotations

import pytest

pytest.importorskip("schemathesis", reason="needs the dependency group fuzz")


@pytest.mark.slow
def test_no_request_is_a_fault_of_the_server():
    from tests.fuzz.api.__main__ import run

    assert run(None, seconds=60) == 0
