"""From what one picture costs to what very many would: arithmetic, and the tables of it.

What was measured and what is assumed never mix: a row of the projection names its factors.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from eval.tables import markdown

MILLION = 1_000_000
HOUR = 3600
BATCH_LINES, BATCH_BYTES = 50_000, 200_000_000
"""Requests of one batch and bytes of its file, at most, as OpenAI's Batch API has them."""
BATCH_PRICE = 0.5
"""Of the list price. https://help.openai.com/en/articles/9197833-batch-api-faq"""
DIGITS = 4
"""Of each measured figure: what is printed is what is multiplied."""

T = TypeVar("T")


def _figure(unit: str, what: str, **more: Any) -> Any:
    return field(metadata={"unit": unit, "what": what}, **more)


@dataclass(frozen=True, slots=True)
class Units:
    """What was measured, each of one picture or one record; ``what`` in the metadata says how."""

    pictures: float = _figure("pictures", "measured, of the folder")
    records: float = _figure("records", "of the archive that bytes are of: their streams, under other ids")
    encode_cpu: float = _figure("CPU s a picture", "encoded with the embedded captioner")
    hosted_cpu: float = _figure(
        "CPU s a picture", "the same with a hosted captioner, on this side: a loopback server answers at once"
    )
    batch_cpu: float = _figure(
        "CPU s a picture", "the same with the questions in a batch: written, waited for, and looked at twice"
    )
    hosted_requests: float = _figure("questions a picture", "that the loopback server was asked")
    stream_bytes: float = _figure("bytes a picture", "the bare stream")
    record_bytes: float = _figure("bytes a record", "the archive, compacted")
    overhead_bytes: float = _figure("bytes a record", "of these, beside stream, id, path and time")
    index_bytes: float = _figure("bytes a record", "the index")
    put_cpu: float = _figure("CPU s a record", "put, 1,024 at once")
    compact_cpu: float = _figure("CPU s a record", "compact")
    index_cpu: float = _figure("CPU s a record", "read for the index, and put there")
    words_ms: float = _figure("CPU ms a million records", "a search for 2 or 3 words, median")
    like_ms: float = _figure("CPU ms a million records", "a search for pictures like one, median")
    input_tokens: float = _figure("tokens a question", "estimated for the shipped profile `responses`")
    output_tokens: float = _figure("tokens a question", "the same: half of the limit")
    dollars: float = _figure("dollars a question", "the same, at the list price")
    line_bytes: float = _figure("bytes a question", "a line of a batch's file, the picture in it")


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is assumed: of the machine, the account, the model."""

    count: float = _figure("pictures", "N", default=1e8)
    cores: float = _figure("cores", "that encode", default=64)
    questions: float = _figure("questions a picture", "that a hosted model is asked", default=1)
    at_once: float = _figure("questions", "asked at once, without batches", default=256)
    answer_seconds: float = _figure("s", "until an answer is there", default=5)
    tokens_a_minute: float = _figure("tokens a minute", "the account's limit, in and out", default=10e6)
    enqueued_tokens: float = _figure("input tokens", "the account's limit for batches that wait", default=5e9)
    batch_hours: float = _figure("h", "until a batch is answered, at most", default=24)
    upload: float = _figure("bytes a second", "to the provider", default=100e6)
    gpu_pictures: float = _figure(
        "pictures a second", "a captioner on a GPU of one's own describes", default=10
    )
    gpus: float = _figure("GPUs", "that do so", default=8)


def rounded(values: Mapping[str, float]) -> Units:
    """Make units of figures, each of DIGITS digits."""
    return Units(**{name: float(f"{value:.{DIGITS}g}") for name, value in values.items()})


def projection(units: Units, assumed: Assumed) -> Iterator[dict[str, Any]]:
    """Give what ``assumed.count`` pictures come to: figure, value, unit, and the factors of it."""
    count, questions = assumed.count, assumed.count * assumed.questions
    lines = min(BATCH_LINES, math.floor(BATCH_BYTES / units.line_bytes))
    tokens = units.input_tokens + units.output_tokens
    rounds = math.ceil(questions * units.input_tokens / assumed.enqueued_tokens)
    rows: tuple[tuple[str, float, str, str], ...] = (
        ("streams", count * units.stream_bytes / 1e9, "GB", "N x stream_bytes"),
        ("archive", count * units.record_bytes / 1e9, "GB", "N x record_bytes"),
        ("index", count * units.index_bytes / 1e9, "GB", "N x index_bytes"),
        ("encode, embedded captioner", count * units.encode_cpu / assumed.cores / HOUR, "h",
         "N x encode_cpu / cores"),
        ("encode, hosted captioner, this side", count * units.hosted_cpu / assumed.cores / HOUR, "h",
         "N x hosted_cpu / cores"),
        ("encode, in batches, this side", count * units.batch_cpu / assumed.cores / HOUR, "h",
         "N x batch_cpu / cores"),
        ("put, one writer", count * units.put_cpu / HOUR, "h", "N x put_cpu"),
        ("compact, one writer", count * units.compact_cpu / HOUR, "h", "N x compact_cpu"),
        ("index, one process", count * units.index_cpu / HOUR, "h", "N x index_cpu"),
        ("index, an archive a core", count * units.index_cpu / assumed.cores / HOUR, "h",
         "N x index_cpu / cores"),
        ("search for words, one archive", count / MILLION * units.words_ms / 1000, "s",
         "N / 1e6 x words_ms"),
        ("search for like, one archive", count / MILLION * units.like_ms / 1000, "s", "N / 1e6 x like_ms"),
        ("archives of a million", math.ceil(count / MILLION), "archives", "N / 1e6"),
        ("model, list price", questions * units.dollars, "dollars", "N x questions x dollars"),
        ("model, in batches", questions * units.dollars * BATCH_PRICE, "dollars", "half of it"),
        ("model, by questions at once", questions * assumed.answer_seconds / assumed.at_once / HOUR, "h",
         "N x questions x answer_seconds / at_once"),
        ("model, by tokens a minute", questions * tokens / assumed.tokens_a_minute / 60, "h",
         "N x questions x (input_tokens + output_tokens) / tokens_a_minute"),
        ("lines of a batch's file", lines, "lines", "50,000, or 200 MB / line_bytes where that is less"),
        ("batches", math.ceil(questions / lines), "batches", "N x questions / lines"),
        ("upload", questions * units.line_bytes / 1e12, "TB", "N x questions x line_bytes"),
        ("upload, in time", questions * units.line_bytes / assumed.upload / HOUR, "h",
         "N x questions x line_bytes / upload"),
        ("queues of batches, one after another", rounds, "queues",
         "N x questions x input_tokens / enqueued_tokens"),
        ("model, in batches, in time", rounds * assumed.batch_hours, "h", "queues x batch_hours, at most"),
        ("model on own GPUs", count / assumed.gpu_pictures / assumed.gpus / HOUR, "h",
         "N / gpu_pictures / gpus"),
    )  # fmt: skip
    for figure, value, unit, how in rows:
        yield {"figure": figure, "value": value, "unit": unit, "from": how}


def given(values: Units | Assumed) -> list[dict[str, Any]]:
    """Give figures as rows: name, value, unit, what it is."""
    return [
        {"figure": each.name, "value": getattr(values, each.name), **each.metadata} for each in fields(values)
    ]


def tables(units: Units, assumed: Assumed) -> str:
    """Write what was measured, what is assumed, and what that comes to as three tables of Markdown."""
    parts = {
        "Measured": given(units),
        "Assumed": given(assumed),
        "Projected": list(projection(units, assumed)),
    }
    return "\n\n".join(
        f"{name}:\n\n{markdown([_shown(row) for row in rows])}" for name, rows in parts.items()
    )


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    value = row["value"]
    return {
        **row,
        "value": f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.{DIGITS}g}",
    }
