"""Does a description find its picture's own prompt among 20 others? By a sentence embedding.

    python -m eval.describe_match PROMPTS.jsonl [--repeats N] [--words] [--json]

PROMPTS.jsonl has `file` and `prompt` per line, files beside it; lines without a prompt are left out. The
summary of the description is compared with the own prompt and 20 others
drawn at random, many times. Reported: mean reciprocal rank and share of first places, with what chance
gives. `pixels` describes the picture alone; `file` may use the prompt the file itself carries.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from eval.sentences import embed
from promptcodec import inspect
from promptcodec.codec import encode

OTHERS = 20


def reciprocal_ranks(similarity: np.ndarray, repeats: int) -> np.ndarray:
    """Rank each row's own column among itself and OTHERS random columns, ``repeats`` times."""
    random = np.random.default_rng(0)
    count = len(similarity)
    ranks = []
    for row in range(count):
        rest = np.delete(np.arange(count), row)
        for _ in range(repeats):
            drawn = random.choice(rest, OTHERS, replace=False)
            ranks.append(1 + int((similarity[row, drawn] >= similarity[row, row]).sum()))
    return 1 / np.array(ranks)


def main() -> None:
    """Print one line per way of describing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prompts", type=Path)
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--words", action="store_true", help="print every description beside its prompt")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    lines = [json.loads(line) for line in options.prompts.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if line.get("prompt")]
    targets = embed([line["prompt"] for line in lines])
    chance = float((1 / np.arange(1, OTHERS + 2)).mean())
    for name, recipe in (("pixels", "off"), ("file", "auto")):
        said = []
        for line in lines:
            data = (options.prompts.parent / line["file"]).read_bytes()
            said.append(inspect(encode(data, layers=("semantic",), recipe=recipe))["description"]["summary"])
            if options.words:
                print(f"{line['file']}\n  said:   {said[-1]}\n  prompt: {line['prompt'][:200]}")
        ranks = reciprocal_ranks(embed(said) @ targets.T, options.repeats)
        row = {
            "from": name,
            "n": len(lines),
            "mrr": round(float(ranks.mean()), 3),
            "mrr_chance": round(chance, 3),
            "first": round(float((ranks == 1).mean()), 3),
            "first_chance": round(1 / (OTHERS + 1), 3),
        }
        print(json.dumps(row) if options.json else "  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
