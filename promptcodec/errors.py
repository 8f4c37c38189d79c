"""Everything promptcodec raises on purpose, in one small tree.

Every error has a ``kind`` (a stable word for programs) and the ``exit_code``
the command line ends with; every message says what is wrong and the way out.
Where that way is an option of the command line, it stands apart in ``hint``.
"""

from __future__ import annotations

from dataclasses import dataclass


class PromptcodecError(Exception):
    """Base of every error promptcodec raises on purpose.

    Attributes:
        hint: what to do about it on the command line, which prints it behind the message.
    """

    kind = "error"
    exit_code = 2
    offset: int | None = None

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a user should know of a result that is whole.

    Attributes:
        text: what it is.
        hint: as of an error.
    """

    text: str
    hint: str = ""

    def __str__(self) -> str:
        """Give what it is."""
        return self.text


class EncodeWarning(UserWarning):
    """A notice of an encoding, as the library gives it."""


class UnexpectedError(PromptcodecError):
    """An exception of another kind: a fault of this package, of a plugin or of a library below."""

    kind = "unexpected"
    exit_code = 1


class UsageError(PromptcodecError):
    """An argument that cannot be honoured (unknown name, impossible combination)."""

    kind = "usage"


class HeldUpError(UsageError):
    """Another program was in the way for too long; later it will not be."""


class ImageError(PromptcodecError):
    """An input picture that cannot be read, or is too large to be read safely."""

    kind = "image"


class ContainerError(PromptcodecError):
    """A file that holds pictures, such as a tar shard, and cannot be read to its end."""

    kind = "container"


class BudgetError(PromptcodecError):
    """A byte budget below what the requested layers need."""

    kind = "budget"


class BitstreamError(PromptcodecError):
    """A stream that cannot be parsed.

    Attributes:
        offset: byte offset into the file where parsing stopped, where known.
    """

    kind = "bitstream"

    def __init__(self, message: str, offset: int | None = None, *, hint: str = "") -> None:
        super().__init__(message if offset is None else f"{message} (at byte {offset})", hint=hint)
        self.offset = offset


class NewerError(BitstreamError):
    """Something a newer version of the format added: it is not damaged, but this reader cannot read it."""

    kind = "newer"


class EntropyError(BitstreamError):
    """Coded text or symbols that no encoder of ours would have written."""

    kind = "entropy"


class DescriptionError(PromptcodecError):
    """A description that breaks the grammar or its own grid.

    Attributes:
        reason: the message without its position.
        line: 1-based line of the canonical text, 0 where it came from elsewhere.
        column: 1-based column of the canonical text, 0 where it came from elsewhere.
    """

    kind = "description"

    def __init__(self, message: str, line: int = 0, column: int = 0, *, hint: str = "") -> None:
        super().__init__(f"line {line}, column {column}: {message}" if line else message, hint=hint)
        self.reason = message
        self.line = line
        self.column = column


class CaptionerError(PromptcodecError):
    """A captioner that gave no usable description."""

    kind = "captioner"


class GeneratorError(PromptcodecError):
    """A generator that gave no usable picture."""

    kind = "generator"


class CancelledError(PromptcodecError):
    """Work that whoever watched it ended."""

    kind = "cancelled"
    exit_code = 1


class ApiError(PromptcodecError):
    """A hosted model that could not be reached, or would not answer."""

    kind = "api"
    exit_code = 4


class RefusedError(PromptcodecError):
    """A model or its filter that would not do what was asked."""

    kind = "refused"


class SpendingError(PromptcodecError):
    """A call that would spend more than was allowed."""

    kind = "spending"


class OutputExistsError(PromptcodecError):
    """An output that is already there and was not to be replaced."""

    kind = "exists"


class MissingError(PromptcodecError):
    """Something the operation needs is not installed or not at hand."""

    kind = "missing"
    exit_code = 4


class MissingDictionary(MissingError):  # noqa: N818 - named after what is missing
    """A stream was made with a dictionary that was not given."""

    kind = "missing-dictionary"
