"""Run the server that speaks ComfyUI's protocol."""

from __future__ import annotations

import argparse
from pathlib import Path

from promptcodec.testing import serving
from promptcodec.testing.comfyui import KINDS
from promptcodec.testing.comfyui.faults import Faults


def main() -> None:
    """Serve until interrupted; the first line on standard output says where."""
    kinds = "\n".join(f"  {kind:18}{what}" for kind, what in KINDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m promptcodec.testing.comfyui",
        description="A server on 127.0.0.1 that speaks ComfyUI's protocol and needs no model.",
        epilog=f"Kinds of faults; where N stands it is how many are hit, 1 where it is left out:\n{kinds}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes any free port")
    parser.add_argument("--log", type=Path, help="write one JSON line per request and per event of a job")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="KIND[:ARGUMENT]", help="may be given again"
    )
    parser.add_argument("--key", default="", help="accept this key alone; default any")
    parser.add_argument("--without-jobs", action="store_true", help="be an older server, without /api/jobs")
    options = parser.parse_args()
    try:
        faults = Faults(options.fault)
    except ValueError as error:
        parser.error(str(error))
    serving.need()
    from promptcodec.testing.comfyui.app import make  # noqa: PLC0415 - it needs an extra

    serving.run(make(faults, options.log, options.key, jobs=not options.without_jobs), options.port)


if __name__ == "__main__":
    main()
