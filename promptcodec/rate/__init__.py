"""Rate control: how many bytes a stream may have, and what each layer gets of them."""

from promptcodec.rate.allocate import Coder, allocate, file_bytes, in_stream_order
from promptcodec.rate.fit import fit_description
from promptcodec.rate.grids import CELLS, DEFAULT_CELLS, grid
from promptcodec.rate.limits import limit
from promptcodec.rate.shares import Shares, shares_for
from promptcodec.rate.words import WordsOf, estimate_words, fit_words

__all__ = [
    "CELLS",
    "DEFAULT_CELLS",
    "Coder",
    "Shares",
    "WordsOf",
    "allocate",
    "estimate_words",
    "file_bytes",
    "fit_description",
    "fit_words",
    "grid",
    "in_stream_order",
    "limit",
    "shares_for",
]
