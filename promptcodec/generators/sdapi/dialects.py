"""What each server takes, as far as it differs: one row each.

Sources: ``modules/api`` of A1111's web UI, Forge and SD.Next, ``examples/server`` of stable-diffusion.cpp,
``koboldcpp.py``, ``xinference/model/image/sdapi.py``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """One server's ways.

    Attributes:
        title: its name in prose.
        step: what a side is a multiple of.
        longest: pixels of a side at most.
        steps, cfg: sent where a profile names none; 0 leaves them to the server, which knows its model.
        control: how it takes the structure layer: ``units``, ``control``, ``prompt``; ``""`` is not at all.
        interrupts: it tells how far a picture is, and can be stopped.
        checkpoints: it loads the checkpoint that is asked for; else it has the one it was started with.
        data_urls: pictures are sent as data URLs.
        schedulers: it takes a scheduler beside the sampler.
        recipes: it runs the prompt syntax of A1111's recipes.
    """

    title: str
    step: int = 8
    longest: int = 2048
    steps: int = 25
    cfg: float = 6.0
    control: str = ""
    interrupts: bool = False
    checkpoints: bool = True
    data_urls: bool = False
    schedulers: bool = True
    recipes: bool = False


DIALECTS = {
    "a1111": Dialect("A1111's web UI", control="units", interrupts=True, recipes=True),
    "forge": Dialect("Forge", control="units", interrupts=True, recipes=True),
    "sdnext": Dialect("SD.Next", control="control", interrupts=True, schedulers=False, recipes=True),
    "sdcpp": Dialect("stable-diffusion.cpp", step=64, steps=0, cfg=0.0, control="prompt", checkpoints=False),
    "koboldcpp": Dialect("KoboldCpp", step=64, longest=1024, steps=0, cfg=0.0, checkpoints=False),
    "xinference": Dialect("Xinference", data_urls=True, schedulers=False),
}
