"""Answers of the server, held against the document of its API."""

from __future__ import annotations

import functools
import re

from jsonschema import Draft202012Validator

from promptcodec.server.openapi import document


def validator(schema):
    """Give what holds values against a schema of the document."""
    return Draft202012Validator({"components": document()["components"], **schema})


def resolved(value):
    """Give what a reference means; itself where it is none."""
    if "$ref" not in value:
        return value
    *_, group, name = value["$ref"].split("/")
    return document()["components"][group][name]


@functools.cache
def _patterns():
    paths = document()["paths"]
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in paths]


def operation_of(method, path):
    """Give the operation of a request; None where the document has none."""
    path_name = next((name for pattern, name in _patterns() if pattern.fullmatch(path)), "")
    return document()["paths"].get(path_name, {}).get(method.lower())


def check(response):
    """Hold an answer against the document: its status, its type, what is in it."""
    operation = operation_of(response.request.method, response.request.url.path)
    if operation is None:
        return
    where = f"{response.request.method} {response.request.url.path}: {response.status_code}"
    documented = operation["responses"].get(str(response.status_code))
    assert documented is not None, f"{where} is not documented"
    content = resolved(documented).get("content", {})
    if not content:
        return
    kind = response.headers["content-type"].partition(";")[0]
    assert kind in content, f"{where}: {kind} is not documented"
    if kind.endswith("json"):
        response.read()
        validator(content[kind]["schema"]).validate(response.json())
