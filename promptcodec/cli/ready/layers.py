"""The layers' modules, which the table of layers imports as it needs them."""

from contextlib import suppress
from importlib import import_module

from promptcodec.layers.registry import LAYERS

for _layer in LAYERS:
    with suppress(Exception):
        import_module(_layer.module)
