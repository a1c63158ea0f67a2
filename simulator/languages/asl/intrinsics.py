"""The intrinsic functions of the language: ``States.Format('Hello {}', $.name)`` and seventeen more.

Source: Step Functions Developer Guide, "Intrinsic functions for JSONPath states", from memory. ArrayRange and JsonMerge are checked against executions recorded on AWS.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from simulator.languages.asl.errors import StatesError
from simulator.languages.asl.paths import Path, PathError, parse_path

MOST_ELEMENTS = 1000
MOST_TEXT = 10_000
HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<word>true|false|null)\b|(?P<name>States\.\w+)\s*\()")


class Refused(ValueError):
    """Arguments that an intrinsic function does not take; the message says why."""


@dataclass(frozen=True)
class Call:
    """A parsed call: the function's name and its arguments (calls, paths or constants)."""

    text: str
    name: str
    arguments: tuple[Any, ...]

    def evaluate(self, read: Callable[[Path], Any], draw: Callable[[], float]) -> Any:
        """The result; ``read`` gives the value at a path, ``draw`` a uniform random number. Raises `StatesError`."""
        given = [part.evaluate(read, draw) if isinstance(part, Call) else read(part) if isinstance(part, Path) else part for part in self.arguments]
        try:
            if self.name in ("MathRandom", "UUID"):
                return _math_random(draw, *given) if self.name == "MathRandom" else _uuid(draw, *given)
            return FUNCTIONS[self.name](*given)
        except Refused as error:
            raise StatesError("States.IntrinsicFailure", f"The function '{self.text}' had the following error: {error}") from None
        except TypeError:
            raise StatesError("States.IntrinsicFailure", f"The function '{self.text}' was given arguments that it does not take") from None


@lru_cache(maxsize=2048)
def parse_call(text: str) -> Call:
    """Parse ``States.Name(…)``; raises `PathError`."""
    call, place = _value(text, 0)
    if not isinstance(call, Call) or text[place:].strip():
        raise PathError(f"'{text}' is not a single call of an intrinsic function")
    return call


def _value(text: str, place: int) -> tuple[Any, int]:
    token = TOKEN.match(text, place)
    if token is None:
        return _path(text, place)
    if token["text"]:
        return re.sub(r"\\(.)", lambda match: match[0] if match[1] in "{}" else match[1], token["text"][1:-1]), token.end()
    if token["number"]:
        number = float(token["number"])
        return (int(number) if number.is_integer() and "." not in token["number"] else number), token.end()
    if token["word"]:
        return {"true": True, "false": False, "null": None}[token["word"]], token.end()
    return _call(text, place, token)


def _call(text: str, start: int, token: re.Match[str]) -> tuple[Call, int]:
    name = token["name"].removeprefix("States.")
    if name not in FUNCTIONS and name not in ("MathRandom", "UUID"):
        raise PathError(f"'States.{name}' is not an intrinsic function")
    arguments: list[Any] = []
    place = token.end()
    while True:
        blank = re.compile(r"\s*").match(text, place)
        place = blank.end() if blank else place
        if text[place:place + 1] == ")":
            return Call(text[start:place + 1].strip(), name, tuple(arguments)), place + 1
        if arguments:
            if text[place:place + 1] != ",":
                raise PathError(f"'{text}': a comma or ) is missing at '{text[place:]}'")
            place += 1
        argument, place = _value(text, place)
        arguments.append(argument)


def _path(text: str, place: int) -> tuple[Path, int]:
    start = place + len(text[place:]) - len(text[place:].lstrip())
    if text[start:start + 1] != "$":
        raise PathError(f"'{text}' cannot be read from '{text[start:]}' on")
    depth, end, quote = 0, start, ""
    while end < len(text):
        mark = text[end]
        if quote:
            quote = "" if mark == quote else quote
        elif mark in "'\"":
            quote = mark
        elif mark in "([":
            depth += 1
        elif mark in ")]":
            if depth == 0:
                break
            depth -= 1
        elif mark == "," and depth == 0:
            break
        end += 1
    return parse_path(text[start:end].rstrip()), end


def _need(condition: object, why: str) -> None:
    if not condition:
        raise Refused(why)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _whole(value: Any, name: str) -> int:
    _need(_is_number(value), f"{name} must be a number")
    return int(value + 0.5 if value >= 0 else value - 0.5)


