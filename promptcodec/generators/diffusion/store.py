"""Where models lie on this machine, and how one that does not is got; nothing is ever fetched here."""

from __future__ import annotations

import functools
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from promptcodec import models
from promptcodec.errors import MissingError
from promptcodec.generators.diffusion.profiles import Profile, Weights


def hub() -> Path:
    """Give the folder of the model hub's client; it reads the same variables."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or f"{cache}/huggingface"
    return Path(os.path.expandvars(named or f"{home}/hub")).expanduser()


def locate(weights: Weights) -> Path | None:
    """Give the folder of a model that is here and whole, else None."""
    return None if lacks(weights) else folder_of(weights)


def require(profile: Profile, wanted: Iterable[Weights]) -> list[Path]:
    """Give the folders of some models of a profile.

    Raises:
        MissingError: some are not here.
    """
    models = list(dict.fromkeys(wanted))
    if absent := missing(profile, models):
        raise MissingError(absent)
    return [folder_of(weights) for weights in models]


def missing(profile: Profile, wanted: Iterable[Weights]) -> str:
    """Say which of some models are not here, their sizes and licences, and what gets them; else ``""``."""
    absent = [weights for weights in dict.fromkeys(wanted) if lacks(weights)]
    named = ", ".join(map(about, absent))
    return f"not on this machine: {named}. What gets it: {command(profile, absent)}" if absent else ""


def command(profile: Profile, absent: Iterable[Weights]) -> str:
    """Give what gets the models of a profile."""
    if folders := [str(folder_of(weights)) for weights in absent if weights.path]:
        return f"put a folder as save_pretrained writes it, with safetensors, at {folders[0]}"
    return f"python -m promptcodec.generators.diffusion.fetch {profile.name}"


def about(weights: Weights) -> str:
    """Say which model it is, how large, under which licence, and what is wrong with what is here of it."""
    size = in_gigabytes(weights.size) if weights.size else "size unknown"
    licence = weights.licence or "licence unknown"
    address = f", {weights.licence_url}" if weights.licence_url else ""
    begun = folder_of(weights).is_dir()
    begun_words = f"; {'here' if weights.path else 'begun'}, but {lacks(weights)}" if begun else ""
    name = folder_of(weights) if weights.path else weights.repository
    return f"{name} ({size}; {licence}{address}{begun_words})"


def in_gigabytes(size: int) -> str:
    """Write a number of bytes."""
    return f"{size / 1e9:.2f} GB"


def folder_of(weights: Weights) -> Path:
    """Give the folder where a model is, or would be."""
    if weights.path:
        return Path(weights.path).expanduser()
    if weights.table:
        return Path(_unpacked(weights.table).name)
    model = hub() / ("models--" + weights.repository.replace("/", "--"))
    try:
        commit = (model / "refs" / weights.revision).read_text("utf-8").strip()
    except (OSError, ValueError):
        commit = weights.revision
    return model / "snapshots" / commit


@functools.cache
def _unpacked(table: str) -> tempfile.TemporaryDirectory[str]:
    """Unpack a shipped table into a folder that is there until the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="promptcodec-")
    with zipfile.ZipFile(io.BytesIO(models.load(table))) as archive:
        archive.extractall(folder.name)
    return folder


def lacks(weights: Weights) -> str:
    """Say what is missing of a model here, ``""`` where it is whole.

    What the hub's client has linked and not fetched is not there.
    """
    if weights.table:
        return "" if models.shipped(weights.table) else f"this build has no table {weights.table}"
    return _folder_lacks(folder_of(weights), weights)


def _folder_lacks(folder: Path, weights: Weights) -> str:
    try:
        if not folder.is_dir():
            return f"{folder} is no folder"
        if not (folder / "model_index.json").is_file():
            return _lacks_weights(folder, weights.file_variant)
        for name, value in _json(folder / "model_index.json").items():
            # Parts are pairs of a library and a class; those that a pipeline does without are null.
            if not (isinstance(value, list) and len(value) == 2 and value[1]):
                continue
            if not (folder / name).is_dir():
                return f"it has no {name}"
            model = (folder / name / "config.json").is_file()
            if model and (words := _lacks_weights(folder / name, weights.file_variant)):
                return words
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        return f"it cannot be read: {error}"
    return ""


def _lacks_weights(folder: Path, variant: str) -> str:
    if not (folder / "config.json").is_file():
        return f"{folder.name} has neither model_index.json nor config.json"
    dotted = f".{variant}" if variant else ""
    index = next(folder.glob(f"*.safetensors.index{dotted}.json"), None)
    if index is not None:
        shards = sorted(set(_json(index)["weight_map"].values()))
        absent = [shard for shard in shards if not (folder / shard).exists()]
        return f"{folder.name} lacks {', '.join(absent)}" if absent else ""
    ending = f"{dotted}.safetensors"
    whole = [
        file
        for file in folder.glob(f"*{ending}")
        if file.name.count(".") == ending.count(".") and "-of-" not in file.name and file.exists()
    ]
    if whole:
        return ""
    pickles = (
        " but pickles, which are never opened" if [*folder.glob("*.bin"), *folder.glob("*.ckpt")] else ""
    )
    return f"{folder.name} has no weights named *{ending}{pickles}"


def _json(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))
