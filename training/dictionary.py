"""Make the shipped zstd dictionary, ``promptcodec/models/text-1.zdict``.

Run: python -m training.dictionary --data DIR [--limit N]
"""

from __future__ import annotations

import argparse
import hashlib
import time
from pathlib import Path

from promptcodec.entropy import Dictionary, brotli, zstd
from promptcodec.entropy.dictionary import SIZE, train
from training import local_texts, tables
from training.texts import DATA, GROUPS, HERE, load, split

# Descriptions by the local captioner are what most streams hold; prompts and captions keep
# the words of API captioners, edits and recipes cheap.
DESCRIPTION_SHARE = 0.4


def mix(texts: list[str], local: list[str], share: float = DESCRIPTION_SHARE) -> list[str]:
    """Put together all of one kind and so much of the other that ``share`` of the bytes are local."""
    text_bytes, local_bytes = _size(texts), _size(local)
    wanted = text_bytes * share / (1 - share)
    if local_bytes > wanted:
        return texts + thin(local, int(wanted))
    return thin(texts, int(local_bytes * (1 - share) / share)) + local if local else texts


def thin(texts: list[str], size: int) -> list[str]:
    """Keep about ``size`` bytes of the texts, chosen by their hash."""
    kept, room = [], size
    for text in sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest()[1:]):
        room -= len(text.encode())
        if room < 0:
            break
        kept.append(text)
    return kept


def report(kind: str, texts: list[str], dictionary: Dictionary) -> None:
    """Print mean bytes an item and items a second, head byte included."""
    items = [text.encode() for text in texts]
    if not items:
        return
    start = time.perf_counter()
    blocks = [zstd.compress(item, dictionary) for item in items]
    middle = time.perf_counter()
    coded = [block for block in blocks if block]
    for block in coded:
        zstd.decompress(*block, dictionary, zstd.BLOCK_MAX)
    end = time.perf_counter()
    n = len(items)
    print(
        f"{kind}: {n} items, raw {1 + _size(texts) / n:.1f}, "
        f"brotli {1 + sum(len(brotli.compress(item)) for item in items) / n:.1f}, "
        f"zstd {1 + sum(len(block[1]) for block in coded) / len(coded):.1f} bytes; "
        f"zstd {n / (middle - start):.0f} enc/s, {len(coded) / (end - middle):.0f} dec/s"
    )


def _size(texts: list[str]) -> int:
    return sum(len(text.encode()) for text in texts)


def main() -> None:
    """Train, write the table, and measure it on the held-out texts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=HERE.parent / DATA)
    parser.add_argument("--limit", type=int, help="pictures to describe (all)")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    groups = {group: split(load(args.data, group)) for group in GROUPS}
    local, local_dev = local_texts.load(args.data, args.limit, args.jobs)
    texts = [text for group in groups.values() for text in group[0]]
    samples = mix(texts, local)
    print(f"training on {len(samples)} texts, {_size(samples)} bytes")
    dictionary = train(samples, SIZE)
    tables.write("text-1", "text-1.zdict", dictionary.data, source="python -m training.dictionary")
    for group, (_, dev) in groups.items():
        report(group, dev, dictionary)
    report("local descriptions", local_dev, dictionary)


if __name__ == "__main__":
    main()
