"""From a stream to a picture, and the check of the two against each other."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from promptcodec import bitstream, checks, plugins
from promptcodec.api.spending import NOTHING, Estimate
from promptcodec.bitstream import MAX_SIDE
from promptcodec.drawing import Candidate, Decoded, DecodeReport, Drawing, at_once, draw_all
from promptcodec.entropy.dictionary import AnyDictionary, as_dictionaries
from promptcodec.errors import Notice, UsageError
from promptcodec.generators import Conditions, Generator, PricedGenerator
from promptcodec.generators.watching import UNWATCHED, Watch
from promptcodec.layers.registry import BY_NAME, NAMES, check_layers, part_name
from promptcodec.reading import Readout, cut_words, open_stream, outline_of, read_layers
from promptcodec.settings import GENERATOR, MAX_SEED, STRENGTH, DecodeSettings
from promptcodec.vision.load import ImageSource, load_image, read_source

if TYPE_CHECKING:
    from promptcodec.recipe import Recipe

__all__ = [
    "Candidate",
    "DecodeReport",
    "DecodeSettings",
    "Decoded",
    "check",
    "conditions",
    "decode",
    "decode_all",
    "estimate",
    "installed_checks",
]
DEFAULTS = DecodeSettings()
AHEAD = 4
"""Batches of streams that wait until there are enough of equal size and layers."""
Kind = tuple[tuple[int, int], tuple[str, ...], bool]
"""Size, layers, and what the structure is: what pictures that are drawn at once have in common."""


def decode(
    data: bytes,
    *,
    generator: str | Generator = GENERATOR,
    layers: Sequence[str] | None = None,
    seed: int | None = None,
    size: tuple[int, int] | None = None,
    partial: bool = False,
    check: bool = False,
    best_of: int = 1,
    retries: int = 0,
    strength: float = STRENGTH,
    trust_recipe: bool = False,
    dictionaries: Sequence[AnyDictionary] = (),
    bare: bool = False,
    watch: Watch = UNWATCHED,
) -> Decoded:
    """Decode a stream to a picture.

    Args:
        data: the whole file.
        generator: ``NAME[:URL or variant]`` of an installed generator, or one that was made already: it
            keeps the models it has loaded.
        layers: draw from these layers only; all by default.
        seed: 0..2**32-1, instead of the stream's own or derived seed.
        size: width and height instead of the original's.
        partial: accept a file that was cut: the parts that are whole are drawn.
        check: run the consistency checks.
        best_of: draw this many pictures with consecutive seeds, keep the one that scores best.
        retries: draw up to this many more while the verdict is ``fail``, saying what was wrong.
        strength: 0 keeps to what the layers say, 1 invents what makes a vivid picture; for generators
            that know the difference.
        trust_recipe: the stream's recipe may be run: for generators that make the picture again from it.
        dictionaries: the user dictionaries the stream may name.
        bare: the stream is in the form without magic and checksum.
        watch: is told how far the picture is, and may end it by raising.

    Raises:
        BitstreamError: the stream is damaged, cut or from a newer version.
        MissingDictionary: the stream was made with a dictionary that was not given.
        GeneratorError, ApiError, SpendingError, MissingError: no picture could be made. Where one was, it
            is given whatever fails then, with a warning.
        UsageError: an unknown or impossible argument.
    """
    settings = DecodeSettings(
        generator=generator,
        layers=layers,
        seed=seed,
        size=size,
        partial=partial,
        check=check,
        best_of=best_of,
        retries=retries,
        strength=strength,
        trust_recipe=trust_recipe,
        dictionaries=dictionaries,
        bare=bare,
    )
    _check_settings(settings)
    draw, judges = _workers(settings)
    drawing = _open(data, settings, judges)
    draw_all(draw, [drawing], watch)
    return drawing.result()


def decode_all(
    datas: Iterable[bytes], settings: DecodeSettings = DEFAULTS, *, watch: Watch = UNWATCHED
) -> Iterator[tuple[int, Decoded | Exception]]:
    """Decode streams; give each picture as soon as it is there, with its stream's number, from 0.

    A generator that draws several pictures at once is given streams of equal size and layers together, so
    results come in another order than streams. A few times as many streams wait for others of their kind.

    Args:
        datas: whole files, taken as they are needed.
        settings: what ``decode`` takes.
        watch: is told how far the pictures are, and may end all by raising.

    Yields:
        numbers, each with a picture, or with what ``decode`` would have raised: it is that stream's alone.

    Raises:
        UsageError, MissingError: of the settings, or of the generator they name.
    """
    _check_settings(settings)
    draw, judges = _workers(settings)
    most = at_once(draw)
    room = max(most // settings.best_of, 1)
    waiting: dict[Kind, list[tuple[int, Drawing]]] = {}
    for number, data in enumerate(datas):
        try:
            drawing = _open(data, settings, judges)
        except Exception as error:  # noqa: BLE001 - whatever a stream can do to a reader
            yield number, error
            continue
        kind = drawing.conditions.size, drawing.layers, drawing.conditions.skeletons
        waiting.setdefault(kind, []).append((number, drawing))
        if len(waiting[kind]) >= room:
            yield from _drawn(draw, waiting.pop(kind), watch)
        elif sum(map(len, waiting.values())) >= AHEAD * room:
            largest = max(waiting, key=lambda each: len(waiting[each]))
            yield from _drawn(draw, waiting.pop(largest), watch)
    for group in waiting.values():
        yield from _drawn(draw, group, watch)


def _drawn(
    draw: Generator, group: Sequence[tuple[int, Drawing]], watch: Watch
) -> Iterator[tuple[int, Decoded | Exception]]:
    draw_all(draw, [drawing for _, drawing in group], watch)
    for number, drawing in group:
        yield number, drawing.failed or drawing.result()


def _check_settings(settings: DecodeSettings) -> None:
    size, seed = settings.size, settings.seed
    if size is not None and not bitstream.fits(*size):
        raise UsageError(f"a picture of {size[0]}x{size[1]} cannot be made; sides go from 1 to {MAX_SIDE}")
    if settings.best_of < 1 or settings.retries < 0 or (seed is not None and not 0 <= seed <= MAX_SEED):
        raise UsageError("best_of is at least 1, retries at least 0, a seed 0..2**32-1")
    if not 0 <= settings.strength <= 1:
        raise UsageError(f"the strength {settings.strength} is outside 0..1")


def _workers(settings: DecodeSettings) -> tuple[Generator, list[checks.Check]]:
    """Make the generator, and the checks where pictures are judged."""
    judged = settings.check or settings.best_of > 1 or settings.retries
    named = settings.generator
    draw: Generator = plugins.create("generators", named) if isinstance(named, str) else named
    return draw, installed_checks() if judged else []


def _open(data: bytes, settings: DecodeSettings, judges: Sequence[checks.Check]) -> Drawing:
    """Read what is drawn; refuse, before anything is drawn and paid for, what cannot be judged."""
    start = time.perf_counter()
    readout, cut, outline = _read(
        data,
        settings.layers,
        settings.size,
        settings.dictionaries,
        partial=settings.partial,
        bare=settings.bare,
    )
    warnings = [*readout.warnings, *([Notice(f"the stream is cut: {cut}")] if cut else [])]
    conditions = replace(readout.conditions, strength=settings.strength, trust_recipe=settings.trust_recipe)
    if judges and readout.layers == ("recipe",) and not settings.trust_recipe:
        raise UsageError(
            "the stream holds only a recipe: there is nothing that a picture could be checked against",
            hint="leave out --check, --best-of and --retries, or let the recipe be run: --trust-recipe",
        )
    checks.prepare(judges, conditions)
    return Drawing(
        conditions,
        outline,
        readout.layers,
        conditions.seed if settings.seed is None else settings.seed,
        judges,
        settings.best_of,
        settings.retries,
        warnings,
        time.perf_counter() - start,
    )


def estimate(
    data: bytes,
    *,
    generator: str = GENERATOR,
    layers: Sequence[str] | None = None,
    size: tuple[int, int] | None = None,
    partial: bool = False,
    check: bool = False,
    best_of: int = 1,
    retries: int = 0,
    progressive: bool = False,
    dictionaries: Sequence[AnyDictionary] = (),
) -> Estimate:
    """Say what hosted models would be asked for a picture, and what it would cost; ask nobody.

    ``progressive`` draws a picture after each layer too, and wants previews; see ``decode`` for the others.
    """
    draw = plugins.create("generators", generator)
    paid = [judge for judge in installed_checks() if isinstance(judge, checks.PaidCheck)]
    judges = paid if check or best_of > 1 or retries else []
    if not (judges or isinstance(draw, PricedGenerator)):
        return NOTHING
    readout = _read(data, layers, size, dictionaries, partial=partial)[0]
    seen = Watch(previews=progressive)
    each = [
        _drawing(draw, readout.conditions, seen),
        *(judge.estimate(readout.conditions) for judge in judges),
    ]
    # The last of these is the picture itself, which is asked for once.
    steps = [name for name in readout.layers if BY_NAME[name].drawn][:-1] if progressive else []
    beside = []
    for name in steps:
        upto = readout.layers[: readout.layers.index(name) + 1]
        read = _read(data, upto, size, dictionaries, partial=partial)[0]
        beside.append(_drawing(draw, read.conditions, UNWATCHED))
    everything = [*each * best_of, *beside]
    return Estimate(
        (
            sum(one.requests[0] for one in everything),
            sum(one.requests[1] for one in [*everything, *each * retries]),
        ),
        sum(one.input_tokens for one in everything),
        sum(one.output_tokens for one in everything),
        sum(one.cost for one in everything),
        exact=all(one.exact for one in everything),
    )


def _drawing(draw: Generator, conditions: Conditions, watch: Watch) -> Estimate:
    if not isinstance(draw, PricedGenerator):
        return NOTHING
    # An answer that holds no picture is asked for once more.
    return Estimate((1, 2), 0, 0, draw.estimate(conditions, watch), exact=False)


def conditions(
    data: bytes,
    *,
    layers: Sequence[str] | None = None,
    size: tuple[int, int] | None = None,
    partial: bool = False,
    dictionaries: Sequence[AnyDictionary] = (),
    bare: bool = False,
) -> Conditions:
    """Give what a generator would be told by a stream; see ``decode`` for the arguments."""
    return _read(data, layers, size, dictionaries, partial=partial, bare=bare)[0].conditions


def check(
    data: bytes,
    image: ImageSource,
    *,
    recipe: Recipe | None = None,
    dictionaries: Sequence[AnyDictionary] = (),
    bare: bool = False,
) -> checks.ConsistencyReport:
    """Compare a picture with what a stream says.

    A picture whose own file holds the stream's recipe was made from it, and is compared with that too.

    Args:
        data: the whole stream.
        image: the picture.
        recipe: that of the picture's file; it is looked for in ``image`` where not given.
        dictionaries: the user dictionaries the stream may name.
        bare: the stream is in the form without magic and checksum.

    Raises:
        BitstreamError, MissingDictionary: the stream cannot be read.
        ImageError, TypeError: the picture cannot be read.
        UsageError: the stream holds nothing that a picture could be checked against.
    """
    from promptcodec import recipe as recipes  # noqa: PLC0415 - heavy, and who decodes needs none of it
    from promptcodec.checks import regeneration  # noqa: PLC0415

    source = read_source(image)
    picture = load_image(source)
    stream = open_stream(data, bare=bare)
    readout = read_layers(stream, NAMES, picture.size, as_dictionaries(dictionaries))
    judges = installed_checks()
    if recipe is None:
        recipe = recipes.read(source) if isinstance(source, bytes) else recipes.kept_in(source)
    wanted = replace(
        readout.conditions,
        size=(stream.width, stream.height),
        again=recipe if regeneration.same(readout.conditions.recipe, recipe) else None,
    )
    checks.prepare(judges, wanted)
    report = checks.run(judges, wanted, picture)
    return replace(report, warnings=(*readout.warnings, *report.warnings))


def installed_checks() -> list[checks.Check]:
    """Make every installed check."""
    return [plugins.create("checks", name) for name in plugins.installed("checks")]


def _read(
    data: bytes,
    layers: Sequence[str] | None,
    size: tuple[int, int] | None,
    dictionaries: Sequence[AnyDictionary],
    *,
    partial: bool = False,
    bare: bool = False,
) -> tuple[Readout, str, Mapping[str, Any]]:
    """Read the layers; say where the stream is cut, ``""`` where it is whole; give its outline."""
    names = NAMES if layers is None else check_layers(layers)
    stream = open_stream(data, partial=partial, bare=bare)
    drawn = size or (stream.width, stream.height)
    readout = read_layers(stream, names, drawn, as_dictionaries(dictionaries), partial=partial)
    if not readout.layers:
        have = ", ".join(part_name(part.type) for part in stream.parts)
        raise UsageError(f"the stream has none of the layers asked for; it has {have}")
    cut_in = "" if stream.cut_in is None else part_name(stream.cut_in)
    return readout, cut_words(cut_in) if stream.cut else "", outline_of(stream, len(data))
