"""The document of the API, OpenAPI 3.1: written by hand, a file for each subject."""

from __future__ import annotations

import functools
from typing import Any

from promptcodec import __version__
from promptcodec.server.openapi import face, images, rendering, schemas, serving, writing
from promptcodec.server.openapi.parts import PROBLEMS, ref

_INTRODUCTION = """\
An archive over HTTP: its pictures are searched as text, and drawn when somebody asks.

Errors are problem details (RFC 9457): `detail` says what is wrong and `kind` is a stable word for programs. \
A parameter that is not known is refused. On this machine alone no token is needed; elsewhere whatever \
writes or spends money needs one."""

_SUBJECTS = {
    images.SUBJECT: "Pictures, what they say, and files of them.",
    rendering.SUBJECT: "Pictures are drawn when somebody asks; what takes long is a job.",
    writing.SUBJECT: "Pictures are added, and edited into new ones.",
    writing.TRYING: "What a picture would become, and whether it is what was written. Nothing is kept.",
    face.SUBJECT: "The same through the API of OpenAI: clients of that work as they are.",
    serving.SUBJECT: "What it has, and whether it is well.",
}

_MODULES = (images, rendering, writing, face, serving)


@functools.cache
def document() -> dict[str, Any]:
    """Give the document; not to be changed."""
    paths: dict[str, Any] = {}
    for module in _MODULES:
        for path, operations in module.PATHS.items():
            paths.setdefault(path, {}).update(operations)
    shared = [schemas.SCHEMAS, *(module.SCHEMAS for module in _MODULES)]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "promptcodec",
            "version": __version__,
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": description} for name, description in _SUBJECTS.items()],
        "paths": paths,
        "components": {
            "schemas": {name: schema for each in shared for name, schema in each.items()},
            "responses": {str(status): _problem(status, what) for status, what in PROBLEMS.items()},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token that the server was started with.",
                }
            },
        },
    }


def _problem(status: int, description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {
            "application/problem+json": {
                "schema": ref("Problem"),
                "example": {
                    "type": "about:blank",
                    "title": description,
                    "status": status,
                    "detail": description,
                    "kind": "usage",
                },
            }
        },
    }
