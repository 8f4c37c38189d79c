"""Rows of pictures made rows of streams: a pure function, for any engine that works on Arrow's batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from promptcodec import unexpected
from promptcodec.errors import Notice, PromptcodecError, UsageError
from promptcodec.settings import EncodeSettings

if TYPE_CHECKING:
    import pyarrow as pa

    from promptcodec.archive.adding.content import Content

    Batch = TypeVar("Batch", pa.RecordBatch, pa.Table)

IMAGE, PATH = "image", "path"
"""Of the columns that are read: the bytes of pictures and streams, and the names of their files."""


def schema() -> pa.Schema:
    """Give the columns that are made.

    ``id`` has 32 hexadecimal digits; ``bytes`` counts those of ``stream``; ``cost`` is in dollars, null where
    a price is unknown. Where there is an ``error_kind``, every column but ``id`` is null, and that one too
    where there were no bytes.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra, and heavy

    return pa.schema(
        [
            ("id", pa.string()),
            ("stream", pa.binary()),
            ("signature", pa.binary()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("bytes", pa.int32()),
            ("seconds", pa.float32()),
            ("unread", pa.bool_()),
            ("warnings", pa.list_(pa.string())),
            ("cost", pa.float64()),
            ("requests", pa.int32()),
            ("error_kind", pa.string()),
            ("error_message", pa.string()),
            ("error_hint", pa.string()),
        ]
    )


def encode_batch(batch: Batch, settings: EncodeSettings | None = None) -> Batch:
    """Encode pictures; what cannot be encoded is an error of its row.

    It reads and writes no file, and keeps nothing between calls. A row comes to the same, but for its
    ``seconds``, whatever rows are beside it.

    Args:
        batch: with a column ``image``: binary, or a struct with ``bytes``. A stream among the pictures gets
            its bare form. Names in ``path``, there or in the struct, only say by ``.pxt`` that a file
            ought to be a stream. Other columns go through as they are.
        settings: how pictures are encoded; streams are ``bare`` in any case.

    Returns:
        The other columns, and those of ``schema``, as what was given: a table of a table.

    Raises:
        UsageError: there is no such column ``image``, or one is called as one of those that are made.
    """
    _check_names(batch.schema.names)
    if IMAGE not in batch.schema.names:
        raise UsageError(f"there is no column {IMAGE!r} with the bytes of pictures")
    bare = replace(settings or EncodeSettings(), bare=True)
    images, names = _images(batch)
    rows = [_row(data.as_py(), name.as_py(), bare) for data, name in zip(images, names, strict=True)]
    return with_rows(batch.drop_columns([IMAGE]), rows)


def _check_names(names: Iterable[str]) -> None:
    """Refuse names of columns that are among those that are made.

    Raises:
        UsageError: one is, or stands twice where pictures are looked for.
    """
    names = list(names)
    twice = [name for name in (IMAGE, PATH) if names.count(name) > 1]
    if twice:
        raise UsageError(f"there are several columns {twice[0]!r}")
    taken = sorted(set(names) & set(schema().names))
    if taken:
        raise UsageError(f"the column {taken[0]!r} would be replaced by what is made; give it another name")


def with_rows(batch: Batch, rows: Sequence[dict[str, Any]]) -> Batch:
    """Add the columns of ``schema``, of rows as ``row_of`` and ``failed`` give them."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and heavy

    for field in schema():
        values = pa.array([row.get(field.name) for row in rows], field.type)
        batch = batch.append_column(field, values)
    return batch


def row_of(content: Content) -> dict[str, Any]:
    """Give the columns that are made of a file."""
    from promptcodec import bitstream  # noqa: PLC0415 - heavy

    assert content.stream is not None
    stream = bitstream.read(content.stream, bare=True)
    return {
        "id": content.id.hex(),
        "stream": content.stream,
        "signature": content.signature,
        "width": stream.width,
        "height": stream.height,
        "bytes": len(content.stream),
        "seconds": content.seconds,
        "unread": content.unread,
        "warnings": [_text(notice) for notice in content.warnings],
        "cost": content.spent.cost,
        "requests": content.spent.requests,
    }


def failed(error: PromptcodecError, id_: str | None = None) -> dict[str, Any]:
    """Give the columns of a file that could not be encoded."""
    return {
        "id": id_,
        "error_kind": error.kind,
        "error_message": unicode(str(error)),
        "error_hint": unicode(error.hint) or None,
    }


def _row(data: bytes | None, name: str | None, settings: EncodeSettings) -> dict[str, Any]:
    from promptcodec.archive.adding.content import coded  # noqa: PLC0415 - heavy
    from promptcodec.archive.record import id_of  # noqa: PLC0415

    if data is None:
        return failed(UsageError("the row has no bytes of a picture"))
    try:
        return row_of(coded(data, name or "", settings))
    except BaseException as error:  # noqa: BLE001 - of libraries; in Rust they panic with no Exception
        return failed(as_error(error), id_of(data).hex())


def as_error(error: BaseException) -> PromptcodecError:
    """Give what went wrong with one file as an error of this package; what ends the process is raised.

    Raises:
        KeyboardInterrupt, SystemExit: it was one.
    """
    if isinstance(error, KeyboardInterrupt | SystemExit):
        raise error
    return unexpected.as_error(error)


def _images(batch: pa.RecordBatch | pa.Table) -> tuple[Any, Any]:
    """Give the columns with bytes and with names.

    Raises:
        UsageError: no bytes are in ``image``.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra, and heavy
    from pyarrow import compute  # noqa: PLC0415

    image = _plain(batch.column(IMAGE))
    nothing = pa.nulls(batch.num_rows)
    columns = {"bytes": image, "path": batch.column(PATH) if PATH in batch.schema.names else nothing}
    if pa.types.is_struct(image.type):  # as data sets of Hugging Face have it
        del columns["bytes"]
        columns |= {each.name: compute.struct_field(image, each.name) for each in image.type}
    data, names = _plain(columns.get("bytes", nothing)), _plain(columns["path"])
    if "bytes" not in columns or data.type not in (pa.binary(), pa.large_binary(), pa.null()):
        raise UsageError(f"the column {IMAGE!r} holds {image.type}, not the bytes of pictures")
    return data, names if names.type in (pa.string(), pa.large_string()) else nothing


def _plain(column: Any) -> Any:
    """Give a column without the other ways in which Arrow keeps bytes and texts: numbers, views."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and heavy

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_binary_view(kind) or pa.types.is_fixed_size_binary(kind):
        return column.cast(pa.large_binary())
    return column.cast(pa.large_string()) if pa.types.is_string_view(kind) else column


def _text(notice: Notice) -> str:
    return unicode(f"{notice}; {notice.hint}" if notice.hint else str(notice))


def unicode(text: str) -> str:
    """Give a text that can be written as UTF-8, whatever names are in it."""
    return text.encode("utf-8", "backslashreplace").decode()
