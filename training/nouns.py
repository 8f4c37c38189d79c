"""Make the table of what cells show, ``promptcodec/models/nouns-1.txt``, and print its figures.

Run: python -m training.nouns

Nouns are those that two written descriptions' pictures share, and BASIC ones. A noun's frequency is how
often a cell says it where neither its left nor its upper neighbour does; what neighbours, objects and
words add is fitted by coordinate descent to the bits that the cells take.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from promptcodec.description import Description
from promptcodec.layers.semantic import nouns
from training import tables, written

BASIC = (
    "sky cloud sea water lake river wave rain snow ice sand beach rock stone cliff mountain hill "
    "ground grass field meadow foliage leaf tree trunk branch forest bush plant flower garden path "
    "road street pavement bridge wall fence door window roof building house tower city column stairs "
    "floor ceiling carpet curtain furniture table chair bed sofa shelf lamp light darkness shadow "
    "fire smoke face hair eye mouth neck shoulder arm hand leg foot body clothing shirt dress jacket "
    "hat fur feathers wing tail head back paw horse dog cat bird fish car truck bus train boat ship "
    "aircraft bicycle motorcycle wheel food plate cup glass bottle fruit vegetable bread cake text "
    "sign paper book screen button fabric metal wood machine robot statue mask armour sword star moon "
    "sun planet background man woman child people crowd "
)
START = [200, 200, 4000, 2000, 4000, 600, 300, 100]
"""Frequencies of SILENT and NEXT, then what LEFT, ABOVE, BOTH, COVERED, MENTIONED and USED add."""
STEPS = (2, 0.5, 1.4, 0.7, 1.15, 0.87)
SCALE, LEAST = 4, 2
MOST = 1 << 18


def vocabulary(descriptions: Sequence[written.Written]) -> dict[str, int]:
    """Give the nouns with their frequencies, the commonest first."""
    pictures: dict[str, set[str]] = defaultdict(set)
    news: Counter[str] = Counter()
    for each in descriptions:
        cells, cols = each.description.cells, each.description.cols
        for index, cell in enumerate(cells):
            near = {cells[index - 1].text} if index % cols else set()
            near |= {cells[index - cols].text} if index >= cols else set()
            if cell.text:
                pictures[cell.text].add(each.file)
                news[cell.text] += cell.text not in near
    known = {text for text, files in pictures.items() if len(files) >= LEAST} | set(BASIC.split())
    ordered = sorted(known, key=lambda text: (-news[text], text))
    return {text: SCALE * news[text] + 2 for text in ordered}


def bits(descriptions: Sequence[Description]) -> float:
    """Count the bits that cells take."""
    total = 0.0
    for description in descriptions:
        spoken = (description.summary, description.light, description.mood)
        objects = [(thing.name, thing.box) for thing in description.objects]
        texts = nouns.CellTexts(spoken, objects, description.cols)
        for cell in description.cells:
            given = texts.frequencies()
            total -= math.log2(given[texts.number(cell.text)] / sum(given))
            texts.learn(cell.text)
    return total


def fit(descriptions: Sequence[Description], known: dict[str, int]) -> list[int]:
    """Fit the weights."""
    nouns.nouns = lambda: known
    weights = list(START)
    nouns.weights = lambda: tuple(weights)
    best = bits(descriptions)
    for factor in STEPS:
        for at in range(len(weights)):
            while True:
                former = weights[at]
                weights[at] = min(max(round(former * factor), 1), MOST)
                now = bits(descriptions)
                if now >= best - 1:
                    weights[at] = former
                    break
                best = now
        print(f"  {factor}: {weights} {best / len(descriptions) / 8:.2f} B a description", flush=True)
    return weights


def main() -> None:
    """Make the table and measure it on descriptions held out."""
    every = [each for each in written.read() if each.characters > 80]
    train = [each for each in every if not written.held_out(each.file)]
    held = [each.description for each in every if written.held_out(each.file)]
    known = vocabulary(train)
    # Two thirds name the nouns that the weights are fitted with on the others: a noun of a picture's own
    # would always be known.
    first = [each for index, each in enumerate(train) if index // 2 % 3]
    rest = [each.description for index, each in enumerate(train) if not index // 2 % 3]
    weights = fit(rest, vocabulary(first))
    nouns.nouns = lambda: known
    lines = [" ".join(map(str, weights)), *(f"{count} {text}" for text, count in known.items())]
    tables.write(nouns.TABLE, "nouns-1.txt", "\n".join(lines).encode(), source="python -m training.nouns")
    cells = sum(len(each.cells) for each in held)
    print(f"{len(known)} nouns; held out: {len(held)} descriptions, {bits(held) / cells:.2f} bits a cell")


if __name__ == "__main__":
    main()
