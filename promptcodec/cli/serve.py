"""``promptcodec serve``."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptcodec.api.spending import DEFAULT_REQUESTS
from promptcodec.cli import batch, options, report, spending
from promptcodec.errors import MissingError, UsageError
from promptcodec.settings import CAPTIONER, GENERATOR

if TYPE_CHECKING:
    from promptcodec.server.settings import ServeSettings

_MB = 1_000_000
_EXAMPLE = {"generators": "painter", "captioners": "writer"}


@click.command(
    "serve",
    epilog="\b\nExamples:\n"
    "  promptcodec serve pictures.pxa\n"
    "  promptcodec serve pictures.pxa --generator builtin --generator diffusers:sd15\n"
    "  promptcodec serve pictures.pxa --generator builtin --generator painter --max-cost 5\n"
    "  promptcodec serve pictures.pxa --tokens tokens.toml --name pictures.example.org\n"
    "  promptcodec serve pictures.pxa --host 0.0.0.0 --read-only",
)
@click.argument("path", metavar="A")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen at; 0.0.0.0 or :: for every one of this machine.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 is any free one."
)
@click.option(
    "--name",
    "hosts",
    multiple=True,
    metavar="HOST",
    help="A name that browsers call this server by, behind a proxy say; may be given again.",
)
@click.option(
    "--tokens",
    type=click.Path(dir_okay=False),
    help="A TOML file of those who may write and spend: [NAME] and below it secret and perhaps max_cost.",
)
@click.option("--read-only", is_flag=True, help="Let nobody change the archive.")
@click.option("--with-private", is_flag=True, help="Serve folders too, and recipes as they are.")
@click.option(
    "--generator",
    "generators",
    multiple=True,
    default=(GENERATOR,),
    show_default=True,
    metavar="NAME",
    help="One that requests may name, the first where they name none; may be given again.",
)
@click.option(
    "--captioner",
    "captioners",
    multiple=True,
    default=(CAPTIONER,),
    show_default=True,
    metavar="NAME",
    help="Likewise, for pictures that are sent.",
)
@click.option(
    "--max-cost",
    type=spending.Dollars(0),
    default=0.0,
    metavar="DOLLARS",
    help="Most that hosted models may cost until the server ends.  [default: 0]",
)
@click.option(
    "--max-requests",
    type=click.IntRange(0),
    default=DEFAULT_REQUESTS,
    show_default=True,
    help="Most calls of hosted models until the server ends.",
)
@click.option(
    "--cache", type=options.Folder(), help="The folder of drawn pictures; by default in promptcodec's own."
)
@click.option(
    "--cache-size",
    type=click.IntRange(1),
    default=2000,
    show_default=True,
    metavar="MB",
    help="The most that they take.",
)
@click.option(
    "--upload-size",
    type=click.IntRange(1, 1000),
    default=64,
    show_default=True,
    metavar="MB",
    help="The largest file that may be sent.",
)
@click.option(
    "--wait",
    type=click.IntRange(0, 60),
    default=5,
    show_default=True,
    metavar="SECONDS",
    help="How long a request waits for its picture before it is given a job to ask for.",
)
def command(path: str, **given: Any) -> None:
    """Serve the archive A: a page, and an API that draws pictures when somebody asks.

    Everybody who reaches the server may look. On this machine everybody may also write, within the
    caps; where others reach it, by --host or --name, only who has a token of --tokens, or the one in
    PROMPTCODEC_SERVE_TOKEN. The first line on standard output says where it listens, as JSON; one JSON
    line on standard error is written for each request. Ctrl-C ends it when what it draws is done or
    parked; a second one ends it at once.
    """
    _need()
    settings = _settings(path, **given)
    settings = replace(settings, read_only=settings.read_only or not _check_archive(path))
    for role in ("generators", "captioners"):
        for name in getattr(settings, role):
            _check_plugin(role, name)
    _serve(settings)


def _need() -> None:
    from promptcodec.testing import serving  # noqa: PLC0415 - --help starts light

    if absent := serving.absent():
        raise MissingError(f"this needs {', '.join(absent)}: pip install 'promptcodec[server]'")


def _settings(path: str, tokens: str | None, cache: str | None, **given: Any) -> ServeSettings:
    from promptcodec.server import tokens as secrets  # noqa: PLC0415
    from promptcodec.server.guard.names import is_loopback, is_name  # noqa: PLC0415
    from promptcodec.server.settings import ServeSettings  # noqa: PLC0415

    known = secrets.read(tokens)
    if tokens and secrets.is_open_to_others(tokens):
        report.warn(f"{tokens}: others of this machine can read these secrets; chmod 600 {tokens}")
    given["cache_bytes"] = given.pop("cache_size") * _MB
    given["upload_bytes"] = given.pop("upload_size") * _MB
    if cache:
        given["cache"] = _folder(cache)
    if wrong := [name for name in given["hosts"] if not is_name(name)]:
        raise UsageError(
            f"--name {wrong[0]}: a name is a host as browsers send it, such as pictures.example.org"
        )
    settings = ServeSettings(Path(path), tokens=known, **given)
    unused = settings.read_only and not settings.max_cost
    if not known and not unused and (settings.hosts or not is_loopback(settings.host)):
        report.warn("nobody may write or spend: others reach this server, and it has no --tokens")
    return settings


def _folder(cache: str) -> Path:
    folder = Path(cache)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"the folder {cache} cannot be made: {error.strerror}; name another by --cache"
        ) from None
    if not os.access(folder, os.W_OK):
        raise UsageError(f"nothing can be written into the folder {cache}; name another by --cache")
    return folder


def _check_archive(path: str) -> bool:
    """Have the index of the archive catch up, which may take a while; say whether it can be changed."""
    from promptcodec.archive import store  # noqa: PLC0415
    from promptcodec.archive.file.database import check_file  # noqa: PLC0415
    from promptcodec.cli.archive.indexing import opened  # noqa: PLC0415

    with batch.naming(path), store.open(path) as archive, opened(archive):
        pass
    try:
        check_file(Path(path), write=True)
    except UsageError as error:
        report.warn(f"{error}; until then it is served as with --read-only")
        return False
    return True


def _check_plugin(role: str, name: str) -> None:
    """Refuse what does not exist; warn of what would not work now."""
    from promptcodec import plugins  # noqa: PLC0415
    from promptcodec.readiness import Examined  # noqa: PLC0415

    if "://" in name:
        raise UsageError(
            f"{name}: requests would have to name this address; give it a name in the configuration file "
            f"{plugins.config_path()}, such as [{role}.{_EXAMPLE[role]}], and name that"
        )
    try:
        plugin = plugins.create(role, name)
        rows = plugin.examine() if isinstance(plugin, Examined) else ()
    except MissingError as error:
        report.warn(f"{name} would not work now: {error}")
        return
    own = [row for row in rows if row.name == name] or rows
    if own and not any(row.ok for row in own):
        report.warn(f"{name} would not work now: {own[0].why}")


def _serve(settings: ServeSettings) -> None:
    from promptcodec.server import run  # noqa: PLC0415 - an extra
    from promptcodec.server.app import make  # noqa: PLC0415

    listener = run.listen(settings.host, settings.port)
    app = make(settings)

    def stop() -> None:
        app.state.service.renders.stop()

    run.run(app, stop, listener)
