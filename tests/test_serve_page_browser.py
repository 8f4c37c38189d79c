"""The page in a browser: the gallery, search, a picture that is dropped, selecting and exporting."""

from __future__ import annotations

import csv
import time
import zipfile

import pytest

from promptcodec.archive import store
from promptcodec.server import tokens
from tests import browsing, serving, word_archives
from tests.browsing import keys, until

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=document.title=1>.png"
SECRET = "only-jane-knows-this-one"
CARDS = "document.querySelectorAll('.result').length"
PAINTED = "performance.getEntriesByName('gallery-painted').length"
REQUESTS = "performance.getEntriesByType('resource').map((each) => new URL(each.name).pathname)"
BYTES = "Number(document.querySelector('.total b')?.textContent.replace(',', ''))"


@pytest.fixture(scope="module")
def base(pictures, tmp_path_factory):
    """Give the base URL of a server that tests may write to."""
    path = serving.copied(pictures.path, tmp_path_factory.mktemp("page"))
    with browsing.served(path) as base:
        yield base


@pytest.fixture(scope="module")
def window():
    with browsing.browser() as driver:
        yield driver


@pytest.fixture
def driver(window):
    """Give a browser that has no page yet; nothing may be in its console when the test is done."""
    window.get("about:blank")
    window.get_log("browser")
    yield window
    assert browsing.complaints(window) == []


def go(driver, base, path="/", ready=PAINTED):
    driver.get("about:blank")
    driver.get(base + path)
    until(driver, ready)


def names(driver):
    return driver.execute_script(
        "return [...document.querySelectorAll('.option b')].map((each) => each.textContent)"
    )


def test_the_gallery_asks_once_for_what_it_shows(driver, base):
    go(driver, base)
    until(driver, f"{REQUESTS}.includes('/tiles')")
    until(driver, "document.querySelector('.option b')?.textContent.endsWith('.png')")
    assert set(serving.COLOURS) <= set(names(driver))
    counted = driver.execute_script(f"return {REQUESTS}")
    assert counted.count("/tiles") == 1
    assert sum(path.startswith("/images") for path in counted) == 1
    label = until(driver, "document.querySelector('.where').textContent")
    assert label == f"{len(names(driver))} pictures"


def test_the_gallery_shows_the_colours_of_its_pictures(driver, base):
    go(driver, base)
    until(driver, "document.querySelector('.option b')?.textContent.endsWith('.png')")
    script = """
        const canvas = document.querySelector('.gallery > canvas');
        const { left, top } = canvas.getBoundingClientRect();
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return Object.fromEntries([...document.querySelectorAll('.option')].map((option) => {
            const box = option.getBoundingClientRect();
            const x = Math.round(box.left - left + box.width / 2);
            const y = Math.round(box.top - top + box.height * 0.8);
            const at = 4 * (y * canvas.width + x);
            return [option.querySelector('b').textContent, [...data.slice(at, at + 4)]];
        }));
    """
    colours = driver.execute_script(script)
    red, green, blue, alpha = colours["sea.png"]
    assert alpha == 255
    assert blue > green > red
    red, green, blue, _ = colours["brick.png"]
    assert red > green > blue


def test_keys_move_open_and_come_back(driver, base):
    go(driver, base)
    keys(driver, browsing.RIGHT, browsing.RIGHT, browsing.RIGHT)
    assert until(driver, "document.activeElement.dataset.position") == "2"
    keys(driver, browsing.END)
    last = until(driver, "document.activeElement.getAttribute('aria-setsize')")
    assert until(driver, "document.activeElement.dataset.position") == str(int(last) - 1)
    keys(driver, browsing.HOME, browsing.RIGHT)
    opened = driver.execute_script("return document.activeElement.dataset.id")
    keys(driver, browsing.ENTER)
    until(driver, "location.hash === `#/picture/${arguments[0]}`", opened)
    until(driver, "!document.querySelector('.gallery')")
    keys(driver, browsing.ESCAPE)
    until(driver, "document.activeElement.dataset.id === arguments[0]", opened)


