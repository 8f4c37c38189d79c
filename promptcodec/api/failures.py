"""What went wrong at a hosted model, in plain words and with the way out."""

from __future__ import annotations

from collections.abc import Iterator

import openai

from promptcodec.api.profile import Profile
from promptcodec.errors import ApiError, PromptcodecError, RefusedError, UsageError

# What servers say that have run out of money rather than of patience.
_QUOTA = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
_REFUSED = ("content_policy_violation", "moderation_blocked")


def explain(error: openai.APIError, message: str, host: str, profile: Profile) -> PromptcodecError:
    """Turn the client's error into one of ours.

    Args:
        error: as the client raised it; it may quote headers, so nothing of it is passed on.
        message: what it says, without the key.
        host: where it came from.
        profile: whose retries and time are up.
    """
    return next(_causes(error, message, host, profile))


def _causes(error: openai.APIError, message: str, host: str, profile: Profile) -> Iterator[PromptcodecError]:
    """Give what it may be, the most special first."""
    where = f"{profile.model} at {host}"
    tries = f"after {profile.retries} retries"
    if isinstance(error, openai.APITimeoutError):
        yield ApiError(f"{where} did not answer within {profile.timeout:g} s; raise timeout= or try later")
    if isinstance(error, openai.APIConnectionError):
        yield ApiError(f"{host} cannot be reached, or breaks off its answers; is the server running?")
    if error.code in _QUOTA:
        yield ApiError(f"{where}: the account's quota is used up ({message}); see the provider's billing")
    if error.code in _REFUSED:
        yield RefusedError(f"{where} refused: {message}")
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        key = profile.api_key_env or "no variable: name one, api_key_env=NAME"
        yield ApiError(f"{where} does not accept the key in {key}: {message}")
    if isinstance(error, openai.RateLimitError):
        yield ApiError(f"{where} is over its rate limit {tries}: {message}")
    if isinstance(error, openai.NotFoundError):
        yield ApiError(f"{where} is not there: {message}; see model= and url=")
    if isinstance(error, openai.APIStatusError) and error.status_code < 500:
        yield UsageError(f"{where} refuses the request: {message}")
    yield ApiError(f"{where} failed {tries}: {message}")
