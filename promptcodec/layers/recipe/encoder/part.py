"""The bytes of a recipe part from a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from promptcodec import entropy
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.entropy.varint import write_varint
from promptcodec.errors import UsageError
from promptcodec.layers.recipe import tree
from promptcodec.layers.recipe.encoder.chunks import to_plain, to_values
from promptcodec.layers.recipe.guide import ComfyGuide
from promptcodec.layers.recipe.json_styles import literal
from promptcodec.layers.recipe.part import FORMS, PPM_LIMIT
from promptcodec.layers.recipe.primer import primed
from promptcodec.layers.recipe.tree_symbols import Value
from promptcodec.recipe import Recipe
from promptcodec.recipe.model import Chunk, fields_of


def encode(recipe: Recipe, form: str, coder: str, dictionary: Dictionary | None) -> bytes:
    """Code a recipe, as the layer's ``encode``."""
    form = form if recipe.chunks else "fields"
    coded = _code(literal(fields_of(recipe))) if form == "fields" else _code_chunks(recipe.chunks)
    if coded is None:
        raise UsageError("the recipe is too large to be stored", hint="leave it out with --recipe off")
    symbols, lines = coded
    # Half a surrogate pair is no character: JSON can spell one, UTF-8 cannot.
    text = "\n".join(lines).encode(errors="replace").decode()
    texts = _encode_text(text, coder, dictionary) if lines else b""
    return bytes([FORMS.index(form)]) + write_varint(len(symbols)) + symbols + texts


def fit(recipe: Recipe, most: int | None, coder: str, dictionary: Dictionary | None) -> bytes:
    """Code a recipe, as the layer's ``fit``."""
    part = encode(recipe, "verbatim", coder, dictionary) if recipe.chunks else None
    if part is not None and (most is None or len(part) <= most):
        return part
    fields = encode(recipe, "fields", coder, dictionary)
    # A short text of the tool may be shorter than its fields: then that is the least.
    return fields if part is None or len(fields) < len(part) else part


@lru_cache(maxsize=1)
def _code_chunks(chunks: tuple[Chunk, ...]) -> tuple[bytes, list[str]] | None:
    """Code metadata: first to see whether it comes back, then to store it."""
    coded = _code(to_values(chunks))
    return coded if coded and _is_text(coded[1]) else _code(to_plain(chunks))


def _code(value: Value) -> tuple[bytes, list[str]] | None:
    return tree.encode(value, primed(), ComfyGuide())


def _is_text(lines: Sequence[str]) -> bool:
    try:
        "".join(lines).encode()
    except UnicodeEncodeError:
        return False
    return True


def _encode_text(text: str, coder: str, dictionary: Dictionary | None) -> bytes:
    if coder in ("auto", "ppm") and len(text.encode()) > PPM_LIMIT:
        candidates = (entropy.encode_text(text, name, dictionary=dictionary) for name in ("zstd", "brotli"))
        return min((coded for coded in candidates if entropy.coder_name(coded) != "ppm"), key=len)
    return entropy.encode_text(text, coder, dictionary=dictionary)
