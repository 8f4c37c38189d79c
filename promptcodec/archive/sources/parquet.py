"""The pictures in Parquet files: rows with the bytes of a picture, as data sets are shared."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from promptcodec.archive.sources.container import Choice, Container
from promptcodec.archive.sources.names import Names, harmless
from promptcodec.archive.sources.source import Passing, Source
from promptcodec.errors import ContainerError, MissingError, UsageError
from promptcodec.files import MAX_BYTES

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

PICTURES = ("image", "jpg", "jpeg", "png", "webp", "bytes", "content")
"""Names of binary columns that are taken for pictures, the first that is there."""
NAMES = ("key", "__key__", "file_name", "path", "id", "url")
"""Names of columns that name pictures, the first that is there."""
NO_PICTURE = "rows without the bytes of a picture"

_BYTES, _PATH = "bytes", "path"
_BUFFER = 1 << 20
_NAMES_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A column, or a field of a struct: ``inner``."""

    column: str
    inner: str = ""

    @property
    def path(self) -> str:
        """Give how Parquet names it."""
        return f"{self.column}.{self.inner}" if self.inner else self.column


def rows(container: Container, choice: Choice) -> Iterator[Source]:
    """Give the pictures of a Parquet file, in their order; a row of which no picture is wanted is not read.

    Addresses and paths that it holds name pictures and are never followed.

    Raises:
        UsageError: no column holds the pictures, or it is not clear which one.
        ContainerError: the file is damaged; what came before was given.
        MissingError: pyarrow is not installed.
        Exception: whatever reading raises.
    """
    try:
        import pyarrow.parquet as pq  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingError(
            "Parquet files need the extra archive: pip install 'promptcodec[archive]'"
        ) from None
    with (
        _opened(container) as file,
        pq.ParquetFile(
            file,
            buffer_size=_BUFFER,
            pre_buffer=False,  # else a row group's pictures are read at once, however large it is
            page_checksum_verification=True,
        ) as table,
    ):
        picture = _picture_leaf(table.schema_arrow, container.column)
        named_by = _name_leaves(table.schema_arrow, picture)
        names, first = Names(), 0
        broken: list[Exception] = []
        for group in range(table.num_row_groups):
            pictures = _values(table, group, picture)
            for row, text in _row_names(table, group, named_by):
                number = first + row
                name = names.distinct(harmless(text, number), number)
                give = functools.partial(_read, pictures, row, choice, broken)
                yield container.source(name, Passing(give))
                if broken:
                    raise broken[0]
            first += table.metadata.row_group(group).num_rows


def _opened(container: Container) -> AbstractContextManager[Any]:
    """Open a file to be read in pieces."""
    if container.is_local:
        return container.opened()
    from promptcodec.archive.sources import remote  # noqa: PLC0415 - files need none of it

    return remote.seekable(container.where)


def _picture_leaf(schema: pa.Schema, column: str) -> _Leaf:
    """Find the column that holds the pictures' bytes."""
    leaves = {each.name: leaf for each in schema if (leaf := _leaf(each))}
    if column:
        if column in leaves:
            return leaves[column]
        raise UsageError(f"there is no column {column!r} with pictures' bytes: {_columns(schema)}")
    structs = [name for name, leaf in leaves.items() if leaf.inner]
    if len(structs) == 1:
        return leaves[structs[0]]
    plain = {name.lower(): leaf for name, leaf in leaves.items() if not leaf.inner}
    binary = next((plain[name] for name in PICTURES if name in plain), None)
    if binary is not None and not structs:
        return binary
    what = "several columns hold pictures" if structs else "no column is known to hold pictures"
    raise UsageError(f"{what}: {_columns(schema)}; name the one to take behind the file: data.parquet#COLUMN")


