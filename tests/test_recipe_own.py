"""Of a file's metadata only the recipe is stored: nothing of cameras, places, owners and other texts."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from promptcodec import encode, inspect
from promptcodec.errors import EncodeWarning
from promptcodec.recipe import exif, packet, read
from promptcodec.recipe.extract import extract
from promptcodec.recipe.model import fields_of
from promptcodec.recipe.own import own_metadata
from promptcodec.recipe.tiff import text_values

sys.path.append(str(Path(__file__).parent))
import recipe_files
import secret_forms

TEXT = secret_forms.A1111
COMMENT = b"UNICODE\0" + TEXT.encode("utf-16-be")
PRIVATE = "Privatperson"
WIDE = PRIVATE.encode("utf-16-le") + b"\0\0"


def jpeg(outer=None, inner=None, gps=None):
    tags = Image.Exif()
    tags.get_ifd(0x8769)[0x9286] = COMMENT
    for number, value in (outer or {}).items():
        tags[number] = value
    tags.get_ifd(0x8769).update(inner or {})
    if gps:
        tags.get_ifd(0x8825).update(gps)
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", exif=tags)
    return file.getvalue()


EXIF = {
    "artist": {"outer": {0x13B: PRIVATE}},
    "copyright": {"outer": {0x8298: PRIVATE}},
    "host": {"outer": {0x13C: PRIVATE}},
    "XP author": {"outer": {0x9C9D: WIDE}},
    "XP keywords": {"outer": {0x9C9E: WIDE}},
    "description": {"outer": {0x10E: PRIVATE}},
    "camera": {"outer": {0x10F: PRIVATE, 0x110: PRIVATE, 0x131: PRIVATE}},
    "owner": {"inner": {0xA430: PRIVATE}},
    "serials": {"inner": {0xA431: PRIVATE, 0xA435: PRIVATE}},
    "maker's note": {"inner": {0x927C: PRIVATE.encode() * 9}},
    "unique id": {"inner": {0xA420: PRIVATE}},
    "date": {"outer": {0x132: PRIVATE}, "inner": {0x9003: PRIVATE}},
    "position": {"gps": {1: "N", 2: (52.0, 31.0, 12.0), 29: PRIVATE}},
    "rating's text": {"outer": {0x4749: PRIVATE.encode()}},
}


@pytest.mark.parametrize("redact", [False, True])
@pytest.mark.parametrize("name", EXIF)
def test_exif_keeps_the_recipe_alone(name, redact):
    data = jpeg(**EXIF[name])
    assert PRIVATE.encode() in data or WIDE in data
    recipe, notices = extract(data, redact=redact)
    assert notices == ()
    (chunk,) = recipe.chunks
    assert text_values(chunk.data) == {"UserComment": TEXT}
    assert PRIVATE.encode() not in chunk.data
    assert WIDE not in chunk.data
    tags = Image.Exif()
    tags.load(b"Exif\0\0" + chunk.data)
    assert dict(tags.get_ifd(0x8825)) == {}
    assert tags.get_ifd(0x8769) == {0x9286: COMMENT}
    assert fields_of(recipe) == fields_of(read(data))


def test_exif_of_a_recipe_alone_comes_back_byte_for_byte():
    technical = {0x112: 1, 0x11A: 72.0, 0x11B: 72.0, 0x128: 2, 0x213: 1}
    for data in (recipe_files.jpeg_with_comment(TEXT), jpeg(outer=technical, inner={0xA001: 1, 0xA002: 8})):
        recipe = read(data)
        assert own_metadata(recipe).chunks == recipe.chunks
        assert read(data).chunks[0].data in data


def test_nothing_hides_between_the_tags_of_exif():
    block = read(recipe_files.jpeg_with_comment(TEXT)).chunks[0].data
    for hiding in (block + PRIVATE.encode(), block + b"\0\0" + PRIVATE.encode()):
        assert exif.parse(block).whole
        assert not exif.parse(hiding).whole
        recipe = read(recipe_files.png((b"eXIf", hiding)))
        assert PRIVATE.encode() not in own_metadata(recipe).chunks[0].data


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_is_built_as_it_is_parsed(order):
    tags = (
        exif.Tag(0x10E, 2, b"a description\0", 0, inner=False),
        exif.Tag(0x112, 3, b"\1\0", 0, inner=False),
        exif.Tag(0x9286, 7, b"ASCII\0\0\0odd", 0, inner=True),
    )
    block = exif.build(order, tags)
    parsed = exif.parse(block)
    assert (parsed.order, parsed.whole) == (order, True)
    assert [(tag.number, tag.kind, tag.value, tag.inner) for tag in parsed.tags] == [
        (tag.number, tag.kind, tag.value, tag.inner) for tag in tags
    ]
    assert exif.build(order, parsed.tags) == block


@pytest.mark.parametrize("cut", range(0, 120, 7))
def test_damaged_exif_is_no_error(cut):
    block = read(recipe_files.jpeg_with_comment(TEXT)).chunks[0].data
    exif.parse(block[:cut])
    exif.parse(block[:cut] + b"\xff" * 30 + block[cut:])


CHUNKS = (
    "Author",
    "Artist",
    "Copyright",
    "Source",
    "Comment",
    "Description",
    "Creation Host",
    "Raw profile type iptc",
)


@pytest.mark.parametrize("key", CHUNKS)
def test_other_texts_are_not_stored(key):
    recipe, _ = extract(
        recipe_files.png(recipe_files.text("parameters", TEXT), recipe_files.text(key, PRIVATE)), redact=False
    )
    assert [chunk.key for chunk in recipe.chunks] == ["parameters"]


def test_what_a_tool_writes_beside_its_recipe_is_stored():
    texts = {
        "Title": "NovelAI generated image",
        "Description": "a bay",
        "Software": "NovelAI",
        "Source": "Stable Diffusion 0123ABCD",
        "Generation time": "3.25",
        "Comment": '{"prompt": "a bay", "seed": 4, "steps": 28}',
    }
    recipe = read(recipe_files.png(*(recipe_files.text(key, text) for key, text in texts.items())))
    assert own_metadata(recipe).chunks == recipe.chunks
    own_title = texts | {"Title": PRIVATE}
    recipe = read(recipe_files.png(*(recipe_files.text(key, text) for key, text in own_title.items())))
    assert [chunk.key for chunk in own_metadata(recipe).chunks] == list(texts)[1:]
    both = read(recipe_files.comfy())
    assert own_metadata(both).chunks == both.chunks


XMP = {
    "creator": f"<dc:creator><rdf:Seq><rdf:li>{PRIVATE}</rdf:li></rdf:Seq></dc:creator>",
    "rights": f"<dc:rights>{PRIVATE}</dc:rights>",
    "position": f"<exif:GPSLatitude>{PRIVATE}</exif:GPSLatitude>",
    "serial": f"<aux:SerialNumber>{PRIVATE}</aux:SerialNumber>",
    "history": f'<xmpMM:History><rdf:Description xmp:x="{PRIVATE}"/></xmpMM:History>',
    "technical, of another form": f"<tiff:Orientation>file:{PRIVATE}*</tiff:Orientation>",
}
DRAWN = (
    "<xmp:CreatorTool>Draw Things</xmp:CreatorTool><exif:UserComment><rdf:Alt><rdf:li xml:lang='x-default'>"
)
DRAWN += "{&quot;c&quot;: &quot;a bay&quot;, &quot;seed&quot;: 4}</rdf:li></rdf:Alt></exif:UserComment>"


@pytest.mark.parametrize("name", XMP)
def test_xmp_keeps_the_recipe_alone(name):
    for inner, attributes in ((XMP[name], ""), ("", f' photoshop:AuthorsPosition="{PRIVATE}"')):
        data = recipe_files.png(secret_forms.xmp(DRAWN + inner, attributes))
        recipe, notices = extract(data, redact=False)
        assert notices == ()
        (chunk,) = recipe.chunks
        assert PRIVATE.encode() not in chunk.data
        assert (recipe.platform.tool, recipe.settings.prompt, recipe.settings.seed) == (
            "draw-things",
            "a bay",
            4,
        )
        beside = recipe_files.png(recipe_files.text("parameters", TEXT), secret_forms.xmp(inner, attributes))
        assert [chunk.key for chunk in extract(beside, redact=False)[0].chunks] == ["parameters"]


ABOUT = {
    "rdf:about": ('rdf:about=""', f'rdf:about="{PRIVATE}"'),
    "toolkit": ('xmlns:x="adobe:ns:meta/"', f'xmlns:x="adobe:ns:meta/" x:xmptk="{PRIVATE}"'),
    "base": ('xmlns:x="adobe:ns:meta/"', f'xmlns:x="adobe:ns:meta/" xml:base="{PRIVATE}"'),
    "language": ("x-default", PRIVATE),
    "datatype": ("<rdf:Alt>", f"<rdf:Alt rdf:datatype='{PRIVATE}'>"),
    "namespace": ("xmlns:dc=", f'xmlns:q="{PRIVATE}" xmlns:dc='),
    "prefix": ("xmlns:dc=", 'xmlns:zq="http://purl.org/dc/elements/1.1/" xmlns:dc='),
    "instruction": ("<rdf:Alt>", f"<?a {PRIVATE}?><rdf:Alt>"),
    "comment": ("<rdf:Alt>", f"<!-- {PRIVATE} --><rdf:Alt>"),
    "element": ("</rdf:Alt>", "<rdf:zq/></rdf:Alt>"),
    "another item": ("</rdf:Alt>", f"<rdf:li>{PRIVATE}</rdf:li></rdf:Alt>"),
    "format": ('rdf:about=""', f'rdf:about="" dc:format="{PRIVATE}"'),
    "before": ("<x:xmpmeta", f"{PRIVATE}<x:xmpmeta"),
    "behind": ("</x:xmpmeta>", f"</x:xmpmeta>{PRIVATE}"),
}


@pytest.mark.parametrize("name", ABOUT)
def test_nothing_hides_between_the_texts_of_xmp(name):
    kind, data = secret_forms.xmp(DRAWN)
    before, after = (part.encode() for part in ABOUT[name])
    assert before in data
    recipe, notices = extract(recipe_files.png((kind, data.replace(before, after))), redact=False)
    assert notices == ()
    (chunk,) = recipe.chunks
    assert PRIVATE.encode() not in chunk.data
    assert b"zq" not in chunk.data
    assert (recipe.platform.tool, recipe.settings.prompt, recipe.settings.seed) == ("draw-things", "a bay", 4)
    assert own_metadata(read(recipe_files.png((kind, data)))).chunks[0].data in data


def test_many_properties_of_xmp_take_little_time():
    inner = "".join(f"<dc:a{index}>x</dc:a{index}>" for index in range(800))
    start = time.process_time()
    (chunk,) = extract(recipe_files.png(secret_forms.xmp(inner + DRAWN)), redact=False)[0].chunks
    assert time.process_time() - start < 5  # 0.3 seconds
    assert b"a77" not in chunk.data


def test_nothing_hides_behind_the_end_of_a_text_or_in_technical_tags():
    tags = [
        exif.Tag(0x010E, 2, f"{TEXT}\0{PRIVATE}\0".encode(), 0, inner=False),
        exif.Tag(0x0103, 2, PRIVATE.encode(), 0, inner=False),
        exif.Tag(0xA000, 7, PRIVATE[:4].encode(), 0, inner=True),
        exif.Tag(0x0112, 3, b"\0\1", 0, inner=False),
    ]
    recipe = read(recipe_files.png((b"eXIf", exif.build(">", tags))))
    own = own_metadata(recipe)
    assert PRIVATE.encode() not in own.chunks[0].data
    assert PRIVATE[:4].encode() not in own.chunks[0].data
    assert PRIVATE not in str(fields_of(own))
    assert own.settings == read(recipe_files.with_texts(parameters=TEXT)).settings


@pytest.mark.parametrize("key", ["Dream", "extras", "postprocessing", "smproj", "fooocus_scheme", "Software"])
def test_texts_of_other_tools_are_stored_where_they_are_a_recipe(key):
    for text in (PRIVATE, f"{PRIVATE}.4711", json.dumps({"a": PRIVATE})):
        data = recipe_files.png(recipe_files.text("parameters", TEXT), recipe_files.text(key, text))
        assert [chunk.key for chunk in extract(data, redact=False)[0].chunks] == ["parameters"]


def test_xmp_of_a_recipe_alone_comes_back_byte_for_byte():
    recipe = read(recipe_files.png(secret_forms.xmp(DRAWN, ' tiff:Orientation="1"')))
    assert own_metadata(recipe).chunks == recipe.chunks


@pytest.mark.parametrize("packed", [
    b"<x:xmpmeta>",
    b"<!DOCTYPE x [<!ENTITY a 'b'>]><rdf:RDF>&a;</rdf:RDF>",
    b"<x:xmpmeta><rdf:Description><dc:creator>P</dc:creator></rdf:Description></x:xmpmeta>",
    b"<x:xmpmeta><rdf:RDF>words</rdf:RDF></x:xmpmeta>",
])  # fmt: skip
def test_xmp_that_cannot_be_taken_apart(packed):
    parsed = packet.parse(packed.decode())
    assert parsed is None or (parsed.leaves, parsed.whole) == ((), False)
    data = recipe_files.png(
        recipe_files.text("parameters", TEXT), (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packed)
    )
    assert [chunk.key for chunk in extract(data, redact=False)[0].chunks] == ["parameters"]


def test_fields_are_stored_where_metadata_cannot_be_taken_apart():
    loose = DRAWN.encode() + b"<dc:creator>" + PRIVATE.encode() + b"</dc:creator>"
    data = recipe_files.png((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + loose))
    with pytest.warns(EncodeWarning, match="only its fields are stored"):
        shown = inspect(encode(data, recipe="only"))
    assert shown["parts"][0]["coder"] == "fields"
    assert PRIVATE not in str(shown)
    assert shown["recipe"]["fields"]["settings"]["prompt"] == "a bay"


def test_samples_come_back_byte_for_byte(data_folder):
    """All but what was written by other programs: ImageMagick's texts, a site's artist."""
    files = [path for path in sorted((data_folder / "metadata_samples").rglob("*")) if path.is_file()]
    recipes = [recipe for path in files if (recipe := read(path.read_bytes()))]
    if not recipes:
        pytest.skip("the samples are not there")
    shortened = [recipe for recipe in recipes if own_metadata(recipe).chunks != recipe.chunks]
    assert len(shortened) <= 2
    assert all(own_metadata(recipe).chunks for recipe in recipes)
