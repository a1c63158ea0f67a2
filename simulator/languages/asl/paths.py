"""JSONPath as Step Functions reads it: definite paths give one value or fail, others give a list.

``$`` is the input, ``$$`` the context object, ``$name`` a variable. Children, subscripts (also negative), unions, slices,
wildcards, descendants and filters are known. Reference paths (ResultPath and the like) are the definite ones.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from simulator.languages.asl.errors import StatesError

Step = Callable[[Any, Any], Iterator[Any]]
"""Turns one value (and the root) into those it leads to."""

START = re.compile(r"\$\$|\$(?P<name>[A-Za-z_][A-Za-z0-9_]*)|\$")
CHILD = re.compile(r"\.(?P<name>[^\s.\[\]()'\",*]+)")
QUOTED = re.compile(r"\s*(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*")
INDEX = re.compile(r"\s*(-?\d+)\s*")
SLICE = re.compile(r"\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*(-?\d*)\s*)?")
COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {"==": operator.eq, "!=": operator.ne, "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}
MISSING = object()


class PathError(ValueError):
    """A text that is no path; the message says why."""


class NoResult(LookupError):
    """A definite path that leads nowhere in this input."""


@dataclass(frozen=True)
class Path:
    """A parsed path. ``root`` is ``$``, ``$$`` or the name of a variable; ``keys`` are the steps of a definite path."""

    text: str
    root: str
    definite: bool
    keys: tuple[str | int, ...]
    steps: tuple[Step, ...]

    def read(self, root: Any) -> Any:
        """The value in ``root``; raises `NoResult` if a definite path leads nowhere."""
        if self.definite:
            value = root
            for key in self.keys:
                value = _child(value, key)
                if value is MISSING:
                    raise NoResult(self.text)
            return value
        values = [root]
        for step in self.steps:
            values = [found for value in values for found in step(value, root)]
        return values

    def write(self, root: Any, value: Any) -> Any:
        """A copy of ``root`` with ``value`` at this reference path; objects on the way are made. Raises `StatesError`."""
        return _write(root, self.keys, value, self.text)


def _child(value: Any, key: str | int) -> Any:
    if isinstance(key, str):
        return value.get(key, MISSING) if isinstance(value, dict) else MISSING
    if isinstance(value, list) and -len(value) <= key < len(value):
        return value[key]
    return MISSING


def _write(root: Any, keys: tuple[str | int, ...], value: Any, text: str) -> Any:
    if not keys:
        return value
    key = keys[0]
    if isinstance(key, str):
        if root is not None and not isinstance(root, dict):
            raise StatesError("States.ResultPathMatchFailure", f"Unable to apply ReferencePath {text} to input {root!r}")
        copy = dict(root or {})
        copy[key] = _write(copy.get(key), keys[1:], value, text)
        return copy
    if not isinstance(root, list) or not 0 <= key < len(root):
        raise StatesError("States.ResultPathMatchFailure", f"Unable to apply ReferencePath {text}: there is no array with a place {key}")
    listed = list(root)
    listed[key] = _write(root[key], keys[1:], value, text)
    return listed


@lru_cache(maxsize=4096)
def parse_path(text: str) -> Path:
    """Parse ``text``; raises `PathError`."""
    start = START.match(text)
    if start is None:
        raise PathError(f"'{text}' is not a path: it must begin with $")
    root = start["name"] or start[0]
    place, keys, steps, definite = start.end(), [], [], True
    while place < len(text):
        place, key, step = _step(text, place)
        steps.append(step)
        if key is None:
            definite = False
        else:
            keys.append(key)
    return Path(text, root, definite, tuple(keys) if definite else (), tuple(steps))


def reference_path(text: str) -> Path:
    """Parse a path that must name one place of the input or of the variables; raises `PathError`."""
    path = parse_path(text)
    if not path.definite:
        raise PathError(f"'{text}' must name a single place: no wildcards, slices, filters or '..'")
    return path


def _step(text: str, place: int) -> tuple[int, str | int | None, Step]:
    if text.startswith("..", place):
        if text.startswith("..*", place):
            return place + 3, None, _every_descendant
        child = CHILD.match(text, place + 1)
        if child:
            return child.end(), None, _descendants_named(child["name"])
        if text.startswith("..[", place):
            return place + 2, None, _self_and_descendants
        raise PathError(f"'{text}' ends after '..'")
    if text.startswith(".*", place):
        return place + 2, None, _children
    child = CHILD.match(text, place)
    if child:
        name = child["name"]
        return child.end(), name, _named(name)
    if text.startswith(".[", place):
        place += 1
    if text[place] == "[":
        return _bracket(text, place + 1)
    raise PathError(f"'{text}' cannot be read from '{text[place:]}' on")


def _bracket(text: str, place: int) -> tuple[int, str | int | None, Step]:
    if text.startswith("*]", place):
        return place + 2, None, _children
    if text.startswith("?(", place):
        return _filter(text, place)
    keys: list[str | int] = []
    while True:
        quoted, index, cut = QUOTED.match(text, place), INDEX.match(text, place), SLICE.match(text, place)
        if quoted:
            keys.append(_unquoted(quoted["text"]))
            place = quoted.end()
        elif cut:
            bounds = slice(*(int(bound) if bound else None for bound in cut.groups()))
            if text[cut.end():cut.end() + 1] != "]":
                raise PathError(f"'{text}' lacks a ]")
            return cut.end() + 1, None, _sliced(bounds)
        elif index:
            keys.append(int(index[1]))
            place = index.end()
        else:
            raise PathError(f"'{text}': '{text[place:]}' is no name, number, slice, wildcard or filter")
        mark = text[place:place + 1]
        place += 1
        if mark == "]":
            break
        if mark != ",":
            raise PathError(f"'{text}' lacks a ]")
    if len(keys) == 1:
        return place, keys[0], _named(keys[0])
    return place, None, lambda value, _: (found for key in keys if (found := _child(value, key)) is not MISSING)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _named(key: str | int) -> Step:
    return lambda value, _: (found for found in [_child(value, key)] if found is not MISSING)


def _sliced(bounds: slice) -> Step:
    return lambda value, _: iter(value[bounds] if isinstance(value, list) else ())


def _children(value: Any, _: Any = None) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _every_descendant(value: Any, _: Any = None) -> Iterator[Any]:
    for child in _children(value):
        yield child
        yield from _every_descendant(child)


def _self_and_descendants(value: Any, _: Any = None) -> Iterator[Any]:
    yield value
    yield from _every_descendant(value)


def _descendants_named(name: str) -> Step:
    return lambda value, _: (part[name] for part in _self_and_descendants(value) if isinstance(part, dict) and name in part)


# -- filters --------------------------------------------------------------------------------------------------------

Test = Callable[[Any, Any], Any]
TOKEN = re.compile(r"\s*(&&|\|\||==|!=|<=|>=|=~|<|>|!|\(|\)|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|-?\d+(?:\.\d+)?|true|false|null|[@$](?:\.\.?[\w*-]+|\[[^\]]*\])*|/(?:[^/\\]|\\.)*/i?|in\b|nin\b|\[[^\]]*\])")


def _filter(text: str, place: int) -> tuple[int, None, Step]:
    tokens, depth, at = [], 0, place + 1
    while True:
        token = TOKEN.match(text, at)
        if token is None:
            raise PathError(f"'{text}': the filter cannot be read from '{text[at:]}' on")
        at = token.end()
        depth += {"(": 1, ")": -1}.get(token[1], 0)
        tokens.append(token[1])
        if depth == 0:
            break
    if text[at:at + 1] != "]":
        raise PathError(f"'{text}' lacks a ] after its filter")
    test = _Filter(tokens[1:-1], text).parsed()
    return at + 1, None, lambda value, root: (part for part in (_children(value) if isinstance(value, list) else [value]) if test(part, root))


class _Filter:
    """A filter expression, parsed by descent: or, and, not, comparison."""

    def __init__(self, tokens: list[str], text: str) -> None:
        self.tokens = tokens
        self.text = text

    def parsed(self) -> Test:
        test = self._any()
        if self.tokens:
            raise PathError(f"'{self.text}': the filter goes on with '{self.tokens[0]}' where it should end")
        return test

    def _next(self, *wanted: str) -> str | None:
        return self.tokens.pop(0) if self.tokens and (not wanted or self.tokens[0] in wanted) else None

    def _any(self) -> Test:
        parts = [self._all()]
        while self._next("||"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda part, root: any(test(part, root) for test in parts)

    def _all(self) -> Test:
        parts = [self._one()]
        while self._next("&&"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda part, root: all(test(part, root) for test in parts)

    def _one(self) -> Test:
        if self._next("!"):
            inner = self._one()
            return lambda part, root: not inner(part, root)
        if self._next("("):
            grouped = self._any()
            if not self._next(")"):
                raise PathError(f"'{self.text}': the filter lacks a )")
            return grouped
        left = self._operand()
        sign = self._next(*COMPARE, "in", "nin")
        if sign is None:
            return lambda part, root: left(part, root) is not MISSING
        right = self._operand()
        return lambda part, root: _compared(sign, left(part, root), right(part, root))

    def _operand(self) -> Test:
        token = self._next()
        if token is None:
            raise PathError(f"'{self.text}': the filter ends too early")
        if token[0] in "@$":
            path = parse_path("$" + token[1:])
            own = token[0] == "@"

            def read(part: Any, root: Any) -> Any:
                try:
                    return path.read(part if own else root)
                except NoResult:
                    return MISSING

            return read
        constant = _constant(token, self.text)
        return lambda part, root: constant


def _constant(token: str, text: str) -> Any:
    if token[0] in "'\"":
        return _unquoted(token)
    if token in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[token]
    if token[0] == "[":
        return [_constant(part.strip(), text) for part in token[1:-1].split(",") if part.strip()]
    try:
        return float(token) if "." in token else int(token)
    except ValueError:
        raise PathError(f"'{text}': '{token}' is not a value to compare with") from None


def _compared(sign: str, left: Any, right: Any) -> bool:
    if sign in ("in", "nin"):
        return (left in right) == (sign == "in") if isinstance(right, list) else False
    if left is MISSING or right is MISSING:
        return sign == "!=" and left is not right
    try:
        return bool(COMPARE[sign](left, right))
    except TypeError:
        return False
