"""The pictures of streams while they are drawn: candidates, their checks, and several at once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image

from promptcodec import checks
from promptcodec.api.spending import Spent, metered
from promptcodec.description import Description
from promptcodec.errors import CancelledError, GeneratorError, Notice, PromptcodecError
from promptcodec.generators import BatchGenerator, Conditions, Generator, NoticingGenerator
from promptcodec.generators.watching import Progress, Watch


@dataclass(frozen=True, slots=True)
class Candidate:
    """One picture drawn.

    Attributes:
        seed: what its noise came from.
        score: of its consistency report, 0..1.
        verdict: of the same.
        cost: dollars it came to, checks included; None where prices are unknown. What several drawn at once
            came to is the first one's.
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
        seconds: it took, reading and checks included; those of pictures drawn at once are shared equally.
    """

    generator: str
    layers: tuple[str, ...]
    seed: int
    check: checks.ConsistencyReport | None
    candidates: tuple[Candidate, ...]
    warnings: tuple[Notice, ...]
    provenance: Mapping[str, str]
    spent: Spent
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded picture, and how it came about; notebooks show it with its words and bytes.

    Attributes:
        image: mode RGB.
        report: how it came about.
        description: the words of its stream that it was drawn from.
        outline: of its stream, as ``reading.outline`` gives it; empty where that is not known.
    """

    image: Image.Image
    report: DecodeReport
    description: Description | None = field(default=None, repr=False)
    outline: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def _repr_html_(self) -> str:
        from promptcodec.showing import decoded_page  # noqa: PLC0415 - for notebooks alone

        return decoded_page(self)


@dataclass(slots=True)
class Drawing:
    """A stream whose pictures are drawn.

    Attributes:
        conditions: what all of its pictures share.
        outline: of the stream, as ``reading.outline`` gives it.
        layers: those it is drawn from.
        seed: of the first picture.
        judges: the checks that choose; empty for none.
        best_of, retries: as of ``decode``.
        warnings: what the user should know.
        seconds: that were spent on it.
        spent: what hosted models were asked for it.
        candidates: the pictures drawn so far.
        best: the best of them.
        failed: why there is no picture, or why the work ended.
    """

    conditions: Conditions
    outline: Mapping[str, Any]
    layers: tuple[str, ...]
    seed: int
    judges: Sequence[checks.Check]
    best_of: int
    retries: int
    warnings: list[Notice]
    seconds: float
    spent: Spent = field(default_factory=Spent)
    candidates: list[Candidate] = field(default_factory=list)
    best: Decoded | None = None
    failed: Exception | None = None
    _over: bool = False

    def wanted(self) -> list[Conditions]:
        """Give what is to be drawn next, all that can be at once; empty where the best is there."""
        drawn = len(self.candidates)
        if self._over or self.failed:
            return []
        if drawn < self.best_of:
            return [self._numbered(number) for number in range(drawn, self.best_of)]
        checked = self.best.report.check if self.best else None
        if checked and checked.verdict == "fail" and drawn < self.best_of + self.retries:
            # Those drawn again hear what was wrong with the best so far.
            return [replace(self._numbered(drawn), correction=checks.wrong(checked))]
        return []

    def _numbered(self, number: int) -> Conditions:
        return replace(self.conditions, seed=(self.seed + number) % 2**32)

    def place(self, progress: Progress) -> Progress:
        """Say in a report of the generator which candidate it is about."""
        drawn = len(self.candidates)
        most = self.best_of if drawn < self.best_of else self.best_of + self.retries
        return replace(progress, candidate=drawn + 1, candidates=most)

    def take(self, given: Conditions, image: Image.Image, draw: Generator, spent: Spent) -> None:
        """Take a picture that was drawn, check it, and keep it where it is the best so far.

        Args:
            given: what it was drawn from.
            image: the picture.
            draw: the generator, which has drawn nothing since.
            spent: what drawing it came to.
        """
        start = time.perf_counter()
        self.spent.add(spent)
        notices = list(draw.notices) if isinstance(draw, NoticingGenerator) else []
        if given.trust_recipe and given.recipe and not notices and "regenerated" not in draw.provenance:
            words = f"{draw.name} runs no recipes: the picture is drawn from what the stream shows"
            notices = [Notice(words, "comfyui and sdapi run them")]
        self.warnings += [notice for notice in notices if notice not in self.warnings]
        of_picture = _with_recipe(given, image, draw)
        with metered() as judging:
            try:
                report = checks.run(self.judges, of_picture, image) if self.judges else None
            except PromptcodecError as error:
                # A picture that was paid for, or made again at a server, is not lost for what fails then.
                if not (self.spent.requests or self.spent.stored or of_picture.again):
                    raise
                report = checks.not_run(error)
        self.spent.add(judging)
        cost = None if spent.cost is None or judging.cost is None else spent.cost + judging.cost
        score = report.score if report else 0.0
        if self.best is None or score > max(candidate.score for candidate in self.candidates):
            about = DecodeReport(
                draw.name, self.layers, given.seed, report, (), (), draw.provenance, self.spent
            )
            self.best = Decoded(image, about, self.conditions.description, self.outline)
        self.candidates.append(Candidate(given.seed, score, report.verdict if report else "", cost))
        self.seconds += time.perf_counter() - start

    def fail(self, error: Exception, spent: Spent) -> None:
        """Take that the next picture could not be drawn: the best so far stays, where there is one."""
        self.spent.add(spent)
        if self.best is None or not isinstance(error, PromptcodecError):
            self.failed = error
            return
        drawn, self._over = len(self.candidates), True
        one = "the picture drawn before it is"
        kept = one if drawn == 1 else f"the best of the {drawn} drawn before it is"
        words = f"another picture could not be drawn, so that {kept} taken: {error}"
        self.warnings.append(Notice(words, error.hint))

    def result(self) -> Decoded:
        """Give the best picture.

        Raises:
            Exception: what ``failed`` holds.
        """
        if self.failed:
            raise self.failed
        assert self.best is not None
        checked = self.best.report.check
        report = replace(
            self.best.report,
            candidates=tuple(self.candidates) if checked else (),
            warnings=(*self.warnings, *(checked.warnings if checked else ())),
            seconds=self.seconds,
        )
        return replace(self.best, report=report)