def test_a_search_says_why_and_back_goes_back(driver, base):
    go(driver, base)
    keys(driver, "/", "purple castle", browsing.ENTER)
    until(driver, f"{CARDS} === 1")
    assert driver.execute_script("return decodeURIComponent(location.hash)") == "#/q/purple castle"
    assert driver.execute_script("return document.querySelector('.result-name').textContent") == "drawn.png"
    assert "castle" in driver.execute_script(
        "return document.querySelector('.why mark + mark, .why').textContent"
    )
    driver.get(f"{base}/#/q/zebra")
    until(driver, "document.querySelector('.state h1')?.textContent === 'Nothing matched'")
    driver.back()
    until(driver, f"{CARDS} === 1")
    assert driver.execute_script("return document.querySelector('#query').value") == "purple castle"


def test_a_search_stays_where_it_was_and_says_what_is_lacking(driver, tmp_path):
    with store.create(tmp_path / "a.pxa") as archive:
        texts = (
            "A red car.",
            "A car with red in it.",
            *["A car."] * 25,
            *["Something red."] * 25,
            *["A lake."] * 60,
        )
        archive.put([word_archives.record(str(number), text) for number, text in enumerate(texts)])
    with browsing.served(tmp_path / "a.pxa") as base:
        go(driver, base, "/#/q/red%20car", f"{CARDS} === 48")
        shown = driver.execute_script(
            "return [...document.querySelectorAll('.result')].map((each) => each.textContent)"
        )
        assert ["Without" in each for each in shown] == [False] * 2 + [True] * 46
        marked = "[...document.querySelectorAll('.result mark')].slice(0, 2).map((each) => each.textContent)"
        assert driver.execute_script(f"return {marked}") == ["red", "car"]
        driver.execute_script("document.querySelector('.search-scroll').scrollTop = 1e6")
        until(driver, f"{CARDS} === 52")
        driver.execute_script("[...document.querySelectorAll('.card-picture')].at(-1).click()")
        until(driver, "location.hash.startsWith('#/picture/') && !document.querySelector('.results')")
        driver.back()
        until(driver, f"{CARDS} === 52")
        until(driver, "document.activeElement === [...document.querySelectorAll('.card-picture')].at(-1)")
        assert driver.execute_script("return document.querySelector('.search-scroll').scrollTop") > 1000
        driver.get("about:blank")


def test_a_word_that_is_spelt_wrongly_leads_to_the_right_one(driver, base):
    go(driver, base, "/#/q/purple%20casstle", "document.querySelector('.advice a, .state p a')")
    driver.execute_script("document.querySelector('.advice a, .state p a').click()")
    until(driver, "decodeURIComponent(location.hash) === '#/q/purple castle'")
    until(driver, f"{CARDS} === 1")


def test_colours_and_pictures_that_are_alike(driver, base):
    go(driver, base)
    keys(driver, "/")
    driver.execute_script("document.querySelector('.swatch[title=blue]').click()")
    until(driver, f"{CARDS} >= 1")
    assert driver.execute_script("return decodeURIComponent(location.hash)") == '#/q/color:"blue"'
    assert "sea.png" in driver.execute_script("return document.querySelector('.results').textContent")
    driver.execute_script("document.querySelector('.result [title=\"More like this\"]').click()")
    until(driver, f"location.hash.startsWith('#/like/') && {CARDS} > 2")


def test_a_query_that_cannot_be_read_says_so(window, base):
    go(window, base, "/#/q/nothing:here", "document.querySelector('.state')")
    text = window.execute_script("return document.querySelector('.state').textContent")
    assert "'nothing' at character 1" in text
    assert all("400 (Bad Request)" in each for each in browsing.complaints(window))


