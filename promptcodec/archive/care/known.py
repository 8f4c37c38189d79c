"""What the index beside an archive knows of it, whatever state the two are in."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from promptcodec.archive.record import ID_BYTES


def known_ids(path: Path) -> list[bytes]:
    """Give the ids of the records that the index of an archive has; none where it cannot be read."""
    address = f"{path.resolve().as_uri()}.index?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            rows = connection.execute("SELECT id FROM doc").fetchall()
    except sqlite3.Error:
        return []
    return [id_ for (id_,) in rows if isinstance(id_, bytes) and len(id_) == ID_BYTES]
