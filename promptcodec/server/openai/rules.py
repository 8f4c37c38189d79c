"""Rules that requests are held against: types, words, ranges, fields; the errors are the real API's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class BadRequestError(Exception):
    """A request the API answers with an error object.

    Attributes:
        message, param, code: of the error object.
        status: the HTTP status.
    """

    def __init__(
        self, message: str, param: str | None = None, code: str | None = None, status: int = 400
    ) -> None:
        super().__init__(message)
        self.message, self.param, self.code, self.status = message, param, code, status


Rule = Callable[[Any, str], None]


def wrong_type(param: str, value: Any, wanted: str) -> BadRequestError:
    """Make the error of a value of another type."""
    return BadRequestError(
        f"Invalid type for '{param}': expected {wanted}, but got {type(value).__name__} instead.",
        param,
        "invalid_type",
    )


def kind(*types: type) -> Rule:
    """Make a rule: of one of these types; true and false are no numbers."""

    def check(value: Any, param: str) -> None:
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise wrong_type(param, value, " or ".join(one.__name__ for one in types))

    return check


def among(*values: str) -> Rule:
    """Make a rule: one of these words."""

    def check(value: Any, param: str) -> None:
        if value not in values:
            raise BadRequestError(
                f"Invalid value: '{value}'. Supported values are: {', '.join(values)}.",
                param,
                "invalid_value",
            )

    return check


def between(low: float, high: float, *types: type) -> Rule:
    """Make a rule: a number from ``low`` to ``high``."""
    of_type = kind(*types)

    def check(value: Any, param: str) -> None:
        of_type(value, param)
        if not low <= value <= high:
            raise BadRequestError(
                f"Invalid '{param}': expected a value from {low} to {high}, got {value}.",
                param,
                "integer_below_min_value" if value < low else "integer_above_max_value",
            )

    return check


def anything(_value: Any, _param: str) -> None:
    """Take anything: fields of the real API that make no difference here."""


def fields(value: Any, rules: Mapping[str, Rule], required: tuple[str, ...], at: str = "") -> None:
    """Hold an object against its rules."""
    if not isinstance(value, dict):
        raise wrong_type(at or "body", value, "an object")
    prefix = f"{at}." if at else ""
    for name in value:
        if name not in rules:
            raise BadRequestError(
                f"Unknown parameter: '{prefix}{name}'.", f"{prefix}{name}", "unknown_parameter"
            )
    for name in required:
        if name not in value:
            raise BadRequestError(
                f"Missing required parameter: '{prefix}{name}'.",
                f"{prefix}{name}",
                "missing_required_parameter",
            )
    for name, item in value.items():
        rules[name](item, f"{prefix}{name}")


def model(*names: str) -> Rule:
    """Make a rule: one of the models there are for this endpoint."""

    def check(value: Any, param: str) -> None:
        kind(str)(value, param)
        if value not in names:
            raise BadRequestError(
                f"The model '{value}' does not exist or you do not have access to it.",
                param,
                "model_not_found",
                404,
            )

    return check


def filled_list(value: Any, param: str) -> None:
    """Hold a value against the rule: a list with something in it."""
    kind(list)(value, param)
    if not value:
        raise BadRequestError(f"Invalid '{param}': empty array.", param, "empty_array")
