"""Streams that every reader refuses are refused by both of ours, each with the right kind of error."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from promptcodec.errors import MissingError, NewerError, PromptcodecError
from promptcodec.reading import verify

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT))
from tests.invalid.__main__ import FOLDER, differences
from tests.reference.__main__ import value
from tests.reference.coder import FormatError, Tables
from tests.reference.coder import NewerError as NewerOfTheSecond
from tests.reference.container import read_stream

TABLES = Tables(str(ROOT / "promptcodec" / "models"))
NAMES = sorted(path.stem for path in FOLDER.glob("*.pxt"))


def refusals_of_the_second(data):
    """Give the errors of the second decoder: of the stream, or of its parts."""
    try:
        stream = read_stream(data)
    except FormatError as error:
        return [error]
    errors = []
    for part in stream.parts:
        try:
            value(part, stream, TABLES, None)
        except FormatError as error:
            errors.append(error)
    return errors


@pytest.mark.parametrize("name", NAMES)
def test_our_reader_refuses_it(name):
    with pytest.raises(PromptcodecError) as caught:
        verify((FOLDER / f"{name}.pxt").read_bytes())
    assert not isinstance(caught.value, MissingError)
    kind = "newer" if isinstance(caught.value, NewerError) else "damaged"
    assert (FOLDER / f"{name}.txt").read_text("utf-8").startswith(f"{kind}: ")


@pytest.mark.parametrize("name", NAMES)
def test_the_second_decoder_refuses_it(name):
    errors = refusals_of_the_second((FOLDER / f"{name}.pxt").read_bytes())
    assert errors
    kind = "newer" if all(isinstance(error, NewerOfTheSecond) for error in errors) else "damaged"
    assert (FOLDER / f"{name}.txt").read_text("utf-8").startswith(f"{kind}: ")


def test_the_files_are_what_the_script_makes():
    assert differences() == []
