"""Text coders: ours, those everybody has, and the baseline that is trained like ours."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import brotli
import zstandard

from promptcodec.entropy import Dictionary, decode_text, encode_text, zstd
from promptcodec.entropy.dictionary import SIZE, train
from training import local_texts
from training.texts import GROUPS, load, split, unescape

KINDS = ("text", "local")
BASELINE = "zstd baseline"
Coder = tuple[Callable[[str], Any], Callable[[Any], str], Callable[[Any], int]]


def read(file: Path) -> list[str]:
    """Give the texts of a file, one escaped text a line, packed with zstd or not."""
    data = file.read_bytes()
    if file.suffix == ".zst":
        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    lines = data.decode().removesuffix("\n").split("\n")
    return [unescape(line) for line in lines if line]


def escape(text: str) -> str:
    r"""Make one line of a text: ``\n`` for a newline, ``\\`` for a backslash."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def training(data: Path, kind: str, jobs: int) -> tuple[list[str], dict[str, list[str]]]:
    """Give the lines the baseline's dictionary is trained on, and the held-out ones by name."""
    if kind == "local":
        train, held = local_texts.load(data, None, jobs)
        return train, {"local": held}
    parts = {group: split(load(data, group)) for group in GROUPS}
    return [text for part in parts.values() for text in part[0]], {k: part[1] for k, part in parts.items()}


def baseline(samples: Sequence[str]) -> Dictionary:
    """Train 112 KiB, k=200, d=8, level 19 on the samples, in an order that favours no kind."""
    return train(samples, SIZE)


def coders(trained: Dictionary | None) -> dict[str, Coder]:
    """Give encoder, decoder and the counted length of each.

    Ours are counted whole, with the byte that names the coder; the baseline is counted without its 2
    bits of block type.
    """
    by_name: dict[str, Coder] = {
        "raw": (str.encode, bytes.decode, len),
        "zlib -9": (lambda t: zlib.compress(t.encode(), 9), lambda d: zlib.decompress(d).decode(), len),
        "brotli q11": (
            lambda t: brotli.compress(t.encode(), quality=11), lambda d: brotli.decompress(d).decode(), len,
        ),
    }  # fmt: skip
    if trained is not None:

        def encode(text: str) -> tuple[int, bytes]:
            block = zstd.compress(text.encode(), trained)
            return block if block is not None else (0, text.encode())

        def decode(block: tuple[int, bytes]) -> str:
            return zstd.decompress(*block, trained, zstd.BLOCK_MAX).decode()

        by_name[BASELINE] = (encode, decode, lambda block: len(block[1]))
    for name in ("zstd", "ppm", "auto"):
        by_name[name] = (lambda text, name=name: encode_text(text, name), decode_text, len)
    return by_name


def rows(texts: Sequence[str], trained: Dictionary | None) -> Iterator[dict[str, Any]]:
    """Measure every coder on every text, on this one core."""
    for name, (encode, decode, length) in coders(trained).items():
        decode(encode(texts[0]))  # loads tables
        start = time.perf_counter()
        coded = [encode(text) for text in texts]
        middle = time.perf_counter()
        decoded = [decode(data) for data in coded]
        end = time.perf_counter()
        assert decoded == list(texts), f"{name} does not give the texts back"
        yield {
            "coder": name,
            "items": len(texts),
            "bytes_mean": sum(map(length, coded)) / len(texts),
            "enc_per_s": len(texts) / max(middle - start, 1e-9),
            "dec_per_s": len(texts) / max(end - middle, 1e-9),
        }
