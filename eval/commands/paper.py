"""``python -m eval paper``: the configuration of the multimodal line (arXiv 2504.21814) with a real key."""

from __future__ import annotations

from pathlib import Path

import click

from eval.commands import say
from eval.images import listed
from eval.measure.paper import MODES, estimate, study, write
from eval.options import example, folder_argument, limit_option, output_option


@click.command(
    epilog=example(
        "python -m eval paper KODAK -o RESULTS                     says what it will cost, and stops",
        "python -m eval paper KODAK -o RESULTS --go --max-cost 5",
    )
)
@folder_argument
@output_option()
@limit_option
@click.option("--captioner", default="responses", show_default=True, help="What describes.")
@click.option("--generator", default="images", show_default=True, help="What draws.")
@click.option("--max-cost", default="5", show_default=True, help="Dollars, for each of four commands.")
@click.option("--go", is_flag=True, help="Spend it.")
def command(
    folder: Path, out: Path, limit: int | None, captioner: str, generator: str, max_cost: str, *, go: bool
) -> None:
    """Repeat arXiv 2504.21814 with hosted models.

    A FOLDER's pictures are described and drawn from text alone and from text and a tiny picture. Every
    picture is encoded and decoded by the command line, checked, and written to the folder of the results:
    streams, pictures, study.csv and study.md. Answers are stored: a run that was stopped goes on where it
    was, and a second one costs nothing. Keys: OPENAI_API_KEY for the shipped profiles; other servers by
    --captioner and --generator (docs/guide/providers.md).
    """
    out.mkdir(parents=True, exist_ok=True)
    images = [str(path) for path in listed(folder, limit)]
    cost, calls = estimate(images, out, captioner, generator)
    price = "unknown dollars" if cost is None else f"about ${cost:.2f}"
    say(f"{len(images)} pictures, {len(MODES)} modes: {price} in {calls} calls or more")
    if not go:
        say("nothing was sent; --go runs it")
        return
    caps = ("--max-cost", max_cost) if cost is not None else ()
    rows = study(images, out, captioner, generator, caps)
    click.echo(write(rows, out, f"{captioner}, {generator}; scores by the embedded checks."))
