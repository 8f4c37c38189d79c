"""Option types and options that several commands share."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from promptcodec.bitstream import MAX_PIXELS, MAX_SIDE
from promptcodec.description.model import MAX_SIDE as GRID_SIDE
from promptcodec.settings import CAPTIONER, MAX_SEED

Command = TypeVar("Command", bound=Callable[..., Any])
_UNITS = {"": 1, "b": 1, "kb": 1000, "kib": 1024}


class Bytes(click.ParamType):  # type: ignore[type-arg] # generic only in newer releases
    """A number of bytes: ``200``, ``200B``, ``1.5kB``."""

    name = "bytes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parse it."""
        match = re.fullmatch(r"(\d{1,12}(?:\.\d{1,12})?) ?([a-z]*)", str(value).strip().lower())
        if match is None or match[2] not in _UNITS:
            self.fail(f"{value!r} is not a number of bytes such as 200B or 1.5kB", param, ctx)
        return int(float(match[1]) * _UNITS[match[2]])


class Share(click.ParamType):  # type: ignore[type-arg]
    """A number of bytes, or a share of all there are, below 1: ``60B``, ``0.4``."""

    name = "bytes or share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Parse it."""
        share = re.fullmatch(r"0?\.\d{1,12}", str(value).strip())
        return float(value) if share else Bytes().convert(value, param, ctx)


class Pair(click.ParamType):  # type: ignore[type-arg]
    """Two numbers around an ``x``: ``768x512``, no more than a picture may have."""

    name = "pair"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Parse it."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"([1-9]\d{0,4})[xX]([1-9]\d{0,4})", str(value))
        if match is None:
            self.fail(f"{value!r} is not two positive numbers such as 768x512", param, ctx)
        pair = int(match[1]), int(match[2])
        if pair[0] * pair[1] > MAX_PIXELS or max(pair) > MAX_SIDE:
            self.fail(f"{value!r} is more than {MAX_PIXELS} pixels, or {MAX_SIDE} a side", param, ctx)
        return pair


class Grid(click.ParamType):  # type: ignore[type-arg]
    """Rows and columns of a description: ``4x6``."""

    name = "grid"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Parse it."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(rf"([1-{GRID_SIDE}])[xX]([1-{GRID_SIDE}])", str(value))
        if match is None:
            self.fail(
                f"{value!r} is no grid: rows and columns, 1 to {GRID_SIDE} each, such as 4x6", param, ctx
            )
        return int(match[1]), int(match[2])


class Names(click.ParamType):  # type: ignore[type-arg]
    """Names separated by commas."""

    name = "names"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Parse it."""
        if isinstance(value, tuple):
            return value
        return tuple(name.strip() for name in str(value).split(",") if name.strip())


class Folder(click.ParamType):  # type: ignore[type-arg]
    """The name of a folder, which may not be there yet: an empty one would be the root."""

    name = "dir"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check it."""
        return str(value) or self.fail("the folder has no name", param, ctx)


json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object per line on stdout.")
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace outputs that exist.")
skip_option = click.option(
    "--skip-existing", is_flag=True, help="Leave out inputs whose output is there and reads: resume a run."
)
jobs_option = click.option(
    "--jobs", type=click.IntRange(1, 256), help="Worker processes; all cores for eight files or more, else 1."
)
dictionary_option = click.option(
    "--dictionary", type=click.Path(exists=True, dir_okay=False), help="Made by train-dictionary."
)
output_option = click.option(
    "-o", "--output", default=None, help="A file, a folder (for several inputs), or - for stdout."
)


captioner_option = click.option(
    "--captioner", default=CAPTIONER, show_default=True, metavar="NAME[:URL]", help="The captioner to use."
)


def seed_option(text: str) -> Callable[[Command], Command]:
    """Make ``--seed`` with this help."""
    return click.option("--seed", type=click.IntRange(0, MAX_SEED), help=text)


def choice(option: str, values: Sequence[str], text: str | None = None) -> Callable[[Command], Command]:
    """Make an option that is one of some values, by default the first."""
    return click.option(option, type=click.Choice(values), default=values[0], show_default=True, help=text)


def resolve_jobs(jobs: int | None, files: int) -> int:
    """Give the number of workers; starting one costs about as much as encoding a few pictures."""
    return jobs or ((os.cpu_count() or 1) if files >= 8 else 1)
