"""What a staging folder lists, encoded by Ray Data."""

from __future__ import annotations

import functools
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from promptcodec.api.spending import Limits, counted, limited
from promptcodec.archive.cluster import encode, listing
from promptcodec.archive.cluster.purse import Left, Purse
from promptcodec.archive.cluster.staging import DATA, KEY, SIZE, SOURCE, Staging
from promptcodec.archive.record import ID_BYTES, id_of
from promptcodec.archive.sources.source import Source
from promptcodec.errors import MissingDictionary, MissingError, SpendingError
from promptcodec.settings import EncodeSettings

if TYPE_CHECKING:
    import pyarrow as pa

TOGETHER = 32
"""Files that one task encodes and one shard holds, at most: what is encoded again where a worker died."""
_TASKS = 4
"""Tasks that there are for each worker, at least: none waits long for the last."""
_PATIENCE = 10.0
"""Seconds in which a cluster answers."""
_TRIES = 3
"""Times that a task is tried again whose process died."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is done with every source.

    Attributes:
        settings: how pictures are encoded.
        known: ids that the archive has, in order, one behind the other; a reference of Ray.
        purse: what hosted models may cost; an actor of Ray. None where none is asked.
    """

    settings: EncodeSettings
    known: Any
    purse: Any


def check() -> None:
    """Make sure that Ray Data is there.

    Raises:
        MissingError: it is not installed, or too old.
    """
    try:
        import ray.data  # noqa: F401, PLC0415 - an extra, and heavy
        from ray.data.checkpoint import CheckpointConfig  # noqa: F401, PLC0415 - not in older ones
    except ImportError as error:
        raise MissingError(
            f"Ray Data is not installed, or too old ({error}); pip install 'promptcodec[ray]'"
        ) from None


