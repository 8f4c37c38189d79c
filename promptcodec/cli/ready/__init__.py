"""What worker processes share: importing a module of this folder loads what its tasks look up.

It is imported by the process that workers are forked of (``cli/workers.py``), so that tables and networks are
read once and are in memory once. A task that finds nothing ready loads what it needs itself: whatever fails
here, fails again where it can be told.
"""

EYES, TEXTURE, DRAWING = f"{__name__}.eyes", f"{__name__}.texture", f"{__name__}.drawing"
READING = ("promptcodec.reading", f"{__name__}.layers", f"{__name__}.words")
"""What all commands on streams need."""
