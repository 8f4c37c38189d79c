"""From an image to a stream: the whole chain."""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from promptcodec import bitstream, plugins, rate
from promptcodec.api.spending import Spent, metered
from promptcodec.bitstream import MAX_PIXELS, Stream
from promptcodec.captioners import NOTHING, Captioner, Estimate, ReadingCaptioner
from promptcodec.description import Description
from promptcodec.entropy.dictionary import AnyDictionary, as_dictionary
from promptcodec.errors import BudgetError, EncodeWarning, Notice, UsageError
from promptcodec.layers.about import size_entry
from promptcodec.layers.derived import MAP, leans
from promptcodec.layers.job import EncodeJob
from promptcodec.layers.parts import part_of
from promptcodec.layers.registry import BY_NAME, LAYERS, Layer, check_layers
from promptcodec.layers.structure import encode_people, encode_pose
from promptcodec.reading import outline_of
from promptcodec.recipe import Recipe, prompt_of
from promptcodec.recipe.extract import extract
from promptcodec.settings import (
    CAPTIONER,
    DEFAULT_LAYERS,
    EDGES,
    EFFORT,
    MAX_EFFORT,
    MAX_SEED,
    MIN_EFFORT,
    RECIPE_MODES,
    STRUCTURES,
    TEXT_CODERS,
    TUNES,
    EncodeSettings,
)
from promptcodec.vision.load import WORKING_PIXELS, ImageSource, Picture, load_picture, read_source

SKELETONS = 0.3
"""What skeletons may take of a file beside its fixed parts, where other layers share it; as much as contours
and their neighbours can spare without taking from the words."""

Source = Callable[[], Captioner | Description]
"""Says where the words come from."""

