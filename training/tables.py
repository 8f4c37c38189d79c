"""Write a shipped table and its line in the manifest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

MODELS = Path(__file__).parent.parent / "promptcodec" / "models"


def write(name: str, file: str, content: bytes, *, source: str, version: int = 1) -> None:
    """Write ``promptcodec/models/FILE`` (version byte, then content) and its manifest entry.

    Args:
        name: what ``promptcodec.models.load`` is asked for.
        file: the file's name.
        content: what ``load`` gives.
        source: the command that makes it.
        version: the version byte, 0..255.
    """
    data = bytes([version]) + content
    (MODELS / file).write_bytes(data)
    path = MODELS / "manifest.json"
    tables = json.loads(path.read_text("utf-8"))["tables"] if path.exists() else {}
    digest = hashlib.sha256(data).hexdigest()
    tables[name] = {"file": file, "version": version, "sha256": digest, "source": source}
    manifest = {"tables": dict(sorted(tables.items()))}
    path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")
