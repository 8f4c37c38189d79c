"""Rate control: how many bytes a stream may have, and what each layer gets of them."""

from promptcodec.rate.allocate import Coder, allocate, file_bytes, in_stream_order, planned
from promptcodec.rate.grids import CELLS, DEFAULT_CELLS, grid
from promptcodec.rate.limits import limit
from promptcodec.rate.shares import Shares, shares_for
from promptcodec.rate.words import estimate_words, fit_description, fit_words

__all__ = [
    "CELLS",
    "DEFAULT_CELLS",
    "Coder",
    "Shares",
    "allocate",
    "estimate_words",
    "file_bytes",
    "fit_description",
    "fit_words",
    "grid",
    "in_stream_order",
    "limit",
    "planned",
    "shares_for",
]
