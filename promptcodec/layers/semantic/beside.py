"""A description beside a colour map: what the map shows is not stored; its cells have their nouns alone.

    part    := JOINED symbols
             | APART length symbols words
    symbols := grid, number and boxes of objects and lettering, whether there are summary, light, mood and
               textures, (JOINED: the words, by the token PPM,) what each cell shows, its texture
    words   := coded text

The words are lines: the medium, summary, light and mood where there are such, the names of objects with
their attributes, the lettering behind its manner, and the phrases of cells that ``nouns`` has no number for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from promptcodec import entropy
from promptcodec.description import (
    Box,
    Cell,
    Description,
    Lettering,
    ResolvedCell,
    SceneObject,
    resolve_cell,
)
from promptcodec.description.model import MAX_SIDE
from promptcodec.entropy.bitio import BitReader, BitWriter
from promptcodec.entropy.dictionary import AnyDictionary
from promptcodec.entropy.ppm import coder as ppm
from promptcodec.entropy.ppm.model import DESCRIPTIONS, Model, shipped
from promptcodec.entropy.text import PPM_MAX
from promptcodec.entropy.varint import read_varint, write_varint
from promptcodec.errors import EntropyError, NewerError, UsageError
from promptcodec.layers.semantic.cell_model import WORDS, Frequencies, orientation_context, texture_context
from promptcodec.layers.semantic.nouns import NEXT, CellTexts

BESIDE = 63
APART, JOINED = BESIDE, BESIDE | 64
MOST = 255
"""Objects, and pieces of lettering, at most."""
_Symbol = tuple[list[int], int]
"""Frequencies, and the place of the symbol among them."""
_STYLE = ("summary", "light", "mood")
# Chances that another object, another line of lettering follows; that there are summary, light and mood,
# and textures.
_OBJECT, _LETTERING = 49152, 8192
_STYLED, _TEXTURED = (57344, 16384, 8192), 16384


def is_beside(data: bytes) -> bool:
    """Say whether a semantic part is of this form, whatever its bits 6 and 7."""
    return bool(data) and data[0] & 63 == BESIDE


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the symbols before the words say."""

    rows: int
    cols: int
    objects: tuple[Box, ...]
    lettering: tuple[Box, ...]
    styled: tuple[bool, ...]
    textured: bool


def encode(description: Description, *, coder: str, dictionary: AnyDictionary | None) -> bytes:
    """Code a description whose cells name no colours; ``coder`` and ``dictionary`` as for text.

    Raises:
        UsageError: it has more than MOST objects or pieces of lettering, or more words than PPM_MAX bytes.
    """
    if max(len(description.objects), len(description.lettering)) > MOST:
        raise UsageError(f"a description has at most {MOST} objects, and as many pieces of lettering")
    frame = _Frame(
        description.rows,
        description.cols,
        tuple(thing.box for thing in description.objects),
        tuple(item.box for item in description.lettering),
        tuple(bool(getattr(description, name)) for name in _STYLE),
        any(cell.texture for cell in description.cells),
    )
    words = words_of(description)
    if len(words.encode()) > PPM_MAX:
        raise UsageError(f"the words of a description have at most {PPM_MAX} bytes; shorten them")
    symbols = _cell_symbols(description, frame)
    forms = []
    if coder == "auto" or (coder == "ppm" and dictionary is None):
        writer = BitWriter()
        _write_frame(writer, frame)
        ppm.put_text(writer, words.encode(), _model())
        _write_symbols(writer, symbols)
        forms.append(bytes([JOINED]) + writer.finish())
    if not forms or coder == "auto":
        writer = BitWriter()
        _write_frame(writer, frame)
        _write_symbols(writer, symbols)
        head = writer.finish()
        forms.append(bytes([APART]) + write_varint(len(head)) + head + _coded(words, coder, dictionary))
    return min(forms, key=len)


def decode(data: bytes, *, dictionaries: Sequence[AnyDictionary]) -> Description:
    """Give the description back, its cells without colours.

    Raises:
        EntropyError, MissingDictionary, DescriptionError: the part cannot be read.
        NewerError: it is of a form that a newer version added.
    """
    reader, frame, fields = _read_head(data, dictionaries)
    cells = _read_cells(reader, fields, frame)
    reader.close()
    return Description(
        fields.medium, frame.rows, frame.cols, cells, *fields.style, fields.objects, fields.lettering
    )


def summary_of(data: bytes, *, dictionaries: Sequence[AnyDictionary]) -> str:
    """Give the summary alone: cells take most of the time that ``decode`` needs, and come last.

    Raises:
        EntropyError, MissingDictionary, NewerError: as ``decode``.
    """
    _, _, fields = _read_head(data, dictionaries)
    return fields.style[_STYLE.index("summary")]


