"""Caps on spending for workers on many machines, none of which sees what the others have spent."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from promptcodec.api.spending import Limits


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of the caps of a run.

    Attributes:
        limits: that may still be spent.
        refused: pictures for which that was not enough.
    """

    limits: Limits
    refused: int


class Purse:
    """What is left of the caps of a run: each worker is lent a share, and gives back what it did not spend.

    A share that does not come back, of a worker that died, counts as spent. So the caps hold.
    """

    def __init__(self, limits: Limits, workers: int) -> None:
        """Fill it.

        Args:
            limits: what all workers may spend together.
            workers: how many ask at once.
        """
        self._limits = limits
        self._refused = 0
        self._workers = workers

    def take(self) -> Limits:
        """Lend a share: an even part of what is left, and one request where there is one."""
        left = self._limits
        requests = math.ceil(left.requests / self._workers)
        share = Limits(left.cost / self._workers, requests, strict=left.strict)
        self._add(-share.requests, -share.cost)
        return share

    def give_back(self, share: Limits, requests: int, cost: float, *, refused: bool) -> None:
        """Take back a share.

        Args:
            share: what was lent.
            requests: that were made of it.
            cost: what they came to.
            refused: more was wanted.
        """
        self._refused += refused
        self._add(share.requests - requests, share.cost - cost)

    def left(self) -> Left:
        """Give what is left."""
        return Left(self._limits, self._refused)

    def _add(self, requests: int, cost: float) -> None:
        left = self._limits
        more = left.cost + cost if math.isfinite(left.cost) else left.cost
        self._limits = replace(left, requests=left.requests + requests, cost=max(more, 0.0))
