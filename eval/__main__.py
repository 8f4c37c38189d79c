"""``python -m eval NAME ...``: one door to everything the laboratory measures."""

from __future__ import annotations

import sys

from eval.commands import main

if __name__ == "__main__":
    sys.exit(main())