def _with_recipe(given: Conditions, image: Image.Image, draw: Generator) -> Conditions:
    """Add what a picture that was made again from the recipe says of how it was made."""
    if draw.provenance.get("regenerated") != "yes":
        return given
    from promptcodec.recipe import SILENT, kept_in  # noqa: PLC0415 - most pictures are made otherwise

    return replace(given, again=kept_in(image) or SILENT)


def at_once(draw: Generator) -> int:
    """Give how many pictures a generator draws at once."""
    return max(draw.batch, 1) if isinstance(draw, BatchGenerator) else 1


def draw_all(draw: Generator, drawings: Sequence[Drawing], watch: Watch) -> None:
    """Draw all pictures of some streams, as many at once as the generator can.

    Args:
        draw: the generator.
        drawings: of equal size and layers. What fails is theirs, but for ``CancelledError``.
        watch: sees previews only where one picture is drawn alone.
    """
    while wanted := [(drawing, given) for drawing in drawings for given in drawing.wanted()]:
        _draw_some(draw, wanted[: at_once(draw)], watch)


def _draw_some(draw: Generator, some: Sequence[tuple[Drawing, Conditions]], watch: Watch) -> None:
    drawing = some[0][0]
    alone = len(some) == 1
    watched = Watch(lambda progress: watch.report(drawing.place(progress)), watch.previews and alone)
    start = time.perf_counter()
    failed: Exception | None = None
    images: Sequence[Image.Image] = ()
    with metered() as spent:
        try:
            images = _images(draw, [given for _, given in some], watched)
        except CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - of a plugin, or of a library below: it is these items'
            failed = error
    each = (time.perf_counter() - start) / len(some)
    for one, _ in some:
        one.seconds += each
    if failed is None:
        for index, ((one, given), image) in enumerate(zip(some, images, strict=True)):
            _take(one, given, image, draw, Spent() if index else spent)
    elif alone:
        drawing.fail(failed, spent)
    else:  # one of them may be at fault, or all of them be too many
        drawing.spent.add(spent)
        for one, given in some:
            if one.wanted():
                _draw_some(draw, [(one, given)], watch)


def _images(draw: Generator, given: Sequence[Conditions], watch: Watch) -> Sequence[Image.Image]:
    if len(given) > 1 and isinstance(draw, BatchGenerator):
        images = draw.generate_all(given, watch)
        if len(images) != len(given):
            raise GeneratorError(f"{draw.name} drew {len(images)} pictures of {len(given)}")
        return images
    return [draw.generate(given[0], watch)]


def _take(one: Drawing, given: Conditions, image: Image.Image, draw: Generator, spent: Spent) -> None:
    try:
        one.take(given, image, draw, spent)
    except Exception as error:  # noqa: BLE001 - of a check, which is one item's
        one.failed = error
