"""The page in a browser, briefly; what takes longer has the marker ``browser``."""

from __future__ import annotations

from tests import browsing, serving
from tests.browsing import keys, until


def test_the_page_is_painted_searched_and_opens_a_picture(pictures, tmp_path):
    path = serving.copied(pictures.path, tmp_path)
    with browsing.browser() as driver, browsing.served(path) as base:
        driver.get(base)
        until(driver, "performance.getEntriesByName('gallery-painted').length")
        until(driver, "document.querySelector('.where').textContent === '6 pictures'")
        keys(driver, "/", "purple castle", browsing.ENTER)
        until(driver, "document.querySelector('.result-name')?.textContent === 'drawn.png'")
        keys(driver, browsing.DOWN, browsing.ENTER)
        until(driver, "location.hash === `#/picture/${arguments[0]}`", pictures.ids["drawn.png"].hex())
        until(driver, "document.querySelector('.pane')?.dataset.state === 'final'")
        assert browsing.complaints(driver) == []
