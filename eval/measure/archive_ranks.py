"""Are pictures found by their words in an archive as they are in the laboratory?

The streams of a setting are put into an archive. Its own search answers the queries, with and without its
cut-off. The laboratory's ranks of the same words stand beside.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval import written
from eval.measure import archive_search, findability, findability_rows
from eval.measure.word_streams import Coded
from promptcodec import bitstream
from promptcodec.archive import store
from promptcodec.archive.record import Place, Record, id_of
from promptcodec.bitstream import Part, Stream
from promptcodec.layers import derived, semantic
from promptcodec.layers.registry import BY_NAME

_SIZE = (768, 512)
_TIME = 1_700_000_000_000


def row(coded: Sequence[Coded]) -> dict[str, Any]:
    """Measure the pictures of one setting."""
    setting = coded[0].setting
    laboratory = _flat(findability_rows.ranks(coded))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pictures.pxa")
        with store.create(path) as archive:
            archive.put(map(_record, coded))
        with archive_search.opened(path) as (search, _):
            every = list(_ranks(search, coded, cut_off=False))
            kept = list(_ranks(search, coded, cut_off=True))
    return {
        "source": setting.source,
        "budget": setting.budget or None,
        "n": len(coded),
        "laboratory_mrr": findability.figures(laboratory)["mrr"],
        "archive_mrr": findability.figures([rank for rank, _ in every])["mrr"],
        "ranks_that_differ": sum(rank != other for (rank, _), other in zip(every, laboratory, strict=True)),
        "cut_off_mrr": findability.figures([rank for rank, _ in kept])["mrr"],
        "archive_results": sum(count for _, count in every) / len(every),
        "cut_off_results": sum(count for _, count in kept) / len(kept),
    }


def _ranks(
    search: archive_search.Find, coded: Sequence[Coded], *, cut_off: bool
) -> Iterator[tuple[float, int]]:
    """Give the rank of each picture for each of its queries, and how many results there were."""
    for one in coded:
        for query in written.queries()[one.name]:
            results = search(query, limit=len(coded), everything=not cut_off)
            scores = {one.record.id: one.score for one in results}
            yield findability.place(scores, _id(one.name), len(coded)), len(scores)


def _flat(ranks: Mapping[str, Sequence[float]]) -> list[float]:
    return [rank for own in ranks.values() for rank in own]


def _id(name: str) -> bytes:
    return id_of(name.encode())


def _record(one: Coded) -> Record:
    """Put a stream into the form of an archive; a whole description becomes a stream of its words alone."""
    if one.stream:
        stream = bitstream.read(one.stream)
    else:
        assert one.description is not None, "a whole description is one"
        words = semantic.encode(derived.strip(one.description), with_map=True)
        stream = Stream(*_SIZE, (Part(BY_NAME["semantic"].id, words),))
    return Record(_id(one.name), bitstream.write(stream, bare=True), (Place("", _neutral(one.name), _TIME),))


def _neutral(name: str) -> str:
    """Give a name without words, so that it answers for none."""
    return _id(name).hex()
