"""promptcodec: an image as a few hundred bytes of words, and a picture back from them.

``encode``, ``decode``, ``inspect`` and ``describe`` are enough for most users; ``check`` compares a
picture with a stream, ``edit`` changes a stream as it is, ``verify`` reads every part of one, ``show``
shows one in a notebook.
``encode_batch`` encodes batches of Arrow for engines of clusters, by ``EncodeSettings``. The layers
and the entropy coders are importable as ``promptcodec.layers`` and ``promptcodec.entropy``.
"""

from __future__ import annotations

from importlib import import_module

# Not that of typing, which takes longer to import than all of this: an interrupt meanwhile shows a traceback.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from promptcodec import edit
    from promptcodec.archive.cluster.encode import encode_batch
    from promptcodec.decoding import Decoded, check, decode
    from promptcodec.describing import describe
    from promptcodec.encoding import encode
    from promptcodec.errors import (
        ApiError,
        BitstreamError,
        BudgetError,
        CaptionerError,
        DescriptionError,
        EntropyError,
        GeneratorError,
        ImageError,
        MissingDictionary,
        MissingError,
        NewerError,
        OutputExistsError,
        PromptcodecError,
        RefusedError,
        SpendingError,
        UsageError,
    )
    from promptcodec.reading import inspect, verify
    from promptcodec.settings import EncodeSettings
    from promptcodec.showing import show

__version__ = "0.1.0.dev0"
__all__ = [
    "ApiError",
    "BitstreamError",
    "BudgetError",
    "CaptionerError",
    "Decoded",
    "DescriptionError",
    "EncodeSettings",
    "EntropyError",
    "GeneratorError",
    "ImageError",
    "MissingDictionary",
    "MissingError",
    "NewerError",
    "OutputExistsError",
    "PromptcodecError",
    "RefusedError",
    "SpendingError",
    "UsageError",
    "__version__",
    "check",
    "decode",
    "describe",
    "edit",
    "encode",
    "encode_batch",
    "inspect",
    "show",
    "verify",
]

_PLACES = {
    **dict.fromkeys((name for name in __all__ if name.endswith("Error")), "errors"),
    "MissingDictionary": "errors",
    "EncodeSettings": "settings",
    "Decoded": "decoding",
    "check": "decoding",
    "decode": "decoding",
    "describe": "describing",
    "encode": "encoding",
    "encode_batch": "archive.cluster.encode",
    "inspect": "reading",
    "show": "showing",
    "verify": "reading",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for on first use, so that ``import promptcodec`` stays light."""
    if name in {"edit", "errors"}:
        return import_module(f"promptcodec.{name}")
    if name in _PLACES:
        return getattr(import_module(f"promptcodec.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
