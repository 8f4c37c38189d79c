"""Pictures drawn on demand, and the jobs that draw them."""

from __future__ import annotations

from promptcodec.server.openapi.parts import (
    BINARY,
    EVENTS,
    IMAGE,
    JOB,
    KEY,
    MATCH,
    PICTURES,
    READ,
    SENDS,
    STREAM,
    Json,
    answer,
    file_answer,
    file_body,
    header,
    number,
    obj,
    operation,
    or_null,
    query,
    ref,
    text,
    whole,
)
from promptcodec.server.openapi.schemas import LAYERS
from promptcodec.settings import MAX_SEED, STRENGTH

SUBJECT = "Drawing"

RENDER = (
    query(
        "generator",
        text(),
        "What draws: one of those that `/about` names, the first by default. One that is priced "
        "needs a token.",
    ),
    query("layers", LAYERS, "What to draw from; all that the stream has by default.", "semantic,texture"),
    query(
        "size",
        text(pattern="^([1-9][0-9]{0,4}|[1-9][0-9]{0,4}x|x[1-9][0-9]{0,4}|[1-9][0-9]{0,4}x[1-9][0-9]{0,4})$"),
        "WIDTHxHEIGHT in pixels; WIDTHx or xHEIGHT, and the other follows; or one number for the "
        "longest side. "
        "By default that of the original.",
        "640x",
    ),
    query("seed", whole(minimum=0, maximum=MAX_SEED), "Of the noise; by default the stream's.", 7),
    query(
        "strength",
        number(minimum=0, maximum=1, default=STRENGTH),
        "How freely a generator departs from the layers.",
    ),
    query("format", text(enum=["png", "jpeg", "webp"], default="png"), "Of the file."),
)
_PREFER = header(
    "Prefer",
    text(examples=["respond-async", "wait=10"]),
    "`respond-async` for a job at once, `wait=SECONDS` for how long to wait before one (RFC 7240).",
)
_JOB = {
    "id": KEY,
    "state": "running",
    "position": 0,
    "progress": {"stage": "drawing", "done": 3, "total": 20, "note": ""},
    "error": None,
    "picture": f"/jobs/{KEY}/picture",
}
_DONE = {**_JOB, "state": "done", "progress": None}

SCHEMAS: dict[str, Json] = {
    "Job": obj(
        {
            "id": text("That of the picture it draws.", pattern="^[0-9a-f]{64}$"),
            "state": text(enum=["waiting", "running", "done", "failed", "cancelled"]),
            "position": whole("How many come before it, about.", minimum=0),
            "progress": or_null(
                obj(
                    {
                        "stage": text(),
                        "done": number(),
                        "total": or_null(number()),
                        "note": text(),
                    },
                    closed=False,
                )
            ),
            "error": or_null(obj({"status": whole(), "kind": text(), "detail": text()}, closed=False)),
            "picture": text("Where the picture is when it is done."),
            "report": {"type": "object", "description": "How the picture came about."},
        },
        optional=["report"],
        closed=False,
    )
    | {"description": "A picture that is waited for."},
    "Accepted": obj({"job": ref("Job")}),
}

ACCEPTED = answer(
    "It takes longer: a job draws it.",
    ref("Accepted"),
    {"job": _JOB},
    headers={"Location": "Of the job.", "Retry-After": "Seconds after which to ask again."},
)
_ETAG = {"ETag": "Names the picture.", "Cache-Control": "How long it may be kept."}
_PICTURE = file_answer("The picture.", *PICTURES, headers=_ETAG)
_SAME = {"description": "The picture that you have is the one.", "headers": _PICTURE["headers"]}
_COSTS = (401, 402, 422, 429, 502)

PATHS: dict[str, Json] = {
    "/images/{id}/render": {
        "get": operation(
            "render",
            SUBJECT,
            "Draw a picture of the archive",
            description="What was drawn is kept, and however many ask for the same at one time, it "
            "is drawn once.",
            parameters=(IMAGE, *RENDER, _PREFER, MATCH),
            answers={200: _PICTURE, 202: ACCEPTED, 304: _SAME},
            problems=(*READ, *_COSTS, 404, 409),
            token=True,
        )
    },
    "/decode": {
        "post": operation(
            "decode",
            SUBJECT,
            "Draw a stream that you send",
            parameters=(*RENDER, _PREFER, MATCH),
            body=file_body("A .pxt file.", (STREAM, BINARY)),
            answers={200: _PICTURE, 202: ACCEPTED, 304: _SAME},
            problems=(*SENDS, *_COSTS, 409),
            token=True,
        )
    },
    "/tiles": {
        "get": operation(
            "tiles",
            SUBJECT,
            "Draw many small pictures",
            description="One answer with a frame for each picture, as soon as it is drawn: 16 bytes "
            "of its id, "
            "4 bytes of a length (big-endian), then so many bytes of JPEG. Length 0: it cannot be drawn.",
            parameters=(
                query(
                    "ids",
                    text(pattern="^[0-9a-f]{32}(,[0-9a-f]{32}){0,95}$"),
                    "1 to 96 ids with commas between them.",
                    IMAGE["example"],
                    required=True,
                ),
                query("side", whole(minimum=16, maximum=512, default=160), "The longest, in pixels."),
            ),
            answers={200: file_answer("The frames.", BINARY)},
            problems=(*READ, 404),
        )
    },
    "/jobs/{key}": {
        "get": operation(
            "job",
            SUBJECT,
            "Say how a job is",
            parameters=(JOB,),
            answers={200: answer("The job.", ref("Job"), _JOB)},
            problems=(*READ, 404),
        ),
        "delete": operation(
            "cancelJob",
            SUBJECT,
            "Cancel a job",
            description="It ends when everybody who asked for it has cancelled.",
            parameters=(JOB,),
            answers={200: answer("The job.", ref("Job"), {**_JOB, "state": "cancelled"})},
            problems=(*READ, 404),
        ),
    },
    "/jobs/{key}/events": {
        "get": operation(
            "watchJob",
            SUBJECT,
            "Watch a job",
            description="Server-sent events: `progress` with the job, and where the generator shows "
            "some with a "
            "`preview` as a data URL; at the end `done`, `failed` or `cancelled`.",
            parameters=(JOB,),
            answers={200: file_answer("The events.", EVENTS)},
            problems=(*READ, 404),
        )
    },
    "/jobs/{key}/picture": {
        "get": operation(
            "jobPicture",
            SUBJECT,
            "Get the picture of a job",
            parameters=(JOB, MATCH),
            answers={
                200: _PICTURE,
                202: answer(
                    "It is not done.", ref("Accepted"), {"job": _JOB}, headers={"Location": "Of the job."}
                ),
                304: _SAME,
            },
            problems=(*READ, *_COSTS, 404, 409, 500),
        )
    },
}
