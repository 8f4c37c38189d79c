"""Run the loopback server."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import uvicorn

from promptcodec.testing.loopback import KINDS, listen
from promptcodec.testing.loopback.app import MODELS, make
from promptcodec.testing.loopback.faults import parse


def main() -> None:
    """Serve until interrupted; the first line on standard output says where."""
    parser = argparse.ArgumentParser(
        prog="python -m promptcodec.testing.loopback",
        description="An OpenAI-compatible server on 127.0.0.1 that needs no model: for tests of plumbing.",
        epilog=f"Its models: {', '.join(MODELS)}. As in: promptcodec decode x.pxt -o x.png --generator "
        f"'images:http://127.0.0.1:PORT/v1?model={MODELS[1]}'",
    )
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes any free port")
    parser.add_argument("--log", type=Path, help="write one JSON line per request")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND[:N]",
        help=f"fail the next N requests (default 1) it fits; may be given again. Kinds: {', '.join(KINDS)}",
    )
    parser.add_argument("--key", default="", help="accept this key alone; default any")
    options = parser.parse_args()
    try:
        faults = [parse(fault) for fault in options.fault]
    except ValueError as error:
        parser.error(str(error))
    with listen(options.port) as at:
        print(json.dumps({"base_url": f"http://127.0.0.1:{at.getsockname()[1]}/v1"}), flush=True)  # noqa: T201
        app = make(faults, options.log, options.key)
        uvicorn.Server(uvicorn.Config(app, log_level="critical")).run(sockets=[at])


if __name__ == "__main__":
    main()
