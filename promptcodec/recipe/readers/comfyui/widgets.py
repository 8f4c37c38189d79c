"""Widget values of an editor's workflow by name: it keeps them in a bare list.

A newer editor lists every widget as an input, so the names are there. Of an older one WIDGETS has them.
Samplers that it lacks are known by the run of their values: seed, steps, guidance, sampler, scheduler.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from promptcodec.recipe.readers.comfyui.widget_names import RUN, WIDGETS

_SEEDS = ("seed", "noise_seed", "value", "variation_seed", "seed_2nd")
_AFTERWARDS = ("fixed", "increment", "decrement", "randomize")  # what the editor does to a seed next


def widgets_of(node: Mapping[str, Any]) -> dict[str, Any]:  # noqa: PLR0911 - one rule after the other
    """Give a node's widget values by name, as far as names are known."""
    values = node.get("widgets_values")
    if isinstance(values, dict):
        return {str(key): value for key, value in values.items()}
    if not isinstance(values, list):
        return {}
    kind = str(node.get("type"))
    plain = _without_afterwards(values)
    listed = _listed(node)
    if listed and len(listed) == len(plain):
        return dict(zip(listed, plain, strict=True))
    named = _by_table(WIDGETS.get(kind, "").split(), values)
    if named and _fits(named):
        return named
    if run := _run_among(values):
        return run
    if kind in WIDGETS:  # of another version than the table's
        return {}
    if kind.startswith("Power Lora Loader"):
        loras = [value for value in values if isinstance(value, dict) and "lora" in value]
        return {f"lora_{number}": lora for number, lora in enumerate(loras, 1)}
    if listed and len(listed) == len(values):
        return dict(zip(listed, values, strict=True))
    if len(plain) == 1:
        return {"value": plain[0]}
    return {}


def _fits(named: Mapping[str, Any]) -> bool:
    """Say whether values are of the types that their names ask for."""
    return all(_TYPES[name](value) for name, value in named.items() if name in _TYPES)


def _run_among(values: list[Any]) -> dict[str, Any]:
    """Find seed, steps, guidance, sampler and scheduler side by side, as samplers of all kinds have them."""
    for pattern in _RUNS:
        for start in range(len(values) - len(pattern) + 1):
            run = dict(zip(pattern, values[start:], strict=False))
            if run.get("seed", 0) is None or not _fits(run):
                continue
            rest = values[start + len(pattern) :]
            if "denoise" not in run and rest and _is_part(rest[0]):
                run["denoise"] = rest[0]
            run.pop("*", None)
            return run
    return {}


def _is_afterwards(value: Any) -> bool:
    """Say whether a value is the editor's own: a word, in old files a bool, a null where it is a button."""
    return value is None or isinstance(value, bool) or (isinstance(value, str) and value in _AFTERWARDS)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_seed(value: Any) -> bool:
    return value is None or _is_count(value)


def _is_part(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and value not in _AFTERWARDS


_MOST = 10_000  # steps; a seed is larger as a rule
_RUNS = tuple(
    tuple(names.split())
    for names in (f"seed * {RUN}", f"{RUN} denoise seed *", f"seed {RUN}", f"{RUN} denoise")
)
_TYPES: dict[str, Callable[[Any], bool]] = {
    "seed": _is_seed,
    "noise_seed": _is_seed,
    "steps": lambda value: _is_count(value) and value <= _MOST,
    "cfg": lambda value: _is_number(value) and value <= _MOST,
    "sampler_name": _is_word,
    "scheduler": _is_word,
    "denoise": _is_part,
    "*": _is_afterwards,
    "width": _is_count,
    "height": _is_count,
}


def _listed(node: Mapping[str, Any]) -> list[str]:
    """Give the names of the inputs that are widgets too."""
    inputs = node.get("inputs")
    widgets = (
        (item.get("widget") for item in inputs if isinstance(item, dict)) if isinstance(inputs, list) else ()
    )
    names = (widget.get("name") for widget in widgets if isinstance(widget, dict))
    return [
        name for name in names if isinstance(name, str) and name not in ("upload", "control_after_generate")
    ]


def _without_afterwards(values: list[Any]) -> list[Any]:
    """Leave out the editor's own value behind each seed."""
    kept: list[Any] = []
    for place, value in enumerate(values):
        number = place > 0 and isinstance(values[place - 1], (int, float, type(None)))
        if not (number and isinstance(value, str) and _is_afterwards(value)):
            kept.append(value)
    return kept


def _by_table(names: list[str], values: list[Any]) -> dict[str, Any]:
    """Lay names over values; a seed may be followed by what the editor does to it next, or may not."""
    named: dict[str, Any] = {}
    todo = list(values)
    for name in names:
        if not todo:
            break
        named[name] = todo.pop(0)
        if name in _SEEDS and todo and _is_afterwards(todo[0]):
            todo.pop(0)
    return named
