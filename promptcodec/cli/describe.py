"""``promptcodec describe``."""

from __future__ import annotations

import json

import click

from promptcodec.api.spending import limited
from promptcodec.cli import batch, options, report, spending
from promptcodec.description import Description, format_text, from_json, parse_text, to_json
from promptcodec.errors import DescriptionError, UsageError
from promptcodec.files import read_file

_BESIDE = ("file", "ok")


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
        raise DescriptionError(f"the description {error}") from None
    except UnicodeDecodeError:
        raise DescriptionError("the description is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise DescriptionError(
            f"the description is no JSON: {error.msg}", error.lineno, error.colno
        ) from None
    except (ValueError, RecursionError):
        raise DescriptionError("the description is no JSON of one") from None
    if isinstance(value, dict):  # what describe --json says of the picture beside it
        value = {key: kept for key, kept in value.items() if key not in _BESIDE}
    return parse_text(text) if value is None else from_json(value)


@click.command(
    "describe",
    epilog="\b\nExamples:\n"
    "  promptcodec describe photo.jpg > photo.txt\n"
    "  promptcodec describe photo.jpg --grid 3x4 --json\n"
    "  promptcodec encode photo.jpg -o photo.pxt --description photo.txt",
)
@click.argument("image", metavar="IMG")
@options.captioner_option
@click.option("--grid", type=options.Grid(), metavar="RxC", help="Rows and columns, 1 to 8 each.")
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
    from promptcodec import describing  # noqa: PLC0415 - heavy

    with batch.naming(image), limited(spending.limits(max_cost, max_requests)):
        described = describing.describe_full(batch.read_input(image), captioner, grid)
        if as_json:
            report.emit({"file": image, "ok": True, **to_json(described.description)})
        else:
            report.say(format_text(described.description), lines=True)
        report.warn_of_unread(int(described.unread))
