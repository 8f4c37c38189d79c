"""What operations of the document are made of: parameters, bodies, answers, in few words each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

ID = "cadae7dd36bd5498b8edb6381bd2b7dd"
OTHER_ID = "84a26388dd2e887979eb4a7f8e85584d"
KEY = "0b3f5e5f9ad1b4b9a7c1d3e5f70123456789abcdef0123456789abcdef012345"

STREAM = "image/vnd.promptcodec"
BINARY = "application/octet-stream"
EVENTS = "text/event-stream"
PICTURES = ("image/png", "image/jpeg", "image/webp")
SENT = ("image/jpeg", "image/png", "image/webp", "image/avif", "image/gif", "image/tiff", BINARY)
"""Types of picture files; what a file is, is told by its bytes."""

PROBLEMS = {
    400: "A parameter or the body is malformed.",
    401: "It writes or spends, and needs a token.",
    402: "What may be spent on hosted models is spent.",
    403: "The server takes no such request from this caller or this page.",
    404: "There is no such thing.",
    408: "The body came too slowly.",
    409: "It changed meanwhile.",
    410: "It was cancelled, or is gone.",
    413: "The body, or the picture in it, is too large.",
    414: "The address is too long.",
    415: "The body is of a type that is not taken.",
    421: "The server goes by another name.",
    422: "What was sent cannot be used: the detail says why.",
    429: "Too much waits already, or too many wrong tokens came.",
    431: "The headers are too long.",
    500: "Something went wrong in the server.",
    502: "A hosted model or a server that draws failed.",
    503: "Something that it needs is not there; or the server is busy, and Retry-After says when to "
    "ask again.",
    505: "HTTP/1.0 cannot tell a whole file of this form from one that was cut.",
}
"""Answers that are no success."""

READ = (400, 403, 414, 421, 431, 500, 503)
"""What anything may come to."""
SENDS = (*READ, 401, 408, 413, 415, 422, 429)
"""What a request with a body may come to."""


def ref(name: str) -> Json:
    """Name a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def obj(properties: Mapping[str, Json], *, optional: Sequence[str] = (), closed: bool = True) -> Json:
    """Make the schema of an object; what is not optional is required."""
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        "properties": dict(properties),
        **({"required": required} if required else {}),
        **({"additionalProperties": False} if closed else {}),
    }


def array(items: Json, **limits: int) -> Json:
    """Make the schema of a list."""
    return {"type": "array", "items": items, **limits}


def text(description: str = "", **more: Any) -> Json:
    """Make the schema of a text."""
    return {"type": "string", **({"description": description} if description else {}), **more}


def whole(description: str = "", **more: Any) -> Json:
    """Make the schema of a whole number."""
    return {"type": "integer", **({"description": description} if description else {}), **more}


def number(description: str = "", **more: Any) -> Json:
    """Make the schema of a number."""
    return {"type": "number", **({"description": description} if description else {}), **more}


def flag(description: str = "") -> Json:
    """Make the schema of a truth value."""
    return {"type": "boolean", **({"description": description} if description else {})}


def or_null(schema: Json) -> Json:
    """Make the schema of something that may be missing."""
    return {"anyOf": [schema, {"type": "null"}]}


def query(name: str, schema: Json, description: str, example: Any = None, *, required: bool = False) -> Json:
    """Make a parameter of a query."""
    value: Json = {"name": name, "in": "query", "description": description, "schema": schema}
    if required:
        value["required"] = True
    return value if example is None else {**value, "example": example}


def several(name: str, items: Json, description: str, example: Sequence[Any] = (), **limits: int) -> Json:
    """Make a parameter of a query that may be given again."""
    value = query(name, array(items, **limits), description, list(example) or None)
    return {**value, "style": "form", "explode": True}


def path(name: str, description: str, example: str, pattern: str) -> Json:
    """Make a part of a path."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", "pattern": pattern},
        "example": example,
    }


IMAGE = path("id", "Of a picture: 32 hexadecimal digits.", ID, "^[0-9a-f]{32}$")
JOB = path("key", "Of a job: 64 hexadecimal digits.", KEY, "^[0-9a-f]{64}$")


def header(name: str, schema: Json, description: str) -> Json:
    """Make a header of a request."""
    return {"name": name, "in": "header", "description": description, "schema": schema}


MATCH = header("If-None-Match", text(), "ETags of what you have: the answer is 304 where that is the one.")


def json_body(schema: Json, example: Any) -> Json:
    """Make a body that is JSON."""
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


def file_body(description: str, types: Sequence[str]) -> Json:
    """Make a body that is a file, raw or as the part ``file`` of a form."""
    form = obj({"file": {"type": "string", "contentMediaType": BINARY}}, closed=False)
    raw: Json = {kind: {"schema": {}} for kind in types}
    return {
        "required": True,
        "description": description,
        "content": {**raw, "multipart/form-data": {"schema": form}},
    }


def answer(
    description: str,
    schema: Json | None = None,
    example: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> Json:
    """Make an answer that is JSON, or has no body."""
    value: Json = {"description": description}
    if schema is not None:
        value["content"] = {"application/json": {"schema": schema, "example": example}}
    return with_headers(value, headers)


def file_answer(description: str, *types: str, headers: Mapping[str, str] | None = None) -> Json:
    """Make an answer that is a file, or a text that is no JSON."""
    content = {kind: {"schema": _file_schema(kind)} for kind in types}
    return with_headers({"description": description, "content": content}, headers)


def _file_schema(kind: str) -> Json:
    if kind == EVENTS:
        return {}  # of one event: OpenAPI 3.1 does not say more
    return {"type": "string"} if kind.startswith("text/") else {"contentMediaType": kind}


def with_headers(value: Json, headers: Mapping[str, str] | None) -> Json:
    """Add headers, by name with what they say."""
    if not headers:
        return value
    values = {name: {"description": what, "schema": {"type": "string"}} for name, what in headers.items()}
    return {**value, "headers": values}


def operation(
    name: str,
    subject: str,
    summary: str,
    *,
    answers: Mapping[int, Json],
    problems: Sequence[int],
    description: str = "",
    parameters: Sequence[Json] = (),
    body: Json | None = None,
    token: bool = False,
) -> Json:
    """Make an operation.

    Args:
        name: for programs that are made of the document.
        subject: under which people find it.
        summary: a few words.
        answers: by status, those that are a success.
        problems: statuses that are none.
        description: more of it.
        parameters: of query, path and headers.
        body: that it takes.
        token: it writes or spends.
    """
    responses = {str(status): value for status, value in answers.items()}
    responses |= {
        str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(set(problems))
    }
    return {
        "operationId": name,
        "tags": [subject],
        "summary": summary,
        **({"description": description} if description else {}),
        **({"parameters": list(parameters)} if parameters else {}),
        **({"requestBody": body} if body else {}),
        "responses": responses,
        "security": [{"token": []}, {}] if token else [{}],
    }
