"""What a server was started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from promptcodec.api import answers
from promptcodec.api.spending import DEFAULT_REQUESTS
from promptcodec.server.tokens import Token
from promptcodec.settings import CAPTIONER, GENERATOR


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """What a server was started with.

    Attributes:
        archive: the file.
        generators: the only ones a request may name; the first is the default.
        captioners: likewise.
        host: an address of this machine; one that is not loopback needs tokens for what writes or spends.
        port: 0 for any free one.
        hosts: further names that requests may call this server by.
        tokens: who may write and spend; none, on loopback, is everybody.
        read_only: nobody may write.
        with_private: serve folders and recipes as they are, too.
        max_cost: dollars that the process may spend.
        max_requests: calls of hosted models that it may make.
        cache: the folder of drawn pictures and parked jobs.
        cache_bytes: the most that pictures there take.
        upload_bytes: the most bytes of a body.
        upload_pixels: the most pixels of a picture that is sent.
        render_side: the longest side of a picture that is drawn.
        waiting: the most jobs that wait.
        wait: seconds that a request waits for its picture before it is told of a job.
        grace: seconds that a server that ends gives to what is being drawn.
    """

    archive: Path
    generators: tuple[str, ...] = (GENERATOR,)
    captioners: tuple[str, ...] = (CAPTIONER,)
    host: str = "127.0.0.1"
    port: int = 8765
    hosts: tuple[str, ...] = ()
    tokens: tuple[Token, ...] = ()
    read_only: bool = False
    with_private: bool = False
    max_cost: float = 0.0
    max_requests: int = DEFAULT_REQUESTS
    cache: Path = field(default_factory=lambda: answers.folder() / "served")
    cache_bytes: int = 2_000_000_000
    upload_bytes: int = 64_000_000
    upload_pixels: int = 100_000_000
    render_side: int = 4096
    waiting: int = 256
    wait: float = 5.0
    grace: float = 10.0
