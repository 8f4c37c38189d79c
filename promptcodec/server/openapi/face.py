"""OpenAI's API: what its official clients ask."""

from __future__ import annotations

from collections.abc import Sequence

from promptcodec.server.openai.image_requests import FORMATS, MOST_PROMPT
from promptcodec.server.openapi.parts import (
    EVENTS,
    PROBLEMS,
    Json,
    answer,
    array,
    file_answer,
    flag,
    json_body,
    number,
    obj,
    operation,
    or_null,
    path,
    ref,
    text,
    whole,
)

SUBJECT = "OpenAI's API"

_ERROR = {
    "error": {
        "message": "The model 'x' does not exist or you do not have access to it.",
        "type": "invalid_request_error",
        "param": "model",
        "code": "model_not_found",
    }
}
_PROMPT = "photo 1x2\nsummary: A lighthouse under a clear sky.\n"
_PICTURES = {"created": 1767225600, "data": [{"b64_json": "iVBORw0KGgo="}]}
_GENERATE = {"model": "builtin", "prompt": _PROMPT, "size": "768x512"}
_QUESTION = {
    "model": "local",
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Describe the picture."},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
            ],
        }
    ],
}
_COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1767225600,
    "model": "local",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "A lighthouse under a clear sky."},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
}
_MODEL = {"id": "builtin", "object": "model", "created": 1767225600, "owned_by": "promptcodec"}
_PROBLEMS = (400, 401, 402, 403, 404, 408, 413, 414, 415, 421, 422, 429, 431, 500, 502, 503)

_WORDS = text("A description in its canonical text, or plain words.", minLength=1, maxLength=MOST_PROMPT)
_PAINTING = {
    "n": whole(minimum=1, maximum=10),
    "size": text("WIDTHxHEIGHT, or auto.", pattern="^(auto|[1-9][0-9]{1,4}x[1-9][0-9]{1,4})$"),
    "output_format": text(enum=list(FORMATS)),
    "output_compression": whole(minimum=0, maximum=100),
    "response_format": text("The picture itself, or where it is.", enum=["b64_json", "url"]),
    "stream": flag("Give the picture as events, and before it some of how it comes about."),
    "partial_images": whole("How many of those.", minimum=0, maximum=3),
}
_PART = {
    "oneOf": [
        obj({"type": text(enum=["text"]), "text": text()}),
        obj(
            {
                "type": text(enum=["image_url"]),
                "image_url": obj(
                    {
                        "url": text("A data URL.", pattern="^data:image/(jpeg|png|webp|gif);base64,"),
                        "detail": text(enum=["auto", "low", "high"]),
                    },
                    optional=["detail"],
                ),
            }
        ),
    ]
}
_MESSAGE = obj(
    {
        "role": text(enum=["system", "developer", "user", "assistant"]),
        "content": {"anyOf": [text(), array(_PART, minItems=1)]},
    }
)

SCHEMAS: dict[str, Json] = {
    "OpenAIError": obj(
        {
            "error": obj(
                {"message": text(), "type": text(), "param": or_null(text()), "code": or_null(text())},
                closed=False,
            )
        },
        closed=False,
    ),
    "Model": obj({"id": text(), "object": text(), "created": whole(), "owned_by": text()}, closed=False),
    "Models": obj(
        {
            "object": text(enum=["list"]),
            "data": array(ref("Model")),
        },
        closed=False,
    ),
    "ImagesRequest": obj(
        {
            "model": text("A generator of this server."),
            "prompt": _WORDS,
            **{name: or_null(schema) for name, schema in _PAINTING.items()},
        },
        optional=[*_PAINTING],
        closed=False,
    ),
    "ImagesAnswer": obj(
        {
            "created": whole(),
            "data": array(
                obj({"b64_json": text(), "url": text()}, optional=["b64_json", "url"], closed=False)
            ),
        },
        closed=False,
    ),
    "ChatRequest": obj(
        {
            "model": text("A captioner of this server."),
            "messages": array(_MESSAGE, minItems=1),
            "temperature": or_null(number(minimum=0, maximum=2)),
            "response_format": or_null(
                {"type": "object", "description": "Text, or the schema of a description."}
            ),
            "stream": or_null(flag()),
        },
        optional=["temperature", "response_format", "stream"],
        closed=False,
    ),
    "ChatAnswer": obj(
        {
            "id": text(),
            "object": text(),
            "created": whole(),
            "model": text(),
            "choices": array({"type": "object"}),
            "usage": {"type": "object"},
        },
        optional=["usage"],
        closed=False,
    ),
}


def _operation(
    name: str,
    summary: str,
    ok: Json,
    body: Json | None = None,
    description: str = "",
    parameters: Sequence[Json] = (),
) -> Json:
    """Make an operation whose errors are of the API's form."""
    value = operation(
        name,
        SUBJECT,
        summary,
        answers={200: ok},
        problems=(),
        description=description,
        parameters=parameters,
        body=body,
        token=body is not None,
    )
    for status in _PROBLEMS:
        both = {"anyOf": [ref("OpenAIError"), ref("Problem")]}
        wrong = answer(PROBLEMS[status], both, _ERROR)
        wrong["content"]["application/problem+json"] = {"schema": ref("Problem")}
        value["responses"][str(status)] = wrong
    if body is not None:
        ok["content"] |= file_answer("", EVENTS)["content"]
    return value


_EDIT = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": obj(
                {
                    "model": text(),
                    "prompt": _WORDS,
                    "image": {"type": "string", "contentMediaType": "image/png"},
                },
                closed=False,
            )
        }
    },
}

PATHS: dict[str, Json] = {
    "/v1/models": {
        "get": _operation(
            "models",
            "List generators and captioners as models",
            answer(
                "The models.",
                ref("Models"),
                {
                    "object": "list",
                    "data": [_MODEL],
                },
            ),
        )
    },
    "/v1/models/{name}": {
        "get": _operation(
            "model",
            "Look a model up",
            answer("The model.", ref("Model"), _MODEL),
            parameters=(path("name", "Of a model.", "builtin", "^[^/]+$"),),
        )
    },
    "/v1/images/generations": {
        "post": _operation(
            "generateImages",
            "Draw a prompt",
            answer("The pictures.", ref("ImagesAnswer"), _PICTURES),
            json_body(ref("ImagesRequest"), _GENERATE),
        )
    },
    "/v1/images/edits": {
        "post": _operation(
            "editImages",
            "Draw a prompt over a picture",
            answer("The pictures.", ref("ImagesAnswer"), _PICTURES),
            _EDIT,
        )
    },
    "/v1/chat/completions": {
        "post": _operation(
            "chat",
            "Describe a picture in a chat",
            answer("The description.", ref("ChatAnswer"), _COMPLETION),
            json_body(ref("ChatRequest"), _QUESTION),
        )
    },
}
