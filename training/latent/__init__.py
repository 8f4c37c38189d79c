"""The small latent pipeline: pack, train, evaluate, export. See docs/measurements/latent.md."""

from __future__ import annotations

from training.generator import held_out, pictures
from training.texts import HERE

BUILD = HERE.parent / "build" / "latent"

__all__ = ["BUILD", "held_out", "pictures"]
