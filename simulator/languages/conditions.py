"""The conditions that SNS filter policies and EventBridge patterns share: compiled once, then asked for each value.

A condition is what stands in the list behind a field: a plain value, or an object with one operator. It is compiled to a
function that says whether a value (string, number, boolean or None) satisfies it.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Dialect:
    """Which conditions a service takes: its operators, those allowed inside ``anything-but``, and its range of numbers.

    Numbers are compared with ``digits`` after the point. The last group is what EventBridge takes and SNS does not: an empty
    text to compare with, null as a value like any other to ``anything-but``, plain numbers beyond the range; and what it
    refuses: strings and numbers in one ``anything-but``, address ranges of a single address.
    """

    name: str
    operators: frozenset[str]
    inside_anything_but: frozenset[str]
    number_limit: float
    ignores_case_inside: bool = False
    """Whether ``prefix`` and ``suffix`` take ``{"equals-ignore-case": ...}``."""
    digits: int = 5
    lists_inside_anything_but: bool = False
    """Whether an operator inside ``anything-but`` takes a list."""
    empty_text: bool = False
    null_is_a_value: bool = False
    plain_numbers_unbounded: bool = False
    mixed_exclusions: bool = True
    single_addresses: bool = True


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
    if is_number(condition) and not dialect.plain_numbers_unbounded:
        _check_range(condition, dialect)
    return equals(condition, dialect.digits)


def equals(expected: Any, digits: int) -> Test:
    """The very value; numbers by value, and true is not 1."""
    if isinstance(expected, bool) or expected is None:
        return lambda value: value is expected
    if is_number(expected):
        rounded = round(expected, digits)
        return lambda value: is_number(value) and round(value, digits) == rounded
    return lambda value: isinstance(value, str) and value == expected


def is_number(value: Any) -> bool:
    """Whether this is a JSON number (a boolean is not)."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check_range(number: float, dialect: Dialect) -> None:
    if not abs(number) <= dialect.number_limit:
        raise ConditionError(f"{dialect.name} compares numbers from -{dialect.number_limit:g} to {dialect.number_limit:g}, not {number!r}")


def _text(operand: Any, operator: str, *, empty: bool = False) -> str:
    if not isinstance(operand, str) or not (operand or empty):
        raise ConditionError(f"'{operator}' needs a string{'' if empty else ' that is not empty'}, not {json.dumps(operand, default=str)}")
    return operand


def _affix(operator: str, has: Callable[[str, str], bool]) -> Callable[[Any, Dialect], Test]:
    """The compiler of ``prefix`` or ``suffix``."""

    def compile_affix(operand: Any, dialect: Dialect) -> Test:
        if dialect.ignores_case_inside and isinstance(operand, dict) and set(operand) == {"equals-ignore-case"}:
            folded = _text(operand["equals-ignore-case"], operator, empty=dialect.empty_text).casefold()
            return lambda value: isinstance(value, str) and has(value.casefold(), folded)
        text = _text(operand, operator, empty=dialect.empty_text)
        return lambda value: isinstance(value, str) and has(value, text)

    return compile_affix


def _ignore_case(operand: Any, dialect: Dialect) -> Test:
    folded = _text(operand, "equals-ignore-case", empty=dialect.empty_text).casefold()
    return lambda value: isinstance(value, str) and value.casefold() == folded


def _wildcard(operand: Any, dialect: Dialect) -> Test:
    pieces = [""]
    last_seen = ""
    for mark in re.findall(r"\\.|.|\n", _text(operand, "wildcard", empty=dialect.empty_text)):
        if mark == "*":
            if last_seen == "*":
                raise ConditionError("'wildcard' must not have two * in a row")
            pieces.append("")
        elif mark.startswith("\\"):
            if mark not in (r"\*", r"\\"):
                raise ConditionError(r"in 'wildcard', a backslash stands before * or another backslash only")
            pieces[-1] += mark[1]
        else:
            pieces[-1] += mark
        last_seen = mark
    return lambda value: isinstance(value, str) and _fits_around_stars(value, pieces)


