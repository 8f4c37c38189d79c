"""Both directions in one place, for code that wants them under one name."""

from promptcodec.decoding import Decoded, DecodeReport, check, decode
from promptcodec.encoding import Encoded, encode, encode_full

__all__ = ["DecodeReport", "Decoded", "Encoded", "check", "decode", "encode", "encode_full"]
