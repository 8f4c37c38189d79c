"""Coded text and the token PPM."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, insort
from functools import lru_cache
from pathlib import Path

import brotli
import numpy as np
import zstandard

from .coder import Decoder, FormatError, MissingError, Tables, known, need

STEPS = list(range(1, 33))
while STEPS[-1] < 1 << 20:
    STEPS.append(STEPS[-1] + STEPS[-1] // 16)
T = (1 << 17) - 1


def decode_text(data: bytes, tables: Tables, dictionary: str | None, limit: int) -> str:
    """Coded text of at most limit bytes of UTF-8."""
    if not data:
        return ""
    coder, kind, body, user = data[0] & 63, data[0] >> 6, data[1:], b""
    known(coder < 7, f"text coder {coder}")
    need(kind in (0, 2) if coder in (2, 3) else not kind, "bits 6-7 of a text's head")
    if coder in (3, 5):
        user, digest, body = Path(dictionary).read_bytes() if dictionary else b"", body[:4], body[4:]
        need(len(digest) == 4, "cut hash of a dictionary")
        if hashlib.sha256(user).digest()[:4] != digest:
            raise MissingError(f"this needs the dictionary {digest.hex()}")
    if coder == 0:
        raw = body
    elif coder == 1:
        try:
            raw = brotli.decompress(body)
        except brotli.error as error:
            raise FormatError("brotli") from error
    elif coder < 4:
        head = (len(body) << 3 | kind << 1 | 1).to_bytes(3, "little")
        shared = zstandard.ZstdCompressionDict(user or tables.content("text-1"))
        expand = zstandard.ZstdDecompressor(dict_data=shared).decompressobj()
        try:
            raw, limit = expand.decompress(bytes.fromhex("28b52ffd0040") + head + body), min(limit, 1 << 17)
        except zstandard.ZstdError as error:
            raise FormatError("zstd") from error
        need(expand.eof and len(body) <= 1 << 17, "zstd content")
    else:
        walk = Decoder(body)
        text = walked(walk, tables, coder, user, limit)
        walk.close()
        return text
    return written(raw, limit)


def walked(coder: Decoder, tables: Tables, number: int, user: bytes, limit: int) -> str:
    """The text that token PPM number 4, 5 or 6 coded."""
    limit = min(limit, 1 << 14)
    return written(undo(model(tables.content("ppm-2" if number == 6 else "ppm-1"), user).walk(coder, 2 * limit + 2)), limit)


def written(raw: bytes, limit: int) -> str:
    """A text of at most limit bytes."""
    need(0 < len(raw) <= limit, "no text, or too long")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise FormatError("no UTF-8") from error


def undo(joined: bytes) -> bytes:
    """The tokens' bytes back to text: capitals, first space, cell labels."""
    joined = re.sub(rb"([\xfe\xff])( ?)([a-z]+)",
                    lambda m: m[2] + (m[3].upper() if m[1] == b"\xfe" else m[3].capitalize()), joined)
    need(joined[:1] == b" ", "text starts without a space")
    first, *pieces = joined[1:].split(b"\xfc")
    head = re.search(rb" ([1-8])x([1-8])$", first.split(b"\n")[0])
    rows, columns = (int(head[1]), int(head[2])) if head else (0, 0)
    need(len(pieces) <= rows * columns, "too many cell labels")
    return first + b"".join(b"\nr%dc%d" % (i // columns + 1, i % columns + 1) + p for i, p in enumerate(pieces))


@lru_cache(None)
def log(n: int) -> int:
    """8 log2(n + 1/2), rounded."""
    return (((2 * n + 1) ** 16).bit_length() - 16) // 2


def index(n: int, r: int) -> int:
    """The index of r of n."""
    if n < 32:
        return 1 + n * (n + 1) // 2 + r if n else 0
    return 673 + 289 * max(min(n, T).bit_length() - 6, 0) + log(min(r, T)) - log(min(n - r, T))


@lru_cache(None)
def powers() -> list[int]:
    """The chances of logits from 0 up."""
    power = [1 << 60]
    for _ in range(3071):
        power.append(power[-1] * 1148426689630428644 >> 60)
    return [max(1, min((1 << 76) // ((1 << 60) + p), 65535)) for p in power]


def chance(x: int) -> int:
    """The chance of a logit in 1/65536."""
    p = powers()[min(abs(x), 3071)]
    return p if x >= 0 else 65536 - p


class Level:
    """Counted sequences under parents: last tokens, first places, running sums of counts."""

    def __init__(self, parents: np.ndarray, last: np.ndarray, counts: np.ndarray, width: int) -> None:
        self.parents, self.last, self.counts = parents, last, counts
        self.first = np.searchsorted(parents, np.arange(width + 1))
        self.sums = np.concatenate([[0], np.cumsum(counts)])

    def count(self, a: int, b: int) -> int:
        """The sum of the counts in a..b."""
        return int(self.sums[b] - self.sums[a])


class Model:
    """A table ppm-1 or ppm-2, with a user's counts added."""

    def __init__(self, content: bytes, user: bytes) -> None:
        data = zstandard.ZstdDecompressor().decompressobj().decompress(content)
        self.size, self.root, *lengths = np.frombuffer(data, "<u4", 5).tolist()
        at = 20

        def take(count: int, kind: str) -> np.ndarray:
            nonlocal at
            at += count * int(kind[-1])
            return np.frombuffer(data, kind, count, at - count * int(kind[-1])).astype(np.int64)

        merges = take(2 * (self.size - 256), "<u2").reshape(-1, 2).tolist()
        numbers, self.left, self.right = (take(self.size, "<u2").tolist() for _ in range(3))
        self.base = take(self.size, "<i2").tolist()
        self.logits = take(6 * 3997, "<i2").reshape(6, -1).tolist()
        self.weights = take(96 * 7, "<i4").reshape(96, 7).tolist()
        self.levels, width = [], self.size
        for n in lengths:
            last = np.cumsum(take(n, "u1") + take(n, "u1") * 256) & 65535
            shares = take(width, "u1") + take(width, "u1") * 256
            self.levels.append(Level(np.repeat(np.arange(width), shares), last, np.array(STEPS)[take(n, "u1")], width))
            width = n
        need(at == len(data), "the length of a ppm table")
        pieces = [bytes([i]) for i in range(256)]
        for one, two in merges:
            pieces.append(pieces[one] + pieces[two])
        self.bytes = dict(zip(numbers, pieces))
        self.end = numbers[0xFD]
        if user:
            need(user[:12] == b"PXU\x01" + hashlib.sha256(content).digest()[:8], "a user's table for another ppm-1")
            raw = zstandard.ZstdDecompressor().decompressobj().decompress(user[12:])
            self._add([self.end] + np.frombuffer(raw, "<u2").tolist())

    def _add(self, tokens: list[int]) -> None:
        """Count the runs of a user's tokens and add them to the levels."""
        place: dict[tuple[int, ...], int] = {(t,): t for t in range(self.size)}
        moved, width, steps = np.arange(self.size), self.size, np.array(STEPS)
        for k, level in enumerate(self.levels):
            runs: dict[tuple[int, ...], int] = {}
            for i in range(len(tokens) - k - 1):
                run = tuple(tokens[i:i + k + 2])
                if self.end not in run[1:-1]:
                    runs[run] = runs.get(run, 0) + 2
            keys = np.concatenate([moved[level.parents] * 65536 + level.last,
                                   [place[run[:-1]] * 65536 + run[-1] for run in runs]]).astype(np.int64)
            keys, inverse = np.unique(keys, return_inverse=True)
            sums = np.bincount(inverse, np.concatenate([level.counts, list(runs.values())])).astype(np.int64)
            self.levels[k] = Level(keys >> 16, keys & 65535, steps[np.searchsorted(steps, sums, "right") - 1], width)
            moved, width, known = inverse, len(keys), len(level.last)
            place = {run: int(inverse[known + i]) for i, run in enumerate(runs)}

    def walk(self, coder: Decoder, limit: int) -> bytes:
        """Decode tokens up to the end token; their bytes joined."""
        out = b""
        t1, t2, t3, run, pair = self.end, -1, -1, 0, (self.end, 0)
        seen: list[int] = []
        after: dict[int | tuple[int, int], list[int]] = {}
        while True:
            spans = [(int(level.first[t]), int(level.first[t + 1])) if t >= 0 else (0, 0)
                     for level, t in zip(self.levels, (t1, t2, t3))]
            lists = [seen, sorted(after.get(t1, [])), sorted(after.get(pair, []))]
            below = self.root
            while below:
                mid, rights, cuts = below, [], []
                totals = [lev.count(*span) for lev, span in zip(self.levels, spans)] + [len(e) for e in lists]
                for level, (a, b) in zip(self.levels, spans):
                    cuts.append(a + int(np.searchsorted(level.last[a:b], mid)))
                    rights.append(level.count(cuts[-1], b))
                cuts += [bisect_left(entries, mid) for entries in lists]
                rights += [len(entries) - cut for entries, cut in zip(lists, cuts[3:])]
                counts = [bool(total) for total in totals]
                for k in (1, 2, 4, 5):
                    counts[k] = counts[k] and counts[k - 1]
                k = sum(counts[:3])
                band = 6 * (5 * (k - 1) + min(totals[k - 1].bit_length(), 5)) if k else 0
                if counts[4]:
                    band += 1 if not counts[5] else 2 + (run > 0) + (run > 3) + (run > 15)
                x = self.weights[band][0] * self.base[mid]
                for k, weight in enumerate(self.weights[band][1:]):
                    x += weight * self.logits[k][index(totals[k], rights[k]) if counts[k] else 0]
                bit = coder.bit(chance(x >> 16))
                for k in range(3):
                    if counts[k]:
                        spans[k] = (cuts[k], spans[k][1]) if bit else (spans[k][0], cuts[k])
                    if counts[k + 3]:
                        lists[k] = lists[k][cuts[k + 3]:] if bit else lists[k][:cuts[k + 3]]
                below = (self.right if bit else self.left)[mid]
            token = mid if bit else mid - 1
            if token == self.end:
                return out
            out += self.bytes[token]
            need(len(out) <= limit, "text too long")
            run = run + 1 if after.get(pair, [-1])[-1] == token else 0
            insort(seen, token)
            for key in (pair, t1):
                after[key] = after.get(key, [])[-7:] + [token]
            t2, t3 = (a if b > a else -1 for a, b in spans[:2])
            pair, t1 = (t1, token), token


model = lru_cache(4)(Model)
