"""Rate control: how many bytes a stream may have, and what each layer gets of them."""

from promptcodec.rate.allocate import Coder, allocate, file_bytes, in_stream_order
from promptcodec.rate.limits import QUALITY_BYTES, limit
from promptcodec.rate.shares import TUNES, Shares, shares_for
from promptcodec.rate.words import CELLS, DEFAULT_CELLS, fit_description, grid

__all__ = [
    "CELLS",
    "DEFAULT_CELLS",
    "QUALITY_BYTES",
    "TUNES",
    "Coder",
    "Shares",
    "allocate",
    "file_bytes",
    "fit_description",
    "grid",
    "in_stream_order",
    "limit",
    "shares_for",
]
