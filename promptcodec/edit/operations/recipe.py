"""Operations on the recipe: its prompt, its negative, its settings."""

from __future__ import annotations

from dataclasses import replace

from promptcodec import entropy
from promptcodec.edit.recipe import assign as assigned
from promptcodec.edit.recipe import parse, repeats, replaced
from promptcodec.edit.state import EditState
from promptcodec.entropy.dictionary import with_id
from promptcodec.errors import BitstreamError, UsageError
from promptcodec.layers import recipe as layer
from promptcodec.recipe import Recipe


def prompt(state: EditState, text: str) -> EditState:
    """Give the recipe another prompt."""
    return _set(state, "prompt", text)


def negative(state: EditState, text: str) -> EditState:
    """Give the recipe another negative prompt."""
    return _set(state, "negative", text)


def assign(state: EditState, assignment: str) -> EditState:
    """Give a setting of the recipe another value."""
    return _set(state, *parse(assignment))


def replace_words(state: EditState, old: str, new: str) -> EditState:
    """Replace words of the recipe's prompt."""
    recipe = recipe_of(state)
    return _put(state, recipe, replaced(recipe, old, new))


def recipe_of(state: EditState) -> Recipe:
    """Give the recipe that a stream holds.

    Raises:
        UsageError: it holds none.
        BitstreamError, MissingDictionary: it cannot be read.
    """
    if "recipe" not in state.payloads:
        raise UsageError(
            f"the stream has no recipe part to edit; it has {', '.join(state.payloads)}",
            hint="words are changed with --replace, --cell and --style",
        )
    return layer.decode(state.part("recipe"), dictionaries=state.dictionaries)


def _set(state: EditState, name: str, value: str) -> EditState:
    recipe = recipe_of(state)
    return _put(state, recipe, assigned(recipe, name, value))


def _put(state: EditState, before: Recipe, after: Recipe) -> EditState:
    """Store a recipe as its fields, by the coder and with the dictionary that the part had."""
    if after == before:
        return state
    if before.chunks:
        state = state.warn(
            "the tool's own metadata, kept word for word, no longer says what the recipe says: it was "
            "dropped, and the recipe's fields are kept"
        )
    former = before.settings.prompt or ""
    if former != after.settings.prompt:
        if repeats(after, former):
            state = state.warn("what else the tool wrote still holds the prompt as it was")
        if "semantic" in state.payloads:
            state = state.warn(
                "the words of the stream stay as they were, and generators draw from those",
                hint="change them with --replace or --style 'summary: ...'",
            )
    text = layer.coded_text(state.part("recipe"))
    coder = entropy.coder_name(text) if text else "raw"
    own = next(iter(with_id(entropy.dictionary_id(text), state.dictionaries)), None) if text else None
    payload = layer.encode(
        replace(after, chunks=()),
        form="fields",
        coder="auto" if coder == "raw" else coder,  # a few words are raw because that is shortest
        dictionary=own,
    )
    try:
        layer.decode(payload, dictionaries=state.dictionaries)
    except BitstreamError:
        raise UsageError("the recipe would be too large to be read back; give it a shorter text") from None
    return state.put("recipe", payload)