def _fits_around_stars(value: str, pieces: list[str]) -> bool:
    """Whether ``value`` is these pieces in order, with anything between them. Takes each piece at its first place: no backtracking."""
    first, *others = pieces
    if not others:
        return value == first
    last = others.pop()
    if not value.startswith(first) or len(value) < len(first) + len(last) or not value.endswith(last):
        return False
    place, end = len(first), len(value) - len(last)
    for piece in others:
        found = value.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True


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
        tests.append((_COMPARISONS[sign], round(bound, dialect.digits)))
    if len(tests) == 2:
        lower, upper = operand[0], operand[2]
        if lower not in (">", ">=") or upper not in ("<", "<=") or operand[1] >= operand[3]:
            raise ConditionError("a numeric range goes from > or >= a lower bound to < or <= a higher one")
    digits = dialect.digits
    return lambda value: is_number(value) and all(compare(round(value, digits), bound) for compare, bound in tests)


def _address(operand: Any, dialect: Dialect) -> Test:
    try:
        network = ipaddress.ip_network(_text(operand, "cidr"), strict=False)
    except ValueError as error:
        raise ConditionError(f"'cidr' needs an address range such as 10.0.0.0/24: {error}") from None
    if not dialect.single_addresses and network.prefixlen == network.max_prefixlen:
        raise ConditionError(f"in {dialect.name}, 'cidr' needs a range of more than one address, such as 10.0.0.0/24; write a single address as a plain value")

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
        if not dialect.mixed_exclusions and 0 < sum(is_number(value) for value in values) < len(values):
            raise ConditionError(f"in {dialect.name}, 'anything-but' takes either strings or numbers, not both")
        for value in filter(is_number, values):
            _check_range(value, dialect)
        tests = [compile_condition(value, dialect) for value in values]
    null = dialect.null_is_a_value
    return lambda value: (null or value is not None) and not any(test(value) for test in tests)


def _excluded_by_operator(operand: dict[str, Any], dialect: Dialect) -> list[Test]:
    operator = next(iter(operand), None)
    if len(operand) != 1 or operator not in dialect.inside_anything_but:
        raise ConditionError(f"in {dialect.name}, 'anything-but' takes strings, numbers, or one of: {', '.join(sorted(dialect.inside_anything_but))}")
    values = operand[operator]
    if isinstance(values, list) and not dialect.lists_inside_anything_but:
        raise ConditionError(f"'{operator}' inside 'anything-but' needs a string")
    values = values if isinstance(values, list) else [values]
    if not values or not all(isinstance(value, str) and value for value in values):
        raise ConditionError(f"'{operator}' inside 'anything-but' needs a string that is not empty{', or a list of such' if dialect.lists_inside_anything_but else ''}")
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


def exists(condition: Any) -> bool | None:
    """What an ``exists`` condition asks for; None if it is another condition, or not valid."""
    if isinstance(condition, dict) and set(condition) == {"exists"} and isinstance(condition["exists"], bool):
        return condition["exists"]
    return None


def is_alternatives(rule: Any) -> bool:
    """Whether what stands behind ``$or`` makes it the operator; otherwise it is the name of a field like any other."""
    if not isinstance(rule, list) or len(rule) < 2:
        return False
    return all(isinstance(alternative, dict) and alternative and not OPERATORS & set(alternative) for alternative in rule)


def faults(rules: Mapping[str, Any], dialect: Dialect, *, nested: bool, path: str = "") -> Iterator[str]:
    """What is wrong with an object of fields and their conditions, each fault with its path. ``nested``: objects may contain objects."""
    if not rules and path:
        yield f"{path}: an object needs at least one key"
    for key, rule in rules.items():
        place = f"{path}.{key}" if path else key
        if key == "$or" and is_alternatives(rule):
            for number, alternative in enumerate(rule):
                yield from faults(alternative, dialect, nested=nested, path=f"{place}[{number}]")
        elif isinstance(rule, dict):
            if not nested:
                yield f"{place}: only a policy on the body may have nested keys; write a list of values"
                continue
            yield from faults(rule, dialect, nested=nested, path=place)
        elif not isinstance(rule, list):
            yield f"{place}: the value must be a list, for example [{json.dumps(rule)}]"
        elif not rule:
            yield f"{place}: the list of values is empty"
        else:
            yield from _condition_faults(rule, place, dialect)


def _condition_faults(conditions: list[Any], place: str, dialect: Dialect) -> Iterator[str]:
    for number, condition in enumerate(conditions):
        if isinstance(condition, dict) and set(condition) == {"exists"}:
            if exists(condition) is None:
                yield f"{place}[{number}]: 'exists' is true or false"
            continue
        try:
            compile_condition(condition, dialect)
        except ConditionError as error:
            yield f"{place}[{number}]: {error}"