def encode_listed(
    staging: Staging,
    settings: EncodeSettings,
    known: bytes,
    limits: Limits | None,
    jobs: int | None,
    most: int = TOGETHER,
) -> Left | None:
    """Encode what is listed and not done yet, into shards.

    It connects to the cluster of RAY_ADDRESS, or starts one of processes of this machine. What a process dies
    of, again and again, comes to nothing, and what is with it in a shard.

    Args:
        staging: lists it, and takes the shards.
        settings: how pictures are encoded.
        known: ids that the archive has, in order, one behind the other.
        limits: what hosted models may cost; None where none is asked.
        jobs: how many work at once; None for one a core.
        most: files of a shard.

    Returns:
        what is left of the limits.

    Raises:
        MissingError: Ray cannot be started or reached.
    """
    import numpy as np  # noqa: PLC0415 - heavy
    import ray  # noqa: PLC0415 - an extra, and heavy

    with _connected(jobs) as workers:
        purse = ray.remote(num_cpus=0)(Purse).remote(limits, workers) if limits else None
        work = Work(settings, ray.put(np.frombuffer(known, np.uint8)), purse)
        together = max(1, min(most, staging.count() // (_TASKS * workers)))
        _through(staging, work, workers, together)
        left: Left | None = ray.get(purse.left.remote()) if purse else None
    return left


@contextmanager
def _connected(jobs: int | None) -> Iterator[int]:
    """Connect to a cluster, or start one; give how many work at once."""
    import ray  # noqa: PLC0415 - an extra, and heavy

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    far = os.environ.get("RAY_ADDRESS")
    local = {"address": "local", "num_cpus": jobs or os.cpu_count() or 1, "include_dashboard": False}
    try:
        _knock(far or "")
        ray.init(**({} if far else local), log_to_driver=False)
    except (ConnectionError, RuntimeError, ValueError, OverflowError, OSError) as error:
        where = f"at RAY_ADDRESS={far} cannot be reached" if far else "cannot be started"
        raise MissingError(f"Ray {where}: {error}") from None
    try:
        cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
        yield min(jobs or cores, cores)
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Look whether anybody listens at an address with a port: Ray would wait for it for minutes.

    Raises:
        OSError, OverflowError: nobody does, or it is no address.
    """
    match = re.fullmatch(r"(?:ray://)?\[?([^/\]]+)\]?:(\d+)", address)
    if match:
        socket.create_connection((match[1], int(match[2])), _PATIENCE).close()


def _through(staging: Staging, work: Work, workers: int, together: int) -> None:
    import ray  # noqa: PLC0415 - an extra, and heavy
    from ray.data.checkpoint import CheckpointConfig  # noqa: PLC0415

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = -1
    context.checkpoint_config = CheckpointConfig(
        KEY,
        staging.checkpoint,
        override_filesystem=staging.filesystem,
        delete_checkpoint_on_success=False,
    )
    listed = ray.data.read_parquet(staging.sources, filesystem=staging.filesystem)
    encoded = listed.repartition(target_num_rows_per_block=together).map_batches(
        functools.partial(encode_sources, work=work),
        batch_format="pyarrow",
        batch_size=None,
        zero_copy_batch=True,
        concurrency=workers,
        max_retries=_TRIES,  # Ray Data would try it again for ever
    )
    # With the same options it is a part of the same task: Ray Data keeps a core for writing otherwise.
    encoded.write_parquet(
        staging.shards,
        filesystem=staging.filesystem,
        concurrency=workers,
        ray_remote_args={"max_retries": _TRIES},
    )


def encode_sources(table: pa.Table, work: Work) -> pa.Table:
    """Encode sources, in a worker. Those that the caps leave nothing for are left out: they are not done.

    Args:
        table: with ``key``, ``source`` and ``data``.
        work: what is done.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra, and heavy
    import ray  # noqa: PLC0415

    known = ray.get(work.known)
    rows = [_encode(table.slice(number, 1), known, work) for number in range(table.num_rows)]
    nothing = encode.with_rows(_with(table.slice(0, 0), None, None), [])
    return pa.concat_tables([nothing, *(row for row in rows if row is not None)])


def _encode(row: pa.Table, known: Any, work: Work) -> pa.Table | None:
    """Encode the source of one row; None where nothing may be spent any more."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and heavy

    source, data = listing.read(row[SOURCE][0].as_py()), row[DATA][0].as_py()
    try:
        data = _read(source) if data is None else data
    except BaseException as error:  # noqa: BLE001 - of libraries; in Rust they panic with no Exception
        return encode.with_rows(_with(row, source, None), [encode.failed(encode.as_error(error))])
    id_, row = id_of(data), _with(row, source, len(data))
    if _holds(known, id_):
        return encode.with_rows(row, [{"id": id_.hex()}])
    name = encode.unicode(source.path)
    image = pa.array(
        [{"bytes": data, "path": name}], pa.struct({"bytes": pa.large_binary(), "path": pa.string()})
    )
    encoded = _within(work, row.append_column(encode.IMAGE, image))
    if encoded is not None and encoded["error_kind"][0].as_py() == MissingDictionary.kind:
        encoded = encoded.set_column(
            encoded.schema.get_field_index(DATA), DATA, pa.array([data], pa.large_binary())
        )
    return encoded


def _within(work: Work, row: pa.Table) -> pa.Table | None:
    """Encode a row within the caps; None where they leave nothing."""
    if work.purse is None:
        return encode.encode_batch(row, work.settings)
    import ray  # noqa: PLC0415 - an extra, and heavy

    share = ray.get(work.purse.take.remote())
    with limited(share):
        made_row = encode.encode_batch(row, work.settings)
    is_refused = made_row["error_kind"][0].as_py() == SpendingError.kind
    ray.get(work.purse.give_back.remote(share, *counted(share), refused=is_refused))
    return None if is_refused else made_row


def _read(source: Source) -> bytes:
    """Read a source here, where its folder may be another's working folder."""
    return source.read() if source.origin else replace(source, source=source.location).read()


def _with(row: pa.Table, source: Source | None, size: int | None) -> pa.Table:
    """Give the columns of a shard that are not made: how many bytes a file has, not these.

    Where they are is left out too: an address may have a secret in it.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra, and heavy

    text = listing.write(replace(source, origin=None)) if source else None
    own = {SOURCE: ([text], pa.string()), SIZE: ([size], pa.int64()), DATA: ([None], pa.large_binary())}
    columns = {name: pa.array(values * row.num_rows, kind) for name, (values, kind) in own.items()}
    return pa.table({KEY: row[KEY], **columns})


def _holds(ids: Any, id_: bytes) -> bool:
    """Say whether an id is among ids in order."""
    low, high = 0, len(ids) // ID_BYTES
    while low < high:
        middle = (low + high) // 2
        at = ids[ID_BYTES * middle : ID_BYTES * (middle + 1)].tobytes()
        if at == id_:
            return True
        low, high = (middle + 1, high) if at < id_ else (low, middle)
    return False
