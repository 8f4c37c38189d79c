"""The whole chain: an image to a stream, a stream to a picture, and what a stream says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial as bind
from pathlib import Path
from typing import Any

from PIL import Image

from promptcodec import bitstream, checks, entropy, plugins, rate
from promptcodec.api.spending import Spent, metered
from promptcodec.bitstream import MAX_SIDE, PART_IDS, Part, Stream, part_name
from promptcodec.captioners import FittingCaptioner
from promptcodec.description import Description, format_text, to_json
from promptcodec.errors import BitstreamError, DescriptionError, PromptcodecError, UsageError
from promptcodec.files import read_file
from promptcodec.generators import STRENGTH, Conditions, Generator
from promptcodec.layers import about, pixels, semantic, signature, structure, texture
from promptcodec.layers import recipe as recipe_layer
from promptcodec.recipe import prompt_of
from promptcodec.recipe.take import take as take_recipe
from promptcodec.vision.load import load_image

LAYERS = tuple(name for name in PART_IDS if name != "about")
DEFAULT_LAYERS = ("semantic", "texture")
RECIPE_MODES = ("auto", "only", "off")
# What a layer may spend where there is no budget, in bytes.
DEFAULT_BYTES = {"texture": 128, "structure": 128, "pixels": 2000}
# Colour map and contours hold nothing finer; a generator scales them.
LAYER_SIDE = 2048
# Layers are read at this size where nothing is drawn from them.
PROBE_SIZE = (64, 64)
# The signature describes nothing a generator could draw: it waits until the layers have room.
SIGNATURE_FROM = 100
_CODER_NAMES: dict[str, Callable[[bytes], str]] = {
    "semantic": semantic.coder_name,
    "recipe": recipe_layer.form_name,
    "about": entropy.coder_name,
    "texture": lambda _: "dct",
    "structure": structure.coder_name,
    "signature": lambda _: "raw",
    "pixels": pixels.coder_name,
}


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
    layers = check_layers(layers, recipe)
    if isinstance(image, (str, Path)):
        image = _read(image)
    picture = load_image(image)
    limit = rate.limit(picture.size, budget, bpp, quality)
    fixed: dict[str, bytes] = {}
    if pose is not None:
        fixed["structure"] = structure.encode_pose(pose, picture.size)
    found = take_recipe(image, redact=redact) if isinstance(image, bytes) and recipe != "off" else None
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


def check_layers(layers: Sequence[str], recipe: str = "auto") -> tuple[str, ...]:
    """Give the layers in stream order, each once; only the recipe where ``recipe`` says so.

    Raises:
        UsageError: one is unknown, or there is none, or the recipe mode is unknown.
    """
    if recipe not in RECIPE_MODES:
        raise UsageError(f"unknown recipe mode {recipe!r}; one of {', '.join(RECIPE_MODES)}")
    unknown = [name for name in layers if name not in LAYERS]
    if unknown or not layers:
        raise UsageError(
            f"unknown layers {', '.join(unknown) or '(none given)'}; there are {', '.join(LAYERS)}"
        )
    return tuple(name for name in LAYERS if (name == "recipe" if recipe == "only" else name in layers))


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


def verify(data: bytes, *, dictionaries: Sequence[bytes] = ()) -> dict[str, Any]:
    """Read every part of a stream, without drawing a picture.

    Returns:
        The outline of the stream.

    Raises:
        BitstreamError, MissingDictionary: it cannot be read; the message names every part that cannot.
    """
    _read_all(open_stream(data), dictionaries)
    return outline(data)


def migrate(data: bytes, *, dictionaries: Sequence[bytes] = ()) -> bytes:
    """Make a stream of a draft of the format one of this version; its parts stay the same bytes.

    Raises:
        BitstreamError, MissingDictionary: it is no such stream, or a part of it reads no more.
    """
    stream = bitstream.read(data, version=bitstream.DRAFT)
    _read_all(stream, dictionaries)
    return bitstream.write(stream)


def _read_all(stream: Stream, dictionaries: Sequence[bytes]) -> None:
    """Read every part; the error names all that cannot be read."""
    failed: list[PromptcodecError] = []
    for part in stream.parts:
        try:
            read_conditions(replace(stream, parts=(part,)), LAYERS, PROBE_SIZE, dictionaries)
        except PromptcodecError as error:
            failed.append(error)
    if failed:
        raise type(failed[0])("; ".join(map(str, failed)))


def conditions(
    data: bytes,
    *,
    layers: Sequence[str] | None = None,
    size: tuple[int, int] | None = None,
    partial: bool = False,
    dictionaries: Sequence[bytes] = (),
) -> Conditions:
    """Give what a generator would be told by a stream; see ``decode`` for the arguments."""
    stream = open_stream(data, partial=partial)
    names = LAYERS if layers is None else check_layers(layers)
    return read_conditions(stream, names, size or (stream.width, stream.height), dictionaries)


def open_stream(data: bytes, *, partial: bool = False) -> Stream:
    """Parse the container and refuse critical parts this version does not know."""
    stream = bitstream.read(data, partial=partial)
    for part in stream.parts:
        if part.critical and part.type not in PART_IDS.values():
            raise BitstreamError(
                f"the stream needs a reader that knows its {part_name(part.type)} part: "
                "a newer promptcodec is needed",
                part.offset,
            )
    return stream


def _payloads(stream: Stream) -> dict[str, bytes]:
    return {part_name(part.type): part.payload for part in stream.parts}


def read_conditions(
    stream: Stream, names: Sequence[str], size: tuple[int, int], dictionaries: Sequence[bytes]
) -> Conditions:
    """Decode the named layers of a stream at ``size``; what is smooth anyway, at LAYER_SIDE at most.

    Raises:
        BitstreamError, DescriptionError, MissingDictionary: a layer cannot be read.
    """
    shrink = min(1.0, LAYER_SIDE / max(size))
    smooth = (max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink)))
    readers: dict[str, Callable[[bytes], Any]] = {
        "semantic": bind(semantic.decode, dictionaries=dictionaries),
        "texture": texture.spectrum,
        "structure": lambda payload: structure.decode(payload, smooth),
        "recipe": bind(recipe_layer.decode, dictionaries=dictionaries),
        "signature": signature.decode,
        "pixels": lambda payload: pixels.decode(payload, size),
    }
    payloads = _payloads(stream)
    values = {}
    for part in stream.parts:
        if (name := part_name(part.type)) in names:
            with _naming(name, part.offset):
                values[name] = readers[name](part.payload)
    if "texture" in values:
        values["spectrum"] = values["texture"]
        values["texture"] = texture.draw(values["spectrum"], smooth)
    made = about.decode(payloads["about"]) if "about" in payloads else {}
    seed = int(made["seed"]) if "seed" in made else derive_seed(stream)
    return Conditions(size, seed, values.pop("semantic", None), **values)


@contextmanager
def _naming(name: str, offset: int) -> Iterator[None]:
    """Say in an error which part cannot be read."""
    try:
        yield
    except (BitstreamError, DescriptionError) as error:
        raise type(error)(f"the {name} part at byte {offset} cannot be read: {error}") from error


def derive_seed(stream: Stream) -> int:
    """Derive the seed from the first part: it stays when finer parts are cut off or edited."""
    return int.from_bytes(hashlib.sha256(stream.parts[0].payload).digest()[:4], "big")


def outline(data: bytes, *, partial: bool = False) -> dict[str, Any]:
    """Say how a stream is built, without decoding its parts.

    Returns:
        Version, size in pixels, bytes, bits per pixel, overhead and parts; ``overhead_bytes``
        and the parts' ``bytes`` add up to ``bytes``.

    Raises:
        BitstreamError: the stream cannot be read.
    """
    stream = bitstream.read(data, partial=partial)
    return {
        "version": stream.version,
        "width": stream.width,
        "height": stream.height,
        "bytes": len(data),
        "bpp": len(data) * 8 / (stream.width * stream.height),
        "overhead_bytes": len(data) - sum(len(part.payload) for part in stream.parts),
        "parts": [
            {
                "type": part_name(part.type),
                "critical": part.critical,
                "coder": _coder_name(part_name(part.type), part.payload),
                "offset": part.offset,
                "bytes": len(part.payload),
            }
            for part in stream.parts
        ],
    }


def inspect(data: bytes, *, partial: bool = False, dictionaries: Sequence[bytes] = ()) -> dict[str, Any]:
    """Say what a stream holds: its outline, its description as object and as text, its recipe.

    Raises:
        BitstreamError, DescriptionError, MissingDictionary: the stream cannot be read.
    """
    payloads = _payloads(bitstream.read(data, partial=partial))
    said = (
        semantic.decode(payloads["semantic"], dictionaries=dictionaries) if "semantic" in payloads else None
    )
    recipe = (
        recipe_layer.decode(payloads["recipe"], dictionaries=dictionaries) if "recipe" in payloads else None
    )
    return {
        **outline(data, partial=partial),
        "description": to_json(said) if said else None,
        "text": format_text(said) if said else None,
        "recipe": recipe_layer.to_json(recipe) if recipe else None,
    }


def _coder_name(name: str, payload: bytes) -> str | None:
    return _CODER_NAMES[name](payload) if name in _CODER_NAMES else None
