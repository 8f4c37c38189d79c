"""A browser and a server for tests of the page: both real, both of this machine."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the extra server is not installed: no starlette")
pytest.importorskip("uvicorn", reason="the extra server is not installed: no uvicorn")

from promptcodec.server.app import make
from promptcodec.server.settings import ServeSettings
from tests.live_server import live

DESKTOP, PHONE = (1280, 800), (390, 844)
ENTER, ESCAPE, END, HOME, RIGHT, DOWN = "\ue007", "\ue00c", "\ue010", "\ue011", "\ue014", "\ue015"
"""Keys as WebDriver writes them."""

PATIENCE = 20.0
"""Seconds that a page may take for anything; where all is well it takes a tenth of one."""


@contextlib.contextmanager
def browser(*, size: tuple[int, int] = DESKTOP, dark: bool = False, calm: bool = True) -> Iterator[Any]:
    """Give a headless Chromium by Selenium; skip where there is none.

    Args:
        size: of the page, in CSS pixels; PHONE has a touch screen too.
        dark: the system's theme.
        calm: the system asks for little motion, so that nothing moves in pictures that are compared.
    """
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    if missing := [name for name, path in programs.items() if not path]:
        pytest.skip(f"no {missing[0]} on PATH (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = programs["chromium"]
    for word in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "hide-scrollbars"):
        options.add_argument(f"--{word}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(programs["chromedriver"]))
    try:
        width, height = size
        phone = size == PHONE
        metrics = {"width": width, "height": height, "deviceScaleFactor": 2 if phone else 1, "mobile": phone}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": phone})
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if calm else "no-preference"},
        ]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        yield driver
    finally:
        driver.quit()


@contextlib.contextmanager
def served(archive: Path, **settings: Any) -> Iterator[str]:
    """Serve an archive on a free port, with what it draws kept beside it; give the base URL.

    Args:
        archive: of a test's own folder.
        settings: further ones of ``ServeSettings``.
    """
    app = make(ServeSettings(archive, cache=archive.parent / "served", **settings))
    with live(app) as port:
        yield f"http://127.0.0.1:{port}"


def until(driver: Any, condition: str | Callable[[Any], Any], *arguments: Any) -> Any:
    """Wait for something to be true, and give it.

    Args:
        driver: as ``browser`` gives it.
        condition: an expression of JavaScript, in which ``arguments`` are; or a function of the driver.
        arguments: of the expression.
    """
    from selenium.webdriver.support.ui import WebDriverWait

    def met(driver: Any) -> Any:
        if callable(condition):
            return condition(driver)
        return driver.execute_script(f"return {condition}", *arguments)

    return WebDriverWait(driver, PATIENCE, 0.05).until(met, f"never true: {condition}")


def keys(driver: Any, *words: str) -> None:
    """Press keys, one after the other, where the focus is."""
    from selenium.webdriver.common.action_chains import ActionChains

    for word in words:
        ActionChains(driver).send_keys(word).perform()


def complaints(driver: Any) -> list[str]:
    """Give what the browser's console has of errors and warnings, the CSP's among them."""
    return [each["message"] for each in driver.get_log("browser") if each["level"] in ("SEVERE", "WARNING")]


def styles(driver: Any, selector: str, name: str) -> str:
    """Give the computed style of the first element of a selector."""
    script = "return getComputedStyle(document.querySelector(arguments[0])).getPropertyValue(arguments[1])"
    return str(driver.execute_script(script, selector, name))