def test_a_picture_becomes_words_and_bytes_within_the_budget_and_is_kept(driver, base, pictures, tmp_path):
    file = tmp_path / "lake.png"
    file.write_bytes(serving.picture((90, 140, 210), 9, (320, 200)))
    # Sheets of other views stay, and change nothing here.
    go(driver, base, f"/#/picture/{pictures.ids['sea.png'].hex()}", "document.querySelector('.picture')")
    driver.execute_script("location.hash = '#/upload'")
    until(driver, "document.querySelector('#file')")
    driver.find_element("id", "file").send_keys(str(file))
    until(driver, "document.querySelector('.drawn img')?.naturalWidth === 320")
    before = until(driver, BYTES)
    assert until(driver, "document.querySelectorAll('.word-grid span').length") > 1
    height = "return document.querySelector(`${arguments[0]} .frame`).offsetHeight"
    assert driver.execute_script(height, ".given") == driver.execute_script(height, ".drawn") > 100
    source = driver.execute_script("return document.querySelector('.drawn img').src")
    driver.execute_script("document.querySelector('.preset').click()")
    until(driver, "document.querySelector('.drawn img').src !== arguments[0]", source)
    assert 0 < until(driver, BYTES) <= 64 < before
    driver.execute_script("document.querySelector('.controls .primary').click()")
    until(driver, "location.hash.startsWith('#/picture/')")
    id_ = driver.execute_script("return location.hash.slice(10)")
    image = driver.execute_script("return fetch(`/images/${arguments[0]}`).then((each) => each.json())", id_)
    assert (image["name"], image["bytes"] <= 64) == ("lake.png", True)


def test_several_pictures_are_kept_one_after_the_other(driver, base, tmp_path):
    files = [tmp_path / f"{number}.png" for number in range(4)]
    for number, file in enumerate(files):
        file.write_bytes(serving.picture((70, 30 * number, 90), 30 + number))
    go(driver, base, "/#/upload", "document.querySelector('#file')")
    driver.find_element("id", "file").send_keys("\n".join(map(str, files)))
    until(driver, "document.querySelector('.given .note')?.textContent.endsWith('3 more')")
    press = "[...document.querySelectorAll('.controls button')].find((each) => each.textContent === '{}')"
    until(driver, "!" + press.format("Keep it") + ".disabled")
    driver.execute_script(press.format("Keep it") + ".click()")
    until(driver, press.format("Keep all 3"))
    driver.execute_script(press.format("Skip") + ".click()")
    until(driver, press.format("Keep all 2"))
    driver.execute_script(press.format("Keep all 2") + ".click()")
    until(driver, "location.hash === '#/' && document.querySelector('.option b')?.textContent === '3.png'")
    assert {"0.png", "2.png"} <= set(names(driver))
    assert "1.png" not in names(driver)


def test_a_picture_that_is_dropped_anywhere_is_drawn(driver, base):
    go(driver, base)
    script = """
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([new Uint8Array(arguments[0])], 'drop.png', { type: 'image/png' }));
        document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    """
    driver.execute_script(script, list(serving.picture((200, 80, 60), 3)))
    until(driver, "location.hash === '#/upload' && document.querySelector('.drawn img')?.naturalWidth === 96")


def test_writing_asks_for_a_token_until_it_is_the_right_one(pictures, window, tmp_path):
    path = serving.copied(pictures.path, tmp_path)
    file = tmp_path / "mine.png"
    file.write_bytes(serving.picture((60, 200, 160), 7))
    with browsing.served(path, tokens=(tokens.of("jane", SECRET),)) as base:
        go(window, base, "/#/upload", "document.querySelector('#file')")
        window.find_element("id", "file").send_keys(str(file))
        until(window, "document.querySelector('.drawn img')?.naturalWidth")
        window.execute_script("document.querySelector('.controls .primary').click()")
        until(window, "document.querySelector('#token').open")
        keys(window, "wrong", browsing.ENTER)
        until(window, "document.querySelector('#token-text').textContent.includes('not known')")
        until(window, "document.querySelector('#token').open")
        keys(window, SECRET, browsing.ENTER)
        until(window, "location.hash.startsWith('#/picture/')")
        window.get("about:blank")
    complained = browsing.complaints(window)
    assert [each for each in complained if "401 (Unauthorized)" not in each] == []


