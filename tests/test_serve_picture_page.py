"""The view of one picture in a browser: drawn, slid, read cell by cell, edited, kept, copied."""

from __future__ import annotations

import httpx
import pytest

pytest.importorskip("starlette", reason="needs the extra server")

from promptcodec import encode
from promptcodec.archive import store
from promptcodec.archive.indexing import index
from promptcodec.archive.record import Place, Record, id_of
from promptcodec.description import parse_text
from tests import browsing, gated, serving
from tests.browsing import keys, until

pytestmark = pytest.mark.browser

WORDS = """photo 3x4
summary: A red kite over <b>the</b> sea.
light: low sun
r1c1: sky
r1c2: sky
r1c3: kite
r1c4: sky
r2c1: sea
r2c2: sea
r2c3: sea
r2c4: boat
r3c1: sand
r3c2: sand
r3c3: sand
r3c4: sand
object r1c3:r2c3 red kite, large
lettering r2c4:r2c4 white: HOPE"""
RECIPE = (
    "a kite\nNegative prompt: fog\n"
    "Steps: 20, Sampler: Restart, CFG scale: 7, Seed: 42, Size: 320x240, Model: dream"
)
NAMES = ("kite.png", "far.png", "near.png")
DRAWN = "document.querySelector('.pane')?.dataset.state === 'final'"
KITE, BOAT = 2, 7
LEFT, RIGHT = "\ue012", "\ue014"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Give the base URL of a server that draws with ``gated`` too, and ids by name."""
    folder = tmp_path_factory.mktemp("picture")
    ids = {name: id_of(name.encode()) for name in NAMES}
    with pytest.MonkeyPatch.context() as patch, store.create(folder / "a.pxa") as archive:
        gated.install(folder, patch)
        for number, (name, id_) in enumerate(ids.items()):
            data = serving.picture((60, 130, 200), number, (320, 240), text=RECIPE)
            stream = encode(data, description=parse_text(WORDS), budget=700, bare=True)
            archive.put([Record(id_, stream, (Place("", name, serving.FIRST_TIME - number),))])
        index.update(archive, {})
        with browsing.served(folder / "a.pxa", generators=("builtin", "gated"), wait=0.2) as base:
            yield base, {name: id_.hex() for name, id_ in ids.items()}
        gated.GATE.set()


@pytest.fixture(scope="module")
def window():
    with browsing.browser() as driver:
        permission = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
        driver.execute_cdp_cmd("Browser.grantPermissions", permission)
        yield driver


@pytest.fixture
def driver(window, site):
    """Give a browser that shows the picture; nothing may be in its console when the test is done."""
    window.get_log("browser")
    opened(window, site)
    yield window
    assert browsing.complaints(window) == []


def opened(driver, site):
    base, ids = site
    driver.get("about:blank")
    driver.get(f"{base}/#/picture/{ids['kite.png']}")
    until(driver, DRAWN)


def click(driver, selector, number=0):
    driver.execute_script("document.querySelectorAll(arguments[0])[arguments[1]].click()", selector, number)


def text(driver, selector):
    return driver.execute_script("return document.querySelector(arguments[0])?.textContent ?? ''", selector)


def choose(driver, selector, value):
    script = "const it = document.querySelector(arguments[0]); it.value = arguments[1]"
    driver.execute_script(f"{script}; it.dispatchEvent(new Event('change'))", selector, value)


def pixel(driver, x, y):
    """Give the colour of a point of what is drawn, by shares of its width and height."""
    script = """
        const [image] = document.querySelectorAll('.pane .final');
        const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
        const context = canvas.getContext('2d');
        context.drawImage(image, 0, 0);
        const at = [arguments[0] * canvas.width, arguments[1] * canvas.height].map(Math.round);
        return [...context.getImageData(...at, 1, 1).data].slice(0, 3);
    """
    return driver.execute_script(script, x, y)


def test_it_shows_what_the_stream_says_and_no_markup_of_it(driver, site):
    assert text(driver, "h1") == "kite.png"
    assert "320 \N{MULTIPLICATION SIGN} 240" in text(driver, ".picture-head .note")
    assert "Nov 14, 2023" in text(driver, ".picture-head .note")
    assert text(driver, ".lead") == "A red kite over <b>the</b> sea."
    assert "false" not in text(driver, ".words")
    assert driver.execute_script("return document.querySelector('.lead b')") is None
    assert driver.execute_script("return document.querySelectorAll('.cell').length") == 12
    names = driver.execute_script("return [...document.querySelectorAll('.box')].map((b) => b.textContent)")
    assert names == ["red kite", "“HOPE”"]
    script = """
        const { data } = document.querySelector('.colour-map').getContext('2d').getImageData(2, 1, 1, 1);
        return [...data];
    """
    red, _, blue, alpha = driver.execute_script(script)  # it was there before anything was drawn
    assert (alpha, blue > red) == (255, True)
    stream = httpx.get(f"{site[0]}/images/{site[1]['kite.png']}/stream").content
    click(driver, "#tab-bytes")
    rows = driver.execute_script("""
        const rows = [...document.querySelectorAll('.byte-table tbody tr')];
        return rows.map((row) => Number(row.cells[1].textContent));
    """)
    assert sum(rows) == len(stream)
    assert text(driver, ".figure strong") == str(len(stream))


def test_a_word_lights_its_cells_and_a_cell_says_its_words(driver):
    from selenium.webdriver.common.action_chains import ActionChains

    sheet = driver.find_elements("css selector", ".cell")[BOAT]
    ActionChains(driver).move_to_element(sheet).perform()
    assert until(driver, "document.querySelector('.pointed-text').textContent").startswith("r2c4 boat")
    chip = next(each for each in driver.find_elements("css selector", ".chip") if "sand" in each.text)
    ActionChains(driver).move_to_element(chip).perform()
    until(driver, "document.querySelectorAll('.overlay.spot .cell.lit').length === 4")
    lit = "return [...document.querySelectorAll('.cell')].map((cell) => cell.classList.contains('lit'))"
    assert driver.execute_script(lit) == [False] * 8 + [True] * 4
    driver.execute_script("document.querySelectorAll('.cell')[0].focus()")
    keys(driver, RIGHT, RIGHT)
    label = driver.execute_script("return document.activeElement.getAttribute('aria-label')")
    assert label.startswith("Row 1, column 3: kite")


def test_the_commonest_words_stand_first_and_the_others_when_asked(driver):
    # Of a description whose twelve cells each say something else.
    counts = driver.execute_async_script("""
        const [{ words }, { store }] = await Promise.all(
          [import("/page/picture/words.js"), import("/page/picture/store.js")]);
        const cell = { continues: "", tone: "", colours: [], arrangement: "", texture: "", orientation: "" };
        const cells = Array.from({ length: 12 }, (_, at) => ({ ...cell, text: `thing ${Math.max(at, 1)}` }));
        const style = { light: "", mood: "" };
        const rest = { medium: "photo", summary: "", style, objects: [], lettering: [] };
        const shown = { description: { ...rest, rows: 3, cols: 4, cells }, text: "" };
        const panel = words(store({ shown, cell: null, thing: null }), { palette: [], names: [] });
        const chips = () => [...panel.querySelectorAll(".chip")].map((each) => each.textContent);
        const before = chips();
        panel.querySelector(".chip:last-child").click();
        arguments[0]([before[0], before.at(-1), before.length, chips().length]);
    """)
    assert counts == ["thing 12", "2 more", 10, 11]


def test_layers_are_left_out_and_slid_against_each_other(driver):
    source = "document.querySelector('.pane .final:last-child').src"
    before = driver.execute_script(f"return {source}")
    click(driver, "[data-layer=texture]")
    until(driver, f"{source} !== arguments[0] && !document.querySelector('[aria-busy]')", before)
    click(driver, "[data-layer=semantic]")  # one is needed
    pressed = (
        "[...document.querySelectorAll('[data-layer]')].map((e) => e.getAttribute('aria-pressed')).join()"
    )
    assert driver.execute_script(f"return {pressed}") == "true,false"
    click(driver, "[data-layer=texture]")
    until(driver, f"{pressed} === 'true,true'")
    choose(driver, ".against", "layers-semantic")
    until(driver, "document.querySelector('.pane.other').dataset.state === 'final'")
    assert text(driver, ".tag.left") == "words alone"
    split = "parseFloat(document.querySelector('.sheet').style.getPropertyValue('--split'))"
    middle = driver.execute_script(f"return {split}")
    driver.execute_script("document.querySelector('.slide').focus()")
    keys(driver, LEFT, LEFT)
    assert driver.execute_script(f"return {split}") < middle
    keys(driver, browsing.HOME)
    assert driver.execute_script(f"return {split}") == 0


def test_a_cell_is_edited_seen_at_once_and_kept_as_another_picture(driver, site):
    base, ids = site
    click(driver, ".cell", KITE)
    until(driver, "document.activeElement.closest('.edit-card')")
    driver.execute_script("document.activeElement.select()")
    keys(driver, "green kite", browsing.ENTER)
    until(driver, "document.querySelector('.draft-bar:not([hidden], .trying)')")
    until(
        driver,
        "!document.querySelector('[aria-busy]') && document.querySelectorAll('.pane .final').length === 1",
    )
    red, green, _ = pixel(driver, 0.62, 0.17)
    assert green > red
    # A second thought takes the place of the first.
    driver.execute_script("document.querySelector('.edit-card input').select()")
    keys(driver, "red kite", browsing.ENTER)
    until(driver, "document.querySelector('.draft-text').textContent.includes('r1c3 says “red kite”.')")
    assert "green" not in text(driver, ".draft-text")
    assert driver.execute_script("return document.activeElement.value") == "red kite"
    assert httpx.get(f"{base}/images").json()["total"] == len(NAMES)
    click(driver, ".draft-bar .primary")
    until(driver, "!location.hash.endsWith(arguments[0])", ids["kite.png"])
    until(driver, DRAWN)
    assert text(driver, "h1").startswith("kite-edited.")
    red, green, _ = pixel(driver, 0.62, 0.17)
    assert red > green
    choose(driver, ".against", "parent")
    until(driver, "document.querySelector('.pane.other').dataset.state === 'final'")
    assert (text(driver, ".tag.left"), text(driver, ".tag.right")) == ("before the edit", "edited")


def test_a_change_is_taken_back(driver):
    click(driver, ".thing-row")
    click(driver, ".colour-button[title=navy]")
    until(driver, "document.querySelector('.draft-bar:not([hidden], .trying)')")
    assert "r1c3:r2c3 is navy" in text(driver, ".draft-text")
    click(driver, ".draft-bar .button", 1)
    until(driver, "document.querySelector('.draft-bar[hidden]')")


def test_the_recipe_is_copied_with_what_the_form_cannot_carry(driver):
    click(driver, "#tab-recipe")
    assert "Restart" in text(driver, ".recipe-table")
    for number, start in ((1, "a kite\nNegative prompt: fog\nSteps: 20"), (2, "{")):
        click(driver, ".copy .button", number)
        until(driver, "document.querySelectorAll('.copied').length === 1")
        until(
            driver,
            "document.querySelector('.copied').textContent.includes(['', 'A1111', 'ComfyUI'][arguments[0]])",
            number,
        )
        copied = driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
        assert copied.replace("\r", "").startswith(start)
    assert "sampler euler for Restart" in text(driver, ".copy-notes")  # which ComfyUI does not know


def test_another_prompt_is_tried_and_no_generator_is_said_to_draw_it(driver):
    click(driver, "#tab-recipe")
    driver.execute_script("""
        const field = document.querySelector("#panel-recipe textarea");
        field.value = "an owl at dusk";
        field.dispatchEvent(new Event("input"));
        field.form.requestSubmit();
    """)
    until(driver, "document.querySelector('.draft-bar:not([hidden], .trying)')")
    assert "Builtin draws nothing from a recipe: it draws this as before." in text(driver, ".draft-text")
    assert "a generator that reads words does" not in text(driver, ".draft-text")


def test_what_could_not_be_drawn_is_drawn_when_the_server_is_back(driver):
    away = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**away, "offline": True})
    before = driver.execute_script("return document.querySelector('.pane .final').src")
    click(driver, "[data-layer=texture]")
    until(driver, "document.querySelector('.status-text').textContent === 'The server does not answer.'")
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**away, "offline": False})
    until(driver, "document.querySelector('.pane .final:last-child').src !== arguments[0]", before)
    until(driver, "document.querySelector('.status').hidden")
    assert all("ERR_INTERNET_DISCONNECTED" in each for each in browsing.complaints(driver))


def test_the_check_is_told_in_plain_words(driver):
    click(driver, "#tab-check")
    assert until(driver, "document.querySelector('.verdict strong')?.textContent") in ("Agrees", "Disagrees")
    assert "from 0." in text(driver, "#panel-check")


def test_what_takes_long_shows_previews_and_can_be_cancelled(driver):
    choose(driver, ".tools select", "gated")
    until(driver, "document.querySelector('.pane').dataset.state === 'preview'")
    assert "Drawing" in text(driver, ".status-text")
    click(driver, ".status .button")
    until(driver, "document.querySelector('.status-text').textContent === 'Cancelled.'")
    gated.GATE.set()
    click(driver, ".status .button")
    until(driver, DRAWN)
    assert pixel(driver, 0.5, 0.5)[1:] == [90, 30]
    choose(driver, ".tools select", "builtin")
    until(driver, "document.querySelector('.status').hidden && !document.querySelector('[aria-busy]')")


def test_keys_go_on_in_the_list_one_came_from(driver, site):
    driver.get(f"{site[0]}/#/q/summary:kite")
    until(driver, "document.querySelectorAll('.result').length >= 3")
    shown = driver.execute_script("return [...document.querySelectorAll('.card-picture')].map((a) => a.hash)")
    click(driver, ".card-picture")
    until(driver, DRAWN)
    keys(driver, RIGHT)
    until(driver, "location.hash === arguments[0]", shown[1])
    until(driver, DRAWN)
    keys(driver, browsing.ESCAPE)
    until(driver, "location.hash.startsWith('#/q/')")


def test_on_a_phone_the_picture_stays_in_sight_and_nothing_runs_over(site):
    with browsing.browser(size=browsing.PHONE, dark=True) as driver:
        opened(driver, site)
        driver.execute_script("document.querySelector('#main').scrollTop = 600")
        box = driver.execute_script(
            "return document.querySelector('.window').getBoundingClientRect().toJSON()"
        )
        assert (round(box["width"]), box["top"] >= 0) == (browsing.PHONE[0], True)
        assert driver.execute_script("return document.documentElement.scrollWidth") <= browsing.PHONE[0]
        click(driver, ".cell", BOAT)
        assert until(driver, "document.querySelector('.edit-card h2').textContent") == "Row 2, column 4"
        assert browsing.complaints(driver) == []


def test_a_picture_that_is_not_there_says_so(window, site):
    window.get("about:blank")
    window.get(f"{site[0]}/#/picture/{'0' * 32}")
    until(window, "document.querySelector('.state h1')?.textContent === 'There is no such picture'")
    assert all("404" in each for each in browsing.complaints(window))
