"""Rate control: limits, shares, what each layer gets."""

from __future__ import annotations

import functools
import itertools
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from promptcodec import encode, inspect, rate
from promptcodec.description import parse_text, shorten
from promptcodec.errors import BudgetError, UsageError
from promptcodec.layers import semantic
from promptcodec.rate import fit
from promptcodec.settings import TUNES
from tests.effort import examples

LAYERS = ("semantic", "texture", "structure", "pixels")
LONG = parse_text(
    "photo 3x4\nsummary: An astronaut in an orange suit smiles before a flag and a model of a shuttle.\n"
    + "\n".join(
        f"r{row}c{col}: {'flag' if col == 1 else 'suit' if row == 3 else 'face' if col < 4 else 'shuttle'}"
        for row in (1, 2, 3)
        for col in (1, 2, 3, 4)
    )
    + "\nobject r1c2:r2c3 face, smiling\nobject r2c1:r3c4 space suit, orange\nobject r1c1:r3c1 flag\n"
    "object r1c4:r2c4 model of a space shuttle, white"
)
SETS = [names for count in range(1, 5) for names in itertools.combinations(LAYERS, count)]


@pytest.mark.parametrize("tune", TUNES)
@pytest.mark.parametrize("names", SETS)
def test_shares_add_up_at_any_size(tune, names):
    shares = rate.shares_for(tune, names)
    for room in (1, 20, 33, 100, 999, 50_000):
        share = shares(room, room + 12, room / 10_000)
        assert sorted(share) == sorted(names)
        assert sum(share.values()) == pytest.approx(1, abs=2e-3)
        assert min(share.values()) > 0


def test_generative_shares_are_the_published_ones():
    shares = rate.shares_for("generative", ("semantic", "texture"))
    assert shares(100, 112, 0.001)["semantic"] == pytest.approx(0.0025 / 0.0045)
    assert shares(100, 112, 0.01)["semantic"] == pytest.approx(0.25)
    assert shares(100, 112, 1.0)["semantic"] == pytest.approx(0.0025 / 0.0225)
    sketch = rate.shares_for("generative", ("semantic", "structure"))
    assert sketch(100, 112, 0.001)["semantic"] == pytest.approx(0.0025 / 0.0163)


@examples(4)
@example(least={"semantic": 1, "texture": 2}, room=9, side=1, tune="pixels", held=0)
@example(least={"semantic": 1, "texture": 1, "structure": 1}, room=304, side=1, tune="generative", held=1)
@given(
    st.dictionaries(st.sampled_from(LAYERS), st.integers(1, 90), min_size=1),
    st.integers(1, 600),
    st.integers(1, 4000),
    st.sampled_from(TUNES),
    st.integers(0, 40),
)
def test_never_over_and_the_last_fills_up(least, room, side, tune, held):
    """Coders that need ``least`` bytes and fill whatever they are given."""

    def coder(name, given):
        if given < least[name]:
            raise BudgetError("too small")
        return bytes(given)

    coders = {name: lambda given, name=name: coder(name, given) for name in least}
    fixed = {"signature": bytes(held)} if held else {}
    try:
        payloads = rate.allocate(coders, fixed, (side, side), room, rate.shares_for(tune, tuple(least)))
    except BudgetError:
        bare = min(rate.file_bytes({name: bytes(count)}, (side, side)) for name, count in least.items())
        assert room < bare + len(fixed) * (held + 3)
        return
    used = rate.file_bytes(payloads, (side, side))
    assert used <= room
    elastic = [name for name in payloads if name in least]
    if "texture" in elastic:
        assert room - used <= 2


def test_more_words_for_generative_decoders(astronaut):
    pixels, generative = (
        {
            part["type"]: part["bytes"]
            for part in inspect(encode(astronaut, budget=150, tune=tune, description=LONG))["parts"]
        }
        for tune in ("pixels", "generative")
    )
    assert generative["semantic"] > pixels["semantic"]
    assert generative["texture"] < pixels["texture"]


@pytest.mark.parametrize(
    ("quality", "limit"), [(1, 64), (3, 256), pytest.param(4, 512, marks=pytest.mark.slow)]
)
def test_presets_are_filled(astronaut, quality, limit):
    size = len(encode(astronaut, quality=quality))
    assert 0 <= limit - size <= max(2, limit // 50)


def test_presets_and_the_smallest_limit(scene):
    assert len(encode(scene, quality=5)) <= 1024
    assert rate.limit((800, 100), 90, 0.01, 2) == 90
    assert rate.limit((800, 100), 900, 0.01, 2) == 100
    assert rate.limit((800, 100), 900, 0.1, 2) == 128
    with pytest.raises(UsageError, match="1 to 5"):
        encode(scene, quality=6)


def test_shares_of_ones_own(scene):
    parts = inspect(encode(scene, budget=200, tune={"semantic": 0.2, "texture": 0.8}))["parts"]
    assert parts[0]["bytes"] <= 0.2 * 200
    with pytest.raises(UsageError, match="texture"):
        encode(scene, budget=200, tune={"semantic": 1})
    with pytest.raises(UsageError, match="generative"):
        encode(scene, budget=200, tune="best")


@pytest.mark.parametrize("most", [12, 20, 30, 40, 60])
def test_as_many_words_as_fit(most):
    texts = [*shorten.by_salience(LONG)]
    code = functools.cache(functools.partial(semantic.encode, with_map=True))
    fitting = (number for number, text in enumerate(texts, 1) if len(code(text)) <= most)
    assert fit._up_to_fitting(texts, code, most) == texts[: next(fitting, len(texts))]


@pytest.mark.parametrize("room", [3, 30, 44, 60, 999])
def test_the_finest_form_that_fits(room):
    lengths = [60, 50, 44, 43, 40, 33, 31, 30, 12, 4]
    chosen = fit._first_fitting(lengths, lambda length: length, room)
    assert chosen == next((length for length in lengths if length <= room), None)


def test_a_pose_is_the_structure(scene):
    person = [value for joint in range(17) for value in (10 + 3 * joint, 20 + 2 * joint, 2)]
    data = encode(scene, budget=120, pose=person)
    coders = {part["type"]: part["coder"] for part in inspect(data)["parts"]}
    assert coders["structure"] == "pose"
    assert len(data) <= 120


def test_soft_edges_prefer_outlines(astronaut):
    parts = [
        encode(astronaut, layers=("structure",), budget=100, structure="edges", edges=edges)
        for edges in ("canny", "soft")
    ]
    assert parts[0] != parts[1]
    with pytest.raises(UsageError, match="soft"):
        encode(astronaut, layers=("structure",), structure="edges", edges="hed")


def test_options_of_the_command(tmp_path, scene, cli):
    picture, pose = tmp_path / "a.png", tmp_path / "pose.json"
    scene.save(picture)
    pose.write_text(json.dumps([10, 10, 2] * 17), "utf-8")
    code, out, _ = cli(
        "encode", picture, "-o", tmp_path / "a.pxt", "--quality", "2", "--pose", pose, "--json"
    )
    result = json.loads(out)
    assert code == 0
    assert result["bytes"] <= 128
    assert "pose" in [part["coder"] for part in result["parts"]]
    pose.write_text("not json", "utf-8")
    code, _, err = cli("encode", picture, "-o", tmp_path / "b.pxt", "--pose", pose)
    assert code == 2
    assert "pose.json" in err
