"""promptcodec: an image as a few hundred bytes of words, and a picture back from them.

``encode``, ``decode`` and ``inspect`` are enough for most users; the layers and
the entropy coders are importable as ``promptcodec.layers`` and ``promptcodec.entropy``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from promptcodec.codec import Decoded, decode, encode
    from promptcodec.reading import inspect

__version__ = "0.1.0.dev0"
__all__ = ["Decoded", "__version__", "decode", "encode", "inspect"]


def __getattr__(name: str) -> Any:
    """Import the codec on first use, so that ``import promptcodec`` stays light."""
    if name in __all__:
        from promptcodec import codec, reading  # noqa: PLC0415

        return getattr(reading if name == "inspect" else codec, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
