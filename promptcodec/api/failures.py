"""What went wrong at a hosted model, in plain words and with the way out."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from promptcodec.api.profile import Profile
from promptcodec.errors import ApiError, PromptcodecError, RefusedError, UsageError

if TYPE_CHECKING:
    import openai

LONGEST_WAIT = 120.0
"""Seconds a server may ask to be left alone; where it asks for more, the call fails at once."""
# What servers say that have run out of money rather than of patience.
_QUOTA = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
_REFUSED = ("content_policy_violation", "moderation_blocked")
_BEFORE_SENDING = {
    "ConnectError",
    "ConnectTimeout",
    "PoolTimeout",
    "ProxyError",
    "UnsupportedProtocol",
    "TooManyRedirects",
}
_LASTING = {"UnsupportedProtocol", "TooManyRedirects"}
_MARKUP = re.compile(r"(?is)<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[^<>]*>")
_QUOTED = 4000


class CallError(Exception):
    """A call that gave no answer.

    Attributes:
        error: what it is to the caller.
        billed: the server may have done its work, and may bill it.
        wait: seconds until it may be tried again, 0 to choose; None where that does not help.
        status: of HTTP, 0 where there was none.
    """

    def __init__(
        self, error: PromptcodecError, *, billed: bool, wait: float | None = None, status: int = 0
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.billed = billed
        self.wait = wait
        self.status = status

    def __reduce__(self) -> tuple[Any, ...]:
        return _call_error, (self.error, self.billed, self.wait, self.status)


def _call_error(error: PromptcodecError, billed: bool, wait: float | None, status: int) -> CallError:  # noqa: FBT001
    """Make one again that was sent to another process."""
    return CallError(error, billed=billed, wait=wait, status=status)


def read(error: Exception, host: str, profile: Profile, cover: Callable[[str], str]) -> CallError:
    """Turn what a call raised into one of ours.

    Args:
        error: as the client raised it; it may quote headers, so nothing of it is passed on.
        host: where it came from.
        profile: whose retries and time are up.
        cover: takes the key out of a text.
    """
    import openai  # noqa: PLC0415 - heavy

    if isinstance(error, CallError):
        return error
    if isinstance(error.__cause__, CallError):  # raised inside the client, which made its own of it
        return error.__cause__
    if not isinstance(error, openai.APIError):
        words = f"{type(error).__name__}: {error}"[:_QUOTED]
        return CallError(ApiError(f"{host} could not be asked ({cover(words)[:300]})"), billed=True)
    message = cover(" ".join(_MARKUP.sub(" ", _words(error)).split()))[:300]
    if not isinstance(error, openai.APIStatusError):
        unreached = isinstance(error, openai.APIConnectionError)
        words = _unreachable(error, host) if unreached else _failed(message, host, profile)
        wait = None if _cause(error) in _LASTING else 0.0
        return CallError(ApiError(words), billed=_cause(error) not in _BEFORE_SENDING, wait=wait)
    failed = answered(error.status_code, error.code, message, host, profile)
    if failed.wait is None:
        return failed
    failed.wait = retry_after(error.response.headers.get("retry-after", ""))
    if failed.wait > LONGEST_WAIT:
        words = f"{profile.model} at {host} asks to wait {failed.wait:.0f} s ({message}); try later"
        failed.error, failed.wait = ApiError(words), None
    return failed


def answered(status: int, code: str | None, message: str, host: str, profile: Profile) -> CallError:
    """Turn a status that holds no answer into one of our errors.

    Args:
        status: of HTTP, not 200.
        code: of the error that came with it.
        message: of the same, without the key.
        host: where it came from.
        profile: whose retries are up.
    """
    plain = next(_causes(status, code, message, host, profile))
    # A refusal to serve costs nothing; what failed on the way back, or is refused for what it says, may.
    billed = status >= 500 or status == 408 or isinstance(plain, RefusedError)
    passes = (status in {408, 409, 429} or status >= 500) and code not in _QUOTA
    return CallError(plain, billed=billed, wait=0.0 if passes else None, status=status)


def _words(error: openai.APIError) -> str:
    """Give what the server says: the client leaves a body out that has not OpenAI's form."""
    import openai  # noqa: PLC0415 - heavy

    words = str(error.message)[:_QUOTED]
    if isinstance(error, openai.APIStatusError) and words == f"Error code: {error.status_code}":
        words += f" - {error.response.text[:_QUOTED]}"
    return words


def _cause(error: openai.APIError) -> str:
    """Name what the HTTP library raised: its classes are those of httpx or httpx2."""
    return type(error.__cause__).__name__


def retry_after(header: str) -> float:
    """Read ``retry-after``: seconds, or a date; 0 for what is neither, or is over."""
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, TypeError, IndexError, OverflowError):
            return 0.0
    return max(0.0, seconds) if not math.isnan(seconds) else 0.0


def _causes(
    status: int, code: str | None, message: str, host: str, profile: Profile
) -> Iterator[PromptcodecError]:
    """Give what it may be, the most special first."""
    where = f"{profile.model} at {host}"
    if code in _QUOTA:
        yield ApiError(f"{where}: the account's quota is used up ({message}); see the provider's billing")
    if code in _REFUSED:
        yield RefusedError(f"{where} refused: {message}")
    if status in {401, 403}:
        key = profile.api_key_env or "no variable: name one, api_key_env=NAME"
        yield ApiError(f"{where} does not accept the key in {key}: {message}")
    if status == 429:
        yield ApiError(f"{where} is over its rate limit after {profile.retries} retries: {message}")
    if status == 404:
        yield ApiError(f"{where} is not there: {message}; see model= and url=")
    if 0 < status < 400:
        yield ApiError(f"{where} answers with status {status}, which holds no answer; see url=")
    if 400 <= status < 500:
        yield UsageError(f"{where} refuses the request: {message}")
    yield ApiError(_failed(message, host, profile))


def _failed(message: str, host: str, profile: Profile) -> str:
    return f"{profile.model} at {host} failed after {profile.retries} retries: {message}"


def _unreachable(error: openai.APIError, host: str) -> str:
    cause = str(error.__cause__).upper()
    if _cause(error) == "TooManyRedirects":
        return f"{host} redirects again and again; see url="
    if "CERTIFICATE" in cause:
        return f"{host} has a certificate that cannot be verified; see url="
    if "SSL" in cause or "TLS" in cause:
        return f"{host} does not speak TLS as https:// asks for; see url="
    return f"{host} cannot be reached, or breaks off its answers; is the server running?"
