"""Errors that nobody expected: one line for people, and a file that says where it happened."""

from __future__ import annotations

from promptcodec import unexpected
from promptcodec.doctor import facts
from promptcodec.errors import PromptcodecError, UnexpectedError

_PACKAGES = ("numpy", "pillow", "onnxruntime", "scikit-image", "scipy", "zstandard", "brotli")


def as_error(error: BaseException, file: str | None = None) -> PromptcodecError:
    """Give an exception as an error of this package; what nobody expected gets a report file.

    Args:
        error: the exception.
        file: what was worked on.
    """
    failed = unexpected.as_error(error)
    if isinstance(failed, UnexpectedError) and failed is not error:
        failed.hint = _written(error, file)
    return failed


def _written(error: BaseException, file: str | None) -> str:
    """Write the report; say where it is. What fails in one way gets one file, however often it does."""
    import hashlib  # noqa: PLC0415 - only when needed
    import traceback  # noqa: PLC0415

    from promptcodec.api.answers import folder  # noqa: PLC0415
    from promptcodec.files import write_whole  # noqa: PLC0415

    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno}" for frame in frames]
    name = hashlib.sha256("\n".join([type(error).__name__, *places]).encode("utf-8", "replace")).hexdigest()
    path = folder() / "reports" / f"{name[:12]}.txt"
    try:
        write_whole(str(path), _report(error, file).encode("utf-8", "backslashreplace"), overwrite=True)
    except PromptcodecError:
        return f"it came from {places[-1]}" if places else ""
    return f"this should not happen: {path} says where it did, for a bug report"


def _report(error: BaseException, file: str | None) -> str:
    import traceback  # noqa: PLC0415

    trace = "".join(traceback.format_exception(error))
    versions = [f"{package} {facts.version(package) or 'is not installed'}" for package in _PACKAGES]
    lines = [facts.named(), *versions, "Python {} on {}".format(*facts.system()), f"input: {file}", "", trace]
    return unexpected.cleaned("\n".join(lines))
