"""What a metric is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes:
        name: as studies name it; the column, where ``columns`` says nothing else.
        kind: see ``eval.metrics``.
        better: 1 where more is better, -1 where less is, 0 where neither.
        unit: of the values.
        says: its definition in a line: variant, library, source, licence where that binds.
        load: gives the function; raises Unavailable, or ImportError, where it cannot run.
        columns: names of its values, where it has several; the function then gives a mapping.
        ours: whether this project's coders or networks take part in its values.
    """

    name: str
    kind: str
    better: int
    unit: str
    says: str
    load: Callable[[], Callable[..., Any]]
    columns: tuple[str, ...] = ()
    ours: bool = False

    @property
    def columns_or_name(self) -> tuple[str, ...]:
        """Give the columns of its values."""
        return self.columns or (self.name,)