def test_what_is_no_picture_is_refused_in_words(window, base, tmp_path):
    file = tmp_path / "text.png"
    file.write_text("no picture")
    go(window, base, "/#/upload", "document.querySelector('#file')")
    window.find_element("id", "file").send_keys(str(file))
    text = until(window, "document.querySelector('.drop .trouble')?.textContent")
    assert text == "This is no image in a format that can be read here."
    window.get_log("browser")  # the refusal, which the browser notes


def test_names_are_never_markup(driver, base):
    script = """
        const body = new Uint8Array(arguments[1]);
        const path = `/images?name=${encodeURIComponent(arguments[0])}`;
        return fetch(path, { method: 'POST', body, headers: { 'Content-Type': 'image/png' } })
            .then((each) => each.json());
    """
    go(driver, base)
    image = driver.execute_script(script, HOSTILE, list(serving.picture((10, 200, 10), 5)))["image"]
    assert "<img" in image["name"]
    go(driver, base)
    until(
        driver,
        "[...document.querySelectorAll('.option b')].some((each) => each.textContent.includes('<img'))",
    )
    go(driver, base, f"/#/like/{image['id']}", f"{CARDS} > 0")
    until(driver, "document.querySelector('h1').textContent.includes('<img')")
    assert driver.title.endswith("promptcodec")
    assert not driver.find_elements("css selector", "#main img[src=x]")


@pytest.mark.parametrize("form", ["streams", "csv"])
def test_a_selection_is_exported(driver, base, tmp_path, form):
    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path)}
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    go(driver, base)
    keys(driver, browsing.RIGHT, " ", browsing.RIGHT, " ")
    assert until(driver, "document.querySelector('.selection span').textContent") == "2 selected"
    driver.execute_script("document.querySelector('.selection .primary').click()")
    driver.execute_script("document.querySelector(`#export [value=${arguments[0]}]`).click()", form)
    driver.execute_script("document.querySelector('#export .primary').click()")
    ending = {"streams": "zip", "csv": "csv"}[form]
    until(driver, lambda _: (tmp_path / f"pictures.{ending}").exists())
    path = tmp_path / f"pictures.{ending}"
    if form == "csv":
        with path.open(newline="", encoding="utf-8") as file:
            assert len(list(csv.DictReader(file))) == 2
    else:
        with zipfile.ZipFile(path) as archive:
            assert sum(name.endswith(".pxt") for name in archive.namelist()) == 2
    keys(driver, browsing.ESCAPE)
    until(driver, "document.querySelector('.selection').hidden")


def test_the_theme_follows_the_system_until_it_is_chosen(driver, base):
    go(driver, base)
    light = browsing.styles(driver, "body", "background-color")
    driver.execute_script("document.querySelector('#theme').click()")
    dark = browsing.styles(driver, "body", "background-color")
    assert dark != light
    go(driver, base)
    assert browsing.styles(driver, "body", "background-color") == dark
    driver.execute_script("localStorage.clear()")


def test_a_narrow_phone_scrolls_one_way_only(driver, base):
    metrics = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": False}
    desktop = dict(zip(("width", "height"), browsing.DESKTOP, strict=True))
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        for path in ("/", "/#/q/purple", "/#/upload"):
            go(driver, base, path, "document.querySelector('.view')?.children.length")
            time.sleep(0.2)
            places = "[...document.querySelectorAll('body, #main, #main > .view > *, .bar')]"
            wide = driver.execute_script(f"return {places}.map((each) => each.scrollWidth)")
            assert max(wide) <= 360, path
    finally:
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics | desktop)


def test_help_and_an_empty_archive_and_a_server_that_is_gone(window, tmp_path):
    store.create(tmp_path / "none.pxa").close()
    with browsing.served(tmp_path / "none.pxa") as base:
        go(window, base, ready="document.querySelector('.state h1')?.textContent === 'No pictures yet'")
        keys(window, "?")
        until(window, "document.querySelector('#help').open")
        keys(window, browsing.ESCAPE)
        assert browsing.complaints(window) == []
    window.execute_script("location.hash = '#/q/anything'")
    until(window, "!document.querySelector('#offline').hidden")
    until(window, "document.querySelector('.state h1')?.textContent === 'The server does not answer'")
