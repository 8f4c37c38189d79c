"""Pictures sent, edited, described and checked."""

from __future__ import annotations

from promptcodec.checks import AIMS
from promptcodec.layers.registry import NAMES
from promptcodec.server import encode_options
from promptcodec.server.edit_orders import MOST_EDITS, OPERATIONS
from promptcodec.server.openapi import examples
from promptcodec.server.openapi.parts import (
    ID,
    IMAGE,
    OTHER_ID,
    READ,
    SENDS,
    SENT,
    STREAM,
    Json,
    answer,
    array,
    file_answer,
    file_body,
    flag,
    json_body,
    number,
    obj,
    operation,
    or_null,
    query,
    ref,
    several,
    text,
    whole,
)
from promptcodec.server.openapi.rendering import ACCEPTED, RENDER
from promptcodec.server.openapi.schemas import LAYERS
from promptcodec.settings import DEFAULT_LAYERS, EFFORT, MAX_EFFORT, MIN_EFFORT, QUALITY_BYTES, RECIPE_MODES

SUBJECT = "Writing"
TRYING = "Trying and checking"

_CAPTIONER = query(
    "captioner",
    text(),
    "Who says what is seen: one of those that `/about` names. One that asks a paid service needs a token.",
)
_ENCODE = (
    query(
        "budget",
        whole(minimum=1, maximum=encode_options.MOST_BYTES),
        "Most bytes of the stream, everything included.",
        200,
    ),
    query("bpp", number(exclusiveMinimum=0), "The same as bits per pixel; the smallest limit holds."),
    query(
        "quality",
        whole(minimum=1, maximum=len(QUALITY_BYTES)),
        f"A preset for the same: {', '.join(map(str, QUALITY_BYTES))} bytes.",
    ),
    query("words", number(exclusiveMinimum=0), "What words may take of a budget: bytes, or below 1 a share."),
    query(
        "layers", {**LAYERS, "default": ",".join(DEFAULT_LAYERS)}, f"What to store, of {', '.join(NAMES)}."
    ),
    query(
        "effort",
        whole(minimum=MIN_EFFORT, maximum=MAX_EFFORT, default=EFFORT),
        "How long to search for the texture layer that fits best.",
    ),
    _CAPTIONER,
    query(
        "recipe",
        text(enum=list(RECIPE_MODES), default=RECIPE_MODES[0]),
        "The generation recipe a file carries: store it where there is room, only it, or not.",
    ),
    query(
        "redact",
        text(enum=["false", "true"], default="false"),
        "Take paths, names, keys and addresses out of the recipe before it is stored.",
    ),
)

_LOCATION = {"Location": "Of the picture."}
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
_CHILD = {**_IMAGE, "id": OTHER_ID, "name": "lighthouse-edited.pxt", "tags": [f"parent:{ID}"], "parent": ID}
_CHANGES = {"changed": ["semantic"], "warnings": [], "builtin_shows": "nothing"}
_ORDER = {"edits": [{"operation": "cell", "arguments": ["r1c2", "red kite"]}], "keep": True}
_REPORT = {
    "score": 0.98,
    "verdict": "pass",
    "threshold": 0.29,
    "compared": ["words", "texture layer"],
    "aims": {
        "features": 0.92,
        "geometry": 1.0,
        "photometry": 0.99,
        "style": 1.0,
        "semantics": None,
        "integrity": None,
    },
    "fields": [{"name": "medium", "expected": "photo", "got": "photo", "agree": True}],
    "warnings": [],
}

SCHEMAS: dict[str, Json] = {
    "Kept": obj({"image": ref("Image"), "warnings": array(text())}),
    "EditOrder": obj(
        {
            "edits": array(
                obj(
                    {
                        "operation": text(enum=list(OPERATIONS)),
                        "arguments": array(text(), minItems=1, maxItems=2),
                    }
                ),
                minItems=1,
                maxItems=MOST_EDITS,
            ),
            "keep": {**flag("Keep the result as a picture of its own."), "default": True},
        },
        optional=["keep"],
    ),
    "Changes": obj(
        {
            "image": ref("Image"),
            "stream": text("The edited .pxt file.", contentEncoding="base64"),
            "inspected": ref("Outline"),
            "changed": array(text("A part that is other bytes than before, new, or gone.")),
            "warnings": array(text()),
            "builtin_shows": text(
                "How much of it the generator `builtin` shows.", enum=["all", "part", "nothing"]
            ),
        },
        optional=["image", "stream", "inspected"],
    )
    | {"description": "What came of edits: a picture, or where nothing was kept its stream."},
    "Report": obj(
        {
            "score": number("How likely the picture is the one described.", minimum=0, maximum=1),
            "verdict": text(enum=["pass", "fail", "not run"]),
            "threshold": number("The least score that passes."),
            "compared": array(text()),
            "again": text("Of a picture that was made from the recipe, what that came to."),
            "aims": obj({aim: or_null(number(minimum=0, maximum=1)) for aim in AIMS}),
            "fields": array(
                obj(
                    {
                        "name": text(),
                        "expected": {},
                        "got": {},
                        "agree": or_null(flag()),
                        "not_run": text("Why it was not compared."),
                    },
                    optional=["not_run"],
                )
            ),
            "warnings": array(text()),
        },
        optional=["again"],
    )
    | {"description": "Whether a picture means what a stream says."},
}

