"""From a stream to a picture, and the check of the two against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from promptcodec import bitstream, checks, plugins
from promptcodec.api.spending import NOTHING, Estimate, Spent, metered
from promptcodec.bitstream import MAX_SIDE
from promptcodec.entropy.dictionary import AnyDictionary, as_dictionaries
from promptcodec.errors import Notice, PromptcodecError, UsageError
from promptcodec.generators import Conditions, Generator, PricedGenerator
from promptcodec.generators.watching import UNWATCHED, Watch
from promptcodec.layers.registry import BY_NAME, NAMES, check_layers, part_name
from promptcodec.reading import Readout, cut_words, open_stream, read_layers
from promptcodec.settings import GENERATOR, MAX_SEED, STRENGTH
from promptcodec.vision.load import ImageSource, load_image


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
        provenance: what the generator says of itself.
        spent: what hosted models were asked for it.
    """

    generator: str
    layers: tuple[str, ...]
    seed: int
    check: checks.ConsistencyReport | None
    candidates: tuple[Candidate, ...]
    warnings: tuple[Notice, ...]
    provenance: Mapping[str, str]
    spent: Spent


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded picture, mode RGB, and how it came about."""

    image: Image.Image
    report: DecodeReport


def decode(
    data: bytes,
    *,
    generator: str = GENERATOR,
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
        generator: ``NAME[:URL or variant]`` of an installed generator.
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
    if size is not None and not bitstream.fits(*size):
        raise UsageError(f"a picture of {size[0]}x{size[1]} cannot be made; sides go from 1 to {MAX_SIDE}")
    if best_of < 1 or retries < 0 or (seed is not None and not 0 <= seed <= MAX_SEED):
        raise UsageError("best_of is at least 1, retries at least 0, a seed 0..2**32-1")
    if not 0 <= strength <= 1:
        raise UsageError(f"the strength {strength} is outside 0..1")
    readout, cut = _read(data, layers, size, dictionaries, partial=partial, bare=bare)
    warnings = readout.warnings + ((Notice(f"the stream is cut: {cut}"),) if cut else ())
    conditions = replace(readout.conditions, strength=strength, trust_recipe=trust_recipe)
    first = conditions.seed if seed is None else seed
    draw: Generator = plugins.create("generators", generator)
    judges = installed_checks() if check or best_of > 1 or retries else []
    if judges and readout.layers == ("recipe",):
        raise UsageError(  # before anything is drawn, and paid for
            "the stream holds only a recipe: there is nothing that a picture could be checked against",
            hint="leave out --check, --best-of and --retries",
        )
    checks.prepare(judges, conditions)
    best: Decoded | None = None
    candidates: list[Candidate] = []
    with metered() as total:
        while len(candidates) < best_of or (_failed(best) and len(candidates) < best_of + retries):
            # Those drawn again hear what was wrong with the best so far.
            wrong = checks.wrong(best.report.check) if best and len(candidates) >= best_of else ""
            number = (first + len(candidates)) % 2**32
            attempt = replace(conditions, seed=number, correction=wrong)
            with metered() as spent:
                try:
                    image = draw.generate(attempt, watch)
                except PromptcodecError as error:
                    if best is None:
                        raise
                    warnings += (_no_more(len(candidates), error),)
                    break
                report = _check(judges, attempt, image, total) if judges else None
            score = report.score if report else 0.0
            if best is None or score > max(candidate.score for candidate in candidates):
                about = DecodeReport(
                    draw.name, readout.layers, number, report, (), (), draw.provenance, total
                )
                best = Decoded(image, about)
            candidates.append(Candidate(number, score, report.verdict if report else "", spent.cost))
    assert best is not None
    checked = best.report.check
    return replace(
        best,
        report=replace(
            best.report,
            candidates=tuple(candidates) if checked else (),
            warnings=(*warnings, *(checked.warnings if checked else ())),
        ),
    )


def _no_more(drawn: int, error: PromptcodecError) -> Notice:
    kept = "the picture drawn before it is" if drawn == 1 else f"the best of the {drawn} drawn before it is"
    return Notice(f"another picture could not be drawn, so that {kept} taken: {error}", error.hint)


def _check(
    judges: Sequence[checks.Check], conditions: Conditions, image: Image.Image, total: Spent
) -> checks.ConsistencyReport:
    """Check a picture; one that was paid for is not lost for what fails then."""
    try:
        return checks.run(judges, conditions, image)
    except PromptcodecError as error:
        if not (total.requests or total.stored):
            raise
        return checks.not_run(error)


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

    ``progressive`` draws a picture after each layer too; see ``decode`` for the other arguments.
    """
    draw = plugins.create("generators", generator)
    paid = [judge for judge in installed_checks() if isinstance(judge, checks.PaidCheck)]
    judges = paid if check or best_of > 1 or retries else []
    if not (judges or isinstance(draw, PricedGenerator)):
        return NOTHING
    readout = _read(data, layers, size, dictionaries, partial=partial)[0]
    each = [_drawing(draw, readout.conditions), *(judge.estimate(readout.conditions) for judge in judges)]
    # The last of these is the picture itself, which is asked for once.
    steps = [name for name in readout.layers if BY_NAME[name].drawn][:-1] if progressive else []
    beside = []
    for name in steps:
        upto = readout.layers[: readout.layers.index(name) + 1]
        beside.append(_drawing(draw, _read(data, upto, size, dictionaries, partial=partial)[0].conditions))
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


def _drawing(draw: Generator, conditions: Conditions) -> Estimate:
    if not isinstance(draw, PricedGenerator):
        return NOTHING
    # An answer that holds no picture is asked for once more.
    return Estimate((1, 2), 0, 0, draw.estimate(conditions), exact=False)


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
    data: bytes, image: ImageSource, *, dictionaries: Sequence[AnyDictionary] = (), bare: bool = False
) -> checks.ConsistencyReport:
    """Compare a picture with what a stream says.

    Raises:
        BitstreamError, MissingDictionary: the stream cannot be read.
        ImageError, TypeError: the picture cannot be read.
        UsageError: the stream holds nothing that a picture could be checked against.
    """
    picture = load_image(image)
    stream = open_stream(data, bare=bare)
    readout = read_layers(stream, NAMES, picture.size, as_dictionaries(dictionaries))
    judges = installed_checks()
    checks.prepare(judges, readout.conditions)
    report = checks.run(judges, readout.conditions, picture)
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
) -> tuple[Readout, str]:
    """Read the layers; say where the stream is cut, ``""`` where it is whole."""
    names = NAMES if layers is None else check_layers(layers)
    stream = open_stream(data, partial=partial, bare=bare)
    drawn = size or (stream.width, stream.height)
    readout = read_layers(stream, names, drawn, as_dictionaries(dictionaries), partial=partial)
    if not readout.layers:
        have = ", ".join(part_name(part.type) for part in stream.parts)
        raise UsageError(f"the stream has none of the layers asked for; it has {have}")
    cut_in = "" if stream.cut_in is None else part_name(stream.cut_in)
    return readout, cut_words(cut_in) if stream.cut else ""


def _failed(decoded: Decoded | None) -> bool:
    return decoded is not None and decoded.report.check is not None and decoded.report.check.verdict == "fail"
