"""What axe-core finds wrong in the page: nothing, in every state and both themes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests import browsing, serving
from tests.browsing import keys, until

pytestmark = pytest.mark.browser

READY = "document.querySelector('.option b, .result, #file, .state')"
STATES = {
    "gallery": ("/", [browsing.RIGHT, " "]),
    "search box": ("/", ["/", "a"]),
    "help": ("/", ["?"]),
    "results": ("/#/q/purple%20castle", []),
    "nothing": ("/#/q/zebra", []),
    "upload": ("/#/upload", []),
}
"""By name: the path, and keys that are pressed there."""

CLICK = "document.querySelector(arguments[0]).click()"
PICTURE = {
    "bytes": ("#tab-bytes", ".byte-table"),
    "check": ("#tab-check", ".verdict"),
    "recipe": ("#tab-recipe", ".recipe-table"),
    "cell": (".cell", ".edit-card input"),
    "draft": (".edit-card .colour-button[title=navy]", ".draft-bar:not([hidden], .trying)"),
}
"""By name: what is clicked in the view of a picture, one after the other, and what comes of it."""


@pytest.fixture(scope="module")
def axe():
    """Give the text of axe-core, which the package axe-core-python carries."""
    package = importlib.util.find_spec("axe_core_python")
    if package is None:
        pytest.skip("axe-core-python is not installed")
    return (Path(package.origin).parent / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="module")
def driver(axe):
    with browsing.browser() as driver:
        yield driver


@pytest.mark.parametrize(("theme", "rules"), [("light", ""), ("dark", "{runOnly: ['color-contrast']}")])
def test_axe_finds_nothing_wrong(driver, axe, pictures, tmp_path, theme, rules):
    file = tmp_path / "lake.png"
    file.write_bytes(serving.picture((90, 140, 210), 9))
    still = {"name": "prefers-reduced-motion", "value": "reduce"}
    features = [{"name": "prefers-color-scheme", "value": theme}, still]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    with browsing.served(serving.copied(pictures.path, tmp_path)) as base:
        for name, (where, pressed) in STATES.items():
            driver.get("about:blank")
            driver.get(base + where)
            until(driver, READY)
            keys(driver, *pressed)
            assert violations(driver, axe, rules) == [], name
        driver.find_element("id", "file").send_keys(str(file))
        until(driver, "document.querySelector('.drawn img')?.naturalWidth")
        assert violations(driver, axe, rules) == [], "bench"
        driver.get(f"{base}/#/picture/{pictures.ids['drawn.png'].hex()}")
        until(driver, "document.querySelector('.pane')?.dataset.state === 'final'")
        assert violations(driver, axe, rules) == [], "picture"
        for name, (clicked, comes) in PICTURE.items():
            driver.execute_script(CLICK, clicked)
            until(driver, "document.querySelector(arguments[0])", comes)
            assert violations(driver, axe, rules) == [], name
        driver.execute_script("""
            const against = document.querySelector(".against");
            against.value = "before";
            against.dispatchEvent(new Event("change"));
        """)
        until(driver, "document.querySelector('.pane.other').dataset.state === 'final'")
        assert violations(driver, axe, rules) == [], "slider"
        driver.get("about:blank")


def violations(driver, axe, rules):
    """Run axe-core in the page; give the rules that are broken, and where."""
    driver.execute_script(axe)
    run = f"axe.run({rules}).then((each) => arguments[0](each.violations))"
    broken = driver.execute_async_script(run)
    return [(each["id"], each["impact"], [node["target"] for node in each["nodes"]]) for each in broken]
