"""Generators: from the conditions a stream gives to a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from promptcodec.generators.watching import UNWATCHED, Watch
from promptcodec.settings import STRENGTH

if TYPE_CHECKING:
    from PIL import Image

    from promptcodec.description import Description
    from promptcodec.errors import Notice
    from promptcodec.layers.texture import Coefficients
    from promptcodec.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a generator may draw from; a layer the stream does not carry is None.

    Attributes:
        size: width and height of the picture wanted, in pixels.
        seed: 0 <= seed < 2**32, for everything random.
        description: the semantic layer.
        texture: RGB, the texture layer's picture, band-limited, at ``size`` or scaled down from it.
        structure: contours or skeletons, mode L, 255 on the line, at ``size`` or scaled down from it.
        pixels: a coded picture, RGB at ``size``; a faithful generator just shows it.
        recipe: the generation syntax the original file carried.
        coefficients: the texture layer's coefficients, for a generator that is held to them.
        skeletons: the structure shows how people stand: its lines are limbs, no edges of anything.
        people: their seventeen key points in COCO's order, x and y in 0..1, None where not labelled.
        layer_bytes: bytes of each layer's part by layer name: how much a layer can say, so how far it is
            followed (`promptcodec.generators.guidance`).
        trust_recipe: the recipe may be run: its prompts are syntax then, its graph is queued.
        strength: 0 keeps to what the layers say, 1 invents what makes a vivid picture.
        signature: what the original measured, for checks and for choosing among candidates.
        correction: what was wrong with an earlier picture, for generators that read words.
        again: for checks, the recipe that a picture says it was made from: the stream's, once more.
    """

    size: tuple[int, int]
    seed: int
    description: Description | None = None
    texture: Image.Image | None = None
    structure: Image.Image | None = None
    pixels: Image.Image | None = None
    recipe: Recipe | None = None
    signature: bytes | None = None
    correction: str = ""
    coefficients: Coefficients | None = None
    strength: float = STRENGTH
    skeletons: bool = False
    layer_bytes: Mapping[str, int] = field(default_factory=dict)
    trust_recipe: bool = False
    again: Recipe | None = None
    people: Sequence[Sequence[tuple[float, float] | None]] = ()


class Generator(Protocol):
    """One method; heavy imports happen inside it."""

    name: str

    @property
    def provenance(self) -> Mapping[str, str]:
        """What the metadata of its pictures keeps of it beside its name: its model, say; often nothing."""
        ...

    def generate(self, conditions: Conditions, watch: Watch = UNWATCHED) -> Image.Image:
        """Draw an RGB picture of ``conditions.size``.

        Args:
            conditions: what to draw.
            watch: is told how far it is, and may end it by raising; what the generator started elsewhere is
                ended then too.

        Returns:
            Mode RGB. One that was made again from the recipe keeps its file's (`promptcodec.recipe.keep`):
            the check of re-generation reads that.

        Raises:
            GeneratorError: no picture could be made.
        """
        ...


@runtime_checkable
class BatchGenerator(Protocol):
    """What a generator has besides that draws several pictures in about the time of one."""

    @property
    def batch(self) -> int:
        """The most pictures it draws at once."""
        ...

    def generate_all(
        self, conditions: Sequence[Conditions], watch: Watch = UNWATCHED
    ) -> Sequence[Image.Image]:
        """Draw up to ``batch`` pictures, each as ``generate`` does; in order."""
        ...


@runtime_checkable
class NoticingGenerator(Protocol):
    """What a generator has besides that may not use all it was given, or change it."""

    @property
    def notices(self) -> Sequence[Notice]:
        """What it could not use, or changed, in the pictures of its last call; read when they are drawn."""
        ...


@runtime_checkable
class PricedGenerator(Protocol):
    """What a generator that asks paid services has besides."""

    def estimate(self, conditions: Conditions, watch: Watch = UNWATCHED) -> float:
        """Give the dollars one picture will come to, the previews that are wanted of it included.

        Returns:
            nan where prices are unknown.
        """
        ...
