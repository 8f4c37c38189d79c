"""The profiles of pipelines: data that is read and checked, shipped or of the user's configuration."""

from __future__ import annotations

import ast
import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, get_type_hints

from promptcodec import plugins
from promptcodec.errors import UsageError

DEFAULT = "sdxl"
KINDS = ("text", "image", "control", "image_control")
TREATMENTS = {
    "texture": ("image", "control", "reference", "none"),
    "structure": ("control", "reference", "none"),
}
LAYERS = ("edges", "pose", "colours")


@dataclass(frozen=True, slots=True)
class Weights:
    """Where a model is, and what getting it takes.

    Attributes:
        repository: ``OWNER/NAME`` on the model hub.
        path: a folder of this machine instead.
        table: a shipped table instead, a ZIP archive of such a folder.
        revision: branch, tag or commit.
        file_variant: ``fp16`` where its files are named so.
        files, leave: patterns of the files to fetch, and of those among them not to.
        licence, licence_url: SPDX where there is such a name, and where it can be read.
        size: bytes to fetch.
        pickled: the repository holds pickles, from which safetensors are to be written first.
    """

    repository: str = ""
    path: str = ""
    table: str = ""
    revision: str = "main"
    file_variant: str = ""
    files: tuple[str, ...] = ("*.safetensors", "*.json")
    leave: tuple[str, ...] = ()
    licence: str = ""
    licence_url: str = ""
    size: int = 0
    pickled: bool = False

    @property
    def name(self) -> str:
        """The repository, else the folder's own name, without where on this machine it lies."""
        return Path(self.path).name if self.path else self.repository or self.table


_OF_WEIGHTS = tuple(field.name for field in fields(Weights))


@dataclass(frozen=True, slots=True)
class Control:
    """A control model.

    Attributes:
        layer: ``edges`` or ``pose`` of the structure, ``colours`` of the texture.
        model: its class.
        weights: where it is.
        mode: of a union, the number of this kind of control.
        sees: ``RGB``, or ``L`` for a grey picture.
    """

    layer: str
    model: str
    weights: Weights
    mode: int = 0
    sees: str = "RGB"


@dataclass(frozen=True, slots=True)
class Profile:
    """A pipeline, and what it makes of each layer.

    Attributes:
        name: where it is chosen.
        classes: (one of KINDS, the pipeline class for it).
        weights: where the pipeline is.
        controls: the control models.
        tiny: the small autoencoder that shows what is unfinished.
        dtype: of the weights, on a GPU.
        scheduler: a class of diffusers; the repository's own where empty.
        steps: of the whole schedule.
        guidance: scale of the guidance without classifier.
        prompt, tokens: the prompt's family, and the most tokens of it.
        area, multiple: pixels to draw, and what both sides are a multiple of.
        batch: the most pictures of one call.
        texture, structure: what the layer becomes; see TREATMENTS.
        arguments: what each call gets besides.
    """

    name: str
    classes: tuple[tuple[str, str], ...]
    weights: Weights
    controls: tuple[Control, ...] = ()
    tiny: Weights = Weights()
    dtype: str = "float16"
    scheduler: str = ""
    steps: int = 30
    guidance: float = 5.0
    prompt: str = "clip"
    tokens: int = 75
    area: int = 262_144
    multiple: int = 64
    batch: int = 1
    texture: str = "image"
    structure: str = "none"
    arguments: tuple[tuple[str, Any], ...] = ()

    @property
    def models(self) -> tuple[Weights, ...]:
        """The pipeline's weights and those of its control models, each once."""
        return tuple(dict.fromkeys([self.weights, *(control.weights for control in self.controls)]))

    def pipeline(self, kind: str) -> str:
        """Give the pipeline class of a kind of call, ``""`` where there is none."""
        return dict(self.classes).get(kind, "")


def read(entries: Mapping[str, Any]) -> Profile:
    """Make a profile from what the user wrote.

    Args:
        entries: ``variant`` names a profile, shipped or of the configuration file, whose entries the others
            replace. With ``classes`` among them they are a profile of their own.

    Raises:
        UsageError: an entry is unknown, missing or of the wrong kind.
    """
    own = dict(entries)
    if name := _called(own):
        own = {}
    else:
        name = str(own.pop("variant", ""))
    own = _configured(name) | own
    # An entry of the configuration may build on another name than its own.
    based_on = str(own.pop("variant", name if name in _shipped() else DEFAULT))
    base: Mapping[str, Any] = {}
    if "classes" not in own:
        if based_on not in _shipped():
            known = ", ".join(_shipped())
            raise UsageError(f"the profile {name!r} builds on {based_on!r}, which is none of {known}")
        base = _shipped()[based_on]
        name = name or based_on
    if {"repository", "path"} & set(own):
        # Another model has another licence and size.
        base = {key: value for key, value in base.items() if key not in _OF_WEIGHTS}
    return _profile(name or str(own.get("path") or own.get("repository", "")), {**base, **own})


