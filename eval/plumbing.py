"""Run the kit of eval/paper.py through the loopback server: proof of plumbing, not of quality.

    python -m eval.plumbing KODAK AIGI -o RESULTS --limit 10

The server describes with `local` and draws with `builtin`; prices are made up ($1 and $4 per million
tokens). What is proved is that words, pictures, checks, bytes and costs go all the way by HTTP.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from eval.paper import find, study, write
from promptcodec.testing.loopback import serve

PRICES = "input_price=1&output_price=4&image_price=0.01"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=10, help="pictures per folder")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    os.environ["PROMPTCODEC_CACHE"] = str(options.out / "cache")
    images = [path for folder in options.folders for path in find(folder, options.limit)]
    with serve() as url:
        captioner = f"responses:{url}?model=loopback-vision&{PRICES}"
        generator = f"images:{url}?model=loopback-image&{PRICES}"
        rows = study(images, options.out, captioner, generator, ("--max-cost", "5"))
    note = "**Plumbing, not quality**: captions by `local`, pictures by `builtin`, over HTTP; prices made up."
    print(write(rows, options.out, note))


if __name__ == "__main__":
    main()
