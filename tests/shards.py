"""Shards, tables and a server of files that tests make: what data sets are shared in."""

from __future__ import annotations

import functools
import http.server
import io
import tarfile
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from promptcodec.archive import store


def picture(number, kind="PNG"):
    """Make a small picture unlike those of other numbers."""
    pixels = np.random.default_rng(number).integers(0, 256, (3, 4, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((32, 24)).save(file, kind)
    return file.getvalue()


def web_shard(path, numbers, suffix="jpg"):
    """Write a shard as webdataset does: a picture, a class and a text for each number."""
    import webdataset

    with webdataset.TarWriter(str(path)) as shard:
        for number in numbers:
            shard.write(
                {"__key__": f"{number:06d}", suffix: picture(number, "JPEG"), "cls": number, "txt": "a thing"}
            )


def tar_of(*members):
    """Make a tar file of (name, bytes) or of TarInfo."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for member in members:
            info, data = member if isinstance(member, tuple) else (member, b"")
            if isinstance(info, str):
                info = tarfile.TarInfo(info)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


def table(path, columns, **options):
    """Write a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), str(path), **options)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        path = self.path.partition("?")[0]
        self.server.asked.append(("GET", self.path))
        if path.startswith("/fault/"):
            self.send_error(int(path.split("/")[2].partition(".")[0]))
        else:
            super().do_GET()

    def do_HEAD(self):
        self.server.asked.append(("HEAD", self.path))
        if self.path.startswith("/fault/"):
            self.send_error(500)
        else:
            super().do_HEAD()

    def log_message(self, *_):
        pass


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """Say nothing of clients that leave."""


@contextmanager
def web_server(folder):
    """Serve a folder; give the address, and the list of what is asked for. ``/fault/403`` answers 403."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with _Server(("127.0.0.1", 0), handler) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", server.asked
        finally:
            server.shutdown()


def places():
    with store.open("a.pxa") as archive:
        return {place.path: (record.id, place) for record in archive.records() for place in record.places}


def failures():
    with store.open("a.pxa") as archive:
        return {each.path: each for each in archive.failures()}


def states(lines):
    return Counter(line["state"] for line in lines)


def write(path, data):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(data)
