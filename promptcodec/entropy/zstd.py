"""Zstandard with a dictionary for one short text, without any of the frame's own bytes.

The frame of a text that fits one block is ``[magic 4] [descriptor 1] [window 1]
[block header 3] [content]`` (RFC 8878). All of it but the 2-bit block type and the
content is known beforehand, so only these two are kept: 9 bytes off a text of 50.

The window in a rebuilt frame is WINDOW_LOG, whatever window the encoder chose: it only
bounds how far back a match may reach, and one block with its dictionary lies inside.
"""

from __future__ import annotations

import functools

import zstandard

from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import EntropyError, UsageError

BLOCK_MAX = 1 << 17  # the largest block of the format (RFC 8878, 3.1.1.2.4)
WINDOW_LOG = 18
LEVEL = 19
RAW, RLE, COMPRESSED = 0, 1, 2

# Magic number; a descriptor that says no content size, no single segment, no checksum and no
# dictionary id. zstandard before 0.24 cannot decode the magicless form in one call.
_START = bytes.fromhex("28b52ffd 00")
_WINDOW = (WINDOW_LOG - 10) << 3
_HEADER = 9
_DICTIONARY_MIN = 8  # zstd ignores shorter ones without a word


def _parameters() -> zstandard.ZstdCompressionParameters:
    return zstandard.ZstdCompressionParameters.from_level(
        LEVEL,
        window_log=WINDOW_LOG,
        write_content_size=False,
        write_checksum=False,
        write_dict_id=False,
    )


@functools.lru_cache(maxsize=8)
def prepare(dictionary: Dictionary) -> zstandard.ZstdCompressionDict:
    """Make a dictionary ready for use: trained (with zstd's own header) or any raw content.

    Digesting 112 KiB takes 6 ms, coding one text with the result 0.15 ms: hence the cache.

    Raises:
        UsageError: too short to be a dictionary, or damaged.
    """
    if len(dictionary.data) < _DICTIONARY_MIN:
        raise UsageError(f"a dictionary of {len(dictionary.data)} bytes is too short to be one")
    ready = zstandard.ZstdCompressionDict(dictionary.data, dict_type=zstandard.DICT_TYPE_AUTO)
    try:
        ready.precompute_compress(compression_params=_parameters())
    except zstandard.ZstdError as error:
        raise UsageError("the dictionary is damaged; make it again with train-dictionary") from error
    return ready


def compress(data: bytes, dictionary: Dictionary) -> tuple[int, bytes] | None:
    """Code ``data`` as one stripped block.

    Returns:
        the block type (RAW or COMPRESSED) and the block's content; None where zstd does not
        write one such block (more than BLOCK_MAX bytes, some long texts of changing kind, or one
        byte repeated).
    """
    if len(data) > BLOCK_MAX:
        return None
    compressor = zstandard.ZstdCompressor(dict_data=prepare(dictionary), compression_params=_parameters())
    return strip(compressor.compress(data))


def decompress(kind: int, content: bytes, dictionary: Dictionary, limit: int) -> bytes:
    """Undo ``compress``.

    Args:
        kind: the block type, 0..3, untrusted.
        content: the block's content, untrusted.
        dictionary: the one given to ``compress``; any other gives an error or other bytes.
        limit: the most bytes to give, at least 1.

    Raises:
        EntropyError: damaged, truncated, or longer than ``limit``.
    """
    if kind not in (RAW, COMPRESSED) or len(content) > BLOCK_MAX:
        raise EntropyError(f"no zstd text has a block of type {kind} and {len(content)} bytes")
    # No memory beyond the dictionary's and one block's is ever taken.
    most = min(limit, BLOCK_MAX)
    decompressor = zstandard.ZstdDecompressor(dict_data=prepare(dictionary))
    try:
        return decompressor.decompress(rebuild(kind, content), max_output_size=most)
    except zstandard.ZstdError as error:
        raise EntropyError(f"the zstd text is damaged, or longer than {most} bytes") from error


def strip(frame: bytes) -> tuple[int, bytes] | None:
    """Give block type and content of a frame, or None where that does not say it all."""
    header = int.from_bytes(frame[6:_HEADER], "little")
    last, kind, size = header & 1, header >> 1 & 3, header >> 3
    content = frame[_HEADER:]
    one_block = frame.startswith(_START) and last and size == len(content)
    return (kind, content) if one_block and kind in (RAW, COMPRESSED) else None


def rebuild(kind: int, content: bytes) -> bytes:
    """Give the frame whose only block has this type and content."""
    header = 1 | kind << 1 | len(content) << 3
    return _START + bytes([_WINDOW]) + header.to_bytes(3, "little") + content
