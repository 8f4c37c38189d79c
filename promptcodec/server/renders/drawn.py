"""A picture that was drawn, as it is kept and sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture that was drawn.

    Attributes:
        key: what it was made of and how, as 64 hexadecimal digits.
        data: of its file.
        media_type: of ``data``.
        report: how it came about, JSON values: ``generator``, ``layers``, ``seed``, ``warnings``,
            ``seconds``, ``width``, ``height`` and what the generator says of itself.
    """

    key: str
    data: bytes
    media_type: str
    report: dict[str, Any]
