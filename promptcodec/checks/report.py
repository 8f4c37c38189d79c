"""The consistency report: fields by aim, a score, a verdict.

The six aims are those of raster-scan coding with a multimodal model (arXiv 2504.21814).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from PIL import Image

from promptcodec.api.spending import Estimate
from promptcodec.checks import again, score
from promptcodec.checks.scales import AGREES
from promptcodec.errors import Notice, PromptcodecError, UsageError
from promptcodec.generators import Conditions

AIMS = ("features", "geometry", "photometry", "style", "semantics", "integrity")
# The checks whose fields the shipped calibration weighs; what others find comes beside it.
CALIBRATED = ("recaption", "layers")
# Of fields that tell how a picture was made again from the recipe: no part of the aims, nor of the score.
AGAIN = "again"
RECIPE = "recipe"
# More than this many corrections at once no generator heeds.
MOST_WRONG = 8


@dataclass(frozen=True, slots=True)
class Field:
    """One comparison.

    Attributes:
        name: what was compared.
        aim: one of AIMS, or AGAIN.
        expected: what the stream says.
        got: what the picture shows; None where it could not be measured.
        closeness: 0 (nothing in common) .. 1 (the same); None where it was not run.
        not_run: why it was not, where that is known.
    """

    name: str
    aim: str
    expected: Any
    got: Any
    closeness: float | None
    not_run: str = ""


class Check(Protocol):
    """One method; heavy imports happen inside it."""

    name: str

    def compare(self, conditions: Conditions, image: Image.Image) -> Sequence[Field]:
        """Compare an RGB picture with what the stream says."""
        ...


@runtime_checkable
class PaidCheck(Check, Protocol):
    """A check that may ask paid services."""

    def prepare(self, conditions: Conditions) -> None:
        """Refuse, before a picture is paid for, what would be refused after it.

        Raises:
            MissingError, UsageError: the service could not be asked.
        """
        ...

    def estimate(self, conditions: Conditions) -> Estimate:
        """Say what comparing one picture will come to; ask nobody."""
        ...


@dataclass(frozen=True, slots=True)
class ConsistencyReport:
    """What the checks found.

    Attributes:
        score: how likely the picture is the one described, 0..1, by the shipped calibration; beside
            it, with the same weight, the mean closeness of each check the calibration does not know.
        verdict: ``pass`` from the shipped threshold on, else ``fail``; ``not run`` where no check of a
            picture could be.
        aims: closeness by aim, None where nothing of it was run.
        fields: every comparison.
        threshold: the least score that passes.
        compared: what of the stream was compared: ``words``, ``texture layer``, ``pixels``, ``contours``,
            ``signature``, ``recipe``, and each check beside these that could say something.
        again: of a picture that was made from the recipe, what that came to, in words; else empty.
        warnings: checks that could not be run, and why; parts of the stream that could not be compared, for
            they need a newer reader. A picture's ``DecodeReport`` has them in its own.
    """

    score: float
    verdict: str
    aims: dict[str, float | None]
    fields: tuple[Field, ...]
    threshold: float
    compared: tuple[str, ...]
    again: str = ""
    warnings: tuple[Notice, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the JSON object that ``promptcodec check`` prints."""
        return {
            "score": self.score,
            "verdict": self.verdict,
            "threshold": self.threshold,
            "compared": list(self.compared),
            **({"again": self.again} if self.again else {}),
            "aims": self.aims,
            "fields": [
                {
                    "name": field.name,
                    "expected": field.expected,
                    "got": field.got,
                    "agree": None if field.closeness is None else field.closeness >= AGREES,
                }
                | ({"not_run": field.not_run} if field.not_run else {})
                for field in self.fields
            ],
        }


def prepare(checks: Sequence[Check], conditions: Conditions) -> None:
    """Refuse what checks would refuse, before a picture is paid for; raises as ``PaidCheck.prepare``."""
    for check in checks:
        if isinstance(check, PaidCheck):
            check.prepare(conditions)


