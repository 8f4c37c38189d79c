"""How a picture that is sent is encoded: the parameters of a query, and the settings they make."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from promptcodec import plugins
from promptcodec.api.spending import NO_SPENDING, Limits
from promptcodec.captioners import PaidCaptioner, PricedCaptioner
from promptcodec.errors import UsageError
from promptcodec.layers.registry import NAMES as LAYERS
from promptcodec.layers.registry import check_layers
from promptcodec.server import parameters
from promptcodec.server.parameters import Query
from promptcodec.server.service import service_of
from promptcodec.server.settings import ServeSettings
from promptcodec.settings import (
    DEFAULT_LAYERS,
    EFFORT,
    MAX_EFFORT,
    MIN_EFFORT,
    QUALITY_BYTES,
    RECIPE_MODES,
    EncodeSettings,
)

NAMES = ("budget", "bpp", "quality", "words", "layers", "effort", "captioner", "recipe", "redact")
"""Parameters, as the options of the command line are called."""

MOST_BYTES = 1 << 30
"""What a budget may be at most; more is no limit at all."""


def settings_of(query: Query, settings: ServeSettings) -> EncodeSettings:
    """Make the settings of a query.

    Raises:
        Problem: a parameter cannot be used.
    """
    try:
        layers = check_layers(query["layers"].split(",")) if "layers" in query else DEFAULT_LAYERS
    except UsageError:
        raise parameters.wrong("layers", query["layers"], f"some of {', '.join(LAYERS)}") from None
    return EncodeSettings(
        budget=parameters.whole(query, "budget", 1, MOST_BYTES),
        bpp=parameters.number(query, "bpp"),
        quality=parameters.whole(query, "quality", 1, len(QUALITY_BYTES)),
        words=parameters.number(query, "words"),
        layers=layers,
        captioner=captioner_of(query, settings),
        recipe=parameters.one_of(query, "recipe", RECIPE_MODES),
        redact=parameters.flag(query, "redact"),
        effort=parameters.whole(query, "effort", MIN_EFFORT, MAX_EFFORT) or EFFORT,
    )


def captioner_of(query: Query, settings: ServeSettings) -> str:
    """Give the captioner that a query names; the server's first where it names none.

    Raises:
        Problem: the server has no such captioner.
    """
    return parameters.one_of(query, "captioner", settings.captioners)


async def limits_of(request: Request, captioner: str) -> Limits:
    """Give what a request may spend on a captioner.

    Raises:
        Problem: it costs money, and the caller may spend none.
    """
    guard = service_of(request).guard
    if await run_in_threadpool(_is_paid, captioner):
        return guard.limits(guard.require(request, "spend"))
    return NO_SPENDING


def _is_paid(captioner: str) -> bool:
    return isinstance(plugins.create("captioners", captioner), (PaidCaptioner, PricedCaptioner))


def needs_words(settings: EncodeSettings) -> bool:
    """Say whether a captioner is asked at all."""
    return "semantic" in settings.layers and settings.recipe != "only"


async def encode_limits(request: Request, settings: EncodeSettings) -> Limits:
    """Give what a request may spend on encoding; raises as ``limits_of``."""
    if needs_words(settings):
        return await limits_of(request, settings.captioner)
    return NO_SPENDING