def _leaf(column: pa.Field) -> _Leaf | None:
    """Find the bytes in a column: a binary one, or a struct as of the data sets of Hugging Face."""
    import pyarrow as pa  # noqa: PLC0415 - an extra

    if _is_binary(column.type):
        return _Leaf(column.name)
    if pa.types.is_struct(column.type):
        at = column.type.get_field_index(_BYTES)
        if at >= 0 and _is_binary(column.type.field(at).type):
            return _Leaf(column.name, _BYTES)
    return None


def _is_binary(kind: pa.DataType) -> bool:
    import pyarrow as pa  # noqa: PLC0415 - an extra

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    types = pa.types
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind))


def _is_name(kind: pa.DataType) -> bool:
    """Say whether values are texts or whole numbers."""
    import pyarrow as pa  # noqa: PLC0415 - an extra

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    types = pa.types
    is_text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    return bool(is_text or types.is_integer(kind))


def _columns(schema: pa.Schema) -> str:
    return "it has " + ", ".join(f"{each.name[:40]} ({str(each.type)[:40]})" for each in list(schema)[:20])


def _name_leaves(schema: pa.Schema, picture: _Leaf) -> list[_Leaf]:
    """Find the columns that name rows: what the first does not name, the second may."""
    leaves = []
    if picture.inner:
        kind = schema.field(picture.column).type
        at = kind.get_field_index(_PATH)
        leaves += [_Leaf(picture.column, _PATH)] if at >= 0 and _is_name(kind.field(at).type) else []
    names = {each.name for each in schema if _is_name(each.type)}
    return leaves + [_Leaf(name) for name in NAMES if name in names][:1]


def _row_names(table: pq.ParquetFile, group: int, leaves: list[_Leaf]) -> Iterator[tuple[int, str]]:
    """Give the rows of a group with what names them, ``""`` where nothing does."""
    if not leaves:
        yield from ((row, "") for row in range(table.metadata.row_group(group).num_rows))
        return
    row = 0
    for batch in _batches(table, group, leaves, _NAMES_AT_ONCE):
        columns = [batch.column(leaf.column) for leaf in leaves]
        for at in range(batch.num_rows):
            yield row, next(filter(None, (_text(_inner(column[at])) for column in columns)), "")
            row += 1


def _inner(scalar: pa.Scalar) -> Any:
    """Give a value, that of a struct's only field that was read."""
    try:
        value = scalar.as_py()
    except UnicodeDecodeError:
        return None
    return next(iter(value.values()), None) if isinstance(value, dict) else value


def _text(value: Any) -> str:
    """Give what names a row; of an address the last part of its path."""
    if not isinstance(value, str):
        return "" if value is None else str(value)
    if "://" not in value:
        return value
    try:
        return urlsplit(value).path.rpartition("/")[2]
    except ValueError:
        return ""


def _values(table: pq.ParquetFile, group: int, leaf: _Leaf) -> Iterator[tuple[int, Any]]:
    """Give the pictures of a group by row, one at a time: each may be large."""
    batches = _batches(table, group, [leaf], 1)
    yield from enumerate(_inner(batch.column(0)[0]) for batch in batches if batch.num_rows)


def _batches(table: pq.ParquetFile, group: int, leaves: list[_Leaf], size: int) -> Iterator[pa.RecordBatch]:
    columns = [leaf.path for leaf in leaves]
    return iter(table.iter_batches(size, row_groups=[group], columns=columns, use_threads=False))


def _read(
    pictures: Iterator[tuple[int, Any]], row: int, choice: Choice, broken: list[Exception]
) -> bytes | None:
    """Read the picture of a row; what breaks the table is told by who lists it."""
    try:
        data = next(value for at, value in pictures if at == row)
    except StopIteration:
        broken.append(ContainerError("the Parquet file is damaged: it has fewer rows than it says"))
        return None
    except Exception as error:  # noqa: BLE001 - of pyarrow, or of the file below
        broken.append(error)
        return None
    if not isinstance(data, bytes):
        choice.left_out[NO_PICTURE] += 1
        return None
    if len(data) > MAX_BYTES:
        raise UsageError(f"cannot be read: it has more than {MAX_BYTES} bytes")
    return data