def not_run(error: PromptcodecError) -> ConsistencyReport:
    """Make the report of a picture that could not be checked at all."""
    warning = Notice(f"the picture was not checked: {error}", error.hint)
    return ConsistencyReport(0.0, "not run", dict.fromkeys(AIMS), (), AGREES, (), warnings=(warning,))


def run(checks: Sequence[Check], conditions: Conditions, image: Image.Image) -> ConsistencyReport:
    """Run the checks on an RGB picture and sum them up; a check that fails is left out, with a warning.

    Raises:
        UsageError: the stream says nothing that a check could compare.
        PromptcodecError: the same, where a check failed.
    """
    by_check: dict[str, tuple[Field, ...]] = {}
    failed: list[PromptcodecError] = []
    warnings: list[Notice] = []
    for check in checks:
        try:
            by_check[check.name] = tuple(check.compare(conditions, image))
            whys = [(field.not_run, "") for field in by_check[check.name] if field.not_run]
        except PromptcodecError as error:
            failed.append(error)
            whys = [(str(error), error.hint)]
        warnings += [Notice(f"the check {check.name} was not run: {why}", hint) for why, hint in set(whys)]
    fields = tuple(field for of_check in by_check.values() for field in of_check)
    aims = {aim: _mean([f.closeness for f in fields if f.aim == aim]) for aim in AIMS}
    calibration = score.shipped()
    weighed = calibration.score(
        {
            f.name: f.closeness
            for name in CALIBRATED
            for f in by_check.get(name, ())
            if f.closeness is not None
        }
    )
    # Streams without words and maps hold nothing that was calibrated: the plain mean of the aims is left.
    terms = [_mean(list(aims.values())) if weighed is None else weighed]
    if weighed is not None:
        terms += [_shown(of_check) for name, of_check in by_check.items() if name not in CALIBRATED]
    total = _mean(terms)
    made_again = [field for field in fields if field.aim == AGAIN]
    if total is None:
        total = _mean([field.closeness for field in again.recorded(made_again)])
    if total is None:
        if failed:
            raise failed[0]
        raise UsageError(
            "the stream holds nothing that a picture could be checked against",
            hint="a recipe alone is checked on pictures that were made again from it and say so",
        )
    threshold = AGREES if weighed is None else calibration.threshold
    verdict = "pass" if total >= threshold else "fail"
    compared = _compared(by_check, conditions)
    alone = not set(compared) - {RECIPE}
    came_to = again.summary(made_again, passed=verdict == "pass", alone=alone)
    return ConsistencyReport(total, verdict, aims, fields, threshold, compared, came_to, tuple(warnings))


def _shown(fields: Sequence[Field]) -> float | None:
    return _mean([field.closeness for field in fields if field.aim != AGAIN])


def _compared(by_check: Mapping[str, Sequence[Field]], conditions: Conditions) -> tuple[str, ...]:
    """Name what was compared: the layers, and the checks that the calibration does not know."""
    ran = [name for name, fields in by_check.items() if any(f.closeness is not None for f in fields)]
    layers = {
        "texture layer": conditions.texture,
        "pixels": conditions.pixels,
        "contours": None if conditions.skeletons else conditions.structure,
        "signature": conditions.signature,
    }
    of_layers = [name for name, layer in layers.items() if layer is not None] if "layers" in ran else []
    words = ["words"] if "recaption" in ran else []
    recipe = [RECIPE] if "regeneration" in ran else []
    known = (*CALIBRATED, "regeneration")
    return (*words, *of_layers, *recipe, *(name for name in ran if name not in known))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 4) if known else None


def wrong(report: ConsistencyReport | None) -> str:
    """Say in words what differs most, worst first, for a generator to put right."""
    shown = [field for field in report.fields if field.aim != AGAIN] if report else []
    fields = [field for field in shown if field.closeness is not None and field.closeness < AGREES]
    worst = sorted(fields, key=lambda field: field.closeness or 0.0)[:MOST_WRONG]
    return "\n".join(f"{field.name}: should be {field.expected}, was {field.got}" for field in worst)
