"""``python -m eval.bits``: the same as ``python -m eval bits``."""

from __future__ import annotations

import sys

from eval.commands import main

if __name__ == "__main__":
    sys.exit(main(["bits", *sys.argv[1:]]))
