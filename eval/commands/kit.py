"""``python -m eval kit``: two published lines with your own key or GPU, laid over published points."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path

import click

from eval import report
from eval.commands import MISSING, say
from eval.commands.run import account_of, nothing_ran, summarise, write_results
from eval.lab import runner
from eval.measure import kit
from eval.missing import NOT_RUN
from eval.options import COUNT, FOLDER, example, limit_option, output_option
from eval.report import kit as pages
from promptcodec.api import spending
from promptcodec.api.spending import Limits


@click.command(
    epilog=example(
        "python -m eval kit KODAK AIGI -o RESULTS          says what it needs, costs and takes, and stops",
        "python -m eval kit KODAK AIGI -o RESULTS --generator diffusers:sdxl --generator builtin --go",
        "python -m eval kit KODAK AIGI -o OUT --captioner responses --generator images --go --max-cost 20",
    )
)
@click.argument("kodak", type=FOLDER)
@click.argument("generated", type=FOLDER)
@output_option(text="Folder of the results; a run that was stopped goes on in it.")
@limit_option
@click.option("--captioner", default="local", show_default=True, help="What describes.")
@click.option(
    "--generator", "generators", multiple=True, default=["builtin"], show_default=True,
    help="What draws; more than once for several.",
)  # fmt: skip
@click.option("--jobs", type=COUNT, default=1, show_default=True, help="Pictures at a time.")
@click.option("--max-cost", type=click.FloatRange(0), default=5.0, show_default=True, help="Dollars in all.")
@click.option("--go", is_flag=True, help="Run it, and spend what it costs.")
@click.pass_obj
def command(
    words: list[str],
    kodak: Path,
    generated: Path,
    out: Path,
    limit: int | None,
    captioner: str,
    generators: tuple[str, ...],
    jobs: int,
    max_cost: float,
    *,
    go: bool,
) -> int:
    """Repeat two published lines with what you have.

    The lines are text with an extremely small picture (arXiv 2504.21814) and layers of text, structure and
    colours (arXiv 2412.12982). The Kodak pictures of one folder and 24 generated ones of another are
    described, coded, drawn by each generator, and measured.

    First it says who would draw, and who cannot and why; which metrics lack weights, and how to get them;
    what hosted models will cost; and how long a picture takes, which it draws where that costs nothing.
    With --go it runs. The results are results.csv, kit.md and kit.png, where they lie over what others
    published. See docs/guide/providers.md.
    """
    setup = kit.Setup(kodak, generated, captioner, tuple(dict.fromkeys(generators)), limit)
    readiness = [kit.examine("captioners", captioner)]
    readiness += [kit.examine("generators", each) for each in setup.generators]
    missing = [kit.about_metric(each) for each in kit.missing_metrics(kit.study_of(setup))]
    missing += [(kit.about(row), "") for row in readiness if not row.ok]
    works = [kit.about(row) for row in readiness if row.ok]
    for text, get in [*((line, "") for line in works), *missing]:
        say(f"{text} {get}".rstrip())
    ready = tuple(row.name for row in readiness[1:] if row.ok)
    if not (readiness[0].ok and ready):
        say("nothing can run: the reasons stand above")
        return MISSING
    setup = kit.Setup(kodak, generated, captioner, ready, limit)
    study = kit.study_of(setup)
    counts = kit.count(study)
    drawn = sum(counts.values()) * len(study.codecs) * len(ready)
    of_each = " and ".join(f"{number} of {name}" for name, number in counts.items())
    cost = kit.cost(study)
    price = _price(cost)
    say(f"{of_each}: {drawn} drawings; {price}; nothing is downloaded")
    if not go:
        _say_time(setup, out, sum(counts.values()))
        say("nothing was sent to anybody who is paid; --go runs it")
        return 0
    limits = Limits(max_cost, strict=not math.isnan(cost.dollars))
    start = time.monotonic()
    result = runner.run(kit.study_of(setup, limits), out, jobs=jobs)
    account = account_of(study, result, words, time.monotonic() - start)
    if all(row["error"].startswith(NOT_RUN) for row in result.rows):
        say(nothing_ran(result))
        return MISSING
    not_written = write_results(out, result, account)
    requests, dollars = spending.counted(limits) if cost.requests else (0, 0.0)
    spent = f"{requests} requests, ${dollars:.4f} this time; estimated before: {price}"
    _report(out, [*works, spent], missing, not_written)
    return summarise(result.rows, out)


def _price(cost: kit.Cost) -> str:
    if not cost.requests:
        return "nothing is paid for"
    dollars = "unknown dollars" if math.isnan(cost.dollars) else f"about ${cost.dollars:.2f}"
    return f"{dollars} in {cost.requests} requests or more"


def _say_time(setup: kit.Setup, out: Path, pictures: int) -> None:
    seconds, drawn = kit.seconds_a_picture(setup, out)
    if drawn:
        each = f"one picture, coded and drawn by {', '.join(drawn)}: {kit.duration(seconds)}"
        whole = kit.duration(seconds * pictures)
        say(f"{each}; {pictures} of them about {whole} one after another; measuring comes on top")
    if left := [name for name in setup.generators if name not in drawn]:
        say(f"how long {', '.join(left)} takes was not tried: it may cost something, or failed")


def _report(
    out: Path, works: Sequence[str], missing: Sequence[tuple[str, str]], not_written: list[str]
) -> None:
    material = report.gather(out)
    not_written += report.build(material)
    not_written += pages.write(material, works, missing)
    for text in not_written:
        say(f"not written: {text}; pip install 'promptcodec[eval]' has it")
    say(f"{out / pages.PAGE}, {out / pages.PLOT}.png")
