"""The options that say how a picture is encoded, and the settings they make."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from promptcodec.cli import batch, options, ready
from promptcodec.errors import UsageError
from promptcodec.files import read_file
from promptcodec.layers.registry import NAMES
from promptcodec.settings import (
    CAPTIONER,
    DEFAULT_LAYERS,
    EDGES,
    EFFORT,
    MAX_EFFORT,
    MIN_EFFORT,
    QUALITY_BYTES,
    RECIPE_MODES,
    STRUCTURES,
    TEXT_CODERS,
    TUNES,
    EncodeSettings,
)

_OPTIONS: tuple[Callable[..., Any], ...] = (
    click.option(
        "--budget", type=options.Bytes(), help="Most bytes of a stream, everything included (200B)."
    ),
    click.option("--bpp", type=float, help="The same as bits per pixel; the smallest limit holds."),
    click.option(
        "--quality",
        type=click.IntRange(1, len(QUALITY_BYTES)),
        help=f"A preset for the same: {', '.join(map(str, QUALITY_BYTES[:-1]))} or "
        f"{QUALITY_BYTES[-1]} bytes.",
    ),
    options.choice(
        "--tune",
        TUNES,
        "Share a budget by meaning, words first; by what shows under builtin in pixels; or as published "
        "generative coders do.",
    ),
    click.option(
        "--words",
        type=options.Share(),
        help="What the words may take of a budget, whatever the tune: bytes (60B) or a share (0.4).",
    ),
    click.option(
        "--layers",
        type=options.Names(),
        default=",".join(DEFAULT_LAYERS),
        show_default=True,
        help=f"Of {', '.join(NAMES)}.",
    ),
    options.choice(
        "--structure",
        STRUCTURES,
        "What the structure layer shows: edges for contours; pose for skeletons of the people, or contours "
        "with a warning where there are none; auto for skeletons where somebody is large, else contours.",
    ),
    options.choice(
        "--edges", EDGES, "What finds the contours of the structure layer; soft prefers outlines to texture."
    ),
    click.option(
        "--pose",
        type=click.Path(exists=True, dir_okay=False),
        help="Store these key points (COCO-17, JSON) as the structure layer, whatever --structure says.",
    ),
    options.captioner_option,
    click.option(
        "--description",
        type=click.Path(exists=True, dir_okay=False),
        help="Store this description (text or JSON) instead of asking a captioner.",
    ),
    options.choice("--text-coder", TEXT_CODERS),
    options.dictionary_option,
    options.choice(
        "--recipe",
        RECIPE_MODES,
        "The generation recipe a file carries: store it where there is room, only it, or not.",
    ),
    click.option(
        "--recipe-redact",
        "redact",
        is_flag=True,
        help="Take paths, names, keys and addresses out of the recipe.",
    ),
    click.option(
        "--effort",
        type=click.IntRange(MIN_EFFORT, MAX_EFFORT),
        default=EFFORT,
        show_default=True,
        help="How long to search for the texture layer that fits best: 1 is fast, 9 is slow.",
    ),
    options.seed_option("Store this seed for the generator."),
)


def encode_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options: the command is given them as ``settings_of`` takes them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def settings_of(given: dict[str, Any], *, bare: bool = False) -> EncodeSettings:
    """Make the settings of the options: the files they name are read."""
    from promptcodec.cli.describe import read_description  # noqa: PLC0415 - heavy

    files: dict[str, Any] = {
        "description": read_description(given["description"]) if given["description"] else None,
        "pose": _read_json(given["pose"]) if given["pose"] else None,
        "dictionary": next(iter(batch.read_dictionaries(given["dictionary"])), None),
    }
    return EncodeSettings(**{**given, **files}, bare=bare)


def check_files(given: dict[str, Any]) -> None:
    """Refuse files that options name and that cannot be used: the error is theirs, not a picture's."""
    from promptcodec.cli.describe import read_description  # noqa: PLC0415 - heavy

    readers = {"description": read_description, "pose": _read_json, "dictionary": batch.read_dictionaries}
    for name, read in readers.items():
        if given[name]:
            with batch.naming(given[name]):
                read(given[name])


def _read_json(path: str) -> Any:
    try:
        return json.loads(read_file(path))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"it holds no key points as JSON: {error}") from None


def ready_for(given: dict[str, Any]) -> tuple[str, ...]:
    """Give what workers that encode share: eyes where the captioner is the one that looks here."""
    layers = given["layers"]
    looks = given["captioner"] == CAPTIONER and not given["description"] and "semantic" in layers
    more = ([ready.EYES] if looks else []) + ([ready.TEXTURE] if "texture" in layers else [])
    return ("promptcodec.encoding", *ready.READING, *more)