def plain_text(value: Any) -> str:
    """A value as States.Format puts it into a text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _format(template: Any, *values: Any) -> str:
    _need(isinstance(template, str), "the template must be a string")
    parts = re.split(r"(?<!\\)\{\}", template)
    _need(len(parts) == len(values) + 1, f"the template has {len(parts) - 1} places but {len(values)} values are given")
    return "".join(part + (plain_text(values[place]) if place < len(values) else "") for place, part in enumerate(re.sub(r"\\(.)", r"\1", part) for part in parts))


def _string_to_json(text: Any) -> Any:
    _need(isinstance(text, str), "it takes a string")
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        raise Refused(f"the string is not JSON: {text[:60]}") from None


def _array_partition(array: Any, size: Any) -> list[Any]:
    _need(isinstance(array, list), "the first argument must be an array")
    size = _whole(size, "the size of a chunk")
    _need(size > 0, "the size of a chunk must be positive")
    return [array[start:start + size] for start in range(0, len(array), size)]


def _array_contains(array: Any, value: Any) -> bool:
    _need(isinstance(array, list), "the first argument must be an array")
    return any(_same(entry, value) for entry in array)


def _same(one: Any, other: Any) -> bool:
    return bool(one == other and isinstance(one, bool) == isinstance(other, bool))


def _array_range(first: Any, last: Any, step: Any) -> list[int]:
    first, last, step = (_whole(value, "each argument") for value in (first, last, step))
    _need(step != 0, "the step must not be 0")
    made = range(first, last + (1 if step > 0 else -1), step)
    _need(len(made) <= MOST_ELEMENTS, f"the array would have more than {MOST_ELEMENTS} elements")
    return list(made)


def _array_get(array: Any, index: Any) -> Any:
    _need(isinstance(array, list), "the first argument must be an array")
    index = _whole(index, "the index")
    _need(0 <= index < len(array), f"there is no element {index}")
    return array[index]


def _array_length(array: Any) -> int:
    _need(isinstance(array, list), "it takes an array")
    return len(array)


def _array_unique(array: Any) -> list[Any]:
    _need(isinstance(array, list), "it takes an array")
    kept: list[Any] = []
    for entry in array:
        if not any(_same(entry, other) for other in kept):
            kept.append(entry)
    return kept


def _base64_encode(text: Any) -> str:
    _need(isinstance(text, str) and len(text) <= MOST_TEXT, f"it takes a string of at most {MOST_TEXT} characters")
    return base64.b64encode(text.encode()).decode()


def _base64_decode(text: Any) -> str:
    _need(isinstance(text, str) and len(text) <= MOST_TEXT, f"it takes a string of at most {MOST_TEXT} characters")
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Refused("the string is not Base64 of a text") from None


def _hash(data: Any, algorithm: Any) -> str:
    _need(algorithm in HASHES, f"the algorithm must be one of {', '.join(HASHES)}")
    text = plain_text(data)
    _need(len(text) <= MOST_TEXT, f"it hashes at most {MOST_TEXT} characters")
    return hashlib.new(HASHES[algorithm], text.encode()).hexdigest()


def _json_merge(first: Any, second: Any, deep: Any) -> dict[str, Any]:
    _need(isinstance(first, dict) and isinstance(second, dict), "it merges two objects")
    _need(deep is False, "only shallow merging is supported: the third argument must be false")
    return {**first, **second}


def _math_random(draw: Callable[[], float], start: Any, end: Any, seed: Any = None) -> int:
    start, end = _whole(start, "the start"), _whole(end, "the end")
    _need(end > start, "the end must be above the start")
    if seed is not None:
        digest = hashlib.sha256(str(_whole(seed, "the seed")).encode()).digest()
        return int(start + int.from_bytes(digest[:8], "big") % (end - start))
    return int(start + int(draw() * (end - start)))


def _uuid(draw: Callable[[], float]) -> str:
    return str(uuid.UUID(int=(int(draw() * 2**53) << 75) ^ (int(draw() * 2**53) << 22) ^ int(draw() * 2**22), version=4))


def _math_add(one: Any, other: Any) -> int | float:
    _need(_is_number(one) and _is_number(other), "it adds two numbers")
    total: int | float = _whole(one, "a number") + _whole(other, "a number")
    return total


def _string_split(text: Any, separators: Any) -> list[str]:
    _need(isinstance(text, str) and isinstance(separators, str), "it takes two strings")
    parts = re.split("[" + re.escape(separators) + "]", text) if separators else [text]
    return [part for part in parts if part] if len(separators) > 1 or "" in parts else parts


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Format": _format, "StringToJson": _string_to_json, "JsonToString": lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
    "Array": lambda *values: list(values), "ArrayPartition": _array_partition, "ArrayContains": _array_contains, "ArrayRange": _array_range,
    "ArrayGetItem": _array_get, "ArrayLength": _array_length, "ArrayUnique": _array_unique, "Base64Encode": _base64_encode,
    "Base64Decode": _base64_decode, "Hash": _hash, "JsonMerge": _json_merge, "MathAdd": _math_add, "StringSplit": _string_split,
}
