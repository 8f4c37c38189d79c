"""The server itself: what it has, whether it is well, its page and this document."""

from __future__ import annotations

from promptcodec import __version__
from promptcodec.server.openapi.parts import (
    READ,
    Json,
    answer,
    array,
    file_answer,
    flag,
    obj,
    operation,
    text,
    whole,
)

SUBJECT = "The server"
_HEALTH = {
    "status": "ok",
    "version": __version__,
    "archive": {"readable": True},
    "queue": {"waiting": 0, "running": 1},
    "cache": {"bytes": 1048576, "limit": 2147483648},
}

SCHEMAS: dict[str, Json] = {
    "About": obj(
        {
            "version": text(),
            "generators": array(
                obj({"name": text(), "priced": flag("It asks a paid service.")}, closed=False)
            ),
            "captioners": array(text()),
            "writable": flag("Pictures can be added."),
            "needs_token": flag("To write or spend."),
            "upload_bytes": whole("Of a body, at most."),
            "upload_pixels": whole("Of a picture, at most."),
            "palette": array(text(pattern="^#[0-9a-f]{6}$")),
            "palette_names": array(text("Of the colours, in their order.")),
        },
        closed=False,
    ),
    "Health": obj(
        {
            "status": text(enum=["ok", "failing"]),
            "version": text(),
            "archive": obj({"readable": flag()}),
            "queue": obj({"waiting": whole(minimum=0), "running": whole(minimum=0)}),
            "cache": obj({"bytes": whole(minimum=0), "limit": whole(minimum=0)}),
        }
    ),
}

PATHS: dict[str, Json] = {
    "/about": {
        "get": operation(
            "about",
            SUBJECT,
            "Say what the server has",
            answers={
                200: answer(
                    "What it has.",
                    {"$ref": "#/components/schemas/About"},
                    {
                        "version": __version__,
                        "generators": [{"name": "builtin", "priced": False}],
                        "captioners": ["local"],
                        "writable": True,
                        "needs_token": False,
                        "upload_bytes": 67108864,
                        "upload_pixels": 100000000,
                        "palette": ["#000000", "#ffffff"],
                        "palette_names": ["black", "white"],
                    },
                )
            },
            problems=READ,
        )
    },
    "/healthz": {
        "get": operation(
            "health",
            SUBJECT,
            "Say whether the server is well",
            answers={
                200: answer("It is.", {"$ref": "#/components/schemas/Health"}, _HEALTH),
                503: answer(
                    "The archive cannot be read.",
                    {"$ref": "#/components/schemas/Health"},
                    {**_HEALTH, "status": "failing", "archive": {"readable": False}},
                ),
            },
            problems=(400, 403, 414, 421, 431, 500),
        )
    },
    "/openapi.json": {
        "get": operation(
            "openapi",
            SUBJECT,
            "Get this document",
            answers={200: answer("The document.", {"type": "object"}, {"openapi": "3.1.0"})},
            problems=READ,
        )
    },
    "/": {
        "get": operation(
            "page",
            SUBJECT,
            "Get the page",
            answers={
                200: file_answer("The page.", "text/html"),
                304: {"description": "The page that you have is the one."},
            },
            problems=READ,
        )
    },
}
