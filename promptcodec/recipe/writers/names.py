"""Names of models' files, which A1111 gives without folder and ending."""

from __future__ import annotations

import ntpath

from promptcodec.recipe.readers.comfyui.models import SUFFIXES


def stem(name: str) -> str:
    """Give a file's name without folder and ending."""
    name = ntpath.basename(name)
    return next((name[: -len(ending)] for ending in SUFFIXES if name.lower().endswith(ending)), name)


def file_name(name: str) -> str:
    """Give a model's file name with an ending."""
    return name if not name or name.lower().endswith(SUFFIXES) else name + ".safetensors"
