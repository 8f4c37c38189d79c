"""What the coded bytes hold: texts by the character and token, layers by the byte, memory."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

from eval.datasets import data_folder
from eval.metrics.metric import Metric
from eval.missing import Unavailable
from promptcodec.bitstream import MAGIC
from promptcodec.reading import outline

_VOCABULARY = "weights/clip_bpe/bpe_simple_vocab_16e6.txt.gz"
_MERGES = 49152 - 256 - 2
_LAYERS = ("semantic", "texture", "structure", "signature")


def text(original: str, decoded: str, count: int) -> dict[str, float]:
    """Give characters and bits a character of a coded text, and whether it came back as it was."""
    return {
        "characters": len(original),
        "bits_per_character": 8 * count / max(1, len(original)),
        "exact": float(original == decoded),
    }


def _tokens() -> Callable[[str, str, int], dict[str, float]]:
    tokenizer = clip_tokenizer()

    def measure(original: str, _decoded: str, count: int) -> dict[str, float]:
        tokens = len(tokenizer.encode(original.lower()).ids)
        return {"tokens": tokens, "bits_per_token": 8 * count / max(1, tokens)}

    return measure


def clip_tokenizer() -> Any:
    """Make CLIP's byte-pair tokenizer from its list of merges, without the marks of start and end.

    Raises:
        Unavailable: the list is not here.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers  # noqa: PLC0415 - an extra

    path = data_folder() / _VOCABULARY
    if not path.is_file():
        raise Unavailable(f"no CLIP vocabulary at {_VOCABULARY} of the data folder")
    lines = gzip.decompress(path.read_bytes()).decode("utf-8").split("\n")[1 : _MERGES + 1]
    merges = [tuple(line.split()) for line in lines]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*letters, *(letter + "</w>" for letter in letters), *("".join(pair) for pair in merges)]
    tokenizer = Tokenizer(
        models.BPE({word: at for at, word in enumerate(words)}, merges, end_of_word_suffix="</w>")
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    pattern = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return tokenizer


def layer_bytes(data: bytes) -> dict[str, float]:
    """Give the bytes of each layer of a .pxt file, 0 where it has none; nothing for other files."""
    if not data.startswith(MAGIC):
        return {}
    parts = {part["type"]: part["bytes"] for part in outline(data)["parts"]}
    return {f"{name}_bytes": float(parts.get(name, 0)) for name in _LAYERS}


def _none() -> Callable[..., Any]:
    return dict


METRICS = (
    Metric("text", "text", 0, "", "characters, bits a character, 1 where the text came back exactly",
           lambda: text, ("characters", "bits_per_character", "exact")),
    Metric("tokens", "text", 0, "", "tokens of CLIP's byte-pair vocabulary, bits a token", _tokens,
           ("tokens", "bits_per_token")),
    Metric("layer_bytes", "stream", 0, "B", "payload of each layer of a .pxt file", lambda: layer_bytes,
           tuple(f"{name}_bytes" for name in _LAYERS), ours=True),
    Metric("memory", "run", -1, "MB", "peak resident memory of the encoding and the decoding process", _none,
           ("enc_peak_mb", "dec_peak_mb")),
)  # fmt: skip
