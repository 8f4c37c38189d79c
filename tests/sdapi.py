"""What the tests of servers of /sdapi/v1 share: one server of each kind, and conditions for them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

for needed in ("httpx", "starlette", "uvicorn"):
    pytest.importorskip(needed, reason=f"needs the extras api and server: no {needed}")

from promptcodec.description import parse_text
from promptcodec.generators import Conditions
from promptcodec.generators.sdapi import create
from promptcodec.testing.sdapi import SERVERS
from promptcodec.testing.sdapi.faults import parse

SIZE = (96, 64)
WITH_LINES = ("a1111", "forge", "sdnext", "sdcpp")
WITH_PROGRESS = ("a1111", "forge", "sdnext")
# stable-diffusion.cpp is told that it has a control net.
NAMED = {"sdcpp": {"edges": "canny"}}
__all__ = ["SERVERS", "SIZE", "WITH_LINES", "WITH_PROGRESS"]


def words(text="a red house"):
    return parse_text(f"picture 1x2\nsummary: {text}\nr1c1 red\nr1c2 grass green")


def colours(rgb=(200, 30, 20)):
    return Image.new("RGB", (24, 16), rgb)


def lines(*ends):
    image = Image.new("L", SIZE)
    ImageDraw.Draw(image).line(ends or (0, 0, 95, 63), fill=255, width=3)
    return image


def conditions(**changes):
    full = Conditions(
        SIZE,
        7,
        description=words(),
        texture=colours(),
        structure=lines(),
        layer_bytes={"texture": 128, "structure": 96},
    )
    return replace(full, **changes)


def generator(kind, url, **entries):
    entries = {"url": url, "server": kind, "area": "128x96", **NAMED.get(kind, {}), **entries}
    return create({key: value for key, value in entries.items() if value})


def spec(kind, url, **entries):
    entries = {"server": kind, "area": "128x96", **NAMED.get(kind, {}), **entries}
    return f"sdapi:{url}?" + "&".join(f"{key}={value}" for key, value in entries.items())


def difference(one, other):
    """Mean absolute difference of two pictures, in levels."""
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def breaks(service, *faults):
    """Let the next pictures of a server fail."""
    service.faults[:] = [parse(fault) for fault in faults]
