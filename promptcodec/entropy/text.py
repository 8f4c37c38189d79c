"""Text to bytes by the shortest of several coders, and back.

A coded text is a head byte and a payload; the empty text is no bytes at all. The low six
bits of the head are the coder, from a closed table that is part of the format:

    id  name    payload
    0   raw     the text's UTF-8
    1   brotli  one brotli stream
    2   zstd    the content of one zstd block, coded with the shipped dictionary text-1
    3   zstd    4 bytes naming a user's dictionary (the start of its SHA-256), then as 2
    4   ppm     the token PPM with the shipped table ppm-1, up to PPM_MAX bytes of text
    5   ppm     4 bytes naming a user's table (the start of its SHA-256), then as 4 with it
    6   ppm     as 4 with the shipped table ppm-2, for descriptions as people write them

The high two bits are the zstd block type for ids 2 and 3, and zero for all others. The
payload ends where the data ends. Texts come back exactly: nothing is normalised.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from promptcodec import models
from promptcodec.entropy import brotli, zstd
from promptcodec.entropy.dictionary import (
    ID_BYTES,
    AnyDictionary,
    Dictionary,
    as_dictionaries,
    as_dictionary,
    with_id,
)
from promptcodec.entropy.ppm import coder as ppm
from promptcodec.entropy.ppm import model as ppm_model
from promptcodec.errors import EntropyError, MissingDictionary, NewerError, UsageError
from promptcodec.settings import TEXT_CODERS

CODERS = TEXT_CODERS
LIMIT = 1 << 24  # bytes of UTF-8 in one text
PPM_MAX = 1 << 14  # bytes the PPM codes, in well under a second

_RAW, _BROTLI, _ZSTD, _ZSTD_USER, _PPM, _PPM_USER, _PPM_2 = range(7)
_NAMES = {
    _RAW: "raw",
    _BROTLI: "brotli",
    _ZSTD: "zstd",
    _ZSTD_USER: "zstd",
    _PPM: "ppm",
    _PPM_USER: "ppm",
    _PPM_2: "ppm",
}
_TABLES = {_PPM: ppm_model.NAME, _PPM_2: ppm_model.DESCRIPTIONS}
_SHIPPED = "text-1"


def encode_text(text: str, coder: str = "auto", *, dictionary: AnyDictionary | None = None) -> bytes:
    """Code a text, never in more than its UTF-8 length plus one byte.

    Args:
        text: any text of at most LIMIT bytes of UTF-8.
        coder: one of CODERS; "auto" is the shortest. A coder that cannot beat raw UTF-8
            gives way to it; to brotli give way zstd above 128 KiB and ppm above PPM_MAX bytes.
        dictionary: a user's, made by train-dictionary for zstd or for ppm. That coder then
            uses it, "auto" where it wins. The reader needs the same file.

    Raises:
        UsageError: a coder that is not there, a text that is not Unicode or too long, or a
            dictionary that is none.
    """
    if coder not in CODERS:
        raise UsageError(f"no text coder {coder!r}; one of {', '.join(CODERS)}")
    data = _utf8(text)
    if not data:
        return b""
    raw = bytes([_RAW]) + data
    if coder == "raw":
        return raw
    if coder == "brotli":
        return min(_brotli(data), raw, key=len)
    own = _with_dictionary(data, as_dictionary(dictionary))
    if coder in ("zstd", "ppm"):
        fits = own is not None and _NAMES[own[0] & 63] == coder
        coded = own if fits else (_zstd(data) if coder == "zstd" else _ppm(data))
        return min(coded or _brotli(data), raw, key=len)
    # min takes the first of equals: the simpler coder.
    candidates = [raw, _brotli(data), _zstd(data), _ppm(data), own]
    return min((coded for coded in candidates if coded), key=len)


def decode_text(data: bytes, *, dictionaries: Sequence[AnyDictionary] = (), limit: int = LIMIT) -> str:
    """Undo ``encode_text``, in bounded memory whatever the bytes say.

    Args:
        data: a coded text, untrusted; all of it.
        dictionaries: the users' dictionaries at hand.
        limit: the most bytes of UTF-8 to give.

    Raises:
        EntropyError: nothing ``encode_text`` writes, or a text longer than ``limit``.
        NewerError: coded by a coder that a newer version added.
        MissingDictionary: coded with a dictionary that is not among ``dictionaries``.
    """
    if not data:
        return ""
    coder, kind, payload = data[0] & 63, data[0] >> 6, data[1:]
    if coder not in _NAMES:
        raise NewerError(f"the text uses coder {coder}, which needs a newer reader")
    if kind and coder not in (_ZSTD, _ZSTD_USER):
        raise EntropyError(f"the head byte {data[0]:#04x} of a text is not valid")
    if coder in (_ZSTD_USER, _PPM_USER):
        return _decode_user(data, as_dictionaries(dictionaries), limit)
    return _text(_unpack(data[0], payload, None, limit), limit)


def coder_name(data: bytes) -> str:
    """Name the coder of a coded text without decoding it.

    Returns:
        "raw", "brotli", "zstd" or "ppm"; "unknown" for a number this version has no name for.
    """
    return _NAMES.get(data[0] & 63, "unknown") if data else "raw"


def dictionary_id(data: bytes) -> bytes:
    """Give the id of the user's dictionary that a coded text needs; no bytes where it needs none."""
    own = bool(data) and data[0] & 63 in (_ZSTD_USER, _PPM_USER)
    return data[1 : 1 + ID_BYTES] if own else b""


