"""Make a table of the token PPM, ``promptcodec/models/ppm-1.ppm`` or ``ppm-2.ppm``, and print its figures.

Run: python -m training.ppm --data DIR [--table ppm-2] [--limit N] [--tokens N]

``ppm-1`` is for prompts, captions, and canonical texts of the embedded captioner. ``ppm-2`` is for
descriptions as people and models that see write them, whose words stand beside a colour map.

Counts, and with them the vocabulary and the tree, come from all training texts. The logits and
weights are fitted with counts of seven eighths of them on the other eighth: on texts already
counted the longest context would seem always right.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from promptcodec.description import format_text, parse_text
from promptcodec.entropy import zstd
from promptcodec.entropy.dictionary import train
from promptcodec.entropy.ppm import coder as ppm
from promptcodec.entropy.ppm import counts as ppm_counts
from promptcodec.entropy.ppm.bpe import BASE, Vocabulary
from promptcodec.entropy.ppm.model import BAND_COUNT, INPUTS, LOGITS, Model
from promptcodec.entropy.ppm.tables import Tables, pack
from promptcodec.layers import derived
from promptcodec.layers.semantic.beside import words_of
from training import local_texts, ppm_bpe, ppm_fit, ppm_tree, scans, tables, written
from training.texts import DATA, GROUPS, HERE, allowlist, lines, load, split, unescape

TOKENS = 12288
LEAST = 2  # sequences of four tokens seen less often are left out
PHRASES, LOCAL = 30000, 5000  # texts at most
WEIGHTS = {"local": 1, "phrases": 1}  # of a kind's words in the vocabulary; 2 for the others
WORDS, CANONICAL = 8, 4  # how often a written description counts, as words beside a map and as its text
FITTED = {"prompts": 4, "captions": 4}  # of these every so many is fitted to, for ppm-2
_UNSEEN = ("open-prompts-1k", "gpt4o-image-prompts", "Pick-a-Pic (via Flow-Factory)")


@dataclass(frozen=True)
class Texts:
    """Training texts and held-out texts, by kind."""

    train: dict[str, list[str]]
    dev: dict[str, list[str]]


def gather(data: Path, limit: int | None, jobs: int) -> Texts:
    """Load every kind."""
    parts = {group: split(load(data, group)) for group in GROUPS}
    parts["local"] = local_texts.load(data, limit, jobs)
    prompts, captions = parts["prompts"], parts["captions"]
    # One of each caption, in the captions' order: what logits are fitted to must not have its
    # caption among the texts counted, nor the other way round.
    first, second = (scans.scans(captions[at], prompts[at], len(captions[at])) for at in (0, 1))
    parts["scans"] = first, second
    known = list(lines(data / "text" / "prompt_phrases.txt.zst"))
    known = sorted(known, key=lambda text: hashlib.sha256(text.encode()).digest())
    train = {kind: part[0] for kind, part in parts.items()} | {"phrases": known[:PHRASES]}
    train["local"] = train["local"][:LOCAL]
    return Texts(train, {kind: part[1] for kind, part in parts.items()} | {"unseen": unseen(data)})


def gather_written(data: Path, limit: int | None, jobs: int) -> Texts:
    """Load what ``ppm-2`` is trained on: written descriptions, and what is like their words."""
    parts = {group: split(load(data, group)) for group in GROUPS}
    prompts, captions = parts["prompts"], parts["captions"]
    first, second = (scans.words(captions[at], prompts[at]) for at in (0, 1))
    parts["composed"] = first, second
    seen, held = written.load()
    # Copies stand side by side: a text that is fitted to is never among those counted before.
    for kind, form, copies in (("words", words_of, WORDS), ("texts", format_text, CANONICAL)):
        several = [text for each in seen for text in copies * [form(each)]]
        parts[f"written {kind}"] = several, [*map(form, held)]
    local = local_texts.load(data, limit, jobs)
    parts["local words"] = tuple(_local_words(texts) for texts in local)
    return Texts(
        {kind: part[0] for kind, part in parts.items()}, {kind: part[1] for kind, part in parts.items()}
    )


def _local_words(texts: list[str]) -> list[str]:
    """Give the words of the finest description of each picture: they hardly differ from grid to grid."""
    return [*dict.fromkeys(words_of(derived.strip(parse_text(text))) for text in texts)]


def unseen(data: Path, most: int = 500) -> list[str]:
    """Give prompts of sources that no table is trained on: they are measured with, no more."""
    allow = allowlist()
    stem = data / "text" / "prompts_train"
    pairs = zip(lines(stem.with_suffix(".src.zst")), lines(stem.with_suffix(".txt.zst")), strict=True)
    texts = [unescape(line) for tag, line in pairs if tag in _UNSEEN and tag in allow["excluded"]]
    return sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest())[:most]


def tokenise(vocabulary: Vocabulary, texts: list[str]) -> list[NDArray[np.uint16]]:
    """Give each text's tokens."""
    return [np.frombuffer(vocabulary.encode(text.encode()), np.uint16) for text in texts]


def prune(counted: ppm_counts.Counted, least: int) -> None:
    """Drop rare sequences of four tokens."""
    keys, times = counted[4]
    counted[4] = keys[times >= least], times[times >= least]


