"""Sidecars and streams of records: what ExifTool reads of them, what they are called, what they spare."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import promptcodec
from promptcodec.archive.record import Place, Record, id_of
from promptcodec.archive.transfer import naming, sidecars, streams
from promptcodec.description import Box, Cell, Lettering, SceneObject
from promptcodec.description.model import clean
from promptcodec.errors import OutputExistsError, UsageError
from promptcodec.recipe.model import ModelInfo, Platform, Recipe, Settings
from promptcodec.recipe.read import read_metadata
from tests.effort import examples
from tests.word_archives import description, record

exiftool = pytest.mark.skipif(
    not shutil.which("exiftool"), reason="ExifTool is not installed (Debian: libimage-exiftool-perl)"
)
BOX = Box(1, 1, 1, 1)
KITE = description(
    "A red kite over a beach.",
    light="bright",
    mood="calm",
    cells=(Cell(colours=("azure",), text="sky"), Cell(colours=("sand",), text="wet sand at low tide")),
    objects=(SceneObject("kite", BOX, ("red", "long tail")), SceneObject("woman", BOX)),
    lettering=(Lettering("OPEN the 24 hours", BOX, "neon"), Lettering("open", BOX)),
)
WHOLE = (
    "A red kite over a beach. Medium: photo. Light: bright. Mood: calm. "
    'Things: kite (red, long tail), woman. Lettering: "OPEN the 24 hours" (neon), "open".'
)
TEXT2IMG = Recipe(Platform("a1111"), ModelInfo("dream"), Settings(prompt="a secret kite", steps=20, seed=7))


def read(*paths, options=()):
    """Give what ExifTool reads of files, as texts: it takes some for numbers."""
    done = subprocess.run(
        ["exiftool", "-json", "-validate", "-warning", "-a", "-G1", "-XMP:all", *options, *map(str, paths)],
        capture_output=True,
        check=True,
    )
    return [
        {key: list(map(str, value)) if isinstance(value, list) else str(value) for key, value in each.items()}
        for each in json.loads(done.stdout)
    ]


def packed(tmp_path, own, name="x.xmp"):
    path = tmp_path / name
    path.write_bytes(sidecars.packet(own))
    return path


def write(own, folder, **options):
    return list(sidecars.write(own, str(folder), **({"overwrite": False, "taken": set()} | options)))


@exiftool
def test_exiftool_reads_what_was_written(tmp_path):
    (own,) = read(packed(tmp_path, record("kite.jpg", KITE, TEXT2IMG, tags=("holiday", "AC/DC", "Kite"))))
    words = ["holiday", "AC/DC", "Kite", "woman", "sky", "red", "photo", "OPEN", "24", "hours"]
    assert own["ExifTool:Validate"] == "OK"
    assert "ExifTool:Warning" not in own
    assert own["XMP-dc:Description"] == WHOLE
    assert own["XMP-dc:Subject"] == own["XMP-lr:HierarchicalSubject"] == words
    assert own["XMP-iptcCore:AltTextAccessibility"] == "A red kite over a beach."
    assert own["XMP-iptcCore:ExtDescrAccessibility"] == WHOLE.removeprefix("A red kite over a beach. ")
    assert own["XMP-iptcExt:DigitalSourceType"].endswith("/digitalsourcetype/trainedAlgorithmicMedia")
    assert own["XMP-x:XMPToolkit"] == f"promptcodec {promptcodec.__version__}"
    assert set(own) == {
        "SourceFile", "ExifTool:Validate", "XMP-x:XMPToolkit", "XMP-dc:Description", "XMP-dc:Subject",
        "XMP-lr:HierarchicalSubject", "XMP-iptcCore:AltTextAccessibility",
        "XMP-iptcCore:ExtDescrAccessibility", "XMP-iptcExt:DigitalSourceType",
    }  # fmt: skip


def test_prompts_and_paths_stay_out():
    own = record("home/anna/kite.jpg", KITE, TEXT2IMG, root="/mnt/photos")
    data = sidecars.packet(own)
    assert not any(word in data for word in (b"secret", b"anna", b"/mnt", b"dream", b"a1111"))
    assert data == sidecars.packet(own)


def test_what_is_private_in_a_prompt_that_became_the_summary_stays_out():
    data = sidecars.packet(
        record("a.png", "a red kite, mail jane@doe.example, C:\\Users\\jane.doe\\kite.png")
    )
    assert b"a red kite, mail *" in data
    assert b"jane" not in data


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        (Settings(prompt="a kite", steps=20), True),
        (Settings(prompt="a kite", denoise=1.0), True),
        (Settings(steps=20, denoise=0.4, hires={"scale": 2}), True),
        (Settings(prompt="a kite", denoise=0.4), False),
        (Settings(width=512), False),
    ],
)
def test_only_a_recipe_of_a_whole_picture_says_that_it_was_generated(settings, shown):
    assert sidecars.is_generated(Recipe(Platform("a1111"), settings=settings)) == shown
    own = sidecars.packet(record("a.png", "A kite.", Recipe(Platform("a1111"), settings=settings)))
    assert (b"trainedAlgorithmicMedia" in own) == shown


@exiftool
@pytest.mark.parametrize(
    "text",
    [
        'A sign: "a < b && c > d" ]]> <!-- x --> &amp; &#0; done.',
        "Ein Drachen über dem Meer, 凧, \U0001fa81, שלום.",
        "<?xml version='1.0'?><rdf:li>no</rdf:li>",
        "A mark \ufffd at the end.",
    ],
)
def test_odd_texts_come_back_exactly(tmp_path, text):
    words = description(text, objects=(SceneObject("fish & chips <b>", BOX),))
    (own,) = read(packed(tmp_path, record("a.jpg", words, tags=("R&D", "a|b"))))
    assert own["ExifTool:Validate"] == "OK"
    assert own["XMP-dc:Description"].startswith(text)
    assert own["XMP-iptcCore:AltTextAccessibility"] == text
    assert own["XMP-dc:Subject"] == ["R&D", "a|b", "fish & chips <b>", "photo"]


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=4))
@examples(20)
def test_any_text_and_tag_gives_a_well_formed_packet(text, tags):
    root = ET.fromstring(sidecars.packet(record("a.jpg", description(clean(text)), tags=tags)))
    items = [each.text for each in root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li")]
    assert all(items)
    assert "photo" in items


@exiftool
def test_a_record_that_says_nothing_has_a_valid_packet(tmp_path):
    silent, empty = packed(tmp_path, record("a.jpg"), "a.xmp"), packed(tmp_path, record("b", ""), "b.xmp")
    first, second = read(silent, empty)
    assert set(first) == {"SourceFile", "ExifTool:Validate", "XMP-x:XMPToolkit"}
    assert first["ExifTool:Validate"] == second["ExifTool:Validate"] == "OK"
    assert second["XMP-dc:Description"] == "Medium: photo."
    assert "XMP-iptcCore:AltTextAccessibility" not in second


@exiftool
def test_a_thousand_sidecars_are_read_in_one_call(tmp_path):
    taken = set()
    for number in range(1000):
        own = record(f"{number % 7}/{number}.jpg", f"Kite number {number}.", tags=(f"n{number}",))
        write(own, tmp_path, taken=taken)
    every = {each["SourceFile"]: each for each in read(tmp_path, options=("-r",))}
    assert len(every) == 1000
    for number in range(1000):
        own = every[str(tmp_path / f"{number % 7}/{number}.jpg.xmp")]
        assert own["XMP-iptcCore:AltTextAccessibility"] == f"Kite number {number}."
        assert own["XMP-dc:Subject"] == [f"n{number}", "photo"]
        assert own["ExifTool:Validate"] == "OK"


@exiftool
def test_exiftool_copies_it_into_a_picture_that_is_read_as_before(tmp_path):
    picture = tmp_path / "kite.jpg"
    Image.radial_gradient("L").convert("RGB").save(picture)
    before = promptcodec.encode(str(picture))
    side = packed(tmp_path, record("kite.jpg", KITE, TEXT2IMG))
    options = ["-tagsfromfile", str(side), "-all:all", "-IPTC:Caption-Abstract<XMP-dc:Description"]
    options += ["-IPTC:Keywords<XMP-dc:Subject", "-codedcharacterset=utf8", "-overwrite_original"]
    subprocess.run(["exiftool", *options, str(picture)], check=True, capture_output=True)
    (own,) = read(picture, options=("-IPTC:all",))
    assert own["XMP-dc:Description"] == own["IPTC:Caption-Abstract"] == WHOLE
    assert own["IPTC:Keywords"] == own["XMP-dc:Subject"]
    assert own["ExifTool:Validate"] == "OK"
    metadata = read_metadata(picture.read_bytes())
    assert metadata.recipe is None
    assert metadata.origin.source == "trainedAlgorithmicMedia"
    assert promptcodec.encode(str(picture)) == before


def test_it_is_called_after_the_picture(tmp_path):
    places = (Place("", "a/b.jpg", 0), Place("/elsewhere", "a/b.jpg", 0), Place("", "c.tar.gz", 0))
    own = Record(id_of(b"x"), record("x", "A kite.").stream, places)
    assert write(own, tmp_path) == [str(tmp_path / "a/b.jpg.xmp"), str(tmp_path / "c.tar.gz.xmp")]
    assert write(own, tmp_path, stem=True) == [str(tmp_path / "a/b.xmp"), str(tmp_path / "c.tar.xmp")]


@pytest.mark.parametrize(
    ("path", "plain", "windows"),
    [
        ("/etc/passwd", "etc/passwd", "etc/passwd"),
        ("../../a.jpg", "_/_/a.jpg", "_/_/a.jpg"),
        ("a/./b//c.jpg", "a/b/c.jpg", "a/b/c.jpg"),
        ("nul\0.jpg", "nul_.jpg", "nul_.jpg"),
        ("", "", ""),
        ("..", "_", "_"),
        ("kite 12:30?.jpg", "kite 12:30?.jpg", "kite 12_30_.jpg"),
        ("C:\\x\\a.jpg", "C:\\x\\a.jpg", "C__x_a.jpg"),
        ("con.jpg", "con.jpg", "_con.jpg"),
        ("COM1/aux", "COM1/aux", "_COM1/_aux"),
        ("console/a. ", "console/a. ", "console/a_"),
    ],
)
def test_no_path_leads_out_of_the_folder(path, plain, windows):
    assert naming.harmless(path, windows=False) == plain
    assert naming.harmless(path, windows=True) == windows


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("./\\\0:"), max_size=80))
@examples(25)
def test_any_path_stays_below_the_folder(path):
    for name in naming.names_of(record(path, "A kite."), ".xmp"):
        inside = os.path.normpath(f"/x/y/{name}")
        assert inside.startswith("/x/y/")
        assert not name.startswith("/")
        assert "\0" not in inside


def test_long_names_are_cut_and_stay_apart(tmp_path):
    long = "ü" * 127 + "q"
    assert write(record(f"{long}.jpg", "A kite."), tmp_path) != write(
        record(f"{long}.png", "A kite."), tmp_path
    )
    assert len(list(tmp_path.iterdir())) == 2
    assert write(record("q" * 251, "A kite."), tmp_path) == [str(tmp_path / ("q" * 251 + ".xmp"))]
    with pytest.raises(UsageError, match="its path has 2000 folders"):
        write(record("a/" * 1999 + "b", "A kite."), tmp_path)


def test_nothing_of_others_is_replaced(tmp_path):
    own, path = record("a.jpg", "A kite."), tmp_path / "a.jpg.xmp"
    for theirs in (b"<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='XMP Core 4.4.0-Exiv2'/>", b""):
        path.write_bytes(theirs)
        for overwrite in (False, True):
            with pytest.raises(OutputExistsError, match="another program has changed it: move it away"):
                write(own, tmp_path, overwrite=overwrite)
        assert path.read_bytes() == theirs
    path.unlink()
    write(own, tmp_path)
    with pytest.raises(OutputExistsError) as caught:
        write(record("a.jpg", "A boat."), tmp_path)
    assert caught.value.hint
    write(record("a.jpg", "A boat."), tmp_path, overwrite=True)
    assert b"A boat." in path.read_bytes()
    path.unlink()
    path.mkdir()
    with pytest.raises(OutputExistsError):
        write(own, tmp_path, overwrite=True)


@exiftool
def test_what_another_program_changed_is_no_longer_ours(tmp_path):
    (path,) = write(record("a.jpg", "A kite."), tmp_path)
    subprocess.run(
        ["exiftool", "-overwrite_original", "-XMP:Rating=5", path], check=True, capture_output=True
    )
    with pytest.raises(OutputExistsError, match="another program has changed it"):
        write(record("a.jpg", "A boat."), tmp_path, overwrite=True)


def test_two_pictures_of_one_name_are_an_error_and_not_one_file(tmp_path):
    taken = set()
    write(record("a.jpg", "A kite."), tmp_path, taken=taken)
    for other in ("/a.jpg", "A.JPG"):
        with pytest.raises(UsageError, match="another picture that is called the same"):
            write(record(other, "A boat."), tmp_path, taken=taken, overwrite=True)
    assert b"A kite." in (tmp_path / "a.jpg.xmp").read_bytes()


def test_beside_originals_that_are_there(tmp_path):
    there, changed = tmp_path / "there.jpg", tmp_path / "changed.jpg"
    there.write_bytes(b"there")
    changed.write_bytes(b"other")
    places = tuple(Place(str(tmp_path), name, 1) for name in ("there.jpg", "changed.jpg", "gone.jpg"))
    own = Record(id_of(b"there"), record("x", "A kite.").stream, places)
    (out,) = sidecars.write_beside(own, overwrite=False, taken=set())
    assert out == str(tmp_path / "there.jpg.xmp")
    (out,) = sidecars.write_beside(own, overwrite=False, taken=set(), stem=True)
    assert out == str(tmp_path / "there.xmp")
    out_of_it = Place(str(tmp_path / "sub"), "../there.jpg", 1)
    for place in (out_of_it, Place("", "there.jpg", 1), places[1]):
        with pytest.raises(UsageError, match="its original is not where it was added in place"):
            list(
                sidecars.write_beside(
                    Record(own.id, own.stream, (place,)), overwrite=True, taken=set(), stem=False
                )
            )


def test_streams_stand_alone(tmp_path):
    taken = set()
    out = streams.write(record("a/kite.jpg", "A kite."), str(tmp_path), overwrite=False, taken=taken)
    assert out == str(tmp_path / "a/kite.jpg.pxt")
    assert promptcodec.inspect((tmp_path / "a/kite.jpg.pxt").read_bytes())["description"]["summary"] == (
        "A kite."
    )
    with pytest.raises(OutputExistsError):
        streams.write(record("a/kite.jpg", "A boat."), str(tmp_path), overwrite=False, taken=set())
    with pytest.raises(UsageError, match="called the same"):
        streams.write(record("a/kite.jpg", "A boat."), str(tmp_path), overwrite=True, taken=taken)


def test_one_that_is_not_replaced_stops_no_other(tmp_path):
    own = Record(
        id_of(b"1"), record("x.jpg", "A kite.").stream, (Place("", "a.jpg", 1), Place("", "b.jpg", 1))
    )
    (tmp_path / "a.jpg.xmp").write_text("of another program")
    coming = sidecars.write(own, str(tmp_path), overwrite=True, taken=set())
    assert next(coming) == str(tmp_path / "b.jpg.xmp")
    with pytest.raises(OutputExistsError, match=r"a\.jpg\.xmp exists"):
        next(coming)
    assert (tmp_path / "a.jpg.xmp").read_text() == "of another program"
