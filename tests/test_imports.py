"""What reading and decoding never import: encoders, captioners, what is heavy and not needed for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "golden"
DRAWN = (
    *("all-layers", "words-and-colours", "texture-200", "lines-150", "bitmap", "pose", "pixels-webp"),
    *("about", "grid-tones", "text-ppm", "text-brotli", "text-zstd"),
)
# With DRAWN every kind of part.
STREAMS = (*DRAWN, "recipe-a1111-fields", "recipe-comfy-fields")
READ = """
from promptcodec import reading
from promptcodec.layers.registry import NAMES
stream = reading.open_stream(data)
reading.read_layers(stream, NAMES, (stream.width, stream.height))
reading.inspect(data)
"""
DECODE = """
import promptcodec
promptcodec.decode(data, generator="builtin:classical", size=(48, 32))
"""
PROGRAM = """
import sys
from pathlib import Path
for path in {paths!r}:
    data = Path(path).read_bytes()
{body}
print(*sys.modules, sep="\\n")
"""


def imported(body, names):
    """Give the modules that a program imports which does something with the ``data`` of each stream."""
    paths = [str(FOLDER / f"{name}.pxt") for name in names]
    indented = "\n".join(f"    {line}" for line in body.strip().splitlines())
    program = PROGRAM.format(paths=paths, body=indented)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(("body", "names"), [(READ, STREAMS), (DECODE, DRAWN)])
def test_no_encoder_is_imported(body, names):
    modules = imported(body, names)
    assert "promptcodec.layers.texture.stream" in modules
    assert not {name for name in modules if "encoder" in name.split(".") and name.startswith("promptcodec.")}
    unwanted = (
        *("skimage", "scipy", "onnxruntime", "promptcodec.captioners", "promptcodec.rate"),
        *("promptcodec.encoding", "promptcodec.edit"),
    )
    assert not {name for name in modules if name.startswith(unwanted)}


def test_the_streams_have_every_part():
    from promptcodec import bitstream
    from promptcodec.layers.registry import PART_IDS

    streams = [bitstream.read((FOLDER / f"{name}.pxt").read_bytes()) for name in STREAMS]
    assert {part.type for stream in streams for part in stream.parts} >= set(PART_IDS.values())
