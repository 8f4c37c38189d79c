"""The recipe: what made a picture, in one form for all tools, and the metadata as it stood in the file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from promptcodec.recipe.tiff import text_values

Number = int | float


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece of metadata, byte for byte.

    Attributes:
        carrier: where it stood, one of CARRIERS.
        key: the keyword of a text chunk; ``""`` elsewhere.
        data: its content: of a PNG text chunk the text without the keyword and without
            compression, of ``exif`` the whole TIFF block, of ``xmp`` the packet.
    """

    carrier: str
    key: str
    data: bytes

    def texts(self) -> dict[str, str]:
        """Give the texts in it by key: one, or of EXIF one for each tag that holds text."""
        if self.carrier == "exif":
            return text_values(self.data)
        return {self.key or self.carrier: text_of(self.data)}


CARRIERS = ("tEXt", "zTXt", "iTXt", "exif", "xmp", "comment", "stealth")


def text_of(data: bytes) -> str:
    """Decode UTF-8, or else Latin-1, which is what PNG says and any bytes are."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


@dataclass(frozen=True, slots=True)
class Addon:
    """A LoRA, hypernetwork or ControlNet: its name, its weight where said, its hash where said."""

    name: str
    weight: Number | None = None
    hash: str | None = None


@dataclass(frozen=True, slots=True)
class Platform:
    """What ran: the tool's name (one of the readers'), its version, the device, where said."""

    tool: str
    version: str | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The generative model: its name and hash as the tool gives them, and what was added to it."""

    name: str | None = None
    hash: str | None = None
    vae: str | None = None
    loras: tuple[Addon, ...] = ()
    controlnets: tuple[Addon, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """The data configuration.

    Attributes:
        prompt, negative: with the tool's own weight syntax.
        sampler, scheduler: as the tool names them.
        steps, guidance, seed: numbers.
        width, height: in pixels, of the first pass.
        denoise: strength, 0..1, where the tool says one.
        hires: the second pass: ``scale``, ``steps``, ``upscaler``, ``denoise``, ``width``, ``height``.
    """

    prompt: str | None = None
    negative: str | None = None
    sampler: str | None = None
    scheduler: str | None = None
    steps: int | None = None
    guidance: Number | None = None
    seed: int | None = None
    width: int | None = None
    height: int | None = None
    denoise: Number | None = None
    hires: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A generation recipe.

    Attributes:
        platform, model, settings: the parts AIGIF names, as far as the file says.
        extra: what else the tool wrote, by its own keys; JSON values.
        chunks: the metadata it was read from, verbatim; none where only the fields were kept.
        unknown: fields that the file holds in a form that could not be followed, with why where known;
            never stored.
    """

    platform: Platform
    model: ModelInfo = ModelInfo()
    settings: Settings = field(default_factory=Settings)
    extra: dict[str, Any] = field(default_factory=dict)
    chunks: tuple[Chunk, ...] = ()
    unknown: tuple[str, ...] = field(default=(), compare=False)


def fields_of(recipe: Recipe) -> dict[str, Any]:
    """Give the recipe without its chunks as a JSON object: nothing in it that the file does not say."""
    parts: dict[str, Any] = {}
    for name in ("platform", "model", "settings"):
        part = _drop_empty(asdict(getattr(recipe, name)))
        if part:
            parts[name] = part
    if recipe.extra:
        parts["extra"] = recipe.extra
    return parts


def _drop_empty(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _drop_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None and item not in ({}, [])}
    if isinstance(value, (list, tuple)):
        return [_drop_empty(item) for item in value]
    return value


def from_fields(parts: Any, chunks: tuple[Chunk, ...] = ()) -> Recipe:
    """Undo ``fields_of``; what it does not know, or is of another type, goes to ``extra``.

    Raises:
        ValueError: there is no tool in it.
    """
    if not isinstance(parts, dict) or not isinstance(parts.get("platform"), dict):
        raise ValueError("the recipe names no platform")  # noqa: TRY004 - a matter of the value
    extra = parts.get("extra")
    rest: dict[str, Any] = dict(extra) if isinstance(extra, dict) else {}
    built: dict[str, Any] = {}
    for name, kind in (("platform", Platform), ("model", ModelInfo), ("settings", Settings)):
        part = parts.get(name)
        known: dict[str, Any] = {}
        types = {item.name: str(item.type) for item in fields(kind)}
        for key, value in part.items() if isinstance(part, dict) else ():
            fitting = _fit(value, types.get(key, ""))
            if fitting is None:
                rest.setdefault(str(key), value)
            else:
                known[key] = fitting
        if name == "platform" and "tool" not in known:
            raise ValueError("the recipe names no tool")
        built[name] = kind(**known)
    return Recipe(**built, extra=rest, chunks=chunks)


def _fit(value: Any, kind: str) -> Any:
    """Give the value in the type of a field, None where it is not of that type."""
    if kind.startswith("tuple"):
        if not isinstance(value, list) or not all(_is_addon(item) for item in value):
            return None
        return tuple(Addon(item["name"], item.get("weight"), item.get("hash")) for item in value)
    if kind.startswith("dict"):
        return value if isinstance(value, dict) else None
    wanted: tuple[type, ...] = (str,) if kind.startswith("str") else (int,)
    if kind.startswith("Number"):
        wanted = (int, float)
    return value if kind and isinstance(value, wanted) and not isinstance(value, bool) else None


def _is_addon(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and set(item) <= {"name", "weight", "hash"}
        and isinstance(item.get("name"), str)
        and isinstance(item.get("weight", 0), (int, float))
        and isinstance(item.get("hash", ""), str)
    )