SIZED = 200
"""Bytes of a file from which on it also says how large the original was, where it holds less."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A stream, and what is known of it without reading it again.

    Attributes:
        data: the file's bytes.
        outline: as ``reading.outline`` gives it.
        warnings: what the user should know.
        spent: what hosted models were asked for it.
        unread: the picture holds lettering that the captioner could not read; the extra ``ocr`` can.
        original: width and height of the picture; the outline's are less where a stream holds no more.
        image: the picture as it was looked at.
    """

    data: bytes
    outline: Mapping[str, Any]
    warnings: tuple[Notice, ...]
    spent: Spent
    unread: bool
    original: tuple[int, int]
    image: Image.Image


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be coded into how much.

    Attributes:
        job: the picture, its limit and its words, for the layers' encoders.
        fixed: payloads of the layers that take what they take.
        elastic: the layers that share the rest.
        shares: how they share it.
        words: says where the words come from.
        warnings: what the user should know.
    """

    job: EncodeJob
    fixed: Mapping[str, bytes]
    elastic: tuple[Layer, ...]
    shares: rate.Shares
    words: Callable[[], rate.WordsOf]
    warnings: tuple[Notice, ...]


def encode(
    image: ImageSource,
    *,
    budget: int | None = None,
    bpp: float | None = None,
    quality: int | None = None,
    tune: str | Mapping[str, float] = TUNES[0],
    words: float | None = None,
    layers: Sequence[str] = DEFAULT_LAYERS,
    structure: str = STRUCTURES[0],
    edges: str = EDGES[0],
    pose: Any = None,
    captioner: str = CAPTIONER,
    description: Description | None = None,
    text_coder: str = TEXT_CODERS[0],
    dictionary: AnyDictionary | None = None,
    recipe: str = RECIPE_MODES[0],
    redact: bool = False,
    seed: int | None = None,
    bare: bool = False,
    effort: int = EFFORT,
) -> bytes:
    """Encode an image to a stream.

    Args:
        image: a Pillow image, a path, the bytes of an image file, a binary file object, or a numpy
            array of uint8, height x width x 3 (RGB), x 4 (RGBA) or no third axis (grey). Only a file
            carries a recipe.
        budget: most bytes the stream may have, everything included.
        bpp: the same as bits per pixel.
        quality: a preset for both, 1..5: 64, 128, 256, 512, 1024 bytes. The smallest limit holds.
        tune: how a budget is shared among the layers: ``balanced`` by meaning, the words first, up to
            half of it; ``pixels`` by what each byte is worth under ``builtin`` in MS-SSIM, which sees no
            words; ``generative`` as published coders for generative decoders do; or the share of each
            layer in what is left beside the fixed ones.
        words: what the words may take of a budget, whatever the tune: bytes, or below 1 a share.
        layers: what to store, names of ``layers.registry.NAMES``. Under a budget, a layer that does not
            fit is left out.
        structure: what the structure layer shows: ``edges``, contours; ``pose``, the skeletons of the people
            in the picture, or contours and a warning where there are none; ``auto``, skeletons where somebody
            is large enough, else contours. Under a budget skeletons take what they take where that is little
            enough, the largest people first; else contours are stored.
        edges: what finds the contours of the structure layer, ``canny`` or ``soft``.
        pose: people's key points, parsed JSON as ``layers.structure.encode_pose`` takes it; they are
            the structure layer then.
        captioner: ``NAME[:URL or variant]`` of an installed captioner.
        description: store this instead of asking a captioner.
        text_coder: one of ``settings.TEXT_CODERS``; ``auto`` is the shortest.
        dictionary: a trained dictionary; decoding will need it.
        recipe: ``auto`` stores the file's own recipe where it has one (under a budget: where it
            takes at most half, or is named among the layers), ``only`` stores nothing else,
            ``off`` ignores it. It is stored verbatim; its fields alone where a budget asks for that.
        redact: take paths, names, keys and addresses out of the recipe.
        seed: store this seed for the generator, 0..2**32-1, instead of deriving one when decoding.
        bare: leave out magic and checksum, for archives with checksums of their own.
        effort: how hard the texture layer is searched for, 1 (fast) to 9; never what is said in words.

    Returns:
        The file's bytes.

    Raises:
        ImageError: the image cannot be read.
        BudgetError: the budget is too small for what was asked for; the message says the least.
        UsageError: an unknown or impossible argument.
        TypeError: the image is of another type.
        MissingError: a captioner, looking for people, or the picture's format needs something that is not
            installed.

    Warns:
        EncodeWarning: the picture was reduced, as a stream holds at most 2^26 pixels; of an animation or of
            several pages the first was taken; a recipe is damaged, or says things about its owner and
            ``redact`` is not set; people were to be drawn as skeletons, and there are none.
    """
    settings = EncodeSettings(
        budget, bpp, quality, tune, words, layers, structure, edges, pose, captioner, description, text_coder,
        as_dictionary(dictionary), recipe, redact, seed, bare, effort,
    )  # fmt: skip
    encoded = encode_full(image, settings)
    for notice in encoded.warnings:
        warnings.warn(notice.text, EncodeWarning, stacklevel=2)
    return encoded.data


def encode_full(image: ImageSource, settings: EncodeSettings) -> Encoded:
    """Encode an image, and give what is known of the stream; raises as ``encode``."""
    with metered() as spent:
        given = read_source(image)
        picture = _load(given, settings)
        source = _source(settings)
        plan = _plan(given, picture, settings, source)
        size = plan.job.size
        payloads = _code(plan)
        if leans(payloads):
            # The colour map that the words counted on did not fit.
            without = tuple(name for name in settings.layers if name != MAP)
            plan = _plan(given, picture, replace(settings, layers=without), source)
            payloads = _code(plan)
        parts = tuple(part_of(name, payload) for name, payload in payloads.items())
        data, stream = bitstream.place(Stream(*size, parts), bare=settings.bare)
        words = plan.words() if "semantic" in payloads else None
    return Encoded(
        data,
        outline_of(stream, len(data)),
        (*plan.warnings, *(words.failed if words else ())),
        spent,
        words is not None and _is_unread(words),
        picture.original,
        picture.image,
    )


def _is_unread(words: rate.WordsOf) -> bool:
    """Say whether a captioner was asked who could not read what the picture holds."""
    return isinstance(words.source, ReadingCaptioner) and words.source.unread(words.image)


def _code(plan: _Plan) -> dict[str, bytes]:
    """Code the layers."""
    return _allocate(plan, {layer.name: _coder(layer, plan.job) for layer in plan.elastic})


def _allocate(plan: _Plan, coders: Mapping[str, rate.Coder]) -> dict[str, bytes]:
    job = plan.job
    bare = job.settings.bare
    return rate.allocate(coders, plan.fixed, job.size, job.limit, plan.shares, bare=bare)


def estimate(image: ImageSource, settings: EncodeSettings) -> Estimate:
    """Say what hosted captioners would be asked for an encoding, and what it would cost; ask nobody."""
    if not _is_captioned(settings):
        return NOTHING
    given = read_source(image)
    plan = _plan(given, _load(given, settings), settings, _source(settings))
    room = None if plan.job.limit is None else _room_for_words(plan)
    return rate.estimate_words(plan.words(), room)


def _room_for_words(plan: _Plan) -> int:
    """Give the bytes that the words will have in a file with a limit: what stands before them is coded."""
    rooms: list[int] = []

    def words(room: int | None) -> bytes:
        rooms.append(room or 0)
        raise BudgetError("only their room was asked for")

    turn = BY_NAME["semantic"].turn
    coders: dict[str, rate.Coder] = {"semantic": words}
    for layer in plan.elastic:
        if layer.name != "semantic":
            before = turn is not None and layer.turn is not None and layer.turn < turn
            coders[layer.name] = _coder(layer, plan.job) if before else lambda room: bytes(room or 0)
    with contextlib.suppress(BudgetError):
        _allocate(plan, coders)
    return rooms[0]


def _load(given: Image.Image | bytes, settings: EncodeSettings) -> Picture:
    """Read the picture: the pixels layer alone can tell it from one that is reduced."""
    return load_picture(given, MAX_PIXELS if "pixels" in _wanted(settings) else WORKING_PIXELS)


def _source(settings: EncodeSettings) -> Source:
    """Give the description that was given, else the captioner, when it is asked for.

    It is made once: a captioner remembers what it saw of a picture.
    """
    return functools.cache(lambda: settings.description or plugins.create("captioners", settings.captioner))


def _plan(given: Image.Image | bytes, picture: Picture, settings: EncodeSettings, source: Source) -> _Plan:
    layers, image = _wanted(settings), picture.image
    limit = rate.limit(picture.size, settings.budget, settings.bpp, settings.quality)
    recipe, warned = _recipe(given, settings)
    if recipe is None and layers == ("recipe",):
        raise UsageError("the file carries no generation recipe, so there is nothing to store")
    prompt = prompt_of(recipe) if recipe else ""
    about = _about(settings, captioned=limit is None and _is_captioned(settings))
    if picture.original != picture.size and (limit is None or limit >= SIZED):
        about |= size_entry(picture.original)
    words = functools.cache(lambda: rate.WordsOf(image, source(), prompt, MAP in layers))
    job = EncodeJob(
        image,
        picture.size,
        settings,
        layers,
        limit,
        lambda code, room: rate.fit_words(words(), code, room),
        recipe,
        about,
    )
    alone = limit and limit - bitstream.overhead([0], picture.size, bare=settings.bare)
    fixed: dict[str, bytes] = {}
    for layer in LAYERS:
        payload = layer.encode(job, alone) if layer.turn is None else None
        if payload is not None:
            fixed[layer.name] = payload
    skeletons, notice = _skeletons(job, fixed, picture.original)
    if skeletons is not None:
        fixed["structure"] = skeletons
    elastic = tuple(
        layer
        for layer in LAYERS
        if layer.turn is not None and layer.name in layers and layer.name not in fixed
    )
    shares = rate.shares_for(settings.tune, tuple(layer.name for layer in elastic), settings.words)
    warnings = (*picture.notices, *warned, *notice)
    return _Plan(job, fixed, elastic, shares, words, warnings)


def _skeletons(
    job: EncodeJob, fixed: Mapping[str, bytes], original: tuple[int, int]
) -> tuple[bytes | None, tuple[Notice, ...]]:
    """Give the structure part of people, None where there are contours, and what the user should know.

    Key points that were given are in pixels of the original.
    """
    settings, name = job.settings, "structure"
    if settings.pose is not None:
        # Key points that were given are stored whatever they take.
        return encode_pose(settings.pose, original), ()
    if name not in job.layers:
        return None, ()
    most = None
    if job.limit is not None:
        used = rate.file_bytes({**fixed, name: b""}, job.size, bare=settings.bare)
        alone = not any(BY_NAME[other].turn is not None for other in job.layers if other != name)
        most = round((job.limit - used) * (1 if alone else SKELETONS))
    return encode_people(job.image, settings.structure, most)


def _wanted(settings: EncodeSettings) -> tuple[str, ...]:
    """Give the layers to store; only the recipe where the settings say so."""
    if settings.recipe not in RECIPE_MODES:
        raise UsageError(f"unknown recipe mode {settings.recipe!r}; one of {', '.join(RECIPE_MODES)}")
    names = check_layers(settings.layers)
    if settings.recipe == "off" and "recipe" in names:
        raise UsageError("the recipe is named among the layers and turned off: these contradict each other")
    return ("recipe",) if settings.recipe == "only" else names


def _recipe(
    source: Image.Image | bytes, settings: EncodeSettings
) -> tuple[Recipe | None, tuple[Notice, ...]]:
    if not isinstance(source, bytes) or settings.recipe == "off":
        return None, ()
    return extract(source, redact=settings.redact)


def _is_captioned(settings: EncodeSettings) -> bool:
    """Say whether a captioner is asked."""
    return "semantic" in _wanted(settings) and settings.description is None


def _about(settings: EncodeSettings, *, captioned: bool) -> dict[str, str]:
    if not MIN_EFFORT <= settings.effort <= MAX_EFFORT:
        raise UsageError(f"there is no effort {settings.effort}; it goes from {MIN_EFFORT} to {MAX_EFFORT}")
    seed = settings.seed
    if seed is not None and not 0 <= seed <= MAX_SEED:
        raise UsageError(f"the seed {seed} is outside 0..2**32-1")
    # A captioner's argument may be a private address: only its name is kept.
    entries = {"captioner": settings.captioner.partition(":")[0]} if captioned else {}
    return entries if seed is None else entries | {"seed": str(seed)}


def _coder(layer: Layer, job: EncodeJob) -> rate.Coder:
    def code(room: int | None) -> bytes:
        payload = layer.encode(job, layer.default_bytes if room is None else room)
        assert payload is not None  # a layer that shares a budget always has something to say
        return payload

    return code