PATHS: dict[str, Json] = {
    "/images": {
        "post": operation(
            "addImage",
            SUBJECT,
            "Add a picture",
            description="The body is a picture, which is encoded, or a .pxt file, which is kept as "
            "it is. The same "
            "content is kept once: where it was there already the answer is 200. A recipe with "
            "private things is "
            "stored as it is and served without them; `redact` takes them out before.",
            parameters=(
                query(
                    "name",
                    text(),
                    "Of the file; folders and control characters are left out.",
                    "lighthouse.jpg",
                ),
                several(
                    "tag",
                    text(minLength=1, maxLength=100, pattern=r"^(?!parent:)[!-~]+( [!-~]+)*$"),
                    "What you call it; may be given again.",
                    ["holiday"],
                    maxItems=16,
                ),
                *_ENCODE,
            ),
            body=file_body("A picture, or a .pxt file.", (*SENT, STREAM)),
            answers={
                201: answer(
                    "It was added.", ref("Kept"), {"image": _IMAGE, "warnings": []}, headers=_LOCATION
                ),
                200: answer(
                    "It was there already; tags were added.",
                    ref("Kept"),
                    {"image": _IMAGE, "warnings": []},
                    headers=_LOCATION,
                ),
            },
            problems=(*SENDS, 402, 409, 502),
            token=True,
        )
    },
    "/images/{id}": {
        "patch": operation(
            "editImage",
            SUBJECT,
            "Edit a picture",
            description="Edits work on the stream and make a new picture with the tag `parent:ID`; "
            "the old one stays. "
            "With `keep: false` nothing is kept and the answer has the stream, which `/decode` "
            "draws; no token is "
            "needed for that. Operations and their arguments are those of the command `promptcodec edit`: "
            f"{', '.join(f'`{name} {chr(32).join(each.metavars)}`' for name, each in OPERATIONS.items())}. "
            "Cells are r1c1, or a block of them r1c1:r2c3.",
            parameters=(IMAGE,),
            body=json_body(ref("EditOrder"), _ORDER),
            answers={
                201: answer(
                    "The edited picture was added.",
                    ref("Changes"),
                    {"image": _CHILD, **_CHANGES},
                    headers=_LOCATION,
                ),
                200: answer(
                    "Nothing changed, the edited picture was there already, or nothing was to be kept.",
                    ref("Changes"),
                    {"stream": examples.STREAM, "inspected": examples.OUTLINE, **_CHANGES},
                ),
            },
            problems=(*SENDS, 404, 409),
            token=True,
        )
    },
    "/encode": {
        "post": operation(
            "encode",
            TRYING,
            "Encode a picture; nothing is kept",
            description="The same picture at another budget takes a tenth of a second: what was seen "
            "in it is "
            "remembered for a while.",
            parameters=_ENCODE,
            body=file_body("A picture.", SENT),
            answers={
                200: answer(
                    "What it becomes.",
                    ref("Encoded"),
                    {**examples.OUTLINE, "stream": examples.STREAM, "unread": False, "warnings": []},
                )
            },
            problems=(*SENDS, 402, 502),
            token=True,
        )
    },
    "/describe": {
        "post": operation(
            "describe",
            TRYING,
            "Describe a picture in words",
            parameters=(
                _CAPTIONER,
                query(
                    "format", text(enum=["text", "json"], default="text"), "Its canonical text, or an object."
                ),
                query("grid", text(pattern="^[1-8]x[1-8]$"), "Rows and columns.", "3x4"),
            ),
            body=file_body("A picture.", SENT),
            answers={
                200: {
                    "description": "The description.",
                    "content": {
                        **answer("", ref("Description"), examples.DESCRIPTION)["content"],
                        **file_answer("", "text/plain")["content"],
                    },
                }
            },
            problems=(*SENDS, 402, 502),
            token=True,
        )
    },
    "/images/{id}/check": {
        "get": operation(
            "checkRender",
            TRYING,
            "Check what is drawn",
            description="Draws the picture as `/images/{id}/render` would and says whether it means "
            "what its stream "
            "says. Where drawing takes long the answer is 202; ask again when the job is done.",
            parameters=(IMAGE, *RENDER),
            answers={200: answer("The report.", ref("Report"), _REPORT), 202: ACCEPTED},
            problems=(*READ, 401, 402, 404, 422, 429, 502),
            token=True,
        ),
        "post": operation(
            "checkPicture",
            TRYING,
            "Check a picture that you send",
            parameters=(IMAGE,),
            body=file_body("A picture.", SENT),
            answers={200: answer("The report.", ref("Report"), _REPORT)},
            problems=(*SENDS, 404),
        ),
    },
}
