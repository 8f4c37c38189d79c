"""The name that the recipe layer's trees still use."""

from promptcodec.entropy.bitio import AdaptiveBit as Model

__all__ = ["Model"]
