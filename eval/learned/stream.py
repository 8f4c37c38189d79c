"""The file of the learned codec: what stands before the coded latents. Needs no torch.

2 bytes   MAGIC
4 bytes   start of the SHA-256 of the checkpoint
1 byte    rate, an index into LAMBDAS
varints   width, height, length of the text
text      coded as texts in a .pxt are
4 bytes   CRC-32 of all before, then of the levels
the rest  range-coded levels
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eval.metrics.metric import Metric
from promptcodec.entropy import decode_text, encode_text
from promptcodec.entropy.varint import read_varint, write_varint
from promptcodec.errors import BitstreamError

# What an error costs against a bit, a rate each: those of the published codec, and one lower.
LAMBDAS = (0.0045, 0.0083, 0.015, 0.0275, 0.05)
RATES = len(LAMBDAS)
MAGIC = b"C1"
ID_BYTES = 4
LONGEST_SIDE = 1 << 14
MOST_PIXELS = 1 << 26
_SUM_BYTES = 4


@dataclass(frozen=True)
class Stream:
    """A file of the codec.

    Attributes:
        model: the start of the checkpoint's SHA-256.
        rate: index into LAMBDAS.
        size: width and height in pixels.
        text: what the networks saw.
        checksum: CRC-32 of the head and the levels.
        levels: range coded.
    """

    model: bytes
    rate: int
    size: tuple[int, int]
    text: str
    checksum: int
    levels: bytes

    def head(self) -> bytes:
        """Give the bytes before the checksum."""
        text = encode_text(self.text)
        numbers = b"".join(map(write_varint, (*self.size, len(text))))
        return MAGIC + self.model + bytes([self.rate]) + numbers + text

    def pack(self) -> bytes:
        """Give the file."""
        return self.head() + self.checksum.to_bytes(_SUM_BYTES, "big") + self.levels


def unpack(data: bytes) -> Stream:
    """Read a file.

    Raises:
        BitstreamError: it is none of this codec, or damaged.
    """
    if not data.startswith(MAGIC):
        raise BitstreamError("this is no file of the learned codec", 0)
    at = len(MAGIC) + ID_BYTES
    if len(data) <= at:
        raise BitstreamError("the file ends inside its head", len(data))
    model, rate = data[len(MAGIC) : at], data[at]
    width, at = read_varint(data, at + 1, "a width")
    height, at = read_varint(data, at, "a height")
    if rate >= RATES:
        raise BitstreamError(f"there is no rate {rate}", len(MAGIC) + ID_BYTES)
    if not (1 <= width <= LONGEST_SIDE and 1 <= height <= LONGEST_SIDE and width * height <= MOST_PIXELS):
        raise BitstreamError(f"a picture of {width}x{height} is none that this codec writes", at)
    length, at = read_varint(data, at, "a length")
    end = at + length
    if len(data) < end + _SUM_BYTES:
        raise BitstreamError("the file ends inside its head", len(data))
    text = decode_text(data[at:end])
    checksum = int.from_bytes(data[end : end + _SUM_BYTES], "big")
    return Stream(model, rate, (width, height), text, checksum, data[end + _SUM_BYTES :])


def _text_bytes(data: bytes) -> Mapping[str, float]:
    """Give the bytes of the text; nothing of other codecs' files."""
    return {"text_bytes": len(encode_text(unpack(data).text))} if data.startswith(MAGIC) else {}


TEXT_BYTES = Metric(
    "eval.learned.stream:TEXT_BYTES",
    "stream",
    -1,
    "B",
    "bytes of the words inside a file of the learned codec",
    lambda: _text_bytes,
    ("text_bytes",),
)
