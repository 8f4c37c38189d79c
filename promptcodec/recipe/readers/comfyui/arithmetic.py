"""Nodes that count: an expression over their inputs, or one operation on two of them."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

Value = int | float
_MOST = 1 << 64  # seeds are below it
_LONGEST = 500  # signs
_SIGNS = re.compile(r"(?!.*\d[A-Za-z_])[\w\s.+*/%(),-]+", re.DOTALL)  # of others a parser may warn
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_CALLS: dict[str, Callable[..., Any]] = {
    "min": min, "max": max, "round": round, "floor": math.floor, "ceil": math.ceil, "int": int,
    "float": float, "abs": abs,
}  # fmt: skip
_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "modulo": operator.mod,
    "addition": operator.add,
    "subtraction": operator.sub,
    "multiplication": operator.mul,
    "division": operator.truediv,
}
_NAMES = ("a", "b", "c", "d")


def is_counting(inputs: Mapping[str, Any], kind: str) -> bool:
    """Say whether a node counts."""
    maths = "math" in kind.lower()
    held = inputs.get("operation")
    return (maths and _expression(inputs) is not None) or (
        isinstance(held, str) and held.lower() in _OPERATIONS and {"a", "b"} <= inputs.keys()
    )


def counted(inputs: Mapping[str, Any], value: Callable[[Any], Any]) -> Value | None:
    """Give what a node that counts gives, None where that cannot be worked out.

    Args:
        inputs: the node's.
        value: gives the number that an input is or links to.
    """
    given = {name: value(inputs[name]) for name in _NAMES if name in inputs}
    numbers = {name: number for name, number in given.items() if isinstance(number, (int, float))}
    expression = _expression(inputs)
    try:
        if expression is None:
            operation = _OPERATIONS[inputs["operation"].lower()]
            result = operation(numbers["a"], numbers["b"])
        elif not _SIGNS.fullmatch(expression):
            return None
        else:
            result = _value(ast.parse(expression, mode="eval").body, numbers)
    except (ArithmeticError, LookupError, MemoryError, RecursionError, SyntaxError, TypeError, ValueError):
        return None
    if not isinstance(result, (int, float)) or not math.isfinite(result):
        return None
    return int(result) if float(result).is_integer() else result


def _expression(inputs: Mapping[str, Any]) -> str | None:
    held = inputs.get("expression", inputs.get("value"))
    return held.strip() if isinstance(held, str) and 0 < len(held) <= _LONGEST else None


def _value(node: ast.expr, names: Mapping[str, Value]) -> Value:
    """Work out numbers, names, the four operations and a few functions; everything else is refused."""
    match node:
        case ast.Constant(value=bool() | str() | bytes() | None):
            raise ValueError
        case ast.Constant(value=int() | float() as number):
            result = number
        case ast.Name(id=name):
            result = names[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            result = -_value(operand, names)
        case ast.BinOp(left=left, op=sign, right=right):
            result = _BINARY[type(sign)](_value(left, names), _value(right, names))
        case ast.Call(func=ast.Name(id=name), args=[_, *_] as args, keywords=[]) if len(args) <= len(_NAMES):
            result = _CALLS[name](*(_value(arg, names) for arg in args))
        case _:
            raise ValueError
    if abs(result) > _MOST:
        raise OverflowError
    return result
