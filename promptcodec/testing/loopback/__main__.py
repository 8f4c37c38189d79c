"""Run the loopback server."""

from __future__ import annotations

import argparse
from pathlib import Path

from promptcodec.testing import serving
from promptcodec.testing.loopback import KINDS, image_requests, text_requests
from promptcodec.testing.loopback.faults import parse
from promptcodec.testing.loopback.limits import MOST_BYTES, MOST_LINES

_LOG = (
    "write one JSON line per request: method, path, status, input_sha256; and one for each line of a batch "
    "that is worked off: method BATCH, path its endpoint, input_sha256 of its body as JSON with its keys in "
    "order and without blanks"
)
_FAULTS = """\
Faults hit requests, lines of batches, or batches. KIND:N is the next N of them. Of lines, KIND:N/EVERY is
N out of one line in EVERY, and KIND:P% is P lines in a hundred: which, their custom_id tells. Such a line is
hit when it first comes, never when it or its body is sent again. Kinds of answers hit lines, too.
"""


def main() -> None:
    """Serve until interrupted; the first line on standard output says where."""
    kinds = "\n".join(f"  {kind:16}{what}" for kind, what in KINDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m promptcodec.testing.loopback",
        description="An OpenAI-compatible server on 127.0.0.1 that needs no model: for tests of plumbing.",
        epilog=f"{_FAULTS}\n{kinds}\n\n"
        f"Its models: {text_requests.MODEL}, {image_requests.MODEL}. "
        "As in: promptcodec decode x.pxt -o x.png --generator "
        f"'images:http://127.0.0.1:PORT/v1?model={image_requests.MODEL}'",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes any free port")
    parser.add_argument("--log", type=Path, help=_LOG)
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND[:N[/EVERY]|:P%]",
        help="fail the next N (default 1) that it fits; may be given again; see below",
    )
    parser.add_argument(
        "--batch-lines", type=int, default=MOST_LINES, help="most lines of a batch; default %(default)s"
    )
    parser.add_argument(
        "--batch-bytes", type=int, default=MOST_BYTES, help="most bytes of its file; default %(default)s"
    )
    parser.add_argument("--key", default="", help="accept this key alone; default any")
    options = parser.parse_args()
    try:
        faults = [parse(fault) for fault in options.fault]
    except ValueError as error:
        parser.error(str(error))
    serving.need()
    from promptcodec.testing.loopback.app import make  # noqa: PLC0415 - it needs an extra

    app = make(faults, options.log, options.key, options.batch_lines, options.batch_bytes)
    serving.run(app, options.port, "/v1")


if __name__ == "__main__":
    main()