def _called(entries: Mapping[str, Any]) -> str:
    """Give the name of the configuration's profile with just these entries, ``""`` for none."""
    if set(entries) <= {"variant"}:
        return ""
    for name in plugins.profiles("generators"):
        plugin, own = plugins.resolve("generators", name)
        if plugin == "diffusers" != name and own == entries:
            return name
    return ""


def _configured(name: str) -> dict[str, Any]:
    """Give what the configuration file says of a profile."""
    entry = (plugins.configured("generators", name) if name else None) or {}
    if entry.get("use") != "diffusers":
        if name and name not in _shipped():
            raise UsageError(f"no profile of diffusers is called {name!r}; there are {', '.join(_shipped())}")
        return {}
    return {key: value for key, value in entry.items() if key != "use"}


def shipped() -> list[str]:
    """Name the shipped profiles, the default first."""
    return list(_shipped())


@cache
def _shipped() -> dict[str, dict[str, Any]]:
    text = files("promptcodec.generators.diffusion").joinpath("profiles.toml").read_text("utf-8")
    return tomllib.loads(text)


def _profile(name: str, entries: Mapping[str, Any]) -> Profile:
    where = f"the profile {name!r} of diffusers"
    left = dict(entries)
    weights = _weights(left, where)
    listed = _value(left.pop("controls", ()), tuple, where, "controls")
    controls = [_control(dict(_value(each, dict, where, "controls")), where) for each in listed]
    tables = {key: _value(left.pop(key, {}), dict, where, key) for key in ("tiny", "classes", "arguments")}
    profile: Profile = _build(
        Profile,
        {
            **left,
            "name": name,
            "weights": weights,
            "controls": tuple(controls),
            "tiny": _weights(dict(tables["tiny"]), where),
            "classes": tuple(tables["classes"].items()),
            "arguments": tuple(tables["arguments"].items()),
        },
        where,
    )
    if not weights.name:
        raise UsageError(f"{where} names neither a repository nor a path")
    _one_of(profile.prompt, ("clip", "long"), "prompt", where)
    for layer, treatments in TREATMENTS.items():
        _one_of(getattr(profile, layer), treatments, layer, where)
    for kind, pipeline in profile.classes:
        _one_of(kind, KINDS, "classes", where)
        if not isinstance(pipeline, str):
            raise UsageError(f"{where}: the class for {kind} cannot be {pipeline!r}")
    if not (profile.pipeline("text") or profile.pipeline("image")):
        raise UsageError(f"{where} names a class neither for text nor for an image")
    least = min(profile.steps, profile.tokens, profile.multiple, profile.batch)
    if least < 1 or profile.area < profile.multiple**2 or not 0 <= profile.guidance < math.inf:
        raise UsageError(f"{where} has steps, tokens, area, multiple, batch or guidance that cannot be drawn")
    return profile


def _control(entries: dict[str, Any], where: str) -> Control:
    weights = _weights(entries, where)
    control: Control = _build(Control, {**entries, "weights": weights}, where)
    _one_of(control.layer, LAYERS, "layer", where)
    _one_of(control.sees, ("RGB", "L"), "sees", where)
    return control


def _weights(entries: dict[str, Any], where: str) -> Weights:
    """Take out of some entries those of the weights."""
    weights: Weights = _build(
        Weights, {key: entries.pop(key) for key in _OF_WEIGHTS if key in entries}, where
    )
    return weights


def _build(kind: Any, entries: Mapping[str, Any], where: str) -> Any:
    hints = get_type_hints(kind)
    if unknown := sorted(set(entries) - set(hints)):
        raise UsageError(f"{where} has the unknown entry {unknown[0]!r}")
    required = [field.name for field in fields(kind) if field.default is MISSING]
    if missing := [name for name in required if name not in entries]:
        raise UsageError(f"{where} lacks the entry {missing[0]!r}")
    return kind(**{key: _value(value, hints[key], where, key) for key, value in entries.items()})


def _value(value: Any, hint: Any, where: str, key: str) -> Any:
    """Bring an entry to its kind; what has passed the command line comes as text."""
    kind = getattr(hint, "__origin__", hint)
    try:
        if kind in {tuple, dict, bool} and isinstance(value, str):
            value = ast.literal_eval(value)
        if kind in {int, float, str, tuple, dict, bool}:
            return kind(value)
    except (ValueError, TypeError, SyntaxError):
        raise UsageError(f"{where}: {key} cannot be {value!r}") from None
    return value


def _one_of(value: str, allowed: tuple[str, ...], key: str, where: str) -> None:
    if value not in allowed:
        raise UsageError(f"{where}: {key}={value!r} is none of {', '.join(allowed)}")
