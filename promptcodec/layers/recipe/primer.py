"""What the tree coder knows before a recipe: values that are shipped, walked once."""

from __future__ import annotations

import functools
import json
import zlib

from promptcodec import models
from promptcodec.layers.recipe import tree
from promptcodec.layers.recipe.guide import ComfyGuide
from promptcodec.layers.recipe.tree_model import Statistics
from promptcodec.layers.recipe.tree_symbols import Literal

_PRIMER = "recipe-1"


@functools.cache
def primed() -> Statistics:
    """Give the statistics a recipe starts with."""
    values = json.loads(zlib.decompress(models.load(_PRIMER)), parse_int=Literal, parse_float=Literal)
    return tree.prime(values, ComfyGuide)
