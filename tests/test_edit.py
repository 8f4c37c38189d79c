"""Edits in the bitstream: each changes what it names, where it names it, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from inspect import signature as inspect_signature
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promptcodec import decode, edit, encode, inspect
from promptcodec.bitstream import Part, read, write
from promptcodec.description import parse_text, resolve
from promptcodec.edit import SPELLINGS, Edit
from promptcodec.edit.region import parse_box
from promptcodec.entropy import dictionary
from promptcodec.errors import (
    BudgetError,
    DescriptionError,
    MissingDictionary,
    PromptcodecError,
    UsageError,
)
from promptcodec.layers import semantic, structure
from promptcodec.layers.parts import payloads_of
from promptcodec.layers.registry import NAMES

GUIDE = (Path(__file__).parent.parent / "docs" / "guide" / "editing.md").read_text("utf-8")
DESCRIPTION = parse_text(
    "photo 4x6\nsummary: A red disc over the sea.\n"
    + "\n".join(f"r1c{c} {'sky blue, smooth' if c == 1 else 'as left'}" for c in range(1, 7))
    + "\n"
    + "\n".join(f"r2c{c} {'as above, lighter' if c != 5 else 'red: a disc'}" for c in range(1, 7))
    + "\n"
    + "\n".join(f"r3c{c} {'dark green, soft horizontal' if c == 1 else 'as left'}" for c in range(1, 7))
    + "\n"
    + "\n".join(f"r4c{c} {'sand, grainy: beach' if c == 1 else 'as left, lighter'}" for c in range(1, 7))
    + "\nobject r2c5:r2c5 disc, red"
)
LAYERS = ("semantic", "texture", "structure", "signature")


@pytest.fixture(scope="module")
def stream(scene, once):
    """A stream whose words hold the colours of its cells, as they do without a colour map."""
    stream = read(once(encode, scene, layers=LAYERS, description=DESCRIPTION))
    words = replace(stream.parts[0], payload=semantic.encode(DESCRIPTION))
    return write(replace(stream, parts=(words, *stream.parts[1:])))


def parts(data):
    return {part.type: part.payload for part in read(data).parts}


def description_of(data):
    return parse_text(inspect(data)["text"])


def change(before, after, box):
    """Give the mean change inside a box of cells, and beyond one more cell around it."""
    pictures = [np.asarray(decode(data).image, np.float32) for data in (before, after)]
    apart = np.abs(pictures[0] - pictures[1]).mean(-1)
    height, width = apart.shape
    region = parse_box(box, (width, height), (4, 6))
    inside = region.cover(height, width) > 0.5
    near = np.zeros_like(inside)
    rows, cols = np.nonzero(inside)
    tall, wide = height // 4, width // 6
    near[
        max(rows.min() - tall, 0) : rows.max() + tall + 1, max(cols.min() - wide, 0) : cols.max() + wide + 1
    ] = True
    return apart[inside].mean(), apart[~near].mean()


@pytest.mark.parametrize(
    ("operation", "arguments", "box"),
    [
        ("cell", ("r4c2", "a dark red boat"), "r4c2"),
        ("recolour", ("r4c1:r4c2", "violet"), "r4c1:r4c2"),
        ("recolour", ("128,96,192,128", "violet"), "r4c5:r4c6"),
        ("surface", ("r3c1:r4c2", "busy rising"), "r3c1:r4c2"),
        ("erase", ("r1c5:r2c5",), "r1c5:r2c5"),
        ("delete-curves", ("r1c4:r2c6",), "r1c4:r2c6"),
        ("scale-curves", ("r1c4:r2c6", "0.5"), "r1c4:r2c6"),
    ],
)
def test_the_picture_changes_there_and_not_elsewhere(stream, operation, arguments, box):
    edited = edit.apply(stream, [Edit(operation, arguments)])
    inside, outside = change(stream, edited.data, box)
    assert inside > 5 * outside
    assert inside > 0.3
    assert len(edited.data) < len(stream) + 100


def test_what_is_not_named_is_the_same_to_the_byte(stream):
    before = parts(stream)
    after = parts(edit.delete_curves(stream, "r1c4:r2c6"))
    assert {k: v for k, v in before.items() if k not in (3, 5)} == {k: v for k, v in after.items() if k != 3}
    assert 5 not in after  # the signature measured another picture
    after = parts(edit.surface(stream, "r1c1", "busy"))
    assert {k: v for k, v in after.items() if k not in (1, 7)} == {
        k: v for k, v in before.items() if k not in (1, 5)
    }
    edited = edit.apply(stream, [Edit("surface", ("r1c1", "busy"))])
    assert edited.changed == ("semantic", "signature", "about")
    assert any("signature" in warning.text for warning in edited.warnings)


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_operation_is_a_function_too_and_stands_in_the_guide(name):
    function = getattr(edit, name.replace("-", "_"))
    assert function.__name__ in edit.__all__
    taken = inspect_signature(function).parameters
    assert len(taken) == 1 + len(SPELLINGS[name].metavars) + len(["dictionaries"])
    assert f"`--{' '.join([name, *SPELLINGS[name].metavars])}`" in GUIDE or f"`--{name}`" in GUIDE


def test_the_former_name_of_surface_goes_on_working(cli, tmp_path, stream):
    edited = edit.surface(stream, "r1c1", "busy")
    assert edit.texture(stream, "r1c1", "busy") == edited
    assert edit.apply(stream, [Edit("texture", ("r1c1", "busy"))]).data == edited
    (tmp_path / "a.pxt").write_bytes(stream)
    for name in ("surface", "texture"):
        assert cli("edit", "a.pxt", "-o", f"{name}.pxt", f"--{name}", "r1c1", "busy")[0] == 0
        assert (tmp_path / f"{name}.pxt").read_bytes() == edited
    shown = cli("edit", "--help")[1]
    assert "--surface" in shown
    assert "--texture" not in shown


def test_parts_of_unknown_type_and_the_critical_bit_are_kept(stream):
    parsed = read(stream)
    first, *others = parsed.parts
    odd = write(replace(parsed, parts=(replace(first, critical=True), *others, Part(40, b"?"))))
    after = read(edit.medium(odd, "etching"))
    assert after.parts[0].critical
    assert parts(write(after))[40] == b"?"


def test_the_seed_stays(stream):
    seed = decode(stream).report.seed
    edited = edit.cell(stream, "r1c1", "red")
    assert decode(edited).report.seed == seed
    assert decode(edit.cell(edited, "r1c2", "blue")).report.seed == seed
    plain = parse_text("photo 1x1\nr1c1 red")
    stored = encode(Image.new("RGB", (40, 40)), layers=("semantic",), description=plain, seed=3)
    assert decode(edit.medium(stored, "oil painting")).report.seed == 3
    # Only where the seed would change is it stored.
    assert 7 not in parts(edit.delete_curves(stream, "r1c4:r2c6"))


def test_a_cell_others_continue_changes_alone(stream):
    changed = description_of(edit.cell(stream, "r1c1", "dark red, rough"))
    before, after = (resolve(each) for each in (description_of(stream), changed))
    assert (after[0].colours, after[0].texture) == (("dark red",), "rough")
    assert before[1:] == after[1:]


def test_words_of_a_cell(stream):
    cell = description_of(edit.cell(stream, "r2c3", "red kite")).cells[8]
    assert (cell.colours, cell.text) == (("red",), "red kite")
    cell = description_of(edit.cell(stream, "r2c3", "white over grey, busy: spray")).cells[8]
    assert (cell.colours, cell.arrangement) == (("white", "grey"), "over")
    assert (cell.texture, cell.text) == ("busy", "spray")
    assert not description_of(edit.cell(stream, "r2c5", "")).cells[10].text
    with pytest.raises(DescriptionError, match="there is no such cell"):
        edit.cell(stream, "r1c1", "as left")


def test_replace_takes_the_family_of_a_colour_along(stream):
    after = description_of(edit.replace(stream, "green", "autumn orange"))
    assert "orange" in after.cells[12].colours[0] or "brown" in after.cells[12].colours[0]
    assert description_of(edit.replace(stream, "Disc", "sun")).objects[0].name == "sun"
    assert description_of(edit.replace(stream, "beach", "shore")).cells[18].text == "shore"
    with pytest.raises(UsageError, match="nowhere says 'zebra'"):
        edit.replace(stream, "zebra", "horse")


BASIC_WORDS = parse_text(
    "photo 1x2\nsummary: A dog.\nr1c1 camel: a light brown dog\nr1c2 navy, smooth: night, dark brown lamp"
    "\nobject r1c1:r1c1 dog, light brown, wet\nobject r1c2:r1c2 lamp, dark yellow"
)


@pytest.fixture(scope="module")
def basic(scene):
    return encode(scene, layers=("semantic",), description=BASIC_WORDS)


def test_recolour_finds_basic_words(basic):
    after = description_of(edit.recolour(basic, "r1c1:r1c2", "salmon"))
    assert [cell.colours for cell in resolve(after)] == [("salmon",), ("salmon",)]
    assert after.cells[0].text == "a pink dog"
    assert resolve(after)[1].text == "night, dark brown lamp"  # no colour of this cell
    assert [thing.attributes for thing in after.objects] == [("pink", "wet"), ("pink",)]
    assert description_of(edit.recolour(basic, "r1c1", "dark yellow")).cells[0].colours == ("ochre",)


def test_recolour_still_finds_palette_names(scene):
    words = parse_text("photo 1x1\nr1c1 camel: a camel coat\nobject r1c1:r1c1 coat, camel")
    after = description_of(
        edit.recolour(encode(scene, layers=("semantic",), description=words), "r1c1", "salmon")
    )
    assert after.cells[0].text == "a salmon coat"
    assert after.objects[0].attributes == ("salmon",)


def test_replace_takes_what_texts_call_the_colour_along(basic):
    after = description_of(edit.replace(basic, "light brown", "dark green"))
    assert after.cells[0].text == "a dark green dog"
    assert "green" in after.cells[0].colours[0]
    assert after.objects[0].attributes[0] == "dark green"
    assert resolve(after)[1].colours == ("navy",)


def test_erase_takes_objects_with_it_and_warns_of_what_is_left(stream):
    edited = edit.apply(stream, [Edit("erase", ("r1c5:r2c5",))])
    after = description_of(edited.data)
    assert not after.objects
    assert "a disc" not in inspect(edited.data)["text"]
    assert resolve(after)[10].colours == ("sky blue",)
    assert any("disc" in warning.text for warning in edited.warnings)
    whole = [Edit("erase", ("r1c1:r4c6",))]
    with pytest.raises(UsageError, match="nothing would be left"):
        edit.apply(stream, whole)


def test_move_takes_words_objects_colours_and_contours(stream):
    edited = edit.move(stream, "r1c4:r2c6", "r1c1")
    after = description_of(edited)
    assert resolve(after)[7].colours == ("red",)
    assert resolve(after)[10].colours != ("red",)
    assert (after.objects[0].box.left, after.objects[0].box.right) == (2, 2)
    small = np.asarray(decode(edited, layers=("texture",), size=(24, 16)).image, np.int32)
    assert small[5, 5, 0] - small[5, 5, 2] > 60  # red where the disc is now
    assert small[5, 17, 2] > small[5, 17, 0] + 20  # blue where it was
    lines = [structure.decode(parts(data)[3], (192, 128)) for data in (stream, edited)]
    ink = [np.asarray(line, np.float32)[:64] for line in lines]
    assert ink[0][:, 100:].mean() > 2 * ink[1][:, 100:].mean()
    assert ink[1][:, :96].mean() > 2


def test_contours_move_by_as_much_as_asked(stream):
    cleared = edit.delete_curves(stream, "r2c1:r3c3")
    payload = parts(cleared)[3]
    moved = parts(edit.move_curves(cleared, "r1c4:r2c6", "r2c1"))[3]
    before, after = (np.asarray(structure.decode(part, (192, 128)), np.float32) for part in (payload, moved))
    shifted = np.zeros_like(before)
    shifted[32:96, :96] = before[:64, 96:]
    apart = np.corrcoef(shifted[34:94, 4:92].ravel(), after[34:94, 4:92].ravel())[0, 1]
    assert apart > 0.5


def test_transplant_is_to_the_byte(stream, scene):
    other = encode(scene.rotate(180), layers=("semantic", "texture", "signature"))
    result = edit.transplant(stream, "texture", other)
    assert payloads_of(read(result))["texture"] == payloads_of(read(other))["texture"]
    assert parts(result)[1] == parts(stream)[1]
    named = edit.apply(stream, [Edit("transplant", (name, other)) for name in ("texture", "signature")])
    assert parts(named.data)[5] == parts(other)[5]
    words_only = edit.truncate(stream, layers=("texture",))
    grown = edit.transplant(words_only, "semantic", other)
    assert list(payloads_of(read(grown)))[:2] == ["semantic", "texture"]
    assert decode(grown).report.seed == decode(words_only).report.seed
    with pytest.raises(UsageError, match="has none; it has semantic"):
        edit.transplant(stream, "recipe", other)


def test_a_users_dictionary(scene):
    texts = [f"a {a} boat on shore number {n}" for a in ("red", "old", "big") for n in range(900)]
    own = dictionary.train(texts, 2048)
    coded = encode(scene, layers=("semantic",), description=DESCRIPTION, text_coder="zstd", dictionary=own)
    with pytest.raises(MissingDictionary):
        edit.medium(coded, "oil painting")
    edited = edit.medium(coded, "oil painting", dictionaries=[own])
    with pytest.raises(MissingDictionary):
        inspect(edited)
    assert inspect(edited, dictionaries=[own])["text"].startswith("oil painting 4x6")


@pytest.mark.parametrize("coder", ["ppm", "zstd", "brotli", "raw"])
def test_text_keeps_its_coder(scene, coder):
    coded = encode(scene, layers=("semantic",), description=DESCRIPTION, text_coder=coder)
    edited = edit.style(coded, "light: at dusk, from the left")
    before, after = (inspect(data)["parts"][0]["coder"] for data in (coded, edited))
    assert before == "grid+raw" or after.removeprefix("grid+") == before.removeprefix("grid+")


@pytest.mark.parametrize(
    ("operation", "arguments", "says"),
    [
        ("erase", ("r9c1",), "there is no cell r9c1: the grid has 4 rows and 6 columns"),
        ("erase", ("r3c3:r2c2",), "is empty"),
        ("erase", ("5,5,5,9",), "is empty"),
        ("erase", ("0,0,193,10",), "reaches outside the picture of 192x128"),
        ("erase", ("-1,0,10,10",), "reaches outside"),
        ("erase", ("here",), "is no box: write r2c2:r3c4"),
        ("cell", ("r0c1", "red"), "there is no cell r0c1"),
        ("cell", ("0,0,4,4", "red"), "is no cell"),
        ("recolour", ("r1c1", "octarine"), "no colour of the palette"),
        ("surface", ("r1c1", "velvet"), "no surface; one of smooth, soft, grainy, rough, busy"),
        ("surface", ("r1c1", "rough up"), "unknown orientation"),
        ("move", ("r1c1:r2c2", "r4c6"), "would reach outside"),
        ("move", ("r1c1:r2c2", "nowhere"), "is no place"),
        ("scale-curves", ("r1c4:r2c6", "0"), "is no factor"),
        ("scale-curves", ("r1c4:r2c6", "inf"), "is no factor"),
        ("delete-curves", ("0,0,1,1",), "no contour"),
        ("medium", ("",), "medium is empty"),
        ("replace", ("", "x"), "needs words"),
        ("transplant", ("about", b"x"), "can be transplanted"),
        ("transplant", ("texture", b"x"), "not a promptcodec stream"),
        ("mask", (b"no picture",), "picture|image|read"),
        ("fly", (), "no operation 'fly'"),
        ("erase", (), "no operation 'erase' with 0 arguments"),
    ],
)
def test_arguments_that_cannot_be_honoured(stream, operation, arguments, says):
    with pytest.raises(PromptcodecError, match=says) as caught:
        edit.apply(stream, [Edit(operation, arguments)])
    assert caught.value.exit_code == 2


def test_layers_the_stream_does_not_have(stream, scene):
    colours = edit.truncate(stream, layers=("texture",))
    with pytest.raises(UsageError, match="no description, so no cell r1c1; give pixels"):
        edit.erase(colours, "r1c1")
    with pytest.raises(UsageError, match="no structure part to edit; it has texture"):
        edit.delete_curves(colours, "0,0,50,50")
    with pytest.raises(UsageError, match="no semantic part"):
        edit.medium(colours, "etching")
    assert edit.recolour(colours, "0,0,50,50", "red") != colours
    pixels = encode(scene, layers=("semantic", "pixels"), description=DESCRIPTION)
    with pytest.raises(UsageError, match="pixels part") as caught:
        edit.erase(pixels, "r1c1")
    assert "truncate IN -o OUT --layers semantic" in caught.value.hint


def test_truncate(stream):
    sizes = [len(edit.truncate(stream, layers=NAMES[:count])) for count in (1, 2, 3)]
    assert sizes == sorted(sizes)
    for most in (sizes[0], sizes[1] - 1, sizes[1], sizes[2], len(stream) + 9):
        shorter = edit.truncate(stream, most=most)
        assert len(shorter) <= most
        assert decode(shorter).report.layers == decode(stream).report.layers[: len(read(shorter).parts)]
    with pytest.raises(BudgetError, match=f"alone the file has {sizes[0]}"):
        edit.truncate(stream, most=sizes[0] - 1)
    with pytest.raises(UsageError, match="none of the layers"):
        edit.truncate(stream, layers=("pixels",))


def test_truncate_keeps_a_stored_seed_while_it_can(stream):
    edited = edit.cell(stream, "r1c1", "red")
    words_only = edit.truncate(edited, layers=("semantic",))
    assert decode(words_only).report.seed == decode(stream).report.seed
    assert set(parts(edit.truncate(edited, most=len(words_only)))) == {1, 7}
    assert set(parts(edit.truncate(edited, most=len(words_only) - 1))) == {1}


def test_command_line(cli, tmp_path, stream):
    (tmp_path / "a.pxt").write_bytes(stream)
    code, out, err = cli(
        "edit", "a.pxt", "-o", "b.pxt", "--cell", "r1c1", "red", "--medium", "etching",
        "--cell", "r1c1", "blue", "--preview", "b.png", "--json",
    )  # fmt: skip
    result = json.loads(out)
    assert (code, result["changed"]) == (0, ["semantic", "texture", "signature", "about"])
    assert result["bytes"] == (tmp_path / "b.pxt").stat().st_size
    assert "signature" in err
    after = description_of((tmp_path / "b.pxt").read_bytes())
    assert (after.medium, after.cells[0].colours) == ("etching", ("blue",))  # in the order given
    with Image.open(tmp_path / "b.png") as image:
        assert image.size == (192, 128)
    assert cli("edit", "a.pxt", "-o", "b.pxt", "--medium", "x")[0] == 2  # it is there
    assert cli("edit", "a.pxt", "-o", "c.pxt")[0] == 2
    code, _, err = cli("edit", "a.pxt", "-o", "c.pxt", "--erase", "r7c7")
    assert code == 2
    assert "r1c1 to r4c6" in err
    code, _, err = cli("edit", "a.pxt", "-o", "c.pxt", "--mask", "missing.png")
    assert code == 2
    assert "missing.png: cannot be read" in err
    assert not (tmp_path / "c.pxt").exists()
    code, out, _ = cli("truncate", "a.pxt", "-o", "t.pxt", "--layers", "semantic", "--json")
    assert (code, json.loads(out)["layers"]) == (0, ["semantic"])
    assert cli("truncate", "a.pxt", "-o", "u.pxt", "--bytes", "9")[0] == 2
    assert cli("truncate", "a.pxt", "-o", "u.pxt")[0] == 2


def test_progressive(cli, tmp_path, stream):
    (tmp_path / "a.pxt").write_bytes(stream)
    code, out, _ = cli("decode", "a.pxt", "-o", "a.png", "--progressive", "steps", "--json")
    assert code == 0
    names = ["a.1-semantic.png", "a.2-texture.png", "a.3-structure.png"]
    assert json.loads(out)["progressive"] == [f"steps/{name}" for name in names]
    with Image.open(tmp_path / "a.png") as last, Image.open(tmp_path / "steps" / names[-1]) as step:
        assert last.tobytes() == step.tobytes()
    with Image.open(tmp_path / "steps" / names[0]) as first:
        assert first.tobytes() == decode(stream, layers=("semantic",)).image.tobytes()
