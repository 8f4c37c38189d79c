"""The recipe part: what goes in comes out, byte for byte; limits; streams nobody wrote."""

from __future__ import annotations

import contextlib
import json
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec.entropy.bitio import BitWriter
from promptcodec.errors import BitstreamError, EntropyError, NewerError, PromptcodecError, UsageError
from promptcodec.layers import recipe as layer
from promptcodec.layers.recipe import tree, tree_symbols
from promptcodec.layers.recipe.chunks import from_values
from promptcodec.layers.recipe.encoder.chunks import to_values
from promptcodec.layers.recipe.guide import ComfyGuide
from promptcodec.layers.recipe.json_styles import STYLES, dump, load
from promptcodec.layers.recipe.primer import primed
from promptcodec.layers.recipe.tree_model import Place, Statistics
from promptcodec.layers.recipe.tree_symbols import TYPES
from promptcodec.layers.recipe.tree_writer import TreeWriter
from promptcodec.recipe import Chunk, read
from promptcodec.recipe.model import fields_of, from_fields
from tests.effort import examples

sys.path.append(str(Path(__file__).parent))
import recipe_files

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "euler",
        "",
        "0123abcdef",
        "ABCDEF0123",
        "12x34",
        "007",
        "7",
        "-0",
        "1.50",
        "a\nb",
        "\n",
        "1e5",
        "{",
        '"',
        "x" * 300,
    ]
)
numbers = st.integers(-(2**70), 2**70).map(str) | st.floats(allow_nan=False, allow_infinity=False).map(repr)
leaves = st.none() | st.booleans() | words | numbers.map(tree_symbols.Literal)
keys = words.filter(lambda key: key and "\0" not in key) | st.sampled_from(
    [
        "links", "nodes", "nodes{}", "inputs", "inputs{}", "outputs", "link", "id", "type", "class_type",
        "name", "widgets_values", "Node name for S&R",
    ]
)  # fmt: skip
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize(
    "text",
    [
        '{"links":[{"a":1},[1]]}', '{"links":[true,[1]]}', '{"nodes{}":[[{"links":[1]}]]}',
        '{"Node name for S&R":"a"}', '{"nodes":[{"id":[1],"outputs":[[1,{"links":[2]}]]}]}',
        '{"nodes":[{"widgets_values":{"a":1},"inputs":{"link":3}}],"inputs":[{"link":2}]}',
    ],
)  # fmt: skip
def test_what_is_nearly_a_graph(text):
    value = load(text)
    symbols, texts = tree.encode(value, primed(), ComfyGuide())
    lines = "\n".join(texts).split("\n") if texts else []
    assert same(tree.decode(symbols, lines, primed(), ComfyGuide()), value)


@examples(6)
@given(values)
def test_trees_come_back(value):
    symbols, texts = tree.encode(value, primed(), ComfyGuide())
    lines = "\n".join(texts).split("\n") if texts else []
    assert same(tree.decode(symbols, lines, primed(), ComfyGuide()), value)


def same(first, second):
    return dump(first, STYLES["json"]) == dump(second, STYLES["json"])


@examples(6)
@given(
    values,
    st.sampled_from(sorted(STYLES)),
    st.sampled_from(["", "\n", "\0", " \n"]),
    st.sampled_from(["", "Prompt: "]),
)
def test_json_is_restored_in_every_style(value, style, end, label):
    data = (label + dump(value, STYLES[style]) + end).encode()
    chunks = (Chunk("tEXt", "prompt", data),)
    assert from_values(to_values(chunks)) == chunks


@examples(4)
@given(
    st.lists(st.tuples(st.sampled_from(["tEXt", "exif", "xmp"]), words, st.binary(max_size=200)), max_size=4)
)
def test_any_bytes_are_restored(rows):
    chunks = tuple(Chunk(*row) for row in rows)
    assert from_values(to_values(chunks)) == chunks


@examples(2)
@given(st.binary(max_size=80), st.sampled_from([0, 1]))
def test_parts_that_nobody_wrote(data, form):
    for part in (data, bytes([form]) + data, bytes([form, len(data)]) + data):
        try:
            layer.decode(part)
        except PromptcodecError:
            continue


def test_parts_with_one_bit_changed():
    recipe = read(recipe_files.comfy())
    chance = random.Random(5)
    for form in layer.FORMS:
        part = layer.encode(recipe, form=form)
        for _ in range(60):
            at = chance.randrange(len(part))
            try:
                layer.decode(part[:at] + bytes([part[at] ^ 1 << chance.randrange(8)]) + part[at + 1 :])
            except PromptcodecError:
                continue


