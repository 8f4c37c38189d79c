"""Wrong tokens, counted by the network they come from."""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable

MOST, SECONDS = 10, 60.0
"""Wrong tokens that a network may send in a minute; those of one IPv6 network are one sender's."""
_NETWORKS = 4096
_IPV6_NETWORK = 64


class Attempts:
    """Wrong tokens, counted by the network they come from."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: dict[str, tuple[int, float]] = {}

    def wrong(self, address: str) -> None:
        """Count one."""
        key, now = network(address), self._clock()
        count, since = self._counts.pop(key, (0, now))
        if now - since >= SECONDS:
            count, since = 0, now
        if len(self._counts) >= _NETWORKS:
            del self._counts[next(iter(self._counts))]
        self._counts[key] = count + 1, since

    def wait(self, address: str) -> int:
        """Give the seconds for which nothing of a network is looked at; 0 where it may try."""
        count, since = self._counts.get(network(address), (0, 0.0))
        if count < MOST:
            return 0
        return max(0, math.ceil(since + SECONDS - self._clock()))


def network(address: str) -> str:
    """Give what addresses of one sender have in common."""
    try:
        at = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(at, ipaddress.IPv6Address):
        if at.ipv4_mapped:
            return str(at.ipv4_mapped)
        return str(ipaddress.ip_network((at, _IPV6_NETWORK), strict=False))
    return str(at)
