"""Which checkpoint draws: the profile's, else the server's first; and which control models there are."""

from __future__ import annotations

from promptcodec.errors import MissingError
from promptcodec.generators.comfyui.catalogue import Catalogue, options
from promptcodec.generators.shown import listed, shown

CHECKPOINT = ("CheckpointLoaderSimple", "ckpt_name")
UNION_TYPE = {False: "canny/lineart/anime_lineart/mlsd", True: "openpose"}
"""What ``SetUnionControlNetType`` calls contours, and skeletons."""


def checkpoint(catalogue: Catalogue, wanted: str) -> str:
    """Give the checkpoint that was named, else the first that the server lists.

    Raises:
        MissingError: it is not there, or none is.
    """
    there = options(catalogue, *CHECKPOINT)
    if wanted and wanted not in there:
        has = f"there are {listed(there)}" if there else "there is none"
        raise MissingError(f"the ComfyUI server has no checkpoint {shown(wanted)}; {has}")
    if not there:
        raise MissingError("the ComfyUI server has no checkpoint: put one into its models/checkpoints")
    return wanted or there[0]


def controls(catalogue: Catalogue) -> tuple[str, ...]:
    """Give the control models that the server lists."""
    return options(catalogue, "ControlNetLoader", "control_net_name")
