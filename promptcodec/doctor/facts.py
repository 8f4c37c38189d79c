"""Which promptcodec this is, on which Python and system, with which versions of others."""

from __future__ import annotations


def named() -> str:
    """Name this package, its version and its core."""
    from promptcodec import __version__, native  # noqa: PLC0415 - not before it is asked for

    return f"promptcodec {__version__} ({native.named()})"


def system() -> tuple[str, str]:
    """Give the version of Python, and the platform."""
    import platform  # noqa: PLC0415 - as above

    return platform.python_version(), platform.platform()


def version(distribution: str) -> str | None:
    """Give the version of an installed distribution, None where it is not installed or does not say."""
    from importlib import metadata  # noqa: PLC0415 - as above

    try:
        return metadata.version(distribution) or None
    except (metadata.PackageNotFoundError, KeyError):
        return None
