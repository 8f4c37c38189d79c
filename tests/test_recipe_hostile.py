"""Damaged and hostile metadata: one warning at most, no error, little time, little memory."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from contextlib import nullcontext
from pathlib import Path

import pytest

from promptcodec import encode, inspect
from promptcodec.errors import EncodeWarning
from promptcodec.recipe import read_metadata
from promptcodec.recipe.model import fields_of
from tests.work import lines_run

sys.path.append(str(Path(__file__).parent))
import recipe_files

RING = {
    str(i): recipe_files.node(
        "X",
        positive=[str((i + 1) % 99), 0],
        negative=[str(i * 7 % 99), 0],
        seed=[str(i), 0],
        steps=[str((i + 2) % 99), 0],
        latent_image=[str((i + 5) % 99), 0],
        model=[str(i), 0],
    )
    for i in range(99)
}
DENSE = {
    str(i): recipe_files.node(
        "X",
        **{f"a{j}": [str((i * 7 + j) % 200), 0] for j in range(16)},
        positive=[str(i + 1), 0],
        seed=1,
        steps=2,
        latent_image=["0", 0],
    )
    for i in range(200)
}
HOSTILE = {
    "broken JSON": (recipe_files.with_texts(prompt='{"3": {"class_type": "KSam'), "prompt could not be read"),
    # Large ones are made where they are used.
    "50 MB": (lambda: recipe_files.with_texts(parameters=b"x" * 50_000_000), "more than 2097152 bytes"),
    "zTXt bomb": (
        lambda: recipe_files.png((b"zTXt", b"parameters\0\0" + zlib.compress(bytes(100_000_000)))),
        "more than 2097152",
    ),
    "iTXt bomb": (
        lambda: recipe_files.png((b"iTXt", b"prompt\0\1\0\0\0" + zlib.compress(b"[" * 100_000_000))),
        "more than 2097152",
    ),
    "damaged zTXt": (recipe_files.png((b"zTXt", b"parameters\0\0junk")), "damaged"),
    "deep": (recipe_files.with_texts(prompt='{"a":' * 30000), "prompt could not be read"),
    "nested": (
        recipe_files.with_texts(
            prompt='{"1":{"class_type":"K","inputs":{"x":' + "[" * 500 + "]" * 500 + "}}}"
        ),
        "prompt",
    ),
    "many chunks": (recipe_files.png(*[recipe_files.text("Comment", "x")] * 5000), "more than 1024"),
    "circles": (recipe_files.with_texts(prompt=json.dumps(RING)), None),
    "no node": (recipe_files.with_texts(prompt=json.dumps({**RING, "1": 5})), None),
    "dense graph": (recipe_files.with_texts(prompt=json.dumps(DENSE)), None),
    "encodings": (recipe_files.with_texts(parameters=b"\xff\xfe\x00\xd8\nSteps: 20, Seed: 1"), None),
    "half a pair": (
        recipe_files.with_texts(
            prompt='{"1":{"class_type":"K","inputs":{"positive":"\\ud800","seed":1,"steps":2,'
            '"latent_image":["1",0]}}}'
        ),
        None,
    ),
    "no numbers": (
        recipe_files.with_texts(
            prompt='{"1":{"class_type":"K","inputs":{"positive":"a","seed":NaN,"steps":1e999,'
            '"latent_image":["1",0]}}}'
        ),
        None,
    ),
    "huge number": (recipe_files.with_texts(parameters="a\nSteps: 20, Seed: " + "9" * 9000), None),
    "quotes": (recipe_files.with_texts(parameters='Steps: 20, A: "' * 17000), None),
    "brackets": (recipe_files.with_texts(parameters="Steps: 20, " + "A: [, " * 40000), None),
}


def hostile(name):
    """Give a file and what is warned of."""
    data, warning = HOSTILE[name]
    return data() if callable(data) else data, warning


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_metadata(name):
    data, warning = hostile(name)
    read = []
    assert lines_run(lambda: read.append(read_metadata(data))) < 5_000_000  # the dense graph runs 3 million
    (metadata,) = read
    if warning:
        assert metadata.recipe is None
        assert len(metadata.warnings) == 1
        assert warning in metadata.warnings[0]
        with pytest.warns(EncodeWarning):
            assert inspect(encode(data))["recipe"] is None
    else:
        doubtful = pytest.warns(EncodeWarning, match="could") if metadata.warnings else nullcontext()
        with doubtful:
            stream = encode(data, recipe="only")
        assert inspect(stream)["recipe"]["fields"] == json.loads(json.dumps(fields_of(metadata.recipe)))


@pytest.mark.parametrize("name", ["iTXt bomb", "50 MB"])
def test_hostile_metadata_takes_little_memory(name, tmp_path):
    if not Path("/proc/self/status").exists():
        pytest.skip("needs Linux's account of memory")
    (tmp_path / "x.png").write_bytes(hostile(name)[0])
    code = (
        "import re, sys\nfrom promptcodec.recipe import read\nread(open(sys.argv[1], 'rb').read())\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "x.png"], capture_output=True, check=True)
    assert int(done.stdout) < 200 * 1024


def test_pillow_never_sees_long_texts():
    from promptcodec.vision.png import bare

    plain, texted = recipe_files.with_texts(), recipe_files.with_texts(prompt="a" * 5_000_000, parameters="b")
    assert bare(texted) == bare(plain)
    assert len(bare(texted)) < 10_000
    assert texted[:40].startswith(bare(texted[:40]))  # cut inside the head of a chunk
