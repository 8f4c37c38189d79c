"""What a server is called, and whose pages may ask it: against DNS rebinding and requests of other sites."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

_LOCAL = "localhost"
_SAME = {"same-origin", "none"}
"""Of ``Sec-Fetch-Site``: this page, or what somebody typed. Other ports of a host are not this page."""


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == _LOCAL


def is_name(text: str) -> bool:
    """Say whether a text is what browsers call a server: a host, perhaps with a port."""
    return re.fullmatch(r"[\w.:-]+", _name(text), re.ASCII) is not None


def is_called(header: str, host: str, names: Collection[str]) -> bool:
    """Say whether a ``Host`` header means this server.

    Args:
        header: as it was sent.
        host: the address that the server listens at. At one that stands for all, every address is its own:
            rebinding needs a name.
        names: further ones.
    """
    name = _name(header)
    if not name:
        return False
    if name in {_name(each) for each in names}:
        return True
    if is_loopback(host):
        return is_loopback(name)
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name == host.lower()
    return _is_any(host) or name == host.lower() or address.is_loopback


def _is_any(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _name(authority: str) -> str:
    """Give the host of ``host:port``, in lower case, without brackets; "" where it is none."""
    try:
        parts = urlsplit(f"//{authority}")
        _port = parts.port  # is checked
    except ValueError:
        return ""
    if parts.netloc != authority or "@" in authority or not parts.hostname:
        return ""
    return parts.hostname.rstrip(".")


def is_of_another_site(method: str, path: str, headers: dict[str, str]) -> bool:
    """Say whether a page of another site sent a request, other than by leading somebody to the page.

    Args:
        method: of HTTP.
        path: without the query.
        headers: by name in lower case.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    if origin is not None and not _is_same(origin, headers.get("host", "")):
        return True
    if site in _SAME:
        return False
    leads_here = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return not (method == "GET" and path == "/" and leads_here)


def _is_same(origin: str, host: str) -> bool:
    """Compare without the scheme: whoever ends TLS before this server speaks plain HTTP to it."""
    scheme, _, authority = origin.partition("://")
    default = {"http": ":80", "https": ":443"}.get(scheme)
    if default is None:
        return False
    return authority.lower().removesuffix(default) == host.lower().removesuffix(default)
