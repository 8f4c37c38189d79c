"""Compare the files of this folder with what ``streams`` makes.

    python -m tests.invalid [--write]

``--write`` adds what is missing. Files that are there are not changed: other readers have them too.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.invalid.parts import Invalid
from tests.invalid.streams import all_streams

FOLDER = Path(__file__).parent


def line(one: Invalid) -> str:
    """Give the line of a stream's text file: the kind of refusal, and the reason."""
    return f"{'newer' if one.newer else 'damaged'}: {one.reason}\n"


def differences() -> list[str]:
    """Name the files that are missing, too many, or other than what is made."""
    wanted = {f"{one.name}.pxt": one.data for one in all_streams()}
    wanted |= {f"{one.name}.txt": line(one).encode() for one in all_streams()}
    there = {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in (".pxt", ".txt")}
    return sorted(name for name in wanted | there if wanted.get(name) != there.get(name))


def write() -> None:
    """Write what is missing."""
    for one in all_streams():
        path = FOLDER / f"{one.name}.pxt"
        if not path.exists():
            path.write_bytes(one.data)
            path.with_suffix(".txt").write_text(line(one), "utf-8")


def main() -> int:
    """Print what differs."""
    if sys.argv[1:] == ["--write"]:
        write()
    names = differences()
    for name in names:
        print(name)
    print(f"{len(all_streams())} streams, {len(names)} differences")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
