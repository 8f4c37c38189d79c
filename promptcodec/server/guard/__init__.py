"""Who may do what, and how much of it: tokens, caps, names of this server, limits on what is sent.

Nothing here trusts a request: no forwarded header, no length, no type of content.
"""

from __future__ import annotations

from promptcodec.server.guard.gate import Gate
from promptcodec.server.guard.guard import Caller, Guard

__all__ = ["Caller", "Gate", "Guard"]