def _utf8(text: str) -> bytes:
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"character {error.start + 1} of the text (U+{ord(text[error.start]):04X}) is half a "
            "surrogate pair, which is no character; remove it"
        ) from error
    if len(data) > LIMIT:
        raise UsageError(f"the text has {len(data)} bytes, the limit is {LIMIT}; split it")
    return data


def _text(data: bytes, limit: int) -> str:
    if len(data) > limit:
        raise EntropyError(f"the text has {len(data)} bytes, the limit is {limit}")
    if not data:
        raise EntropyError("an empty text is coded as no bytes, not as this")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise EntropyError(f"the decoded text is not UTF-8 at its byte {error.start}") from error


def _brotli(data: bytes) -> bytes:
    return bytes([_BROTLI]) + brotli.compress(data)


@functools.cache
def _shipped() -> Dictionary:
    return Dictionary.from_bytes(models.load(_SHIPPED))


def _zstd(data: bytes) -> bytes | None:
    block = zstd.compress(data, _shipped())
    return None if block is None else bytes([_ZSTD | block[0] << 6]) + block[1]


def _ppm(data: bytes) -> bytes | None:
    """Code with the table that suits better."""
    if len(data) > PPM_MAX:
        return None
    forms = [bytes([head]) + ppm.encode(data, ppm_model.shipped(name)) for head, name in _TABLES.items()]
    return min(forms, key=len)


def _unpack(head: int, payload: bytes, own: Dictionary | None, limit: int) -> bytes:
    """Undo a coder, with a user's dictionary or without."""
    coder = head & 63
    if coder in (*_TABLES, _PPM_USER):
        model = ppm_model.shipped(_TABLES[coder]) if own is None else _users(own)
        return ppm.decode(payload, model, min(limit, PPM_MAX))
    if coder in (_ZSTD, _ZSTD_USER):
        return zstd.decompress(head >> 6, payload, own or _shipped(), max(limit, 1))
    return brotli.decompress(payload, limit) if coder == _BROTLI else payload


def _users(dictionary: Dictionary) -> ppm_model.Model:
    from promptcodec.entropy.ppm import user  # noqa: PLC0415 - its counts are made with numpy

    return user.model(dictionary)


def _with_dictionary(data: bytes, dictionary: Dictionary | None) -> bytes | None:
    """Code with a user's dictionary, of whichever kind it is."""
    if dictionary is None:
        return None
    if dictionary.kind == "ppm":
        model = _users(dictionary)  # before the length: a damaged file is always an error
        if len(data) > PPM_MAX:
            return None
        return bytes([_PPM_USER]) + dictionary.id + ppm.encode(data, model)
    block = zstd.compress(data, dictionary)
    return None if block is None else bytes([_ZSTD_USER | block[0] << 6]) + dictionary.id + block[1]


def _decode_user(data: bytes, dictionaries: Sequence[Dictionary], limit: int) -> str:
    wanted, content = data[1 : 1 + ID_BYTES], data[1 + ID_BYTES :]
    if len(wanted) < ID_BYTES:
        raise EntropyError("the text is cut short in the name of its dictionary")
    if data[0] & 63 == _PPM_USER:
        dictionaries = [dictionary for dictionary in dictionaries if dictionary.kind == "ppm"]
    candidates = with_id(wanted, dictionaries)
    if not candidates:
        raise MissingDictionary(
            f"the text was coded with the dictionary {wanted.hex()}", hint="give it with --dictionary FILE"
        )
    # Four bytes of hash can collide: a wrong dictionary all but always gives an error here.
    texts: set[str] = set()
    failed = EntropyError("the text coded with your dictionary is damaged")
    for candidate in candidates:
        try:
            texts.add(_text(_unpack(data[0], content, candidate, limit), limit))
        except EntropyError as error:
            failed = error
    if len(texts) > 1:
        raise EntropyError(
            f"several of the dictionaries given are named {wanted.hex()}; give only the right one"
        )
    if not texts:
        raise failed
    return texts.pop()
