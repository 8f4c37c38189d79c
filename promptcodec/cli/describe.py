"""``promptcodec describe``."""

from __future__ import annotations

import json

import click

from promptcodec.api.spending import begin
from promptcodec.cli import batch, options, report, spending
from promptcodec.description import Description, format_text, from_json, parse_text, to_json
from promptcodec.errors import DescriptionError, UsageError
from promptcodec.files import read_file


def read_description(path: str) -> Description:
    """Read a description file: JSON where it starts with a brace, else canonical text.

    Raises:
        DescriptionError: with line and column.
    """
    try:
        # Editors may put a byte order mark before the text, and carriage returns into it.
        text = read_file(path).decode("utf-8-sig").replace("\r\n", "\n")
        value = json.loads(text) if text.lstrip().startswith("{") else None
    except UsageError as error:
        raise DescriptionError(f"the description {path} {error}") from None
    except UnicodeDecodeError:
        raise DescriptionError(f"{path} is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise DescriptionError(f"{path}: {error.msg}", error.lineno, error.colno) from None
    except (ValueError, RecursionError):
        raise DescriptionError(f"{path} is no JSON of a description") from None
    return parse_text(text) if value is None else from_json(value)


@click.command(
    "describe",
    short_help="Describe a picture in words.",
    epilog="\b\nExamples:\n"
    "  promptcodec describe photo.jpg > photo.txt\n"
    "  promptcodec describe photo.jpg --grid 3x4 --json\n"
    "  promptcodec encode photo.jpg -o photo.pxt --description photo.txt",
)
@click.argument("image", metavar="IMG")
@click.option("--captioner", default="local", show_default=True, metavar="NAME[:URL]", help="Who looks.")
@click.option("--grid", type=options.Pair(), metavar="RxC", help="Rows and columns, 1 to 8 each.")
@spending.cap_options
@options.json_option
def command(
    image: str,
    captioner: str,
    grid: tuple[int, int] | None,
    max_cost: float | None,
    max_requests: int,
    as_json: bool,  # noqa: FBT001 - click calls by keyword
) -> None:
    """Describe a picture in words, cell by cell in raster order."""
    from promptcodec import plugins, rate  # noqa: PLC0415 - heavy
    from promptcodec.vision.load import load_image  # noqa: PLC0415

    begin(spending.limits(max_cost, max_requests))
    with batch.naming(image):
        picture = load_image(batch.read_input(image))
        rows, cols = grid or rate.grid(rate.DEFAULT_CELLS, picture.size)
        said: Description = plugins.create("captioners", captioner).describe(picture, rows=rows, cols=cols)
        if as_json:
            report.emit(to_json(said))
        else:
            report.say(format_text(said), lines=True)
