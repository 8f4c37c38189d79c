"""The page of the API, made of its document.

python -m promptcodec.server.openapi.reference > docs/reference/api.md
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from promptcodec.server.openapi import document
from promptcodec.server.openapi.parts import BINARY, STREAM

Json = dict[str, Any]

_HEAD = """\
# The HTTP API

<!-- Made by `python -m promptcodec.server.openapi.reference`; a test compares the two. -->

`promptcodec serve pictures.pxa` serves it, with an OpenAPI 3.1 document of the same at `/openapi.json`.
"""
_MOST_WORDS = 20
_SERVER = "http://127.0.0.1:8765"
_SUBSTITUTES = {STREAM: "lighthouse.pxt", "multipart/form-data": "lighthouse.jpg"}


def page() -> str:
    """Give the page: operations by subject, then the objects that they take and give."""
    api = document()
    blocks = [_HEAD, api["info"]["description"] + "\n"]
    for tag in api["tags"]:
        blocks.append(f"## {tag['name']}\n\n{tag['description']}\n")
        blocks += [
            _operation(method, path, each)
            for path, operations in api["paths"].items()
            for method, each in operations.items()
            if tag["name"] in each["tags"]
        ]
    blocks.append("## Objects\n")
    blocks += [_object(name, schema) for name, schema in api["components"]["schemas"].items()]
    blocks.append("## Problems\n\n| status | what it means |\n|---|---|")
    blocks.append(
        "\n".join(
            f"| {status} | {_cell(each['description'])} |"
            for status, each in api["components"]["responses"].items()
        )
    )
    return "\n".join(blocks) + "\n"


def _operation(method: str, path: str, operation: Json) -> str:
    lines = [f"### {method.upper()} {path}", "", f"{operation['summary']}.", ""]
    if "description" in operation:
        lines += [operation["description"], ""]
    parameters = operation.get("parameters", [])
    if parameters:
        lines += ["| parameter | in | type | what it says |", "|---|---|---|---|"]
        lines += [
            f"| `{each['name']}` | {each['in']} | {_type(each['schema'])} | {_cell(each['description'])} |"
            for each in parameters
        ]
        lines.append("")
    lines += _body(operation)
    lines += ["| answer | |", "|---|---|"]
    lines += [
        f"| {status} | {_cell(_answer(response))} |"
        for status, response in operation["responses"].items()
        if "description" in response and "problem" not in str(response.get("content", ""))
    ]
    problems = [status for status, response in operation["responses"].items() if "$ref" in response]
    lines += [f"| {', '.join(problems)} | [problems](#problems) |"] if problems else []
    lines += ["", "```sh", _curl(method, path, operation), "```", ""]
    return "\n".join(lines)


def _body(operation: Json) -> Iterator[str]:
    body = operation.get("requestBody")
    if body is None:
        return
    kinds = ", ".join(f"`{kind}`" for kind in body["content"])
    schema = next(iter(body["content"].values()))["schema"]
    what = body.get("description") or (f"{_type(schema)}." if schema else "")
    form = (
        " In a form it is the part `file`."
        if "file" in str(body["content"].get("multipart/form-data"))
        else ""
    )
    yield f"Body: {what} {kinds}.{form}".replace("  ", " ")
    yield ""


def _answer(response: Json) -> str:
    content = response.get("content", {})
    schemas = [each["schema"] for kind, each in content.items() if kind == "application/json"]
    kinds = [f"`{kind}`" for kind in content if kind != "application/json"]
    of = ", ".join([*map(_type, schemas), *kinds])
    headers = ", ".join(f"`{name}`" for name in response.get("headers", {}))
    parts = [response["description"], of and f"{of}.", headers and f"With {headers}."]
    return " ".join(part for part in parts if part)


def _object(name: str, schema: Json) -> str:
    lines = [f"### {name}", ""]
    if "description" in schema:
        lines += [schema["description"], ""]
    if "properties" in schema:
        lines += ["| field | type | |", "|---|---|---|"]
        lines += [*_fields(schema), ""]
    return "\n".join(lines)


def _fields(schema: Json, at: str = "") -> Iterator[str]:
    """Give a row for each field; those of an object that has no name of its own follow it."""
    for name, each in schema["properties"].items():
        optional = "" if name in schema.get("required", ()) else ", may be missing"
        yield f"| `{at}{name}` | {_type(each)}{optional} | {_cell(_described(each))} |"
        inner = next((one for one in each.get("anyOf", ()) if "properties" in one), each)
        listed = inner.get("items", inner)
        if "properties" in listed:
            yield from _fields(listed, f"{at}{name}{'[]' if listed is not inner else ''}.")


def _described(schema: Json) -> str:
    inner = next((each for each in schema.get("anyOf", ()) if "description" in each), schema)
    return str(inner.get("description", ""))


def _type(schema: Json) -> str:
    """Say in a few words what a schema takes."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "enum" in schema and len(schema["enum"]) > _MOST_WORDS:
        return f"one of {len(schema['enum'])} words"
    if "enum" in schema:
        choices = " or ".join(f"`{each}`" for each in schema["enum"] if each != "")
        return f"{choices}{_default(schema)}"
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    words = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    least, most = schema.get("minimum"), schema.get("maximum")
    limits = f", {least} to {most}" if least is not None and most is not None else ""
    return f"{words.get(kind, kind)}{limits}{_default(schema)}"


def _default(schema: Json) -> str:
    return f" (`{schema['default']}`)" if "default" in schema else ""


def _cell(value: str) -> str:
    return value.replace("|", "\\|")


def _curl(method: str, path: str, operation: Json) -> str:
    """Make a command that asks for the example."""
    query: dict[str, Any] = {}
    for each in operation.get("parameters", []):
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", each["example"])
        elif "example" in each:
            query[each["name"]] = each["example"]
    url = _SERVER + path + (f"?{urlencode(query, doseq=True)}" if query else "")
    words = ["curl", *([] if method == "get" else [f"-X {method.upper()}"]), f"'{url}'"]
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        example = json.dumps(content["application/json"]["example"])
        words += ["-H 'Content-Type: application/json'", f"-d '{example}'"]
    elif content:
        kind = next(iter(content))
        if kind == "multipart/form-data":
            words += [
                "-F image=@lighthouse.png",
                "-F model=builtin",
                "-F prompt=lighthouse",
            ]
        else:
            words += [
                f"-H 'Content-Type: {kind}'",
                f"--data-binary @{_SUBSTITUTES.get(kind, 'lighthouse.jpg')}",
            ]
    answers = operation["responses"].get("200", {}).get("content", {})
    return " ".join([*words, *(["-o out"] if set(answers) & {BINARY, STREAM, "image/png"} else [])])


if __name__ == "__main__":
    sys.stdout.write(page())
