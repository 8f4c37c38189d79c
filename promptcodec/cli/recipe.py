"""``promptcodec recipe``: its two commands, and the lines of a recipe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from promptcodec.cli.lazy import LazyGroup


def show_fields(fields: dict[str, Any]) -> Iterator[str]:
    """Make the lines a person reads of a recipe's fields."""
    for part, values in fields.items():
        yield f"{part}:"
        for key, value in values.items():
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"  {key}: {shown}"


@click.group(
    "recipe",
    cls=LazyGroup,
    package="promptcodec.cli",
    modules={"export": "recipe_export", "show": "recipe_show"},
    no_args_is_help=False,
    epilog="\b\nExamples:\n"
    "  promptcodec recipe show picture.png\n"
    "  promptcodec recipe export picture.pxt --to comfyui -o graph.json",
)
def command() -> None:
    """Show or export the generation recipe that an image file or a stream carries."""
