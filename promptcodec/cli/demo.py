"""``promptcodec demo``: the main job on a picture that scikit-image ships."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from promptcodec.cli import batch, options, report
from promptcodec.files import STDIO, check_free

if TYPE_CHECKING:
    from PIL import Image

SETTINGS = (("words only", ("semantic",), 100), ("words + thumbnail", ("semantic", "texture"), 200))


def likeness(first: Image.Image, second: Image.Image) -> float:
    """Give the cosine of two pictures' embeddings: 1 for the same, about 0.25 for unrelated ones."""
    from promptcodec.vision.network import look  # noqa: PLC0415 - heavy

    _, (one, other) = look([first, second])
    return round(float(one @ other), 4)


@click.command(
    "demo",
    epilog="\b\nExamples:\n  promptcodec demo\n  promptcodec demo -o look.png --json",
)
@click.option("-o", "--output", default="demo.png", show_default=True, help="The side-by-side picture.")
@options.overwrite_option
@options.json_option
def command(output: str, overwrite: bool, as_json: bool) -> None:  # noqa: FBT001 - click's form
    """Encode and decode a sample picture: words only, and words with a texture layer.

    Two numbers stand beside each: how well the drawn picture agrees with its stream, which is all that a
    decoder knows, and how like it is to the original.

    The sample is the portrait of the astronaut Eileen Collins (NASA, public domain).
    """
    from PIL import Image  # noqa: PLC0415 - heavy
    from skimage import data  # noqa: PLC0415

    from promptcodec import decoding, encoding, provenance, reading  # noqa: PLC0415
    from promptcodec.cli.sheet import side_by_side  # noqa: PLC0415

    batch.check_stdout(output, as_json=as_json)
    check_free(output, overwrite=overwrite)
    sheet_name = "" if output == STDIO else output
    provenance.picture_format(sheet_name)  # refused before anything is drawn
    picture = Image.fromarray(data.astronaut())  # type: ignore[no-untyped-call]
    rows = []
    panels = [("original", picture)]
    for name, layers, budget in SETTINGS:
        stream = encoding.encode(picture, layers=layers, budget=budget)
        decoded = decoding.decode(stream, check=True)
        assert decoded.report.check is not None
        shown = reading.inspect(stream)
        rows.append(
            {
                "setting": name,
                "bytes": shown["bytes"],
                "bpp": shown["bpp"],
                "score": decoded.report.check.score,
                "verdict": decoded.report.check.verdict,
                "likeness": likeness(picture, decoded.image),
                "text": shown["text"],
            }
        )
        panels.append((f"{name}, {shown['bytes']} bytes", decoded.image))
    sheet = provenance.save(
        side_by_side(panels),
        sheet_name,
        {"generator": decoded.report.generator, "panels": [p[0] for p in panels]},
    )
    batch.write_output(output, sheet, overwrite=overwrite)
    if as_json:
        report.emit({"out": output, "ok": True, "rows": rows})
    # A table is for people, and standard output may be taken by the picture.
    if as_json or output == STDIO:
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(
        "setting",
        "bytes",
        "bpp",
        "agrees with\nthe stream",
        "like the\noriginal",
        title=f"512x512 sample, decoded by {decoded.report.generator}",
        caption="Agrees: the check, from the stream alone. Like: the cosine of what a network sees in both; "
        "1 is the same, unrelated pictures have about 0.25.",
    )
    for row in rows:
        figures = (f"{row['bpp']:.5f}", f"{row['score']:.2f}", f"{row['likeness']:.2f}")
        table.add_row(row["setting"], str(row["bytes"]), *figures)
    console = Console()
    console.print(rows[-1]["text"], markup=False, highlight=False)
    console.print(table)
    report.say(f"side by side: {output}")
