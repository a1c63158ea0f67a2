"""The two query languages: JSONPath payload templates (``"x.$": "$.y"``) and JSONata (``"{% $states.input.y %}"``)."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from simulator.languages.asl.errors import QUERY_ERROR, RUNTIME, StatesError
from simulator.languages.asl.intrinsics import HASHES, Call, parse_call, plain_text
from simulator.languages.asl.paths import NoResult, Path, PathError, parse_path

_usual_depth = sys.getrecursionlimit()

from jsonata import Jsonata  # noqa: E402 - importing it raises the recursion limit of the whole process, which is put back below
from jsonata.jexception import JException  # noqa: E402
from jsonata.utils import Utils  # noqa: E402

sys.setrecursionlimit(_usual_depth)

OPEN, CLOSE = "{%", "%}"
NULL = Utils.NULL_VALUE


def parse_query(text: str) -> Path | Call:
    """A path or a call of an intrinsic function; raises `PathError`."""
    return parse_path(text) if text.startswith("$") else parse_call(text)


def is_jsonata(value: Any) -> bool:
    """Whether this is a text that JSONata evaluates."""
    return isinstance(value, str) and value.startswith(OPEN) and value.endswith(CLOSE)


class Place:
    """What queries of one state can see: an input, the context object and the variables in scope.

    ``draw`` gives uniform random numbers, ``now`` the present as text.
    """

    def __init__(self, context: Mapping[str, Any], variables: Mapping[str, Any], draw: Callable[[], float]) -> None:
        self.context = context
        self.variables = variables
        self.draw = draw

    # -- JSONPath ---------------------------------------------------------------------------------------------------

    def read(self, path: Path, data: Any) -> Any:
        """The value at ``path``; raises `NoResult`."""
        if path.root == "$":
            return path.read(data)
        if path.root == "$$":
            return path.read(self.context)
        if path.root not in self.variables:
            raise NoResult(path.text)
        return path.read(self.variables[path.root])

    def query(self, text: str, data: Any, field: str | None = None) -> Any:
        """The result of a path or intrinsic function. Raises `StatesError`."""
        try:
            parsed = parse_query(text)
            if isinstance(parsed, Path):
                return self.read(parsed, data)
            return parsed.evaluate(lambda path: self.read(path, data), self.draw)
        except NoResult as error:
            where = f" specified for the field '{field}'" if field else ""
            raise StatesError(RUNTIME, f"The JSONPath '{error}'{where} could not be found in the input '{plain_text(data)}'") from None
        except PathError as error:
            raise StatesError(RUNTIME, str(error)) from None

    def fill(self, template: Any, data: Any) -> Any:
        """A payload template with every field whose name ends in ``.$`` replaced. Raises `StatesError`."""
        if isinstance(template, dict):
            return {name.removesuffix(".$") if name.endswith(".$") else name: self.query(value, data, name) if name.endswith(".$") else self.fill(value, data) for name, value in template.items()}
        if isinstance(template, list):
            return [self.fill(entry, data) for entry in template]
        return template

    # -- JSONata ----------------------------------------------------------------------------------------------------

    def evaluate(self, template: Any, states: Mapping[str, Any]) -> Any:
        """A JSON value with every ``{% … %}`` in it evaluated; ``states`` is ``$states`` without its context. Raises `StatesError`."""
        if is_jsonata(template):
            return self._evaluate(template[len(OPEN):-len(CLOSE)].strip(), states)
        if isinstance(template, dict):
            return {name: self.evaluate(value, states) for name, value in template.items()}
        if isinstance(template, list):
            return [self.evaluate(entry, states) for entry in template]
        return template

    def _evaluate(self, text: str, states: Mapping[str, Any]) -> Any:
        try:
            expression = compiled(text)
            bindings = {name: _with_nulls(value) for name, value in self.variables.items()}
            result = expression.evaluate(None, {**bindings, **self._functions(), "states": _with_nulls({**states, "context": self.context})})
        except JException as error:
            raise StatesError(QUERY_ERROR, f"The JSONata expression '{text}' threw an error: {error}") from None
        except (ArithmeticError, ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError) as error:
            raise StatesError(QUERY_ERROR, f"The JSONata expression '{text}' threw an error: {error}") from None
        if result is None:
            raise StatesError(QUERY_ERROR, f"The JSONata expression '{text}' returned nothing (undefined).")
        return _plain(result, text)

    def _functions(self) -> dict[str, Any]:
        now = str(self.context.get("State", {}).get("EnteredTime", ""))
        functions: dict[str, Callable[..., Any]] = {
            "random": lambda *_: self.draw(), "now": lambda *_: now, "parse": _parse, "hash": _hash, "range": _range, "partition": _partition,
            "uuid": lambda *_: parse_call("States.UUID()").evaluate(lambda _: None, self.draw),
        }
        return {name: Jsonata.JLambda(function) for name, function in functions.items()}


@lru_cache(maxsize=2048)
def compiled(text: str) -> Any:
    """A parsed JSONata expression; raises ``JException``."""
    expression = Jsonata(text)
    expression.set_output_convert_nulls(False)
    expression.set_validate_input(False)
    return expression


def _with_nulls(value: Any) -> Any:
    """The library tells null from nothing by a value of its own."""
    if value is None:
        return NULL
    if isinstance(value, dict):
        return {name: _with_nulls(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_with_nulls(entry) for entry in value]
    return value


def _plain(value: Any, text: str) -> Any:
    if value is NULL:
        return None
    if isinstance(value, Mapping):
        return {str(name): _plain(entry, text) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry, text) for entry in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise StatesError(QUERY_ERROR, f"The JSONata expression '{text}' returned an unsupported result type.")


def _parse(text: Any = None, *_: Any) -> Any:
    try:
        return _with_nulls(json.loads(text))
    except (TypeError, ValueError):
        raise ValueError("$parse takes a string of JSON") from None


def _hash(data: Any, algorithm: Any = None, *_: Any) -> str:
    if algorithm not in HASHES:
        raise ValueError(f"the algorithm of $hash must be one of {', '.join(HASHES)}")
    return hashlib.new(HASHES[algorithm], plain_text(data).encode()).hexdigest()


def _range(first: Any, last: Any, step: Any = 1, *_: Any) -> list[Any]:
    return list(range(int(first), int(last) + (1 if step > 0 else -1), int(step)))


def _partition(array: Any, size: Any, *_: Any) -> list[Any]:
    return [array[start:start + int(size)] for start in range(0, len(array), int(size))]
