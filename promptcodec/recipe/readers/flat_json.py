"""What the tools that write one flat JSON object share: which keys each uses for what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from promptcodec.recipe.model import Addon, ModelInfo, Platform, Recipe, Settings
from promptcodec.recipe.values import first, number, others, size, text, vae, whole

Keys = Mapping[str, tuple[str, ...]]

PLAIN: Keys = {
    "prompt": ("prompt",),
    "negative": ("negative_prompt",),
    "sampler": ("sampler",),
    "scheduler": ("scheduler",),
    "steps": ("steps",),
    "guidance": ("guidance_scale",),
    "seed": ("seed",),
    "width": ("width",),
    "height": ("height",),
    "denoise": ("strength",),
    "size": ("resolution",),
    "model": ("model",),
    "hash": ("hash",),
    "vae": ("vae",),
    "version": ("version",),
}


def to_recipe(
    tool: str,
    values: Mapping[str, Any],
    keys: Keys,
    *,
    known: Iterable[str] = (),
    model: str | None = None,
    digest: str | None = None,
    loras: tuple[Addon, ...] = (),
    hires: dict[str, Any] | None = None,
    version: str | None = None,
) -> Recipe:
    """Make the recipe of a flat object.

    Args:
        tool: the platform's name.
        values: the object.
        keys: those that hold each field, first of them first.
        known: other keys that do not go to ``extra``.
        model: its name, where it stands elsewhere.
        digest: its hash, where it stands elsewhere.
        loras: as in ModelInfo.
        hires: as in Settings.
        version: where the object has none.
    """

    def get(name: str) -> Any:
        return first(values, keys.get(name, ()))

    width, height = whole(get("width")), whole(get("height"))
    if width is None or height is None:
        width, height = size(get("size"))
    settings = Settings(
        prompt=text(get("prompt")),
        negative=text(get("negative")),
        sampler=text(get("sampler")),
        scheduler=text(get("scheduler")),
        steps=whole(get("steps")),
        guidance=number(get("guidance")),
        seed=whole(get("seed")),
        width=width,
        height=height,
        denoise=number(get("denoise")),
        hires=hires or {},
    )
    info = ModelInfo(model or text(get("model")), digest or text(get("hash")), vae(get("vae")), loras)
    used = {key for names in keys.values() for key in names} | set(known)
    return Recipe(Platform(tool, text(get("version")) or version), info, settings, others(values, used))