def make(texts: dict[str, list[str]], size: int) -> Tables:
    """Train everything."""
    start = time.perf_counter()

    def say(what: str) -> None:
        print(f"{time.perf_counter() - start:6.1f} s  {what}", flush=True)

    counts = ppm_bpe.word_counts(
        (text, WEIGHTS.get(kind, 2)) for kind, part in texts.items() for text in part
    )
    merges = ppm_bpe.merges(counts, size)
    size = BASE + len(merges) // 2
    say(f"{size} tokens")
    plain = Vocabulary(merges, range(size))
    flat = np.concatenate([tokens for part in texts.values() for tokens in tokenise(plain, part)])
    tree = ppm_tree.grow(flat.astype(np.int64), size)
    numbers = np.empty(size, np.uint16)
    numbers[tree.order] = np.arange(size)
    say("tree")
    vocabulary = Vocabulary(merges, numbers.tolist())
    parts = {kind: tokenise(vocabulary, part) for kind, part in texts.items()}
    folds = [[], []]
    spared: list[str] = []
    for kind, part in parts.items():
        cut = len(part) * 7 // 8
        folds[0] += part[:cut]
        folds[1] += part[cut:]
        if kind != "phrases":
            spared += texts[kind][cut :: FITTED.get(kind, 1) if "written words" in texts else 1]
    stream = np.concatenate(folds[0] + folds[1]).astype(np.int64)
    base = ppm_fit.base_logits(stream, tree.root, tree.left.tolist(), tree.right.tolist())
    some = ppm_counts.count(folds[0], vocabulary.end)
    prune(some, LEAST)
    first = Tables(
        np.array(merges, np.uint16),
        numbers,
        tree.root,
        tree.left,
        tree.right,
        np.round(base * 256).astype(np.int16),
        np.zeros((INPUTS - 1, LOGITS), np.int16),
        np.zeros((BAND_COUNT, INPUTS), np.int32),
        ppm_counts.levels(some, size),
    )
    spared = sorted(spared, key=lambda text: hashlib.sha256(text.encode()).digest())
    rows = ppm_fit.trace(Model(first), spared[: len(spared) * 2 // 3])
    say(f"{len(rows)} splits of {len(spared)} texts to fit to")
    fitted = ppm_fit.fit(base, rows)
    say("fitted")
    counted = ppm_counts.count(folds[0] + folds[1], vocabulary.end)
    prune(counted, LEAST)
    print("  sequences:", {level: len(keys) for level, (keys, _) in counted.items()})
    return replace(
        first, base=fitted[0], logits=fitted[1], weights=fitted[2], levels=ppm_counts.levels(counted, size)
    )


def report(model: Model, texts: Texts, most: int) -> None:
    """Print bytes an item against zstd with a dictionary trained on the same lines."""
    words = train([text for kind in (*GROUPS, "phrases") for text in texts.train.get(kind, [])])
    own = {kind: train(part) for kind, part in texts.train.items() if kind not in (*GROUPS, "phrases")}
    for kind, part in texts.dev.items():
        items = [
            text.encode() for text in sorted(part, key=lambda t: hashlib.sha256(t.encode()).digest())[:most]
        ]
        blocks = [zstd.compress(item, own.get(kind, words)) for item in items]
        theirs = sum(len(block[1]) if block else len(item) for block, item in zip(blocks, items, strict=True))
        start = time.process_time()
        coded = [ppm.encode(item, model) for item in items]
        middle = time.process_time()
        for item, code in zip(items, coded, strict=True):
            assert ppm.decode(code, model, len(item)) == item
        end = time.process_time()
        n, ours = len(items), sum(map(len, coded))
        print(
            f"{kind:15} {n:5} items  raw {sum(map(len, items)) / n:6.1f}  zstd {theirs / n:6.1f}  "
            f"ppm {ours / n:6.1f}  ratio {ours / theirs:.3f}  "
            f"{n / (middle - start):5.0f} enc/s {n / (end - middle):5.0f} dec/s",
            flush=True,
        )


def main() -> None:
    """Train, write the table and measure it on held-out texts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=HERE.parent / DATA)
    parser.add_argument("--limit", type=int, help="pictures to describe (all)")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--table", choices=("ppm-1", "ppm-2"), default="ppm-1")
    parser.add_argument("--tokens", type=int, default=TOKENS)
    parser.add_argument("--measure", type=int, default=400, help="held-out texts of a kind to measure")
    args = parser.parse_args()
    collect = gather if args.table == "ppm-1" else gather_written
    texts = collect(args.data, args.limit, args.jobs)
    for kind, part in texts.train.items():
        print(f"{kind:15} {len(part)} texts, {sum(len(text.encode()) for text in part)} bytes")
    table = make(texts.train, args.tokens)
    packed = pack(table)
    print(f"table: {len(packed)} bytes")
    source = "python -m training.ppm" + ("" if args.table == "ppm-1" else f" --table {args.table}")
    tables.write(args.table, f"{args.table}.ppm", packed, source=source)
    report(Model(table), texts, args.measure)


if __name__ == "__main__":
    main()
