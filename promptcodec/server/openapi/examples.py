"""Examples that several operations share: one small picture."""

from __future__ import annotations

from typing import Any

_CELL = {
    "continues": "",
    "tone": "",
    "colours": ["light blue"],
    "arrangement": "",
    "texture": "smooth",
    "orientation": "",
    "text": "sky",
}

DESCRIPTION: dict[str, Any] = {
    "medium": "photo",
    "summary": "A lighthouse under a clear sky.",
    "style": {"light": "bright", "mood": ""},
    "rows": 1,
    "cols": 2,
    "cells": [
        {**_CELL, "derived": True},
        {**_CELL, "colours": ["white"], "texture": "soft", "text": "tower", "derived": True},
    ],
    "objects": [
        {"name": "lighthouse", "box": {"top": 1, "left": 2, "bottom": 1, "right": 2}, "attributes": []}
    ],
    "lettering": [],
}

OUTLINE: dict[str, Any] = {
    "version": 1,
    "width": 768,
    "height": 512,
    "bytes": 199,
    "bpp": 0.004048665364583333,
    "overhead_bytes": 12,
    "parts": [
        {"type": "semantic", "critical": False, "coder": "nouns+ppm", "offset": 9, "bytes": 47},
        {"type": "texture", "critical": False, "coder": "dct", "offset": 58, "bytes": 140},
    ],
    "original_width": 768,
    "original_height": 512,
    "description": DESCRIPTION,
    "text": "photo 1x2\nsummary: A lighthouse under a clear sky.\nlight: bright\n",
    "recipe": None,
}

STREAM = "q1AxwAbABAIBAXgA"
"""The start of a stream, in base64: enough to show what it is."""
