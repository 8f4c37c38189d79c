"""What may come of a file that is added."""

from __future__ import annotations

ADDED = "added"
"""Its content is new."""
DUPLICATE = "duplicate"
"""Its content is there under another name; it is a further place of that record."""
KNOWN = "known"
"""The file is there already."""
MOVED = "moved"
"""Its content was known in a place where it is no longer; this one takes that one's place."""
CHANGED = "changed"
"""A known place has other content now: the older record loses it and stays."""
FAILED = "failed"
"""There was an error."""

FAILED_BEFORE = "failed before"
"""It was not tried again, as nothing changed."""

STATES = (ADDED, DUPLICATE, KNOWN, MOVED, CHANGED, FAILED)
