"""Specs of the loopback server's models, for the tests of captioners and generators that ask a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

for needed in ("openai", "starlette", "uvicorn"):
    pytest.importorskip(needed, reason=f"needs the extras api and server: no {needed}")

PRICES = "input_price=1&output_price=4&image_price=0.01"


def vision(url, name="chat", **more):
    return f"{name}:{url}?model=loopback-vision&{PRICES}" + "".join(f"&{k}={v}" for k, v in more.items())


def painter(url, **more):
    return f"images:{url}?model=loopback-image&{PRICES}" + "".join(f"&{k}={v}" for k, v in more.items())


def calls(log: Path):
    return [json.loads(line) for line in log.read_text().splitlines()]