@pytest.mark.parametrize(
    "data",
    [
        recipe_files.with_texts(parameters=recipe_files.SETTINGS),
        recipe_files.jpeg_with_comment(recipe_files.SETTINGS),
        recipe_files.comfy(),
    ],
    ids=["parameters", "exif", "comfyui"],
)
@pytest.mark.parametrize("coder", ["auto", "ppm", "zstd", "brotli", "raw"])
def test_both_forms(data, coder):
    recipe = read(data)
    assert layer.decode(layer.encode(recipe, coder=coder)) == recipe
    fields = layer.decode(layer.encode(recipe, form="fields", coder=coder))
    assert (fields.chunks, fields_of(fields)) == ((), fields_of(recipe))


def test_a_workflow_costs_little_beside_its_graph():
    """The editor says again what the graph says: nodes, values and links are guessed, places are not."""
    graph = json.dumps(recipe_files.GRAPH)
    alone = layer.encode(read(recipe_files.with_texts(prompt=graph)))
    both = layer.encode(read(recipe_files.comfy()))
    assert len(both) - len(alone) < 0.06 * len(json.dumps(recipe_files.workflow_of(recipe_files.GRAPH)))


def test_an_unknown_form_needs_a_newer_reader():
    with pytest.raises(NewerError, match="form 2, which needs a newer reader"):
        layer.decode(b"\2abc")
    with pytest.raises(BitstreamError, match="empty"):
        layer.decode(b"")


def keys_in_keys(depth):
    """Write an object whose key is an object whose key is an object, as no writer does."""
    bits = BitWriter()
    writer = TreeWriter(bits, Statistics(base=primed()), ComfyGuide())
    place = Place("", [], "", "")
    for _ in range(depth):
        excluded = set()
        for order, counts in enumerate(writer._walk.contexts(place)):
            assert not writer._known(order, counts, excluded, "{nothing known")
        writer._choice(("type", place.key), TYPES, "object")
        writer._magnitude(("keys", place.name), 1)
        place = writer._walk.enter_keys(place)
    return bits.finish()


@pytest.mark.parametrize(("depth", "says"), [(5, "no keys"), (45, "levels"), (2000, "levels")])
def test_keys_nest_no_deeper_than_values(depth, says):
    with pytest.raises(EntropyError, match=says):
        tree.decode(keys_in_keys(depth), [], primed(), ComfyGuide())


@examples(6)
@given(values, st.binary(max_size=30), st.integers(0, 400))
def test_trees_that_nobody_wrote(value, tail, at):
    symbols, texts = tree.encode(value, primed(), ComfyGuide())
    lines = "\n".join(texts).split("\n") if texts else []
    for data in (tail, symbols[: at % (len(symbols) + 1)] + tail, symbols + tail):
        with contextlib.suppress(EntropyError):
            tree.decode(data, lines, primed(), ComfyGuide())


def test_unknown_keys_are_kept():
    fields = fields_of(read(recipe_files.with_texts(parameters=recipe_files.SETTINGS)))
    fields["settings"]["moon phase"] = [1, {"a": None}]
    fields["settings"]["steps"] = "many"
    recipe = from_fields(fields)
    assert recipe.extra["moon phase"] == [1, {"a": None}]
    assert (recipe.settings.steps, recipe.extra["steps"]) == (None, "many")
    for wrong in ({}, {"platform": {}}, [], {"platform": {"tool": 3}}):
        with pytest.raises(ValueError, match=r"platform|tool"):
            from_fields(wrong)


def test_beyond_the_limits_a_text_stays_a_text():
    graph = {str(at): recipe_files.node("X", positive=["1", 0], n=at * 7919 % 1000) for at in range(2500)}
    recipe = read(recipe_files.with_texts(prompt=json.dumps(graph)))
    assert layer.decode(layer.encode(recipe)).chunks == recipe.chunks
    deep = '{"1":{"class_type":"K","inputs":{"text":"a","x":' + "[" * 35 + "]" * 35 + "}}}"
    recipe = read(recipe_files.with_texts(prompt=deep + " ", parameters="a\nSteps: 20, Seed: 1"))
    assert layer.decode(layer.encode(recipe)).chunks == recipe.chunks
    lone = read(
        recipe_files.with_texts(prompt=json.dumps(recipe_files.GRAPH).replace("harbour", "\\ud83c harbour"))
    )
    assert layer.decode(layer.encode(lone)).chunks == lone.chunks


def test_json_that_is_no_json_for_us():
    for text in ('{"a":1,"a":2}', "[" * 100 + "]" * 100, "{", "nul"):
        with pytest.raises(ValueError, match=r"."):
            load(text)
    assert load("[NaN, 1.50, -0]") == ["NaN", "1.50", "-0"]


def test_too_large_to_store():
    recipe = from_fields({"platform": {"tool": "x"}, "extra": {str(at): [[]] * 9 for at in range(9000)}})
    with pytest.raises(UsageError, match="too large"):
        layer.encode(recipe, form="fields")