def _read_head(data: bytes, dictionaries: Sequence[AnyDictionary]) -> tuple[BitReader, _Frame, _Fields]:
    """Read all but what cells show; the reader stands there."""
    if data[0] == JOINED:
        reader = BitReader(data[1:])
        frame = _read_frame(reader)
        words = _text(ppm.get_text(reader, _model(), PPM_MAX))
    elif data[0] == APART:
        words = entropy.decode_text(coded_text(data), dictionaries=dictionaries, limit=PPM_MAX)
        length, at = _symbols(data)
        reader = BitReader(data[at : at + length])
        frame = _read_frame(reader)
    else:
        raise NewerError(f"the description is of form {data[0]}, which needs a newer reader")
    return reader, frame, _fields(words, frame)


def joined_words(data: bytes) -> bytes:
    """Give the words of a part of the form JOINED; raises as ``decode``."""
    reader = BitReader(data[1:])
    _read_frame(reader)
    return ppm.get_text(reader, _model(), PPM_MAX)


def with_model(data: bytes, old: Model, new: Model) -> bytes:
    """Give a part of the form JOINED with its words by another model; its head stays as it is.

    Raises:
        EntropyError: it is no such part by the model ``old``.
    """
    copy = _Copy(data[1:])
    frame = _read_frame(copy)
    words = ppm.get_text(copy.reader, old, PPM_MAX)
    ppm.put_text(copy.writer, words, new)
    _read_cells(copy, _fields(_text(words), frame), frame)
    copy.reader.close()
    return data[:1] + copy.writer.finish()


class _Copy:
    """A reader that writes what it reads."""

    def __init__(self, data: bytes) -> None:
        self.reader, self.writer = BitReader(data), BitWriter()

    def bit(self, one: int) -> int:
        """Read a bit."""
        value = self.reader.bit(one)
        self.writer.bit(one, value)
        return value

    def symbol(self, frequencies: Sequence[int]) -> int:
        """Read an index into frequencies."""
        value = self.reader.symbol(frequencies)
        self.writer.symbol(frequencies, value)
        return value

    def uniform(self, total: int) -> int:
        """Read a number below ``total``."""
        value = self.reader.uniform(total)
        self.writer.uniform(total, value)
        return value


def coder_name(data: bytes) -> str:
    """Name the coder as ``inspect`` shows it."""
    if data[0] == JOINED:
        return "nouns+ppm"
    return f"nouns+{entropy.coder_name(coded_text(data))}" if data[0] == APART else "unknown"


def coded_text(data: bytes) -> bytes:
    """Give the coded text of a part; no bytes where the words are among the symbols."""
    if data[0] != APART:
        return b""
    length, at = _symbols(data)
    return data[at + length :]


def _symbols(data: bytes) -> tuple[int, int]:
    length, at = read_varint(data, 1, "the length of the symbols")
    if at + length > len(data):
        raise EntropyError("the symbols of the description are cut off", len(data))
    return length, at


@functools.lru_cache(maxsize=16)
def _coded(words: str, coder: str, dictionary: AnyDictionary | None) -> bytes:
    """Code words alone; fitting comes with the same words on one grid after another."""
    return entropy.encode_text(words, coder, dictionary=dictionary)


def _model() -> Model:
    return shipped(DESCRIPTIONS)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise EntropyError(f"the decoded text is not UTF-8 at its byte {error.start}") from error


def words_of(description: Description) -> str:
    """Give the words as lines."""
    style = [text for name in _STYLE if (text := getattr(description, name))]
    things = [", ".join((thing.name, *thing.attributes)) for thing in description.objects]
    lettering = [f"{item.manner}: {item.text}" for item in description.lettering]
    return "\n".join([description.medium, *style, *things, *lettering, *_phrases(description)])


def _phrases(description: Description) -> list[str]:
    """Give what cells show that has no number, in the order in which the cells say it first."""
    number = _texts(description).number
    return [text for text in dict.fromkeys(cell.text for cell in description.cells) if number(text) == NEXT]


def _texts(description: Description) -> CellTexts:
    spoken = [getattr(description, name) for name in _STYLE]
    return CellTexts(spoken, [(thing.name, thing.box) for thing in description.objects], description.cols)


def _write_frame(writer: BitWriter, frame: _Frame) -> None:
    writer.uniform(MAX_SIDE**2, (frame.rows - 1) * MAX_SIDE + frame.cols - 1)
    for boxes, more in ((frame.objects, _OBJECT), (frame.lettering, _LETTERING)):
        for box in boxes:
            writer.bit(more, 1)
            for first, last, count in ((box.top, box.bottom, frame.rows), (box.left, box.right, frame.cols)):
                writer.uniform(count, first - 1)
                writer.uniform(count - first + 1, last - first)
        writer.bit(more, 0)
    for chance, there in zip(_STYLED, frame.styled, strict=True):
        writer.bit(chance, there)
    writer.bit(_TEXTURED, frame.textured)


