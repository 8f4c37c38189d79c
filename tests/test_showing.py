"""What notebooks show: the HTML of pictures and streams, read by a parser; the text where there is none."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

import promptcodec
from promptcodec import decode, encode, show
from promptcodec.description import parse_text
from promptcodec.drawing import Decoded

GOLDEN = Path(__file__).parent / "golden"
NASTY = '<script>alert(1)</script> & "a" \' </pre>'
VOID = {"img", "br"}


class Page(HTMLParser):
    """Reads HTML; every element must be closed where it was opened."""

    def __init__(self, html):
        super().__init__()
        self.open, self.elements, self.text = [], [], ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def of(self, name):
        return [attributes for tag, attributes in self.elements if tag == name]


def read(html):
    """Read what is shown; it must stand alone, and do nothing."""
    page = Page(html)
    assert {tag for tag, _ in page.elements} <= {"div", "pre", "span", "b", *VOID}
    for _, attributes in page.elements:
        assert set(attributes) <= {"style", "src", "alt", "width", "title"}
        assert "url(" not in attributes.get("style", "")
        assert attributes.get("src", "data:image/jpeg;base64,").startswith("data:image/jpeg;base64,")
    return page


def picture_of(page):
    (image,) = page.of("img")
    return Image.open(io.BytesIO(base64.b64decode(image["src"].partition(",")[2])))


def widths(page):
    """Give the shares of the bar by what its pieces are called."""
    return {
        attributes["title"]: int(re.search(r"flex:(\d+) ", attributes["style"])[1])
        for attributes in page.of("div")
        if "title" in attributes
    }


@pytest.fixture(scope="module")
def stream(once, scene):
    return once(encode, scene, budget=120)


def test_a_decoded_picture_has_its_words_and_bytes(stream):
    decoded = decode(stream, size=(900, 600), check=True)
    page = read(decoded._repr_html_())
    assert picture_of(page).size == (512, 341)
    assert promptcodec.inspect(stream)["text"] in page.text
    assert f"drawn by {decoded.report.generator} from semantic, texture" in page.text
    assert f"check: {decoded.report.check.verdict}, " in page.text
    outline = promptcodec.verify(stream)
    parts = {f"{part['type']} {part['bytes']} bytes": part["bytes"] for part in outline["parts"]}
    overhead = outline["overhead_bytes"]
    assert widths(page) == {**parts, f"overhead {overhead} bytes": overhead}
    assert sum(widths(page).values()) == len(stream)
    assert f"{len(stream)} bytes, 192x128" in page.text


def test_a_stream_is_drawn_no_larger_than_it_is_shown(stream):
    shown = show(stream)
    page = read(shown._repr_html_())
    assert picture_of(page).size == (192, 128)
    assert "drawn by builtin" in page.text
    head, _, words = str(shown).partition("\n\n")
    assert head.startswith(f"192x128, {len(stream)} bytes: semantic ")
    assert words == promptcodec.inspect(stream)["text"]


def test_words_are_words(scene):
    description = parse_text("photo 1x1\nr1c1 red")
    object.__setattr__(description, "summary", NASTY)
    nasty = encode(scene.resize((24, 16)), description=description, layers=("semantic",))
    for each in (decode(nasty), show(nasty)):
        page = read(each._repr_html_())
        assert f"summary: {NASTY}\n" in page.text


def test_a_recipe_alone_has_no_picture_and_its_prompt():
    shown = show((GOLDEN / "recipe-a1111-fields.pxt").read_bytes())
    page = read(shown._repr_html_())
    assert not page.of("img")
    assert "holds only a recipe" in page.text
    assert "prompt: a red kite over a grey sea, (storm:1.2) <lora:kites:0.8>" in page.text
    assert str(shown).endswith("<lora:kites:0.8>")


def test_bare_streams_and_every_layer(stream):
    every = (GOLDEN / "all-layers.pxt").read_bytes()
    names = [part["type"] for part in promptcodec.verify(every)["parts"]]
    assert [title.split()[0] for title in widths(read(show(every)._repr_html_()))] == [*names, "overhead"]
    with pytest.raises(promptcodec.BitstreamError):
        show(stream[:-1])
    bare = (GOLDEN / "bare.pxt").read_bytes()
    assert picture_of(read(show(bare, bare=True)._repr_html_())).size > (1, 1)


def test_a_picture_of_which_nothing_else_is_known(stream):
    whole = decode(stream)
    page = read(Decoded(whole.image, whole.report)._repr_html_())
    assert picture_of(page).size == (192, 128)
    assert not page.of("pre")
    assert not widths(page)
    assert "description" not in repr(whole)


def test_a_notebook_s_own_formatter_takes_them(stream):
    formatters = pytest.importorskip("IPython.core.formatters", reason="IPython is not installed")
    formatter = formatters.DisplayFormatter()
    for each in (decode(stream), show(stream)):
        data, _ = formatter.format(each)
        assert data["text/html"] == each._repr_html_()
        assert data["text/plain"]


def test_nothing_of_it_is_imported_before_it_is_shown():
    code = (
        "import promptcodec, sys; promptcodec.decode; promptcodec.encode;"
        "print({'promptcodec.showing', 'html', 'IPython'} & {*sys.modules})"
    )
    assert subprocess.check_output([sys.executable, "-P", "-c", code], text=True) == "set()\n"
