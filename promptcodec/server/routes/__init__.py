"""The routes, a file for each subject; each has ``ROUTES``."""

from __future__ import annotations

from promptcodec.server.routes import (
    describing,
    document,
    export,
    gallery,
    health,
    images,
    jobs,
    openai,
    page,
    render,
    tiles,
    writing,
)

ROUTES = [
    *images.ROUTES,
    *gallery.ROUTES,
    *export.ROUTES,
    *writing.ROUTES,
    *describing.ROUTES,
    *render.ROUTES,
    *jobs.ROUTES,
    *tiles.ROUTES,
    *openai.ROUTES,
    *document.ROUTES,
    *health.ROUTES,
    *page.ROUTES,
]
"""The page is last: it takes what nothing else does."""
