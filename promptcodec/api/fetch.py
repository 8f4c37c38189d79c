"""Fetch a picture that an answer names the address of: without a key, bounded, from no private network.

The address is the server's word. Only a server that is itself in a private network may name one there,
so that no answer of a public server reaches into the network it was asked from.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

from promptcodec.api.compressed import CompressedError, expander
from promptcodec.api.transport import MOST_PICTURE

_CHUNK = 1 << 16
# Storage servers often name no type, or the one of any bytes.
_TYPES = ("image/", "application/octet-stream", "binary/octet-stream")
# IPv6 networks whose addresses hold an IPv4 address, and how many bits stand behind it. Such an address
# leads where the one that it holds leads.
_HOLDING = [
    (ipaddress.IPv6Network(network), behind)
    for network, behind in {
        "::ffff:0:0/96": 0,  # mapped
        "::ffff:0:0:0/96": 0,  # translated, RFC 2765
        "::/96": 0,  # compatible, RFC 4291
        "64:ff9b::/96": 0,  # NAT64, RFC 6052
        "2002::/16": 80,  # 6to4, RFC 3056
    }.items()
]
# Of no public network: NAT64 of a network's own (RFC 8215), Teredo (RFC 4380), site-local (RFC 3879).
_LOCAL = [ipaddress.IPv6Network(network) for network in ("64:ff9b:1::/48", "2001::/32", "fec0::/10")]


class FetchError(Exception):
    """The picture cannot be had; the text says why."""


def fetch(url: str, *, server: str, timeout: float, most: int = MOST_PICTURE) -> bytes:
    """Fetch a picture.

    Args:
        url: http or https; redirects to such are followed.
        server: address of the server whose answer names it.
        timeout: seconds for all of it.
        most: bytes it may have.

    Raises:
        FetchError: it cannot be fetched, is no picture, or is too large.
    """
    line = _Line()
    outcome: list[bytes | FetchError] = []

    def work() -> None:
        try:
            outcome.append(_get(url, server, line, timeout, most))
        except FetchError as error:
            outcome.append(error)
        except Exception as error:  # noqa: BLE001 - addresses and servers are anything
            reason = str(getattr(error, "reason", error))[:200]
            outcome.append(FetchError(f"cannot be fetched ({reason or type(error).__name__})"))

    # In a thread, so that the deadline holds for looking names up, and for a byte a minute, too.
    thread = threading.Thread(target=work, name="promptcodec-fetch", daemon=True)
    thread.start()
    thread.join(timeout)
    late = thread.is_alive()  # asked before the line is closed: what is read then ends as if it were whole
    line.close()
    if late or not outcome:
        raise FetchError(f"did not come within {timeout:g} s")
    if isinstance(outcome[0], FetchError):
        raise outcome[0]
    return outcome[0]


def _get(url: str, server: str, line: _Line, timeout: float, most: int) -> bytes:
    line.private = _any_private(urlsplit(server).hostname or "")
    try:
        request = urllib.request.Request(_ascii(url), headers={"User-Agent": "promptcodec"})  # noqa: S310 - see _opener
        with _opener(line).open(request, timeout=timeout) as response:
            return _read(response, most)
    except urllib.error.HTTPError as error:
        raise FetchError(f"cannot be fetched (HTTP {error.code})") from None
    except CompressedError as error:
        raise FetchError(f"is compressed ({str(error)!r}) in a way that cannot be read") from None


def _ascii(url: str) -> str:
    """Write an address as it is sent: other letters than ASCII as IDNA and in percents."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host.isascii():
        parts = parts._replace(netloc=parts.netloc.replace(host, host.encode("idna").decode()))
    return quote(parts.geturl(), safe="%/:=&?~#+!$,;'@()*[]")


def _read(response: Any, most: int) -> bytes:
    kind = response.headers.get_content_type() if response.headers.get("content-type") else _TYPES[1]
    if not kind.startswith(_TYPES):
        raise FetchError(f"is no picture but {kind[:60]}")
    data = bytearray()
    for piece in _pieces(response):
        data += piece
        if len(data) > most:
            raise FetchError(f"is larger than {most >> 20} MB")
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return bytes(data)


def _pieces(response: Any) -> Iterator[bytes]:
    expand = expander(response.headers.get("content-encoding", ""))
    while chunk := response.read(_CHUNK):
        yield from expand(chunk)


class _Line:
    """The sockets of one fetch, and where they may lead."""

    def __init__(self) -> None:
        self.private = False
        self._sockets: list[socket.socket] = []

    def connect(self, host: str, port: int, timeout: float | None) -> socket.socket:
        """Look a name up, and connect to what it stands for where that may be."""
        failed: OSError = OSError(f"{host} has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            if not self.private and is_private(str(address[0])):
                raise FetchError("is in a private network, and the server that names it is not")
            connected = socket.socket(family, kind, protocol)
            self.keep(connected)
            try:
                connected.settimeout(timeout)
                connected.connect(address)
            except OSError as error:
                connected.close()
                failed = error
            else:
                return connected
        raise failed

    def keep(self, connected: socket.socket) -> None:
        """Remember what is to be closed."""
        self._sockets.append(connected)

    def close(self) -> None:
        """End what is still being read."""
        for connected in self._sockets:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)


def _opener(line: _Line) -> urllib.request.OpenerDirector:
    """Make an opener of http and https, and of nothing else: no files, no cookies, no passwords."""

    class Plain(http.client.HTTPConnection):
        def connect(self) -> None:
            self.sock = line.connect(self.host, self.port, self.timeout)

    class Secure(http.client.HTTPSConnection, Plain):
        """Its own connect calls that of Plain, and begins with TLS after it."""

        def connect(self) -> None:
            super().connect()
            line.keep(self.sock)

    class PlainHandler(urllib.request.HTTPHandler):
        def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Plain, request)

    class SecureHandler(urllib.request.HTTPSHandler):
        def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Secure, request)

    opener = urllib.request.OpenerDirector()
    for handler in (
        PlainHandler(),
        SecureHandler(),
        _Redirects(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = 3

    def redirect_request(self, request: Any, *answer: Any) -> urllib.request.Request | None:
        """Follow, but never from https to http."""
        to = str(answer[-1])
        if request.type == "https" and not to.startswith("https:"):
            raise FetchError("redirects from https to http")
        return super().redirect_request(request, *answer)


def _any_private(host: str) -> bool:
    try:
        addresses = socket.getaddrinfo(host, None)
    except OSError:
        return False
    return any(is_private(str(address[4][0])) for address in addresses)


def is_private(address: str) -> bool:
    """Say whether an IP address is of a private network, this machine, or otherwise not of the public one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if any(ip in network for network in _LOCAL):
            return True
        behind = next((bits for network, bits in _HOLDING if ip in network), None)
        if behind is not None:
            ip = ipaddress.IPv4Address(int(ip) >> behind & 0xFFFFFFFF)
    return not ip.is_global or ip.is_multicast
