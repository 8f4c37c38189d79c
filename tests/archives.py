"""Archives that tests make: records of made-up streams, many to a file, with every kind of entry."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

import pytest

from promptcodec import bitstream
from promptcodec.archive import store
from promptcodec.archive.care import compact
from promptcodec.archive.record import Failure, Place, Record, id_of
from promptcodec.bitstream import Part, Stream
from promptcodec.entropy.dictionary import Dictionary

ROOTS = ("", "/home/x/pictures", "/mnt/y")
FAILURE = Failure(ROOTS[1], "bad.jpg", 1, "image", "it cannot be read")


def bare(number, least=60, most=250):
    """Make a stream that can be parsed."""
    rnd = random.Random(number)
    words, texture = (rnd.randbytes(rnd.randrange(least // 2, most // 2)) for _ in range(2))
    size = rnd.randrange(100, 5000), rnd.randrange(100, 5000)
    return bitstream.write(Stream(*size, (Part(1, words), Part(2, texture))), bare=True)


def record(number, **sizes):
    """Make a record; every fifth has tags, every eleventh was found in two places."""
    places = [
        Place(ROOTS[number % 3], f"folder {number % 7}/picture-{number}.jpg", 1_700_000_000_000 + number)
    ]
    if number % 11 == 0:
        places.append(Place("/other", f"q/{number}.png", -5))
    tags = ("red", "kite") if number % 5 == 0 else ()
    return Record(id_of(b"%d" % number), bare(number, **sizes), tuple(places), tags)


def ids(*numbers):
    """Give the ids of records."""
    return [id_of(b"%d" % number) for number in numbers]


def fill(path, records=200):
    """Make an archive with pages, a journal, removals, roots, a dictionary, a failure; give what it holds."""
    fresh = records // 6
    with pytest.MonkeyPatch.context() as patch, store.create(path) as archive:
        patch.setattr(compact, "SHORTEST", 6 << 10)
        patch.setattr(compact, "LONGEST", 14 << 10)
        archive.put(map(record, range(records)))
        archive.put_dictionaries([Dictionary.from_bytes(hashlib.sha512(b"dictionary").digest() * 9)])
        compact.compact(archive)
        archive.put(map(record, range(records - fresh, records + fresh)))
        archive.put([record(number, least=300, most=400) for number in range(5)])
        archive.remove(ids(*range(5, 12), records + 1, records + 2))
        archive.note_failures([FAILURE])
        return {each.id: each for each in archive.records()}


def contents(path):
    """Give what an archive holds, by id, read in both ways."""
    with store.open(path) as archive:
        listed = {each.id: each for each in archive.records()}
        assert listed == {id_: archive.get(id_) for id_ in listed}
        return listed


def as_nobody(work):
    """Call ``work`` in a process that owns nothing and may write nothing; give the text it returns."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        os.write(write, work().encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read, "rb") as pipe:
        return pipe.read().decode()


def locked(folder: Path):
    """Let nobody write into a folder; everybody may read it."""
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)
    return folder
