"""Uploads and pictures, in memory, under the names that ComfyUI would give them in its folders."""

from __future__ import annotations

import posixpath
import re
import threading

_ANNOTATED = re.compile(r"(?P<name>.*) \[(?P<kind>input|temp|output)\]")


class Files:
    """What lies in the folders ``input``, ``temp`` and ``output``."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, str], bytes] = {}
        self._lock = threading.Lock()

    def put(self, kind: str, subfolder: str, name: str, data: bytes) -> None:
        """Keep an upload; one of the same name is replaced.

        Raises:
            ValueError: the place is outside its folder.
        """
        with self._lock:
            self._files[kind, _inside(subfolder, name)] = data

    def get(self, kind: str, subfolder: str, name: str) -> bytes | None:
        """Give a file, None where there is none of that name."""
        try:
            return self._files.get((kind, _inside(subfolder, name)))
        except ValueError:
            return None

    def is_upload(self, value: str) -> bool:
        """Say whether a value of ``LoadImage`` names a file."""
        kind, name = _annotated(value)
        return self.get(kind, "", name) is not None

    def upload(self, value: str) -> bytes:
        """Give the file that a value of ``LoadImage`` names."""
        kind, name = _annotated(value)
        return self._files[kind, _inside("", name)]

    def save(self, kind: str, prefix: str, data: bytes) -> dict[str, str]:
        """Keep a picture under the next number of its prefix; give what names it.

        Raises:
            ValueError: the prefix leads out of the folder.
        """
        subfolder, stem = posixpath.split(posixpath.normpath(prefix))
        with self._lock:
            for number in range(1, 100_000):
                name = f"{stem}_{number:05}_.png"
                if (kind, _inside(subfolder, name)) not in self._files:
                    self._files[kind, _inside(subfolder, name)] = data
                    return {"filename": name, "subfolder": subfolder, "type": kind}
        raise ValueError("there are too many pictures of that prefix")


def _annotated(value: str) -> tuple[str, str]:
    """Give folder and name of a value such as ``a/b.png [temp]``."""
    match = _ANNOTATED.fullmatch(value)
    return (match["kind"], match["name"]) if match else ("input", value)


def _inside(subfolder: str, name: str) -> str:
    path = posixpath.normpath(posixpath.join(subfolder, name))
    if path.startswith(("/", "..")) or "\\" in path or ":" in path:
        raise ValueError("Saving image outside the output folder is not allowed.")
    return path
