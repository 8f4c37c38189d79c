"""The whole chain: an image to a stream, a stream to a picture, and what a stream says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial as bind
from pathlib import Path
from typing import Any

from PIL import Image

from promptcodec import bitstream, checks, plugins, rate
from promptcodec.api.spending import Spent, metered
from promptcodec.bitstream import MAX_SIDE, PART_IDS, Part, Stream, part_name
from promptcodec.captioners import FittingCaptioner
from promptcodec.description import Description
from promptcodec.errors import UsageError
from promptcodec.files import read_file
from promptcodec.generators import STRENGTH, Conditions, Generator
from promptcodec.layers import about, pixels, semantic, signature, structure, texture
from promptcodec.layers import recipe as recipe_layer
from promptcodec.reading import LAYERS, check_layers, conditions, open_stream, read_conditions
from promptcodec.recipe import prompt_of
from promptcodec.recipe.extract import extract as extract_recipe
from promptcodec.vision.load import load_image

DEFAULT_LAYERS = ("semantic", "texture")
RECIPE_MODES = ("auto", "only", "off")
# What a layer may spend where there is no budget, in bytes.
DEFAULT_BYTES = {"texture": 128, "structure": 128, "pixels": 2000}
# The signature describes nothing a generator could draw: it waits until the layers have room.
SIGNATURE_FROM = 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """One picture drawn.

    Attributes:
        seed: what its noise came from.
        score: of its consistency report, 0..1.
        verdict: of the same.
        cost: dollars it came to, checks included; None where prices are unknown.
    """

    seed: int
    score: float
    verdict: str
    cost: float | None


@dataclass(frozen=True, slots=True)
class DecodeReport:
    """How a picture came about.

    Attributes:
        generator: the generator that drew it.
        layers: the layers it was given, coarse to fine.
        seed: what its noise came from.
        check: the consistency report of the picture, where asked for.
        candidates: every picture drawn, in order; empty without checks.
        warnings: what the user should know.
        made: what the generator says of itself for provenance.
        spent: what hosted models were asked for it.
    """

    generator: str
    layers: tuple[str, ...]
    seed: int
    check: checks.ConsistencyReport | None
    candidates: tuple[Candidate, ...]
    warnings: tuple[str, ...]
    made: Mapping[str, str]
    spent: Spent


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded picture, mode RGB, and how it came about."""

    image: Image.Image
    report: DecodeReport


