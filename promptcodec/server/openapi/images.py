"""The archive: lists of pictures, what each says, files of it."""

from __future__ import annotations

from promptcodec.recipe.write import WRITERS
from promptcodec.server.exports import FORMATS, MEDIA_TYPES
from promptcodec.server.openapi import examples
from promptcodec.server.openapi.parts import (
    BINARY,
    ID,
    IMAGE,
    MATCH,
    READ,
    SENDS,
    STREAM,
    Json,
    answer,
    array,
    file_answer,
    flag,
    json_body,
    number,
    obj,
    operation,
    query,
    ref,
    text,
    whole,
    with_headers,
)
from promptcodec.server.openapi.schemas import HEX
from promptcodec.server.routes.export import MOST_IDS
from promptcodec.server.routes.gallery import BLOCK
from promptcodec.server.routes.images import LAST, LISTED, LONGEST_QUERY, MOST_LISTED

SUBJECT = "The archive"

_ROW = {
    "id": ID,
    "name": "lighthouse.jpg",
    "width": 768,
    "height": 512,
    "bytes": 199,
    "colours": "/" * 85 + "w==",
    "score": 1.5,
    "why": [{"field": "object", "text": "lighthouse, white", "words": ["lighthouse"]}],
    "lacks": [],
}
_IMAGE = {
    "id": ID,
    "name": "lighthouse.jpg",
    "tags": ["holiday"],
    "parent": None,
    "edits": [],
    "layers": ["semantic", "texture"],
    "time": 1767225600000,
    "colours": "/" * 85 + "w==",
    **examples.OUTLINE,
}
_BLOCK = {"Gallery-Total": "How many there are.", "ETag": "Of the block."}
_START = query("start", whole(minimum=0, maximum=LAST, default=0), "How many to pass over.")

SCHEMAS: dict[str, Json] = {
    "ImageRow": obj(
        {
            "id": HEX,
            "name": text(),
            "width": whole(minimum=0),
            "height": whole(minimum=0),
            "bytes": whole(),
            "colours": ref("Colours"),
            "score": number("How well it matches."),
            "why": array(
                obj({"field": text(), "text": text(), "words": array(text("That matched."))}, closed=False)
            ),
            "lacks": array(text("A word of the query that this picture has not.")),
            "grid": array(whole(minimum=1)) | {"description": "Rows and columns of the cells of a match."},
        },
        optional=["grid"],
        closed=False,
    ),
    "ImageList": obj(
        {
            "total": whole("How many there are, or match."),
            "start": whole(),
            "more": flag("More match than were counted."),
            "images": array(ref("ImageRow")),
            "advice": array(text("On the query.")),
        },
        optional=["more", "advice"],
        closed=False,
    ),
    "ExportOrder": {
        **obj(
            {
                "ids": array(HEX, minItems=1, maxItems=MOST_IDS),
                "query": text(maxLength=LONGEST_QUERY),
                "format": text(enum=list(FORMATS)),
            },
            optional=["ids", "query"],
        ),
        "oneOf": [{"required": ["ids"]}, {"required": ["query"]}],
        "description": "Which pictures, by id or by a search, and in which form.",
    },
}

PATHS: dict[str, Json] = {
    "/images": {
        "get": operation(
            "images",
            SUBJECT,
            "List or search pictures",
            description="Without `query` and `like` all of them, the newest first. A query is words, fields "
            'such as `object:dog` and colours such as `color:"dark red"`, as `promptcodec archive search` '
            "takes it.",
            parameters=(
                query("query", text(maxLength=LONGEST_QUERY), "What to search for.", "lighthouse"),
                query("like", HEX, "Find pictures that look like this one."),
                _START,
                query("limit", whole(minimum=1, maximum=MOST_LISTED, default=LISTED), "How many at most."),
            ),
            answers={
                200: answer(
                    "The pictures.",
                    ref("ImageList"),
                    {"total": 1, "start": 0, "images": [_ROW], "advice": []},
                )
            },
            problems=(*READ, 404, 422),
        )
    },
    "/gallery": {
        "get": operation(
            "gallery",
            SUBJECT,
            "Get the colours of many pictures",
            description="88 bytes for each picture, the newest first: 16 of its id, 4 of its width "
            "and 4 of its height "
            "(big-endian), and 64 numbers of palette colours, row by row (255: not known).",
            parameters=(
                _START,
                query("count", whole(minimum=1, maximum=BLOCK, default=BLOCK), "How many at most."),
                MATCH,
            ),
            answers={
                200: file_answer(
                    "The rows.",
                    BINARY,
                    headers=_BLOCK,
                ),
                304: with_headers({"description": "The block that you have is the one."}, _BLOCK),
            },
            problems=READ,
        )
    },
    "/images/{id}": {
        "get": operation(
            "image",
            SUBJECT,
            "Say what is known of a picture",
            parameters=(IMAGE,),
            answers={200: answer("The picture.", ref("Image"), _IMAGE)},
            problems=(*READ, 404, 422),
        )
    },
    "/images/{id}/stream": {
        "get": operation(
            "stream",
            SUBJECT,
            "Get the .pxt file",
            parameters=(IMAGE,),
            answers={200: file_answer("The file.", STREAM)},
            problems=(*READ, 404, 422),
        )
    },
    "/images/{id}/description": {
        "get": operation(
            "description",
            SUBJECT,
            "Get the description",
            parameters=(
                IMAGE,
                query("format", text(enum=["text", "json"]), "Its canonical text, or an object."),
            ),
            answers={
                200: {
                    "description": "The description.",
                    "content": {
                        **answer("", ref("Description"), examples.DESCRIPTION)["content"],
                        **file_answer("", "text/plain")["content"],
                    },
                }
            },
            problems=(*READ, 404, 422),
        )
    },
    "/images/{id}/recipe": {
        "get": operation(
            "recipe",
            SUBJECT,
            "Get the recipe for another tool",
            parameters=(
                IMAGE,
                query("format", text(enum=list(WRITERS)), "As `promptcodec recipe export` names them."),
            ),
            answers={
                200: file_answer(
                    "The recipe.",
                    "application/json",
                    "text/plain",
                    headers={"Recipe-Notices": "What the form cannot say: texts, as JSON."},
                )
            },
            problems=(*READ, 404, 422),
        )
    },
    "/export": {
        "post": operation(
            "export",
            SUBJECT,
            "Export pictures to a file",
            body=json_body(ref("ExportOrder"), {"ids": [ID], "format": "csv"}),
            answers={
                200: file_answer(
                    "The file, sent while it is written; streams are a zip of .pxt files. Where it cannot be "
                    "written to its end the connection is cut: its chunks have no end.",
                    *(kind.partition(";")[0] for kind, _ in MEDIA_TYPES.values()),
                    headers={
                        "Export-Pictures": "How many pictures were there when it began; those that are "
                        "removed meanwhile, damaged or all private are left out."
                    },
                )
            },
            problems=(*SENDS, 404, 505),
        )
    },
}
