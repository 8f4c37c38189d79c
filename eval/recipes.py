"""``python -m eval.recipes``: the same as ``python -m eval recipes``."""

from __future__ import annotations

import sys

from eval.commands import main

if __name__ == "__main__":
    sys.exit(main(["recipes", *sys.argv[1:]]))