def encode(
    image: Image.Image | bytes | str | Path,
    *,
    budget: int | None = None,
    bpp: float | None = None,
    quality: int | None = None,
    tune: str | Mapping[str, float] = "measured",
    layers: Sequence[str] = DEFAULT_LAYERS,
    edges: str = "canny",
    pose: Any = None,
    captioner: str = "local",
    description: Description | None = None,
    text_coder: str = "auto",
    dictionary: bytes | None = None,
    recipe: str = "auto",
    redact: bool = False,
    seed: int | None = None,
) -> bytes:
    """Encode an image to a stream.

    Args:
        image: a Pillow image, the bytes of an image file, or a path. Only a file carries a recipe.
        budget: most bytes the stream may have, everything included.
        bpp: the same as bits per pixel.
        quality: a preset for both, 1..5: 64, 128, 256, 512, 1024 bytes. The smallest limit holds.
        tune: how a budget is shared among the layers: ``measured`` by what each byte is worth under
            ``builtin``, ``generative`` as published coders for generative decoders do, or the share
            of each layer in what is left beside the fixed ones.
        layers: what to store, names of LAYERS. Under a budget, a layer that does not fit is left out.
        edges: what finds the contours of the structure layer, ``canny`` or ``soft``.
        pose: people's key points, parsed JSON as ``layers.structure.encode_pose`` takes it; they are
            the structure layer then.
        captioner: ``NAME[:URL or variant]`` of an installed captioner.
        description: store this instead of asking a captioner.
        text_coder: ``auto``, ``ppm``, ``zstd``, ``brotli`` or ``raw``.
        dictionary: a trained dictionary; decoding will need it.
        recipe: ``auto`` stores the file's own recipe where it has one (under a budget: where it
            takes at most half, or is named among the layers), ``only`` stores nothing else,
            ``off`` ignores it. It is stored verbatim; its fields alone where a budget asks for that.
        redact: take paths, names, keys and addresses out of the recipe.
        seed: store this seed for the generator, 0..2**32-1, instead of deriving one when decoding.

    Returns:
        The file's bytes.

    Raises:
        ImageError: the image cannot be read.
        BudgetError: the budget is too small for what was asked for; the message says the least.
        UsageError: an unknown or impossible argument.

    Warns:
        RecipeWarning: a recipe is damaged, or says things about its owner and ``redact`` is not set.
    """
    layers = _wanted(layers, recipe)
    if isinstance(image, (str, Path)):
        image = _read(image)
    picture = load_image(image)
    limit = rate.limit(picture.size, budget, bpp, quality)
    fixed: dict[str, bytes] = {}
    if pose is not None:
        fixed["structure"] = structure.encode_pose(pose, picture.size)
    found = extract_recipe(image, redact=redact) if isinstance(image, bytes) and recipe != "off" else None
    if found is not None:
        alone = layers == ("recipe",)
        room = limit and (limit - bitstream.overhead([0], picture.size) if alone else limit // 2)
        payload = recipe_layer.fit(found, room, coder=text_coder, dictionary=dictionary)
        if "recipe" in layers or room is None or len(payload) <= room:
            fixed["recipe"] = payload
    elif layers == ("recipe",):
        raise UsageError("the file carries no generation recipe, so there is nothing to store")
    if "signature" in layers and (limit is None or limit >= SIGNATURE_FROM):
        fixed["signature"] = signature.encode(picture)
    made = _made(captioner if limit is None and "semantic" in layers and description is None else None, seed)
    if made:
        fixed["about"] = about.encode(made)
    elastic = _picture_coders(picture, [name for name in layers if name not in fixed], edges)
    if "semantic" in layers:
        code = bind(semantic.encode, coder=text_coder, dictionary=dictionary)
        prompt = prompt_of(found) if found else ""
        elastic = {"semantic": _semantic_coder(picture, captioner, prompt, description, code), **elastic}
    shares = rate.shares_for(tune, tuple(elastic))
    payloads = rate.allocate(elastic, fixed, picture.size, limit, shares)
    parts = tuple(Part(PART_IDS[name], payload) for name, payload in payloads.items())
    return bitstream.write(Stream(*picture.size, parts))


def _read(path: str | Path) -> bytes:
    try:
        return read_file(path)
    except UsageError as error:
        raise UsageError(f"{path!s} {error}") from None


def _wanted(layers: Sequence[str], recipe: str) -> tuple[str, ...]:
    """Give the layers to store; only the recipe where ``recipe`` says so."""
    if recipe not in RECIPE_MODES:
        raise UsageError(f"unknown recipe mode {recipe!r}; one of {', '.join(RECIPE_MODES)}")
    names = check_layers(layers)
    return ("recipe",) if recipe == "only" else names


def _made(captioner: str | None, seed: int | None) -> dict[str, str]:
    if seed is not None and not 0 <= seed < 2**32:
        raise UsageError(f"the seed {seed} is outside 0..2**32-1")
    # A captioner's argument may be a private address: only its name is kept.
    made = {} if captioner is None else {"captioner": captioner.partition(":")[0]}
    return made if seed is None else made | {"seed": str(seed)}


def _semantic_coder(
    picture: Image.Image,
    captioner: str,
    prompt: str,
    description: Description | None,
    code: Callable[[Description], bytes],
) -> rate.Coder:
    if description is not None:
        return lambda _: code(description)
    look = plugins.create("captioners", captioner)

    def describe(rows: int, cols: int) -> Description:
        said: Description = look.describe(picture, rows=rows, cols=cols, prompt=prompt)
        return said

    def coder(room: int | None) -> bytes:
        if room is None:
            return code(describe(*rate.grid(rate.DEFAULT_CELLS, picture.size)))
        if isinstance(look, FittingCaptioner):
            return look.fit(picture, code, room, prompt=prompt)
        return rate.fit_description(describe, picture.size, code, room)

    return coder


def _picture_coders(picture: Image.Image, layers: Sequence[str], edges: str) -> dict[str, rate.Coder]:
    encoders: dict[str, Callable[[Image.Image, int], bytes]] = {
        "texture": texture.encode,
        "structure": bind(structure.encode, edges=edges),
        "pixels": pixels.encode,
    }

    def coder(name: str, room: int | None) -> bytes:
        return encoders[name](picture, DEFAULT_BYTES[name] if room is None else room)

    return {name: bind(coder, name) for name in encoders if name in layers}


def decode(
    data: bytes,
    *,
    generator: str = "builtin",
    layers: Sequence[str] | None = None,
    seed: int | None = None,
    size: tuple[int, int] | None = None,
    partial: bool = False,
    check: bool = False,
    best_of: int = 1,
    retries: int = 0,
    strength: float = STRENGTH,
    dictionaries: Sequence[bytes] = (),
) -> Decoded:
    """Decode a stream to a picture.

    Args:
        data: the whole file.
        generator: ``NAME[:URL or variant]`` of an installed generator.
        layers: draw from these layers only; all by default.
        seed: 0..2**32-1, instead of the stream's own or derived seed.
        size: width and height instead of the original's.
        partial: accept a file cut at a part boundary.
        check: run the consistency checks.
        best_of: draw this many pictures with consecutive seeds, keep the one that scores best.
        retries: draw up to this many more while the verdict is ``fail``, saying what was wrong.
        strength: 0 keeps to what the layers say, 1 invents what makes a vivid picture; for generators
            that know the difference.
        dictionaries: the user dictionaries the stream may name.

    Raises:
        BitstreamError: the stream is damaged, cut or from a newer version.
        MissingDictionary: the stream was made with a dictionary that was not given.
        GeneratorError: no picture could be made.
        UsageError: an unknown or impossible argument.
    """
    if size is not None and not bitstream.fits(*size):
        raise UsageError(f"a picture of {size[0]}x{size[1]} cannot be made; sides go from 1 to {MAX_SIDE}")
    if best_of < 1 or retries < 0 or (seed is not None and not 0 <= seed < 2**32):
        raise UsageError("best_of is at least 1, retries at least 0, a seed 0..2**32-1")
    if not 0 <= strength <= 1:
        raise UsageError(f"the strength {strength} is outside 0..1")
    stream = open_stream(data, partial=partial)
    names = LAYERS if layers is None else check_layers(layers)
    said = conditions(data, layers=layers, size=size, partial=partial, dictionaries=dictionaries)
    present = tuple(name for name in names if PART_IDS[name] in {part.type for part in stream.parts})
    if not present:
        have = ", ".join(part_name(part.type) for part in stream.parts)
        raise UsageError(f"the stream has none of the layers asked for; it has {have}")
    first = said.seed if seed is None else seed
    warnings = ("the stream is cut: its later parts are missing",) if stream.cut else ()
    draw: Generator = plugins.create("generators", generator)
    best: Decoded | None = None
    candidates: list[Candidate] = []
    with metered() as total:
        while len(candidates) < best_of or (_failed(best) and len(candidates) < best_of + retries):
            # Those drawn again hear what was wrong with the best so far.
            wrong = checks.wrong(best.report.check) if best and len(candidates) >= best_of else ""
            number = (first + len(candidates)) % 2**32
            attempt = replace(said, seed=number, strength=strength, correction=wrong)
            with metered() as spent:
                image = draw.generate(attempt)
                checked = run_checks(attempt, image) if check or best_of > 1 or retries else None
            score = checked.score if checked else 0.0
            if best is None or score > max(candidate.score for candidate in candidates):
                about = DecodeReport(
                    draw.name, present, attempt.seed, checked, (), warnings, getattr(draw, "made", {}), total
                )
                best = Decoded(image, about)
            candidates.append(Candidate(number, score, checked.verdict if checked else "", spent.cost))
    assert best is not None
    return replace(
        best, report=replace(best.report, candidates=tuple(candidates) if best.report.check else ())
    )


def _failed(decoded: Decoded | None) -> bool:
    return decoded is not None and decoded.report.check is not None and decoded.report.check.verdict == "fail"


def run_checks(said: Conditions, image: Image.Image) -> checks.ConsistencyReport:
    """Run every installed check on a picture."""
    return checks.run([plugins.create("checks", name) for name in plugins.installed("checks")], said, image)


def check(data: bytes, image: Image.Image, *, dictionaries: Sequence[bytes] = ()) -> checks.ConsistencyReport:
    """Compare a picture with what a stream says.

    Raises:
        BitstreamError, MissingDictionary: the stream cannot be read.
    """
    picture = load_image(image)
    return run_checks(read_conditions(open_stream(data), LAYERS, picture.size, dictionaries), picture)
