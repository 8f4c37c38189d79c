"""The documentation as a site: built without a warning, whole, and in need of nothing from elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import promptcodec

pytest.importorskip("mkdocs", reason="the extra docs is not installed: no mkdocs")
pytest.importorskip("mkdocstrings_handlers.python", reason="the extra docs is not installed: no mkdocstrings")

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


class Page(HTMLParser):
    """Reads what a page loads, where it leads, and the places in it."""

    def __init__(self, file):
        super().__init__()
        self.loaded, self.links, self.ids = [], [], set()
        self.feed(file.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.ids.add(attributes.get("id"))
        if tag in LOADED and (address := attributes.get(LOADED[tag])):
            self.loaded.append(address)
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site; a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-P", "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    quiet = {"NO_MKDOCS_2_WARNING": "1"}  # its makers' advertisement for another program
    built = subprocess.run(
        command, cwd=ROOT, env=os.environ | quiet, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_the_site_is_whole_and_loads_nothing_from_elsewhere(site):
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).with_suffix(".html")
        assert (site / ("index.html" if page == DOCS / "README.md" else name)).is_file()
    for file in site.rglob("*.html"):
        page = Page(file)
        for address in page.loaded:
            assert not re.match(r"\w+:|//", address), f"{file.name}: {address}"
        # Links to files of the repository became links to pages, or to pictures.
        assert not [
            link for link in page.links if re.search(r"\.(md|py|toml|cff)(#|$)", link) and ":" not in link
        ]
    for file in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import\s+)[\"']?(\w+:)?//", file.read_text("utf-8")), file.name


def test_the_library_is_documented(site):
    page = Page(site / "library" / "promptcodec.html")
    exported = {name for name in promptcodec.__all__ if name not in vars(promptcodec.errors)} - {
        "__version__"
    }
    assert {f"promptcodec.{name}" for name in exported - {"edit"}} <= page.ids  # edit is a module
    errors = Page(site / "library" / "errors.html").ids
    assert {
        f"promptcodec.errors.{name}" for name in {*promptcodec.__all__} - exported - {"__version__"}
    } <= errors
    assert "promptcodec.edit.recolour" in Page(site / "library" / "edit.html").ids


def test_words_are_found_without_a_server(site):
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    assert any(entry["location"].startswith("guide/serve.html#tokens") for entry in index["docs"])
    assert (site / "search" / "search_index.js").is_file()
    assert "../site/iframe-worker.js" in Page(site / "guide" / "serve.html").loaded


@pytest.mark.browser
def test_a_page_opened_from_a_disk_is_searched(site):
    browsing = pytest.importorskip("tests.browsing", reason="the extra server is not installed")
    with browsing.browser() as driver:
        driver.get((site / "guide" / "serve.html").as_uri())
        box = driver.find_element("css selector", "input.md-search__input")
        box.click()
        box.send_keys("wrong tokens")
        result = browsing.until(driver, "document.querySelector('.md-search-result__item a')?.href")
        assert result.startswith(site.as_uri())
        loaded = driver.execute_script(
            "return performance.getEntriesByType('resource').map(each => each.name)"
        )
        assert [name for name in loaded if not name.startswith(site.as_uri())] == []
        assert driver.get_log("browser") == []
