"""``promptcodec prompts``."""

from __future__ import annotations

from dataclasses import asdict

import click

from promptcodec.cli import batch, options, report


@click.group(
    "prompts",
    epilog="\b\nExamples:\n  promptcodec prompts list\n  promptcodec prompts show raster-scan-photo",
)
def command() -> None:
    """Show the prompts that captioners, generators and checks give to models."""


@command.command("list")
@options.json_option
def list_command(as_json: bool) -> None:  # noqa: FBT001 - click calls by keyword
    """List the prompts: name, version, what it is for."""
    from promptcodec import prompts  # noqa: PLC0415

    for name in prompts.names():
        prompt = prompts.load(name)
        if as_json:
            report.emit({"id": prompt.id, "version": prompt.version, "purpose": prompt.purpose})
        else:
            report.say(f"{prompt.id:26} {prompt.version}  {prompt.purpose}")


@command.command("show")
@click.argument("name")
@options.json_option
def show_command(name: str, as_json: bool) -> None:  # noqa: FBT001
    """Print one prompt as a model gets it, with {slots} where values go."""
    from promptcodec import prompts  # noqa: PLC0415

    with batch.naming(name):
        prompt = prompts.load(name)
    if as_json:
        report.emit(asdict(prompt))
    else:
        report.say(prompt.text, lines=True)
