"""A stream decodes to the same bits under another locale, hash seed, thread count and numpy version."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from promptcodec import entropy
from promptcodec.captioners.local import create
from promptcodec.description import format_text
from promptcodec.layers import semantic, structure
from promptcodec.layers.texture import dct, learned

OTHER_NUMPY = "1.26.4"
DECODE = """
import hashlib, json, sys
import numpy
from promptcodec import entropy
from promptcodec.description import format_text
from promptcodec.layers import semantic, structure
from promptcodec.layers import texture
from promptcodec.layers.texture import learned
from promptcodec.layers.texture.dct import stream as texture_stream

def digest(value):
    return hashlib.sha256(repr(value).encode()).hexdigest()

def plain(value):
    return value.tolist() if hasattr(value, "tolist") else value

def levels(data):
    samples = texture.samples(data, 3, 5)
    if data[0]:
        content = learned.stream.read(data[1:])
        return [content.shape, content.size, content.quality, content.count, plain(content.levels), samples]
    content = texture_stream.read(data[1:])
    planes = [plain(plane) for plane in content.levels]
    return [content.shape, content.step, list(content.radii), list(content.means), planes, samples]

streams = json.load(sys.stdin)
readers = {
    "text": lambda data: entropy.decode_text(data),
    "semantic": lambda data: format_text(semantic.decode(data)),
    "texture": levels,
    "structure": lambda data: plain(structure.decode_value(data, (96, 64))[1]),
}
digests = [digest(readers[kind](bytes.fromhex(data))) for kind, data in streams]
print(json.dumps([numpy.__version__, *digests]))
"""


def decode(streams, **env):
    result = subprocess.run(
        [sys.executable, "-c", DECODE], input=json.dumps(streams), env={**os.environ, **env},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    version, *digests = json.loads(result.stdout)
    return version, digests


@pytest.fixture(scope="module")
def streams(scene, astronaut, once):
    description = create({}).describe(astronaut, rows=4, cols=4)
    texts = [
        "",
        "a red kite over the sea",
        format_text(description),
        "\u00e9t\u00e9 \u6c34 \U0001f525 \u0627",
    ]
    coded = [("text", entropy.encode_text(text, coder)) for text in texts for coder in entropy.CODERS]
    coded += [
        ("semantic", semantic.encode(description)),
        ("semantic", semantic.encode(description, coder="raw")),
    ]
    for picture in (scene, astronaut):
        for budget in (33, 200):
            coded.append(("texture", b"\0" + once(dct.encode, picture, budget)))
            coded.append(("texture", b"\1" + once(learned.encode, picture, budget)))
    coded += [("structure", structure.encode(scene, budget)) for budget in (40, 160)]
    return [(kind, data.hex()) for kind, data in coded]


def test_another_locale_hash_seed_and_thread_count(streams):
    _, here = decode(streams)
    for locale, seed, threads in (("C", "1", "1"), ("C.UTF-8", "4242", "2"), ("tr_TR.UTF-8", "7", "3")):
        env = {"LC_ALL": locale, "LANG": locale, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": threads}
        assert decode(streams, **env)[1] == here


def test_another_numpy(streams, tmp_path):
    if np.__version__ == OTHER_NUMPY:
        pytest.skip(f"numpy {OTHER_NUMPY} is the one installed")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-compile",
        "--target",
        str(tmp_path),
    ]
    command += ["--only-binary=:all:", f"numpy=={OTHER_NUMPY}"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip(f"numpy {OTHER_NUMPY} cannot be installed here")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    version, there = decode(streams, PYTHONPATH=path)
    assert version == OTHER_NUMPY
    assert there == decode(streams)[1]
