"""What reading and decoding never import: encoders, captioners, what is heavy and not needed for them."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from promptcodec import convolution, native
from promptcodec.cli import COMMANDS

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
import contextlib
import sys
from pathlib import Path
for path in {paths!r}:
    data = Path(path).read_bytes()
{body}
print(*sys.modules, sep="\\n")
"""

compiled = pytest.mark.skipif(native.core is None, reason=f"there is no compiled core: {native.named()}")


def imported(body, names):
    """Give the modules that a program imports which does something with the ``data`` of each stream."""
    paths = [str(FOLDER / f"{name}.pxt") for name in names]
    indented = "\n".join(f"    {line}" for line in body.strip().splitlines())
    program = PROGRAM.format(paths=paths, body=indented)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(("body", "names"), [(READ, STREAMS), (DECODE, DRAWN)])
def test_no_encoder_is_imported(body, names):
    modules = imported(body, names)
    assert "promptcodec.layers.texture.dct.stream" in modules
    assert not {name for name in modules if "encoder" in name.split(".") and name.startswith("promptcodec.")}
    unwanted = (
        *("skimage", "scipy", "promptcodec.captioners", "promptcodec.rate"),
        *("promptcodec.encoding", "promptcodec.edit"),
        *(() if body == READ else ("promptcodec.recipe",)),
        # Where the core cannot convolve it restores texture layers.
        *(("onnxruntime",) if convolution.available() else ()),
    )
    assert not {name for name in modules if name.startswith(unwanted)}


@compiled
def test_what_is_shown_needs_little():
    for command in ("inspect", "verify"):
        body = f"""
        from promptcodec.cli.root import run
        with contextlib.suppress(SystemExit):
            run([{command!r}, path])
        """
        modules = imported(textwrap.dedent(body), ("texture-200", "words-and-colours"))
        assert "promptcodec.layers.derived" in modules
        unwanted = (
            "numpy",
            "PIL",
            "multiprocessing",
            "concurrent",
            "promptcodec.vision",
            "promptcodec.cli.workers",
        )
        assert not {name for name in modules if name.startswith((*unwanted, "promptcodec.generators"))}


def test_looking_at_pipelines_imports_none():
    body = """
    from promptcodec import plugins
    for spec in ("diffusers", "diffusers:sd15"):
        assert plugins.create("generators", spec).examine()
    """
    modules = imported(textwrap.dedent(body), ("texture-200",))
    assert "promptcodec.generators.diffusion.examine" in modules
    assert not {"torch", "diffusers", "transformers", "accelerate", "huggingface_hub", "httpx"} & modules


def test_help_imports_no_command():
    modules = imported("from promptcodec.cli.root import run\nrun(['--help'])", ("texture-200",))
    assert not modules & {f"promptcodec.cli.{module}" for module, _ in COMMANDS.values()}


def test_the_streams_have_every_part():
    from promptcodec import bitstream
    from promptcodec.layers.registry import PART_IDS

    streams = [bitstream.read((FOLDER / f"{name}.pxt").read_bytes()) for name in STREAMS]
    assert {part.type for stream in streams for part in stream.parts} >= set(PART_IDS.values())
