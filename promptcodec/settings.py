"""What the options of encoding and decoding may be: one place for library and command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from promptcodec.description import Description
    from promptcodec.entropy.dictionary import AnyDictionary, Dictionary
    from promptcodec.generators import Generator

DEFAULT_LAYERS = ("semantic", "texture")
QUALITY_BYTES = (64, 128, 256, 512, 1024)
"""Bytes of the presets 1..5; a picture of any size gets the same words and colours for them."""
TUNES = ("balanced", "pixels", "generative")
STRUCTURES = ("auto", "edges", "pose")
EDGES = ("canny", "soft")
TEXT_CODERS = ("auto", "ppm", "zstd", "brotli", "raw")
RECIPE_MODES = ("auto", "only", "off")
MIN_EFFORT, EFFORT, MAX_EFFORT = 1, 4, 9
"""How hard an encoder may try, and how hard it does by default."""
MAX_SEED = 2**32 - 1
CAPTIONER = "local"
GENERATOR = "builtin"
STRENGTH = 0.5


@dataclass(frozen=True, slots=True)
class EncodeSettings:
    """How a picture is encoded; see ``promptcodec.encode`` for each."""

    budget: int | None = None
    bpp: float | None = None
    quality: int | None = None
    tune: str | Mapping[str, float] = TUNES[0]
    words: float | None = None
    layers: Sequence[str] = DEFAULT_LAYERS
    structure: str = STRUCTURES[0]
    edges: str = EDGES[0]
    pose: Any = None
    captioner: str = CAPTIONER
    description: Description | None = None
    text_coder: str = TEXT_CODERS[0]
    dictionary: Dictionary | None = None
    recipe: str = RECIPE_MODES[0]
    redact: bool = False
    seed: int | None = None
    bare: bool = False
    effort: int = EFFORT


@dataclass(frozen=True, slots=True)
class DecodeSettings:
    """How streams are decoded; see ``promptcodec.decode`` for each."""

    generator: str | Generator = GENERATOR
    layers: Sequence[str] | None = None
    seed: int | None = None
    size: tuple[int, int] | None = None
    partial: bool = False
    check: bool = False
    best_of: int = 1
    retries: int = 0
    strength: float = STRENGTH
    trust_recipe: bool = False
    dictionaries: Sequence[AnyDictionary] = ()
    bare: bool = False
