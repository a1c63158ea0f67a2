"""The conditions that SNS filter policies and EventBridge patterns share: compiled once, then asked for each value.

A condition is what stands in the list behind a field: a plain value, or an object with one operator. It is compiled to a
function that says whether a value (string, number, boolean or None) satisfies it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Test = Callable[[Any], bool]

DIGITS = 5
"""Numbers are compared with this many digits after the point."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Which conditions a service takes: its operators, those allowed inside ``anything-but``, and its range of numbers."""

    name: str
    operators: frozenset[str]
    inside_anything_but: frozenset[str]
    number_limit: float
    ignores_case_inside: bool = False
    """Whether ``prefix`` and ``suffix`` take ``{"equals-ignore-case": ...}``."""


class ConditionError(ValueError):
    """A condition that is not valid; the message says why."""


def compile_condition(condition: Any, dialect: Dialect) -> Test:
    """The test for one condition; raise `ConditionError` if it is not valid in this dialect."""
    if isinstance(condition, dict):
        if len(condition) != 1:
            raise ConditionError(f"an operator object has exactly one key, not {len(condition)}")
        operator, operand = next(iter(condition.items()))
        if operator not in dialect.operators:
            raise ConditionError(f"{dialect.name} has no operator '{operator}'; it has: {', '.join(sorted([*dialect.operators, 'exists']))}")
        return _COMPILERS[operator](operand, dialect)
    if isinstance(condition, list):
        raise ConditionError("a list inside a list is not a condition")
    if is_number(condition):
        _check_range(condition, dialect)
    return equals(condition)


def equals(expected: Any) -> Test:
    """The very value; numbers by value, and true is not 1."""
    if isinstance(expected, bool) or expected is None:
        return lambda value: value is expected
    if is_number(expected):
        rounded = round(expected, DIGITS)
        return lambda value: is_number(value) and round(value, DIGITS) == rounded
    return lambda value: isinstance(value, str) and value == expected


def is_number(value: Any) -> bool:
    """Whether this is a JSON number (a boolean is not)."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check_range(number: float, dialect: Dialect) -> None:
    if not abs(number) <= dialect.number_limit:
        raise ConditionError(f"{dialect.name} compares numbers from -{dialect.number_limit:g} to {dialect.number_limit:g}, not {number!r}")


def _text(operand: Any, operator: str) -> str:
    if not isinstance(operand, str) or not operand:
        raise ConditionError(f"'{operator}' needs a string that is not empty")
    return operand


def _affix(operator: str, has: Callable[[str, str], bool]) -> Callable[[Any, Dialect], Test]:
    """The compiler of ``prefix`` or ``suffix``."""

    def compile_affix(operand: Any, dialect: Dialect) -> Test:
        if dialect.ignores_case_inside and isinstance(operand, dict) and set(operand) == {"equals-ignore-case"}:
            folded = _text(operand["equals-ignore-case"], operator).casefold()
            return lambda value: isinstance(value, str) and has(value.casefold(), folded)
        text = _text(operand, operator)
        return lambda value: isinstance(value, str) and has(value, text)

    return compile_affix


def _ignore_case(operand: Any, dialect: Dialect) -> Test:
    folded = _text(operand, "equals-ignore-case").casefold()
    return lambda value: isinstance(value, str) and value.casefold() == folded


def _wildcard(operand: Any, dialect: Dialect) -> Test:
    text = _text(operand, "wildcard")
    if "**" in text:
        raise ConditionError("'wildcard' must not have two * in a row")
    parts = re.split(r"(\\\*|\\\\|\*)", text)
    pattern = re.compile("".join(".*" if part == "*" else re.escape(part[1:] if part in (r"\*", r"\\") else part) for part in parts), re.DOTALL)
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda value, bound: value == bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}


def _numeric(operand: Any, dialect: Dialect) -> Test:
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        raise ConditionError("'numeric' needs a list such as [\">\", 0, \"<=\", 100]")
    tests = []
    for sign, bound in zip(operand[::2], operand[1::2], strict=True):
        if not isinstance(sign, str) or sign not in _COMPARISONS:
            raise ConditionError(f"{sign!r} is not a comparison; there are: {' '.join(_COMPARISONS)}")
        if not is_number(bound):
            raise ConditionError(f"'numeric' compares with a number, not with {bound!r}")
        _check_range(bound, dialect)
        tests.append((_COMPARISONS[sign], round(bound, DIGITS)))
    if len(tests) == 2:
        lower, upper = operand[0], operand[2]
        if lower not in (">", ">=") or upper not in ("<", "<=") or operand[1] >= operand[3]:
            raise ConditionError("a numeric range goes from > or >= a lower bound to < or <= a higher one")
    return lambda value: is_number(value) and all(compare(round(value, DIGITS), bound) for compare, bound in tests)


def _address(operand: Any, dialect: Dialect) -> Test:
    try:
        network = ipaddress.ip_network(_text(operand, "cidr"), strict=False)
    except ValueError as error:
        raise ConditionError(f"'cidr' needs an address range such as 10.0.0.0/24: {error}") from None

    def inside(value: Any) -> bool:
        try:
            address = ipaddress.ip_address(value) if isinstance(value, str) else None
        except ValueError:
            return False
        return address is not None and address.version == network.version and address in network

    return inside


def _anything_but(operand: Any, dialect: Dialect) -> Test:
    """Any value but these; the field has to be there."""
    if isinstance(operand, dict):
        tests = _excluded_by_operator(operand, dialect)
    else:
        values = operand if isinstance(operand, list) else [operand]
        if not values or any(isinstance(value, (dict, list, bool)) or value is None for value in values):
            raise ConditionError("'anything-but' takes strings or numbers, at least one")
        tests = [compile_condition(value, dialect) for value in values]
    return lambda value: value is not None and not any(test(value) for test in tests)


def _excluded_by_operator(operand: dict[str, Any], dialect: Dialect) -> list[Test]:
    operator = next(iter(operand), None)
    if len(operand) != 1 or operator not in dialect.inside_anything_but:
        raise ConditionError(f"in {dialect.name}, 'anything-but' takes strings, numbers, or one of: {', '.join(sorted(dialect.inside_anything_but))}")
    values = operand[operator]
    if not isinstance(values, list):
        return [_COMPILERS[operator](values, dialect)]
    if not values or dialect.inside_anything_but == {"prefix"}:
        raise ConditionError(f"'{operator}' inside 'anything-but' needs a string")
    return [_COMPILERS[operator](value, dialect) for value in values]


_COMPILERS: dict[str, Callable[[Any, Dialect], Test]] = {
    "prefix": _affix("prefix", str.startswith),
    "suffix": _affix("suffix", str.endswith),
    "equals-ignore-case": _ignore_case,
    "wildcard": _wildcard,
    "numeric": _numeric,
    "cidr": _address,
    "anything-but": _anything_but,
}

OPERATORS = frozenset([*_COMPILERS, "exists"])
"""Every operator of any dialect: the words that ``$or`` does not take as names of fields."""
