"""``python -m eval.builtin``: the same as ``python -m eval builtin``."""

from __future__ import annotations

import sys

from eval.commands import main

if __name__ == "__main__":
    sys.exit(main(["builtin", *sys.argv[1:]]))
