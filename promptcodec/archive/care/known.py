"""What the index beside an archive knows of it, whatever state the two are in."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from promptcodec.archive import store
from promptcodec.archive.record import ID_BYTES
from promptcodec.errors import PromptcodecError


def known_ids(path: Path) -> set[bytes]:
    """Give the ids of records that an archive should have, as its index has them.

    Returns:
        None of those that were put or removed since the index was up to date; nothing where that cannot be
        told, where the index is another archive's, or cannot be read.
    """
    address = f"{path.resolve().as_uri()}.index?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            rows = connection.execute("SELECT id FROM doc").fetchall()
            about = dict(connection.execute("SELECT name, value FROM meta WHERE name IN ('uid', 'seen')"))
    except sqlite3.Error:
        return set()
    ids = {id_ for (id_,) in rows if isinstance(id_, bytes) and len(id_) == ID_BYTES}
    try:
        with store.open(path) as archive:
            if archive.uid != about["uid"]:
                return set()
            changes = archive.changes(about["seen"])
    except (PromptcodecError, KeyError, TypeError):  # too damaged to say: what the index has is all there is
        return ids
    return ids - set(changes[0]) if changes else set()
