"""Words beside a colour map: what they store, what is read off the map, what happens without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec import decode, edit, encode, inspect
from promptcodec.bitstream import read, write
from promptcodec.decoding import conditions
from promptcodec.description import (
    Box,
    Cell,
    Description,
    Lettering,
    SceneObject,
    format_text,
    from_json,
    parse_text,
    resolve,
    to_json,
)
from promptcodec.description.palette import PALETTE
from promptcodec.entropy import dictionary
from promptcodec.errors import BitstreamError, DescriptionError, EntropyError, NewerError
from promptcodec.layers import derived, semantic, texture
from promptcodec.layers.parts import payload_of
from promptcodec.layers.semantic import beside, nouns
from promptcodec.layers.texture.dct import sampling
from promptcodec.vision.colour import nearest_names, to_oklab
from tests.effort import examples

HARBOUR = parse_text(
    "photo 3x4\n"
    "summary: Two red boats lie in a harbour under a cloudy sky.\n"
    "r1c1: sky\nr1c2: sky\nr1c3: cloud\nr1c4: sky\n"
    "r2c1: harbour wall\nr2c2: boat\nr2c3: boat\nr2c4\n"
    "r3c1: water\nr3c2: water\nr3c3: Äpfel\nr3c4: water\n"
    "object r2c2:r2c3 boat, red, wooden\n"
    "object r2c1:r2c1 harbour wall\n"
    "lettering r2c2:r2c2 painted: ANNA\n"
    "lettering r2c3:r2c3: B: 7"
)
WORDS = st.text(st.sampled_from("ab Zé-':"), min_size=1, max_size=9).map(lambda text: " ".join(text.split()))
TEXTS = st.one_of(st.just(""), st.sampled_from(["sky", "boats", "boat", "old boat"]), WORDS)


@st.composite
def descriptions(draw):
    rows, cols = draw(st.integers(1, 8)), draw(st.integers(1, 8))

    def box():
        top, left = draw(st.integers(1, rows)), draw(st.integers(1, cols))
        return Box(top, left, draw(st.integers(top, rows)), draw(st.integers(left, cols)))

    textured = draw(st.booleans())
    cells = [
        Cell(
            texture=draw(st.sampled_from(("", "smooth", "busy"))) if textured else "",
            text=draw(TEXTS),
        )
        for _ in range(rows * cols)
    ]
    names = [name.replace(",", "") for name in draw(st.lists(WORDS, max_size=4)) if name.replace(",", "")]
    return Description(
        "photo",
        rows,
        cols,
        tuple(cells),
        draw(TEXTS),
        draw(TEXTS),
        "",
        tuple(SceneObject(name, box(), tuple(draw(st.lists(st.just("red"), max_size=2)))) for name in names),
        tuple(Lettering(text, box(), "") for text in draw(st.lists(WORDS.filter(bool), max_size=2))),
    )


@pytest.mark.parametrize("coder", ["auto", "ppm", "zstd", "brotli", "raw"])
def test_words_come_back(coder):
    data = semantic.encode(HARBOUR, coder=coder, with_map=True)
    assert semantic.decode(data) == HARBOUR
    assert semantic.coder_name(data).startswith("nouns+")
    assert semantic.is_beside(data)


@examples(4)
@given(descriptions(), st.sampled_from(["ppm", "raw"]))
def test_any_words_come_back(description, coder):
    assert semantic.decode(semantic.encode(description, coder=coder, with_map=True)) == description


def test_with_a_users_dictionary():
    own = dictionary.train(
        [format_text(HARBOUR).replace("boat", thing) for thing in ("boat", "ship", "raft")] * 9
    )
    data = semantic.encode(HARBOUR, coder="zstd", dictionary=own, with_map=True)
    assert semantic.decode(data, dictionaries=[own]) == HARBOUR


def test_colours_and_neighbours_cost_nothing():
    plain = parse_text("photo 4x6\n" + "\n".join(f"r{r}c{c}: sky" for r in range(1, 5) for c in range(1, 7)))
    assert len(semantic.encode(plain, with_map=True)) < 12
    silent = replace(plain, cells=(Cell(),) * 24)
    assert len(semantic.encode(silent, with_map=True)) < 9


def test_a_silent_cell_needs_a_map():
    with pytest.raises(DescriptionError, match="r2c4 says nothing"):
        semantic.encode(HARBOUR)


def test_what_no_encoder_writes_is_refused():
    good = semantic.encode(HARBOUR, with_map=True)
    for form in (0xBF, 0xFF):
        with pytest.raises(NewerError, match="newer reader"):
            semantic.decode(bytes([form]) + good[1:])
    with pytest.raises(EntropyError):
        semantic.decode(good + b"\1")
    raw = semantic.encode(HARBOUR, coder="raw", with_map=True)
    for old, new in ((b"harbour wall\n", b"sky\n"), (b"\xc3\x84pfel", b"sky"), (b"photo\n", b"photo\n\n")):
        assert raw.count(old) >= 1
        with pytest.raises((EntropyError, DescriptionError)):
            semantic.decode(raw.replace(old, new))
    with pytest.raises(EntropyError, match="more words than cells"):
        semantic.decode(raw + b"\nmore")
    with pytest.raises(EntropyError):
        semantic.decode(raw[:30])


def test_a_text_is_had_whole():
    assert nouns._says("two boats", "boat")
    assert nouns._says("two boats", "boats")
    assert not nouns._says("rowboat", "boat")
    assert not nouns._says("boatswain", "boat")


def test_neighbours_objects_and_words_make_a_noun_likelier():
    texts = nouns.CellTexts(["A boat on a lake."], [("red boat", Box(1, 2, 1, 2))], 3)
    boat, lake = texts.number("boat"), texts.number("lake")
    first = texts.frequencies()
    assert first[boat] > nouns.nouns()["boat"]
    texts.learn("lake")
    second = texts.frequencies()
    assert second[lake] > first[lake]
    assert second[boat] > first[boat]  # the box covers this cell
    texts.learn("boat")
    assert texts.frequencies()[boat] > second[lake] - first[lake]


class TestDerived:
    """Colours read off the colour map."""

    def test_cosines_and_light_are_the_nearest_whole_numbers(self):
        for count in range(4, 33, 4):
            k, i = np.arange(count)[:, None], np.arange(count)
            exact = 2**14 * np.sqrt(2) * np.cos(np.pi * k * (2 * i + 1) / (2 * count))
            exact[0] = 2**14
            assert (sampling.cosines(count) == np.rint(exact)).all()
        v = np.arange(256) / 255
        light = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
        assert [derived.linear(value) for value in range(256)] == np.rint(65535 * light).tolist()

    def test_oklab_is_that_of_floats(self):
        colours = np.random.default_rng(1).integers(0, 256, (500, 3))
        labs = np.array([derived.oklab(colour) for colour in colours.tolist()])
        assert np.abs(labs / 65536 - to_oklab(colours.astype(np.uint8))).max() < 2e-4
        greys = np.array([derived.oklab((value,) * 3) for value in range(256)])
        assert np.abs(greys[:, 1:]).max() <= 2

    def test_palette_names_itself(self):
        assert list(map(derived._nearest, derived._palette())) == list(range(len(PALETTE)))

    def test_cells_show_what_the_map_draws(self, astronaut):
        payload = texture.encode(astronaut, 300)
        drawn = np.asarray(texture.decode(payload, astronaut.size), np.float32)
        for rows, cols in ((1, 1), (4, 6), (7, 5), (8, 8)):
            cells = derived.cell_colours(payload, rows, cols)
            assert len(cells) == rows * cols
            parts = [
                part for line in np.array_split(drawn, rows) for part in np.array_split(line, cols, axis=1)
            ]
            means = np.array([part.mean((0, 1)) for part in parts], np.float32)
            near = nearest_names(to_oklab(means))
            one = [(names[0], name) for (names, _), name in zip(cells, near, strict=True) if len(names) == 1]
            assert sum(a == b for a, b in one) >= 0.6 * len(one)

    def test_halves(self):
        rgb = np.zeros((64, 96, 3), np.uint8)
        rgb[:32], rgb[32:] = (60, 120, 220), (30, 110, 30)
        from PIL import Image

        names, arrangement = derived.cell_colours(texture.encode(Image.fromarray(rgb), 60), 1, 1)[0]
        assert arrangement == "over"
        assert "blue" in names[0] or names[0] == "azure"
        assert "green" in names[1]


@pytest.fixture(scope="module")
def stream(scene, once):
    return once(encode, scene, description=HARBOUR, budget=200)


def test_inspect_shows_the_merged_words_and_marks_what_is_derived(stream):
    shown = inspect(stream)
    assert [cell["text"] for cell in shown["description"]["cells"]][:2] == ["sky", "sky"]
    assert all(cell["derived"] and cell["colours"] for cell in shown["description"]["cells"])
    assert from_json(shown["description"]) == conditions(stream).description
    assert parse_text(shown["text"]).cells[0].colours == tuple(shown["description"]["cells"][0]["colours"])
    assert "derived" not in to_json(HARBOUR)["cells"][0]


def test_words_alone_are_drawn_from_with_the_colours_of_the_map(stream):
    shown = conditions(stream, layers=("semantic",))
    assert shown.texture is None
    assert all(cell.colours for cell in shown.description.cells)


def test_a_stream_cut_before_its_map_says_what_is_missing(stream):
    end = read(stream).parts[1].offset
    cut = next(stream[:at] for at in range(end, 0, -1) if _is_cut(stream[:at]))
    assert inspect(cut, partial=True)["description"]["cells"][0]["colours"] == []
    decoded = decode(cut, partial=True)
    assert any("colours of the words' cells" in warning.text for warning in decoded.report.warnings)


def _is_cut(data):
    try:
        return read(data, partial=True).cut
    except BitstreamError:
        return False


@pytest.mark.parametrize("most", [None, 90])
def test_truncating_the_map_writes_its_colours_into_the_words(stream, most):
    before = resolve(conditions(stream).description)
    words = edit.truncate(stream, layers=("semantic",), most=most)
    after = conditions(words).description
    assert not semantic.is_beside(read(words).parts[0].payload)
    assert not any(cell.derived for cell in after.cells)
    if most is None:
        assert after.summary == HARBOUR.summary
        assert [cell.colours for cell in resolve(after)] == [cell.colours for cell in before]
        assert [cell.text for cell in resolve(after)] == [cell.text for cell in before]
    else:
        assert len(words) <= most
        assert after.summary.startswith("Two red boats lie")
        assert all(cell.colours for cell in resolve(after))


def test_words_taken_over_without_their_map_bring_its_colours(stream, scene):
    other = encode(scene, layers=("semantic",), description=parse_text("photo 1x1\nr1c1 red"))
    result = edit.transplant(other, "semantic", stream)
    assert all(cell.colours for cell in conditions(result).description.cells)


def test_an_edit_of_a_derived_colour_goes_to_the_map(stream):
    edited = edit.apply(stream, [edit.Edit("cell", ("r2c2", "red: red boat"))])
    assert set(edited.changed) - {"about"} == {"semantic", "texture"}
    cell = conditions(edited.data).description.cells[5]
    assert (cell.text, cell.derived) == ("red boat", True)
    apart = [
        np.abs(
            to_oklab(np.array(PALETTE[name], np.uint8)) - to_oklab(np.array(PALETTE["red"], np.uint8))
        ).sum()
        for name in (cell.colours[0], conditions(stream).description.cells[5].colours[0])
    ]
    assert apart[0] < apart[1]
    words = edit.apply(stream, [edit.Edit("cell", ("r1c4", "gull"))])
    assert set(words.changed) - {"about"} == {"semantic"}
    assert conditions(words.data).description.cells[3].text == "gull"


def test_words_recoloured_by_another_map_follow_it(stream, scene):
    other = encode(scene.rotate(180), layers=("texture",))
    result = edit.transplant(stream, "texture", other)
    assert read(result).parts[0].payload == read(stream).parts[0].payload
    payload = payload_of(read(result).parts[1])
    shown = [cell.colours for cell in conditions(result).description.cells]
    assert shown == [names for names, _ in derived.cell_colours(payload, 3, 4)]


def test_checks_count_no_derived_colour(stream):
    report = decode(stream, check=True).report.check
    names = {field.name for field in report.fields}
    assert "texture layer CIEDE2000" in names
    assert "cells CIEDE2000" not in names


def test_a_picture_whose_map_does_not_fit_has_colours_in_its_words(scene):
    stream = read(encode(scene, budget=24, words=0.95, description=parse_text("photo 1x1\nr1c1: sea")))
    if len(stream.parts) == 1:
        assert not semantic.is_beside(stream.parts[0].payload)
    assert write(stream)
    assert beside.BESIDE == 63