def _read_frame(reader: BitReader | _Copy) -> _Frame:
    rows, cols = (side + 1 for side in divmod(reader.uniform(MAX_SIDE**2), MAX_SIDE))

    def span(count: int) -> tuple[int, int]:
        first = reader.uniform(count) + 1
        return first, first + reader.uniform(count - first + 1)

    def boxes(more: int) -> Iterator[Box]:
        count = 0
        while reader.bit(more):
            count += 1
            if count > MOST:
                raise EntropyError(f"the description has more than {MOST} boxes of a kind")
            (top, bottom), (left, right) = span(rows), span(cols)
            yield Box(top, left, bottom, right)

    return _Frame(
        rows,
        cols,
        tuple(boxes(_OBJECT)),
        tuple(boxes(_LETTERING)),
        tuple(bool(reader.bit(chance)) for chance in _STYLED),
        bool(reader.bit(_TEXTURED)),
    )


def _cell_symbols(description: Description, frame: _Frame) -> list[_Symbol]:
    """Give the symbols of cells, of their texts and then of their textures."""
    texts = _texts(description)
    symbols: list[_Symbol] = []
    for cell in description.cells:
        symbols.append((texts.frequencies(), texts.number(cell.text)))
        texts.learn(cell.text)
    if frame.textured:

        def put(given: list[int], value: int) -> int:
            symbols.append((given, value))
            return value

        _textures(description.cells, frame.cols, put)
    return symbols


def _write_symbols(writer: BitWriter, symbols: Sequence[_Symbol]) -> None:
    for frequencies, value in symbols:
        writer.symbol(frequencies, value)


def _textures(cells: Sequence[Cell], cols: int, code: Callable[[list[int], int], int]) -> list[Cell]:
    """Code the textures of cells; ``code`` takes frequencies and a value, and gives the value coded."""
    frequencies = Frequencies()
    done: list[Cell] = []
    known: list[ResolvedCell] = []
    for index, cell in enumerate(cells):
        near = (known[-1] if index % cols else None), (known[index - cols] if index >= cols else None)

        def word(kind: str, context: int, given: str) -> str:
            contexts = [(kind, context)]
            value = code(frequencies.give(contexts), WORDS[kind].index(given))
            frequencies.learn(contexts, value)
            return WORDS[kind][value]

        texture = word("texture", texture_context(0, near), cell.texture)
        way = word("orientation", orientation_context(texture, near), cell.orientation) if texture else ""
        done.append(Cell(texture=texture, orientation=way, text=cell.text))  # the map shows all else
        known.append(resolve_cell(done[-1], None))
    return done


@dataclass(frozen=True, slots=True)
class _Fields:
    """What the words say; ``style`` is summary, light and mood."""

    medium: str
    style: tuple[str, str, str]
    objects: tuple[SceneObject, ...]
    lettering: tuple[Lettering, ...]
    phrases: tuple[str, ...]


def _fields(words: str, frame: _Frame) -> _Fields:
    """Read the lines of the words."""
    medium, *lines = words.split("\n")
    things, letters = len(frame.objects), len(frame.lettering)
    if len(lines) < sum(frame.styled) + things + letters:
        raise EntropyError("some words of the description are missing")
    style = [lines.pop(0) if there else "" for there in frame.styled]
    if not all(style[at] for at, there in enumerate(frame.styled) if there):
        raise EntropyError("a summary, light or mood has no words")
    objects = []
    for line, box in zip(lines, frame.objects, strict=False):
        name, *attributes = line.split(", ")
        objects.append(SceneObject(name, box, tuple(attributes)))
    lettering = []
    for line, box in zip(lines[things:], frame.lettering, strict=False):
        manner, colon, text = line.partition(": ")
        if not colon:
            raise EntropyError("lettering has no colon behind its manner")
        lettering.append(Lettering(text, box, manner))
    phrases = tuple(lines[things + letters :])
    return _Fields(medium, (style[0], style[1], style[2]), tuple(objects), tuple(lettering), phrases)


def _read_cells(reader: BitReader | _Copy, fields: _Fields, frame: _Frame) -> tuple[Cell, ...]:
    objects = [(thing.name, thing.box) for thing in fields.objects]
    texts = CellTexts(fields.style, objects, frame.cols)
    phrases = iter(fields.phrases)
    cells: list[Cell] = []
    for _ in range(frame.rows * frame.cols):
        number = reader.symbol(texts.frequencies())
        text = texts.texts[number]
        if number == NEXT:
            text = next(phrases, "")
            if not text or texts.number(text) != NEXT:
                raise EntropyError("the words of some cells are missing")
        texts.learn(text)
        cells.append(Cell(text=text))
    if next(phrases, None) is not None:
        raise EntropyError("there are more words than cells have")
    if frame.textured:
        return tuple(_textures(cells, frame.cols, lambda given, _: reader.symbol(given)))
    return tuple(cells)
