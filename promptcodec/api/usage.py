"""Token counts that servers report: read tolerantly, bounded, never trusted with more."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from promptcodec.api.profile import Usage

MOST_TOKENS = 10**8
"""More than any answer can have: what says more is nonsense."""
_MOST_COST = 1000.0
"""Dollars; no call costs more."""
_LEAST_SHARE = 0.1
"""Of a picture's estimate: what a server counts below that is not the picture."""


def usage_in(answer: dict[str, Any]) -> Usage:
    """Read what an answer says it used, as any of the APIs names it.

    Servers count thinking in different ways: within the tokens of the answer (OpenAI), beside them but
    within the total (Gemini, xAI), or beside both. Whatever is not of the question is output.

    Args:
        answer: of Chat Completions, Responses, or the image API.
    """
    usage = answer.get("usage")
    asked = tokens_in(usage, "input_tokens") or tokens_in(usage, "prompt_tokens")
    given = tokens_in(usage, "output_tokens") or tokens_in(usage, "completion_tokens")
    thought = max(
        tokens_in(_object(usage, name), "reasoning_tokens")
        for name in ("completion_tokens_details", "output_tokens_details")
    )
    if thought > given:
        given += thought
    if total := tokens_in(usage, "total_tokens"):
        given = max(given, total - asked) if asked else given
        asked = asked or max(0, total - given)
    pictures = tokens_in(_object(usage, "input_tokens_details"), "image_tokens")
    return Usage(asked, given, min(pictures, asked), _cost(usage))


def counted(usage: Callable[[dict[str, Any]], Usage], answer: dict[str, Any]) -> Usage:
    """Read the tokens of an answer; no form of them costs the answer, and none gives credit."""
    try:
        used = usage(answer)
    except Exception:  # noqa: BLE001 - servers write anything there
        return Usage()
    counts = {name: tokens_in(asdict(used), name) for name in asdict(used) if name != "cost"}
    counts["image_input_tokens"] = min(counts["image_input_tokens"], counts["input_tokens"])
    return Usage(**counts, cost=used.cost)


def billed(priced: float, used: Usage, estimate: float, *, usable: bool, drawn: bool) -> float:
    """Give what a call came to, in dollars: never less than the server may bill for it.

    What it says that the call cost is the least. What it counts holds where the answer is good and
    both counts are there. Else it is the estimate, or what it counts where that is more. A count of
    next to nothing for a picture leaves the picture out: such servers bill by the piece.

    Args:
        priced: what the tokens that it counts cost, nan where a price is unknown.
        used: what it counts.
        estimate: of the call, nan where unknown.
        usable: the answer is good.
        drawn: it may hold a picture.
    """
    whole = usable and used.input_tokens > 0 and used.output_tokens > 0 and not math.isnan(priced)
    if whole and not (drawn and priced < _LEAST_SHARE * estimate):
        return max(priced, used.cost)
    known = [cost for cost in (estimate, priced) if not math.isnan(cost)]
    if len(known) < 2 and not used.cost:
        return estimate
    return max((*known, used.cost))


def tokens_in(usage: Any, key: str) -> int:
    """Read one count of tokens out of what a server reports.

    Args:
        usage: the server's ``usage``; anything may stand there.
        key: the entry, as in ``prompt_tokens``.

    Returns:
        0 to MOST_TOKENS. Whole numbers, floats and numbers in text count, fractions rounded up. 0 where
        there is no count, or nonsense: null, negative, not finite, too large, a list.
    """
    number = _number(usage.get(key) if isinstance(usage, dict) else None, MOST_TOKENS)
    return -int(-number // 1)


def _cost(usage: Any) -> float:
    """Read the dollars that some routers and providers report: a number, or an object with their sum."""
    if not isinstance(usage, dict):
        return 0.0
    cost = usage.get("cost")
    billed = _number(cost.get("total_cost") if isinstance(cost, dict) else cost, _MOST_COST)
    # With a key of one's own at a router the provider bills beside it.
    beside = _number(_object(usage, "cost_details").get("upstream_inference_cost"), _MOST_COST)
    return billed + beside if usage.get("is_byok") is True else max(billed, beside)


def _object(usage: Any, name: str) -> dict[str, Any]:
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, dict) else {}


def _number(value: Any, most: float) -> float:
    """Read a number above 0 and up to ``most``; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0
    try:
        # A text of digits beyond any count would take long to read.
        number = float(value[:40]) if isinstance(value, str) else value
    except ValueError:
        return 0
    return number if 0 < number <= most else 0  # neither holds of nan
