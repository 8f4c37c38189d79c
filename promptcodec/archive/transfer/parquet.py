"""Tables as Apache Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from promptcodec.archive.transfer.columns import COLUMNS, READ, Add, Kind, Row, Rows, check_names
from promptcodec.archive.transfer.texts import parsed
from promptcodec.errors import MissingError, PromptcodecError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

GROUP = 1024
"""Rows that are written together."""

BATCH = 256
"""Rows that are read together."""

MOST_BYTES = 1 << 30
"""Of a group of rows that somebody else wrote."""

MOST_ITEMS = 1 << 16
"""Of a list that is looked at."""


@contextmanager
def writer(file: BinaryIO) -> Iterator[Add]:
    """Give what writes a row, which comes into the file with its group.

    Raises:
        MissingError: pyarrow is not installed.
    """
    arrow, parquet = _modules()
    schema = arrow.schema([(column.name, _type(arrow, column.kind)) for column in COLUMNS])
    group: list[Row] = []
    with parquet.ParquetWriter(file, schema, compression="zstd") as own:

        def flush() -> None:
            own.write_table(arrow.Table.from_pylist(group, schema), row_group_size=GROUP)
            group.clear()

        def add(row: Row) -> None:
            group.append(row)
            if len(group) == GROUP:
                flush()

        yield add
        if group:
            flush()


def read(file: BinaryIO) -> Rows:
    """Read rows, some at a time.

    Raises:
        MissingError: pyarrow is not installed.
        UsageError: it is no Parquet file, or has not what is needed.
    """
    arrow, parquet = _modules()
    try:
        # What stands there once for many rows is not copied for each.
        own = parquet.ParquetFile(file)
        names = [column.name for column in READ if column.name in own.schema_arrow.names]
        check_names(names)
        texts = [name for name in names if _is_plain(arrow, own.schema_arrow.field(name).type)]
        own = parquet.ParquetFile(file, read_dictionary=texts)
        for number in range(own.num_row_groups):
            _check_size(own, number)
        batches = own.iter_batches(BATCH, columns=names, use_threads=False)
        number = 0
        for batch in batches:
            columns = {
                column.name: _values(arrow, batch.column(column.name), column.kind)
                for column in READ
                if column.name in names
            }
            for at in range(batch.num_rows):
                number += 1
                yield number, _row(columns, at)
    except (arrow.ArrowException, OSError, ValueError, MemoryError) as error:
        raise UsageError(f"it cannot be read as Parquet: {error}") from None


def _modules() -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise MissingError("Parquet needs pyarrow: pip install 'promptcodec[archive]'") from None
    return pa, parquet


def _type(arrow: Any, kind: Kind) -> pa.DataType:
    simple = {"text": arrow.string, "bytes": arrow.binary, "int32": arrow.int32, "uint64": arrow.uint64}
    if kind in simple:
        return simple[kind]()
    time = arrow.timestamp("ms", "UTC")
    place = arrow.struct([("root", arrow.string()), ("path", arrow.string()), ("time", time)])
    return {"time": time, "texts": arrow.list_(arrow.string()), "places": arrow.list_(place)}[kind]


def _is_plain(arrow: Any, kind: pa.DataType) -> bool:
    types = arrow.types
    return bool(types.is_string(kind) or types.is_binary(kind))


def _check_size(file: ParquetFile, number: int) -> None:
    """Refuse a group of rows that would not fit into memory, as far as the file says.

    What it says of single columns is not looked at: pyarrow ends the process where that is damaged.
    """
    size = file.metadata.row_group(number).total_byte_size
    if size > MOST_BYTES:
        raise UsageError(
            f"its group {number + 1} of rows has {size} bytes, more than {MOST_BYTES}: write smaller groups"
        )


def _values(arrow: Any, column: pa.Array, kind: Kind) -> pa.Array:
    """Give a column with its times as milliseconds: such that Python has no name for too."""
    if kind in ("time", "places"):
        for time in (arrow.timestamp("ms"), arrow.int64()):
            column = column.cast(_timed(arrow, column.type, time), safe=False)
    return column


def _timed(arrow: Any, kind: pa.DataType, time: pa.DataType) -> pa.DataType:
    """Give a type with ``time`` for each kind of time in it; a list of any kind is a plain one then."""
    types = arrow.types
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return arrow.list_(_timed(arrow, kind.value_type, time))
    if types.is_struct(kind):
        return arrow.struct([(field.name, _timed(arrow, field.type, time)) for field in kind])
    return time if types.is_temporal(kind) else kind


def _row(columns: dict[str, Any], at: int) -> Row | PromptcodecError:
    kinds = {column.name: column.kind for column in READ}
    try:
        return {name: parsed(_value(values[at]), kinds[name]) for name, values in columns.items()}
    except (UsageError, ValueError, OverflowError) as error:
        return error if isinstance(error, UsageError) else UsageError(f"it cannot be read: {error}")


def _value(scalar: pa.Scalar) -> Any:
    """Give a value, unless it is a list that nobody would write."""
    items = getattr(scalar, "values", None)  # of a list an array; of other things a method, or none
    if items is not None and not callable(items) and len(items) > MOST_ITEMS:
        raise UsageError(f"it has a list of {len(items)} items, more than {MOST_ITEMS}")
    return scalar.as_py()
