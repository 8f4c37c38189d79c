"""Schemas that several operations share: pictures, descriptions, problems."""

from __future__ import annotations

import copy

from promptcodec.description.palette import PALETTE
from promptcodec.description.schema import SCHEMA
from promptcodec.layers.registry import NAMES
from promptcodec.server.openapi.examples import DESCRIPTION
from promptcodec.server.openapi.parts import Json, array, flag, number, obj, or_null, ref, text, whole

HEX = text("Of a picture.", pattern="^[0-9a-f]{32}$")
LAYERS = text("Names, with commas between them.", pattern=f"^({'|'.join(NAMES)})(,({'|'.join(NAMES)}))*$")


def _description() -> Json:
    """Give the schema of a description as it is shown: cells may say that their colours were read off."""
    schema = copy.deepcopy(SCHEMA)
    cells = schema["properties"]["cells"]["items"]
    cells["properties"]["derived"] = flag("The colours were read off the texture layer.")
    return {**schema, "description": "What a picture shows, cell by cell.", "examples": [DESCRIPTION]}


_OUTLINE = {
    "version": whole("Of the format."),
    "width": whole("In pixels, as the stream names it.", minimum=1),
    "height": whole(minimum=1),
    "bytes": whole("Of the whole file.", minimum=1),
    "bpp": number("Bits per pixel."),
    "overhead_bytes": whole("That are of no part."),
    "parts": array(ref("Part")),
    "original_width": whole("Of the picture that was encoded."),
    "original_height": whole(),
    "description": or_null(ref("Description")),
    "text": or_null(text("The description in its canonical text.")),
    "recipe": or_null(ref("Recipe")),
}
"""What is known of every stream; a newer version may add to it."""

SCHEMAS: dict[str, Json] = {
    "Problem": obj(
        {
            "type": text(),
            "title": text(),
            "status": whole(),
            "detail": text("What is wrong, and the way out."),
            "kind": text("A stable word for programs."),
            "hint": text(),
        },
        optional=["hint"],
        closed=False,
    )
    | {"description": "What went wrong: RFC 9457."},
    "Description": _description(),
    "Part": obj(
        {
            "type": text("The layer.", examples=["semantic"]),
            "critical": flag("A reader that does not know it must not read the stream."),
            "coder": or_null(text()),
            "offset": whole("In bytes."),
            "bytes": whole(),
        },
        closed=False,
    ),
    "Recipe": obj(
        {
            "fields": {"type": "object", "description": "Prompt, seed, sampler and what else is known."},
            "chunks": array(obj({"carrier": text(), "key": text(), "text": text()}, closed=False)),
        },
        closed=False,
    )
    | {"description": "How a generated picture was made."},
    "Image": obj(
        {
            "id": HEX,
            "name": text("Of the file."),
            "tags": array(text()),
            "parent": or_null(HEX),
            "edits": array(HEX),
            "layers": array(text(enum=list(NAMES))),
            "time": or_null(whole("Milliseconds since 1970.")),
            "colours": ref("Colours"),
            **_OUTLINE,
        },
        closed=False,
    )
    | {"description": "A picture of the archive and all that its stream says."},
    "Outline": obj(_OUTLINE, closed=False) | {"description": "All that a stream says."},
    "Encoded": obj(
        {
            **_OUTLINE,
            "stream": text(
                "The .pxt file.", contentEncoding="base64", contentMediaType="image/vnd.promptcodec"
            ),
            "unread": flag("The picture holds lettering that the captioner could not read."),
            "warnings": array(text()),
        },
        closed=False,
    )
    | {"description": "What a picture becomes."},
    "Colours": text(
        f"64 numbers, row by row from the top left: places of the {len(PALETTE)} colours of the palette, "
        "255 where a colour is not known.",
        contentEncoding="base64",
        minLength=88,
        maxLength=88,
    ),
}
