"""The files of the page: served so that browsers keep them, and nothing in them that its policy forbids."""

from __future__ import annotations

import posixpath
import re
from html.parser import HTMLParser

import pytest

pytest.importorskip("starlette", reason="the extra server is not installed: no starlette")

from promptcodec.description.palette import PALETTE
from promptcodec.server.routes.page import FOLDER
from tests import serving

SCRIPTS = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js"))
SHEETS = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.css"))
IMPORT = re.compile(
    r'^(?:import|export)\b[^;]*?\bfrom "([^"]+)"|\bimport\("([^"]+)"\)|^import "([^"]+)"', re.MULTILINE
)
LATER = re.compile(r'\bimport\("([^"]+)"\)')
UNSAFE = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|srcdoc|DOMParser)\b|"
    r"setAttribute\(\"(style|on)|javascript:"
)
"""What would take a text for markup or for a program, or what the policy forbids."""
LONGEST = 300
ADDRESS = re.compile(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", re.IGNORECASE)


class Page(HTMLParser):
    """What an HTML page refers to, and what of it stands in itself."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []
        self.preloaded: list[str] = []
        self.inline: list[str] = []
        self._in_script = False
        self.feed((FOLDER / "index.html").read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        own = dict(attrs)
        self._in_script = tag in ("script", "style")
        self.inline += [name for name, value in attrs if name.startswith("on") or name == "style"]
        self.inline += [value for value in own.values() if value and value.startswith("javascript:")]
        for value in (own.get("src"), own.get("href")):
            if value and not value.startswith("#"):
                self.files.append(value)
        if own.get("rel") == "modulepreload":
            self.preloaded.append(own["href"].removeprefix("/page/"))

    def handle_endtag(self, tag):
        self._in_script = False

    def handle_data(self, data):
        if self._in_script and data.strip():
            self.inline.append(data)


def imports(name: str, *, later: bool = True) -> set[str]:
    """Give the modules that one of them imports; without ``later`` not those that it loads when needed."""
    text = (FOLDER / name).read_text("utf-8")
    names = {next(filter(None, groups)) for groups in IMPORT.findall(text)}
    if not later:
        names -= set(LATER.findall(text))
    return {posixpath.normpath(posixpath.join(posixpath.dirname(name), each)) for each in names}


@pytest.fixture(scope="module")
def client(pictures):
    with serving.client_of(pictures.path) as client:
        yield client


def test_nothing_stands_in_the_page_itself():
    assert Page().inline == []


def test_the_page_refers_to_what_is_there(client):
    for name in Page().files:
        assert client.get(name).status_code == 200, name


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_module_is_short_imports_what_is_there_and_makes_no_markup_of_texts(name):
    text = (FOLDER / name).read_text("utf-8")
    assert text.count("\n") <= LONGEST
    assert not UNSAFE.search(text)
    assert imports(name) <= set(SCRIPTS)


@pytest.mark.parametrize("name", [*SCRIPTS, *SHEETS, "index.html"])
def test_nothing_comes_from_elsewhere(name):
    text = (FOLDER / name).read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not ADDRESS.search(text)
    if name.endswith(".css"):
        assert "@import" not in text
        assert "url(" not in text


def test_every_module_is_used():
    reached, new = {"theme.js"}, {"app.js"}
    while new:
        reached |= new
        new = {each for name in new for each in imports(name)} - reached
    assert sorted(set(SCRIPTS) - reached) == []


def test_what_the_first_paint_needs_is_asked_for_at_once():
    needed, new = set(), {"app.js", "gallery/view.js"}
    while new:
        needed |= new
        new = {each for name in new for each in imports(name, later=False)} - needed
    assert Page().preloaded == sorted(needed - {"app.js"})


@pytest.mark.parametrize("path", ["/", "/page/app.js", "/page/style.css"])
def test_browsers_keep_the_files_and_ask_by_their_etag(client, path):
    first = client.get(path)
    assert first.status_code == 200
    assert first.headers["cache-control"] == "no-cache"
    assert "default-src 'self'" in first.headers["content-security-policy"]
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/page/../app.py", "/page/%2e%2e/app.py", "/page/", "/page/gallery"])
def test_nothing_but_files_of_the_page_is_given(client, path):
    serving.problem(client.get(path), 404)


def test_the_page_knows_of_its_server(client):
    about = client.get("/about").json()
    assert about["generators"] == [{"name": "builtin", "priced": False}]
    assert about["writable"]
    assert len(about["palette"]) == len(PALETTE)
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in about["palette"])


def test_the_page_of_a_server_for_reading_knows_that_it_keeps_nothing(pictures):
    with serving.client_of(pictures.path, read_only=True) as client:
        assert not client.get("/about").json()["writable"]
