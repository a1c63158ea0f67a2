"""The rules of a Choice state in JSONPath: every comparison and And, Or, Not."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from simulator.languages.asl.errors import RUNTIME, StatesError
from simulator.languages.asl.paths import NoResult, PathError, parse_path
from simulator.languages.asl.queries import Place

SIGNS: Mapping[str, Callable[[Any, Any], Any]] = {
    "Equals": operator.eq, "LessThan": operator.lt, "GreaterThan": operator.gt, "LessThanEquals": operator.le, "GreaterThanEquals": operator.ge,
}
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@lru_cache(maxsize=4096)
def moment(text: str) -> datetime | None:
    """A timestamp in the profile of RFC 3339 that Step Functions reads; None if it is none."""
    if not TIMESTAMP.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


KINDS: Mapping[str, Callable[[Any], Any]] = {
    "String": lambda value: value if isinstance(value, str) else None, "Numeric": lambda value: value if _is_number(value) else None,
    "Timestamp": lambda value: moment(value) if isinstance(value, str) else None, "Boolean": lambda value: value if isinstance(value, bool) else None,
}
TYPES: Mapping[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None, "IsString": lambda value: isinstance(value, str), "IsNumeric": _is_number,
    "IsBoolean": lambda value: isinstance(value, bool), "IsTimestamp": lambda value: isinstance(value, str) and moment(value) is not None,
}
COMPARISONS: dict[str, tuple[str, str]] = {
    f"{kind}{sign}{path}": (kind, sign) for kind in KINDS for sign in SIGNS for path in ("", "Path") if kind != "Boolean" or sign == "Equals"
}
TESTS = frozenset({*COMPARISONS, *TYPES, "IsPresent", "StringMatches"})
"""Names of all comparisons."""


def holds(rule: Mapping[str, Any], place: Place, data: Any) -> bool:
    """Whether ``rule`` is true of ``data``. Raises `StatesError` where its variable leads nowhere."""
    if "And" in rule:
        return all(holds(part, place, data) for part in rule["And"])
    if "Or" in rule:
        return any(holds(part, place, data) for part in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], place, data)
    test = next(name for name in rule if name in TESTS)
    if test == "IsPresent":
        return bool(_is_present(rule["Variable"], place, data) == rule[test])
    value = _read(rule["Variable"], place, data)
    if test in TYPES:
        return bool(TYPES[test](value) == rule[test])
    if test == "StringMatches":
        return isinstance(value, str) and bool(_pattern(rule[test]).fullmatch(value))
    kind, sign = COMPARISONS[test]
    other = _read(rule[test], place, data) if test.endswith("Path") else rule[test]
    left, right = KINDS[kind](value), KINDS[kind](other)
    return left is not None and right is not None and bool(SIGNS[sign](left, right))


def _is_present(text: str, place: Place, data: Any) -> bool:
    try:
        path = parse_path(text)
        found = place.read(path, data)
    except NoResult:
        return False
    return path.definite or bool(found)


def _read(text: str, place: Place, data: Any) -> Any:
    try:
        path = parse_path(text)
        found = place.read(path, data)
    except NoResult:
        raise StatesError(RUNTIME, f"Invalid path '{text}': The choice state's condition path references an invalid value.") from None
    except PathError as error:
        raise StatesError(RUNTIME, str(error)) from None
    if not path.definite and isinstance(found, list) and len(found) == 1:
        return found[0]
    return found


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    r"""``*`` stands for any characters; ``\*`` for a star and ``\\`` for a backslash."""
    made, place = "", 0
    while place < len(text):
        mark = text[place]
        if mark == "\\" and text[place + 1:place + 2] in ("*", "\\"):
            made += re.escape(text[place + 1])
            place += 1
        else:
            made += ".*" if mark == "*" else re.escape(mark)
        place += 1
    return re.compile(made, re.DOTALL)
