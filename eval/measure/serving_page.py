"""The page of a server in a headless Chromium: when the gallery is painted, and how smoothly it scrolls."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eval.measure.serving import started
from eval.measure.serving_searches import forget
from eval.missing import Unavailable

SCREENS = {"desktop": (1280, 800), "phone": (390, 844)}
SETTLED, SCROLLED = 2.0, 5.0
"""Seconds before it is scrolled, and while it is."""
_PAINTED = "return performance.getEntriesByName('gallery-painted')[0]?.startTime"
_ASKED = "return performance.getEntriesByType('resource').map((each) => new URL(each.name).pathname)"
_SCROLL = """
    const [milliseconds, done] = arguments;
    const scroller = document.querySelector(".gallery .scroller");
    const begin = performance.now(), frames = [];
    let before = begin;
    requestAnimationFrame(function step(now) {
      frames.push(now - before);
      before = now;
      scroller.scrollTop += 160;
      if (now < begin + milliseconds) requestAnimationFrame(step);
      else done([scroller.scrollTop, frames]);
    });
"""


def pages(archive: Path) -> Iterator[dict[str, Any]]:
    """Open the page of a server that has just started; give a row for each screen.

    Args:
        archive: with its index; neither is written.

    Raises:
        Unavailable: there is no browser here.
    """
    for screen, size in SCREENS.items():
        forget(archive)
        with (
            tempfile.TemporaryDirectory() as folder,
            started(archive, Path(folder)) as server,
            _browser(size) as driver,
        ):
            driver.get(f"http://127.0.0.1:{server.port}")
            while (painted := driver.execute_script(_PAINTED)) is None:
                time.sleep(0.02)
            time.sleep(SETTLED)
            before = len(driver.execute_script(_ASKED))
            way, frames = driver.execute_async_script(_SCROLL, 1000 * SCROLLED)
            ordered = sorted(frames[1:])
            yield {
                "what": "page", "screen": screen, "painted_ms": round(painted), "scrolled_pixels": round(way),
                "frames": len(ordered), "p50_ms": round(ordered[len(ordered) // 2], 1),
                "p99_ms": round(ordered[int(0.99 * len(ordered))], 1), "worst_ms": round(ordered[-1], 1),
                "asked_while_scrolling": dict(Counter(driver.execute_script(_ASKED)[before:])),
            }  # fmt: skip


@contextmanager
def _browser(size: tuple[int, int]) -> Iterator[Any]:
    from selenium import webdriver  # noqa: PLC0415 - an extra

    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        raise Unavailable("chromium and chromedriver are not on PATH (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for word in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "hide-scrollbars"):
        options.add_argument(f"--{word}")
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(programs[1]))
    try:
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        driver.set_script_timeout(60)
        yield driver
    finally:
        driver.quit()
