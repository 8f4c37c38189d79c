"""Run a loopback server of ``/sdapi/v1``."""

from __future__ import annotations

import argparse
from pathlib import Path

from promptcodec.testing import serving
from promptcodec.testing.sdapi import KINDS, SERVERS
from promptcodec.testing.sdapi.faults import parse


def main() -> None:
    """Serve until interrupted; the first line on standard output says where."""
    kinds = "\n".join(f"  {kind:16}{what}" for kind, what in KINDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m promptcodec.testing.sdapi",
        description="A server of /sdapi/v1 on 127.0.0.1 that needs no model: for tests of plumbing.",
        epilog=f"Faults hit the next N pictures.\n\n{kinds}\n\n"
        "Its generator is called sdapi:http://127.0.0.1:PORT?server=a1111",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes any free port")
    parser.add_argument("--server", choices=SERVERS, default=SERVERS[0], help="default %(default)s")
    parser.add_argument(
        "--log",
        type=Path,
        help="write one JSON line per request: method, path, status; of a picture also its prompt, the "
        "syntax that was met in it, the fields that were sent and those that the real server would not heed",
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND[:N]",
        help="fail the next N (default 1) pictures; may be given again; see below",
    )
    parser.add_argument("--key", default="", help="accept this key alone; default any")
    options = parser.parse_args()
    try:
        faults = [parse(fault) for fault in options.fault]
    except ValueError as error:
        parser.error(str(error))
    serving.need()
    from promptcodec.testing.sdapi.app import make  # noqa: PLC0415 - it needs an extra
    from promptcodec.testing.sdapi.service import Service  # noqa: PLC0415

    serving.run(make(Service(options.server, faults, options.log, options.key)), options.port)


if __name__ == "__main__":
    main()
