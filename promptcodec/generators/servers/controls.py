"""Which control model follows the structure layer: the one that was named, else by what its name says."""

from __future__ import annotations

import re
from collections.abc import Sequence

from promptcodec.errors import MissingError
from promptcodec.generators import Conditions
from promptcodec.generators.guidance import control_weight
from promptcodec.generators.shown import listed, shown
from promptcodec.generators.sizes import family

# What a control model's name says it follows, the closest to our layer first.
_UNIONS = ("union", "promax")
_EDGES = ("canny", "lineart", "scribble", "softedge", "hed", *_UNIONS)
_POSE = ("openpose", "pose", *_UNIONS)
_OTHER = ("ip-adapter", "ip_adapter", "ipadapter")
_ENDING = re.compile(r"\.(?:safetensors|ckpt|gguf|pt|pth|sft)$", re.IGNORECASE)
_HASH = re.compile(r"\s*\[[0-9a-f]+\]$", re.IGNORECASE)


def pick(
    conditions: Conditions, there: Sequence[str], title: str, *, edges: str, pose: str
) -> tuple[str, str]:
    """Choose the control model for a structure layer; where there is a layer and no model, say why.

    Args:
        conditions: whose structure it is.
        there: what the server lists.
        title: as of ``choose``.
        edges: the one for contours that a user named, ``""`` for none.
        pose: the one for skeletons, likewise.
    """
    if conditions.structure is None:
        return "", ""
    if control_weight(conditions.layer_bytes, conditions.strength, skeletons=conditions.skeletons) <= 0:
        return "", "nothing is known of its bytes, so its weight is 0"
    entry, lines, named = (
        ("pose", "skeletons", pose) if conditions.skeletons else ("edges", "contours", edges)
    )
    model = choose(there, named, skeletons=conditions.skeletons, title=title)
    return model, "" if model else (
        f"no control model there is known to follow {lines} with this checkpoint; {entry}=NAME names one"
    )


def choose(there: Sequence[str], named: str, *, skeletons: bool, title: str) -> str:
    """Choose a control model.

    Args:
        there: what the server lists.
        named: by the user; ``""`` for none.
        skeletons: the layer shows people's limbs, else contours.
        title: of the checkpoint: a control model of another family cannot be used with it.

    Returns:
        Its name as listed, ``""`` where none fits.

    Raises:
        MissingError: the one that was named is not there.
    """
    if named:
        for name in there:
            if named == name or stem(named) == stem(name):
                return name
        has = listed(there, 12) or "none"
        raise MissingError(f"the server has no control model {shown(named)!r}; it has {has}")
    fitting = [
        name
        for name in there
        if family(name) == family(title) and not any(other in name.lower() for other in _OTHER)
    ]
    for sign in _POSE if skeletons else _EDGES:
        for name in sorted(fitting):
            if sign in name.lower():
                return name
    return ""


def is_union(name: str) -> bool:
    """Say whether a control model is one for every kind of control picture."""
    return any(sign in name.lower() for sign in _UNIONS)


def stem(title: str) -> str:
    """Give a model's title without folder, ending and hash, in small letters."""
    name = re.split(r"[\\/]", _HASH.sub("", title))[-1]
    return _ENDING.sub("", name).strip().lower()
