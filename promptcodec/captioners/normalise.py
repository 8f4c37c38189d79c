"""Put right what a model's answer breaks between fields, where nothing is lost by it.

A schema can say which words a field may have, not that a tone needs a neighbour. Such slips are
common and harmless: asking again for them would double the cost.
"""

from __future__ import annotations

from typing import Any

from promptcodec.description.model import clean


def normalise(value: Any) -> Any:
    """Give the JSON object of a description with its cross-field slips put right; changes ``value``.

    What is not shaped like a description comes back as it is: validation says what is wrong.
    """
    try:
        rows, cols = value["rows"], value["cols"]
        for index, cell in enumerate(value["cells"]):
            _normalise_cell(cell, index // cols, index % cols)
        value["objects"] = [thing for thing in value["objects"] if clean(thing["name"])]
        for thing in value["objects"]:
            thing["name"] = thing["name"].replace(",", " ")
            thing["attributes"] = [
                part.strip()
                for item in thing["attributes"]
                for part in clean(item).split(",")
                if part.strip()
            ]
        value["lettering"] = [item for item in value["lettering"] if clean(item["text"])]
        for item in value["lettering"]:
            item["manner"] = item["manner"].replace(":", " ")
        for boxed in (*value["objects"], *value["lettering"]):
            _normalise_box(boxed["box"], rows, cols)
    except (KeyError, TypeError, AttributeError, ZeroDivisionError):
        pass
    return value


def _normalise_cell(cell: dict[str, Any], row: int, col: int) -> None:
    if (cell["continues"] == "left" and col == 0) or (cell["continues"] == "above" and row == 0):
        cell["continues"] = ""
    if not cell["continues"]:
        cell["tone"] = ""
    cell["colours"] = list(dict.fromkeys(cell["colours"]))[:2]
    if len(cell["colours"]) < 2:
        cell["arrangement"] = ""
    elif not cell["arrangement"]:
        cell["arrangement"] = "with"
    if not cell["texture"]:
        cell["orientation"] = ""


def _normalise_box(box: dict[str, int], rows: int, cols: int) -> None:
    for first, last, most in (("top", "bottom", rows), ("left", "right", cols)):
        low, high = sorted((box[first], box[last]))
        box[first] = min(max(low, 1), most)
        box[last] = min(max(high, 1), most)
